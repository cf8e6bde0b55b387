package sipclient

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// ringing is our 180 to a caller that insists on reliable ones (RFC 3262 3). Who only
// supports them gets a plain one.
type ringing struct {
	rack   string        // what the PRACK must say
	offers bool          // the 180 carries our offer, and the PRACK the answer to it
	came   chan struct{} // closed: the PRACK came
	failed chan struct{} // closed: none came
	once   sync.Once
}

// ringOut sends the 180, and the same again at 0.5 s, 1.5 s, 3.5 s ... until its PRACK
// comes where the caller insists. An INVITE without an offer gets ours in it (RFC 3262 5).
func (c *Call) ringOut(req *sip.Request, tx sip.ServerTransaction) (*ringing, error) {
	p := c.phone
	res := response(req, 180, "Ringing", "Contact", p.contactFor(req), "Allow", allowed)
	r := &ringing{came: make(chan struct{}), failed: make(chan struct{})}
	if !requires(req, "100rel") {
		close(r.came)
		return r, tx.Respond(res)
	}
	rseq := strconv.FormatUint(uint64(1+rand.Uint32N(1<<30)), 10)
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", rseq))
	r.rack = rseq + " " + strconv.FormatUint(uint64(req.CSeq().SeqNo), 10) + " INVITE"
	if sdpBody(req) == nil {
		m, err := c.openLine()
		if err != nil {
			return r, err
		}
		body, err := m.Offer()
		if err != nil {
			return r, err
		}
		r.offers = true
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	c.mu.Lock()
	c.ringing = r
	c.mu.Unlock()
	if err := tx.Respond(res); err != nil {
		return r, err
	}
	p.inBackground(func() { c.repeat180(r, req, tx, res) })
	return r, nil
}

// repeat180 sends a reliable 180 again until its PRACK comes or the call is over.
func (c *Call) repeat180(r *ringing, req *sip.Request, tx sip.ServerTransaction, res *sip.Response) {
	p := c.phone
	pause := 500 * time.Millisecond
	limit := time.NewTimer(p.timing.ack)
	defer limit.Stop()
	for {
		select {
		case <-r.came:
			return
		case <-time.After(pause):
			pause *= 2
			if errors.Is(tx.Respond(res), sip.ErrTransactionCanceled) {
				// Cancelled at the same moment: what the stack repeats must be the 487.
				reply(req, tx, 487, "Request Terminated")
				return
			}
		case <-limit.C:
			p.note(capture.PhoneGaveUp, "PRACK "+c.id)
			close(r.failed)
			return
		case <-c.gone:
			return
		case <-c.hang:
			return
		case <-c.over:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// agreedEarly tells whether our ringing settled the sound of an incoming call.
func (c *Call) agreedEarly() bool {
	c.mu.Lock()
	r := c.ringing
	c.mu.Unlock()
	if r == nil || !r.offers {
		return false
	}
	select {
	case <-r.came:
		return true
	default:
		return false
	}
}

// onPrack takes the PRACK of a reliable 180 of ours. One that matches nothing, or a
// second one, gets 481 (RFC 3262 3).
func (p *Phone) onPrack(req *sip.Request, tx sip.ServerTransaction) {
	c, d := p.within(req, true)
	if c != nil && d != nil && c.pracked(req) {
		reply(req, tx, 200, "OK")
		return
	}
	reply(req, tx, 481, "Call/Transaction Does Not Exist")
}

// pracked tells whether a PRACK is the one that our 180 waits for, and takes the
// answer to our offer in it.
func (c *Call) pracked(req *sip.Request) (matches bool) {
	c.mu.Lock()
	r := c.ringing
	c.mu.Unlock()
	if r == nil || strings.Join(strings.Fields(firstValue(req, "RAck")), " ") != r.rack {
		return false
	}
	r.once.Do(func() {
		matches = true
		if m := c.line(); r.offers && m != nil {
			if err := m.Accept(sdpBody(req)); err != nil {
				c.phone.noteLimit(err)
			}
		}
		close(r.came)
	})
	return matches
}
