package evidence

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"
)

// oddCall is an answered call whose answer is free: lines behind "v=0" to "t=0 0".
func oddCall(t testing.TB, media string) *secureCall {
	c := newSecureCall(t)
	head := "v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n"
	c.invite(false, fmt.Sprintf(head+"m=audio %d "+media, secureA.Addr(), secureA.Port()),
		fmt.Sprintf(head+"m=audio %d "+media, secureB.Addr(), secureB.Port()), "")
	return c
}

// send adds a record at an exact time.
func (c *secureCall) sendAt(at time.Time, from, to netip.AddrPort, data []byte) {
	c.n++
	c.b.Add(capture.Record{N: c.n, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: to, Data: data}})
}

// Packets of any usual length are measured alike.
func TestPacketLengths(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 40, 60} {
		t.Run(fmt.Sprint(ms), func(t *testing.T) {
			c := oddCall(t, fmt.Sprintf("RTP/AVP 8\r\na=ptime:%d\r\n", ms))
			n, step := 6000/ms, 8*ms
			payload := make([]byte, step)
			for i := range payload {
				payload[i] = byte(37 * i)
			}
			for i := range n {
				if i == n/2 || i == n/2+1 { // two are lost
					continue
				}
				late := time.Duration(i%2) * time.Millisecond
				c.sendAt(c.at.Add(time.Duration(i*ms)*time.Millisecond+late), secureB, secureA, rtpPacket(8, uint16(i), uint32(i*step), 5, false, payload))
			}
			s := c.call().In
			require.EqualValues(t, n, s.Expected)
			require.EqualValues(t, 2, s.Lost)
			require.EqualValues(t, 2, s.LossBurst)
			require.Zero(t, s.Late+s.Reordered+s.Duplicate+s.Unknown)
			require.InDelta(t, 1, s.Jitter.Seconds()*1000, 0.3, "jitter in ms")
			require.InDelta(t, 1, s.SendSD.Seconds()*1000, 0.2, "spacing in ms")
			require.InDelta(t, 3*ms, s.LongestGap.Milliseconds(), 1)
			require.InDelta(t, 6000-ms, s.Lasted().Milliseconds(), 2)
			require.EqualValues(t, (n-2)*step, s.Level.Samples)
		})
	}
}

// sendG722 sends seconds of a tone as G.722, leaving some packets out.
func sendG722(c *secureCall, seconds int, lost func(i int) bool) {
	var e codec.G722Encoder
	samples := make([]int16, 320)
	for i := range 50 * seconds {
		for j := range samples {
			samples[j] = int16(codec.Amplitude(-20) * math.Sin(2*math.Pi*440*float64(i*320+j)/16000))
		}
		payload := e.Encode(nil, samples)
		if !lost(i) {
			c.sendAt(c.at.Add(time.Duration(20*i)*time.Millisecond), secureB, secureA, rtpPacket(9, uint16(i), uint32(i*160), 5, false, payload))
		}
	}
}

func TestWidebandIsMeasured(t *testing.T) {
	c := oddCall(t, "RTP/AVP 9 8\r\n")
	sendG722(c, 4, func(int) bool { return false })
	s := c.call().In
	require.Equal(t, "G722", s.Codec.Name)
	require.InDelta(t, -20, s.Level.DBFS, 0.2)
	require.Less(t, s.Jitter, time.Millisecond, "the clock is 8000 (RFC 3551 4.5.2)")

	c = oddCall(t, "RTP/AVP 9 8\r\n")
	sendG722(c, 4, func(i int) bool { return i%10 == 3 })
	s = c.call().In
	require.EqualValues(t, 20, s.Lost)
	require.InDelta(t, -20, s.Level.DBFS, 0.5)
	require.InDelta(t, -20, s.Level.Peak, 1)
}

// Comfort noise, at 13 or where the SDP puts it, is neither loss nor a strange format.
func TestComfortNoiseAnywhere(t *testing.T) {
	for media, pt := range map[string]uint8{"RTP/AVP 8 13\r\n": 13, "RTP/AVP 8 98\r\na=rtpmap:98 CN/8000\r\n": 98, "RTP/AVP 8\r\n": 13} {
		c := oddCall(t, media)
		at, ts := c.at, uint32(0)
		for i := range 60 {
			payload, kind := make([]byte, 160), uint8(8)
			if i%20 >= 10 {
				payload, kind = codec.ComfortNoise(nil, -60), pt
			}
			c.sendAt(at, secureB, secureA, rtpPacket(kind, uint16(i), ts, 5, i%20 == 0, payload))
			wait := 20 * time.Millisecond
			if kind == pt {
				wait = 200 * time.Millisecond // silence is told from time to time
			}
			at, ts = at.Add(wait), ts+uint32(wait.Milliseconds()*8)
		}
		s := c.call().In
		require.EqualValues(t, 30, s.Comfort, media)
		require.Zero(t, s.Lost+s.Unknown, media)
		require.Equal(t, "PCMA", s.Codec.Name, media)
		require.Less(t, s.LongestGap, 50*time.Millisecond, media)
	}
}

// telephone-event may have any number and its own clock (RFC 4733 2.1).
func TestEventsOfAnyKind(t *testing.T) {
	for _, m := range []struct {
		pt    uint8
		clock int
	}{{101, 8000}, {96, 8000}, {110, 16000}, {127, 48000}} {
		c := oddCall(t, fmt.Sprintf("RTP/AVP 8 %d\r\na=rtpmap:%[1]d telephone-event/%d\r\n", m.pt, m.clock))
		for i := range 40 {
			at, ts := c.at.Add(time.Duration(20*i)*time.Millisecond), uint32(160*i)
			if i >= 10 && i < 15 {
				event := []byte{3, 10, 0, 0}
				binary.BigEndian.PutUint16(event[2:], uint16((i-9)*m.clock/50))
				c.sendAt(at, secureB, secureA, rtpPacket(m.pt, uint16(i), 1600, 5, i == 10, event))
				continue
			}
			c.sendAt(at, secureB, secureA, rtpPacket(8, uint16(i), ts, 5, false, make([]byte, 160)))
		}
		s := c.call().In
		require.Equal(t, "3", s.Digits)
		require.EqualValues(t, []uint64{5, 35, 0, 0}, []uint64{s.Events, s.Packets, s.Lost, s.Unknown})
		require.Less(t, s.MaxJitter, time.Millisecond)
	}
}

// Extensions, padding and contributing sources lie around the same sound.
func TestHeadersOfAllShapes(t *testing.T) {
	sound := make([]byte, 160)
	for i := range sound {
		sound[i] = byte(37 * i)
	}
	plain := func(i int) []byte { return rtpPacket(8, uint16(i), uint32(160*i), 5, false, sound) }
	head := func(i int, first byte, more ...byte) []byte {
		p := plain(i)
		p[0] = first
		return append(append(p[:12:12], more...), sound...)
	}
	shapes := map[string]func(i int) []byte{
		"plain":                 plain,
		"one-byte extension":    func(i int) []byte { return head(i, 0x90, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0) },
		"two-byte extension":    func(i int) []byte { return head(i, 0x90, 0x10, 0, 0, 1, 1, 2, 3, 4) },
		"extension with a slip": func(i int) []byte { return head(i, 0x90, 0xbe, 0xde, 0, 1, 0x1f, 1, 2, 3) },
		"own kind of extension": func(i int) []byte { return head(i, 0x90, 0xab, 0xcd, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8) },
		"an empty extension":    func(i int) []byte { return head(i, 0x90, 0xbe, 0xde, 0, 0) },
		"contributing sources":  func(i int) []byte { return head(i, 0x82, 1, 2, 3, 4, 5, 6, 7, 8) },
		"padding":               func(i int) []byte { p := plain(i); p[0] = 0xa0; return append(p, 0, 0, 0, 4) },
		"all of them":           func(i int) []byte { return append(head(i, 0xb1, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0), 0, 2) },
	}
	for name, shape := range shapes {
		c := oddCall(t, "RTP/AVP 8\r\n")
		for i := range 20 {
			c.sendAt(c.at.Add(time.Duration(20*i)*time.Millisecond), secureB, secureA, shape(i))
		}
		s := c.call().In
		require.NotNil(t, s, name)
		require.EqualValues(t, 20, s.Packets, name)
		require.EqualValues(t, 20*160, s.Level.Samples, name)
		require.Empty(t, c.b.Evidence().Odd, name)
	}
	c := oddCall(t, "RTP/AVP 8\r\n")
	for _, broken := range [][]byte{plain(0)[:11], {0x80}, head(0, 0x9f)[:30], append([]byte{0x90}, make([]byte, 12)...), head(0, 0x90, 0xbe, 0xde, 0xff, 0xff)} {
		c.sendAt(c.at, secureB, secureA, broken)
	}
	require.Nil(t, c.call().In)
	require.NotEmpty(t, c.b.Evidence().Odd)
}

// Feedback packets (RFC 4585), reduced-size ones too, are reports that say nothing
// here, on the sound's own port as well (RFC 5761).
func TestFeedbackAndOnePort(t *testing.T) {
	c := oddCall(t, "RTP/AVPF 8\r\na=rtcp-mux\r\na=rtcp-fb:* nack\r\n")
	v := c.voice(secureA, secureB, "", 0)
	v.talk(20)
	marshal := func(p ...rtcp.Packet) []byte {
		data, err := rtcp.Marshal(p)
		require.NoError(t, err)
		return data
	}
	report := &rtcp.ReceiverReport{SSRC: 9, Reports: []rtcp.ReceptionReport{{SSRC: 7, TotalLost: 2}}}
	c.raw(secureB, secureA, marshal(report, &rtcp.TransportLayerNack{SenderSSRC: 9, MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 5}}}))
	c.raw(secureB, secureA, marshal(&rtcp.PictureLossIndication{SenderSSRC: 9, MediaSSRC: 7}))
	c.raw(secureB, secureA, []byte{0x8f, 206, 0, 4, 0, 0, 0, 9, 0, 0, 0, 7, 'X', 'Y', 'Z', 'W', 1, 2, 3, 4})
	ev := c.b.Evidence()
	require.Empty(t, ev.Odd)
	require.EqualValues(t, 2, c.call().Out.PeerSays.Lost)
	require.Nil(t, c.call().In, "feedback is no sound")
	require.Len(t, ev.Streams, 1)
}

// a=rtcp names another port, or another host too (RFC 3605).
func TestReportsElsewhere(t *testing.T) {
	for _, attribute := range []string{"a=rtcp:9100", "a=rtcp:9100 IN IP4 198.51.100.6"} {
		c := oddCall(t, "RTP/AVP 0\r\n"+attribute+"\r\n")
		v := c.voice(secureA, secureB, "", 0)
		v.talk(20)
		data, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 9, Reports: []rtcp.ReceptionReport{{SSRC: 7, TotalLost: 2}}}})
		require.NoError(t, err)
		c.raw(netip.AddrPortFrom(secureB.Addr(), 9100), netip.AddrPortFrom(secureA.Addr(), 9100), data)
		require.EqualValues(t, 2, c.call().Out.PeerSays.Lost, attribute)
		require.Len(t, c.call().Reports, 1, attribute)
		require.False(t, c.call().Reports[0].Out, attribute)
	}
}

// A new SSRC in mid-call is a new stream; the call's main one is the longer.
func TestSourceChanges(t *testing.T) {
	c := oddCall(t, "RTP/AVP 0\r\n")
	v := c.voice(secureB, secureA, "", 0)
	v.talk(20)
	v.ssrc, v.seq = 99, 60000
	v.talk(50)
	call := c.call()
	require.Len(t, call.Streams, 2)
	require.EqualValues(t, 99, call.In.SSRC)
	require.Zero(t, call.In.Lost+call.Streams[0].Lost)
}
