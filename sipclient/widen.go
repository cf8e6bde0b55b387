package sipclient

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

const (
	// maxUDPRequest is the largest request sent over UDP when TCP is to be had:
	// a larger one may be cut into fragments, which many routers drop (RFC 3261 18.1.1).
	maxUDPRequest = 1300
	// widenTime is how long TCP is tried for a large request; a firewall that
	// swallows the attempt must not hold up the call.
	widenTime = time.Second
	// narrowTime is how long a server without TCP is remembered.
	narrowTime = 5 * time.Minute
)

// prepare makes a request's way fit: one too large for UDP goes over TCP if the
// server takes it, and one whose connection has gone meanwhile gets a new one. A
// CANCEL keeps the way of its INVITE.
func (p *Phone) prepare(ctx context.Context, req *sip.Request) {
	if req.Method == sip.CANCEL {
		return
	}
	w := wayOf(req)
	if w.net != capture.UDP {
		if s := p.standing(w.hop); s == nil || s.local != w.local {
			if fresh, err := p.way(ctx, w.hop); err == nil {
				move(req, fresh)
				p.recontact(req, w.local, fresh.local)
			}
		}
		return
	}
	if len(req.String()) <= maxUDPRequest {
		return
	}
	to := hop{capture.TCP, w.addr}
	p.mu.Lock()
	narrow := time.Now().Before(p.narrow[w.addr])
	p.mu.Unlock()
	if narrow {
		return
	}
	ctx, stop := context.WithTimeout(ctx, widenTime)
	defer stop()
	wide, err := p.way(ctx, to)
	if err == nil {
		move(req, wide)
		return
	}
	if p.ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	if len(p.narrow) > 64 {
		clear(p.narrow)
	}
	p.narrow[w.addr] = time.Now().Add(narrowTime)
	p.mu.Unlock()
	p.note(capture.PhoneFallback, "tcp "+w.addr.String()+": "+wire.StreamReason(err)+", using udp "+w.addr.String())
}

// recontact names the new end of a connection in the request's Contact.
func (p *Phone) recontact(req *sip.Request, old, fresh netip.AddrPort) {
	h := req.GetHeader("Contact")
	if h == nil || fresh != p.Local() {
		return
	}
	end := func(a netip.AddrPort) string {
		uri := p.contactAt(a)
		_, text, _ := strings.Cut(uri.String(), "@")
		text, _, _ = strings.Cut(text, ";")
		return "@" + text
	}
	req.ReplaceHeader(sip.NewHeader("Contact", strings.Replace(h.Value(), end(old), end(fresh), 1)))
}

// move sends a request another way: its Via must name it.
func move(req *sip.Request, w way) {
	if via := req.Via(); via != nil {
		via.Transport = w.net.String()
		via.Host, via.Port = w.local.Addr().String(), int(w.local.Port())
	}
	address(req, w)
}
