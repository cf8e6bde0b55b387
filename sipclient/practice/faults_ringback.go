package practice

import "time"

const (
	ms  = time.Millisecond
	sec = time.Second
)

var (
	trying   = step{0, reply{code: 100, phrase: "Trying"}}
	ringing  = step{200 * ms, reply{code: 180, phrase: "Ringing"}}
	progress = step{200 * ms, reply{code: 183, phrase: "Session Progress", sdp: true}}

	// healthyCourse is a phone that rings and is picked up quickly.
	healthyCourse = []step{trying, ringing, answerAt(sec)}
)

func answerAt(at time.Duration) step { return step{at, reply{code: 200, phrase: "OK", sdp: true}} }

// refuse is a course that ends after 100 with the given answer.
func refuse(code int, phrase string, headers ...string) []step {
	return []step{trying, {150 * ms, reply{code: code, phrase: phrase, headers: headers}}}
}

// ringThenRefuse rings first.
func ringThenRefuse(after time.Duration, code int, phrase string, headers ...string) []step {
	return []step{trying, ringing, {after, reply{code: code, phrase: phrase, headers: headers}}}
}

var (
	silentCaller = map[string]string{"heard_ringing": "no"}
	heardCaller  = map[string]string{"heard_ringing": "yes"}
)

// refused is a row for a call that ends without ringing.
func refused(cause, title string, course []step) Fault {
	return Fault{
		Cause: cause, Situation: NoRingback, Title: title, Answers: silentCaller,
		switches: switches{call: calling{course: course}},
	}
}

// ringbackFaults show themselves between dialling and the answer; signing in works.
var ringbackFaults = []Fault{
	refused("caller-id-refused", "The caller ID is not allowed",
		refuse(403, "Caller ID not allowed")),
	refused("no-credit-or-barred", "No credit, or this number is barred",
		refuse(403, "Forbidden", `Reason: Q.850;cause=21;text="Call Rejected"`)),
	refused("number-unknown", "The number does not exist",
		refuse(404, "Not Found")),
	refused("number-changed", "The number is no longer in use",
		refuse(410, "Gone")),
	refused("number-format-wrong", "The number is incomplete",
		refuse(484, "Address Incomplete")),
	refused("callee-busy", "The other side is in a call",
		refuse(486, "Busy Here", `Reason: Q.850;cause=17;text="User busy"`)),
	refused("callee-not-registered", "The other phone is switched off",
		refuse(480, "Temporarily Unavailable")),
	{
		Cause: "callee-no-answer", Situation: NoRingback, Title: "Nobody answers",
		Answers:  heardCaller,
		switches: switches{call: calling{course: ringThenRefuse(3*sec, 480, "Temporarily Unavailable")}},
	},
	{
		Cause: "callee-declined", Situation: NoRingback, Title: "The other side declines",
		Answers:  heardCaller,
		switches: switches{call: calling{course: ringThenRefuse(1500*ms, 603, "Decline")}},
	},
	refused("call-blocked-as-spam", "A service blocks the call as unwanted",
		refuse(608, "Rejected", "Call-Info: <https://redress.practice.invalid/call.jws>;purpose=jwscard")),
	refused("anonymous-refused", "The other side takes no anonymous calls",
		refuse(433, "Anonymity Disallowed")),
	refused("codec-mismatch", "No sound format in common",
		refuse(488, "Not Acceptable Here", `Warning: 305 practice.invalid "Incompatible media format"`)),
	refused("encryption-mismatch", "Only one side encrypts the sound",
		refuse(488, "Not Acceptable Here", `Warning: 302 practice.invalid "Incompatible transport protocol"`)),
	refused("extension-unsupported", "The server does not support an extension",
		refuse(420, "Bad Extension", "Unsupported: timer")),
	{
		Cause: "session-timer-too-small", Situation: NoRingback,
		Title: "The server wants a longer session timer", Answers: silentCaller,
		switches: switches{call: calling{minSE: 1800}},
	},
	refused("routing-loop", "The call runs in a circle",
		refuse(482, "Loop Detected")),
	refused("downstream-timeout", "The next network does not answer",
		[]step{trying, {5500 * ms, reply{code: 408, phrase: "Request Timeout"}}}),
	{
		Cause: "invite-unanswered", Situation: NoRingback,
		Title: "The server ignores the call", Answers: silentCaller,
		switches: switches{call: calling{silent: true}},
	},
	refused("provider-silent-after-trying", "The server takes the call and says nothing more",
		[]step{trying}),
	{
		Cause: "provider-address-not-allowed", Situation: NoRingback,
		Title: "The provider does not allow calls from this address", Answers: silentCaller,
		switches: switches{call: calling{atOnce: &reply{
			code: 503, phrase: "Source address not allowed",
			headers: []string{`Warning: 399 practice.invalid "IP address 127.0.0.1 is not on the allow list"`},
		}}},
	},
	refused("call-refused", "The call is refused without a common reason",
		refuse(406, "Not Acceptable")),
	refused("identity-rejected", "The provider wants a signed caller identity",
		refuse(428, "Use Identity Header")),
	{
		Cause: "ringback-early-media-missing", Situation: NoRingback,
		Title: "The provider announces a tone and sends none", Answers: silentCaller,
		switches: switches{call: calling{course: []step{trying, progress, answerAt(3 * sec)}}},
	},
	{
		Cause: "ringback-early-media-silent", Situation: NoRingback,
		Title: "The provider's ringing tone is silent", Answers: silentCaller,
		switches: switches{
			call:  calling{course: []step{trying, progress, answerAt(3 * sec)}},
			sound: sounding{earlySilence: true},
		},
	},
	{
		Cause: "ringback-early-media-blocked", Situation: NoRingback,
		Title: "No sound gets through, before or after the answer", Answers: silentCaller,
		switches: switches{
			call:  calling{course: []step{trying, progress, answerAt(2500 * ms)}},
			sound: sounding{noRTP: true, noRTCP: true},
		},
	},
	{
		Cause: "ringback-180-after-183-ignored", Situation: NoRingback,
		Title: "Ringing follows an announced tone that never comes", Answers: silentCaller,
		switches: switches{call: calling{course: []step{
			trying, progress, {500 * ms, reply{code: 180, phrase: "Ringing"}}, answerAt(3500 * ms),
		}}},
	},
	{
		Cause: "ringback-not-played-locally", Situation: NoRingback,
		Title: "It rings, and this computer does not play it", Answers: silentCaller,
		switches: switches{call: calling{course: []step{trying, ringing, answerAt(3500 * ms)}}},
	},
	{
		Cause: "no-progress-signalled", Situation: NoRingback,
		Title: "The call is answered without any ringing", Answers: silentCaller,
		switches: switches{call: calling{course: []step{trying, answerAt(3600 * ms)}}},
	},
	{
		Cause: "caller-cancelled", Situation: NoRingback,
		Title: "It rings until the caller gives up", Answers: heardCaller,
		switches: switches{call: calling{course: []step{trying, ringing}}},
	},
	{
		Cause: "hung-up-by-media-gateway", Situation: NoRingback,
		Title: "A gateway hangs up right after the answer", Answers: heardCaller,
		switches: switches{call: calling{
			byeAfter: sec, byeText: `Q.850;cause=88;text="Incompatible destination"`,
		}},
	},
}
