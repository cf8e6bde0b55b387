package sipclient

import (
	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/media"
)

// reinvite answers an INVITE inside the call: hold, resume, another address. Our
// direction mirrors theirs; what this phone cannot take is refused with 488 and
// the call goes on as it was (trap 12).
func (c *Call) reinvite(req *sip.Request, tx sip.ServerTransaction) {
	if c.offers.busy() { // both at the same time (RFC 3261 14.2)
		reply(req, tx, 491, "Request Pending")
		return
	}
	p, d, m := c.phone, c.established(), c.line()
	body, late, ok := c.change(req, tx, d, m)
	if !ok {
		return
	}
	res := response(req, 200, "OK", "Contact", p.contactFor(req), "Allow", allowed, "Content-Type", "application/sdp")
	timer := grant(req, res)
	res.SetBody(body)
	wait := c.expectAck(req.CSeq().SeqNo)
	if tx.Respond(res) == nil {
		c.timed(timer)
		c.repeat200(tx, res, wait, late)
	}
}

// change applies the offer of a re-INVITE or UPDATE and gives our description; when it
// is refused, the answer is out and ok is false.
func (c *Call) change(req *sip.Request, tx sip.ServerTransaction, d *dialog, m *media.Line) (body []byte, late, ok bool) {
	if d == nil || m == nil || c.State() == Ended {
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
		return nil, false, false
	}
	if c.phone.tooBrief(req, tx) {
		return nil, false, false
	}
	d.mu.Lock()
	old := req.CSeq().SeqNo <= d.remoteSeq
	if !old {
		d.remoteSeq = req.CSeq().SeqNo
	}
	d.mu.Unlock()
	if old {
		reply(req, tx, 500, "CSeq Out Of Order")
		return nil, false, false
	}
	body, late, err := m.Reply(sdpBody(req))
	if err != nil {
		c.phone.noteLimit(err)
		reply(req, tx, 488, "Not Acceptable Here")
		return nil, false, false
	}
	d.mu.Lock()
	d.retarget(req)
	d.mu.Unlock()
	c.phone.direct(c.phone.ctx, d)
	return body, late, true
}

// onUpdate takes an UPDATE (RFC 3311): with a description it is a change like a
// re-INVITE, without one a sign of life. It may come before the call is answered.
func (p *Phone) onUpdate(req *sip.Request, tx sip.ServerTransaction) {
	c, d := p.within(req, true)
	if c == nil || d == nil {
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	up := d == c.established()
	body := sdpBody(req)
	switch {
	case body == nil && p.tooBrief(req, tx):
		return
	case body == nil:
	case up && c.offers.busy(), !up && !c.incoming && !c.described(d): // our offer is not answered yet (5.2)
		reply(req, tx, 491, "Request Pending")
		return
	case !up && c.incoming && !c.agreedEarly(): // theirs is not
		reply(req, tx, 500, "Server Internal Error", "Retry-After", "5")
		return
	default:
		theirs, ok := body, false
		if body, _, ok = c.change(req, tx, d, c.line()); !ok {
			return
		}
		if !up {
			c.redescribe(d, theirs)
		}
	}
	res := response(req, 200, "OK", "Contact", p.contactFor(req))
	timer := grant(req, res)
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	if tx.Respond(res) == nil && up {
		c.timed(timer)
	}
}
