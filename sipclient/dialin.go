package sipclient

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/media"
)

// ringTime is how long an incoming call may ring here.
const ringTime = 3 * time.Minute

// The stack sends 100 by itself when nothing was answered for 200 ms (RFC 3261 17.2.1),
// from a goroutine that reads the request just when we may be writing our tag into it.
// This phone rings at once, or says no: there is nothing to be patient about.
func init() { sip.Timer_1xx = time.Hour }

// Await returns the next incoming call, or the context's error. The call is
// ringing: nothing but 180 has been sent. Calls that ended before anybody
// awaited them are skipped; the tape has them.
func (p *Phone) Await(ctx context.Context) (*Call, error) {
	if err := p.usable(); err != nil {
		return nil, err
	}
	for {
		select {
		case c := <-p.ringing:
			if c.State() != Ended {
				return c, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.leaving.Done():
			return nil, ErrClosed
		}
	}
}

// Answer takes an incoming call: 200 with our description. It returns when the
// call is answered or ended; an offer that this phone cannot take ends it with 488.
func (c *Call) Answer(ctx context.Context) error {
	if !c.incoming {
		return errors.New("only an incoming call can be answered")
	}
	c.ansOnce.Do(func() { close(c.answer) })
	c.Wait(ctx, Answered)
	return ctx.Err()
}

// onInvite takes an INVITE: a new call, or a change to one.
func (p *Phone) onInvite(req *sip.Request, tx sip.ServerTransaction) {
	if tag, ok := req.To().Params.Get("tag"); ok && tag != "" {
		switch c, d := p.within(req, true); {
		case c == nil || d == nil:
		case d == c.established():
			c.reinvite(req, tx)
			return
		case c.incoming: // its first INVITE has no answer yet (RFC 3261 14.2)
			reply(req, tx, 500, "Server Internal Error", "Retry-After", "5")
			return
		default:
			reply(req, tx, 491, "Request Pending")
			return
		}
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	id := req.CallID().Value()
	if p.call(id) != nil {
		reply(req, tx, 482, "Merged Request") // RFC 3261 8.2.2.2
		return
	}
	if p.tooBrief(req, tx) {
		return
	}
	if lacking := unsupported(req); lacking != "" {
		p.note(capture.PhoneLimit, "this test phone cannot do the extension "+lacking+": the caller requires it")
		reply(req, tx, 420, "Bad Extension", "Unsupported", lacking)
		return
	}
	c := p.newCall(id, true)
	// Before anybody finds the call, see inOrder: the stack's own 487 carries it, too.
	req.To().Params.Add("tag", c.localTag)
	if err := p.keep(c); err != nil {
		reply(req, tx, 486, "Busy Here")
		return
	}
	defer p.wg.Done()
	defer c.finish()
	c.callIn(req, tx)
}

// extensions are the option tags that this phone understands.
const extensions = "100rel, timer"

// unsupported lists what a request requires and we lack (RFC 3261 8.2.2.3).
func unsupported(req *sip.Request) string {
	var list []string
	for _, line := range headerValues(req, "Require") {
		for _, tag := range splitList(line) {
			if tag != "" && !slices.Contains(splitList(extensions), strings.ToLower(tag)) {
				list = append(list, tag)
			}
		}
	}
	return strings.Join(list, ", ")
}

// callIn leads an incoming call from its INVITE to its end. It stays in the
// handler the whole time: the stack drops a transaction whose handler returns early.
func (c *Call) callIn(req *sip.Request, tx sip.ServerTransaction) {
	p := c.phone
	if !tx.OnCancel(func(*sip.Request) { c.remoteEnded() }) {
		return
	}
	d := incoming(req, c.localTag)
	c.mu.Lock()
	c.branches[d.remoteTag()] = &branch{d: d, invite: req.CSeq().SeqNo}
	c.mu.Unlock()
	ring, err := c.ringOut(req, tx)
	if err != nil {
		p.note(capture.PhoneLimit, "this test phone got no sockets for sound: "+err.Error())
		reply(req, tx, 500, "Server Internal Error")
		return
	}
	c.reach(Ringing)
	if !p.ring(c) {
		reply(req, tx, 486, "Busy Here")
		return
	}
	limit := time.NewTimer(ringTime)
	defer limit.Stop()
	answer, confirmed := c.answer, ring.came
	for answer != nil || confirmed != nil { // a 2xx may not overtake the PRACK (RFC 3262 3)
		select {
		case <-answer:
			answer = nil
		case <-confirmed:
			confirmed = nil
		case <-ring.failed:
			reply(req, tx, 504, "Server Time-out")
			return
		case <-c.gone:
			return
		case <-tx.Done():
			return
		case <-c.hang:
			reply(req, tx, 486, "Busy Here")
			return
		case <-p.ctx.Done():
			reply(req, tx, 480, "Temporarily Unavailable")
			return
		case <-limit.C:
			p.note(capture.PhoneGaveUp, "INVITE "+c.id)
			reply(req, tx, 480, "Temporarily Unavailable")
			return
		}
	}
	if c.over200(req, tx, d, ring.offers) {
		c.talk()
	}
}

// ring queues a call for Await. Calls that ended before anybody awaited them make room.
func (p *Phone) ring(c *Call) bool {
	for range 2 * maxRinging {
		select {
		case p.ringing <- c:
			return true
		default:
		}
		select {
		case old := <-p.ringing:
			if old.State() == Ended {
				continue
			}
			select {
			case p.ringing <- old:
			default: // others took its place meanwhile: it rings on, unseen, to its end
			}
		default:
		}
	}
	return false
}

// openLine opens the sockets of the call's sound, if they are not open yet.
func (c *Call) openLine() (*media.Line, error) {
	if m := c.line(); m != nil {
		return m, nil
	}
	m, err := c.newLine()
	if err == nil {
		c.mu.Lock()
		c.media = m
		c.mu.Unlock()
	}
	return m, err
}

// over200 sends the 200 and starts the sound; false when the call ended instead.
// settled tells that offer and answer went with the ringing, so that it has none.
func (c *Call) over200(req *sip.Request, tx sip.ServerTransaction, d *dialog, settled bool) bool {
	p := c.phone
	select {
	case <-c.gone: // a CANCEL came first (trap 10)
		return false
	default:
	}
	m, err := c.openLine()
	if err != nil {
		p.note(capture.PhoneLimit, "this test phone got no sockets for sound: "+err.Error())
		reply(req, tx, 500, "Server Internal Error")
		return false
	}
	var body []byte
	late := false
	if !settled {
		if body, late, err = m.Reply(sdpBody(req)); err != nil {
			p.noteLimit(err)
			reply(req, tx, 488, "Not Acceptable Here")
			return false
		}
	}
	p.direct(p.ctx, d)
	c.mu.Lock()
	c.dialog = d
	c.mu.Unlock()
	res := response(req, 200, "OK", "Contact", p.contactFor(req), "Allow", allowed, "Supported", extensions)
	timer := grant(req, res)
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	wait := c.expectAck(req.CSeq().SeqNo)
	if err := tx.Respond(res); err != nil {
		return false // cancelled at the same moment: the stack has sent 487
	}
	if !late {
		m.Talk()
	}
	c.reach(Answered)
	c.timed(timer)
	p.inBackground(func() { c.repeat200(tx, res, wait, late) })
	return true
}
