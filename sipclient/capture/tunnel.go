package capture

import (
	"encoding/binary"
	"errors"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Layers that gopacket knows but cannot decode in place (PPP, PPPoE, MPLS), of
// which it takes four bytes too many (802.11, where it believes that every
// capture has the frame check sequence), or that it lacks (ERF).

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
// and is told by its first four bits.
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
	default:
		m.next = gopacket.LayerTypePayload
	}
	return nil
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
