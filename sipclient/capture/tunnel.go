package capture

import (
	"encoding/binary"
	"errors"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// PPP, PPPoE and MPLS, which gopacket knows but cannot decode in place.

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
