package evidence

import (
	"container/heap"
	"net/netip"
	"slices"
	"time"
)

// call is a Call as the records build it up. What depends on whose view is
// taken is worked out in assemble.
type call struct {
	id         string
	began      time.Time
	ended      time.Time // zero while it lasts
	answeredAt time.Time
	up         bool
	txns       []*txn
	orphans    []*Message // answers to an INVITE that the records do not hold
	media      []*description
	refused    bool
	challenged bool                   // by the latest refusal
	sources    map[netip.AddrPort]int // how many were followed, by where their packets go
	spots      []netip.AddrPort       // that it announced
	messages   []*Message             // with its Call-ID, in order
	streams    []*stream              // that were taken for its own when a packet came

	order    int       // among all calls, by their first messages
	seen     time.Time // when the latest message with its Call-ID passed, repeated ones included
	due      time.Time // when it is looked at again whether it is over
	over     bool
	released bool

	protected []*description // those with keys, the latest only
	tag       string         // of the one end; see authorOf
	tagged    bool
}

func (b *Builder) newCall(id string, m *Message) *call {
	c := &call{id: id, began: m.Time, seen: m.Time, messages: b.strays[id]}
	delete(b.strays, id)
	if b.calls == nil {
		b.calls = make(map[string]*call)
	}
	b.calls[id] = c
	b.ordered = append(b.ordered, c)
	b.begun++
	c.order = b.begun
	if b.tell != nil && !m.Time.IsZero() {
		c.due = m.Time.Add(finishAfter)
		heap.Push(&b.expiry, c)
	}
	return c
}

// add takes a new request of the call.
func (c *call) add(b *Builder, t *txn) {
	c.txns = append(c.txns, t)
	if t.req.Time.Before(c.began) {
		c.began = t.req.Time
	}
	switch t.method {
	case "INVITE":
		if !t.toTag && !c.up {
			// The next attempt of the same call, with credentials or another target.
			c.ended, c.refused, c.challenged = time.Time{}, false, false
		}
		b.describe(c, t.req)
	case "UPDATE", "PRACK":
		b.describe(c, t.req)
	case "BYE":
		c.end(b, t.req.Time)
	case "CANCEL":
		if !c.up {
			c.end(b, t.req.Time)
		}
	}
}

// adopt takes over answers that the records hold before their request: some
// captures write packets out of order.
func (c *call) adopt(b *Builder, t *txn, key txnKey) {
	if t.method != "INVITE" || len(c.orphans) == 0 {
		return
	}
	c.orphans = slices.DeleteFunc(c.orphans, func(m *Message) bool {
		n, _, _ := m.CSeq()
		if n != t.cseq || m.Branch() != key.branch || m.To != t.from {
			return false
		}
		t.resp = append(t.resp, m)
		c.answered(b, t, m)
		return true
	})
}

// end marks the moment from which the call's addresses may serve another one.
func (c *call) end(b *Builder, at time.Time) {
	if c.ended.IsZero() {
		c.ended = at
		c.changed(b)
	}
}

// answered takes a new answer; t is nil when its request is unknown.
func (c *call) answered(b *Builder, t *txn, m *Message) {
	if t != nil && t.method == "PRACK" || t != nil && t.method == "UPDATE" {
		b.describe(c, m)
		return
	}
	if t != nil && t.method != "INVITE" {
		return
	}
	b.describe(c, m)
	switch first := t == nil || !t.toTag; {
	case m.Status >= 200 && m.Status < 300 && !c.up && (first || c.answeredAt.IsZero()):
		c.up, c.answeredAt = true, m.Time
		c.ended = time.Time{}
		c.changed(b)
		b.cut(c)
	case m.Status >= 300 && first && !c.up:
		c.refused, c.challenged = true, m.Status == 401 || m.Status == 407
		c.end(b, m.Time)
	}
}

// ackFor finds the INVITE that an ACK with a branch of its own confirms: the one
// with its CSeq number on the same hop, else on any.
func (c *call) ackFor(m *Message, cseq uint32) *txn {
	var any *txn
	for _, t := range c.txns {
		if t.method != "INVITE" || t.cseq != cseq {
			continue
		}
		if t.from == m.From {
			return t
		}
		// An ACK often takes another way than the INVITE (straight to the Contact).
		if any == nil && t.ack == nil {
			any = t
		}
	}
	return any
}
