package practice

// comes is a row for a call to the phone.
func comes(cause, situation, title string, answers map[string]string, i incoming) Fault {
	i.after = 500 * ms
	return Fault{Cause: cause, Situation: situation, Title: title, Answers: answers, switches: switches{ring: i}}
}

// missed is a row for a call that never comes; hears is what its caller heard.
func missed(cause, title, hears string) Fault {
	return Fault{Cause: cause, Situation: NoIncoming, Title: title, Answers: map[string]string{"caller_hears": hears, "internal_rings": "unsure"}}
}

// incomingFaults are about calls to the phone.
var incomingFaults = []Fault{
	comes("call-reached-this-phone", NoIncoming, "Calls arrive, only the usual phone does not ring", nil, incoming{}),
	missed("inbound-forwarded-or-dnd", "The provider sends calls to voicemail", "voicemail"),
	missed("inbound-number-not-routed", "The number leads nowhere", "not-in-service"),
	comes("ack-missing", CannotAnswer, "The caller's side never learns that the call was answered", answers("answer", "yes"),
		incoming{noAck: true}),
	comes("reply-lost", CannotAnswer, "Nothing that the phone answers reaches the server", answers("answer", "yes"),
		incoming{deaf: true}),
	comes("offer-missing", CannotAnswer, "Calls come without a description of their sound", answers("answer", "yes", "heard", "yes", "they_hear", "yes"),
		incoming{noOffer: true}),
	comes("answered-elsewhere", CannotAnswer, "Another phone takes the call first", answers("answer", "wait"),
		incoming{cancelAfter: 1500 * ms, cancelReason: `SIP;cause=200;text="Call completed elsewhere"`}),
	comes("ring-timeout", CannotAnswer, "The provider stops the ringing too soon", answers("answer", "wait"),
		incoming{cancelAfter: 15 * sec}),
}

// answers is what a person says, in pairs of key and value.
func answers(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}
