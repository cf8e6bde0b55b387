package evidence

import (
	"slices"
	"time"
)

// A capture of days holds signs of life and sign-ins without number. Of those that went
// well long ago the latest are enough.

const (
	// thinAt is how many messages of no call there are before any is forgotten.
	thinAt = 1 << 13
	// latest is how many transactions other than sign-ins stay: of those that our phone
	// began, of those that came to it, and of all others.
	latest = 512
	// strayFor is how long answers stay whose request was not seen.
	strayFor = 10 * time.Minute
)

// thin forgets transactions of no call that are over and tell nothing new.
func (b *Builder) thin() {
	drop := b.dispensable()
	stays := map[*Message]bool{}
	kept := b.loose[:0]
	for i, t := range b.loose {
		if drop[i] {
			b.untrack(t)
			continue
		}
		kept = append(kept, t)
		for _, m := range t.messages() {
			stays[m] = true
		}
	}
	clear(b.loose[len(kept):])
	b.loose = kept
	b.outside = 0
	for id, list := range b.strays {
		list = slices.DeleteFunc(list, func(m *Message) bool {
			if !stays[m] && b.until.Sub(m.Last()) > strayFor {
				b.discard(m)
			}
			return m.gone
		})
		if b.strays[id] = list; len(list) == 0 {
			delete(b.strays, id)
		}
		b.outside += len(list)
	}
	b.thinAt = max(thinAt, 2*b.outside)
	b.changes++
	b.sweep()
}

// dispensable marks those of loose that can be forgotten. What our phone itself signed
// in stays, and of each other phone's sign-ins the first, which keeps the codes of those
// that go, and the last.
func (b *Builder) dispensable() []bool {
	view := b.subject()
	drop := make([]bool, len(b.loose))
	last, first := map[registrationKey]bool{}, map[registrationKey]*txn{}
	counts := map[Direction]int{}
	for i, t := range slices.Backward(b.loose) {
		side := view.side(t.from, t.to)
		still := b.until.Sub(t.last()) > finishAfter
		switch key := registrationOf(t, None); {
		case t.method == "REGISTER" && side == None:
			drop[i] = still && last[key]
			last[key] = true
		case t.method != "REGISTER" && still && (side == None || t.plain()):
			counts[side]++
			drop[i] = counts[side] > latest
		}
	}
	for i, t := range b.loose {
		if t.method != "REGISTER" || view.side(t.from, t.to) != None {
			continue
		}
		switch key := registrationOf(t, None); {
		case first[key] == nil:
			first[key], drop[i] = t, false
		case drop[i] && t.final() != nil:
			first[key].later = append(first[key].later, t.final().Status)
		}
	}
	return drop
}

// discard takes a message out of the list of all.
func (b *Builder) discard(m *Message) {
	if !m.gone {
		m.gone = true
		b.gone.messages++
	}
}

// untrack takes a transaction out of everything but the list that it stands in.
func (b *Builder) untrack(t *txn) {
	hops := slices.DeleteFunc(b.txns[t.key], func(h *txn) bool { return h == t })
	if b.txns[t.key] = hops; len(hops) == 0 {
		delete(b.txns, t.key)
	}
	for _, m := range t.messages() {
		b.discard(m)
	}
}

// registrationKey tells registrations apart: one Call-ID on one hop.
type registrationKey struct {
	id   string
	side Direction
	flow
}

func registrationOf(t *txn, side Direction) registrationKey {
	key := registrationKey{t.key.callID, side, t.flow}
	if side != None {
		// A new connection of the same phone goes on with its registration.
		key.from = anyPort(t.from)
	}
	return key
}

// messages lists all of a transaction's.
func (t *txn) messages() []*Message {
	list := append([]*Message{t.req}, t.resp...)
	if t.ack != nil {
		list = append(list, t.ack)
	}
	return list
}

// last is when a message of the transaction passed for the last time.
func (t *txn) last() time.Time {
	at := t.req.Last()
	for _, r := range t.resp {
		if r.Last().After(at) {
			at = r.Last()
		}
	}
	return at
}

func (t *txn) final() *Message {
	for _, r := range t.resp {
		if r.Status >= 200 {
			return r
		}
	}
	return nil
}

// plain tells that a request was accepted at once.
func (t *txn) plain() bool {
	f := t.final()
	return f != nil && f.Status < 300 && len(t.req.Copies) == 0
}
