package sipclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// Options sends one OPTIONS to the server and returns when it is answered or 4 s
// have passed; either way the tape has it, and the error is nil. With pad, a
// header fills the message to that many bytes, if it is not larger already; it
// then stays on UDP whatever its size, for that is what is being tried.
func (p *Phone) Options(ctx context.Context, pad int) error {
	return p.askOptions(ctx, func(w way) *sip.Request { return p.optionsRequest(pad, w) })
}

// Reach is Options for a request that may pass through at most so many servers, the
// one that answers included: Max-Forwards is one less (RFC 3261 8.1.1.6). The server
// at its end answers 483, and so shows itself. At least 1 is asked.
func (p *Phone) Reach(ctx context.Context, servers int) error {
	return p.askOptions(ctx, func(w way) *sip.Request {
		req := p.optionsRequest(0, w)
		left := sip.MaxForwardsHeader(min(max(servers, 1), 71) - 1)
		req.ReplaceHeader(&left)
		return req
	})
}

// askOptions sends a request of the shape of OPTIONS and waits for its answer.
func (p *Phone) askOptions(ctx context.Context, request func(way) *sip.Request) error {
	if err := p.usable(); err != nil {
		return err
	}
	wait, stop := context.WithTimeout(ctx, p.timing.options)
	defer stop()
	defer context.AfterFunc(p.leaving, stop)()
	w, err := p.first(wait)
	if err != nil {
		return ctx.Err()
	}
	req := request(w)
	_, err = p.exchange(wait, req)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		p.note(capture.PhoneGaveUp, "OPTIONS "+req.CallID().Value())
	}
	return ctx.Err()
}

func (p *Phone) optionsRequest(pad int, w way) *sip.Request {
	me := p.identity(p.cfg.User)
	req := p.request(sip.OPTIONS, p.domainURI(), head{callID: randomHex(12), from: me, to: p.domainURI(), fromTag: randomHex(6), route: p.routes()}, 1, w)
	contact := p.contactAt(w.local)
	req.AppendHeader(sip.NewHeader("Contact", "<"+contact.String()+">"))
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	const name = "X-Padding"
	if room := min(pad, wire.MaxDatagram) - len(req.String()) - len(name+": \r\n"); room > 0 {
		req.AppendHeader(sip.NewHeader(name, strings.Repeat("x", room)))
	}
	return req
}

// probeLater looks for a closed port when the server stays silent for a second,
// where the system tells it to connected sockets only (trap 15). The function that
// it gives stops it.
func (p *Phone) probeLater(ctx context.Context) (stop func()) {
	if wire.ICMPSurfaces || p.conn == nil {
		return func() {}
	}
	t := time.AfterFunc(p.timing.probe, func() { p.inBackground(func() { p.probePort(ctx) }) })
	return func() { t.Stop() }
}

// probePort sends one OPTIONS from a connected socket and notes when the system
// says that the port is closed.
func (p *Phone) probePort(ctx context.Context) {
	server := p.Server()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		p.noteUnreachable(server, wire.Reason(err))
		return
	}
	defer conn.Close()
	local := wire.AddrPort(conn.LocalAddr())
	me := p.identity(p.cfg.User)
	text := fmt.Sprintf("OPTIONS %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nUser-Agent: %s\r\nContent-Length: 0\r\n\r\n",
		uriText(p.domainURI()), local, sip.GenerateBranchN(16), uriText(me), randomHex(6), uriText(me), randomHex(12), userAgent)
	p.tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: local, Dst: server, Data: []byte(text)})
	_, err = conn.Write([]byte(text))
	if err == nil {
		until := time.Now().Add(2 * time.Second)
		if d, ok := ctx.Deadline(); ok && d.Before(until) {
			until = d
		}
		_ = conn.SetReadDeadline(until)
		defer context.AfterFunc(p.leaving, func() { _ = conn.SetReadDeadline(time.Now()) })()
		buf := make([]byte, 65536)
		var n int
		if n, err = conn.Read(buf); err == nil {
			p.tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: server, Dst: local, Data: append([]byte(nil), buf[:n]...)})
			return
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return
	}
	p.noteUnreachable(server, wire.Reason(err))
}

func uriText(u sip.Uri) string { return u.String() }
