package capture

import (
	"encoding/binary"
	"net/netip"
)

// maxPiece is how much data one frame takes: what an IPv4 packet holds behind
// its own header and TCP's.
const maxPiece = 0xffff - 20 - 20

// IP protocol numbers.
const (
	protocolICMP   = 1
	protocolTCP    = 6
	protocolUDP    = 17
	protocolICMPv6 = 58
)

// build appends an IP packet of p around data to b.
func (o *writer) build(b []byte, p *Packet, src, dst netip.AddrPort, data []byte) []byte {
	hops := p.Hops
	if hops == 0 {
		hops = 64
	}
	six := src.Addr().Is6()
	protocol, header := byte(protocolUDP), 8
	switch p.Net {
	case TCP, TLS, WS, WSS:
		protocol, header = protocolTCP, 20
	case ICMP:
		protocol, header = protocolICMP, 0
		if six {
			protocol = protocolICMPv6
		}
	}
	length := header + len(data)
	if six {
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(length))
		b = append(b, protocol, hops)
		b = append(b, src.Addr().AsSlice()...)
		b = append(b, dst.Addr().AsSlice()...)
	} else {
		start := len(b)
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+length))
		b = append(b, 0, 0, 0x40, 0, hops, protocol, 0, 0) // may not be fragmented
		b = append(b, src.Addr().AsSlice()...)
		b = append(b, dst.Addr().AsSlice()...)
		binary.BigEndian.PutUint16(b[start+10:], fold(sum(0, b[start:])))
	}
	start := len(b)
	switch protocol {
	case protocolUDP:
		b = binary.BigEndian.AppendUint16(b, src.Port())
		b = binary.BigEndian.AppendUint16(b, dst.Port())
		b = binary.BigEndian.AppendUint16(b, uint16(length))
		b = append(b, 0, 0)
		b = append(b, data...)
		check := fold(sum(pseudo(src, dst, protocol, length), b[start:]))
		if check == 0 { // zero would mean that there is no checksum (RFC 768)
			check = 0xffff
		}
		binary.BigEndian.PutUint16(b[start+6:], check)
	case protocolTCP:
		w, back := way{src, dst}, way{dst, src}
		b = binary.BigEndian.AppendUint16(b, src.Port())
		b = binary.BigEndian.AppendUint16(b, dst.Port())
		b = binary.BigEndian.AppendUint32(b, 1+o.sequence[w])
		b = binary.BigEndian.AppendUint32(b, 1+o.sequence[back])
		b = append(b, 5<<4, 0x18, 0xff, 0xff, 0, 0, 0, 0) // PSH, ACK
		b = append(b, data...)
		o.sequence[w] += uint32(len(data))
		binary.BigEndian.PutUint16(b[start+16:], fold(sum(pseudo(src, dst, protocol, length), b[start:])))
	default:
		// The ICMP message is as it was, its own checksum included.
		b = append(b, data...)
	}
	return b
}

// pseudo is the sum over the pseudo header of UDP and TCP (RFC 768, RFC 9293
// 3.1, RFC 8200 8.1).
func pseudo(src, dst netip.AddrPort, protocol byte, length int) uint32 {
	s := sum(uint32(protocol)+uint32(length), src.Addr().AsSlice())
	return sum(s, dst.Addr().AsSlice())
}

// sum adds b as 16-bit words to s, without the final fold.
func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

// fold gives the Internet checksum of a sum (RFC 1071).
func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
