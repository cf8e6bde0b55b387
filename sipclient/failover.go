package sipclient

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// A server that does not answer, refuses the connection or says 503 gives way to
// the next of its addresses (RFC 3263 4.3). The one that answered stays the
// server for everything until it fails.

// tour lists the server's addresses in the order to try them now.
func (p *Phone) tour() []hop {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []hop{p.server}
	for _, t := range p.targets {
		if t != p.server {
			list = append(list, t)
		}
	}
	return list
}

// turn makes another address the server's. why the old one failed goes onto the
// tape; "" only starts over.
func (p *Phone) turn(to hop, why string) {
	p.mu.Lock()
	from := p.server
	p.server = to
	s := p.streams[to]
	p.mu.Unlock()
	switch c := p.socket(to.addr.Addr()); {
	case to.net == capture.UDP && c != nil:
		p.settle(c.Local())
	case s != nil:
		p.settle(s.local)
	}
	if why != "" {
		p.note(capture.PhoneFallback, network(from.net)+" "+from.addr.String()+": "+why+", using "+network(to.net)+" "+to.addr.String())
	}
}

// share gives one of the addresses that are left its part of the time.
func share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	until, ok := ctx.Deadline()
	if left <= 1 || !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(until)/time.Duration(left))
}

// enough is how many refusals of the server's port end the waiting: one when there
// is another address to try.
func (p *Phone) enough() int {
	if len(p.targets) > 1 {
		return 1
	}
	return enoughRefusals
}

// failure says in words why a request came to nothing at an address; "" when it did not.
func failure(res *sip.Response, err error) string {
	switch {
	case res != nil && res.StatusCode == sip.StatusServiceUnavailable:
		return "503"
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, ErrClosed):
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return errNoAnswer.Error()
	}
	return err.Error()
}

// place leads an outgoing call from its first INVITE to its end, wherever it is sent
// on with the person's consent (RFC 3261 8.1.3.4).
func (c *Call) place(ctx context.Context, target sip.Uri) {
	s := &setup{deadline: time.NewTimer(setupTime), until: time.Now().Add(setupTime), given: ctx.Done(), hang: c.hang, tried: []string{addressee(target)}}
	defer s.deadline.Stop()
	c.placeAnywhere(ctx, s, target)
	for {
		next, ok := c.redirected(ctx, s)
		switch {
		case !ok:
			return
		case c.phone.elsewhere(next):
			c.placeElsewhere(ctx, s, next)
		default:
			c.placeAnywhere(ctx, s, next)
		}
	}
}

// placeAnywhere calls at whichever of the server's addresses takes it.
func (c *Call) placeAnywhere(ctx context.Context, s *setup, target sip.Uri) {
	p := c.phone
	hops := p.tour()
	for i := range hops {
		s.last = i == len(hops)-1
		why := c.placeAt(ctx, s, target)
		switch {
		case why == "":
			return
		case s.last && len(hops) > 1:
			p.turn(p.targets[0], "")
		case !s.last:
			p.turn(hops[i+1], why)
		}
	}
}

// placeAt tries one address, and says why that came to nothing.
func (c *Call) placeAt(ctx context.Context, s *setup, target sip.Uri) (why string) {
	w, err := c.setOut(ctx)
	if err != nil {
		return failure(nil, err)
	}
	offer, err := c.offerFrom(w)
	if err != nil {
		return ""
	}
	s.seq++
	return c.callOut(ctx, s, c.phone.inviteRequest(c, target, w, offer, s.seq))
}

// offerFrom gives our description, from sockets of the IP version that the way has.
func (c *Call) offerFrom(w way) ([]byte, error) {
	m := c.line()
	if m.Local().Addr().Is4() != w.local.Addr().Is4() {
		other, err := c.newLine()
		if err != nil {
			return nil, err
		}
		m.Close()
		c.mu.Lock()
		c.media = other
		c.mu.Unlock()
		m = other
	}
	return m.Offer()
}

// linger leaves an INVITE that another address got meanwhile: it is not repeated,
// and a late answer is cancelled or ended, or a phone would ring for nobody.
func (c *Call) linger(tx *sip.ClientTx, invite *sip.Request) {
	p := c.phone
	p.mute(invite)
	p.inBackground(func() {
		defer tx.Terminate()
		limit := time.NewTimer(lateTime)
		defer limit.Stop()
		cancelled := false
		for {
			select {
			case res := <-tx.Responses():
				switch {
				case res.StatusCode >= 300:
					return
				case res.IsSuccess():
					c.disown(invite, res)
				case !cancelled:
					c.cancel(invite)
					cancelled = true
				}
			case <-tx.Done():
				return
			case <-limit.C:
				return
			case <-p.ctx.Done():
				return
			}
		}
	})
}

// disown acknowledges and ends an answer that nobody wants any more.
func (c *Call) disown(invite *sip.Request, res *sip.Response) {
	p := c.phone
	d := c.dialogOut(invite, res)
	ack := p.ackFor(d, invite)
	c.mu.Lock()
	known := c.forks[d.remoteTag()] != nil
	c.forks[d.remoteTag()] = ack
	c.mu.Unlock()
	p.send(ack)
	if !known {
		p.behindACK()
		c.bye(d)
	}
}
