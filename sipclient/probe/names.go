package probe

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// lookup is the server's addresses for one transport, found once.
type lookup struct {
	done chan struct{} // closed when the rest is there
	list []netip.AddrPort
	err  error
}

// Addresses gives where the server is reached over a transport, in the order in which
// the phone would try them (names.Find). It is looked up once, in a time of its own;
// every caller gets the same answer, or the end of its context. The list of a nil error
// is never empty.
func (b *Bench) Addresses(ctx context.Context, over capture.Net) ([]netip.AddrPort, error) {
	b.mu.Lock()
	l := b.found[over]
	if l == nil {
		l = &lookup{done: make(chan struct{})}
		b.found[over] = l
		// Whoever asks first may have less time than the others.
		whole := b.whole
		if whole == nil {
			whole = ctx
		}
		own, stop := context.WithTimeout(whole, names.Time)
		b.lookups.Go(func() {
			defer stop()
			defer close(l.done)
			l.list, l.err = b.lookup(own, over)
		})
	}
	b.mu.Unlock()
	select {
	case <-l.done:
		return l.list, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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

func (b *Bench) lookup(ctx context.Context, over capture.Net) ([]netip.AddrPort, error) {
	host, port := b.hostPort()
	if port != 0 && over != b.Transport {
		port = names.DefaultPort(over) // the account's own port is that of its own transport
		if b.Transport != capture.TLS && over != capture.TLS {
			_, port = b.hostPort() // UDP and TCP usually share theirs
		}
	}
	found, err := names.Find(ctx, b.resolver(), host, port, over, false)
	return found.Addrs, err
}

// resolver asks the configured name servers, else as the system does.
func (b *Bench) resolver() names.Resolver {
	if len(b.NameServers) == 0 {
		return names.System()
	}
	return names.NewResolver(b.NameServers...)
}
