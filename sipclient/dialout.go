package sipclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

const (
	maxCalls   = 64 // at the same time, where Config says nothing
	maxRinging = 16 // incoming calls that nobody awaited yet
	// setupTime bounds a call that is only ever on its way: longer than any
	// proxy's timer C (RFC 3261 16.6 asks for more than 3 minutes).
	setupTime = 5 * time.Minute
	// lateTime is how long answers to a call that was given up are still
	// acknowledged and ended properly.
	lateTime = 32 * time.Second
)

var errBusy = errors.New("the test phone has too many calls: hang up some first")

// Dial sends an INVITE and returns at once; the call tells the rest. The context
// bounds the setup: when it is done before the call was answered, the call is
// given up (CANCEL, and a PhoneGaveUp note). It has no say after the answer.
//
// to is a number, a user of the account's domain, or a sip: or tel: URI. An
// emergency number is refused with ErrEmergency, one with a price of its own with
// ErrPremium, and nothing is sent.
func (p *Phone) Dial(ctx context.Context, to string) (*Call, error) {
	if err := p.cfg.mayCall(to); err != nil {
		return nil, err
	}
	if err := p.usable(); err != nil {
		return nil, err
	}
	target, ok := p.target(to)
	if !ok {
		return nil, fmt.Errorf("%q is not a number or an address that can be called: give a number, or name@domain", to)
	}
	if target.IsEncrypted() && p.net != capture.TLS {
		return nil, errors.New("a sips address needs an account over TLS: set the account's transport to tls, or call the address as sip")
	}
	c := p.newCall(randomHex(12), false)
	line, err := c.newLine()
	if err != nil {
		return nil, fmt.Errorf("no sockets for sound: %w", err)
	}
	c.media, c.callee = line, target
	if err := p.keep(c); err != nil {
		line.Close()
		return nil, err
	}
	c.reach(Dialing)
	go func() {
		defer p.wg.Done()
		defer c.finish()
		c.place(ctx, target)
	}()
	return c, nil
}

// setOut opens the way to the server for a call, unless that is given up first.
func (c *Call) setOut(ctx context.Context) (way, error) {
	ctx, stop := c.wanted(ctx)
	defer stop()
	return c.phone.first(ctx)
}

// wanted gives a context that also ends when the call is hung up.
func (c *Call) wanted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.hang:
			stop()
		case <-ctx.Done():
		}
	}()
	return ctx, stop
}

func (p *Phone) inviteRequest(c *Call, target sip.Uri, w way, offer []byte, seq uint32) *sip.Request {
	caller := p.cfg.CallerID
	if caller == "" {
		caller = p.cfg.User
	}
	invite := p.request(sip.INVITE, target, head{callID: c.id, from: p.identity(caller), to: *c.callee.Clone(), fromTag: c.localTag, route: p.routes()}, seq, w)
	p.dress(invite)
	invite.AppendHeader(sip.NewHeader("Supported", extensions))
	invite.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	invite.SetBody(offer)
	return invite
}

// dress adds the headers of a request that sets up a session.
func (p *Phone) dress(req *sip.Request) {
	req.AppendHeader(sip.NewHeader("Contact", p.contactFor(req)))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
}

// callOut leads an outgoing call at one address of the server. It tells why the call is
// to be tried at the next; "" when it is over.
func (c *Call) callOut(ctx context.Context, s *setup, invite *sip.Request) (why string) {
	p := c.phone
	round := p.auth.round()
	defer func() { round.end() }()
	defer p.probeLater(ctx)()
	ctx, stop := c.wanted(ctx)
	defer stop()
	for {
		s.seq = invite.CSeq().SeqNo
		res, why := c.invite(s, invite, round)
		if res == nil {
			return why
		}
		if res.IsSuccess() {
			round.answer(ctx, p, invite, res)
			c.answered(invite, res, s.leaving)
			return ""
		}
		next := c.prove(ctx, s, invite, res, round)
		if next == nil && !s.timed {
			if next = longer(invite, res); next != nil {
				s.timed = true
				round.end()
				round = p.auth.round()
			}
		}
		if next == nil || s.leaving {
			if why := failure(res, nil); why != "" && !s.last && !s.leaving {
				return why
			}
			if redirects(res) {
				s.moved = res
			}
			c.explain(res)
			return ""
		}
		invite = next
	}
}

// prove is the round's answer to a challenge. A call that does not get its turn to send
// the password in time was given up: the challenge is no word on the password.
func (c *Call) prove(ctx context.Context, s *setup, invite *sip.Request, res *sip.Response, round *authRound) *sip.Request {
	ctx, stop := context.WithDeadline(ctx, s.until)
	defer stop()
	next := round.answer(ctx, c.phone, invite, res)
	if round.late && !s.leaving {
		s.leaving = true
		c.phone.note(capture.PhoneGaveUp, "INVITE "+c.id)
	}
	return next
}

// setup is what outlives a single INVITE transaction of a call.
type setup struct {
	deadline *time.Timer // fires at until
	until    time.Time
	given    <-chan struct{} // the caller's context
	hang     <-chan struct{}
	leaving  bool   // the call is being given up
	last     bool   // no other address of the server is left
	seq      uint32 // CSeq number used last
	timed    bool   // a 422 was answered

	moved     *sip.Response // the call was sent on by this answer
	redirects int           // how often it was
	tried     []string      // whom it has called
}

// invite sends one INVITE and gives its final answer; nil when none will come, with
// the reason if another address may do better.
// However many provisional answers come, each is taken (trap 7).
func (c *Call) invite(s *setup, invite *sip.Request, round *authRound) (res *sip.Response, why string) {
	p := c.phone
	p.prepare(p.ctx, invite)
	refusal, closed := p.refusals(), 0
	tx, err := p.begin(p.ctx, invite, func(res *sip.Response) { c.anotherAnswer(invite, res) })
	if err != nil {
		return nil, failure(nil, err)
	}
	var giveUp, late, silence <-chan time.Time
	if !s.last {
		silence = time.After(p.timing.place)
	}
	provisional, cancelled, gaveUp := false, false, false
	leave := func() {
		s.leaving, s.given, s.hang = true, nil, nil
		// RFC 3261 9.1: no CANCEL before a provisional answer. When none comes
		// soon, the call is over for us, and a late one is still cancelled.
		wait := 500 * time.Millisecond
		if provisional {
			c.cancel(invite)
			cancelled = true
			wait = 2 * time.Second
		}
		giveUp = time.After(wait)
	}
	for {
		select {
		case res := <-tx.Responses():
			if res.StatusCode >= 200 {
				select {
				case <-s.hang: // both came at the same moment: it is hung up
					s.leaving = true
				default:
				}
				return res, ""
			}
			provisional = true
			round.progress(res)
			if !s.leaving {
				c.provisional(invite, res)
				continue
			}
			c.confirm(c.branchOf(invite, res), res) // until the CANCEL has its effect
			if !cancelled {
				c.cancel(invite)
				cancelled = true
				giveUp = time.After(2 * time.Second)
			}
		case <-refusal:
			if closed++; closed >= p.enough() && !provisional {
				tx.Terminate() // the port is closed: the tape says so
				return nil, wire.Refused
			}
			refusal = p.refusals()
		case <-silence:
			if !provisional && !s.leaving {
				c.linger(tx, invite)
				return nil, errNoAnswer.Error()
			}
		case <-s.hang:
			leave()
		case <-s.given:
			p.note(capture.PhoneGaveUp, "INVITE "+c.id)
			gaveUp = true
			leave()
		case <-s.deadline.C:
			p.note(capture.PhoneGaveUp, "INVITE "+c.id)
			gaveUp = true
			leave()
		case <-giveUp:
			giveUp = nil
			if !provisional && p.leaving.Err() != nil {
				c.cancel(invite) // too early, but nobody will be here to do it in time
			}
			if !gaveUp {
				p.note(capture.PhoneGaveUp, "INVITE "+c.id)
				gaveUp = true
			}
			c.quit()
			p.mute(invite) // or the stack's repeats make it ring after all
			round.end()
			late = time.After(lateTime)
		case <-late:
			tx.Terminate()
			return nil, ""
		case <-tx.Done(): // timer B: 32 s of silence
			if !provisional && !s.leaving && !s.last { // or the connection broke
				return nil, errNoAnswer.Error()
			}
			if !gaveUp {
				p.note(capture.PhoneGaveUp, "INVITE "+c.id)
			}
			return nil, ""
		case <-p.ctx.Done():
			tx.Terminate()
			return nil, ""
		}
	}
}

// quit ends the call for the outside while its goroutine still waits for late answers.
func (c *Call) quit() {
	if m := c.line(); m != nil {
		m.Close()
	}
	c.reach(Ended)
}
