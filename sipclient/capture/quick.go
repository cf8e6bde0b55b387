package capture

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Most frames of a capture are UDP or TCP in IPv4 or IPv6, whole, straight in
// Ethernet or in what tcpdump -i any makes of it. They are read here by hand, ten
// times faster than layer by layer; whatever is not as expected is left to gopacket,
// and a test holds that both give the same.

// EtherTypes (IEEE 802).
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8

	arpEthernet = 1   // ARPHRD_ETHER
	arpLoopback = 772 // ARPHRD_LOOPBACK
)

// quick emits what a usual frame holds. It tells false, and has done nothing, where
// the frame is not usual.
func (d *decoder) quick(link uint32, b []byte) bool {
	kind := uint16(0)
	switch link {
	case linkEthernet:
		if len(b) < 14 {
			return false
		}
		kind, b = binary.BigEndian.Uint16(b[12:]), b[14:]
		for range 2 {
			if kind != etherVLAN && kind != etherQinQ || len(b) < 4 {
				break
			}
			kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		}
	case linkSLL:
		if len(b) < 16 || binary.BigEndian.Uint16(b[4:]) > 8 {
			return false
		}
		kind, b = binary.BigEndian.Uint16(b[14:]), b[16:]
	case linkSLL2:
		if len(b) < 20 || b[11] > 8 {
			return false
		}
		if hardware := binary.BigEndian.Uint16(b[8:]); hardware != arpEthernet && hardware != arpLoopback {
			return false // some say something else about what follows
		}
		kind, b = binary.BigEndian.Uint16(b), b[20:]
	case linkRaw, linkRawBSD, linkRawOBSD, linkIPv4, linkIPv6:
		if len(b) == 0 {
			return false
		}
		switch b[0] >> 4 {
		case 4:
			kind = etherIPv4
		case 6:
			kind = etherIPv6
		}
	}
	switch kind {
	case etherIPv4:
		return d.quick4(b)
	case etherIPv6:
		return d.quick6(b)
	}
	return false
}

// quick4 reads an IPv4 packet without options that is neither a fragment nor cut.
func (d *decoder) quick4(b []byte) bool {
	const fragment = 0x3fff // more fragments, or an offset
	if len(b) < 20 || b[0] != 0x45 || binary.BigEndian.Uint16(b[6:])&fragment != 0 {
		return false
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if length < 20 || length > len(b) {
		return false
	}
	d.hops = b[8]
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	return d.quickTransport(layers.IPProtocol(b[9]), src, dst, b[20:length])
}

// quick6 reads an IPv6 packet without extension headers that is not cut.
func (d *decoder) quick6(b []byte) bool {
	if len(b) < 40 {
		return false
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 || length > len(b)-40 {
		return false
	}
	d.hops = b[7]
	src, dst := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	return d.quickTransport(layers.IPProtocol(b[6]), src, dst, b[40:40+length])
}

func (d *decoder) quickTransport(protocol layers.IPProtocol, src, dst netip.Addr, b []byte) bool {
	switch protocol {
	case layers.IPProtocolUDP:
		if len(b) < 8 {
			return false
		}
		length := int(binary.BigEndian.Uint16(b[4:]))
		if length < 8 || length > len(b) {
			return false
		}
		d.datagram(netip.AddrPortFrom(src, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:])), b[8:length], 0)
		return true
	case layers.IPProtocolTCP:
		if d.tcp.DecodeFromBytes(b, gopacket.NilDecodeFeedback) != nil {
			return false
		}
		d.streams.segment(netip.AddrPortFrom(src, uint16(d.tcp.SrcPort)), netip.AddrPortFrom(dst, uint16(d.tcp.DstPort)), &d.tcp, 0, d.n, d.time)
		return true
	}
	return false
}
