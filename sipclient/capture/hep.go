package capture

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"net/netip"
	"time"
)

// hepMagic begins a packet of HEP 3 (the Homer Encapsulation Protocol), by which SIP
// servers send copies of what they see to a collector.
const hepMagic = "HEP3"

// The chunks of HEP 3 that matter here, and the kinds of what is inside.
const (
	hepProtocol   = 2 // of IP
	hepSource4    = 3
	hepTarget4    = 4
	hepSource6    = 5
	hepTarget6    = 6
	hepSourcePort = 7
	hepTargetPort = 8
	hepSeconds    = 9
	hepMicros     = 10
	hepKind       = 11
	hepPayload    = 15
	hepPacked     = 16

	hepSIP  = 1
	hepRTP  = 4
	hepRTCP = 5
)

// isHEP tells whether a datagram is one packet of HEP 3.
func isHEP(b []byte) bool {
	return len(b) >= 6 && string(b[:4]) == hepMagic && int(binary.BigEndian.Uint16(b[4:])) <= len(b)
}

// hep emits what is in a packet of HEP 3, with the addresses and the time that stand
// in it. It tells whether the packet could be read; one about something else than
// SIP and sound says nothing.
func (d *decoder) hep(b []byte, n int, at time.Time) bool {
	total := int(binary.BigEndian.Uint16(b[4:]))
	if total < 6 {
		return false
	}
	var (
		p              = Packet{Net: UDP, Time: at}
		src, dst       netip.Addr
		from, to       uint16
		kind           byte
		seconds        uint32
		micros         uint32
		payload        []byte
		known, written bool
	)
	for b = b[6:total]; len(b) >= 6; {
		vendor, id, length := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), int(binary.BigEndian.Uint16(b[4:]))
		if length < 6 || length > len(b) {
			return false
		}
		v := b[6:length]
		b = b[length:]
		if vendor != 0 {
			continue
		}
		switch {
		case id == hepProtocol && len(v) == 1:
			switch v[0] {
			case protocolTCP:
				p.Net = TCP
			case protocolUDP:
			default:
				return true // SCTP and others
			}
		case id == hepSource4 && len(v) == 4, id == hepSource6 && len(v) == 16:
			src, _ = netip.AddrFromSlice(v)
		case id == hepTarget4 && len(v) == 4, id == hepTarget6 && len(v) == 16:
			dst, _ = netip.AddrFromSlice(v)
		case id == hepSourcePort && len(v) == 2:
			from = binary.BigEndian.Uint16(v)
		case id == hepTargetPort && len(v) == 2:
			to = binary.BigEndian.Uint16(v)
		case id == hepSeconds && len(v) == 4:
			seconds, written = binary.BigEndian.Uint32(v), true
		case id == hepMicros && len(v) == 4:
			micros = binary.BigEndian.Uint32(v)
		case id == hepKind && len(v) == 1:
			kind = v[0]
		case id == hepPayload:
			payload, known = v, true
		case id == hepPacked:
			payload, known = unpackHEP(v)
		}
	}
	if !known || !src.IsValid() || !dst.IsValid() || src.Is4() != dst.Is4() {
		return false
	}
	media := len(payload) > 0 && payload[0]>>6 == 2 // reports may also be sent as JSON
	if kind != hepSIP && !((kind == hepRTP || kind == hepRTCP) && media) {
		return true
	}
	p.Src, p.Dst, p.Data = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to), bytes.Clone(payload)
	if written {
		p.Time = time.Unix(int64(seconds), int64(micros%1e6)*1000).UTC()
	}
	d.put(p, n)
	return true
}

// unpackHEP unpacks a payload that was compressed.
func unpackHEP(b []byte) ([]byte, bool) {
	var r io.Reader
	var err error
	if bytes.HasPrefix(b, []byte("\x1f\x8b")) {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(r, maxMessage))
	return out, err == nil
}

// hepStream takes the packets out of a connection to a collector.
type hepStream struct {
	c   *conversation
	sub [2]pending
}

func newHEPStream(c *conversation) *hepStream { return &hepStream{c: c} }

func (h *hepStream) close() {
	for dir := range 2 {
		h.sub[dir].reset(h.c.d)
	}
}

func (h *hepStream) take(dir int, k chunk) {
	sub, d := &h.sub[dir], h.c.d
	if k.gap {
		sub.reset(d)
	}
	if !sub.add(d, k) {
		return
	}
	for len(sub.data) >= 6 {
		length := int(binary.BigEndian.Uint16(sub.data[4:]))
		if string(sub.data[:4]) != hepMagic || length < 6 {
			// Something is missing, or is none of it: on with the next packet.
			next := bytes.Index(sub.data[1:], []byte(hepMagic))
			if next < 0 {
				next = len(sub.data) - len(hepMagic) // its end may be the beginning of one
			}
			sub.drop(d, 1+next)
			continue
		}
		if len(sub.data) < length {
			return
		}
		d.hep(sub.data[:length], k.n, k.time)
		sub.drop(d, length)
	}
}
