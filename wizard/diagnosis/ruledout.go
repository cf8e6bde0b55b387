package diagnosis

import (
	"softphonedoctor/wizard/evidence"
)

// ruling is the type of Rule.RuledOut: whether the evidence goes far enough to say
// that a cause which its Check did not find is not there. What was merely not
// seen, or not seen for long enough, is not ruled out.
type ruling = func(*evidence.Evidence, Dictionary) bool

// all tells that there is something to look at and every bit of it passes.
func all[T any](list []T, passes func(T) bool) bool {
	for _, x := range list {
		if !passes(x) {
			return false
		}
	}
	return len(list) > 0
}

// The stages that a sign-in or a call passes on its way. A refusal at one stage
// says that all before it were passed and nothing about itself or what follows:
// a server that does not like the password never looked at the credit.
const (
	stageNone     = iota // no final answer beyond the first demand for a password
	stageServer          // the server is in order and takes requests
	stageRequest         // it can read this one, from this address
	stageMethod          // phone and server know a common way to prove a password
	stagePassword        // name and password
	stageAccount         // what the account may do
	stageNumber          // the number, and the way there
	stageOther           // the other side, and what both sides support; for a sign-in: that it is kept
	stageDone            // accepted, or answered
)

// stages says where each cause would stop a sign-in or a call.
var stages = map[string]int{
	"provider-overloaded": stageServer, "provider-fault": stageServer, "provider-unavailable": stageServer,
	"request-malformed": stageRequest, "extension-unsupported": stageRequest, "account-domain-wrong": stageRequest,
	"redirected": stageRequest, "provider-address-not-allowed": stageRequest,
	"digest-unsupported":        stageMethod,
	"account-credentials-wrong": stagePassword, "account-unknown": stagePassword,
	"account-not-allowed": stageAccount, "account-suspended-or-unpaid": stageAccount, "caller-id-refused": stageAccount,
	"no-credit-or-barred": stageAccount, "identity-rejected": stageAccount,
	"number-unknown": stageNumber, "number-changed": stageNumber, "number-format-wrong": stageNumber,
	"routing-loop": stageNumber, "downstream-timeout": stageNumber, "call-refused": stageNumber,
	"callee-busy": stageOther, "callee-not-registered": stageOther, "callee-no-answer": stageOther, "callee-declined": stageOther,
	"call-blocked-as-spam": stageOther, "anonymous-refused": stageOther, "codec-mismatch": stageOther,
	"encryption-mismatch": stageOther, "address-family-mismatch": stageOther, "session-timer-too-small": stageOther,
	"registration-too-many-devices": stageOther, "registration-interval-too-short": stageOther, "registration-not-stored": stageOther,
}

// stage is how far a refusal proves that its request came. A guess proves only
// that the server read it; one without credentials, nothing about a password.
func (v verdict) stage() int {
	s := stages[v.cause]
	switch {
	case v.cause == "call-refused", v.certainty == Possible:
		s = min(s, stageRequest)
	case s <= stageAccount && !authorized(v.request):
		s = min(s, stageMethod)
	}
	return s
}

func signInStage(e *evidence.Evidence, s *signIn, d Dictionary) int {
	if s.accepted != nil {
		return stageDone
	}
	v, ok := decideRegister(e, s, d)
	if !ok {
		return stageNone
	}
	return v.stage()
}

func callStage(e *evidence.Evidence, c *evidence.Call, d Dictionary) int {
	if has(c.Answer) {
		return stageDone
	}
	v, ok := decideCall(e, c, d)
	switch {
	case !ok:
		return stageNone
	case v.cause == "caller-cancelled" && c.Ringing == nil:
		return stageNone // it was given up before anything was decided
	case v.cause == "caller-cancelled":
		return stageOther
	}
	return v.stage()
}

// signInPassed rules out a cause that stops sign-ins.
func signInPassed(cause string) ruling {
	return func(e *evidence.Evidence, d Dictionary) bool {
		return all(signIns(e), func(s *signIn) bool { return signInStage(e, s, d) > stages[cause] })
	}
}

// callPassed rules out a cause that stops calls of ours.
func callPassed(cause string) ruling {
	return func(e *evidence.Evidence, d Dictionary) bool {
		return all(outCalls(e), func(c *evidence.Call) bool { return callStage(e, c, d) > stages[cause] })
	}
}

// passed rules out a cause that stops both. Name and password that were good for
// the sign-in are not what a call failed for that was refused for something else.
func passed(cause string) ruling {
	return func(e *evidence.Evidence, d Dictionary) bool {
		ins, outs := signIns(e), outCalls(e)
		if len(ins) > 0 && !signInPassed(cause)(e, d) {
			return false
		}
		switch s := stages[cause]; {
		case len(outs) == 0:
			return len(ins) > 0
		case signedIn(e) && (s == stageMethod || s == stagePassword):
			return heardOf(e, d)
		}
		return callPassed(cause)(e, d)
	}
}

// signedIn tells that a sign-in was accepted.
func signedIn(e *evidence.Evidence) bool {
	for _, s := range signIns(e) {
		if s.accepted != nil {
			return true
		}
	}
	return false
}

// signedInAt tells that by record n a sign-in of ours had been accepted and none
// had failed since.
func signedInAt(e *evidence.Evidence, n int) bool {
	for _, s := range signIns(e) {
		var held *evidence.Transaction
		for _, t := range s.tries {
			m := t.Final()
			switch {
			case t.Request.N > n:
			case m == nil && pending(e, t) >= silence:
				held = nil
			case !has(m) || m.N > n || challenge(m) && !t.Authorized():
			case m.Status < 300:
				held = t
			default:
				held = nil
			}
		}
		if held != nil {
			return true
		}
	}
	return false
}

// renewed tells that each accepted sign-in was renewed in time, or went so far
// that a loss would have shown.
func renewed(e *evidence.Evidence, _ Dictionary) bool {
	return all(signIns(e), func(s *signIn) bool {
		good := 0
		for _, t := range s.tries {
			if code := status(t.Final()); code >= 200 && code < 300 {
				good++
			}
		}
		return good > 1 && s.last == s.accepted
	})
}

// clockSeen tells that the server said what its clock shows.
func clockSeen(e *evidence.Evidence, _ Dictionary) bool {
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			if m.Get("Date") != "" {
				return true
			}
		}
	}
	return false
}

// lookedUp tells that names were looked up, and found.
func lookedUp(e *evidence.Evidence, _ Dictionary) bool {
	return all(lookups(e), func(l lookup) bool { return l.failed == "" })
}

// serversAnswer tells that every server that was asked answered something.
func serversAnswer(e *evidence.Evidence, _ Dictionary) bool {
	return all(servers(e), func(s *server) bool { return s.answered })
}

// reachable is like serversAnswer, and a closed port is an answer as well.
func reachable(e *evidence.Evidence, _ Dictionary) bool {
	return all(servers(e), func(s *server) bool { return s.answered || len(errorsTo(e, s, closed)) > 0 })
}

// transportsAnswer tells that every server answered over every transport that was tried.
func transportsAnswer(e *evidence.Evidence, _ Dictionary) bool {
	return all(servers(e), func(s *server) bool {
		return all(s.requests, func(t *evidence.Transaction) bool { return s.reachable[t.Request.Net.String()] })
	})
}

// signInAnswered tells that each sign-in was decided, whichever way.
func signInAnswered(e *evidence.Evidence, d Dictionary) bool {
	return all(signIns(e), func(s *signIn) bool { return signInStage(e, s, d) != stageNone })
}

// seenTwice tells that the server said at least twice where it sees us.
func seenTwice(e *evidence.Evidence, _ Dictionary) bool {
	n := 0
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			if via, ok := ourVia(m); ok && via.RPort != 0 && overUDP(t.Request) {
				n++
			}
		}
	}
	return n > 1
}

// contactReached tells that what comes for the address we gave arrives: a call
// that was confirmed, or a server that says where it sees us and stores no other address.
func contactReached(e *evidence.Evidence, _ Dictionary) bool {
	for _, c := range inCalls(e) {
		if has(c.Ack) {
			return true
		}
	}
	for _, s := range signIns(e) {
		if s.accepted == nil {
			continue
		}
		_, private := storedAsPrivate(s)
		if _, ok := ourVia(s.accepted.Final()); ok && !private {
			return true
		}
	}
	return false
}
