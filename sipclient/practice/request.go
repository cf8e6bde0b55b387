package practice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// response is an answer of the phone to a request of ours.
type response struct{ *sipmsg.Message }

var errNoAnswer = errors.New("the phone did not answer")

// newRequest begins a request of ours inside the call's dialog.
func (c *call) newRequest(method string) *sipmsg.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cseq++
	m := sipmsg.NewRequest(method, c.target)
	m.Add("Via", fmt.Sprintf("SIP/2.0/%s %s;branch=z9hG4bK%s;rport", c.pbx.transport(), c.far.local(), token(8)))
	m.Add("Max-Forwards", "70")
	m.Add("From", c.local)
	m.Add("To", c.remote)
	m.Add("Call-ID", c.id)
	m.Add("CSeq", fmt.Sprintf("%d %s", c.cseq, method))
	m.Add("User-Agent", product)
	return m
}

// do sends a request until it is answered and gives the final answer. Each
// provisional answer goes to progress, which may be nil (RFC 3261 17.1).
func (p *PBX) do(ctx context.Context, to peer, m *sipmsg.Message, progress func(*sipmsg.Message)) (*sipmsg.Message, error) {
	answers := make(chan response, 16)
	key := m.Branch() + " " + m.Method // a CANCEL shares its INVITE's branch
	p.mu.Lock()
	p.clients[key] = answers
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.clients, key)
		p.mu.Unlock()
	}()
	data := m.Bytes()
	to.send(data)
	end := time.NewTimer(patience)
	defer end.Stop()
	wait := t1
	next := time.NewTimer(wait)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if to.line != nil {
				continue // what a connection took need not be repeated
			}
			to.send(data)
			wait *= 2
			if m.Method != "INVITE" {
				wait = min(wait, t2)
			}
			next.Reset(wait)
		case r := <-answers:
			if r.Status >= 200 {
				return r.Message, nil
			}
			if m.Method == "INVITE" {
				next.Stop() // it rings: no more copies, and no limit but the caller's
				end.Stop()
			}
			if progress != nil {
				progress(r.Message)
			}
		case <-end.C:
			return nil, errNoAnswer
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// onResponse hands an answer to whoever sent the request. An answer that comes
// again after that is the phone's repeated 200: its ACK was lost, so it goes out
// again (RFC 3261 13.2.2.4).
func (p *PBX) onResponse(m *sipmsg.Message) {
	_, method, _ := m.CSeq()
	p.mu.Lock()
	answers := p.clients[m.Branch()+" "+method]
	p.mu.Unlock()
	if answers != nil {
		select {
		case answers <- response{m}:
		default:
		}
		return
	}
	if method == "INVITE" && m.Status >= 200 && m.Status < 300 && !p.fault.ring.noAck && !p.fault.ring.deaf {
		if c := p.find(m.CallID()); c != nil {
			c.ack(m)
		}
	}
}

// ack acknowledges a 2xx (RFC 3261 13.2.2.4): a request of its own.
func (c *call) ack(answer *sipmsg.Message) {
	c.mu.Lock()
	body := c.agreed
	c.mu.Unlock()
	c.sendAck(answer, body)
}

// ackWith is ack with the answer to a late offer, which goes along with each copy.
func (c *call) ackWith(answer *sipmsg.Message, body []byte) {
	c.mu.Lock()
	c.agreed = body
	c.mu.Unlock()
	c.sendAck(answer, body)
}

func (c *call) sendAck(answer *sipmsg.Message, body []byte) {
	number, _, _ := answer.CSeq()
	c.mu.Lock()
	m := sipmsg.NewRequest("ACK", c.target)
	c.mu.Unlock()
	m.Add("Via", fmt.Sprintf("SIP/2.0/%s %s;branch=z9hG4bK%s;rport", c.pbx.transport(), c.far.local(), token(8)))
	m.Add("Max-Forwards", "70")
	m.Add("From", c.local)
	m.Add("To", answer.Get("To"))
	m.Add("Call-ID", c.id)
	m.Add("CSeq", fmt.Sprintf("%d ACK", number))
	if len(body) > 0 {
		m.SetBody("application/sdp", body)
	}
	c.far.send(m.Bytes())
}

// hopByHop makes the ACK of a refusal, or a CANCEL: it shares the branch and
// the Request-URI of its INVITE (RFC 3261 9.1 and 17.1.1.3).
func hopByHop(method string, invite *sipmsg.Message, to string) *sipmsg.Message {
	number, _, _ := invite.CSeq()
	m := sipmsg.NewRequest(method, invite.URI)
	for _, name := range []string{"Via", "Max-Forwards", "From"} {
		m.Add(name, invite.Get(name))
	}
	m.Add("To", to)
	m.Add("Call-ID", invite.CallID())
	m.Add("CSeq", fmt.Sprintf("%d %s", number, method))
	return m
}

// reinvite offers a new session description inside the call. When the phone
// refuses, the call goes on as it was.
func (c *call) reinvite(body []byte) {
	m := c.newRequest("INVITE")
	m.Add("Contact", c.pbx.contactOf(ownNumber, c.far))
	m.SetBody("application/sdp", body)
	answer, err := c.pbx.do(c.ctx, c.far, m, nil)
	switch {
	case err != nil:
	case answer.Status < 300:
		c.retarget(answer)
		c.ack(answer)
		if theirs := audioOf(answer); theirs != nil {
			_ = c.media.change(theirs) // what we cannot follow leaves the call as it was
		}
	default:
		c.far.send(hopByHop("ACK", m, answer.Get("To")).Bytes())
	}
}

// hangup sends BYE, with a Reason where one is given, and waits for the phone's
// word on it.
func (c *call) hangup(reason string) {
	m := c.newRequest("BYE")
	if reason != "" {
		m.Add("Reason", reason)
	}
	// Whatever comes back, and nothing too: the call is over for this side.
	_, _ = c.pbx.do(c.pbx.ctx, c.far, m, nil)
}
