package diagnosis

import (
	"slices"
	"time"

	"softphonedoctor/wizard/evidence"
)

// refusalRules are calls of ours that got a final no. decideCall picks exactly
// one of them for each call.
var refusalRules = []Rule{
	{
		Cause: "caller-id-refused", Kind: Fault, Where: Account, Needs: evidence.HaveRinging,
		Title:    "The provider does not allow the number that this phone shows to others.",
		Why:      whyRefused,
		Overturn: "A call that shows the account's own number and is refused as well.",
		Fix: []Remedy{
			{ForUser, "Remove the caller ID from the phone's settings, or set one that your provider allows (often the account's own number)."},
			{ForProvider, "Add the number to those that this account may show."},
		},
		ExplainedBy: noService,
		Check:       callRefused("caller-id-refused"),
		RuledOut:    callPassed("caller-id-refused"),
	},
	{
		Cause: "no-credit-or-barred", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The provider does not put calls to this number through: no credit, or this kind of number is barred.",
		Why:      whyRefused,
		Overturn: "The same account reaching this very number.",
		Fix: []Remedy{
			{ForUser, "Check the balance, then ask your provider whether numbers of this kind (abroad, mobile, premium) are open for your account."},
			{ForAdmin, "Look at credit, spending limit and the barred destinations of the account."},
		},
		ExplainedBy: noService,
		Check:       callRefused("no-credit-or-barred"),
		RuledOut:    callPassed("no-credit-or-barred"),
	},
	{
		Cause: "number-unknown", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The number {{.number}} does not exist.",
		Why:      whyRefused,
		Overturn: "Another phone reaching the number as it was dialled.",
		Fix:      []Remedy{{ForUser, "Check the number. Dial it with its country code, beginning with +."}},
		Check:    callRefused("number-unknown"),
		RuledOut: callPassed("number-unknown"),
	},
	{
		Cause: "number-changed", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The number {{.number}} has moved or was closed.",
		Why:      "The server {{.did}} {{.what}}{{.basis}}{{if .contact}} and names the new address {{.contact}}{{else if .plain}}: {{.plain}}{{end}} (answer {{.code}}{{.more}}).",
		Overturn: "Another phone reaching the old number.",
		Fix:      []Remedy{{ForUser, "{{if .contact}}Dial {{.contact}} instead.{{else}}Ask the person for the new number.{{end}}"}},
		Check:    callRefused("number-changed"),
		RuledOut: callPassed("number-changed"),
	},
	{
		Cause: "number-format-wrong", Kind: Fault, Where: Account, Needs: evidence.HaveRinging,
		Title:    "The provider wants the number written in another way.",
		Why:      whyRefused,
		Overturn: "The number being refused in every way of writing it.",
		Fix: []Remedy{
			{ForUser, "Dial {{.number}} with its country code, beginning with + and without blanks, or as your provider's dialling guide says."},
			{ForAdmin, "Adjust the phone's dialling plan to the provider's format."},
		},
		ExplainedBy: noService,
		Check:       callRefused("number-format-wrong"),
		RuledOut:    callPassed("number-format-wrong"),
	},
	{
		Cause: "callee-busy", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The other phone is busy.",
		Why:      whyRefused,
		Overturn: "The other person seeing no call and having no other one.",
		Fix:      []Remedy{{ForUser, "Try again later."}},
		Check:    callRefused("callee-busy"),
		RuledOut: callPassed("callee-busy"),
	},
	{
		Cause: "callee-not-registered", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The other phone is switched off or signed out.",
		Why:      whyRefused,
		Overturn: "The other phone showing that it is signed in at that moment.",
		Fix:      []Remedy{{ForUser, "Ask the other person to switch the phone on and sign in; try again later."}},
		Check:    callRefused("callee-not-registered"),
		RuledOut: callPassed("callee-not-registered"),
	},
	{
		Cause: "callee-no-answer", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "Nobody answered the call in time.",
		Why:      whyRefused,
		Overturn: "The other phone not having rung at all.",
		Fix:      []Remedy{{ForUser, "Try again later."}},
		Check:    callRefused("callee-no-answer"),
		RuledOut: callPassed("callee-no-answer"),
	},
	{
		Cause: "callee-declined", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The other person or their phone declined the call.",
		Why:      whyRefused,
		Overturn: "The other person neither seeing the call nor having do-not-disturb on.",
		Fix:      []Remedy{{ForUser, "Try again later, or write a message first."}},
		Check:    callRefused("callee-declined"),
		RuledOut: callPassed("callee-declined"),
	},
	{
		Cause: "call-blocked-as-spam", Kind: Fault, Where: OtherNetwork, Needs: evidence.HaveRinging,
		Title:    "The call was blocked because your number is taken for an unwanted caller.",
		Why:      whyRefused,
		Overturn: "The same number being reached while showing the same caller number.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to allow your number, and tell your provider that it is blocked."},
			{ForProvider, "Register the number with the analytics services and sign the calls; the answer may name an address for complaints."},
		},
		Check:    callRefused("call-blocked-as-spam"),
		RuledOut: callPassed("call-blocked-as-spam"),
	},
	{
		Cause: "anonymous-refused", Kind: Outcome, Where: OtherSide, Needs: evidence.HaveRinging,
		Title:    "The other side does not take calls without a number.",
		Why:      whyRefused,
		Overturn: "A call that shows its number and is refused the same way.",
		Fix:      []Remedy{{ForUser, "Show your number for this call and try again."}},
		Check:    callRefused("anonymous-refused"),
		RuledOut: callPassed("anonymous-refused"),
	},
	{
		Cause: "caller-cancelled", Kind: Outcome, Where: Nowhere,
		Either:   evidence.HaveRinging | evidence.HaveCallIn,
		Title:    "{{if eq .ours \"rang\"}}Nobody answered while the test phone let it ring.{{else if .ours}}Nobody answered before the test phone ended the call.{{else}}The call was cancelled before anybody answered.{{end}}",
		Why:      "{{if eq .ours \"rang\"}}The test phone let it ring for {{.after}} and then ended the call.{{else if .ours}}The test phone ended the call {{.after}} after dialling.{{else}}The caller hung up {{.after}} after dialling.{{end}}",
		Overturn: "{{if .ours}}Somebody having answered in that time.{{else}}Nobody having hung up on the calling side.{{end}}",
		Fix:      []Remedy{{ForUser, "{{if .ours}}If it rang there, calling works. To test the sound, let somebody answer.{{else}}Nothing to mend: let it ring longer if you want an answer.{{end}}"}},
		ExplainedBy: []string{"provider-silent-after-trying", "invite-unanswered", "server-unreachable", "message-too-big",
			"ringback-early-media-missing", "ringback-early-media-silent", "ringback-early-media-blocked", "reply-lost"},
		Check:    checkCancelled,
		RuledOut: decidedCalls,
	},
	{
		Cause: "routing-loop", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The call goes round in circles between servers.",
		Why:      whyRefused,
		Overturn: "The number being reached from here without any change of its forwarding.",
		Fix: []Remedy{
			{ForUser, "Remove call forwarding of that number, above all one that leads back to itself."},
			{ForProvider, "Trace Call-ID {{.callid}}: the routing sends the call back to where it came from."},
		},
		ExplainedBy: noService,
		Check:       callRefused("routing-loop"),
		RuledOut:    callPassed("routing-loop"),
	},
	{
		Cause: "downstream-timeout", Kind: Fault, Where: OtherNetwork, Needs: evidence.HaveRinging,
		Title:    "The next network beyond your provider does not answer.",
		Why:      whyRefused,
		Overturn: "Calls to numbers in other networks failing in the same way; then it is your provider.",
		Fix: []Remedy{
			{ForUser, "Try another number. If only this one fails, try later; else tell your provider."},
			{ForProvider, "Trace Call-ID {{.callid}} at {{.time}}: the next hop gave no answer."},
		},
		ExplainedBy: noService,
		Check:       callRefused("downstream-timeout"),
		RuledOut:    callPassed("downstream-timeout"),
	},
	{
		Cause: "identity-rejected", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The signature that proves who is calling is missing or wrong.",
		Why:      whyRefused,
		Overturn: "A call with the same caller number and a valid signature being refused too.",
		Fix: []Remedy{
			{ForUser, "Tell your provider that its calls are refused because the caller's signature is missing or wrong."},
			{ForProvider, "Sign the calls of this number, and check the certificate's address and the clock; Call-ID {{.callid}}."},
		},
		Check:    callRefused("identity-rejected"),
		RuledOut: callPassed("identity-rejected"),
	},
	{
		Cause: "session-timer-too-small", Kind: Hint, Where: Account, Needs: evidence.HaveRinging,
		Title:    "The phone wants to renew calls more often than the other side allows.",
		Why:      "The server wants at least {{.least}} between two renewals of a call, and the phone asked for less (answer 422).",
		Overturn: "A call with the same setting being accepted.",
		Fix:      []Remedy{{ForUser, "Set the session timer in the phone's settings to at least {{.least}}."}},
		Check:    checkTimerTooSmall,
		RuledOut: callPassed("session-timer-too-small"),
	},
	{
		Cause: "call-refused", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The call was refused for a reason that is seldom seen.",
		Why:      "The server {{.did}} {{.what}}{{.basis}} (answer {{.code}}{{.more}}). {{.meaning}}",
		Overturn: "The same call going through unchanged.",
		Fix: []Remedy{
			{ForUser, "{{.user}}"},
			{ForProvider, "Say why Call-ID {{.callid}} at {{.time}} was answered with {{.answer}}."},
		},
		ExplainedBy: append(slices.Clone(noService), "invite-unanswered"),
		Check:       callRefused("call-refused"),
		RuledOut:    callPassed("call-refused"),
	},
}

// checkCancelled takes our own CANCEL and the caller's.
func checkCancelled(e *evidence.Evidence, d Dictionary) (hits []Hit) {
	for _, c := range outCalls(e) {
		if isAgain(e, c) {
			continue // enough had been seen
		}
		v, ok := decideCall(e, c, d)
		if !ok && c.Cancel != nil && c.Cancel.Out && c.Answer == nil && c.Final == nil && e.Until.Sub(c.Cancel.Time) > settled {
			v, ok = verdict{cause: "caller-cancelled"}, true
		}
		if ok && v.cause == "caller-cancelled" && c.Cancel != nil {
			after, ours := cancelledHere(e, c)
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"after": span(after), "ours": ours},
				Cites: cites(cite(c.Cancel, "cancelled here"), cite(c.Final, "the server said: "+inWords(c.Final)))})
		}
	}
	for _, c := range inCalls(e) {
		if c.Cancel == nil || c.Cancel.Out || c.Answer != nil || elsewhere(c.Cancel) || ringTimeout(e, c) != 0 || awaited(e, c) {
			continue
		}
		hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"after": span(c.Cancel.Time.Sub(first(c).Time)), "ours": ""},
			Cites: cites(cite(c.Cancel, "cancelled by the caller"))})
	}
	return hits
}

// cancelledHere tells how long a call of ours lasted until our CANCEL, and whether
// the test phone sent it, which is no person who hung up: "rang" when it had let
// it ring, and the time is that of the ringing then; "yes" before any ringing.
func cancelledHere(e *evidence.Evidence, c *evidence.Call) (after time.Duration, ours string) {
	after = c.Cancel.Time.Sub(first(c).Time)
	switch {
	case !e.Have.Has(evidence.HaveLive) || !c.Cancel.Out:
		return after, ""
	case has(c.Ringing):
		return c.Cancel.Time.Sub(c.Ringing.Time), "rang"
	}
	return after, "yes"
}

// checkTimerTooSmall takes a 422 that ended the call, and one that a retry mended.
func checkTimerTooSmall(e *evidence.Evidence, d Dictionary) []Hit {
	hits := callRefused("session-timer-too-small")(e, d)
	for i := range hits {
		if hits[i].Args["least"] == "" {
			hits[i].Args["least"] = "a longer time"
		}
	}
	if len(hits) > 0 {
		return hits
	}
	for _, c := range outCalls(e) {
		for _, t := range c.Transactions {
			m := t.Final()
			if status(m) != 422 {
				continue
			}
			h := Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"least": "a longer time"}, Cites: cites(cite(m, "the server said: "+inWords(m)))}
			if d, ok := m.MinSE(); ok {
				h.Args["least"] = span(d)
			}
			hits = append(hits, h)
			break
		}
	}
	return hits
}
