package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"

	"softphonedoctor/sipclient/sipmsg"
)

// datagram tells by its content what a UDP packet is, whatever its ports.
func (b *Builder) datagram(p *packet) {
	d := p.data
	switch {
	case len(d) == 0 || isKeepAlive(d):
		b.alive++
	case d[0]>>6 == 2: // version 2 of RTP and RTCP
		b.media(p)
	case isSTUN(d):
		b.stun++
	case sipmsg.LooksLikeSIP(d):
		b.sip(p, d)
	default:
		b.odd.add(p, foreign(d))
	}
}

// media sorts RTP from RTCP on one port by the second byte (RFC 5761 4).
func (b *Builder) media(p *packet) {
	if len(p.data) >= 2 && p.data[1] >= 192 && p.data[1] <= 223 {
		b.rtcp(p)
		return
	}
	b.rtp(p)
}

// isKeepAlive knows the packets that phones send to hold a NAT binding: line
// ends (RFC 5626 3.5.1) and a few zero bytes.
func isKeepAlive(d []byte) bool {
	if len(d) > 4 {
		return false
	}
	for _, c := range d {
		if c != 0 && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// isSTUN knows STUN by its cookie (RFC 8489 5), and the classic kind of RFC 3489
// by its length.
func isSTUN(d []byte) bool {
	if len(d) < 20 || d[0]>>6 != 0 {
		return false
	}
	length := int(binary.BigEndian.Uint16(d[2:]))
	if binary.BigEndian.Uint32(d[4:]) == 0x2112a442 {
		return true
	}
	kind := binary.BigEndian.Uint16(d)
	return length == len(d)-20 && length%4 == 0 && (kind&0x0110 == kind&^0xf) && kind&0xf >= 1 && kind&0xf <= 2
}

// foreign names a datagram that is neither signalling nor sound.
func foreign(d []byte) string {
	switch {
	case len(d) >= 8 && d[0] == 0x10 && string(d[4:8]) == "ZRTP":
		return "ZRTP: a handshake for encrypted sound"
	case len(d) >= 13 && d[0] >= 20 && d[0] <= 63 && d[1] == 0xfe:
		return "DTLS: a handshake for encrypted sound"
	case len(d) >= 4 && d[0]>>6 == 1:
		if n := int(binary.BigEndian.Uint16(d[2:])); n+4 <= len(d) && n+8 > len(d) {
			return "TURN channel data: sound through a relay"
		}
	}
	return "neither SIP nor RTP, RTCP or STUN"
}

// foreignStream names a piece of a byte stream that is no SIP.
func foreignStream(d []byte) string {
	if len(d) >= 3 && d[0] >= 20 && d[0] <= 23 && d[1] == 3 {
		return "a TLS connection: what it carries cannot be read here"
	}
	return "a TCP connection without SIP"
}

// framing cuts one direction of a byte stream into messages.
type framing struct {
	sipmsg.Framer
	sip   bool   // SIP was seen
	start []byte // what came before that was clear
}

// maxFlows is how many directions are remembered before those that carried no SIP are
// forgotten.
const maxFlows = 1 << 14

// startLine is how many bytes of a stream are looked at for its first SIP line.
const startLine = 512

// bytes takes the next piece of a byte stream.
func (b *Builder) bytes(p *packet) {
	if len(p.data) == 0 {
		return
	}
	f := b.flows[p.flow]
	if f == nil {
		if len(b.flows) >= max(b.flowsAt, maxFlows) {
			maps.DeleteFunc(b.flows, func(_ flow, f *framing) bool { return !f.sip })
			b.flowsAt = 2 * len(b.flows)
		}
		if b.flows == nil {
			b.flows = make(map[flow]*framing)
		}
		f = new(framing)
		b.flows[p.flow] = f
	}
	if p.gap && f.sip {
		f.Gap() // what began before it will never be whole
	}
	data := p.data
	if isKeepAlive(data) && f.Pending() == 0 && len(f.start) == 0 {
		b.alive++
		return
	}
	if !f.sip {
		if data = f.begin(data); data == nil {
			if len(f.start) == 0 {
				b.odd.add(p, foreignStream(p.data))
			}
			return
		}
	}
	f.Write(data)
	for {
		text, ok := f.Next()
		if !ok {
			break
		}
		b.sip(p, text)
	}
	for _, problem := range f.Problems() {
		b.odd.add(p, fmt.Sprintf("in the SIP stream: %s", problem.Text))
	}
}

// webMessage takes a message out of a WebSocket, which holds one of SIP or a keep-alive
// (RFC 7118 5).
func (b *Builder) webMessage(p *packet) {
	switch {
	case len(p.data) == 0 || isKeepAlive(p.data):
		b.alive++
	case sipmsg.LooksLikeSIP(p.data):
		b.sip(p, p.data)
	default:
		b.odd.add(p, "a WebSocket without SIP")
	}
}

// begin waits for a stream's first SIP line, and gives all bytes from there on.
// Other protocols use TCP too, a capture may begin inside a message, and a first
// line may come in pieces.
func (f *framing) begin(data []byte) []byte {
	if sipmsg.LooksLikeSIP(data) {
		f.sip, f.start = true, nil
		return data
	}
	f.start = append(f.start, data...)
	if sipmsg.LooksLikeSIP(f.start) {
		data = f.start
		f.sip, f.start = true, nil
		return data
	}
	if len(f.start) > startLine || bytes.ContainsAny(f.start, "\n\x00") || f.start[0] < '!' || f.start[0] > '~' {
		f.start = nil // no SIP; the next piece is looked at by itself
	}
	return nil
}
