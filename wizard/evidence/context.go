package evidence

import "time"

// context is what belongs to no call, as evidence lists it: sign-ins, signs of life and
// the rest. It is worked out once and shared until something of it changes.
type context struct {
	registrations             []*Registration
	options, optionsIn, other []*Transaction

	last    time.Time // when the latest of these messages passed
	changes uint64    // how many there had been in the builder when it was worked out
	subject subject
}

// outsideCalls files transactions that belong to no call.
func (s *snapshot) outsideCalls() { s.list(s.context()) }

// outsideCallsShared is the same without copies of its own, for one call of many.
func (s *snapshot) outsideCallsShared() {
	c := &s.b.context
	if c.changes != s.b.changes || !c.subject.equal(&s.subject) {
		*c = s.context()
	}
	s.list(*c)
}

func (s *snapshot) list(c context) {
	s.ev.outsideLast = c.last
	s.ev.Registrations, s.ev.Options, s.ev.OptionsIn, s.ev.Others = c.registrations, c.options, c.optionsIn, c.other
}

func (s *snapshot) context() context {
	out := context{changes: s.b.changes, subject: s.subject}
	byCall := make(map[registrationKey]*Registration)
	for _, t := range s.b.loose {
		side := s.subject.side(t.from, t.to)
		tx := s.transaction(t, side == Out)
		if at := t.last(); at.After(out.last) {
			out.last = at
		}
		if t.ack != nil && t.ack.Last().After(out.last) {
			out.last = t.ack.Last()
		}
		switch {
		case t.method == "REGISTER":
			id := registrationOf(t, side)
			r := byCall[id]
			if r == nil {
				r = &Registration{CallID: id.id, AOR: aor(tx.Request), Server: t.to, Net: tx.Request.Net, Out: side == Out}
				byCall[id] = r
				out.registrations = append(out.registrations, r)
			}
			r.Transactions = append(r.Transactions, tx)
			r.forgotten = append(r.forgotten, t.later...)
		case t.method == "OPTIONS" && side == Out:
			out.options = append(out.options, tx)
		case t.method == "OPTIONS" && side == In:
			out.optionsIn = append(out.optionsIn, tx)
		default:
			out.other = append(out.other, tx)
		}
	}
	return out
}
