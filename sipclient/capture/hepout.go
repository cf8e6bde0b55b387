package capture

import (
	"encoding/binary"
	"net/netip"
)

// HEP gives a packet in the form in which HOMER servers take copies (HEP 3, one UDP
// datagram): what it holds is one SIP message, agent is the number of the one who sends
// it, and password may be "". What proves a password or is one, the keys of encrypted
// sound and the keys that somebody pressed are overwritten, each byte in its place.
// nil: the packet's addresses are not known, or it is too long.
func HEP(p *Packet, agent uint32, password string) []byte {
	src, dst := familyOf(p.Src, p.Dst)
	if !p.Src.IsValid() || !p.Dst.IsValid() {
		return nil
	}
	b := append([]byte(hepMagic), 0, 0)
	chunk := func(kind uint16, value []byte) {
		b = binary.BigEndian.AppendUint16(b, 0) // of the form's own vendor
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint16(b, uint16(6+len(value)))
		b = append(b, value...)
	}
	number16 := func(kind uint16, v uint16) { chunk(kind, binary.BigEndian.AppendUint16(nil, v)) }
	number32 := func(kind uint16, v uint32) { chunk(kind, binary.BigEndian.AppendUint32(nil, v)) }
	if len(p.Data)+200+len(password) > 65000 {
		return nil
	}
	family, protocol := byte(2), byte(17)
	if src.Addr().Is6() {
		family = 10
	}
	if p.Net != UDP {
		protocol = 6
	}
	chunk(hepFamily, []byte{family})
	chunk(hepProtocol, []byte{protocol})
	address := func(four, six uint16, a netip.Addr) {
		if a.Is4() {
			chunk(four, a.AsSlice())
		} else {
			chunk(six, a.AsSlice())
		}
	}
	address(hepSource4, hepSource6, src.Addr())
	address(hepTarget4, hepTarget6, dst.Addr())
	number16(hepSourcePort, src.Port())
	number16(hepTargetPort, dst.Port())
	number32(hepSeconds, uint32(p.Time.Unix()))
	number32(hepMicros, uint32(p.Time.Nanosecond()/1000))
	chunk(hepKind, []byte{hepSIP})
	number32(hepAgent, agent)
	if password != "" {
		chunk(hepPassword, []byte(password))
	}
	chunk(hepPayload, bareOfKeys(p.Data))
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	return b
}

// The chunks that only a sender needs.
const (
	hepFamily   = 1
	hepAgent    = 12
	hepPassword = 14
)
