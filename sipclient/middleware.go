package sipclient

import (
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// handle puts the phone's handlers into the stack's server.
func (p *Phone) handle(srv *sipgo.Server) {
	on := func(m sip.RequestMethod, f sipgo.RequestHandler) { srv.OnRequest(m, p.guarded(f)) }
	on(sip.INVITE, p.onInvite)
	on(sip.ACK, p.onAck)
	on(sip.BYE, p.onBye)
	on(sip.UPDATE, p.onUpdate)
	on(sip.INFO, p.onInfo)
	on(sip.OPTIONS, p.onOptions)
	on(sip.MESSAGE, p.onMessage)
	on(sip.REFER, p.onRefer)
	on(sip.NOTIFY, p.onNotify)
	on(sip.SUBSCRIBE, p.onSubscribe)
	on(sip.PRACK, p.onPrack)
	on(sip.CANCEL, func(req *sip.Request, tx sip.ServerTransaction) { // the stack matches those that hit (RFC 3261 9.2)
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
	})
	srv.OnNoRoute(p.guarded(p.onOther))
}

// guarded wraps a handler: whatever a remote party makes it trip over ends in a
// 500, never in the end of the program (trap 2), and Close waits for it.
func (p *Phone) guarded(f sipgo.RequestHandler) sipgo.RequestHandler {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		if !p.enter() {
			return
		}
		defer p.wg.Done()
		defer func() {
			if recover() != nil {
				p.noteOnce(capture.PhoneLimit, "this test phone stumbled over a "+string(req.Method)+" request", time.Second)
				defer func() { _ = recover() }()
				if !req.IsAck() {
					reply(req, tx, 500, "Server Internal Error")
				}
			}
		}()
		f(req, tx)
	}
}

// reply answers a request; extra is a list of header names and values.
func reply(req *sip.Request, tx sip.ServerTransaction, code int, text string, extra ...string) {
	_ = tx.Respond(response(req, code, text, extra...))
}

func response(req *sip.Request, code int, text string, extra ...string) *sip.Response {
	res := sip.NewResponseFromRequest(req, code, text, nil)
	res.AppendHeader(sip.NewHeader("Server", userAgent))
	for i := 0; i+1 < len(extra); i += 2 {
		res.AppendHeader(sip.NewHeader(extra[i], extra[i+1]))
	}
	return res
}

// within finds the call and the dialog that a request belongs to; without a dialog, it
// is one of a branch that lost. A request may overtake the answer that makes its
// dialog, so a known call is given a moment (trap 9). early lets dialogs count whose
// call is not answered yet.
func (p *Phone) within(req *sip.Request, early bool) (*Call, *dialog) {
	c := p.call(req.CallID().Value())
	if c == nil {
		return nil, nil
	}
	local, _ := req.To().Params.Get("tag")
	remote, _ := req.From().Params.Get("tag")
	if local != c.localTag {
		return nil, nil
	}
	wait := time.NewTimer(300 * time.Millisecond)
	defer wait.Stop()
	for {
		c.mu.Lock()
		d, fork, b, changed := c.dialog, c.forks[remote], c.branches[remote], c.changed
		c.mu.Unlock()
		switch {
		case d != nil && d.remoteTag() == remote:
			return c, d
		case fork != nil:
			return c, nil
		case early && b != nil:
			return c, b.d
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Millisecond):
		case <-wait.C:
			return nil, nil
		case <-p.ctx.Done():
			return nil, nil
		}
	}
}

func (p *Phone) onBye(req *sip.Request, tx sip.ServerTransaction) {
	c, d := p.within(req, false)
	if c == nil {
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	reply(req, tx, 200, "OK")
	if d != nil {
		c.remoteEnded()
	}
}

// onAck takes the ACK of a 200 of ours. Those of refusals stay in the stack.
func (p *Phone) onAck(req *sip.Request, _ sip.ServerTransaction) {
	if c := p.call(req.CallID().Value()); c != nil {
		if local, _ := req.To().Params.Get("tag"); local == c.localTag {
			c.gotAck(req)
		}
	}
}
