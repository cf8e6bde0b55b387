package sipclient

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"
)

// cancel sends a CANCEL for the INVITE (RFC 3261 9.1): same branch, same number.
func (c *Call) cancel(invite *sip.Request) {
	p := c.phone
	from := invite.Clone()
	cancel := sip.NewRequest(sip.CANCEL, invite.Recipient)
	for _, name := range []string{"Via", "Route", "Max-Forwards", "From", "To", "Call-ID"} {
		sip.CopyHeaders(name, from, cancel)
	}
	cancel.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	cancel.AppendHeader(sip.NewHeader("User-Agent", userAgent))
	cancel.SetBody(nil)
	address(cancel, wayOf(invite))
	p.inBackground(func() { // repeated until it is answered: it may be lost, and the other phone rings on
		ctx, stop := context.WithTimeout(p.ctx, lateTime)
		defer stop()
		_, _ = p.transact(ctx, cancel)
	})
}

// answered takes the 2xx: the ACK comes first, whatever the answer holds. One
// that has no usable SDP is acknowledged and then ended (trap 8), and so is one
// that comes when we no longer want the call (trap 10).
func (c *Call) answered(invite *sip.Request, res *sip.Response, unwanted bool) {
	p := c.phone
	d := c.dialogOut(invite, res)
	ack := p.ackFor(d, invite)
	c.mu.Lock()
	c.dialog, c.lastAck = d, ack // known before the ACK leaves: a BYE may come right behind it (trap 9)
	c.mu.Unlock()
	p.send(ack)
	if unwanted {
		p.behindACK()
		c.bye(d)
		return
	}
	m := c.line()
	if err := m.Accept(c.said(res)); err != nil {
		p.noteLimit(err)
		p.behindACK()
		c.bye(d)
		return
	}
	m.Talk()
	c.reach(Answered)
	c.timed(agreed(res))
	c.talk()
}

// behindACK waits for a moment in which an ACK gets ahead of the BYE that follows: in a
// proxy with several workers one of them may pass the other.
func (p *Phone) behindACK() {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-p.ctx.Done():
	}
}

// ackFor builds the ACK of a 2xx, with the credentials of its INVITE (22.1).
func (p *Phone) ackFor(d *dialog, invite *sip.Request) *sip.Request {
	ack := p.inDialog(d, sip.ACK)
	ack.CSeq().SeqNo = invite.CSeq().SeqNo
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		sip.CopyHeaders(name, invite, ack)
	}
	return ack
}

// anotherAnswer takes a further 2xx of the same INVITE: the same one again means
// that our ACK was lost; one of another branch is acknowledged and ended.
func (c *Call) anotherAnswer(invite *sip.Request, res *sip.Response) {
	if !res.IsSuccess() || res.To() == nil {
		return
	}
	tag, _ := res.To().Params.Get("tag")
	p := c.phone
	c.mu.Lock()
	ack := c.forks[tag]
	if c.dialog != nil && c.dialog.remoteTag() == tag {
		ack = c.lastAck
	}
	first := c.dialog == nil
	full := len(c.forks) >= 32
	c.mu.Unlock()
	switch {
	case ack != nil:
		p.send(ack)
	case first || full: // the first answer is just being taken; it will be acknowledged
	default:
		p.inBackground(func() { c.disown(invite, res) })
	}
}

// explain notes when a refusal names something that this phone cannot do.
func (c *Call) explain(res *sip.Response) {
}
