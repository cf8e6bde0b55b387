package evidence

import (
	"bytes"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// twin is how close a second copy of a message can follow without being a
// retransmission (RFC 3261 17.1.1.1: those wait at least T1, 500 ms; some
// devices use less): the capture holds it twice, as "any" interfaces and mirror
// ports make it.
const twin = 5 * time.Millisecond

// txn is a Transaction on one hop, with what is needed to find it.
type txn struct {
	key    txnKey
	method string
	cseq   uint32
	flow   // of the request
	req    *Message
	resp   []*Message
	ack    *Message // INVITE only, whatever the answer's class
	toTag  bool     // the request was sent inside a dialog
	later  []int    // final codes of the same registration that were forgotten
	call   *call
}

// txnKey names a transaction (RFC 3261 17.1.3). Old devices that repeat a branch
// or have none are told apart by Call-ID and CSeq.
type txnKey struct {
	callID, branch, method string
	cseq                   uint32
}

// sip takes one SIP message.
func (b *Builder) sip(p *packet, data []byte) {
	text := p.sip
	if text == nil {
		var err error
		if text, err = sipmsg.Parse(data); err != nil {
			b.odd.add(p, "looks like SIP but cannot be read: "+err.Error())
			return
		}
	}
	cseq, method, ok := text.CSeq()
	switch {
	case text.IsRequest():
		method = text.Method // a CSeq that disagrees is the sender's fault, told in Problems
	case !ok:
		b.odd.add(p, "a SIP answer without a readable CSeq: nobody can tell what it answers")
	}
	m := &Message{N: p.n, Time: p.at, Net: p.net, From: p.from, To: p.to, Hops: p.hops, Size: len(data), Message: text,
		read: true, toTag: text.ToTag(), id: text.CallID()}
	key := txnKey{callID: m.id, branch: text.Branch(), method: method, cseq: cseq}
	if c := b.calls[key.callID]; c != nil {
		b.happens(c, m.Time)
	}
	switch {
	case method == "":
		b.keep(m, key.callID)
	case !text.IsRequest():
		b.response(m, key)
	case method == "ACK":
		b.ack(m, key)
	default:
		b.request(m, key)
	}
}

// keep adds a message to all, and to its call's or to those of no call.
func (b *Builder) keep(m *Message, id string) {
	b.messages = append(b.messages, m)
	b.distinct++
	b.witness(m)
	b.passed(m)
	if c := b.calls[id]; c != nil {
		c.messages = append(c.messages, m)
		return
	}
	if b.strays == nil {
		b.strays = make(map[string][]*Message)
	}
	b.strays[id] = append(b.strays[id], m)
	if b.outside++; b.tell != nil && b.outside >= max(b.thinAt, thinAt) && !b.notes.have.Has(HaveLive) {
		b.toThin = true
	}
}

// again records a further copy of a message.
func (b *Builder) again(first, m *Message) {
	if d := m.Time.Sub(first.Last()); d >= 0 && d < twin && !m.Time.IsZero() {
		if first.Twins++; first.Twins == 1 {
			b.twinned++
		}
		return
	}
	first.Copies = append(first.Copies, Copy{N: m.N, Time: m.Time})
}

// request opens a transaction, or finds the one that m repeats.
func (b *Builder) request(m *Message, key txnKey) {
	for _, t := range b.txns[key] {
		if t.from == m.From && t.to == m.To {
			b.again(t.req, m)
			b.changed(t)
			return
		}
	}
	t := &txn{key: key, method: key.method, cseq: key.cseq, flow: flow{m.From, m.To}, req: m, toTag: m.ToTag() != ""}
	if b.txns == nil {
		b.txns = make(map[txnKey][]*txn)
	}
	b.txns[key] = append(b.txns[key], t)
	b.keep(m, key.callID)
	t.call = b.calls[key.callID]
	if t.call == nil && key.method == "INVITE" {
		t.call = b.newCall(key.callID, m)
	}
	if t.call == nil {
		b.loose = append(b.loose, t)
		b.changed(t)
		return
	}
	t.call.add(b, t)
	t.call.adopt(b, t, key)
}

// response files an answer under the request that it answers on its own hop.
func (b *Builder) response(m *Message, key txnKey) {
	t := best(b.txns[key], m)
	if t == nil {
		b.orphan(m, key)
		return
	}
	b.changed(t)
	tag := m.ToTag()
	for _, r := range t.resp {
		if r.Status == m.Status && r.ToTag() == tag && (m.Status >= 200 || sameProgress(r, m)) {
			b.again(r, m)
			return
		}
	}
	t.resp = append(t.resp, m)
	b.keep(m, key.callID)
	if t.call != nil {
		if m.Status >= 300 {
			t.call.changed(b) // what the request described does not hold
		}
		t.call.answered(b, t, m)
	}
}

// changed counts what happens to transactions of no call.
func (b *Builder) changed(t *txn) {
	if t.call == nil {
		b.changes++
	}
}

// sameProgress tells a repeated provisional answer from a further one with the
// same code, such as a 183 that now brings SDP (RFC 3262 3 numbers the reliable ones).
func sameProgress(a, b *Message) bool {
	return a.Get("RSeq") == b.Get("RSeq") && bytes.Equal(a.Body, b.Body)
}

// best chooses among the hops of a request the one that an answer travels back
// on. The branch alone names the transaction; addresses only separate hops that
// share it.
func best(hops []*txn, m *Message) (t *txn) {
	top := -1
	for _, h := range hops {
		score := 0
		switch {
		case h.from == m.To && h.to == m.From:
			score = 3
		case h.from == m.To:
			score = 2
		case h.from.Addr() == m.To.Addr():
			score = 1
		}
		if score > top {
			t, top = h, score
		}
	}
	return t
}

// orphan keeps an answer whose request the records do not hold.
func (b *Builder) orphan(m *Message, key txnKey) {
	c := b.calls[key.callID]
	if c == nil && key.method == "INVITE" {
		c = b.newCall(key.callID, m)
	}
	if c == nil {
		b.keep(m, key.callID)
		return
	}
	tag := m.ToTag()
	for _, o := range c.orphans {
		if o.Status == m.Status && o.From == m.From && o.Branch() == key.branch && o.ToTag() == tag {
			b.again(o, m)
			return
		}
	}
	b.keep(m, key.callID)
	if key.method == "INVITE" {
		c.orphans = append(c.orphans, m)
		c.answered(b, nil, m)
	}
}

// ack files an ACK: with the branch of the INVITE for a refusal (RFC 3261
// 17.1.1.3), with one of its own for a 2xx (13.2.2.4), found by the CSeq number.
func (b *Builder) ack(m *Message, key txnKey) {
	key.method = "INVITE"
	t := oneWay(b.txns[key], m)
	if c := b.calls[key.callID]; t == nil && c != nil {
		t = c.ackFor(m, key.cseq)
	}
	if t != nil {
		b.changed(t)
	}
	switch {
	case t == nil:
		b.keep(m, key.callID)
	case t.ack == nil:
		t.ack = m
		b.keep(m, key.callID)
		if t.call != nil {
			b.describe(t.call, m)
		}
	case t.ack.From == m.From && t.ack.To == m.To && t.ack.Branch() == key.branch:
		b.again(t.ack, m)
	default:
		b.keep(m, key.callID) // the same ACK on another hop
	}
}

// oneWay finds the hop whose request went the same way.
func oneWay(hops []*txn, m *Message) *txn {
	for _, t := range hops {
		if t.from == m.From && t.to == m.To {
			return t
		}
	}
	return nil
}
