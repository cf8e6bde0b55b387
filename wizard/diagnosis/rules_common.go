package diagnosis

import (
	"slices"
	"time"

	"softphonedoctor/wizard/evidence"
)

// check is the type of Rule.Check.
type check = func(*evidence.Evidence, Dictionary) []Hit

// whyRefused is the Why of everything that a final answer says: a story of its
// own, or who refused what, on which ground. The code stands last, since support
// asks for it.
const whyRefused = "{{if .story}}{{.story}}{{else}}The server {{.did}} {{.what}}{{.basis}}{{if .plain}}: {{.plain}}{{end}}{{end}}{{if .code}} (answer {{.code}}{{.more}}){{end}}."

// noService are the causes without which a sign-in would have worked: calls that
// fail beside them fail because of them.
var noService = append([]string{
	"account-credentials-wrong", "account-unknown", "account-domain-wrong", "account-not-allowed",
	"account-suspended-or-unpaid", "registration-too-many-devices", "registration-lost-later",
	"registration-unanswered-or-banned", "digest-unsupported",
}, unheardCauses...)

// unheardCauses are those of them that keep every message from the server.
var unheardCauses = []string{
	"server-name-unknown", "server-unreachable", "server-port-closed", "transport-blocked",
	"firewall-on-this-computer", "captive-portal",
}

// refused is the Check of a cause that final answers decide: for calls, for
// sign-ins, or for both.
func refused(cause string) check {
	return func(e *evidence.Evidence, d Dictionary) []Hit {
		return append(signInRefused(cause)(e, d), callRefused(cause)(e, d)...)
	}
}

func signInRefused(cause string) check {
	return func(e *evidence.Evidence, d Dictionary) (hits []Hit) {
		for _, s := range signIns(e) {
			if v, ok := decideRegister(e, s, d); ok && v.cause == cause {
				hits = append(hits, v.hit())
			}
		}
		return hits
	}
}

func callRefused(cause string) check {
	return func(e *evidence.Evidence, d Dictionary) (hits []Hit) {
		for _, c := range outCalls(e) {
			if isAgain(e, c) {
				continue // a change that did not help says nothing by itself
			}
			if v, ok := decideCall(e, c, d); ok && v.cause == cause {
				h := v.hit()
				if heldBack(e) && slices.Contains(wantSignIn, cause) {
					h.Certainty = Possible // it may only be that the test phone had not signed in
				}
				hits = append(hits, h)
			}
		}
		return hits
	}
}

// wantSignIn are refusals of calls that a server may mean for whoever is not signed in.
var wantSignIn = []string{"account-unknown", "account-not-allowed", "provider-address-not-allowed", "no-credit-or-barred", "caller-id-refused", "call-refused"}

// heldBack tells that the test phone did not sign in, for another phone's sake.
func heldBack(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.Phone, func(ev evidence.Event) bool { return ev.Key == phoneHeldBack })
}

// hit turns a verdict into a hit with the arguments that whyRefused and the
// remedies use.
func (v verdict) hit() Hit {
	h := Hit{Certainty: v.certainty, Where: v.where, Kind: v.kind, Said: v.said}
	what, to, did := "the sign-in", "", "refused"
	if v.call != nil {
		to = dialled(v.call)
		what = "the call to " + to
		h.CallID = v.call.ID
		if v.call.Progress != nil || slices.Contains(politely, v.message.Status) {
			did = "ended"
		}
	}
	basis := v.basis
	if basis == "" {
		basis = " at once"
		if took := v.message.Time.Sub(v.request.Time); took > 100*time.Millisecond {
			basis = " after " + span(took)
		}
	}
	code, _ := LookupCode(v.message.Status)
	meaning, user := code.Invite, code.User
	if v.call == nil {
		meaning = code.Register
	}
	if code.Fallback {
		meaning = "This code is in no list; all that begin like it mean: " + plainly(v.message) + "."
	}
	h.Args = args{
		"code": v.message.Status, "answer": phrase(v.message), "basis": basis, "what": what, "number": to,
		"text": v.text, "callid": v.message.CallID(), "time": v.message.Time.UTC().Format("2006-01-02 15:04:05 UTC"),
		"did": did, "plain": plainly(v.message), "story": v.story, "more": v.more,
		"wait": "", "least": "", "contact": "", "options": "", "codecs": "", "meaning": meaning, "user": user,
	}
	if v.worded {
		h.Args["plain"] = ""
	}
	if d, ok := v.message.RetryAfter(); ok {
		h.Args["wait"] = span(d)
	}
	if d, ok := v.message.MinExpires(); ok {
		h.Args["least"] = span(d)
	}
	if d, ok := v.message.MinSE(); ok {
		h.Args["least"] = span(d)
	}
	if list := v.message.Contacts(); len(list) > 0 {
		h.Args["contact"] = quote(list[0].URI.Shown())
	}
	h.Args["options"] = extensionsOf(v.message)
	if offer := audioOf(v.request); offer != nil {
		h.Args["codecs"] = codecNames(offer)
	}
	label := "the server said: " + inWords(v.message)
	if v.message.Status == 0 {
		label = "the other side hung up with the words " + v.text
	}
	if authorized(v.request) && challenge(v.message) {
		label = "asked again, though the password had been sent"
		what += ", password included"
	}
	h.Cites = cites(cite(v.message, label), cite(v.request, what))
	return h
}

// politely are the answers that end a call without refusing it: busy, no answer,
// declined.
var politely = []int{408, 480, 486, 487, 504, 600, 603}

// extensionsOf names the extensions that an answer objects to or asks for.
func extensionsOf(m *evidence.Message) string {
	list := m.Unsupported()
	if len(list) == 0 {
		list = m.Require()
	}
	if len(list) == 0 {
		return "a feature that it does not name"
	}
	s := ""
	for i, o := range list {
		if i == 6 {
			break
		}
		if i > 0 {
			s += ", "
		}
		s += o
	}
	return quote(s)
}
