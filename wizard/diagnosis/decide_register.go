package diagnosis

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// signIn is all that our phone did to register one address, over all its
// attempts. Removals are left out, and so are questions which phones are signed in,
// but for one case: where a refusal or silence to the question is all there is, the
// phone asked before it signs in and went no further, and the answer to the
// question is the answer to the sign-in.
type signIn struct {
	aor      string
	tries    []*evidence.Transaction
	last     *evidence.Transaction
	accepted *evidence.Transaction // the last 2xx, nil when there never was one
}

// user is the part of the address before the domain.
func (s *signIn) user() string {
	user, _, _ := strings.Cut(s.aor, "@")
	return user
}

// judging has the memo of each judgement that is going on, for what rules ask the
// evidence alone.
var judging sync.Map // *evidence.Evidence to *memo

// judging keeps a memo at hand until the judgement is done, if no other does.
func (m *memo) judging() (done func()) {
	if _, taken := judging.LoadOrStore(m.of, m); taken {
		return func() {}
	}
	return func() { judging.Delete(m.of) }
}

// signIns groups the registrations of our phone by their address, in order of time. The
// list is shared, and not to be changed.
func signIns(e *evidence.Evidence) []*signIn {
	known, ok := judging.Load(e)
	if !ok {
		return readSignIns(e)
	}
	m := known.(*memo)
	m.signInsOnce.Do(func() { m.signIns = readSignIns(e) })
	return m.signIns
}

func readSignIns(e *evidence.Evidence) []*signIn {
	var list []*signIn
	index := map[string]*signIn{}
	for _, r := range e.Registrations {
		if !r.Out {
			continue
		}
		tries := r.Transactions
		if !judgedByQuery(e, r.AOR) {
			tries = slices.DeleteFunc(slices.Clone(tries), func(t *evidence.Transaction) bool { return t != nil && has(t.Request) && t.Query() })
		}
		for _, t := range tries {
			if t == nil || !has(t.Request) || asked(t.Request) <= 0 && !t.Query() {
				continue
			}
			s := index[r.AOR]
			if s == nil {
				s = &signIn{aor: r.AOR}
				index[r.AOR] = s
				list = append(list, s)
			}
			s.tries = append(s.tries, t)
		}
	}
	for _, s := range list {
		slices.SortStableFunc(s.tries, func(a, b *evidence.Transaction) int {
			return cmp.Compare(a.Request.Time.UnixNano(), b.Request.Time.UnixNano())
		})
		s.last = s.tries[len(s.tries)-1]
		for _, t := range s.tries {
			if code := status(t.Final()); code >= 200 && code < 300 {
				s.accepted = t
			}
		}
		// What was sent before the acceptance arrived is no renewal, whatever its answer.
		if s.accepted != nil && !s.last.Request.Time.After(s.accepted.Final().Time) {
			s.last = s.accepted
		}
	}
	return list
}

// judgedByQuery tells that all that our phone sent for an address were questions
// which phones are signed in, and that none was answered with a list, or with a
// refusal that is no word on the sign-in.
func judgedByQuery(e *evidence.Evidence, aor string) bool {
	for _, r := range e.Registrations {
		if !r.Out || r.AOR != aor {
			continue
		}
		for _, t := range r.Transactions {
			if t == nil || !has(t.Request) {
				continue
			}
			if code := status(t.Final()); !t.Query() || code != 0 && !evidence.Settles(code) {
				return false
			}
		}
	}
	return true
}

// asked is the registration time that a REGISTER asks for, 0 for a removal or a
// question without Contact, an hour when it does not say (RFC 3261 10.2.1.1).
func asked(m *evidence.Message) time.Duration {
	contacts := m.Contacts()
	if len(contacts) == 0 {
		return 0
	}
	if d, ok := contactExpires(contacts[0]); ok {
		return d
	}
	if d, ok := m.Expires(); ok {
		return d
	}
	return time.Hour
}

func contactExpires(a sipmsg.Address) (time.Duration, bool) {
	s, ok := a.Params.Lookup("expires")
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(strings.Trim(s, `" `) + "s")
	return d, err == nil
}

// anyExpires tells whether a contact carries its own remaining time, which then
// wins over the Expires header (RFC 3261 10.3).
func anyExpires(list []sipmsg.Address) bool {
	for _, a := range list {
		if _, ok := contactExpires(a); ok {
			return true
		}
	}
	return false
}

// decideRegister says what the refusal of a sign-in means; ok is false while
// there is none. A refusal after an earlier success is registration-lost-later,
// whatever its code: the account itself was good.
func decideRegister(e *evidence.Evidence, s *signIn, d Dictionary) (v verdict, ok bool) {
	t := s.last
	m := t.Final()
	if !has(m) || m.Status < 300 {
		return verdict{}, false
	}
	defer func() {
		v.message, v.request, v.text = m, t.Request, serverText(m)
	}()
	var decided verdict
	if m.Status == 401 || m.Status == 407 {
		if decided, ok = decideChallenge(e, t.Request, m); !ok {
			return verdict{}, false
		}
	} else if decided, ok = decideByText("REGISTER", m, d, scene{}); !ok {
		decided = registerByCode(e, s, t, m)
	}
	if s.accepted != nil && decided.cause != "registration-interval-too-short" {
		return verdict{cause: "registration-lost-later", certainty: certainOr(decided.certainty > Possible, Confirmed, Possible), basis: decided.basis}, true
	}
	return decided, true
}

func registerByCode(e *evidence.Evidence, s *signIn, t *evidence.Transaction, m *evidence.Message) verdict {
	switch code := m.Status; code {
	case 402:
		return verdict{cause: "account-suspended-or-unpaid", certainty: Confirmed}
	case 403:
		if t.Authorized() {
			return verdict{cause: "account-credentials-wrong", certainty: Likely,
				basis: " after user name and password had been sent, as some servers do when the password is wrong"}
		}
		for _, before := range s.tries {
			if before != t && before.Authorized() && challenge(before.Final()) {
				return verdict{cause: "account-credentials-wrong", certainty: Likely, basis: " after user name and password had been refused before"}
			}
		}
		return verdict{cause: "account-not-allowed", certainty: Likely, basis: " without asking for a password"}
	case 404, 410, 604:
		return verdict{cause: "account-unknown", certainty: certain(code != 410)}
	case 409:
		return verdict{cause: "registration-too-many-devices", certainty: Likely}
	case 420, 421:
		return verdict{cause: "extension-unsupported", certainty: Confirmed}
	case 423:
		kind := Hint
		if e.Until.Sub(m.Time) >= settled || gaveUp(e, t) || len(tooShort(s)) > 1 {
			kind = Fault
		}
		return verdict{cause: "registration-interval-too-short", certainty: Confirmed, kind: kind}
	case 400, 405, 413, 414, 505:
		return verdict{cause: "request-malformed", certainty: Likely}
	case 429:
		return verdict{cause: "provider-overloaded", certainty: Likely}
	case 503:
		if wait, ok := m.RetryAfter(); ok {
			return verdict{cause: "provider-overloaded", certainty: Likely, basis: " and asks to wait " + span(wait)}
		}
		return verdict{cause: "provider-unavailable", certainty: Likely}
	default:
		switch {
		case code < 400:
			kind := Hint
			if e.Until.Sub(m.Time) >= settled || e.Have.Has(evidence.HaveLive) {
				kind = Fault
			}
			return verdict{cause: "redirected", certainty: Confirmed, kind: kind}
		case code >= 500 && code < 600, code == 408:
			return verdict{cause: "provider-fault", certainty: Likely}
		case code == 480:
			return verdict{cause: "provider-unavailable", certainty: Possible}
		}
		return verdict{cause: "account-not-allowed", certainty: Possible}
	}
}

// tooShort lists the answers that called the registration time too short.
func tooShort(s *signIn) []*evidence.Message {
	var list []*evidence.Message
	for _, t := range s.tries {
		if m := t.Final(); status(m) == 423 {
			list = append(list, m)
		}
	}
	return list
}

func challenge(m *evidence.Message) bool { return status(m) == 401 || status(m) == 407 }
