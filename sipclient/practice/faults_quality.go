package practice

// badSound is a row for a call that is answered and sounds bad; symptom is what the
// person complains about.
func badSound(cause, title, symptom string, s sounding) Fault {
	return Fault{
		Cause: cause, Situation: Quality, Title: title,
		Answers:  answers("symptom", symptom, "heard", "yes", "they_hear", "yes"),
		switches: switches{sound: s},
	}
}

// variant tells a row apart from others of its cause.
func variant(name string, f Fault) Fault {
	f.Variant = name
	return f
}

// qualityFaults show themselves in how a call sounds.
var qualityFaults = []Fault{
	badSound("loss-bursty", "Whole words are lost at a time", "choppy", sounding{bursts: 150}),
	badSound("delay-high", "Everything arrives late", "delay", sounding{delay: 900 * ms}),
	badSound("clipping", "The other side is far too loud", "distorted", sounding{level: 24}),
	badSound("sound-too-quiet", "The other side is hardly heard", "quiet", sounding{level: -32}),
	badSound("reordered-or-duplicated", "Packets arrive twice", "choppy", sounding{twice: 20}),
	badSound("sound-muffled", "It sounds like an old telephone", "muffled", sounding{}),
	badSound("words-cut", "Pauses are cut into words", "words-cut", sounding{spurts: true}),
	badSound("clock-drift", "The other side's clock is off", "choppy", sounding{skew: 0.003}),
	badSound("echo-heard-here", "The other side's speaker sounds into its microphone", "echo-here", sounding{level: -10, echo: 240 * ms, echoLevel: -12}),
	badSound("echo-heard-there", "The other person hears their own voice", "echo-there", sounding{}),
	variant("robotic", badSound("jitter-high", "Voices sound like robots", "robotic", sounding{bunches: 6})),
	variant("encrypted", badSound("audio-in-undecodable", "Encrypted sound arrives that was agreed to be plain", "distorted", sounding{sealed: true})),
	variant("other-law", badSound("audio-in-undecodable", "Sound is written in another way than its packets say", "distorted", sounding{otherLaw: true})),
}

// callFaults end a call early, keep keys from arriving, or lie in the usual phone.
var callFaults = []Fault{
	{
		Cause: "dtmf-not-negotiated", Situation: DTMF, Title: "Both sides agree on no way to send keys",
		Answers: answers("digits", "none"), switches: switches{sound: sounding{noEvents: true}},
	},
	{
		Cause: "no-audio-out-beyond-provider", Situation: OneWayAudio, Title: "The provider gets the sound, the other person does not",
		Answers: answers("heard_ringing", "yes", "heard", "yes", "they_hear", "no"),
	},
	{
		Cause: "usual-softphone-settings", Situation: OneWayAudio, Title: "Here everything works, the usual phone fails",
		Answers: answers("heard", "yes", "they_hear", "yes", "usual_fails", "yes"),
	},
	{
		Cause: "registration-lost-later", Situation: Registration, Title: "The sign-in works once and is refused later",
		switches: switches{register: registering{lost: &reply{code: 403, phrase: "Forbidden"}}},
	},
	variant("drops", Fault{
		Cause: "hung-up-by-media-gateway", Situation: CallDrops, Title: "Each call breaks off as soon as it is answered",
		Answers:  answers("drops_after", "at-once"),
		switches: switches{call: calling{byeAfter: 1500 * ms, byeText: `Q.850;cause=88;text="Incompatible destination"`}},
	}),
	variant("drops", Fault{
		Cause: "audio-stops-midcall", Situation: CallDrops, Title: "The sound stops after a moment, and the call stays up",
		Answers:  answers("drops_after", "at-once"),
		switches: switches{sound: sounding{stopAfter: 3 * sec}},
	}),
	variant("everything", Fault{
		Cause: "no-audio-in-blocked", Situation: Everything, Title: "Nobody knows what is wrong: sound is lost on its way here",
		Answers:  answers("heard_ringing", "yes", "heard", "no", "they_hear", "yes"),
		switches: switches{sound: sounding{noRTP: true, phantomCount: true}},
	}),
}
