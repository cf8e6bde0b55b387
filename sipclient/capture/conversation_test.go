package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// piece of talk: what one side of a TCP connection sent.
type said struct {
	back bool // from the server
	data []byte
}

// connection makes the frames of a TCP connection between alice and the proxy. Each
// piece is cut into segments of the given size.
func connection(t testing.TB, size int, talk []said) (frames [][]byte) {
	next := [2]uint32{1000, 77}
	segment := func(back bool, syn bool, data []byte) {
		src, dst, dir := alice, proxy, 0
		if back {
			src, dst, dir = proxy, alice, 1
		}
		ip := network(src, dst, layers.IPProtocolTCP)
		tcp := &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Seq: next[dir],
			SYN: syn, ACK: !syn || back, Ack: next[1-dir], PSH: len(data) > 0, Window: 5000}
		_ = tcp.SetNetworkLayerForChecksum(ip)
		frames = append(frames, serialise(t, ip, tcp, gopacket.Payload(data)))
		next[dir] += uint32(len(data))
		if syn {
			next[dir]++
		}
	}
	segment(false, true, nil)
	segment(true, true, nil)
	segment(false, false, nil)
	for _, s := range talk {
		for at := 0; at < len(s.data); at += size {
			segment(s.back, false, s.data[at:min(at+size, len(s.data))])
		}
	}
	return frames
}

// carried lists what was read: transport, way and data of each record, joined where a
// byte stream came in pieces.
func carried(records []Record) (out []string) {
	var last *Packet
	for _, r := range records {
		p := r.Packet
		if p == nil {
			out = append(out, "note "+r.Note.Key)
			last = nil
			continue
		}
		arrow := ">"
		if p.Src == proxy {
			arrow = "<"
		}
		stream := p.Net == TCP || p.Net == TLS
		if last != nil && stream && last.Net == p.Net && last.Src == p.Src {
			out[len(out)-1] += string(p.Data)
			continue
		}
		out = append(out, fmt.Sprintf("%s%s%s", p.Net, arrow, p.Data))
		last = p
	}
	return out
}

func raw(t testing.TB, frames [][]byte) []Record {
	return collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, frames...)))
}

const (
	askMessage = "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:b@a>;tag=1\r\nTo: <sip:a@a>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
	answer     = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:b@a>;tag=1\r\nTo: <sip:a@a>;tag=2\r\nContent-Length: 0\r\n\r\n"
)

// What is not wrapped comes out as it is, whatever it begins with.
func TestPlainConversations(t *testing.T) {
	for _, c := range []struct{ ask, answer string }{
		{askMessage, answer}, {"G", "H"}, {"GET", "HTTP/1.1 200 OK\r\n\r\nbody"}, {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n"}, {"\x16", "\x16\x02"}, {"HE", "HEP2"}, {"\r\n\r\n", "\r\n"},
		{"GET /" + strings.Repeat("a", 2*maxHTTP), "HTTP/1.1 101 Switching\r\n\r\nthen"},
	} {
		for _, size := range []int{1, 3, 1000} {
			got := carried(raw(t, connection(t, size, []said{{false, []byte(c.ask)}, {true, []byte(c.answer)}, {false, []byte("\r\n and more")}})))
			joined := map[byte]string{}
			for _, g := range got {
				require.Equal(t, "TCP", g[:3])
				joined[g[3]] += g[4:]
			}
			require.Equal(t, c.ask+"\r\n and more", joined['>'], "%d %q", size, c.ask)
			require.Equal(t, c.answer, joined['<'], "%d %q", size, c.answer)
		}
	}
}

// A connection between the same ports is a new one, with its own beginning.
func TestNextConversation(t *testing.T) {
	first := connection(t, 1000, []said{{false, []byte(askMessage)}, {true, []byte(answer)}})
	second := connection(t, 1000, []said{{false, hepPacketOf(t, 17, 1, askMessage)}})
	for _, f := range second {
		binary.BigEndian.PutUint32(f[24:], binary.BigEndian.Uint32(f[24:])+5_000_000)
	}
	got := carried(raw(t, append(first, second...)))
	require.Equal(t, []string{"TCP>" + askMessage, "TCP<" + answer, "UDP>" + askMessage}, got)
}

// A hole says so, once, and only in the direction that has it.
func TestGapIsTold(t *testing.T) {
	frames := connection(t, 4, []said{{false, []byte("aaaabbbbcccc")}, {true, []byte("dddd")}, {false, []byte("eeee")}})
	frames = append(frames[:4], frames[5:]...) // without bbbb
	var gaps []string
	for _, r := range raw(t, frames) {
		if r.Packet.Gap {
			gaps = append(gaps, string(r.Packet.Data))
		}
	}
	require.Equal(t, []string{"cccceeee"}, gaps)
	var file bytes.Buffer
	_, err := Write(&file, values(raw(t, frames)))
	require.NoError(t, err)
	gaps = nil
	for _, r := range collect(t, &file) {
		if r.Packet.Gap {
			gaps = append(gaps, string(r.Packet.Data))
		}
	}
	require.Equal(t, []string{"cccceeee"}, gaps, "after writing and reading")
}

// hepPacketOf makes a packet of HEP 3 about what alice sent to the proxy.
func hepPacketOf(t testing.TB, protocol, kind byte, data string) []byte {
	return hepPacketBetween(alice, proxy, protocol, kind, data)
}

func hepPacketBetween(from, to netip.AddrPort, protocol, kind byte, data string) []byte {
	var b []byte
	add := func(id uint16, v []byte) {
		b = binary.BigEndian.AppendUint16(b, 0)
		b = binary.BigEndian.AppendUint16(b, id)
		b = binary.BigEndian.AppendUint16(b, uint16(6+len(v)))
		b = append(b, v...)
	}
	u16 := func(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
	u32 := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	family, shift := byte(2), uint16(0)
	if from.Addr().Is6() {
		family, shift = 10, 2
	}
	add(1, []byte{family})
	add(2, []byte{protocol})
	add(3+shift, from.Addr().AsSlice())
	add(4+shift, to.Addr().AsSlice())
	add(7, u16(from.Port()))
	add(8, u16(to.Port()))
	add(9, u32(1_700_000_000))
	add(10, u32(250_000))
	add(11, []byte{kind})
	add(12, u32(2001))
	add(14, []byte("a password"))
	add(15, []byte(data))
	return append(append([]byte(hepMagic), u16(uint16(6+len(b)))...), b...)
}

func TestHEP(t *testing.T) {
	rtp := "\x80\x08\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03sound"
	collector := withPort(proxy, 9060)
	udp := func(data []byte) []byte {
		return udpPacket(t, withPort(alice6, 40000), withPort(proxy6, 9060), string(data))
	}
	for _, c := range []struct {
		what  string
		frame []byte
		want  []string
	}{
		{"SIP", udp(hepPacketOf(t, 17, 1, askMessage)), []string{"UDP>" + askMessage}},
		{"SIP over TCP", udp(hepPacketOf(t, 6, 1, askMessage)), []string{"TCP>" + askMessage}},
		{"answer", udp(hepPacketBetween(proxy, alice, 17, 1, answer)), []string{"UDP<" + answer}},
		{"RTP", udp(hepPacketOf(t, 17, 4, rtp)), []string{"UDP>" + rtp}},
		{"RTCP as JSON", udp(hepPacketOf(t, 17, 5, `{"type":200}`)), nil},
		{"a log line", udp(hepPacketOf(t, 17, 100, "something happened")), nil},
		{"longer than its datagram", udp(hepPacketOf(t, 17, 1, askMessage)[:200]), []string{"UDP>" + string(hepPacketOf(t, 17, 1, askMessage)[:200])}},
		{"a word", udpPacket(t, alice, collector, "HEP3, he said"), []string{"UDP>HEP3, he said"}},
	} {
		require.Equal(t, c.want, carried(raw(t, [][]byte{c.frame})), c.what)
	}
	got := raw(t, [][]byte{udp(hepPacketBetween(alice6, proxy6, 17, 1, askMessage))})
	require.Equal(t, alice6, got[0].Packet.Src)
	require.Equal(t, proxy6, got[0].Packet.Dst)
	require.EqualValues(t, 1_700_000_000_250_000, got[0].Packet.Time.UnixMicro())
	require.Equal(t, 1, got[0].N)
}

// A collector over TCP: packets in any pieces, and on again behind a hole.
func TestHEPStream(t *testing.T) {
	stream := bytes.Join([][]byte{hepPacketOf(t, 17, 1, askMessage), hepPacketBetween(proxy, alice, 17, 1, answer), hepPacketOf(t, 17, 1, askMessage)}, nil)
	want := []string{"UDP>" + askMessage, "UDP<" + answer, "UDP>" + askMessage}
	for _, size := range []int{1, 2, 100, 100_000} {
		require.Equal(t, want, carried(raw(t, connection(t, size, []said{{false, stream}}))), size)
	}
	frames := connection(t, 50, []said{{false, stream}})
	frames = append(frames[:5], frames[6:]...)
	require.Equal(t, want[1:], carried(raw(t, frames)))
	junk := append([]byte("junk HEP"), stream...)
	require.Equal(t, want, carried(raw(t, connection(t, 100, []said{{false, stream[:0]}, {false, append(bytes.Clone(hepPacketOf(t, 17, 100, "x")), junk...)}}))))
}

// Whatever waits in connections is bounded, all together.
func TestWaitingIsBounded(t *testing.T) {
	d := newDecoder()
	c := d.streams.converse(way{alice, proxy})
	beginning := []byte("\x16\x03\x01\x40\x00\x01")
	many := make([]*conversation, 0, 4000)
	for range cap(many) {
		c := d.streams.converse(way{alice, proxy})
		c.take(0, chunk{data: beginning})
		c.take(0, chunk{data: make([]byte, 16_000)})
		many = append(many, c)
		require.LessOrEqual(t, d.held, maxHeld)
	}
	for _, c := range many {
		c.close()
	}
	require.Zero(t, d.held)
	noise := rand.NewChaCha8([32]byte{})
	for range 200 {
		b := make([]byte, 5000)
		_, _ = noise.Read(b)
		c.take(int(b[0]&1), chunk{data: b})
	}
	c.close()
	require.Zero(t, d.held)
}
