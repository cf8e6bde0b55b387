package evidence

import (
	"slices"
	"time"
)

// trim leaves out what belongs to no call and passed behind a moment: what a call was
// does not depend on what came when it was long over.
func (e *Evidence) trim(until time.Time) {
	if !until.Before(e.Until) {
		return
	}
	e.Until = until
	if e.outsideLast.After(until) {
		e.trimOutside(until)
	}
	e.ICMP = slices.Clone(e.ICMP)
	e.ICMP = slices.DeleteFunc(e.ICMP, func(u Unreachable) bool { return u.Time.After(until) })
	for i := range e.ICMP {
		e.ICMP[i].trim(until)
	}
	e.Holes = slices.DeleteFunc(slices.Clone(e.Holes), func(h Hole) bool { return h.Until.After(until) })
	e.Limits = slices.Clone(e.Limits)
	for _, l := range e.limitsAt {
		if i := slices.Index(e.Limits, l.text); i >= 0 && l.at.After(until) {
			e.Limits = slices.Delete(e.Limits, i, i+1)
		}
	}
}

// trimOutside is trim for transactions of no call.
func (e *Evidence) trimOutside(until time.Time) {
	e.Registrations = trimmed(e.Registrations, func(r *Registration) *Registration { return r.upTo(until) })
	transaction := func(t *Transaction) *Transaction { return t.upTo(until) }
	e.Options, e.OptionsIn = trimmed(e.Options, transaction), trimmed(e.OptionsIn, transaction)
	e.Others = trimmed(e.Others, transaction)
}

// trimmed gives a list with what is left of each, and the list itself where that is all.
func trimmed[T any](list []*T, upTo func(*T) *T) []*T {
	for i, x := range list {
		y := upTo(x)
		if y == x {
			continue
		}
		out := slices.Clone(list[:i])
		for _, x := range list[i:] {
			if y := upTo(x); y != nil {
				out = append(out, y)
			}
		}
		return out
	}
	return list
}

// upTo gives what passed of a transaction up to a moment; nil: nothing.
func (t *Transaction) upTo(until time.Time) *Transaction {
	req := t.Request.upTo(until)
	if req == nil {
		return nil
	}
	responses := trimmed(t.Responses, func(m *Message) *Message { return m.upTo(until) })
	var ack *Message
	if t.Ack != nil {
		ack = t.Ack.upTo(until)
	}
	same := len(responses) == len(t.Responses) && (len(responses) == 0 || &responses[0] == &t.Responses[0])
	if req == t.Request && same && ack == t.Ack {
		return t
	}
	out := *t
	out.Request, out.Responses, out.Ack = req, responses, ack
	return &out
}

// upTo gives a message without the copies behind a moment; nil when it came behind it.
func (m *Message) upTo(until time.Time) *Message {
	if m.Time.After(until) {
		return nil
	}
	n := len(m.Copies)
	for n > 0 && m.Copies[n-1].Time.After(until) {
		n--
	}
	if n == len(m.Copies) {
		return m
	}
	out := *m
	out.Copies = m.Copies[:n:n]
	return &out
}

func (r *Registration) upTo(until time.Time) *Registration {
	list := trimmed(r.Transactions, func(t *Transaction) *Transaction { return t.upTo(until) })
	switch {
	case len(list) == 0:
		return nil
	case len(list) == len(r.Transactions) && &list[0] == &r.Transactions[0]:
		return r
	}
	out := *r
	out.Transactions, out.forgotten = list, nil
	return &out
}
