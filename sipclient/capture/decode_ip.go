package capture

import (
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// found goes on with the last layer decoded.
func (d *decoder) found(last gopacket.LayerType, src, dst netip.Addr, depth int) {
	network := d.network()
	switch {
	case last == layers.LayerTypeUDP || last == layers.LayerTypeTCP:
		if src.IsValid() {
			d.transport(last, src, dst, depth)
		}
	case last == layers.LayerTypeIPv6Fragment && network == layers.LayerTypeIPv6:
		d.fragment(fragmentKey{src, dst, d.frg.NextHeader, d.frg.Identification}, piece{
			at:   int(d.frg.FragmentOffset) * 8,
			more: d.frg.MoreFragments,
			data: d.frg.Payload,
		}, depth)
	case last == layers.LayerTypeIPv4 && (d.ip4.Flags&layers.IPv4MoreFragments != 0 || d.ip4.FragOffset != 0):
		d.fragment(fragmentKey{src, dst, d.ip4.Protocol, uint32(d.ip4.Id)}, piece{
			at:   int(d.ip4.FragOffset) * 8,
			more: d.ip4.Flags&layers.IPv4MoreFragments != 0,
			data: d.ip4.Payload,
		}, depth)
	case last == layers.LayerTypeGRE:
		if first, inner := mirrored(&d.gre); inner != nil {
			d.packet(first, inner, depth+1)
		}
	default:
		if protocol, data := d.beyond(last); protocol == layers.IPProtocolICMPv4 || protocol == layers.IPProtocolICMPv6 {
			d.emit(ICMP, netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0), data, d.n, d.time)
		}
	}
}

// beyond gives the protocol that follows the last header decoded, and its bytes; 0
// where that is no header of IP.
func (d *decoder) beyond(last gopacket.LayerType) (layers.IPProtocol, []byte) {
	switch last {
	case layers.LayerTypeIPv4:
		return d.ip4.Protocol, d.ip4.Payload
	case layers.LayerTypeIPv6:
		if d.ip6.HopByHop != nil {
			return d.ip6.HopByHop.NextHeader, d.ip6.Payload
		}
		return d.ip6.NextHeader, d.ip6.Payload
	case layers.LayerTypeIPv6HopByHop, layers.LayerTypeIPv6Routing, layers.LayerTypeIPv6Destination:
		return d.ext.NextHeader, d.ext.Payload
	case layers.LayerTypeIPSecAH:
		return d.ah.protocol, d.ah.Payload
	}
	return 0, nil
}

// network tells the innermost IP layer decoded, 0: none.
func (d *decoder) network() gopacket.LayerType {
	for _, t := range slices.Backward(d.decoded) {
		if t == layers.LayerTypeIPv4 || t == layers.LayerTypeIPv6 {
			return t
		}
	}
	return 0
}

func (d *decoder) addresses(network gopacket.LayerType) (src, dst netip.Addr) {
	switch network {
	case layers.LayerTypeIPv4:
		src, _ = netip.AddrFromSlice(d.ip4.SrcIP)
		dst, _ = netip.AddrFromSlice(d.ip4.DstIP)
		d.hops = d.ip4.TTL
	case layers.LayerTypeIPv6:
		src, _ = netip.AddrFromSlice(d.ip6.SrcIP)
		dst, _ = netip.AddrFromSlice(d.ip6.DstIP)
		d.hops = d.ip6.HopLimit
	}
	return src, dst
}

// fragment keeps a fragment and goes on with the datagram that it completes. One
// that the file does not hold whole is no use.
func (d *decoder) fragment(key fragmentKey, p piece, depth int) {
	if d.missing() > 0 {
		return
	}
	whole := d.fragments.add(key, p, d.n, d.time)
	if whole == nil {
		return
	}
	switch key.protocol {
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		d.emit(ICMP, netip.AddrPortFrom(key.src, 0), netip.AddrPortFrom(key.dst, 0), whole, d.n, d.time)
	case layers.IPProtocolIPv4, layers.IPProtocolIPv6:
		d.packet(key.protocol.LayerType(), whole, depth+1)
	default:
		if last, ok := d.parse(key.protocol.LayerType(), whole); ok && depth < maxDepth {
			if src, dst := d.addresses(d.network()); src.IsValid() { // there was another IP header inside
				d.found(last, src, dst, depth+1)
			} else {
				d.found(last, key.src, key.dst, depth+1)
			}
		}
	}
}

// transport emits the UDP datagram or TCP segment decoded last.
func (d *decoder) transport(last gopacket.LayerType, src, dst netip.Addr, depth int) {
	if last == layers.LayerTypeTCP {
		from, to := netip.AddrPortFrom(src, uint16(d.tcp.SrcPort)), netip.AddrPortFrom(dst, uint16(d.tcp.DstPort))
		d.streams.segment(from, to, &d.tcp, d.missing(), d.n, d.time)
		return
	}
	from, to := netip.AddrPortFrom(src, uint16(d.udp.SrcPort)), netip.AddrPortFrom(dst, uint16(d.udp.DstPort))
	if int(d.udp.Length) > 8+len(d.udp.Payload) {
		d.cutShort()
	}
	d.datagram(from, to, d.udp.Payload, depth)
}

// datagram emits a UDP datagram, or what it carries through a tunnel.
func (d *decoder) datagram(from, to netip.AddrPort, payload []byte, depth int) {
	if first, inner := tunnelled(to.Port(), payload); inner != nil {
		before := len(d.out)
		d.packet(first, inner, depth+1)
		if len(d.out) > before || d.network() != 0 {
			return
		}
	}
	if isHEP(payload) && d.hep(payload, d.n, d.time) {
		return
	}
	d.emit(UDP, from, to, payload, d.n, d.time)
}
