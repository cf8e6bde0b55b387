package evidence

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"github.com/pion/rtcp"
)

// unpack turns fuzz input into records: each begins with a byte that chooses
// transport and direction, one for the time since the one before (4 ms), and two
// for the length.
func unpack(data []byte) (records []capture.Record) {
	ends := []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.10:5060"), netip.MustParseAddrPort("198.51.100.5:5060"),
		mediaA, mediaB, rtcpA, rtcpB, netip.MustParseAddrPort("203.0.113.7:6000"), {},
	}
	at := began
	for len(data) >= 4 {
		how, wait, n := data[0], data[1], int(data[2])<<8|int(data[3])
		data = data[4:]
		n = min(n, len(data))
		at = at.Add(time.Duration(int8(wait)) * 4 * time.Millisecond)
		p := &capture.Packet{Time: at, Net: capture.Net(how&3 + 1), Src: ends[how>>2&7], Dst: ends[(how>>2&7)^(1+how>>6)&7], Data: data[:n]}
		records = append(records, capture.Record{N: len(records) + 1, Packet: p})
		data = data[n:]
	}
	return records
}

// pack is unpack's inverse for the conversations of testdata, as far as the
// addresses allow.
func pack(records []capture.Record) (data []byte) {
	for _, r := range records {
		p := r.Packet
		if p == nil || len(p.Data) > 4000 {
			continue
		}
		how := byte(p.Net - 1)
		switch p.Src {
		case netip.MustParseAddrPort("198.51.100.5:5060"):
			how |= 1 << 2
		case mediaA:
			how |= 2 << 2
		case mediaB:
			how |= 3 << 2
		}
		data = append(data, how, 5, byte(len(p.Data)>>8), byte(len(p.Data)))
		data = append(data, p.Data...)
		if len(data) > 20_000 {
			break
		}
	}
	return data
}

// FuzzBuilder feeds anything: nothing may panic, figures stay consistent, and
// asking twice gives the same.
func FuzzBuilder(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		f.Add(pack(readScript(&testing.T{}, path).records))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Builder
		records := unpack(data)
		for i, r := range records {
			b.Add(r)
			if i == len(records)/2 {
				sane(t, b.Evidence())
			}
		}
		ev := b.Evidence()
		sane(t, ev)
		if first, second := describeEvidence(ev), describeEvidence(b.Evidence()); first != second {
			t.Errorf("asked twice:\n%s\n%s", first, second)
		}
	})
}

// FuzzRTP: one flow of packets that begin like RTP, with and without a description.
// Figures stay consistent, and no packet is counted that did not come.
func FuzzRTP(f *testing.F) {
	var plain []byte
	for i := range 6 {
		p := rtpPacket(0, uint16(65_533+i), uint32(i*160), 7, i == 0, []byte("eight by"))
		plain = append(append(plain, byte(len(p))), p...)
	}
	f.Add(false, plain)
	f.Add(true, plain)
	f.Add(true, []byte("\x10\x90\x65\x00\x01\x00\x00\x00\x00\x00\x00\x00\x07\xbe\xde\x00\x01\x05\x8a\x03\x20\x01\x0c\xa3\x00\x00\x02\x00\x00\x00\xa0\x00\x00\x00\x07"))
	f.Fuzz(func(t *testing.T, described bool, data []byte) {
		b := new(Builder)
		if described {
			b = oddCall(t, "RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n").b
		}
		came := uint64(0)
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			packet := data[1 : 1+n]
			data = data[1+n:]
			if n == 0 {
				continue
			}
			came++
			packet = append([]byte{0x80 | packet[0]&0x3f}, packet[1:]...)
			b.Add(capture.Record{N: int(came) + 100, Packet: &capture.Packet{Time: began.Add(time.Duration(came) * 20 * time.Millisecond), Net: capture.UDP, Src: secureA, Dst: secureB, Data: packet}})
		}
		ev := b.Evidence()
		sane(t, ev)
		sum := uint64(0)
		for _, s := range ev.Streams {
			sum += s.Packets + s.Events + s.Duplicate
		}
		if sum > came {
			t.Errorf("%d packets in streams, %d came", sum, came)
		}
	})
}

// FuzzRTCP: any compound packets about a stream that is there.
func FuzzRTCP(f *testing.F) {
	sr, _ := (&rtcp.SenderReport{SSRC: 7, NTPTime: 1 << 40, PacketCount: 5, Reports: []rtcp.ReceptionReport{{SSRC: 8, TotalLost: 0xffffff}}}).Marshal()
	rr, _ := (&rtcp.ReceiverReport{SSRC: 8, Reports: []rtcp.ReceptionReport{{SSRC: 7, LastSenderReport: 1 << 24, Delay: 65536}}}).Marshal()
	bye, _ := (&rtcp.Goodbye{Sources: []uint32{7}, Reason: "done"}).Marshal()
	f.Add(append(sr, bye...), rr)
	f.Add(rr, []byte("\x81\xca\x00\x02\x00\x00\x00\x07\x01\x01a\x00"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var b Builder
		n := 0
		add := func(from, to netip.AddrPort, data []byte) {
			n++
			b.Add(capture.Record{N: n, Packet: &capture.Packet{Time: began.Add(time.Duration(n) * 20 * time.Millisecond), Net: capture.UDP, Src: from, Dst: to, Data: data}})
		}
		for i := range 3 {
			add(mediaA, mediaB, rtpPacket(0, uint16(i), uint32(i*160), 7, false, make([]byte, 160)))
		}
		as := func(d []byte) []byte { // with the version and one of RTCP's types
			d = append([]byte{0x80, 200}, d...)
			d[0] |= d[min(2, len(d)-1)] & 0x3f
			return d
		}
		for _, d := range [][]byte{first, second, as(first), as(second)} {
			add(rtcpA, rtcpB, d)
			add(rtcpB, rtcpA, d)
			add(mediaA, mediaB, d)
		}
		ev := b.Evidence()
		sane(t, ev)
		for _, s := range ev.Streams {
			for _, r := range s.Reported {
				if r.RTT < 0 || r.Lost > 1<<23 || r.Lost < -1<<23 {
					t.Errorf("%+v", r)
				}
			}
		}
	})
}

// FuzzSTUN: a datagram is STUN, SIP, sound, a report, a keep-alive or odd, and never
// two of them; what has STUN's cookie and type bits is STUN.
func FuzzSTUN(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x08\x21\x12\xa4\x42twelve bytes\x80\x22\x00\x04abcd"))
	f.Add([]byte("\x01\x01\x00\x0ctwelve bytes are classic"))
	f.Add([]byte("\x40\x00\x00\x04abcd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Builder
		b.Add(capture.Record{N: 1, Packet: &capture.Packet{Time: began, Net: capture.UDP, Src: mediaA, Dst: mediaB, Data: data}})
		ev := b.Evidence()
		kinds := int(ev.STUN) + int(ev.KeepAlives) + min(1, len(ev.Messages)+len(ev.Odd)+len(ev.Streams)+len(b.reports))
		if kinds > 1 || ev.STUN == 1 && data[0]>>6 != 0 {
			t.Errorf("%d STUN, %d keep-alives, %d messages, %d odd", ev.STUN, ev.KeepAlives, len(ev.Messages), len(ev.Odd))
		}
		if len(data) >= 20 && data[0]>>6 == 0 && string(data[4:8]) == "\x21\x12\xa4\x42" && ev.STUN != 1 {
			t.Error("the cookie was not seen")
		}
	})
}

// sane checks what always holds of evidence.
func sane(t *testing.T, ev *Evidence) {
	t.Helper()
	for _, r := range ev.Registrations {
		if len(r.Transactions) == 0 {
			t.Error("a registration without transactions")
		}
		r.Last()
		r.Codes()
	}
	for _, c := range ev.Calls {
		c.Duration()
		c.PostDialDelay()
		c.RingingTime()
		for _, tx := range append(c.Transactions, c.OtherHops...) {
			if tx.Request == nil {
				t.Fatal("a transaction without a request")
			}
			tx.Took()
			tx.Authorized()
		}
		if c.Final == nil && c.Answer != nil {
			t.Error("answered without a final answer")
		}
	}
	for _, s := range ev.Streams {
		if s.Lost > s.Expected || s.Packets+s.Events > s.Expected || s.Packets+s.Events+s.Lost != s.Expected {
			t.Errorf("%d packets, %d events, %d lost of %d", s.Packets, s.Events, s.Lost, s.Expected)
		}
		if s.LossBurst > s.Lost || s.Jitter < 0 || s.MaxJitter < s.Jitter || s.LongestGap < 0 || s.Early > s.Packets {
			t.Errorf("%+v", s)
		}
	}
}
