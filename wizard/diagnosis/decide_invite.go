package diagnosis

import (
	"strings"
	"sync"
	"time"
	"unicode"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// atOnce is how soon after the INVITE a refusal is the server's own decision.
const atOnce = 1500 * time.Millisecond

// decideCall says what the refusal of one of our calls means; ok is false while
// there is none (yet). Every rule about refusals asks this one function, so that
// exactly one of them speaks.
func decideCall(e *evidence.Evidence, c *evidence.Call, d Dictionary) (v verdict, ok bool) {
	if d.memo == nil || d.memo.of != e {
		return readFinal(e, c, d)
	}
	known, ok := d.memo.calls[c]
	if !ok {
		known.verdict, known.ok = readFinal(e, c, d)
		d.memo.calls[c] = known
	}
	return known.verdict, known.ok
}

// memo keeps what one judgement has worked out about calls: every rule on refusals
// asks for it, and some captures hold thousands of them.
type memo struct {
	of    *evidence.Evidence
	calls map[*evidence.Call]decided

	signInsOnce sync.Once
	signIns     []*signIn // see signIns

	serversOnce sync.Once
	servers     []*server // see servers
}

type decided struct {
	verdict verdict
	ok      bool
}

// readFinal reads a call's final answer.
func readFinal(e *evidence.Evidence, c *evidence.Call, d Dictionary) (v verdict, ok bool) {
	m := c.Final
	if v, ok := d.hungUpFor(c); ok {
		return v, true
	}
	if c.Direction != evidence.Out || !has(c.Invite) || !has(m) || m.Status < 300 {
		return verdict{}, false
	}
	rang := c.Ringing != nil || c.Progress != nil
	defer func() {
		v.message, v.request, v.call = m, c.Invite, c
		v.text = serverText(m)
	}()
	if m.Status == 401 || m.Status == 407 {
		return decideChallenge(e, c.Invite, m)
	}
	if c.Cancel != nil && c.Cancel.Out && (m.Status == 487 || m.Time.After(c.Cancel.Time)) {
		return verdict{cause: "caller-cancelled", certainty: Confirmed, basis: " because it was cancelled here"}, true
	}
	if v, ok := decideByText("INVITE", m, d, scene{rang: rang, otherCaller: func() bool { return showsOther(e, c) }}); ok {
		return v, true
	}
	return decideByOrder(e, c, rang), true
}

// decideByOrder takes the last two steps: time and order, then the code itself.
func decideByOrder(e *evidence.Evidence, c *evidence.Call, rang bool) verdict {
	m := c.Final
	took := m.Time.Sub(c.Invite.Time)
	switch code := m.Status; code {
	case 301, 410:
		return verdict{cause: "number-changed", certainty: Confirmed}
	case 402:
		return verdict{cause: "no-credit-or-barred", certainty: Confirmed}
	case 403:
		return decide403(e, c, rang)
	case 404, 604:
		if other := longerForm(e, c); other != "" {
			return verdict{cause: "number-format-wrong", certainty: Confirmed, basis: ", while " + other + " was accepted"}
		}
		return verdict{cause: "number-unknown", certainty: certain(code == 604)}
	case 408, 504:
		if rang {
			return verdict{cause: "callee-no-answer", certainty: Likely, basis: " after it had rung"}
		}
		if took > 5*time.Second {
			return verdict{cause: "downstream-timeout", certainty: Likely}
		}
		if code == 504 {
			return verdict{cause: "provider-fault", certainty: Likely}
		}
		return verdict{cause: "downstream-timeout", certainty: Possible}
	case 415:
		return verdict{cause: "codec-mismatch", certainty: Likely}
	case 416, 484, 485:
		return verdict{cause: "number-format-wrong", certainty: certain(code == 484)}
	case 420, 421:
		return verdict{cause: "extension-unsupported", certainty: Confirmed}
	case 422:
		return verdict{cause: "session-timer-too-small", certainty: Confirmed, kind: Fault}
	case 433:
		return verdict{cause: "anonymous-refused", certainty: Confirmed}
	case 480:
		if rang {
			return verdict{cause: "callee-no-answer", certainty: Likely, basis: " after it had rung"}
		}
		return verdict{cause: "callee-not-registered", certainty: Likely, basis: " without ringing"}
	case 487:
		if rang {
			return verdict{cause: "callee-no-answer", certainty: Likely, basis: " after it had rung, though nobody here had cancelled it"}
		}
		return verdict{cause: "callee-no-answer", certainty: Possible, basis: ", though nobody here had cancelled it"}
	case 482, 483:
		return verdict{cause: "routing-loop", certainty: Likely}
	case 486, 600:
		// A phone that rings is not busy: its timer, or its owner, ends the call this way.
		if c.Ringing != nil && code == 486 {
			switch rung := m.Time.Sub(c.Ringing.Time); {
			case rung >= 20*time.Second:
				return verdict{cause: "callee-no-answer", certainty: Likely, basis: " although the phone had rung for " + span(rung)}
			case rung >= 2*time.Second:
				return verdict{cause: "callee-busy", certainty: Likely, basis: " although the phone had rung for " + span(rung) + ", so that somebody may have pressed the reject button"}
			}
		}
		return verdict{cause: "callee-busy", certainty: Confirmed}
	case 488, 606:
		return decide488(e, c)
	case 428, 429, 436, 437, 438:
		return verdict{cause: "identity-rejected", certainty: Confirmed}
	case 400, 405, 413, 414, 505:
		return verdict{cause: "request-malformed", certainty: Likely}
	case 503:
		if wait, ok := m.RetryAfter(); ok {
			return verdict{cause: "provider-overloaded", certainty: Likely, basis: " and asks to wait " + span(wait)}
		}
		if allRefused(e, code) {
			return verdict{cause: "provider-address-not-allowed", certainty: Possible, basis: " for every number, without ever asking for a password"}
		}
		return verdict{cause: "provider-unavailable", certainty: Likely}
	case 500, 502, 580:
		return verdict{cause: "provider-fault", certainty: Likely}
	case 603:
		switch {
		case rang:
			return verdict{cause: "callee-declined", certainty: Likely, basis: " after it had rung"}
		case took < atOnce:
			return verdict{cause: "no-credit-or-barred", certainty: Likely, basis: " before any phone rang"}
		}
		return verdict{cause: "callee-declined", certainty: Possible}
	case 607, 608:
		return verdict{cause: "call-blocked-as-spam", certainty: Confirmed}
	default:
		switch {
		case code < 400:
			return verdict{cause: "redirected", certainty: Confirmed, kind: redirectKind(e, c)}
		case code >= 500 && code < 600 && code != 501 && code != 513 && code != 555:
			if _, known := LookupCode(code); known {
				return verdict{cause: "provider-fault", certainty: Likely}
			}
		}
		return verdict{cause: "call-refused", certainty: Likely}
	}
}

func certain(yes bool) Certainty {
	if yes {
		return Confirmed
	}
	return Likely
}

// decide403 separates the meanings of a bare 403 by what else was accepted.
func decide403(e *evidence.Evidence, c *evidence.Call, rang bool) verdict {
	if rang {
		return verdict{cause: "callee-declined", certainty: Likely, basis: " after it had rung"}
	}
	registered := ""
	for _, s := range signIns(e) {
		if s.accepted != nil && registered == "" {
			registered = s.user()
		}
	}
	from := c.Invite.FromAddr().URI.User
	switch others := otherNumbers(e, c); {
	case others.worked:
		return verdict{cause: "no-credit-or-barred", certainty: Likely, basis: ", while another number could be called"}
	case registered != "" && from != "" && !strings.EqualFold(from, registered):
		return verdict{cause: "caller-id-refused", certainty: Likely,
			basis: ", which shows the number " + quote(from) + " while the account signed in as " + quote(registered)}
	case others.refused > 0:
		return verdict{cause: "account-not-allowed", certainty: Likely, basis: " as it refused others"}
	case registered != "":
		return verdict{cause: "no-credit-or-barred", certainty: Likely, basis: ", although the sign-in had been accepted"}
	case e.Have.Has(evidence.HaveLive) && len(e.Registrations) == 0 && !authorized(c.Invite):
		return verdict{cause: "provider-address-not-allowed", certainty: Likely, basis: " without ever asking for a password"}
	case authorized(c.Invite):
		return verdict{cause: "no-credit-or-barred", certainty: Possible, basis: " after user name and password had been sent"}
	}
	return verdict{cause: "no-credit-or-barred", certainty: Possible}
}

func authorized(m *evidence.Message) bool {
	return has(m) && (m.Has("Authorization") || m.Has("Proxy-Authorization"))
}

type otherCalls struct {
	worked  bool // some other number rang or answered
	refused int  // how many other numbers got the same code
}

func otherNumbers(e *evidence.Evidence, c *evidence.Call) otherCalls {
	var o otherCalls
	for _, x := range outCalls(e) {
		if x == c || dialled(x) == dialled(c) {
			continue
		}
		if x.Progress != nil || x.Answer != nil {
			o.worked = true
		}
		if status(x.Final) == status(c.Final) {
			o.refused++
		}
	}
	return o
}

// longerForm finds a call to the same number in another spelling (with its
// country code, say) that got through.
func longerForm(e *evidence.Evidence, c *evidence.Call) string {
	mine := digits(dialled(c))
	if len(mine) < 5 {
		return ""
	}
	for _, x := range outCalls(e) {
		theirs := digits(dialled(x))
		if x == c || dialled(x) == dialled(c) || x.Progress == nil && x.Answer == nil || len(theirs) < 5 {
			continue
		}
		tail := mine[len(mine)-min(len(mine), len(theirs), 7)+0:]
		if strings.HasSuffix(theirs, strings.TrimLeft(tail, "0")) {
			return quote(dialled(x))
		}
	}
	return ""
}

// digits keeps the digits of a dialled number; a SIP name has none to compare.
func digits(s string) string {
	s, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "sip:"), "tel:"), "@")
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// decide488 separates codecs from encryption by the change that helped, by the two
// descriptions where the refusal carries one, else by what we offered.
func decide488(e *evidence.Evidence, c *evidence.Call) verdict {
	if a, ok := helped(e, c, accepted); ok {
		cause := "codec-mismatch"
		if strings.HasPrefix(a.change, "encryption") {
			cause = "encryption-mismatch"
		}
		return verdict{cause: cause, certainty: Confirmed, basis: ", and took the same call " + changeWords(a.change)}
	}
	offer := audioOf(c.Invite)
	if theirs := audioOf(c.Final); theirs != nil && offer != nil {
		if secure(theirs) != secure(offer) {
			return verdict{cause: "encryption-mismatch", certainty: Confirmed, worded: true, basis: " and wants the sound " + guarded(theirs) + ", while it was offered " + guarded(offer)}
		}
		if !share(theirs, offer) {
			return verdict{cause: "codec-mismatch", certainty: Confirmed, worded: true, basis: " and knows only " + codecNames(theirs)}
		}
	}
	if offer != nil && secure(offer) && !isAgain(e, c) {
		return verdict{cause: "encryption-mismatch", certainty: Likely, basis: ", which offered only encrypted sound"}
	}
	return verdict{cause: "codec-mismatch", certainty: Likely}
}

// secure tells that a description demands encryption by its profile: keys beside
// a plain profile are an offer that may be ignored (RFC 4568 6.1 and its usual reading).
func secure(m *sipmsg.Media) bool { return strings.Contains(strings.ToUpper(m.Proto), "SAVP") }

func guarded(m *sipmsg.Media) string {
	if secure(m) {
		return "encrypted"
	}
	return "unencrypted"
}

// share tells whether two descriptions have a voice codec in common.
func share(a, b *sipmsg.Media) bool {
	for _, x := range a.Codecs {
		for _, y := range b.Codecs {
			if voice(x.Name) && strings.EqualFold(x.Name, y.Name) && x.ClockRate == y.ClockRate {
				return true
			}
		}
	}
	return false
}

func voice(name string) bool {
	return name != "" && !strings.EqualFold(name, "telephone-event") && !strings.EqualFold(name, "CN")
}

func codecNames(m *sipmsg.Media) string {
	var names []string
	if m != nil {
		for _, c := range m.Codecs {
			if voice(c.Name) && len(names) < 8 {
				names = append(names, c.Name)
			}
		}
	}
	if len(names) == 0 {
		return "formats without a known name"
	}
	return strings.Join(names, ", ")
}

// redirectKind: a redirection that somebody followed is a mere fact; one that
// ended the call is a fault.
func redirectKind(e *evidence.Evidence, c *evidence.Call) Kind {
	for _, x := range outCalls(e) {
		if x == c || !first(x).Time.After(c.Final.Time) {
			continue
		}
		for _, contact := range c.Final.Contacts() {
			if contact.URI.User == x.Invite.ToAddr().URI.User || strings.Contains(x.Invite.URI, contact.URI.Host) {
				return Hint
			}
		}
	}
	if e.Until.Sub(c.Final.Time) < settled && !e.Have.Has(evidence.HaveLive) {
		return Hint
	}
	return Fault
}
