package sipclient

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// ackWait is a 200 of ours that waits for its ACK.
type ackWait struct {
	came  chan struct{}
	stale chan struct{} // closed: a later 200 waits, nobody needs this one any more
	body  []byte
}

// expectAck waits for the ACK of the 200 to the INVITE with a number. Who sends the
// next INVITE has the 200 of the last, so that is not repeated any more: else
// re-INVITEs without end would be answered by 200s without end.
func (c *Call) expectAck(seq uint32) *ackWait {
	w := &ackWait{came: make(chan struct{}), stale: make(chan struct{})}
	c.mu.Lock()
	for before, old := range c.acks {
		close(old.stale)
		delete(c.acks, before)
	}
	c.acks[seq] = w
	c.mu.Unlock()
	return w
}

func (c *Call) gotAck(req *sip.Request) {
	seq := req.CSeq().SeqNo
	c.mu.Lock()
	w := c.acks[seq]
	delete(c.acks, seq)
	c.mu.Unlock()
	if w != nil {
		w.body = sdpBody(req)
		close(w.came)
	}
}

// awaitAck waits for the ACK of the call's 200, but not for long: a BYE should not
// overtake it (RFC 3261 15).
func (c *Call) awaitAck(patience time.Duration) {
	c.mu.Lock()
	var open *ackWait
	for _, w := range c.acks {
		open = w
	}
	c.mu.Unlock()
	if open == nil {
		return
	}
	select {
	case <-open.came:
	case <-c.gone:
	case <-c.phone.ctx.Done():
	case <-time.After(patience):
	}
}

// repeat200 sends a 200 again at 0.5 s, 1 s, 2 s, 4 s, 4 s ... until its ACK comes
// (RFC 3261 13.3.1.4). Without one the call is over after 32 s: noted, and ended
// with BYE (trap 19). With a late offer, the ACK carries the answer.
func (c *Call) repeat200(tx sip.ServerTransaction, res *sip.Response, wait *ackWait, late bool) {
	p := c.phone
	pause := 500 * time.Millisecond
	limit := time.NewTimer(p.timing.ack)
	defer limit.Stop()
	for {
		select {
		case <-wait.came:
			if late {
				c.lateAnswer(wait.body)
			}
			return
		case <-time.After(pause):
			_ = tx.Respond(res)
			pause = min(2*pause, 4*time.Second)
		case <-limit.C:
			p.note(capture.PhoneGaveUp, "ACK "+c.id)
			c.mu.Lock()
			clear(c.acks)
			c.mu.Unlock()
			c.hangOnce.Do(func() { close(c.hang) })
			return
		case <-wait.stale:
			return
		case <-c.gone:
			return
		case <-c.hang:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// lateAnswer takes the description in the ACK that answers our offer in the 200.
func (c *Call) lateAnswer(body []byte) {
	m := c.line()
	if m == nil {
		return
	}
	if err := m.Accept(body); err != nil {
		c.phone.noteLimit(err)
		c.hangOnce.Do(func() { close(c.hang) })
		return
	}
	m.Talk()
}
