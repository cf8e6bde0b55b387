package sipclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	diago "github.com/emiago/diago/media"
	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// open binds the SIP socket, on UDP one for each IP version that the server has,
// and puts sipgo on top.
func (p *Phone) open() error {
	ips, err := p.ends()
	if err != nil {
		return err
	}
	quietStack()
	srv, err := p.stack(ips[0])
	if err != nil {
		return fmt.Errorf("the SIP stack did not start: %w", err)
	}
	if p.net != capture.UDP {
		p.home = netip.AddrPortFrom(ips[0], 0)
	} else {
		for i, ip := range ips {
			if err := p.openUDP(srv, ip); err != nil && i == 0 {
				return err
			}
		}
		p.settle(p.conn.Local())
	}
	p.hands = map[capture.Net]*handout{}
	for n, serve := range map[capture.Net]func(net.Listener) error{capture.TCP: srv.ServeTCP, capture.TLS: srv.ServeTLS} {
		h := &handout{conns: make(chan net.Conn), done: make(chan struct{}), addr: ips[0]}
		p.hands[n] = h
		p.served.Go(func() { _ = serve(h) }) // ends in letGo
	}
	return nil
}

// errCutOff: there is no way to any of the server's addresses from this computer.
// That is evidence; the tape has a note for each address.
var errCutOff = errors.New("no way to the server from this computer")

// ends gives our own address for each IP version by which the server is reached,
// and leaves addresses out to which there is no way.
func (p *Phone) ends() (ips []netip.Addr, err error) {
	bind := p.cfg.Bind.Unmap()
	var usable []hop
	var cut []string
	for _, t := range p.targets {
		ip := bind
		if !bind.IsValid() {
			var none error
			if ip, none = routeTo(t.addr); none != nil {
				cut = append(cut, network(t.net)+" "+t.addr.String()+": "+wire.StreamReason(none))
				continue
			}
		}
		if ip.Is4() != t.addr.Addr().Is4() {
			err = cmp.Or(err, fmt.Errorf("the local address %s has another IP version than the server's %s", ip, t.addr))
			continue
		}
		usable = append(usable, t)
		if !slices.ContainsFunc(ips, func(known netip.Addr) bool { return known.Is4() == ip.Is4() }) {
			ips = append(ips, ip)
		}
	}
	if len(ips) == 0 {
		for _, why := range cut {
			p.note(capture.PhoneUnreachable, why)
		}
		return nil, cmp.Or(err, errCutOff)
	}
	p.targets, p.server = usable, usable[0]
	return ips, nil
}

// stack starts sipgo. It may neither dial nor ask the name service by itself (traps 5, 18).
func (p *Phone) stack(ip netip.Addr) (*sipgo.Server, error) {
	silent := slog.New(slog.DiscardHandler)
	never := func(net.Addr) net.Dialer {
		return net.Dialer{Control: func(string, string, syscall.RawConn) error { return errStackDial }}
	}
	nobody := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errStackDial }}
	var err error
	p.ua, err = sipgo.NewUA(
		sipgo.WithUserAgent(p.cfg.User),
		sipgo.WithUserAgentHostname(ip.String()),
		sipgo.WithUserAgentDNSResolver(nobody),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(silent),
			sip.WithTransportLayerTransports(sip.TransportsConfig{
				TCP: &sip.TransportTCP{DialerCreate: never},
				TLS: &sip.TransportTLS{TransportTCP: &sip.TransportTCP{DialerCreate: never}}})),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(silent),
			sip.WithTransactionLayerTerminateOnConnClose(),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {})))
	if err != nil {
		return nil, err
	}
	srv, err := sipgo.NewServer(p.ua, sipgo.WithServerLogger(silent))
	if err != nil {
		return nil, err
	}
	p.handle(srv)
	return srv, nil
}

// openUDP opens the UDP socket and gives it to the stack.
func (p *Phone) openUDP(srv *sipgo.Server, ip netip.Addr) error {
	socket, err := p.tap().Listen(netip.AddrPortFrom(ip, 0))
	if err != nil {
		return fmt.Errorf("no socket for the test phone on %s: %w", ip, err)
	}
	conn := p.newSIPConn(socket)
	p.served.Go(func() { _ = srv.ServeUDP(conn) }) // ends when the socket closes
	// Until the socket is in sipgo's pool, a request would open another one (trap 5).
	for range 400 {
		if _, err := p.ua.TransportLayer().GetConnection("udp", socket.Local().String()); err == nil {
			p.conns = append(p.conns, conn)
			p.conn = p.conns[0]
			socket.Start(func(data []byte, from netip.AddrPort, _ time.Time) { p.admit(conn, data, from) })
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	_ = conn.Close()
	return errors.New("the SIP stack did not take the socket")
}

var quiet sync.Once

// quietStack silences the stack's global loggers, which print message text, and
// lifts its silent size limits: a UDP message of any size goes out as other
// phones send it (trap 13), and one of any size comes in.
func quietStack() {
	quiet.Do(func() {
		sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
		diago.SetDefaultLogger(slog.New(slog.DiscardHandler))
		sip.UDPMTUSize = wire.MaxDatagram + 200
		sip.TransportBufferReadSize = wire.MaxDatagram + 1
	})
}
