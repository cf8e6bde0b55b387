package sipclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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
	if was := m.setHeld(hold); was == hold {
		return nil
	}
	res, err := c.offerAgain(ctx, nil)
	switch {
	case err != nil:
	case !res.IsSuccess():
		err = fmt.Errorf("the other side refused it with %d %s", res.StatusCode, res.Reason)
	}
	if err != nil {
		m.setHeld(!hold)
	}
	return err
}

// setHeld notes whether we hold the other side, and tells whether we did.
func (m *mediaLine) setHeld(hold bool) (was bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, m.held = m.held, hold
	return was
}

// direct names our direction in a description of ours: what it says, less what a
// hold of ours leaves out.
func direct(body []byte, held, offer bool) []byte {
	lines := strings.Split(string(body), "\r\n")
	for i, line := range lines {
		switch {
		case !strings.HasPrefix(line, "a="):
		case offer && directions[line[2:]]:
			lines[i] = "a=sendrecv" // whatever the last answer came to
			if held {
				lines[i] = "a=sendonly"
			}
		case held && line == "a=sendrecv":
			lines[i] = "a=sendonly"
		case held && line == "a=recvonly":
			lines[i] = "a=inactive"
		}
	}
	return []byte(strings.Join(lines, "\r\n"))
}

var directions = map[string]bool{"sendrecv": true, "sendonly": true, "recvonly": true, "inactive": true}

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
	body, err := m.offer()
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
		next := round.answer(p, req, res)
		switch {
		case next != nil:
			req = next
			continue
		case res.StatusCode == 481, res.StatusCode == 408: // the other side has lost the call (RFC 3261 12.2.1.2)
			c.hangOnce.Do(func() { close(c.hang) })
		case res.IsSuccess():
			if err := m.accept(sdpBody(res)); err != nil {
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
