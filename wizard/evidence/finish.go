package evidence

import (
	"container/heap"
	"slices"
	"time"
)

// A long capture holds more calls than memory does. A call is over when it has ended,
// nothing that belongs to it has crossed for longer than any repetition waits, and so
// nothing will: it can be judged then, and forgotten.

const (
	// finishAfter is how long everything of a call must have been still: more than
	// 64*T1, after which nobody sends anything again (RFC 3261 17.1.1.2).
	finishAfter = 35 * time.Second
	// challengedAfter is the same for a call that was asked for a password, which a
	// person may have to look up.
	challengedAfter = 2 * time.Minute
	// abandonAfter is the same for a call that never got a final answer. Proxies let
	// it ring for three minutes, or say every minute that it still does (RFC 3261 16.6).
	abandonAfter = 10 * time.Minute
	// forgottenAfter is the same for a call that was answered and whose end was not seen.
	// Where nothing but the signalling is in the file, hours can pass.
	forgottenAfter = 4 * time.Hour
	// maxWaiting is how many calls that are over wait for the subject to be known. When
	// so many went by and no phone signed in, the one that called is the subject for good.
	maxWaiting = 256
	// retireAt is how many streams there are before any that no call claims is forgotten.
	retireAt = 2048
)

// Finished is a call that is over, until Builder.Release forgets it.
type Finished struct {
	ID string // Call-ID
	// Order is the call's place among all calls by their first messages, as in Call.
	Order int

	b    *Builder
	call *call
	own  *belongings
}

// Evidence is what Narrow would show of the call, however much the records hold behind
// it. It is nil when the call was released.
func (f *Finished) Evidence() *Evidence {
	if f.call.released {
		return nil
	}
	e, own := f.b.callAlone(f.call)
	f.own = &own
	return e
}

// WentOn tells that something of the call crossed after it had been told: it will be
// told again.
func (f *Finished) WentOn() bool { return !f.call.over }

// OnFinished has each call told that is over, in the order in which they end; again, when
// it went on after all and was not released. Calls on a tape of our own are not told,
// since what came later can matter for those, nor are those that are still up when the
// records end. It is to be set before the first record.
func (b *Builder) OnFinished(tell func(*Finished)) { b.tell = tell }

// OnStream has each stream told and forgotten that no call claims and that ended long
// ago, once there are many of them.
func (b *Builder) OnStream(tell func(*Stream)) { b.tellStream = tell }

// Release forgets a call that is over with its messages, streams and reports: Evidence
// does not show it any more.
func (b *Builder) Release(f *Finished) {
	if f.call.released {
		return
	}
	if f.own == nil {
		_ = f.Evidence()
	}
	b.release(f.call, *f.own)
}

// Calls counts the calls that began so far, those that were released among them.
func (b *Builder) Calls() int { return b.begun }

// happens notes that a message of a call passed.
func (b *Builder) happens(c *call, at time.Time) {
	if at.After(c.seen) {
		c.seen = at
	}
	if c.over {
		c.over, c.due = false, c.stillUntil()
		heap.Push(&b.expiry, c)
	}
}

// expiry is a heap of calls by when they are looked at again.
type expiry []*call

func (e expiry) Len() int           { return len(e) }
func (e expiry) Less(i, j int) bool { return e[i].due.Before(e[j].due) }
func (e expiry) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiry) Push(x any)        { *e = append(*e, x.(*call)) }
func (e *expiry) Pop() any {
	old := *e
	last := len(old) - 1
	c := old[last]
	old[last] = nil
	*e = old[:last]
	return c
}

// finish tells the calls that are over by now.
func (b *Builder) finish() {
	for len(b.expiry) > 0 && b.until.After(b.expiry[0].due) && !b.notes.have.Has(HaveLive) {
		c := b.expiry[0]
		if due := c.stillUntil(); due.After(c.due) {
			c.due = due
			heap.Fix(&b.expiry, 0)
			continue
		}
		heap.Pop(&b.expiry)
		c.over = true
		b.waiting = append(b.waiting, c)
	}
	if len(b.waiting) > maxWaiting {
		b.seen.settled = true
	}
	if len(b.waiting) == 0 || !b.seen.settled && b.seen.register == nil && len(b.told.addrs) == 0 {
		return
	}
	for _, c := range b.waiting {
		if !c.over {
			continue // it went on while it waited
		}
		b.tell(&Finished{ID: c.id, Order: c.order, b: b, call: c})
	}
	clear(b.waiting)
	b.waiting = b.waiting[:0]
}

// stillUntil is until when a call has to be still to be over, counted from the last
// packet that belongs to it.
func (c *call) stillUntil() time.Time {
	last := c.seen
	for _, st := range c.streams {
		if st.owner == c && st.last.After(last) {
			last = st.last
		}
	}
	switch {
	case !c.ended.IsZero() && c.challenged:
		return last.Add(challengedAfter)
	case !c.ended.IsZero():
		return last.Add(finishAfter)
	case c.up:
		return last.Add(forgottenAfter)
	}
	return last.Add(abandonAfter)
}

// over is the moment up to which the records can tell of a call: when it has been still
// for long enough, or their end.
func (s *snapshot) over(c *call) time.Time {
	if still := c.stillUntil(); !c.seen.IsZero() && still.Before(s.until) && !s.b.notes.have.Has(HaveLive) {
		return still
	}
	return s.until
}

// release takes a call and all that is its own out of everything.
func (b *Builder) release(c *call, own belongings) {
	c.released = true
	if b.calls[c.id] == c {
		delete(b.calls, c.id)
	}
	for _, t := range c.txns {
		b.untrack(t)
	}
	for _, m := range c.messages {
		b.discard(m)
	}
	for _, st := range c.streams {
		if st.owner == c {
			st.owner = nil // unless it is released now
		}
	}
	for _, st := range own.streams {
		b.drop(st)
	}
	for _, r := range own.reports {
		b.dropReport(r)
	}
	ofCall := func(cl claim) bool { return cl.call == c }
	for _, a := range c.spots {
		p := b.spots[a]
		p.described = slices.DeleteFunc(p.described, ofCall)
		p.reporting = slices.DeleteFunc(p.reporting, ofCall)
		p.epoch++
		b.vacate(a)
	}
	b.gone.calls++
	b.sweep()
}

// retire tells and forgets the streams of no call that ended.
func (b *Builder) retire() {
	s := b.snapshot(b.until, 0, 0, 0)
	for _, st := range b.inOrder {
		if st.gone || st.owner != nil || b.until.Sub(st.last) < 2*finishAfter {
			continue
		}
		who := b.bySSRC[st.key.ssrc]
		out := s.stream(st)
		s.claimByReports(who.reports)
		if out.CallID != "" {
			continue
		}
		s.assignReports(who.reports)
		b.tellStream(out)
		if len(who.streams) == 1 {
			for _, r := range slices.Clone(who.reports) {
				if s.ownReport(r, nil, who.streams) {
					b.dropReport(r)
				}
			}
		}
		b.drop(st)
	}
	b.retireAt = max(retireAt, 2*(len(b.inOrder)-b.gone.streams))
	b.sweep()
}

// drop forgets a stream.
func (b *Builder) drop(st *stream) {
	st.gone = true
	b.gone.streams++
	for _, p := range st.at {
		p.streams = slices.DeleteFunc(p.streams, func(x *stream) bool { return x == st })
	}
	b.unfollow(st)
	who := b.bySSRC[st.key.ssrc]
	who.streams = slices.DeleteFunc(who.streams, func(x *stream) bool { return x == st })
	b.silence(st.key.ssrc)
}

// dropReport forgets an RTCP packet.
func (b *Builder) dropReport(r *report) {
	is := func(x *report) bool { return x == r }
	r.gone = true
	b.gone.reports++
	for _, a := range r.spots() {
		p := b.spots[a]
		p.reports = slices.DeleteFunc(p.reports, is)
		b.vacate(a)
	}
	for _, ssrc := range r.names() {
		who := b.bySSRC[ssrc]
		who.reports = slices.DeleteFunc(who.reports, is)
		b.silence(ssrc)
	}
}

// silence forgets an SSRC that nobody has any more.
func (b *Builder) silence(ssrc uint32) {
	if who := b.bySSRC[ssrc]; who != nil && len(who.streams)+len(who.reports) == 0 {
		delete(b.bySSRC, ssrc)
	}
}

// gone counts what is forgotten and still stands in the lists that are in order.
type gone struct{ messages, calls, streams, reports int }

// sweep takes out of these lists what is gone, when it is most of them.
func (b *Builder) sweep() {
	const few = 64
	if g := &b.gone.messages; *g > few && *g*2 > len(b.messages) {
		b.messages, *g = slices.DeleteFunc(b.messages, func(m *Message) bool { return m.gone }), 0
	}
	if g := &b.gone.calls; *g > few && *g*2 > len(b.ordered) {
		b.ordered, *g = slices.DeleteFunc(b.ordered, func(c *call) bool { return c.released }), 0
	}
	if g := &b.gone.streams; *g > few && *g*2 > len(b.inOrder) {
		b.inOrder, *g = slices.DeleteFunc(b.inOrder, func(s *stream) bool { return s.gone }), 0
	}
	if g := &b.gone.reports; *g > few && *g*2 > len(b.reports) {
		b.reports, *g = slices.DeleteFunc(b.reports, func(r *report) bool { return r.gone }), 0
	}
}

// purge is sweep at once, before all is looked at.
func (b *Builder) purge() {
	b.messages = slices.DeleteFunc(b.messages, func(m *Message) bool { return m.gone })
	b.ordered = slices.DeleteFunc(b.ordered, func(c *call) bool { return c.released })
	b.inOrder = slices.DeleteFunc(b.inOrder, func(s *stream) bool { return s.gone })
	b.reports = slices.DeleteFunc(b.reports, func(r *report) bool { return r.gone })
	b.gone = gone{}
}
