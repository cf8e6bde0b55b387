package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// sipPort is where phones usually sit (RFC 3261 18.1.1 and 19.1.2). Helpers in routers
// look at this port, and so do some firewalls.
const sipPort = 5060

// knockUDP asks over UDP from a port of this computer; where that is taken, or 0, from
// any other.
func (b *Bench) knockUDP(port uint16) func(context.Context, netip.AddrPort) door {
	return func(ctx context.Context, to netip.AddrPort) door {
		d := door{Net: capture.UDP, Server: to}
		conn, err := dialUDP(port, to)
		if err != nil {
			d.Err = err
			return d
		}
		defer conn.Close()
		d.From = wire.AddrPort(conn.LocalAddr())
		d.Reply, d.Err = askUDP(ctx, conn, b.options(d.From, capture.UDP, 0).Bytes())
		return d
	}
}

// dialUDP gives a socket that speaks with one address only and hears of ICMP errors.
func dialUDP(port uint16, to netip.AddrPort) (*net.UDPConn, error) {
	network := "udp4"
	if to.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.DialUDP(network, &net.UDPAddr{Port: int(port)}, net.UDPAddrFromAddrPort(to))
	if err == nil && wire.AddrPort(conn.LocalAddr()) == to { // a server of this very computer: we would speak with ourselves
		_ = conn.Close()
		err = net.ErrClosed
	}
	if err != nil && (port != 0 || errors.Is(err, net.ErrClosed)) {
		conn, err = net.DialUDP(network, nil, net.UDPAddrFromAddrPort(to))
	}
	if err == nil {
		wire.SurfaceICMP(conn)
	}
	return conn, err
}

// knockTCP asks over TCP.
func (b *Bench) knockTCP(ctx context.Context, to netip.AddrPort) door {
	d := door{Net: capture.TCP, Server: to}
	conn, err := b.dialTCP(ctx, to)
	if err != nil {
		d.Err = orEnded(ctx, err)
		return d
	}
	defer conn.Close()
	d.Open = true
	d.From = streamEnd(conn)
	d.Reply, d.Err = askStream(ctx, conn, b.options(d.From, capture.TCP, 0).Bytes())
	return d
}

// knockTLS asks over TLS, as the phone would: with a version of today and a certificate
// without fault. Otherwise nothing is sent over it.
func (b *Bench) knockTLS(ctx context.Context, to netip.AddrPort) door {
	d := door{Net: capture.TLS, Server: to}
	conn, err := b.dialTCP(ctx, to)
	if err != nil {
		d.Err = orEnded(ctx, err)
		return d
	}
	defer conn.Close()
	d.Open = true
	d.From = streamEnd(conn)
	secure, seen := wire.Handshake{Name: b.Host(), Roots: b.Roots}.Secure(ctx, conn)
	if d.TLS = &seen; !seen.OK() {
		d.Err = errInsecure
		if errors.Is(ctx.Err(), context.Canceled) {
			d.Err = ctx.Err()
		}
		return d
	}
	d.Reply, d.Err = askStream(ctx, secure, b.options(d.From, capture.TLS, 0).Bytes())
	return d
}

func (b *Bench) dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}

// streamEnd is our end of a connection.
func streamEnd(conn net.Conn) netip.AddrPort {
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		return wire.Unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}
