package sipclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

var (
	errNoWay = errors.New("this phone has no socket for that")
	// errStackDial keeps the stack from dialling: every connection is ours.
	errStackDial = errors.New("the stack must not dial")
)

// handout is a listener for the stack whose connections we dialled ourselves.
type handout struct {
	conns chan net.Conn
	done  chan struct{}
	addr  netip.Addr
}

func (h *handout) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handout) Close() error   { return nil } // done is the phone's, see letGo
func (h *handout) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.addr, 0)) }

// connect gives a connection to the hop: the one that stands, else a new one. One
// is made at a time, in at most 5 s.
func (p *Phone) connect(ctx context.Context, to hop) (*stream, error) {
	if s := p.standing(to); s != nil {
		return s, nil
	}
	ctx, stop := context.WithTimeout(ctx, dialPatience)
	defer stop()
	select {
	case p.dialling <- struct{}{}:
		defer func() { <-p.dialling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s := p.standing(to); s != nil {
		return s, nil
	}
	if !p.enter() {
		return nil, ErrClosed
	}
	defer p.wg.Done()
	// Close must not wait for a server that swallows packets.
	defer context.AfterFunc(p.ctx, stop)()
	if err := p.recentlySwallowed(to); err != nil {
		return nil, err
	}
	conn, err := p.dial(ctx, to)
	if err != nil {
		p.noteSwallowed(to, err)
		return nil, err
	}
	return p.hand(conn, to)
}

// dial opens a TCP connection, with TLS on top where the hop asks for it.
func (p *Phone) dial(ctx context.Context, to hop) (net.Conn, error) {
	var d net.Dialer
	if p.cfg.Bind.IsValid() && p.cfg.Bind.Is4() == to.addr.Addr().Is4() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.cfg.Bind, 0))
	}
	conn, err := d.DialContext(ctx, "tcp", to.addr.String())
	if err != nil {
		if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ctx.Err()
		}
		return nil, errors.New(wire.StreamReason(err))
	}
	if to.net != capture.TLS {
		return conn, nil
	}
	secure, err := p.secure(ctx, conn, to)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// hand gives a connection to the stack and starts reading it.
func (p *Phone) hand(conn net.Conn, to hop) (*stream, error) {
	s := p.newStream(conn, to)
	p.mu.Lock()
	if p.sealed {
		p.mu.Unlock()
		_ = conn.Close()
		return nil, ErrClosed
	}
	p.live[s] = true
	p.wg.Add(2)
	p.mu.Unlock()
	go func() { defer p.wg.Done(); defer func() { _ = recover() }(); s.run() }()
	go func() { defer p.wg.Done(); s.breath() }()
	if err := p.pooled(s); err != nil {
		_ = s.Close()
		return nil, err
	}
	p.mu.Lock()
	select {
	case <-s.done:
		p.mu.Unlock()
		return nil, errors.New("the connection ended at once")
	default:
	}
	p.streams[to] = s
	main := to == p.server
	p.mu.Unlock()
	if main {
		p.settle(s.local)
	}
	return s, nil
}

// pooled hands a connection over and waits until the stack's pool has it: before,
// requests would not find it.
func (p *Phone) pooled(s *stream) error {
	h := p.hands[s.hop.net]
	select {
	case h.conns <- s:
	case <-h.done:
		return ErrClosed
	}
	for range 400 {
		if c, err := p.ua.TransportLayer().GetConnection(network(s.hop.net), s.local.String()); err == nil {
			_, _ = c.TryClose() // asking counts as using
			return nil
		}
		select {
		case <-s.done:
			return errors.New("the connection ended at once")
		case <-time.After(time.Millisecond):
		}
	}
	return errors.New("the SIP stack did not take the connection")
}

// standing gives the connection to a hop that is open, nil without one.
func (p *Phone) standing(to hop) *stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams[to]
}

// disconnect closes all connections.
func (p *Phone) disconnect() {
	p.mu.Lock()
	var live []*stream
	for s := range p.live {
		live = append(live, s)
	}
	p.mu.Unlock()
	for _, s := range live {
		_ = s.Close()
	}
}

// dropped forgets a connection that ended, and says why unless we ended it. When
// it was the one to the server, we are not reached any more, and sign in again.
func (p *Phone) dropped(s *stream, why error) {
	p.mu.Lock()
	delete(p.live, s)
	current := p.streams[s.hop] == s
	if current {
		delete(p.streams, s.hop)
	}
	main := current && s.hop == p.server
	p.mu.Unlock()
	if why != nil && !errors.Is(why, net.ErrClosed) {
		if strings.Contains(why.Error(), "certificate required") { // TLS 1.3 says it after the handshake
			p.noteOnce(capture.PhoneLimit, noClientCert, 0)
		}
		p.note(capture.PhoneClosed, fmt.Sprintf("%s %s: %s after %s", network(s.hop.net), s.hop.addr, closedBy(why), time.Since(s.since).Round(time.Millisecond)))
	}
	if main {
		p.rejoin(time.Since(s.since))
	}
}

// noteRefused notes why the server took no connection.
func (p *Phone) noteRefused(to hop, err error) {
	if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) {
		return
	}
	var failed handshakeError
	if errors.As(err, &failed) {
		return // has its own note
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("timeout")
	}
	p.noteOnce(capture.PhoneUnreachable, network(to.net)+" "+to.addr.String()+": "+err.Error(), time.Second)
}
