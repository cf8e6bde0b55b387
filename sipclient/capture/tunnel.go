package capture

import (
	"encoding/binary"
	"errors"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Layers that gopacket knows but cannot decode in place (PPP, PPPoE, MPLS, AH), of
// which it takes four bytes too many (802.11, where it believes that every
// capture has the frame check sequence), that need a look at what stands around them
// (ERSPAN, tunnels in UDP), or that it lacks (ERF).

var errTooShort = errors.New("header too short")

// ppp is the Point-to-Point Protocol's header (RFC 1661, RFC 1662): the protocol
// field behind an optional address and control field.
type ppp struct {
	layers.BaseLayer
	next gopacket.LayerType
}

func (p *ppp) CanDecode() gopacket.LayerClass    { return layers.LayerTypePPP }
func (p *ppp) NextLayerType() gopacket.LayerType { return p.next }
func (p *ppp) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) error {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b = b[2:]
	}
	var protocol uint16
	switch {
	case len(b) >= 1 && b[0]&1 == 1: // compressed to one byte
		protocol, b = uint16(b[0]), b[1:]
	case len(b) >= 2:
		protocol, b = binary.BigEndian.Uint16(b), b[2:]
	default:
		return errTooShort
	}
	switch protocol {
	case 0x21:
		p.next = layers.LayerTypeIPv4
	case 0x57:
		p.next = layers.LayerTypeIPv6
	default:
		p.next = gopacket.LayerTypePayload
	}
	p.Payload = b
	return nil
}

// pppoe is the header of a PPPoE session (RFC 2516).
type pppoe struct {
	layers.BaseLayer
	next gopacket.LayerType
}

func (p *pppoe) CanDecode() gopacket.LayerClass    { return layers.LayerTypePPPoE }
func (p *pppoe) NextLayerType() gopacket.LayerType { return p.next }
func (p *pppoe) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) error {
	if len(b) < 6 {
		return errTooShort
	}
	p.next = gopacket.LayerTypePayload
	if b[1] == 0 { // session data; other codes are discovery
		p.next = layers.LayerTypePPP
	}
	p.Payload = b[6:min(len(b), 6+int(binary.BigEndian.Uint16(b[4:])))]
	return nil
}

// mpls is one label of a stack (RFC 3032). What follows the last is not named
// and is told by its first four bits, or by looking like a frame, of which some stand
// behind a control word (RFC 4448).
type mpls struct {
	layers.BaseLayer
	next gopacket.LayerType
}

func (m *mpls) CanDecode() gopacket.LayerClass    { return layers.LayerTypeMPLS }
func (m *mpls) NextLayerType() gopacket.LayerType { return m.next }
func (m *mpls) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) error {
	if len(b) < 5 {
		return errTooShort
	}
	m.Payload = b[4:]
	switch {
	case b[2]&1 == 0:
		m.next = layers.LayerTypeMPLS
	case b[4]>>4 == 4:
		m.next = layers.LayerTypeIPv4
	case b[4]>>4 == 6:
		m.next = layers.LayerTypeIPv6
	case len(b) >= 8 && isFrame(b[8:]) && b[4] == 0 && b[5] == 0:
		m.next, m.Payload = layers.LayerTypeEthernet, b[8:]
	case isFrame(b[4:]):
		m.next = layers.LayerTypeEthernet
	default:
		m.next = gopacket.LayerTypePayload
	}
	return nil
}

// isFrame tells whether bytes can be an Ethernet frame with IP in it.
func isFrame(b []byte) bool {
	if len(b) < 14 {
		return false
	}
	switch layers.EthernetType(binary.BigEndian.Uint16(b[12:])) {
	case layers.EthernetTypeIPv4, layers.EthernetTypeIPv6, layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, layers.EthernetTypePPPoESession:
		return true
	}
	return false
}

// dot11 is the header of an 802.11 data frame in the clear (IEEE 802.11 9.2.3).
// A frame check sequence behind it is trimmed by the IP lengths.
type dot11 struct {
	layers.BaseLayer
	next gopacket.LayerType
}

func (d *dot11) CanDecode() gopacket.LayerClass    { return layers.LayerTypeDot11 }
func (d *dot11) NextLayerType() gopacket.LayerType { return d.next }
func (d *dot11) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) error {
	const (
		toDS, fromDS, protected, order = 1, 2, 0x40, 0x80
		noData, qos                    = 0x40, 0x80
	)
	d.next, d.Payload = gopacket.LayerTypePayload, nil
	if len(b) < 24 {
		return errTooShort
	}
	kind, flags := b[0], b[1]
	if kind&0x0c != 0x08 || kind&noData != 0 || flags&protected != 0 {
		return nil // no data frame, one without data, or encrypted
	}
	length := 24
	if flags&(toDS|fromDS) == toDS|fromDS {
		length += 6
	}
	aggregate := false
	if kind&qos != 0 {
		if len(b) < length+2 {
			return errTooShort
		}
		aggregate = b[length]&0x80 != 0 // several frames in one, which are rare in captures
		length += 2
		if flags&order != 0 {
			length += 4
		}
	}
	if len(b) < length {
		return errTooShort
	}
	if !aggregate {
		d.next, d.Payload = layers.LayerTypeLLC, b[length:]
	}
	return nil
}

// authentication is the Authentication Header (RFC 4302), which hides nothing.
type authentication struct {
	layers.BaseLayer
	protocol layers.IPProtocol
}

func (a *authentication) CanDecode() gopacket.LayerClass    { return layers.LayerTypeIPSecAH }
func (a *authentication) NextLayerType() gopacket.LayerType { return a.protocol.LayerType() }
func (a *authentication) DecodeFromBytes(b []byte, _ gopacket.DecodeFeedback) error {
	if len(b) < 12 || len(b) < 4*(int(b[1])+2) {
		return errTooShort
	}
	a.protocol, a.Payload = layers.IPProtocol(b[0]), b[4*(int(b[1])+2):]
	return nil
}

// The numbers by which GRE names mirrored frames (draft-foschiano-erspan).
const (
	greERSPAN2 = layers.EthernetTypeERSPAN // and the first kind, which has no header
	greERSPAN3 = layers.EthernetType(0x22eb)
)

// mirrored gives the frame that a switch sent through GRE to be looked at (ERSPAN),
// nil where something else is in it.
func mirrored(g *layers.GRE) (gopacket.LayerType, []byte) {
	b := g.Payload
	switch {
	case g.Protocol == greERSPAN2 && !g.SeqPresent && len(b) > 0:
		return layers.LayerTypeEthernet, b
	case g.Protocol == greERSPAN2 && len(b) > 8 && b[0]>>4 <= 1:
		return layers.LayerTypeEthernet, b[8:]
	case g.Protocol == greERSPAN3 && len(b) > 12 && b[0]>>4 == 2:
		kind, platform := b[10]>>2&0x1f, b[11]&1 != 0
		b = b[12:]
		if platform {
			b = b[min(8, len(b)):]
		}
		switch {
		case len(b) == 0:
		case kind == 0:
			return layers.LayerTypeEthernet, b
		case kind == 2:
			return ipLayer(b)
		}
	}
	return 0, nil
}

// ipLayer tells the version of an IP packet.
func ipLayer(b []byte) (gopacket.LayerType, []byte) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return layers.LayerTypeIPv4, b
	case len(b) >= 40 && b[0]>>4 == 6:
		return layers.LayerTypeIPv6, b
	}
	return 0, nil
}

// The UDP ports at which tunnels arrive.
const (
	vxlanPort      = 4789 // RFC 7348
	vxlanLinuxPort = 8472 // what Linux used before there was a number for it
	gtpPort        = 2152 // TS 29.281
)

// tunnelled gives the packet or frame inside a datagram, nil when it is no tunnel's.
func tunnelled(port uint16, b []byte) (gopacket.LayerType, []byte) {
	switch port {
	case vxlanPort, vxlanLinuxPort:
		return vxlanFrame(b)
	case gtpPort:
		return gtpPacket(b)
	}
	return 0, nil
}

// vxlanFrame is the Ethernet frame inside a VXLAN datagram, nil when it is none:
// only the I flag is set and the reserved fields are zero.
func vxlanFrame(b []byte) (gopacket.LayerType, []byte) {
	if len(b) < 8+14 || binary.BigEndian.Uint32(b) != 0x08000000 || b[7] != 0 {
		return 0, nil
	}
	return layers.LayerTypeEthernet, b[8:]
}

// gtpPacket is the IP packet inside a GTP-U datagram (TS 29.281 5.1), as mobile
// networks carry the calls of their phones.
func gtpPacket(b []byte) (gopacket.LayerType, []byte) {
	const version1, optional, extended, userData = 0x30, 7, 4, 255
	if len(b) < 8 || b[0]&0xf8 != version1 || b[1] != userData {
		return 0, nil
	}
	flags := b[0]
	b = b[8:min(len(b), 8+int(binary.BigEndian.Uint16(b[2:])))]
	if flags&optional != 0 {
		if len(b) < 4 {
			return 0, nil
		}
		next := b[3]
		b = b[4:]
		for flags&extended != 0 && next != 0 {
			if len(b) == 0 || b[0] == 0 || len(b) < 4*int(b[0]) {
				return 0, nil
			}
			n := 4 * int(b[0])
			next, b = b[n-1], b[n:]
		}
	}
	return ipLayer(b)
}

// erfEthernet gives the Ethernet frame in an ERF record (Endace), nil when the
// record holds something else: 16 bytes, extension headers of 8 bytes while the
// highest bit of the type before them is set, and two bytes of padding.
func erfEthernet(b []byte) []byte {
	if len(b) < 18 || b[8]&0x7f != 2 {
		return nil
	}
	more := b[8]&0x80 != 0
	b = b[16:]
	for more && len(b) >= 8 {
		more = b[0]&0x80 != 0
		b = b[8:]
	}
	if more || len(b) <= 2 {
		return nil
	}
	return b[2:]
}
