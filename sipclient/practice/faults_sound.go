package practice

// sounds is a row for a call that is answered; heard and theyHear are what the
// person says about each direction.
func sounds(cause, title, heard, theyHear string, s sounding) Fault {
	return Fault{
		Cause: cause, Situation: OneWayAudio, Title: title,
		Answers:  map[string]string{"heard_ringing": "yes", "heard": heard, "they_hear": theyHear},
		switches: switches{sound: s},
	}
}

// soundFaults show themselves once a call is answered.
var soundFaults = []Fault{
	sounds("no-audio-in-blocked", "Sound is sent to this computer and lost on the way", "no", "yes",
		sounding{noRTP: true, phantomCount: true}),
	sounds("no-audio-in-not-sent", "The other side sends no sound", "no", "yes",
		sounding{noRTP: true, zeroCount: true}),
	sounds("no-audio-in", "No sound reaches this computer", "no", "yes",
		sounding{noRTP: true, noRTCP: true}),
	sounds("media-blocked-both-ways", "The network blocks sound both ways", "no", "no",
		sounding{noRTP: true, noRTCP: true}),
	sounds("call-on-hold", "The other side puts the call on hold", "no", "no",
		sounding{holdAfter: 1500 * ms}),
	sounds("audio-in-silent", "The other side's microphone is muted", "no", "yes",
		sounding{silence: true}),
	sounds("audio-in-undecodable", "Sound comes in a format that was not agreed", "no", "yes",
		sounding{strangeType: true}),
	sounds("audio-in-two-streams", "Two calls' sound arrives at once", "no", "yes",
		sounding{secondSource: true}),
	sounds("audio-in-other-source", "Sound comes from an unexpected address", "yes", "yes",
		sounding{otherSource: true}),
	sounds("audio-stops-midcall", "Sound stops in the middle of the call", "no", "yes",
		sounding{stopAfter: 2 * sec}),
	sounds("audio-stops-after-reinvite", "Sound stops when the provider changes its path", "no", "yes",
		sounding{moveAfter: 2 * sec}),
	sounds("no-audio-out-lost", "The other side receives nothing", "yes", "no",
		sounding{noBlocks: true, deafToCodes: true}),
	sounds("no-audio-out-port-closed", "The other side's sound port is closed", "yes", "no",
		sounding{shutPort: true, noBlocks: true}),
	sounds("audio-in-not-played", "Sound arrives and is not heard", "no", "yes",
		sounding{}),
	sounds("loss-in", "A tenth of the sound is lost on its way here", "yes", "yes",
		sounding{dropEvery: 10}),
	sounds("loss-out", "An eighth of the sound is lost on its way there", "yes", "yes",
		sounding{reportLoss: 12}),
	sounds("jitter-high", "Sound arrives in bunches", "yes", "yes",
		sounding{bunches: 6}),
}
