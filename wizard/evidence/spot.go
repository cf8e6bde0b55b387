package evidence

import (
	"net/netip"
)

// spot is one address of sound: who announced it, and what comes from it or goes to it.
type spot struct {
	described []claim   // by whom it was announced for RTP
	reporting []claim   // and for RTCP
	streams   []*stream // proven ones, in order
	reports   []*report // RTCP
	epoch     uint64    // counts what may change whose the packets here are
	users     int       // sources that look here
}

// spot gives the spot of an address, and makes it.
func (b *Builder) spot(a netip.AddrPort) *spot {
	p := b.spots[a]
	if p == nil {
		if b.spots == nil {
			b.spots = make(map[netip.AddrPort]*spot)
		}
		p = new(spot)
		b.spots[a] = p
	}
	return p
}

// vacate forgets a spot that nobody needs.
func (b *Builder) vacate(a netip.AddrPort) {
	if p := b.spots[a]; p != nil && p.users == 0 && len(p.described)+len(p.reporting)+len(p.streams)+len(p.reports) == 0 {
		delete(b.spots, a)
	}
}

// describedAt gives the claims on both addresses of a flow, reportingAt those for RTCP.
func (b *Builder) describedAt(f flow) (to, from []claim) {
	if p := b.spots[f.to]; p != nil {
		to = p.described
	}
	if p := b.spots[f.from]; p != nil {
		from = p.described
	}
	return to, from
}

func (b *Builder) reportingAt(f flow) (to, from []claim) {
	if p := b.spots[f.to]; p != nil {
		to = p.reporting
	}
	if p := b.spots[f.from]; p != nil {
		from = p.reporting
	}
	return to, from
}

// claim notes that a call announced an address.
func (b *Builder) claim(c claim, ip netip.Addr) {
	rtp := netip.AddrPortFrom(ip, uint16(c.media.Port))
	p := b.spot(rtp)
	p.described = append(p.described, c)
	c.call.spots = appendNew(c.call.spots, rtp)
	if port := c.media.RTCPPort; port > 0 && port < 65536 {
		rtcp := netip.AddrPortFrom(ip, uint16(port))
		p := b.spot(rtcp)
		p.reporting = append(p.reporting, c)
		c.call.spots = appendNew(c.call.spots, rtcp)
	}
}

// changed says that packets at a call's addresses may belong to somebody else now, or
// mean something else.
func (c *call) changed(b *Builder) {
	for _, a := range c.spots {
		b.spots[a].epoch++
	}
}

// anyPort is an address without its port.
func anyPort(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), 0) }
