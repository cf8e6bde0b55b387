package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func withPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}

func payload(s string) gopacket.Payload { return gopacket.Payload(s) }

// pieces4 fragments an IPv4 packet, size bytes of payload each.
func pieces4(t *testing.T, packet []byte, id uint16, size int) [][]byte {
	var out [][]byte
	body := packet[20:]
	for at := 0; at < len(body); at += size {
		end := min(at+size, len(body))
		ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: id, FragOffset: uint16(at / 8), Protocol: layers.IPProtocol(packet[9]),
			SrcIP: packet[12:16], DstIP: packet[16:20]}
		if end < len(body) {
			ip.Flags = layers.IPv4MoreFragments
		}
		out = append(out, serialise(t, ip, payload(string(body[at:end]))))
	}
	return out
}

// pieces6 fragments an IPv6 packet (RFC 8200 4.5).
func pieces6(t *testing.T, packet []byte, id uint32, size int) [][]byte {
	var out [][]byte
	body := packet[40:]
	for at := 0; at < len(body); at += size {
		end := min(at+size, len(body))
		head := binary.BigEndian.AppendUint32([]byte{packet[6], 0, byte(at >> 8), byte(at)}, id)
		if end < len(body) {
			head[3] |= 1
		}
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolIPv6Fragment, SrcIP: packet[8:24], DstIP: packet[24:40]}
		out = append(out, serialise(t, ip, payload(string(head)+string(body[at:end]))))
	}
	return out
}

func TestFragments(t *testing.T) {
	long := "INVITE " + strings.Repeat("0123456789", 300)
	for name, f := range map[string][][]byte{
		"IPv4": pieces4(t, udpPacket(t, alice, proxy, long), 9, 1480),
		"IPv6": pieces6(t, udpPacket(t, alice6, proxy6, long), 9, 1448),
	} {
		if len(f) != 3 {
			t.Fatal(name, len(f))
		}
		read := func(frames ...[]byte) []Record {
			return collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, frames...)))
		}
		for what, order := range map[string][][]byte{
			"in order": {f[0], f[1], f[2]}, "backwards": {f[2], f[1], f[0]}, "each twice": {f[0], f[0], f[1], f[1], f[2], f[2]},
			"shuffled": {f[1], f[2], f[0]},
		} {
			got := read(order...)
			same(t, name+" "+what, datas(got), long)
			n := len(order)
			if what == "each twice" {
				n = 5
			}
			if len(got) == 1 && (got[0].N != n || !got[0].Time().Equal(start.Add(time.Duration(n-1)*time.Millisecond))) {
				t.Errorf("%s %s: N is %d, time %v", name, what, got[0].N, got[0].Time())
			}
		}
		got := read(f[0], f[2])
		same(t, name+" with a hole", datas(got), "note fragments")
		if len(got) == 1 && !strings.HasPrefix(got[0].Note.Text, "1 fragmented packet") {
			t.Error(got[0].Note.Text)
		}
	}
}

// Endless first fragments cost a bounded number of datagrams, not more.
func TestFragmentsAreBounded(t *testing.T) {
	var s fragments
	data := make([]byte, 1400)
	for i := range uint32(20_000) {
		s.add(fragmentKey{alice.Addr(), proxy.Addr(), 17, i}, piece{more: true, data: data}, int(i), start)
		if len(s.open) > fragmentOpen || len(s.age) > fragmentOpen {
			t.Fatal(len(s.open), len(s.age), "datagrams kept")
		}
	}
	one := fragmentKey{alice.Addr(), proxy.Addr(), 6, 1}
	for i := range 8000 {
		s.add(one, piece{at: i, more: true, data: data}, i, start)
	}
	if size := s.open[one].size; size > fragmentBytes {
		t.Error(size, "bytes kept of one datagram")
	}
}

func TestTCPOrder(t *testing.T) {
	seg := func(seq uint32, data string) []byte { return tcpPacket(t, alice, proxy, seq, false, data) }
	syn := func(seq uint32) []byte { return tcpPacket(t, alice, proxy, seq, true, "") }
	for _, c := range []struct {
		what   string
		frames [][]byte
		want   []string
		n      []int
	}{
		{"in order", [][]byte{syn(99), seg(100, "ab"), seg(102, "cd")}, []string{"ab", "cd"}, []int{2, 3}},
		{"no beginning", [][]byte{seg(500, "ab"), seg(502, "cd")}, []string{"ab", "cd"}, []int{1, 2}},
		{"sent again", [][]byte{seg(1, "ab"), seg(1, "ab"), seg(2, "bcd"), seg(4, "d")}, []string{"ab", "cd"}, []int{1, 3}},
		{"overtaken", [][]byte{syn(0), seg(3, "cd"), seg(5, "ef"), seg(1, "ab"), seg(7, "gh")}, []string{"abcdef", "gh"}, []int{4, 5}},
		{"keep-alive", [][]byte{seg(1, "ab"), seg(2, "b"), seg(3, "c")}, []string{"ab", "c"}, []int{1, 3}},
		{"over zero", [][]byte{seg(0xfffffffe, "abcd"), seg(2, "ef")}, []string{"abcd", "ef"}, []int{1, 2}},
		{"a hole at the end", [][]byte{seg(1, "ab"), seg(5, "ef"), seg(7, "gh")}, []string{"ab", "efgh"}, []int{1, 3}},
		{"same ports again", [][]byte{syn(0), seg(1, "ab"), syn(7000), seg(7001, "cd")}, []string{"ab", "cd"}, []int{2, 4}},
		{"SYN seen twice", [][]byte{syn(0), seg(1, "ab"), syn(0), seg(1, "ab"), seg(3, "cd")}, []string{"ab", "cd"}, []int{2, 5}},
		{"same ports, SYN missed", [][]byte{seg(3_000_000_000, "ab"), seg(7, "cd")}, []string{"ab", "cd"}, []int{1, 2}},
	} {
		got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, c.frames...)))
		same(t, c.what, datas(got), c.want...)
		for i, r := range got {
			if i < len(c.n) && (r.N != c.n[i] || r.Packet.Net != TCP) {
				t.Errorf("%s: record %d has N %d, want %d", c.what, i, r.N, c.n[i])
			}
		}
	}
}

// A lost segment is given up after a while, in bytes and in time.
func TestTCPHoleIsGivenUp(t *testing.T) {
	var s streams
	var got []string
	d := newDecoder()
	s.converse = d.streams.converse
	add := func(seq uint32, data string, at time.Time) {
		d.out = d.out[:0]
		s.segment(alice, proxy, &layers.TCP{Seq: seq, BaseLayer: layers.BaseLayer{Payload: []byte(data)}}, 0, 1, at)
		got = append(got, datas(d.out)...)
	}
	add(1, "a", start)
	add(5, "e", start)
	same(t, "still waiting", got, "a")
	add(6, "f", start.Add(heldTime+time.Millisecond))
	same(t, "after a time", got, "a", "ef")
	got = nil
	big := strings.Repeat("x", 60_000)
	for i := range uint32(5) {
		add(100+i*60_000, big, start.Add(heldTime+time.Millisecond))
	}
	if len(got) != 1 || len(got[0]) != 5*60_000 {
		t.Errorf("%d pieces given after %d bytes", len(got), 5*60_000)
	}
	if s.bytes != 0 {
		t.Errorf("%d bytes are still counted as held", s.bytes)
	}
}
