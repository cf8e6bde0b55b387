package evidence

import "encoding/binary"

// rtpHeader is what the fold needs of an RTP header (RFC 3550 5.1).
type rtpHeader struct {
	seq    uint16
	ts     uint32
	ssrc   uint32
	pt     uint8
	marker bool
	padded bool
	size   int // bytes, contributing sources and extension included
}

// read reads the header of a packet that has RTP's version. What an extension
// holds (RFC 8285) is passed over unread, as a phone does that knows none: a slip
// in it takes nothing from the sound behind.
func (h *rtpHeader) read(d []byte) bool {
	if len(d) < 12 {
		return false
	}
	h.size = 12 + 4*int(d[0]&0x0f)
	if d[0]&0x10 != 0 {
		if len(d) < h.size+4 {
			return false
		}
		h.size += 4 + 4*int(binary.BigEndian.Uint16(d[h.size+2:]))
	}
	if len(d) < h.size {
		return false
	}
	h.pt, h.marker, h.padded = d[1]&0x7f, d[1]&0x80 != 0, d[0]&0x20 != 0
	h.seq, h.ts, h.ssrc = binary.BigEndian.Uint16(d[2:]), binary.BigEndian.Uint32(d[4:]), binary.BigEndian.Uint32(d[8:])
	return true
}

// unpad cuts the padding off a payload (RFC 3550 5.1): its last byte counts it. A
// wrong count is the sender's slip; the sound before it is still there.
func (h *rtpHeader) unpad(payload []byte) []byte {
	if !h.padded || len(payload) == 0 {
		return payload
	}
	if pad := int(payload[len(payload)-1]); pad <= len(payload) {
		return payload[:len(payload)-pad]
	}
	return payload
}
