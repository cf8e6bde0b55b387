package evidence

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// quote4 is the IPv4 header (with options) and UDP header that an error quotes.
func quote4(proto byte) []byte {
	d := make([]byte, 24+8)
	d[0], d[9] = 0x46, proto
	copy(d[12:], []byte{192, 0, 2, 10})
	copy(d[16:], []byte{198, 51, 100, 5})
	copy(d[24:], []byte{0x13, 0xc4, 0x13, 0xc5})
	return d
}

func quote6() []byte {
	d := make([]byte, 48)
	d[0], d[6] = 0x60, 17
	src, dst := netip.MustParseAddr("2001:db8::10").As16(), netip.MustParseAddr("2001:db8::5").As16()
	copy(d[8:], src[:])
	copy(d[24:], dst[:])
	copy(d[40:], []byte{0x13, 0xc4, 0x13, 0xc5})
	return d
}

func TestICMP(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("198.51.100.1:0"), netip.MustParseAddrPort("[2001:db8::1]:0")
	tests := []struct {
		name       string
		from       netip.AddrPort
		kind, code byte
		quote      []byte
		target     string // "": no entry
		reason     string
		odd        int
	}{
		{"closed port", v4, 3, 3, quote4(17), "198.51.100.5:5061", "port unreachable", 0},
		{"closed TCP port", v4, 3, 3, quote4(6), "198.51.100.5:5061", "port unreachable", 0},
		{"firewall", v4, 3, 13, quote4(17), "198.51.100.5:5061", "admin prohibited", 0},
		{"too big", v4, 3, 4, quote4(17), "198.51.100.5:5061", "packet too big", 0},
		{"a code of the future", v4, 3, 99, quote4(17), "198.51.100.5:5061", "destination unreachable", 0},
		{"hop limit", v4, 11, 0, quote4(17), "198.51.100.5:5061", "time to live exceeded", 0},
		{"echo", v4, 8, 0, quote4(17), "", "", 0},
		{"about ICMP", v4, 3, 3, quote4(1), "", "", 1},
		{"quote cut short", v4, 3, 3, quote4(17)[:26], "", "", 1},
		{"no quote", v4, 3, 3, nil, "", "", 1},
		{"IPv6 closed port", v6, 1, 4, quote6(), "[2001:db8::5]:5061", "port unreachable", 0},
		{"IPv6 too big", v6, 2, 0, quote6(), "[2001:db8::5]:5061", "packet too big", 0},
		{"IPv6 neighbour discovery", v6, 135, 0, quote6(), "", "", 0},
	}
	for _, tt := range tests {
		var b Builder
		data := append([]byte{tt.kind, tt.code, 0, 0, 0, 0, 0, 0}, tt.quote...)
		for i := range 3 {
			b.Add(capture.Record{N: i + 1, Packet: &capture.Packet{Time: began.Add(time.Duration(i) * time.Second), Net: capture.ICMP, Src: tt.from, Dst: tt.from, Data: data}})
		}
		ev := b.Evidence()
		if len(ev.Odd) != tt.odd {
			t.Errorf("%s: odd %+v", tt.name, ev.Odd)
		}
		switch {
		case tt.target == "" && len(ev.ICMP) == 0:
		case tt.target == "" || len(ev.ICMP) != 1:
			t.Errorf("%s: %+v", tt.name, ev.ICMP)
		default:
			u := ev.ICMP[0]
			if u.Target.String() != tt.target || u.Source.Port() != 5060 || u.Reason != tt.reason || u.Count != 3 || u.Last.Sub(u.Time) != 2*time.Second {
				t.Errorf("%s: %+v", tt.name, u)
			}
		}
	}
}

func TestSystemError(t *testing.T) {
	tests := []struct{ text, target, reason string }{
		{"udp 192.0.2.1:5060: connection refused", "192.0.2.1:5060", "connection refused"},
		{"udp [2001:db8::1]:5060: no route to host", "[2001:db8::1]:5060", "no route to host"},
		{"udp [::ffff:192.0.2.1]:5060: x: y", "192.0.2.1:5060", "x: y"},
		{"udp pbx.example.net:5060: connection refused", "", ""},
		{"tcp 192.0.2.1:5060: connection refused", "192.0.2.1:5060", "connection refused"},
		{"udp 192.0.2.1:5060", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		net, target, reason, ok := systemError(tt.text)
		if ok != (tt.target != "") || ok && (target.String() != tt.target || reason != tt.reason || ok && strings.ToLower(net.String()) != tt.text[:3]) {
			t.Errorf("%q: %s %q %v", tt.text, target, reason, ok)
		}
	}
}

// TestDemux sorts single datagrams by their content.
func TestDemux(t *testing.T) {
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	tests := []struct {
		name             string
		data             []byte
		stun, alive, odd int
	}{
		{"STUN", stun, 1, 0, 0},
		{"classic STUN answer", append([]byte{1, 1, 0, 4}, make([]byte, 20)...), 1, 0, 0},
		{"zeros are no STUN", make([]byte, 20), 0, 0, 1},
		{"an empty datagram", nil, 0, 1, 0},
		{"one line end", []byte("\r\n"), 0, 1, 0},
		{"two line ends", []byte("\r\n\r\n"), 0, 1, 0},
		{"four zeros", make([]byte, 4), 0, 1, 0},
		{"TURN channel data", append([]byte{0x40, 0, 0, 4}, 1, 2, 3, 4), 0, 0, 1},
		{"ZRTP", append([]byte{0x10, 0, 0, 1}, "ZRTP0000"...), 0, 0, 1},
		{"text", []byte("hello there, this is no SIP"), 0, 0, 1},
		{"SIP that breaks off", []byte("INVITE sip:1@a SIP/2.0\r\nVia: SIP/2.0/UDP"), 0, 0, 0},
	}
	for _, tt := range tests {
		var b Builder
		b.Add(capture.Record{N: 1, Packet: &capture.Packet{Time: began, Net: capture.UDP, Src: mediaA, Dst: mediaB, Data: tt.data}})
		ev := b.Evidence()
		if int(ev.STUN) != tt.stun || int(ev.KeepAlives) != tt.alive || len(ev.Odd) != tt.odd {
			t.Errorf("%s: stun %d, keep-alives %d, odd %+v", tt.name, ev.STUN, ev.KeepAlives, ev.Odd)
		}
	}
}

// TestStream cuts a byte stream into messages wherever its pieces end.
func TestStream(t *testing.T) {
	s := readScript(t, "testdata/register.txtar")
	var text []byte
	for _, r := range s.records {
		if r.Packet.Src == s.names["phone"] {
			text = append(text, r.Packet.Data...)
		}
	}
	for _, size := range []int{1, 7, 30, 100, len(text)} {
		var b Builder
		n := 0
		for at := 0; at < len(text); at += size {
			n++
			b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: began.Add(time.Duration(n) * time.Second), Net: capture.TCP,
				Src: s.names["phone"], Dst: s.names["server"], Data: text[at:min(at+size, len(text))]}})
		}
		ev := b.Evidence()
		if len(ev.Registrations) != 1 || len(ev.Registrations[0].Transactions) != 2 || len(ev.Odd) != 0 {
			t.Errorf("pieces of %d: %d registrations, odd %+v", size, len(ev.Registrations), ev.Odd)
		}
	}
	var b Builder
	b.Add(capture.Record{N: 1, Packet: &capture.Packet{Time: began, Net: capture.TCP, Src: mediaA, Dst: mediaB, Data: []byte{22, 3, 1, 2, 0, 1}}})
	if ev := b.Evidence(); len(ev.Odd) != 1 || ev.Odd[0].Text != foreignStream([]byte{22, 3, 1}) {
		t.Errorf("%+v", ev.Odd)
	}
}
