// Package names finds a server's addresses by its name, as RFC 3263 wants it: NAPTR,
// SRV, then A and AAAA. The test phone and the measurements beside it look names up in
// this one way.
package names

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// NAPTR is a name authority pointer (RFC 3403 4): which transports a domain wants,
// in which order, and where their SRV records are.
type NAPTR struct {
	Order, Preference           uint16
	Flags, Service, Replacement string
}

// NAPTRResolver is a Resolver that looks up NAPTR records, too. A resolver that
// does not costs nothing but the domain's say in the matter (RFC 3263 4.1).
type NAPTRResolver interface {
	Resolver
	LookupNAPTR(ctx context.Context, name string) ([]NAPTR, error)
}

// NewResolver gives a resolver that asks the given name servers, in that order,
// whatever the system's settings are.
func NewResolver(servers ...netip.AddrPort) NAPTRResolver { return &nameServers{list: servers} }

// System is the system's own resolver, with NAPTR from the name servers that the
// system uses, where it says which.
func System() Resolver {
	list := configured(resolvConf)
	if len(list) == 0 {
		return net.DefaultResolver
	}
	return struct {
		*net.Resolver
		naptr
	}{net.DefaultResolver, naptr{&nameServers{list: list}}}
}

// naptr looks up NAPTR records only.
type naptr struct{ servers *nameServers }

func (n naptr) LookupNAPTR(ctx context.Context, name string) ([]NAPTR, error) {
	return n.servers.LookupNAPTR(ctx, name)
}

// nameServers asks a list of name servers, beginning with the one that answered
// last: a dead one costs its time once.
type nameServers struct {
	list  []netip.AddrPort
	first atomic.Int32
}

// queryTime bounds one question to one name server.
const queryTime = 800 * time.Millisecond

// ask puts one question to one server after another until one knows.
func (s *nameServers) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	var last error = &net.DNSError{Err: "no name server", Name: name}
	first := int(s.first.Load())
	for i := range s.list {
		at := (first + i) % len(s.list)
		server := s.list[at]
		m := new(dns.Msg)
		m.SetQuestion(dns.Fqdn(name), kind)
		m.SetEdns0(1232, false)
		reply, err := exchange(ctx, m, server)
		if err == nil {
			s.first.Store(int32(at))
		}
		switch {
		case ctx.Err() != nil:
			return nil, &net.DNSError{Err: "timeout", Name: name, IsTimeout: true}
		case err != nil:
			var timeout net.Error
			last = &net.DNSError{Err: err.Error(), Name: name, Server: server.String(), IsTimeout: errors.As(err, &timeout) && timeout.Timeout()}
		case reply.Rcode == dns.RcodeNameError:
			return nil, &net.DNSError{Err: "no such host", Name: name, Server: server.String(), IsNotFound: true}
		case reply.Rcode != dns.RcodeSuccess:
			last = &net.DNSError{Err: "the name server answered " + dns.RcodeToString[reply.Rcode], Name: name, Server: server.String(), IsTemporary: true}
		default:
			return reply.Answer, nil
		}
	}
	return nil, last
}

// exchange asks over UDP, and over TCP what does not fit.
func exchange(ctx context.Context, m *dns.Msg, server netip.AddrPort) (*dns.Msg, error) {
	ctx, stop := context.WithTimeout(ctx, queryTime)
	defer stop()
	reply, _, err := (&dns.Client{Net: "udp", UDPSize: 1232}).ExchangeContext(ctx, m, server.String())
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, m, server.String())
	}
	return reply, err
}

// LookupNAPTR gives the records sorted by order and preference.
func (s *nameServers) LookupNAPTR(ctx context.Context, name string) ([]NAPTR, error) {
	answer, err := s.ask(ctx, name, dns.TypeNAPTR)
	if err != nil {
		return nil, err
	}
	var list []NAPTR
	for _, rr := range answer {
		if r, ok := rr.(*dns.NAPTR); ok {
			list = append(list, NAPTR{r.Order, r.Preference, r.Flags, r.Service, r.Replacement})
		}
	}
	slices.SortStableFunc(list, func(a, b NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	return list, nil
}

// LookupSRV is as net.Resolver has it: sorted by priority, and within one priority
// at random by weight (RFC 2782).
func (s *nameServers) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if service != "" || proto != "" {
		name = "_" + service + "._" + proto + "." + name
	}
	answer, err := s.ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return "", nil, err
	}
	var list []*net.SRV
	for _, rr := range answer {
		if r, ok := rr.(*dns.SRV); ok {
			list = append(list, &net.SRV{Target: r.Target, Port: r.Port, Priority: r.Priority, Weight: r.Weight})
		}
	}
	if len(list) == 0 {
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return name, shuffle(list), nil
}

// shuffle puts SRV records in the order in which they are to be tried.
func shuffle(list []*net.SRV) []*net.SRV {
	slices.SortStableFunc(list, func(a, b *net.SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	for i := range list {
		// The records of the same priority that are left, and the sum of their weights.
		end, sum := i, 0
		for end < len(list) && list[end].Priority == list[i].Priority {
			sum += int(list[end].Weight)
			end++
		}
		if sum == 0 {
			rand.Shuffle(end-i, func(a, b int) { list[i+a], list[i+b] = list[i+b], list[i+a] })
			continue
		}
		at := rand.IntN(sum)
		for k := i; k < end; k++ {
			if at -= int(list[k].Weight); at < 0 {
				list[i], list[k] = list[k], list[i]
				break
			}
		}
	}
	return list
}

// LookupNetIP gives the addresses of both kinds.
func (s *nameServers) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	type result struct {
		answer []dns.RR
		err    error
	}
	six := make(chan result, 1)
	go func() {
		answer, err := s.ask(ctx, host, dns.TypeAAAA)
		six <- result{answer, err}
	}()
	answer, err := s.ask(ctx, host, dns.TypeA)
	other := <-six // bounded by the same time
	var list []netip.Addr
	for _, rr := range append(answer, other.answer...) {
		switch r := rr.(type) {
		case *dns.A:
			if ip, ok := netip.AddrFromSlice(r.A.To4()); ok {
				list = append(list, ip)
			}
		case *dns.AAAA:
			if ip, ok := netip.AddrFromSlice(r.AAAA); ok {
				list = append(list, ip)
			}
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case err != nil:
		return nil, err
	case other.err != nil:
		return nil, other.err
	}
	return nil, &net.DNSError{Err: "no such host", Name: strings.TrimSuffix(host, "."), IsNotFound: true}
}
