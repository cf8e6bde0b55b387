package sipclient

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A server may close a connection at the very moment at which we send over it. The
// request is lost then, and nobody is at fault: as long as the connection had served
// us before, the request goes out once more over a fresh one (RFC 3261 18.4 leaves
// that to the user of the transport). A connection that never brought anything is
// not tried again by itself: its end is the server's answer.

// transact sends a request that is no INVITE and gives its final answer. It ends
// when the context does, whatever the stack's own 32 s timers say (trap 11).
func (p *Phone) transact(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	p.prepare(ctx, req)
	s := p.standing(wayOf(req).hop)
	res, err := p.exchange(ctx, req)
	if err == nil || s == nil || !s.served.Load() || !p.gone(ctx, s) {
		return res, err
	}
	if via := req.Via(); via != nil {
		via.Params.Remove("branch")
		via.Params.Add("branch", sip.GenerateBranchN(16))
	}
	if cseq := req.CSeq(); cseq != nil && req.Method == sip.REGISTER {
		cseq.SeqNo++ // the registrar may have seen the first one (RFC 3261 10.2)
	}
	p.prepare(ctx, req)
	if p.standing(wayOf(req).hop) == nil {
		return res, err // there is no other connection to be had
	}
	return p.exchange(ctx, req)
}

// gone waits a moment for a connection that is ending to be forgotten, and tells
// whether it is. The stack may hear of the end first.
func (p *Phone) gone(ctx context.Context, s *stream) bool {
	for range 50 {
		if ctx.Err() != nil || p.ctx.Err() != nil {
			return false
		}
		if p.standing(s.hop) != s {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// swallowTime is how long a server that swallowed an attempt to connect is not asked
// again: whoever needs it next would only wait as long once more.
const swallowTime = 3 * time.Second

// swallowed remembers an attempt to connect that ran out of time.
type swallowed struct {
	until time.Time
	why   error
}

// noteSwallowed keeps the outcome of an attempt that ran out of time.
func (p *Phone) noteSwallowed(to hop, err error) {
	var failed handshakeError
	if err.Error() != "timeout" && (!errors.As(err, &failed) || failed.why != "timeout") {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.silent) > 64 {
		clear(p.silent)
	}
	p.silent[to] = swallowed{time.Now().Add(swallowTime), err}
}

// recentlySwallowed gives the outcome of a recent attempt that ran out of time, nil without one.
func (p *Phone) recentlySwallowed(to hop) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.silent[to]; ok && time.Now().Before(s.until) {
		return s.why
	}
	return nil
}
