package sipclient

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
	"softphonedoctor/sipclient/wire"
)

// resolveServer finds the address that requests go to, and all addresses whose
// requests we answer. A failure leaves p.server without one.
func (p *Phone) resolveServer(ctx context.Context) {
	if p.cfg.Resolver == nil {
		p.cfg.Resolver = names.System()
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
	host, port, err := names.SplitHostPort(hostport)
	if err == nil {
		if ip, err := netip.ParseAddr(host); err == nil {
			if port == 0 {
				port = names.DefaultPort(net)
			}
			return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), port)}
		}
	}
	began := time.Now()
	ctx, stop := context.WithTimeout(ctx, names.Time)
	defer stop()
	var found names.Found
	if err == nil {
		found, err = names.Find(ctx, p.cfg.Resolver, host, port, net, p.cfg.PreferIPv6)
	}
	if note {
		if found.NAPTR {
			p.note(capture.PhoneNAPTR, host+" "+strings.Join(found.Wants, " "))
		}
		took := time.Since(began).Round(time.Millisecond)
		if took < time.Millisecond {
			took = time.Millisecond
		}
		text := fmt.Sprintf("%s -> failed: %s in %s", hostport, names.Reason(err), took)
		if len(found.Addrs) > 0 {
			text = fmt.Sprintf("%s -> %s in %s", hostport, found.Addrs[0], took)
		}
		p.note(capture.PhoneLookup, text)
	}
	return found.Addrs
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
