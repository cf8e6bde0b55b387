package probe

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// publicSTUN are servers that anybody may ask. They learn this computer's outside
// address and the time, so nothing is sent to them, or asked about them, unless the
// person agreed (Config.ThirdParty). This is the only such list.
var publicSTUN = []string{"stunserver2025.stunprotocol.org", "stun.cloudflare.com", "stun.l.google.com:19302"}

// helper is a server that tells where it sees a socket of ours.
type helper struct {
	name string // as people know it
	addr netip.AddrPort
	sip  bool // the account's own server, asked by OPTIONS; else it speaks STUN
}

// The most servers that are asked, and how long their names may take.
const (
	mostHelpers = 6
	namesLimit  = 2 * time.Second
)

// stunHelpers lists the STUN servers to ask, best first: the ones that the provider's
// domain names (_stun._udp, RFC 8489 8.1), those that the account or the person named,
// and public ones where the person agreed. Only addresses of the given IP version count.
func (b *Bench) stunHelpers(ctx context.Context, v6 bool) (list []helper) {
	ctx, stop := context.WithTimeout(ctx, namesLimit)
	defer stop()
	names := slices.Clone(b.STUN)
	if b.ThirdParty {
		names = append(names, publicSTUN...)
	}
	found := make([]chan []helper, len(names)+1)
	look := func(i int, f func() []helper) {
		found[i] = make(chan []helper, 1)
		go func() { found[i] <- f() }()
	}
	look(0, func() []helper { return b.provided(ctx, v6) })
	for i, name := range names {
		look(i+1, func() []helper {
			host, port := splitHostPort(strings.TrimSpace(name))
			if port == 0 {
				port = wire.STUNPort
			}
			return b.helpersAt(ctx, name, host, port, v6)
		})
	}
	for _, c := range found {
		for _, h := range <-c {
			same := func(o helper) bool { return o.addr == h.addr }
			if len(list) < mostHelpers && !slices.ContainsFunc(list, same) {
				list = append(list, h)
			}
		}
	}
	return list
}

// provided are the STUN servers that the provider's domain names.
func (b *Bench) provided(ctx context.Context, v6 bool) (list []helper) {
	domain, _ := splitHostPort(strings.TrimSpace(b.Server))
	if _, err := netip.ParseAddr(domain); err == nil {
		return nil // an address has no records
	}
	_, records, _ := b.resolver().LookupSRV(ctx, "stun", "udp", domain)
	for _, r := range records[:min(len(records), 3)] {
		name := strings.TrimSuffix(r.Target, ".")
		list = append(list, b.helpersAt(ctx, name, name, r.Port, v6)...)
	}
	return list
}

// helpersAt are the addresses behind a name, two at most.
func (b *Bench) helpersAt(ctx context.Context, name, host string, port uint16, v6 bool) (list []helper) {
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else {
		ips, _ = b.resolver().LookupNetIP(ctx, "ip", host)
	}
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is6() == v6 && port != 0 && len(list) < 2 {
			list = append(list, helper{name: name, addr: netip.AddrPortFrom(ip, port)})
		}
	}
	return list
}

// sipHelpers are the addresses of the account's own server over UDP, two at most.
func (b *Bench) sipHelpers(ctx context.Context) (list []helper, err error) {
	addresses, err := b.Addresses(ctx, capture.UDP)
	for _, a := range addresses {
		if a.Addr().Is6() == addresses[0].Addr().Is6() && len(list) < 2 {
			list = append(list, helper{name: a.String(), addr: a, sip: true})
		}
	}
	return list, err
}

// view is what one server says about a socket of ours.
type view struct {
	helper
	mapped netip.AddrPort
	other  netip.AddrPort // a second address of a STUN server, invalid where it has none to use
	took   time.Duration
}

// view asks one server about a socket.
func (o *outlet) view(ctx context.Context, b *Bench, h helper, patience time.Duration) (view, error) {
	v := view{helper: h}
	var err error
	if h.sip {
		v.mapped, v.took, err = o.sip(ctx, b, h.addr, patience)
		return v, err
	}
	a, err := o.stun(ctx, h.addr, wire.NewSTUNRequest(), patience)
	v.mapped, v.took = a.stun.Mapped, a.took
	if other := a.stun.Other; usable(h.addr, other) {
		v.other = other
	}
	return v, err
}

// usable tells whether a STUN server's second address is one to write to: another one,
// of the same IP version, and not hidden where the first is not.
func usable(first, other netip.AddrPort) bool {
	return other.IsValid() && other.Addr().Is4() == first.Addr().Is4() && other.Addr() != first.Addr() && other.Port() != first.Port() &&
		(hidden(first.Addr()) || !hidden(other.Addr()))
}

// hidden tells addresses that nobody outside their own network can reach (RFC 1918,
// 6598, 3927, 4193, 1122).
func hidden(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || carrierSpace.Contains(a)
}

// carrierSpace is for internet providers that translate their customers' addresses (RFC 6598).
var carrierSpace = netip.MustParsePrefix("100.64.0.0/10")
