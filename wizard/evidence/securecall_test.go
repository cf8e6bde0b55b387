package evidence

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"

	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"
)

// secureCall is a call with SDES between two phones, built packet by packet.
type secureCall struct {
	t  testing.TB
	b  *Builder
	n  int
	at time.Time

	caller, callee netip.AddrPort // signalling
	cseq           int
	records        []capture.Record
}

var (
	secureA = netip.MustParseAddrPort("192.0.2.10:4000")
	secureB = netip.MustParseAddrPort("198.51.100.6:8000")
)

func newSecureCall(t testing.TB) *secureCall {
	return &secureCall{t: t, b: new(Builder), at: began, cseq: 1,
		caller: netip.MustParseAddrPort("192.0.2.10:5060"), callee: netip.MustParseAddrPort("198.51.100.5:5060")}
}

func (c *secureCall) raw(from, to netip.AddrPort, data []byte) {
	c.n++
	r := capture.Record{N: c.n, Packet: &capture.Packet{Time: c.at, Net: capture.UDP, Src: from, Dst: to, Data: bytes.Clone(data)}}
	c.records = append(c.records, r)
	c.b.Add(r)
	c.at = c.at.Add(10 * time.Millisecond)
}

// sdpOf describes audio with lines of keys; host "" leaves the body out.
func sdpOf(addr netip.AddrPort, proto string, crypto ...string) string {
	text := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %d %s 0 8 9 101 13\r\na=rtpmap:101 telephone-event/8000\r\n", addr.Addr(), addr.Port(), proto)
	for _, line := range crypto {
		text += "a=crypto:" + line + "\r\n"
	}
	return text
}

// send writes a message of the call; answer is 0 for a request.
func (c *secureCall) send(back bool, method string, answer, cseq int, body string) {
	from, to := c.caller, c.callee
	if back != (answer > 0) { // the callee asks, or the callee answers the caller
		from, to = to, from
	}
	first := method + " sip:x@example.net SIP/2.0"
	if answer > 0 {
		first = fmt.Sprintf("SIP/2.0 %d Some Words", answer)
	}
	fromTag, toTag := "one", "other"
	if back {
		fromTag, toTag = toTag, fromTag
	}
	branch := fmt.Sprintf("z9hG4bK%d%v", cseq, back)
	if method == "ACK" {
		branch += "ack"
	}
	to0 := "<sip:b@example.net>"
	if answer > 100 || cseq > 1 || method != "INVITE" {
		to0 += ";tag=" + toTag
	}
	text := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=%s\r\nFrom: <sip:a@example.net>;tag=%s\r\nTo: %s\r\nCall-ID: secure\r\nCSeq: %d %s\r\n",
		first, branch, fromTag, to0, cseq, method)
	if body != "" {
		text += "Content-Type: application/sdp\r\n"
	}
	text += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	c.raw(from, to, []byte(text))
}

// invite is an INVITE with its answer and ACK; back: the callee asks.
func (c *secureCall) invite(back bool, offer, answer, late string) {
	c.send(back, "INVITE", 0, c.cseq, offer)
	c.send(back, "INVITE", 200, c.cseq, answer)
	c.send(back, "ACK", 0, c.cseq, late)
	c.cseq++
}

func (c *secureCall) call() *Call {
	ev := c.b.Evidence()
	require.Len(c.t, ev.Calls, 1)
	return ev.Calls[0]
}

// master is a key with its salt for a suite, different for each seed.
func master(suite string, seed byte) []byte {
	s := sdesSuites[suite]
	raw := make([]byte, s.key+s.salt)
	for i := range raw {
		raw[i] = seed + byte(i*29)
	}
	return raw
}

func keyLine(tag int, suite string, seed byte) string {
	return fmt.Sprintf("%d %s inline:%s", tag, suite, base64.StdEncoding.EncodeToString(master(suite, seed)))
}

// voice is a sender of PCMU over SRTP.
type voice struct {
	c        *secureCall
	from, to netip.AddrPort
	ctx      *srtp.Context // nil: plain
	ssrc, ts uint32
	seq      uint16
	phase    int
}

func (c *secureCall) voice(from, to netip.AddrPort, suite string, seed byte, options ...srtp.ContextOption) *voice {
	v := &voice{c: c, from: from, to: to, ssrc: 7, seq: 100}
	if suite != "" {
		s, raw := sdesSuites[suite], master(suite, seed)
		var err error
		v.ctx, err = srtp.CreateContext(raw[:s.key], raw[s.key:], s.profile, options...)
		require.NoError(c.t, err)
	}
	return v
}

func (v *voice) packet(pt uint8, payload []byte) []byte {
	data := rtpPacket(pt, v.seq, v.ts, v.ssrc, false, payload)
	v.seq++
	if v.ctx != nil {
		out, err := v.ctx.EncryptRTP(nil, data, nil)
		require.NoError(v.c.t, err)
		return out
	}
	return data
}

// talk sends packets of a tone at -20 dBFS.
func (v *voice) talk(packets int) {
	for range packets {
		samples := make([]int16, 160)
		for i := range samples {
			samples[i] = int16(codec.Amplitude(-20) * math.Sin(2*math.Pi*500*float64(v.phase)/8000))
			v.phase++
		}
		v.c.raw(v.from, v.to, v.packet(0, codec.EncodeMuLaw(nil, samples)))
		v.ts += 160
	}
}
