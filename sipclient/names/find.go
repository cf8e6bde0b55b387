package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Resolver looks names up, as net.Resolver does.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// service names the SRV records of a transport, and the services of NAPTR records that
// lead to it (RFC 3263 4.1, 4.2).
type service struct{ name, proto, naptr string }

var services = map[capture.Net]service{
	capture.UDP: {"sip", "udp", "SIP+D2U"}, capture.TCP: {"sip", "tcp", "SIP+D2T"}, capture.TLS: {"sips", "tcp", "SIPS+D2T"},
}

// Service is the name under which a domain's SRV records for a transport stand.
func Service(over capture.Net, domain string) string {
	s := services[over]
	return "_" + s.name + "._" + s.proto + "." + domain
}

// Time bounds the look-up of one name.
const Time = 3 * time.Second

// most bounds how many targets, and how many addresses of each, are taken: a domain
// with more is a trick.
const most = 16

// DefaultPort is the port of a URI that names none (RFC 3261 19.1.2).
func DefaultPort(over capture.Net) uint16 {
	if over == capture.TLS {
		return 5061
	}
	return 5060
}

// Found is where a name leads.
type Found struct {
	Addrs []netip.AddrPort // best first
	// Wants are the transports that the domain asks for by NAPTR, in its order, as the
	// services of these records: "SIPS+D2T". Empty where it says nothing about SIP.
	Wants []string
	NAPTR bool // the domain has NAPTR records, if only about other things
}

// Find gives where a host is reached over a transport: an address as it is, a name with a
// port by its A and AAAA records, a bare name (port 0) by NAPTR and SRV (RFC 3263 4.1,
// 4.2) and then A and AAAA. IPv4 comes before IPv6 unless the latter is preferred. It
// takes no longer than ctx says, whatever the resolver does; see Reason for its error.
func Find(ctx context.Context, r Resolver, host string, port uint16, over capture.Net, preferIPv6 bool) (Found, error) {
	f := finder{r, over, preferIPv6}
	at := port
	if at == 0 {
		at = DefaultPort(over)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return Found{Addrs: []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), at)}}, nil
	}
	// NAPTR, SRV and address records are asked for at the same time, so that a name
	// server that swallows the first two costs half the time at most.
	type answer struct {
		list []netip.AddrPort
		err  error
	}
	direct := make(chan answer, 1)
	go func() {
		list, err := f.addresses(ctx, host, at)
		direct <- answer{list, err}
	}()
	var found Found
	if port == 0 && strings.Contains(strings.Trim(host, "."), ".") {
		if found = f.service(ctx, host); len(found.Addrs) > 0 {
			select {
			case <-direct:
			case <-ctx.Done():
			}
			return found, nil
		}
	}
	// The resolver honours ctx, but a test's may not: never wait longer.
	select {
	case a := <-direct:
		found.Addrs = a.list
		return found, a.err
	case <-ctx.Done():
		return found, ctx.Err()
	}
}

// finder looks up the names of one server.
type finder struct {
	Resolver
	over       capture.Net
	preferIPv6 bool
}

// service finds the servers of a domain by NAPTR and SRV; none when it has none for the
// transport.
func (f finder) service(ctx context.Context, domain string) Found {
	half, stop := ctx, context.CancelFunc(func() {})
	if until, ok := ctx.Deadline(); ok {
		half, stop = context.WithTimeout(ctx, time.Until(until)/2)
	}
	defer stop()
	pointers := make(chan []NAPTR, 1)
	go func() {
		var list []NAPTR
		if r, ok := f.Resolver.(NAPTRResolver); ok {
			list, _ = r.LookupNAPTR(half, domain)
		}
		pointers <- list
	}()
	known := services[f.over]
	plain := f.targets(half, ctx, known.name, known.proto, domain)
	var list []NAPTR
	select {
	case list = <-pointers: // also when the time is up by now
	default:
		select {
		case list = <-pointers:
		case <-half.Done():
		}
	}
	found := Found{Addrs: plain, Wants: wanted(list), NAPTR: len(list) > 0}
	for _, n := range list {
		if !strings.EqualFold(n.Service, known.naptr) {
			continue
		}
		var addrs []netip.AddrPort
		switch target := strings.TrimSuffix(n.Replacement, "."); {
		case target == "":
		case strings.EqualFold(n.Flags, "s") && strings.EqualFold(target, Service(f.over, domain)):
			addrs = plain // asked already
		case strings.EqualFold(n.Flags, "s"):
			addrs = f.targets(ctx, ctx, "", "", target)
		case strings.EqualFold(n.Flags, "a"):
			addrs, _ = f.addresses(ctx, target, DefaultPort(f.over))
		}
		if len(addrs) > 0 {
			found.Addrs = addrs
			break
		}
	}
	return found
}

// targets gives the addresses of all targets of SRV records, in the order in which they
// are to be tried. A target "." means that there is no such service.
func (f finder) targets(ask, resolve context.Context, service, proto, name string) []netip.AddrPort {
	_, records, err := f.LookupSRV(ask, service, proto, name)
	if err != nil {
		return nil
	}
	var list []netip.AddrPort
	for _, r := range records[:min(len(records), most)] { // sorted by priority, shuffled by weight
		if target := strings.TrimSuffix(r.Target, "."); target != "" {
			more, _ := f.addresses(resolve, target, r.Port)
			list = append(list, more...)
		}
	}
	return list
}

func (f finder) addresses(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	ips, err := f.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var list []netip.AddrPort
	for _, ip := range ips[:min(len(ips), most)] {
		list = append(list, netip.AddrPortFrom(ip.Unmap(), port))
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int {
		if f.preferIPv6 {
			a, b = b, a
		}
		return a.Addr().BitLen() - b.Addr().BitLen()
	})
	if len(list) == 0 {
		return nil, errNoAddress
	}
	return list, nil
}

var errNoAddress = errors.New("no address")

// wanted lists the services of NAPTR records that are about SIP.
func wanted(list []NAPTR) []string {
	var out []string
	for _, n := range list {
		if s := strings.ToUpper(n.Service); strings.HasPrefix(s, "SIP") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Silent is the word of Reason for name servers that do not answer.
const Silent = "no answer from the name server"

// Reason says in a few words why a name was not found; the resolver's own text repeats
// the name.
func Reason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case err == nil:
		return errNoAddress.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return Silent
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &dns):
		return dns.Err
	}
	return err.Error()
}

// SplitHostPort takes host, host:port, an IPv6 address with or without brackets. Port 0
// is none.
func SplitHostPort(s string) (host string, port uint16, err error) {
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
