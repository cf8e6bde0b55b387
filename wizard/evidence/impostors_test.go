package evidence

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"
)

// impostor makes the datagrams of a program that is no telephone. Each gives the nth.
type impostor struct {
	name string
	port uint16 // of both ends, 0: any
	next func(n int, r *rand.Rand) []byte
}

func put16(v ...int) (b []byte) {
	for _, x := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(x))
	}
	return b
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// name is a question of DNS.
const dnsName = "\x03www\x07example\x03com\x00\x00\x01\x00\x01"

var impostors = []impostor{
	{"random data", 0, func(_ int, r *rand.Rand) []byte { return noise(r, 20+r.IntN(200)) }},
	{"random data of one session", 0, func(_ int, r *rand.Rand) []byte {
		return append(append([]byte{0x80}, noise(r, 7)...), "sessdata"...)
	}},
	{"name servers", 53, func(n int, r *rand.Rand) []byte {
		flags := []int{0x8180, 0x8183, 0x8182, 0x8580, 0x8185, 0x0100, 0x0110}[r.IntN(7)]
		return append(put16(int(r.Uint32()), flags, 1, flags>>15&1, 0, r.IntN(2)), dnsName...)
	}},
	{"name servers that count", 53, func(n int, _ *rand.Rand) []byte { return append(put16(n, 0x8180+n%8, 1, 1+n%3, 0, 1), dnsName...) }},
	{"multicast names", 5353, func(int, *rand.Rand) []byte { return append(put16(0, 0x8400, 0, 3, 0, 1), dnsName...) }},
	{"QUIC, long header", 443, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{0x80 | byte(r.IntN(0x7f)), 0, 0, 0, 1, 8}, "connectn"...), noise(r, 1100)...)
	}},
	{"QUIC, short header", 443, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{byte(r.IntN(0x80))}, "connectn"...), noise(r, 900)...)
	}},
	{"DTLS", 0, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0}, put16(n, 64)...), noise(r, 64)...)
	}},
	{"RakNet", 19132, func(n int, r *rand.Rand) []byte {
		b := []byte{0x84, byte(n), byte(n >> 8), byte(n >> 16), 0x60, 0x01, 0x20}
		return append(append(b, byte(n), byte(n>>8), byte(n>>16), 0, 0, 0, 0), noise(r, 36)...)
	}},
	{"ENet", 0, func(n int, r *rand.Rand) []byte {
		b := append([]byte{0x80, 0}, put16(n*8)...) // flag, peer, milliseconds
		b = append(b, 0x86, 0)
		return append(append(b, put16(n, 40)...), append([]byte{1, 2}, noise(r, 38)...)...)
	}},
	{"ENet, one a millisecond", 0, func(n int, r *rand.Rand) []byte {
		b := append([]byte{0x80, 0}, put16(n)...)
		b = append(b, 0x86, 0)
		return append(append(b, put16(n, 40)...), append([]byte{1, 2}, noise(r, 38)...)...)
	}},
	{"IPsec", 4500, func(n int, r *rand.Rand) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{0x9a, 0x11, 0x22, 0x33}, uint32(n)), noise(r, 80)...)
	}},
	{"L2TP", 1701, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{0xc8, 2}, put16(40, 7, 0, n, n)...), noise(r, 28)...)
	}},
	{"a counter and an acknowledgement", 0, func(n int, r *rand.Rand) []byte {
		b := append([]byte{0x80, 0x05}, put16(n)...)
		return append(binary.BigEndian.AppendUint32(b, uint32(n-1)), "gamegamegame"...)
	}},
	{"a counter and a bit field", 0, func(n int, r *rand.Rand) []byte {
		b := append([]byte{0x90 &^ 0x10, 0x61}, put16(n)...)
		return append(binary.BigEndian.AppendUint32(b, r.Uint32()|1<<31), "gamegamegame"...)
	}},
	{"a counter and constants", 0, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{0x80, 0x00}, put16(n)...), "constconstconst"...)
	}},
	{"STUN", 3478, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42}, noise(r, 12)...), 0x80, 0x22, 0, 4, 'a', 'b', 'c', 'd')
	}},
	{"NTP with a leap second", 123, func(n int, r *rand.Rand) []byte { return append([]byte{0xa4, 2, 6, 0xe9}, noise(r, 44)...) }},
	{"syslog", 514, func(n int, r *rand.Rand) []byte { return fmt.Appendf(nil, "<34>Oct 11 22:14:15 host su: %d", n) }},
	{"uTP", 0, func(n int, r *rand.Rand) []byte {
		return append(append([]byte{0x01, 0}, put16(99)...), noise(r, 40)...)
	}},
	{"other bytes above ASCII", 0, func(n int, r *rand.Rand) []byte { return append([]byte("\x9f\xa5\x00\x00"), noise(r, 60)...) }},
}

// Other programs' datagrams are never taken for sound, however many there are.
func TestImpostors(t *testing.T) {
	for i, x := range impostors {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		a, b := netip.MustParseAddrPort("192.0.2.10:30000"), netip.MustParseAddrPort("198.51.100.5:30002")
		if x.port != 0 {
			a, b = netip.AddrPortFrom(a.Addr(), x.port), netip.AddrPortFrom(b.Addr(), x.port)
		}
		var bu Builder
		for n := range 20_000 {
			p := capture.Packet{Time: began.Add(time.Duration(n) * 8 * time.Millisecond), Net: capture.UDP, Src: a, Dst: b, Data: x.next(n, r)}
			if n%3 == 2 {
				p.Src, p.Dst = b, a
			}
			bu.Add(capture.Record{N: n + 1, Packet: &p})
		}
		ev := bu.Evidence()
		require.Empty(t, ev.Calls, x.name)
		for _, s := range ev.Streams {
			t.Errorf("%s: a stream of %d packets of %d, payload type %d, ssrc %x", x.name, s.Packets, s.Expected, s.Codec.PayloadType, s.SSRC)
		}
	}
}

// True sound and pictures without signalling are found with all their packets, on any
// port and between the packets of other programs.
func TestStreamsWithoutSignalling(t *testing.T) {
	for _, c := range []struct {
		name           string
		pt             uint8
		step, size, of int // timestamp units, bytes, packets that share a timestamp
		packets        int
	}{
		{"G.711", 0, 160, 160, 1, 100}, {"G.729 in 10 ms", 18, 80, 10, 1, 100}, {"iLBC in 30 ms", 97, 240, 50, 1, 100},
		{"Opus", 111, 960, 70, 1, 100}, {"G.711 in 5 ms", 8, 40, 40, 1, 100}, {"video", 96, 3600, 1000, 7, 210}, {"keys alone", 101, 0, 4, 1, 20},
		{"three packets", 8, 160, 160, 1, 3}, {"T.140 every 300 ms", 98, 300, 9, 1, 30},
	} {
		var b Builder
		r := rand.New(rand.NewPCG(1, 2))
		n := 0
		add := func(at time.Time, from, to netip.AddrPort, data []byte) {
			n++
			b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: to, Data: data}})
		}
		for i := range c.packets {
			at := began.Add(time.Duration(i) * 20 * time.Millisecond)
			add(at, mediaA, mediaB, rtpPacket(c.pt, uint16(65_500+i), uint32(4_294_967_000+i/c.of*c.step), 0xabcdef01, i == 0, noise(r, c.size)))
			for _, x := range impostors {
				add(at, mediaA, mediaB, x.next(i, r))
			}
		}
		ev := b.Evidence()
		require.Len(t, ev.Streams, 1, c.name)
		s := ev.Streams[0]
		require.EqualValues(t, c.packets, s.Packets+s.Events, c.name)
		require.EqualValues(t, c.packets, s.Expected, c.name)
		require.Zero(t, s.Lost, c.name)
	}
}

// One packet is sound where a report of its sender says so (RFC 3550 6.4.1).
func TestStreamByReport(t *testing.T) {
	for _, port := range []uint16{mediaA.Port(), mediaA.Port() + 1} {
		var b Builder
		add := func(from, to netip.AddrPort, data []byte) {
			b.Add(capture.Record{N: 1, Packet: &capture.Packet{Time: began, Net: capture.UDP, Src: from, Dst: to, Data: data}})
		}
		add(mediaA, mediaB, rtpPacket(0, 7, 160, 0xabcdef01, false, make([]byte, 160)))
		add(mediaA, mediaB, rtpPacket(0, 7, 160, 0x12345678, false, make([]byte, 160)))
		require.Empty(t, b.Evidence().Streams)
		report, err := (&rtcp.SenderReport{SSRC: 0xabcdef01, PacketCount: 1, OctetCount: 160}).Marshal()
		require.NoError(t, err)
		add(netip.AddrPortFrom(mediaA.Addr(), port), netip.AddrPortFrom(mediaB.Addr(), mediaB.Port()+port-mediaA.Port()), report)
		ev := b.Evidence()
		require.Len(t, ev.Streams, 1)
		require.EqualValues(t, 0xabcdef01, ev.Streams[0].SSRC)
	}
}
