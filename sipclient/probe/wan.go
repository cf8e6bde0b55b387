package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// findWAN compares the router's own outside address with the one that is seen from the
// internet: where they differ, something behind the router translates once more. The
// router is only asked (NAT-PMP, UPnP), nothing is changed in it; where it does not tell,
// the machines behind it may.
func findWAN(ctx context.Context, b *Bench) {
	var looking sync.WaitGroup
	var wan, hop netip.Addr
	var by string
	var silent error
	looking.Go(func() { b.outside(ctx) })
	looking.Go(func() { wan, by, silent = b.routerOutside(ctx) })
	looking.Go(func() { hop = b.behindRouter(ctx) })
	looking.Wait()
	v, nat, known := b.seen.translated()
	own := b.seen.local.Addr()
	if ctx.Err() != nil {
		return
	}
	no := func(format string, args ...any) { b.NotChecked(capture.ProbeWANAddress, format, args...) }
	switch {
	case known && !nat:
		no("there is no NAT on the way")
	case known && v.sip && hidden(v.addr.Addr()):
		no("the server is in a network of its own, and nobody in the internet was asked")
	case silent == nil && known:
		b.Say(capture.ProbeWANAddress, wan == v.mapped.Addr(), "wan", wan, "mapped", v.mapped, "by", by)
	case silent == nil && hidden(wan):
		// An address that nobody in the internet can see needs no second word.
		b.Say(capture.ProbeWANAddress, false, "wan", wan, "by", by)
	case silent == nil:
		no("the router is at %s (%s), and %s", wan, by, b.seen.why())
	case known && carrierSpace.Contains(own):
		// This computer sits in the carrier's network itself, as with a phone's hotspot.
		b.Say(capture.ProbeWANAddress, false, "wan", own, "mapped", v.mapped, "by", "own")
	case known && (carrierSpace.Contains(hop) || homeSpace.Contains(hop)):
		b.Say(capture.ProbeWANAddress, false, "hop", hop, "mapped", v.mapped, "by", "hop")
	case hop.IsValid() && hidden(hop):
		no("%s; behind it is %s, a second router or a machine of the internet provider's", silent, hop)
	default:
		no("%s", silent)
	}
}

// homeSpace is used in homes and offices, and hardly by internet providers: a machine
// with such an address behind the router is a second router of the person's.
var homeSpace = netip.MustParsePrefix("192.168.0.0/16")

// behindRouter is the address of the first machine behind the router, on the way to a
// server in the internet; invalid where that is not seen.
func (b *Bench) behindRouter(ctx context.Context) netip.Addr {
	server, err := b.Address(ctx, b.Transport)
	if err != nil || hidden(server.Addr()) {
		return netip.Addr{}
	}
	hops, _ := b.way.trace(ctx, server)
	for _, h := range hops {
		if h.distance == 2 && !h.arrived {
			return h.addr
		}
	}
	return netip.Addr{}
}

// routerLimit is how long the router may take to tell its outside address.
const routerLimit = 3 * time.Second

// errRouterSilent is usual: many routers have both switched off.
var errRouterSilent = errors.New("the router does not tell its outside address (NAT-PMP, UPnP)")

// routerOutside asks the default gateway for its outside address in both ways that need
// no password, and takes the first answer.
func (b *Bench) routerOutside(ctx context.Context) (wan netip.Addr, by string, err error) {
	router, err := b.router()
	if err != nil {
		return wan, "", err
	}
	ctx, stop := context.WithTimeout(ctx, routerLimit)
	defer stop()
	type answer struct {
		wan netip.Addr
		by  string
	}
	answers := make(chan answer, 2)
	var asking sync.WaitGroup
	for by, ask := range map[string]func(context.Context, netip.Addr) (netip.Addr, error){"nat-pmp": natPMP, "upnp": upnpAddress} {
		asking.Go(func() {
			if at, err := ask(ctx, router); err == nil {
				answers <- answer{at, by}
			}
		})
	}
	asked := make(chan struct{})
	go func() { asking.Wait(); close(asked) }()
	defer func() { stop(); <-asked }()
	select {
	case a := <-answers:
		return a.wan, a.by, nil
	case <-asked:
	}
	select {
	case a := <-answers:
		return a.wan, a.by, nil
	default:
		return wan, "", errRouterSilent
	}
}

// router is the default gateway's address. IPv6 needs no such question: nothing is
// translated there.
func (b *Bench) router() (netip.Addr, error) {
	if b.gateway.IsValid() {
		return b.gateway, nil
	}
	return defaultGateway(netip.IPv4Unspecified())
}

// The port and the messages of NAT-PMP (RFC 6886 3.2). The question for the external
// address changes nothing in the router.
const (
	natPMPPort   = 5351
	natPMPAnswer = 12 // bytes: version, operation, result, seconds, address
	natPMPReply  = 128
)

// natPMP asks a router for its outside address by NAT-PMP.
func natPMP(ctx context.Context, router netip.Addr) (netip.Addr, error) {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(router, natPMPPort)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	buf := make([]byte, 64)
	for wait := 250 * time.Millisecond; ctx.Err() == nil; wait *= 2 {
		if _, err := conn.Write([]byte{0, 0}); err != nil {
			return netip.Addr{}, err
		}
		_ = conn.SetReadDeadline(time.Now().Add(wait))
		if ctx.Err() != nil {
			break
		}
		n, err := conn.Read(buf)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			continue
		}
		if err != nil {
			return netip.Addr{}, err
		}
		return natPMPAddress(buf[:n])
	}
	return netip.Addr{}, errRouterSilent
}

// natPMPAddress reads the answer.
func natPMPAddress(data []byte) (netip.Addr, error) {
	if len(data) < natPMPAnswer || data[0] != 0 || data[1] != natPMPReply || data[2] != 0 || data[3] != 0 {
		return netip.Addr{}, errRouterSilent
	}
	addr := netip.AddrFrom4([4]byte(data[8:12]))
	if !outsideAddress(addr) {
		return netip.Addr{}, errRouterSilent // it has no connection
	}
	return addr, nil
}

// outsideAddress tells an address that a router can have on its outside.
func outsideAddress(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
