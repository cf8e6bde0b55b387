package wizard

// The questions, in one place because their ids and values are the answer keys
// of the command line.
var (
	// Its Text is made of what the server lists.
	askSignInAnyway = Question{
		ID: "sign_in_anyway",
		Options: []Option{
			{Value: "yes", Text: "Yes, sign in"},
			{Value: "no", Text: "No, leave the other phone alone"},
		},
	}
	// Its Text says where the call would go.
	askFollowRedirect = Question{
		ID:   "follow_redirect",
		Hint: "Without an answer the call ends here, and the report says where it was sent.",
		Options: []Option{
			{Value: "yes", Text: "Yes, call there"},
			{Value: "no", Text: "No, end the call"},
		},
	}
	askHeardRinging = Question{
		ID:   "heard_ringing",
		Text: "When you call this number with your usual phone, do you hear it ringing?",
		Hint: "The test phone gets the ringing signal right now.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I hear ringing"},
			{Value: "no", Text: "No, it stays silent"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askHeard = Question{
		ID:   "heard",
		Text: "In your calls, can you hear the other person?",
		Hint: "Think of the calls that made you start this check.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I hear them"},
			{Value: "no", Text: "No, I hear nothing"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askTheyHear = Question{
		ID:   "they_hear",
		Text: "Can the other person hear the test sound now?",
		Hint: "The test phone is sending a soft tone. Ask the person who answered.",
		Options: []Option{
			{Value: "yes", Text: "Yes, they hear it"},
			{Value: "no", Text: "No, they hear nothing"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askCallerHears = Question{
		ID:   "caller_hears",
		Text: "Nothing arrived here. What did the caller hear?",
		Hint: "Ask the person who called, or listen to the phone that you called with.",
		Options: []Option{
			{Value: "ringing", Text: "It was ringing"},
			{Value: "voicemail", Text: "A voicemail or an announcement"},
			{Value: "busy", Text: "The busy tone"},
			{Value: "not-in-service", Text: "“This number is not in service”"},
			{Value: "silence", Text: "Nothing at all"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askInternalRings = Question{
		ID:   "internal_rings",
		Text: "Now let a colleague with the same telephone system call you. Does it ring?",
		Hint: "If the call comes to the test phone, this goes on by itself.",
		Options: []Option{
			{Value: "yes", Text: "Yes, that call rings"},
			{Value: "no", Text: "No, that does not ring either"},
			{Value: "unsure", Text: "Nobody can try that"},
		},
	}
	askAnswer = Question{
		ID:   "answer",
		Text: "The test phone is ringing. Answer it?",
		Hint: "Without a choice, the test phone answers by itself in a moment.",
		Options: []Option{
			{Value: "yes", Text: "Answer the call"},
			{Value: "wait", Text: "Let it ring"},
			{Value: "no", Text: "Turn it down"},
		},
	}
	askSymptom = Question{
		ID:   "symptom",
		Text: "What is wrong with the sound of your calls?",
		Hint: "Choose what fits best.",
		Options: []Option{
			{Value: "choppy", Text: "Pieces are missing"},
			{Value: "robotic", Text: "Voices sound like robots"},
			{Value: "delay", Text: "Everything comes too late"},
			{Value: "echo-here", Text: "I hear myself again"},
			{Value: "echo-there", Text: "They hear themselves again"},
			{Value: "quiet", Text: "It is too quiet"},
			{Value: "distorted", Text: "It is loud and distorted"},
			{Value: "muffled", Text: "It sounds muffled"},
			{Value: "words-cut", Text: "Beginnings of words are cut"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askDropsAfter = Question{
		ID:   "drops_after",
		Text: "After how long do your calls break off?",
		Hint: "A rough guess is enough. It decides how long the test call stays up.",
		Options: []Option{
			{Value: "at-once", Text: "As soon as somebody answers"},
			{Value: "half-a-minute", Text: "After about half a minute"},
			{Value: "minutes", Text: "After one to five minutes"},
			{Value: "quarter-of-an-hour", Text: "After about 15 or 30 minutes"},
			{Value: "any-time", Text: "It differs each time"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askCallMe = Question{
		ID:   "call_me",
		Text: "Can you call your own number with another phone now?",
		Hint: "A mobile phone will do. It shows whether calls reach you.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I'll call now"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	askUsual = Question{
		ID:   "usual_fails",
		Text: "Here it worked. Does your usual phone still fail?",
		Hint: "Please try it now, with the same number.",
		Options: []Option{
			{Value: "yes", Text: "Yes, it still fails"},
			{Value: "no", Text: "No, it works now"},
			{Value: "unsure", Text: "I can't try it"},
		},
	}
	askSpeak = Question{
		ID:   "speak",
		Text: "Can you speak into your microphone now?",
		Hint: "Any sentence will do. The measuring begins when you say yes, and nothing is recorded.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I'm speaking now"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	askTalk = Question{
		ID:   "talk",
		Text: "Do you want to talk with the other person over the test phone?",
		Hint: "It then uses the microphone and the speaker of this computer, and measures what they add.",
		Options: []Option{
			{Value: "yes", Text: "Yes, we'll talk"},
			{Value: "no", Text: "No, measure the test sound"},
		},
	}
	askCode = Question{
		ID:   "code",
		Text: "Shall the test phone say three digits to the other person?",
		Hint: "They type them on their phone, or tell you what they heard. That proves that your sound arrives.",
		Options: []Option{
			{Value: "yes", Text: "Yes, say them"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	// The three digits, among others, are put before these.
	askSpoken = Question{
		ID:   "spoken",
		Text: "Which three digits did the other person hear?",
		Hint: "The test phone said them twice.",
		Options: []Option{
			{Value: "none", Text: "They heard no digits"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	// Likewise.
	askSaid = Question{
		ID:   "said",
		Text: "Which three digits did you hear?",
		Hint: "The other person said them and typed them.",
		Options: []Option{
			{Value: "none", Text: "I heard no digits"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askTone = Question{
		ID:   "tone",
		Text: "Did you hear the test tone?",
		Hint: "It was played on the speaker or headset that this computer uses for calls.",
		Options: []Option{
			{Value: "yes", Text: "Yes, I heard it"},
			{Value: "no", Text: "No, I heard nothing"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
	askThirdParty = Question{
		ID:   "third_party",
		Text: "May the test ask a public server how this computer looks from the internet?",
		Hint: "Your provider has no server of its own for that. Nothing but one short question is sent, and your address is seen there.",
		Options: []Option{
			{Value: "yes", Text: "Yes, ask it"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	askLifetime = Question{
		ID:   "lifetime",
		Text: "Shall the test measure how long your router remembers this phone?",
		Hint: "Calls that find no way in are often forgotten there. You need not do anything while it runs.",
		Options: []Option{
			{Value: "short", Text: "Yes, for one minute"},
			{Value: "long", Text: "Yes, for five minutes"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	askFullUse = Question{
		ID:   "full_use",
		Text: "Shall the test measure whether your internet line becomes slow when it is in full use?",
		Hint: "That is a common reason for sound that is bad only now and then: somebody uploads, saves or watches something.",
		Options: []Option{
			{Value: "yes", Text: "Yes, measure that"},
			{Value: "no", Text: "No, leave that out"},
		},
	}
	askLineInUse = Question{
		ID:   "line_in_use",
		Text: "Now start a large download, an upload or a speed test. Is it running?",
		Hint: "Let it run for ten seconds more. This test sends nothing large by itself.",
		Options: []Option{
			{Value: "yes", Text: "Yes, it is running"},
			{Value: "no", Text: "No, I can't do that"},
		},
	}
	// The value is what the other side heard.
	askDigits = Question{
		ID:   "digits",
		Text: "The test phone pressed three keys. Did they arrive at the other side?",
		Hint: "A menu reacts, or the person who answered hears three short tones.",
		Options: []Option{
			{Value: testDigits, Text: "Yes, each of them once"},
			{Value: "none", Text: "No, nothing happened"},
			{Value: "115599", Text: "They arrived more than once"},
			{Value: "unsure", Text: "I don't know"},
		},
	}
)
