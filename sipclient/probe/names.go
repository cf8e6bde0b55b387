package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"softphonedoctor/sipclient/capture"
)

// lookup is the server's addresses for one transport, found once.
type lookup struct {
	once sync.Once
	list []netip.AddrPort
	err  error
}

// Addresses gives where the server is reached over a transport, best first: an address
// as it is, a name with a port by its address records, a bare name by SRV (RFC 3263
// 4.2) and then by its address records at the transport's usual port. It is looked up
// once; every caller gets the same answer. The list of a nil error is never empty.
func (b *Bench) Addresses(ctx context.Context, over capture.Net) ([]netip.AddrPort, error) {
	b.mu.Lock()
	l := b.found[over]
	if l == nil {
		l = new(lookup)
		b.found[over] = l
	}
	b.mu.Unlock()
	l.once.Do(func() { l.list, l.err = b.lookup(ctx, over) })
	return l.list, l.err
}

// Address is the best of Addresses.
func (b *Bench) Address(ctx context.Context, over capture.Net) (netip.AddrPort, error) {
	list, err := b.Addresses(ctx, over)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return list[0], nil
}

// Host is the name or address to which requests go first: the outbound proxy's, else
// the server's. It is also whom a certificate must name.
func (b *Bench) Host() string {
	host, _ := b.hostPort()
	return host
}

// hostPort is Host with the port that was named, 0 for none.
func (b *Bench) hostPort() (host string, port uint16) {
	name := strings.Trim(strings.TrimSpace(b.Proxy), "<>")
	for _, scheme := range []string{"sips:", "sip:"} {
		if len(name) > len(scheme) && strings.EqualFold(name[:len(scheme)], scheme) {
			name = name[len(scheme):]
		}
	}
	if name, _, _ = strings.Cut(name, ";"); name == "" {
		name = strings.TrimSpace(b.Server)
	}
	return splitHostPort(name)
}

// splitHostPort takes host, host:port, an IPv6 address with or without brackets.
func splitHostPort(name string) (host string, port uint16) {
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return ip.String(), 0
	}
	host, text, err := net.SplitHostPort(name)
	if err != nil {
		return strings.TrimSuffix(name, "."), 0
	}
	n, _ := strconv.ParseUint(text, 10, 16)
	return strings.TrimSuffix(host, "."), uint16(n)
}

// usualPort is RFC 3261's: 5060, and 5061 for TLS.
func usualPort(over capture.Net) uint16 {
	if over == capture.TLS {
		return 5061
	}
	return 5060
}

// services names the SRV records of each transport (RFC 3263 4.2).
var services = map[capture.Net]struct{ service, proto string }{
	capture.UDP: {"sip", "udp"}, capture.TCP: {"sip", "tcp"}, capture.TLS: {"sips", "tcp"},
}

func (b *Bench) lookup(ctx context.Context, over capture.Net) ([]netip.AddrPort, error) {
	host, port := b.hostPort()
	if port != 0 && over != b.Transport {
		port = usualPort(over) // the account's own port is that of its own transport
		if b.Transport != capture.TLS && over != capture.TLS {
			_, port = b.hostPort() // UDP and TCP usually share theirs
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if port == 0 {
			port = usualPort(over)
		}
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), port)}, nil
	}
	resolver := b.resolver()
	var list []netip.AddrPort
	add := func(host string, port uint16) error {
		ips, err := resolver.LookupNetIP(ctx, "ip", host)
		for _, ip := range ips {
			list = append(list, netip.AddrPortFrom(ip.Unmap(), port))
		}
		return err
	}
	if port == 0 {
		s := services[over]
		_, records, _ := resolver.LookupSRV(ctx, s.service, s.proto, host)
		for _, r := range records {
			_ = add(strings.TrimSuffix(r.Target, "."), r.Port)
		}
		if len(list) > 0 {
			return list, nil
		}
		port = usualPort(over)
	}
	err := add(host, port)
	switch {
	case len(list) > 0:
	case err == nil:
		err = errors.New("no address")
		fallthrough
	default:
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	return list, nil
}

// resolver asks the configured name servers, else the system's.
func (b *Bench) resolver() *net.Resolver {
	if len(b.NameServers) == 0 {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, b.NameServers[0].String())
	}}
}
