package sipclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// services names the SRV records of each transport, and the services of NAPTR
// records that lead to it (RFC 3263 4.1, 4.2).
var services = map[capture.Net]struct{ service, proto, naptr string }{
	capture.UDP: {"sip", "udp", "SIP+D2U"}, capture.TCP: {"sip", "tcp", "SIP+D2T"}, capture.TLS: {"sips", "tcp", "SIPS+D2T"},
}

// lookupTime bounds the resolution of one name.
const lookupTime = 3 * time.Second

// Resolver looks names up, as net.Resolver does.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// resolveServer finds the address that requests go to, and all addresses whose
// requests we answer. A failure leaves p.server without one.
func (p *Phone) resolveServer(ctx context.Context) {
	if p.cfg.Resolver == nil {
		p.cfg.Resolver = systemResolver()
	}
	next := p.serverName()
	if p.proxyHost() != "" {
		// The domain behind a proxy may call us directly, too; it need not resolve.
		for _, a := range p.lookup(ctx, p.cfg.Domain, p.net, false) {
			p.peers[a.Addr().String()] = true
		}
	}
	found := p.lookup(ctx, next, p.net, true)
	for _, a := range found {
		p.peers[a.Addr().String()] = true
	}
	for _, a := range found {
		p.targets = append(p.targets, hop{p.net, a})
	}
	if len(found) > 0 {
		p.server = p.targets[0]
	}
	if len(found) > 1 {
		var list []string
		for _, t := range p.targets {
			list = append(list, t.addr.String())
		}
		p.note(capture.PhoneTargets, next+" "+network(p.net)+" "+strings.Join(list, " "))
	}
}

// lookup resolves host or host:port: an address as it is, a name with a port by
// its A and AAAA records, a bare name by SRV (RFC 3263 4.2) and then A and AAAA.
// IPv4 comes before IPv6. With note, the outcome goes onto the tape.
func (p *Phone) lookup(ctx context.Context, hostport string, net capture.Net, note bool) []netip.AddrPort {
	host, port, err := splitHostPort(hostport)
	if err == nil {
		if ip, err := netip.ParseAddr(host); err == nil {
			if port == 0 {
				port = defaultPort(net)
			}
			return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), port)}
		}
	}
	began := time.Now()
	ctx, stop := context.WithTimeout(ctx, lookupTime)
	defer stop()
	var found []netip.AddrPort
	if err == nil {
		found, err = p.lookupName(ctx, host, port, net, note)
	}
	if note {
		took := time.Since(began).Round(time.Millisecond)
		if took < time.Millisecond {
			took = time.Millisecond
		}
		text := fmt.Sprintf("%s -> failed: %s in %s", hostport, lookupReason(err), took)
		if len(found) > 0 {
			text = fmt.Sprintf("%s -> %s in %s", hostport, found[0], took)
		}
		p.note(capture.PhoneLookup, text)
	}
	return found
}

// lookupName asks for NAPTR, SRV and address records at the same time, so that a name
// server that swallows the first two costs half the time at most.
func (p *Phone) lookupName(ctx context.Context, host string, port uint16, net capture.Net, note bool) ([]netip.AddrPort, error) {
	type answer struct {
		list []netip.AddrPort
		err  error
	}
	direct := make(chan answer, 1)
	at := port
	if at == 0 {
		at = defaultPort(net)
	}
	go func() {
		list, err := p.lookupIP(ctx, host, at)
		direct <- answer{list, err}
	}()
	if port == 0 && strings.Contains(strings.Trim(host, "."), ".") {
		if list := p.lookupService(ctx, host, net, note); len(list) > 0 {
			<-direct
			return list, nil
		}
	}
	// The resolver honours ctx, but a test's may not: never wait longer.
	select {
	case a := <-direct:
		return a.list, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Phone) lookupIP(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	ips, err := p.cfg.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var list []netip.AddrPort
	const most = 16 // as for SRV
	for _, ip := range ips[:min(len(ips), most)] {
		list = append(list, netip.AddrPortFrom(ip.Unmap(), port))
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int {
		if p.cfg.PreferIPv6 {
			a, b = b, a
		}
		return a.Addr().BitLen() - b.Addr().BitLen()
	})
	if len(list) == 0 {
		return nil, errors.New("no address")
	}
	return list, nil
}

// lookupReason says why in a few words; the resolver's own text repeats the name.
func lookupReason(err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return "no address"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(err, &dns) && dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return "no answer from the name server"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &dns):
		return dns.Err
	}
	return err.Error()
}

// splitHostPort takes host, host:port, an IPv6 address with or without brackets.
func splitHostPort(s string) (host string, port uint16, err error) {
	s = strings.TrimSpace(s)
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return ip.String(), 0, nil
	}
	if !strings.Contains(s, ":") {
		return strings.TrimSuffix(s, "."), 0, nil
	}
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, errors.New("not a host name")
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || host == "" {
		return "", 0, errors.New("not a host name with a port")
	}
	return strings.TrimSuffix(host, "."), uint16(n), nil
}

// routeTo gives the local address that packets to a target would carry. Nothing is sent.
func routeTo(target netip.AddrPort) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(target))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return wire.AddrPort(conn.LocalAddr()).Addr(), nil
}
