package diagnosis

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/wizard/evidence"
)

var registrationRules = []Rule{
	{
		Cause: "account-credentials-wrong", Kind: Fault, Where: Account,
		Either:   evidence.HaveRegistration | evidence.HaveRinging,
		Title:    "The server does not accept this user name and password.",
		Why:      whyRefused,
		Overturn: "The same user name, login and password working in another phone at the same moment.",
		Fix: []Remedy{
			{ForUser, "Enter the user name, the login name (if your provider gave you one) and the phone password again. It is often not the password of the provider's web portal; watch for blanks at its end."},
			{ForAdmin, "Check the login name and set a new SIP password for the account. Some servers give the same answer for an unknown user."},
		},
		Check:    refused("account-credentials-wrong"),
		RuledOut: passed("account-credentials-wrong"),
	},
	{
		Cause: "account-unknown", Kind: Fault, Where: Account, Needs: evidence.HaveRegistration,
		Title:    "The server does not know this account.",
		Why:      whyRefused,
		Overturn: "The account signing in with the same user name and server elsewhere.",
		Fix: []Remedy{
			{ForUser, "Check the spelling of the user name and of the server's name. If both are right, ask your provider whether the account still exists."},
			{ForAdmin, "Look the user up on the registrar, in the domain that the phone uses."},
		},
		Check:    signInRefused("account-unknown"),
		RuledOut: signInPassed("account-unknown"),
	},
	{
		Cause: "account-domain-wrong", Kind: Fault, Where: Account, Needs: evidence.HaveRegistration,
		Title:    "The server answers, but this account does not belong to it.",
		Why:      whyRefused,
		Overturn: "A sign-in that works with the very same settings.",
		Fix: []Remedy{
			{ForUser, "In the phone's account settings enter the domain exactly as your provider wrote it (some call it realm), not the server's address."},
			{ForAdmin, "Add the domain to the server, or correct it in the phone."},
		},
		Check:    signInRefused("account-domain-wrong"),
		RuledOut: signInPassed("account-domain-wrong"),
	},
	{
		Cause: "account-not-allowed", Kind: Fault, Where: Provider,
		Either:   evidence.HaveRegistration | evidence.HaveRinging,
		Title:    "The provider refuses this account.",
		Why:      whyRefused,
		Overturn: "Another account getting the same answer from here; then it is the address or the network.",
		Fix: []Remedy{
			{ForUser, "Ask your provider whether the account is blocked. After several wrong passwords a block often ends by itself within an hour."},
			{ForAdmin, "Check the account's state, its allowed addresses (a change can take up to two hours) and temporary bans."},
		},
		ExplainedBy: []string{"account-credentials-wrong", "account-unknown"},
		Check:       refused("account-not-allowed"),
		RuledOut:    passed("account-not-allowed"),
	},
	{
		Cause: "account-suspended-or-unpaid", Kind: Fault, Where: Provider,
		Either:   evidence.HaveRegistration | evidence.HaveRinging,
		Title:    "The provider has stopped this account: balance, contract or account status.",
		Why:      whyRefused,
		Overturn: "Balance and contract being in order in the provider's portal.",
		Fix: []Remedy{
			{ForUser, "Look at balance, contract and account status in your provider's portal, or ask its billing service."},
		},
		Check:    refused("account-suspended-or-unpaid"),
		RuledOut: passed("account-suspended-or-unpaid"),
	},
	{
		Cause: "registration-interval-too-short", Kind: Hint, Where: Account, Needs: evidence.HaveRegistration,
		Title:    "The phone wants to sign in anew more often than the server allows.",
		Why:      "The server asks for at least {{.least}} between two sign-ins, and the phone asked for less (answer 423).",
		Overturn: "The same time being accepted by this server.",
		Fix: []Remedy{
			{ForUser, "Set the registration time in the phone's account settings to at least {{.least}}."},
		},
		Check:    checkIntervalTooShort,
		RuledOut: signInPassed("registration-interval-too-short"),
	},
	{
		Cause: "registration-not-stored", Kind: Fault, Where: Provider, Needs: evidence.HaveRegistration,
		Title:    "The server said yes to the sign-in, but did not keep this phone.",
		Why:      "The server accepted the sign-in, but {{.seen}}. Calls to this account will not reach this phone.",
		Overturn: "A call that reaches this phone now.",
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG (SIP helper) in the router's settings and sign out other phones of this account; then try again."},
			{ForAdmin, "Look at the stored contacts of this account and at its limit of devices."},
		},
		ExplainedBy: []string{"sip-alg"},
		Check:       checkNotStored,
		RuledOut:    signInPassed("registration-not-stored"),
	},
	{
		Cause: "registration-too-many-devices", Kind: Fault, Where: Provider, Needs: evidence.HaveRegistration,
		Title:    "Too many phones are signed in to this account.",
		Why:      whyRefused,
		Overturn: "The same refusal with no other phone signed in.",
		Fix: []Remedy{
			{ForUser, "Sign out another phone of this account, wait some minutes and try again."},
			{ForAdmin, "Raise the number of devices for the account, or clear old contacts."},
		},
		Check:    signInRefused("registration-too-many-devices"),
		RuledOut: signInPassed("registration-too-many-devices"),
	},
	{
		Cause: "registration-lost-later", Kind: Fault, Where: Provider, Needs: evidence.HaveRegistration,
		Title:    "The sign-in worked at first and was lost later.",
		Why:      "The sign-in was accepted, but {{.later}}.",
		Overturn: "Calls still reaching this phone after that moment.",
		Fix: []Remedy{
			{ForUser, "Check whether the network changed (Wi-Fi, VPN, sleep). Set a shorter registration time in the phone's account settings, 60 to 300 seconds."},
			{ForProvider, "See why the renewal was not accepted at that time."},
		},
		ExplainedBy: []string{"computer-sleeps"},
		Check:       checkLostLater,
		RuledOut:    renewed,
	},
	{
		Cause: "redirected", Kind: Hint, Where: Provider,
		Either:   evidence.HaveRegistration | evidence.HaveRinging,
		Title:    "The server sends the phone to another address.",
		Why:      "The server does not take {{.what}} itself{{if .contact}} and names {{.contact}} instead{{end}} (answer {{.code}}).",
		Overturn: "The phone reaching the other address by itself.",
		Fix: []Remedy{
			{ForUser, "Enter the address that the server names{{if .contact}} ({{.contact}}){{end}} as the server in the phone's account settings, or ask your provider for the right server."},
			{ForAdmin, "301 moves for good, 302 for now, 305 asks for a proxy. Let the phone follow, or let the server forward by itself."},
		},
		Check:    refused("redirected"),
		RuledOut: passed("redirected"),
	},
	{
		Cause: "digest-unsupported", Kind: Fault, Where: Account,
		Either:   evidence.HaveRegistration | evidence.HaveRinging,
		Title:    "The server asks for a way of signing in that this phone does not know.",
		Why:      "For {{.what}} the server takes the password only by {{.method}}, which this phone does not know{{if .code}} (answer {{.code}}){{end}}.",
		Overturn: "A sign-in that works with this phone at this server.",
		Fix: []Remedy{
			{ForUser, "Update the phone, or ask your provider for an account that signs in the usual way."},
			{ForProvider, "Offer MD5 or SHA-256 digest beside {{.method}}."},
		},
		Check:    checkDigest,
		RuledOut: passed("digest-unsupported"),
	},
}

func checkIntervalTooShort(e *evidence.Evidence, d Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		list := tooShort(s)
		if len(list) == 0 {
			continue
		}
		m := list[len(list)-1]
		h := Hit{Certainty: Confirmed, Args: args{"least": "the time that it names", "code": 423},
			Cites: cites(cite(m, "the server said: "+inWords(m)))}
		if least, ok := m.MinExpires(); ok {
			h.Args["least"] = span(least)
		}
		if v, ok := decideRegister(e, s, d); ok && v.cause == "registration-interval-too-short" {
			h.Kind = v.kind
		} else if s.accepted != nil {
			h.Cites = append(h.Cites, cite(s.accepted.Final(), "accepted with a longer time"))
		}
		hits = append(hits, h)
	}
	return hits
}

// checkNotStored compares the contact that we sent with those that the 200 lists
// (RFC 3261 10.3 step 8: it must list all that are stored).
func checkNotStored(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		if s.accepted == nil || s.last != s.accepted {
			continue
		}
		if _, lost := lostOurs(bindingLists(e, s.aor)); lost {
			continue // it was stored, and lost its place
		}
		request, answer := s.accepted.Request, s.accepted.Final()
		ours, listed := request.Contacts()[0], answer.Contacts()
		seen, certainty := "its answer lists no phone at all", Likely
		var via struct {
			host string
			port int
		}
		if list := answer.Vias(); len(list) > 0 {
			via.host, via.port = list[0].Received, list[0].RPort
		}
		stored := false
		for _, c := range listed {
			seen = "its answer lists only other phones"
			same := sameHost(c.URI.Host, ours.URI.Host) && portOf(c.URI.Port) == portOf(ours.URI.Port)
			mapped := via.host != "" && sameHost(c.URI.Host, via.host)
			if !same && !mapped && (c.URI.User == "" || c.URI.User != ours.URI.User) {
				continue
			}
			if left, ok := contactExpires(c); ok && left <= 0 {
				seen, certainty = "with a remaining time of 0 seconds", Confirmed
				continue
			}
			stored = true
		}
		if left, ok := answer.Expires(); ok && left <= 0 && !anyExpires(listed) {
			stored, seen, certainty = false, "with a remaining time of 0 seconds", Confirmed
		}
		if stored || len(listed) == 0 && certainty != Confirmed && reachedSince(e, answer) {
			continue
		}
		if len(listed) == 0 && certainty == Likely && !e.Have.Has(evidence.HaveLive) {
			certainty = Possible // some servers never list what they store
		}
		hits = append(hits, Hit{Certainty: certainty, Args: args{"seen": seen},
			Cites: cites(cite(answer, "accepted, but this phone is not in the list"), cite(request, "the address that the phone gave"))})
	}
	return hits
}

// reachedSince tells that a call reached the phone after a sign-in.
func reachedSince(e *evidence.Evidence, answer *evidence.Message) bool {
	for _, c := range inCalls(e) {
		if first(c).Time.After(answer.Time) {
			return true
		}
	}
	return false
}

func portOf(p int) int {
	if p == 0 {
		return 5060
	}
	return p
}

// checkLostLater finds a renewal that failed, went unanswered, or came after the
// granted time was over.
func checkLostLater(e *evidence.Evidence, d Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		if s.accepted == nil {
			continue
		}
		good := cite(s.accepted.Final(), "the sign-in was accepted")
		if v, ok := decideRegister(e, s, d); ok && v.cause == "registration-lost-later" {
			h := v.hit()
			h.Args["later"] = "a later renewal was refused: " + inWords(v.message)
			h.Cites = append(h.Cites, good)
			hits = append(hits, h)
			continue
		}
		if waited := pending(e, s.last); waited >= silence && s.last != s.accepted {
			hits = append(hits, Hit{Certainty: sure(waited),
				Args:  args{"later": "the renewal " + span(s.last.Request.Time.Sub(s.accepted.Final().Time)) + " later got no answer for " + span(waited)},
				Cites: append(cites(cite(s.last.Request, "renewal without answer"), good), copiesOf(s.last.Request, "repeated")...)})
			continue
		}
		if h, ok := lostWithConnection(e, s); ok {
			hits = append(hits, h)
			continue
		}
		if h, ok := renewedTooLate(s); ok {
			hits = append(hits, h)
		}
	}
	return hits
}

// renewedTooLate finds a renewal (same Call-ID, so no restart of the phone) after
// the granted time had run out.
func renewedTooLate(s *signIn) (Hit, bool) {
	var before *evidence.Message
	var granted time.Duration
	for _, t := range s.tries {
		if before != nil && t.Request.CallID() == before.CallID() {
			late := t.Request.Time.Sub(before.Time) - granted
			if granted > 0 && late > 5*time.Second {
				return Hit{Certainty: Likely,
					Args:  args{"later": "only for " + span(granted) + ", and the phone renewed it " + span(late) + " too late"},
					Cites: cites(cite(before, "granted for "+span(granted)), cite(t.Request, "renewed too late"))}, true
			}
		}
		if m := t.Final(); status(m) >= 200 && status(m) < 300 {
			before, granted = m, grantedBy(t)
		}
	}
	return Hit{}, false
}

// grantedBy is how long a 200 keeps our contact: its own parameter, else the
// Expires header, else what was asked for.
func grantedBy(t *evidence.Transaction) time.Duration {
	m := t.Final()
	ours := t.Request.Contacts()
	for _, c := range m.Contacts() {
		if len(ours) > 0 && (c.URI.User == ours[0].URI.User || sameHost(c.URI.Host, ours[0].URI.Host)) {
			if d, ok := contactExpires(c); ok {
				return d
			}
		}
	}
	if d, ok := m.Expires(); ok {
		return d
	}
	return asked(t.Request)
}

// checkDigest reads the test phone's own note, and challenges that no usual
// phone can answer.
func checkDigest(e *evidence.Evidence, d Dictionary) []Hit {
	hits := refused("digest-unsupported")(e, d)
	for i := range hits {
		hits[i].Args["method"] = "a method that is not usual"
	}
	for _, s := range signIns(e) {
		nameMethod(hits, s.last.Final())
	}
	for _, c := range outCalls(e) {
		nameMethod(hits, c.Final)
	}
	if len(hits) > 0 {
		return hits
	}
	for _, ev := range e.Phone {
		if ev.Key != phoneDigest {
			continue
		}
		_, method, _ := strings.Cut(ev.Text, " ")
		return []Hit{{Certainty: Confirmed, Args: args{"what": "this account", "code": 0, "method": quote(method)},
			Cites: []Cite{{ev.N, "the phone does not know this way"}}}}
	}
	return nil
}

func nameMethod(hits []Hit, m *evidence.Message) {
	if !challenge(m) {
		return
	}
	var names []string
	for _, a := range m.Challenges() {
		name := a.Scheme
		if a.Algorithm != "" {
			name += " " + a.Algorithm
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range hits {
		if len(hits[i].Cites) > 0 && hits[i].Cites[0].N == m.N && len(names) > 0 {
			hits[i].Args["method"] = quote(strings.Join(names, ", "))
		}
	}
}
