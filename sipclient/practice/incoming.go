package practice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// talkTime is how long a call to the phone stays up when the phone does not
// hang up first.
const talkTime = 5 * time.Second

// CallPhone places a call to the phone that registered last, talks for about
// five seconds once it is answered, and hangs up. It returns nil after a call
// that was answered, whoever hung up. When ctx ends, the call is cancelled or
// hung up; before the answer that is ctx's error. A refusal is an error that
// names its code.
func (p *PBX) CallPhone(ctx context.Context) error {
	if !p.enter() {
		return errors.New("the practice server is closed: start it again")
	}
	defer p.work.Done()
	return p.callPhone(ctx, incoming{})
}

// callPhone is CallPhone with whatever a fault makes of it.
func (p *PBX) callPhone(ctx context.Context, how incoming) error {
	b, ok := p.registered()
	if !ok {
		return errors.New("no phone is registered at the practice server: sign in first")
	}
	m, err := p.newMedia(nil, true)
	if err != nil {
		return fmt.Errorf("no sockets for the sound of a call: %w", err)
	}
	c := p.newCall(b.via, token(8)+"@"+p.domain)
	c.media = m
	c.local = fmt.Sprintf(`"Practice" <sip:%s@%s>;tag=%s`, ownNumber, p.domain, token(5))
	c.remote = fmt.Sprintf("<sip:%s@%s>", account, p.domain)
	c.target = b.uri
	p.add(c)
	defer c.end()

	invite := c.newRequest("INVITE")
	invite.Add("Contact", c.pbx.contactOf(ownNumber, c.far))
	invite.Add("Allow", allowed)
	if !how.noOffer {
		invite.SetBody("application/sdp", m.describe(""))
	}
	if how.deaf {
		c.insist(invite)
		return nil
	}
	if how.cancelAfter > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, how.cancelAfter)
		defer stop()
		c.reason = how.cancelReason
	}
	answer, err := c.ring(ctx, invite)
	if err != nil {
		return err
	}
	if answer.Status >= 300 {
		c.far.send(hopByHop("ACK", invite, answer.Get("To")).Bytes())
		return fmt.Errorf("the phone refused the call: %d %s", answer.Status, answer.Reason)
	}
	c.remote = answer.Get("To")
	c.retarget(answer)
	if how.noAck {
		<-c.ctx.Done() // until the phone gives up
		return nil
	}
	theirs := audioOf(answer)
	if theirs == nil || m.change(theirs) != nil {
		c.ack(answer)
		c.hangup(`SIP;cause=488;text="Not Acceptable Here"`)
		return errors.New("the phone answered without a sound format that this server has")
	}
	if how.noOffer {
		c.ackWith(answer, m.describe(answering(theirs.Direction))) // RFC 3261 13.2.2.4
	} else {
		c.ack(answer)
	}
	m.start(true)
	if how.byeAfter > 0 {
		if c.sleep(how.byeAfter) {
			c.hangup(how.byeText)
		}
		return nil
	}
	end := time.NewTimer(talkTime)
	defer end.Stop()
	select {
	case <-end.C:
	case <-ctx.Done():
	case <-c.ctx.Done():
		return nil // the phone hung up, or the server is being closed
	}
	c.hangup("")
	return nil
}

// insist repeats an INVITE as long as a server does that hears nothing (RFC 3261
// 17.1.1.2).
func (c *call) insist(invite *sipmsg.Message) {
	data := invite.Bytes()
	end := time.Now().Add(patience)
	for wait := t1; time.Now().Before(end); wait *= 2 {
		c.far.send(data)
		if !c.sleep(wait) {
			return
		}
	}
}

// outcome is how an INVITE of ours ended.
type outcome struct {
	answer *sipmsg.Message
	err    error
}

// ring sends the INVITE and waits for the final answer. When ctx ends first, the
// call is cancelled.
func (c *call) ring(ctx context.Context, invite *sipmsg.Message) (*sipmsg.Message, error) {
	done, heard := make(chan outcome, 1), make(chan struct{})
	c.pbx.spawn(func() {
		once := sync.OnceFunc(func() { close(heard) })
		answer, err := c.pbx.do(c.ctx, c.far, invite, func(*sipmsg.Message) { once() })
		done <- outcome{answer, err}
	})
	select {
	case o := <-done:
		return o.answer, o.err
	case <-ctx.Done():
		c.cancel(invite, heard, done)
		return nil, ctx.Err()
	}
}

// cancel gives a call up before its answer: not before a provisional answer
// came, and with an ACK and a BYE where the phone was faster (RFC 3261 9.1).
func (c *call) cancel(invite *sipmsg.Message, heard <-chan struct{}, done <-chan outcome) {
	limit := time.NewTimer(t2)
	defer limit.Stop()
	var o outcome
	select {
	case o = <-done:
	case <-limit.C: // it never said a word: there is nothing to cancel
		return
	case <-heard:
		c.pbx.spawn(func() {
			m := hopByHop("CANCEL", invite, invite.Get("To"))
			if c.reason != "" {
				m.Add("Reason", c.reason)
			}
			_, _ = c.pbx.do(c.ctx, c.far, m, nil)
		})
		select {
		case o = <-done:
		case <-limit.C:
			return
		}
	}
	switch {
	case o.answer == nil:
	case o.answer.Status >= 300:
		c.far.send(hopByHop("ACK", invite, o.answer.Get("To")).Bytes())
	default:
		c.remote = o.answer.Get("To")
		c.retarget(o.answer)
		c.ack(o.answer)
		c.hangup("")
	}
}
