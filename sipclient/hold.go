package sipclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// errNotAnswered: only an answered call can be put on hold.
var errNotAnswered = errors.New("the call is not up: it can be held once it is answered")

// offerTime bounds a re-INVITE of ours, whatever the other side does.
const offerTime = 8 * time.Second

// Hold puts the other side on hold: a re-INVITE offers "sendonly" (RFC 3264 8.4),
// and our sound stops. A refusal is an error that names its code, and the call
// goes on as it was; silence is one, too. Holding twice does nothing.
func (c *Call) Hold(ctx context.Context) error { return c.setHold(ctx, true) }

// Resume takes the other side off hold.
func (c *Call) Resume(ctx context.Context) error { return c.setHold(ctx, false) }

func (c *Call) setHold(ctx context.Context, hold bool) error {
	m := c.line()
	if c.State() != Answered || m == nil || c.established() == nil {
		return errNotAnswered
	}
	if was := m.SetHeld(hold); was == hold {
		return nil
	}
	res, err := c.offerAgain(ctx, nil)
	switch {
	case err != nil:
	case !res.IsSuccess():
		err = fmt.Errorf("the other side refused it with %d %s", res.StatusCode, res.Reason)
	}
	if err != nil {
		m.SetHeld(!hold)
	}
	return err
}

// offerAgain sends a re-INVITE with our description and takes the answer. When
// both sides send one at the same time, ours is repeated after the pause that
// RFC 3261 14.1 asks for.
func (c *Call) offerAgain(ctx context.Context, dress func(*sip.Request)) (*sip.Response, error) {
	p := c.phone
	ctx, stop := context.WithTimeout(ctx, offerTime)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	if !c.offers.take(ctx) {
		return nil, ctx.Err()
	}
	defer c.offers.free()
	for try := 0; ; try++ {
		res, err := c.offerOnce(ctx, dress)
		if err != nil || res.StatusCode != 491 || try > 0 {
			return res, err
		}
		pause := rand.N(2 * time.Second)
		if !c.incoming { // the owner of the Call-ID waits longer
			pause = 2100*time.Millisecond + rand.N(1900*time.Millisecond)
		}
		select {
		case <-time.After(pause):
		case <-c.over:
			return nil, errNotAnswered
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// offerOnce does one re-INVITE, with credentials where the server wants them.
func (c *Call) offerOnce(ctx context.Context, dress func(*sip.Request)) (*sip.Response, error) {
	p, d, m := c.phone, c.established(), c.line()
	body, err := m.Offer()
	if err != nil {
		return nil, err
	}
	req := p.inDialog(d, sip.INVITE)
	p.dress(req)
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	if dress != nil {
		dress(req)
	}
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(body)
	round := p.auth.round()
	defer round.end()
	for {
		res, err := c.sendOffer(ctx, d, req)
		d.used(req)
		if err != nil {
			return nil, err
		}
		next := round.answer(ctx, p, req, res)
		switch {
		case next != nil:
			req = next
			continue
		case res.StatusCode == 481, res.StatusCode == 408: // the other side has lost the call (RFC 3261 12.2.1.2)
			c.hangOnce.Do(func() { close(c.hang) })
		case res.IsSuccess():
			if err := m.Accept(sdpBody(res)); err != nil {
				p.noteLimit(err)
				return nil, err
			}
			c.timed(agreed(res))
		}
		return res, nil
	}
}

// sendOffer sends one re-INVITE and acknowledges its 2xx, each time that one comes.
func (c *Call) sendOffer(ctx context.Context, d *dialog, req *sip.Request) (*sip.Response, error) {
	p := c.phone
	p.prepare(ctx, req)
	var mu sync.Mutex
	var ack *sip.Request
	tx, err := p.begin(p.ctx, req, func(*sip.Response) {
		mu.Lock()
		defer mu.Unlock()
		if ack != nil {
			p.send(ack)
		}
	})
	if err != nil {
		return nil, err
	}
	for {
		select {
		case res := <-tx.Responses():
			if res.StatusCode < 200 {
				continue
			}
			if res.IsSuccess() {
				d.mu.Lock()
				d.retarget(res)
				d.mu.Unlock()
				mu.Lock()
				ack = p.ackFor(d, req)
				p.send(ack)
				mu.Unlock()
			}
			return res, nil
		case <-tx.Done():
			return nil, errNoAnswer
		case <-c.over:
			tx.Terminate()
			return nil, errNotAnswered
		case <-ctx.Done():
			p.mute(req)
			tx.Terminate()
			return nil, ctx.Err()
		}
	}
}

// turns lets one in at a time.
type turns chan struct{}

func (t turns) take(ctx context.Context) bool {
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (t turns) free() { <-t }

// busy tells whether somebody is in.
func (t turns) busy() bool { return len(t) > 0 }
