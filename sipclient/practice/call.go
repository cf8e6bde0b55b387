package practice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// call is one dialog (RFC 3261 12), placed by the phone or by CallPhone. The
// fields above the mutex are settled before the call can be found by others.
type call struct {
	pbx    *PBX
	id     string
	far    peer         // where the phone's requests come from and ours go to
	tx     *transaction // the phone's INVITE; nil when we called
	local  string       // our From value in requests of ours, with tag
	remote string       // the To value likewise
	media  *media       // nil until there was a session description
	reason string       // of a CANCEL of ours

	ctx  context.Context // done when the call is over
	over context.CancelFunc

	mu     sync.Mutex
	target string // the phone's Contact
	agreed []byte // our answer to the phone's late offer
	cseq   uint32 // of our last request
}

// onInvite takes a new call.
func (p *PBX) onInvite(tx *transaction) {
	sw := p.fault.call
	switch {
	case sw.silent:
		return
	case sw.atOnce != nil:
		tx.respond(*sw.atOnce, nil)
		return
	case !sw.trusted && !p.authorized(tx.request, "Proxy-Authorization"):
		tx.respond(reply{code: 407, phrase: "Proxy Authentication Required",
			headers: []string{p.challenge("Proxy-Authenticate")}}, nil)
		return
	case sw.minSE > 0:
		if interval, _, _ := tx.request.SessionExpires(); interval < time.Duration(sw.minSE)*time.Second {
			tx.respond(reply{code: 422, phrase: "Session Interval Too Small",
				headers: []string{fmt.Sprintf("Min-SE: %d", sw.minSE)}}, nil)
			return
		}
	}
	offer := audioOf(tx.request)
	if offer == nil && len(tx.request.Body) > 0 {
		tx.respond(notAcceptable("304", "Media type not available"), nil)
		return
	}
	m, err := p.newMedia(offer, tx.request.ToAddr().URI.User == echoNumber)
	switch {
	case errors.Is(err, errProto):
		tx.respond(notAcceptable("302", "Incompatible transport protocol"), nil)
		return
	case errors.Is(err, errCodec):
		tx.respond(notAcceptable("305", "Incompatible media format"), nil)
		return
	case err != nil:
		tx.respond(reply{code: 500, phrase: "No sockets left"}, nil)
		return
	}
	m.refuse(refusalsFor(tx.request))
	c := p.newCall(tx.from, tx.request.CallID())
	c.tx, c.media = tx, m
	c.local = sipmsg.NewResponse(tx.request, 200, "").Get("To")
	c.remote = tx.request.Get("From")
	c.retarget(tx.request)
	p.add(c)
	course := sw.course
	if course == nil {
		course = healthyCourse
	}
	p.spawn(func() {
		defer c.end()
		c.play(course)
	})
}

// notAcceptable refuses an offer with the reason (RFC 3261 20.43).
func notAcceptable(code, text string) reply {
	return reply{code: 488, phrase: "Not Acceptable Here",
		headers: []string{fmt.Sprintf("Warning: %s practice.invalid %q", code, text)}}
}

func (p *PBX) newCall(far peer, id string) *call {
	c := &call{pbx: p, id: id, far: far}
	c.ctx, c.over = context.WithCancel(p.ctx)
	return c
}

// add makes the call findable for requests inside its dialog.
func (p *PBX) add(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[c.id] = c
}

// end frees what the call holds.
func (c *call) end() {
	c.over()
	if c.media != nil {
		c.media.finish()
	}
	c.pbx.mu.Lock()
	defer c.pbx.mu.Unlock()
	if c.pbx.calls[c.id] == c {
		delete(c.pbx.calls, c.id)
	}
}

// retarget takes over the phone's Contact (RFC 3261 12.2).
func (c *call) retarget(m *sipmsg.Message) {
	if contacts := m.Contacts(); len(contacts) > 0 {
		c.mu.Lock()
		c.target = contacts[0].URI.Raw
		c.mu.Unlock()
	}
}

// play answers the INVITE step by step, and talks when one of them is a 200.
func (c *call) play(course []step) {
	began := time.Now()
	answered := false
	for _, s := range course {
		if !c.sleep(time.Until(began.Add(s.at))) {
			return
		}
		var body []byte
		if s.sdp {
			body = c.media.describe("")
		}
		if !c.tx.respond(s.reply, body) {
			return
		}
		if s.code >= 300 {
			return
		}
		answered = s.code >= 200
		if s.sdp {
			c.media.start(answered)
		}
	}
	if answered {
		c.talk()
		return
	}
	c.sleep(3 * time.Minute) // like Timer C of a proxy (RFC 3261 16.6)
	c.tx.respond(reply{code: 408, phrase: "Request Timeout"}, nil)
}

// talk is the time after the answer: what the fault does in mid-call, then
// nothing until somebody hangs up.
func (c *call) talk() {
	unheard := time.NewTimer(patience)
	defer unheard.Stop()
	select {
	case <-c.tx.acked:
	case <-unheard.C: // nobody acknowledged the answer (RFC 3261 13.3.1.4)
		c.hangup("")
		return
	case <-c.ctx.Done():
		return
	}
	sw := c.pbx.fault.switches
	switch {
	case sw.call.byeAfter > 0:
		if c.sleep(sw.call.byeAfter) {
			c.hangup(sw.call.byeText)
		}
		return
	case sw.sound.holdAfter > 0:
		if c.sleep(sw.sound.holdAfter) {
			c.reinvite(c.media.hold())
		}
	case sw.sound.moveAfter > 0:
		if c.sleep(sw.sound.moveAfter) {
			c.reinvite(c.media.move())
		}
	case sw.sound.stopAfter > 0:
		if c.sleep(sw.sound.stopAfter) {
			c.media.stop()
		}
	}
	<-c.ctx.Done()
}

// sleep waits and tells whether the call still goes on.
func (c *call) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
