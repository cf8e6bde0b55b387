package media

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

var nobody = netip.MustParseAddrPort("127.0.0.1:9")

// The arithmetic of RFC 3550: extended numbers over a wrap, losses and their fraction
// (A.3), jitter (A.8), LSR and DLSR (6.4.1), against figures worked out by hand.
func TestReceptionArithmetic(t *testing.T) {
	var r reports
	r.init(1)
	start := time.Unix(1700000000, 0)
	at := start
	jitter := 0.0
	// Every other packet is 5 ms late: each distance is off by 40 units of the clock.
	n := 0
	for i := range 200 {
		if i%10 == 5 {
			continue // lost
		}
		late := time.Duration(i%2*5) * time.Millisecond
		at = start.Add(time.Duration(i)*20*time.Millisecond + late)
		if r.received(plainPacket(uint16(65436+i), uint32(4294967000+i*160), 7), nobody, at) {
			t.Fatal("a collision")
		}
		if n++; n > 1 && i%10 != 6 { // beside a lost odd one, two even ones meet
			jitter += (40 - jitter) / 16
		} else if n > 1 {
			jitter += (0 - jitter) / 16
		}
	}
	sr, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 7, NTPTime: 0x0123456789abcdef}})
	if err != nil {
		t.Fatal(err)
	}
	r.control(sr, nobody, at)
	r.sent(rtp.Header{SSRC: 1, Timestamp: 1000, SequenceNumber: 1}, 160, false, at)
	list, err := rtcp.Unmarshal(r.compound(at.Add(1500*time.Millisecond), true))
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	s := list[0].(*rtcp.SenderReport)
	b := s.Reports[0]
	want := rtcp.ReceptionReport{SSRC: 7, FractionLost: uint8(20 * 256 / 200), TotalLost: 20, LastSequenceNumber: 65436 + 199, LastSenderReport: 0x456789ab, Delay: 65536 * 3 / 2}
	want.Jitter = b.Jitter
	if b != want || math.Abs(float64(b.Jitter)-jitter) > 1 {
		t.Errorf("%+v, want %+v with a jitter of %.1f", b, want, jitter)
	}
	if s.RTPTime != 1000+12000 || s.PacketCount != 1 || s.OctetCount != 160 || s.NTPTime>>32 != uint64(at.Add(1500*time.Millisecond).Unix()+2208988800) {
		t.Errorf("%+v", s)
	}
	if name := list[1].(*rtcp.SourceDescription).Chunks[0]; name.Source != 1 || name.Items[0].Type != rtcp.SDESCNAME || len(name.Items[0].Text) != 24 {
		t.Errorf("%+v", name)
	}
	if bye := list[2].(*rtcp.Goodbye); len(bye.Sources) != 1 || bye.Sources[0] != 1 {
		t.Errorf("%+v", bye)
	}
	// Nothing was lost since; and who did not send for two reports is no sender (6.4).
	for range 2 {
		list, _ = rtcp.Unmarshal(r.compound(at.Add(2*time.Second), false))
	}
	if rr, ok := list[0].(*rtcp.ReceiverReport); !ok || rr.Reports[0].FractionLost != 0 || rr.Reports[0].TotalLost != 20 {
		t.Errorf("%+v", list[0])
	}
}

// The time between reports, against the examples of RFC 3550 6.2 and A.7.
func TestIntervals(t *testing.T) {
	const compensation = math.E - 1.5
	for _, c := range []struct {
		least            time.Duration
		members, senders int
		weSend           bool
		average, chance  float64
		want             float64 // seconds
	}{
		{5 * time.Second, 2, 2, true, 120, 0.5, 5 / compensation},
		{5 * time.Second, 2, 2, true, 120, 0, 2.5 / compensation},
		{5 * time.Second, 2, 2, true, 120, 1, 7.5 / compensation},
		{2500 * time.Millisecond, 1, 0, false, 0, 0.25, 2.5 * 0.75 / compensation},
		{5 * time.Second, 1000, 2, true, 120, 0.5, 5 / compensation},                  // 120*2/100 s is less
		{5 * time.Second, 1000, 2, false, 120, 0.5, 120 * 998.0 / 300 / compensation}, // receivers share three quarters
	} {
		got := interval(c.least, c.members, c.senders, c.weSend, c.average, c.chance)
		if math.Abs(got.Seconds()-c.want) > 0.001 {
			t.Errorf("%+v: %s", c, got)
		}
	}
	// What a call sees: the first report after 1.03 to 1.54 s, the others after 2.05 to 6.16 s.
	var r reports
	r.init(1)
	for range 1000 {
		if first := r.next(time.Now(), 2500*time.Millisecond, true); first < 1020*time.Millisecond || first > 1540*time.Millisecond {
			t.Fatal("first", first)
		}
		if next := r.next(time.Now(), 5*time.Second, false); next < 2050*time.Millisecond || next > 6160*time.Millisecond {
			t.Fatal("next", next)
		}
	}
}

// Another source with our number: goodbye under it, and on under a new one, once (RFC
// 3550 8.2). An echo service that returns our packets is no such source.
func TestCollision(t *testing.T) {
	t.Parallel()
	b, far, ctl := newBench(t), newPort(t), newPort(t)
	b.reply(t, far.sdp(plainFormats, events, fmt.Sprintf("rtcp:%d", ctl.number())))
	b.Talk()
	before := far.packet(t)
	for range 5 { // an echo
		raw := far.must(t)
		far.send(t, b.Local(), raw)
	}
	if p := far.packet(t); p.SSRC != before.SSRC {
		t.Fatal("an echo changed our number")
	}
	far.send(t, b.Local(), plainPacket(before.SequenceNumber+5000, 1, before.SSRC))
	for goodbye := false; !goodbye; {
		list, err := rtcp.Unmarshal(ctl.must(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if bye, ok := p.(*rtcp.Goodbye); ok {
				goodbye = bye.Sources[0] == before.SSRC
			}
		}
	}
	after := far.packet(t)
	for after.SSRC == before.SSRC {
		after = far.packet(t)
	}
	// The same one again follows us: we stay.
	far.send(t, b.Local(), plainPacket(after.SequenceNumber+5000, 1, after.SSRC))
	time.Sleep(100 * time.Millisecond)
	far.drain()
	if p := far.packet(t); p.SSRC != after.SSRC {
		t.Error("a follower changed our number again")
	}
	// Sender reports count for the new number only.
	for {
		list, err := rtcp.Unmarshal(ctl.must(t))
		if err != nil {
			t.Fatal(err)
		}
		if sr, ok := list[0].(*rtcp.SenderReport); ok && sr.SSRC == after.SSRC {
			if sr.PacketCount > 100 || sr.OctetCount != 160*sr.PacketCount {
				t.Errorf("%+v", sr)
			}
			return
		}
	}
}

// Both on one port: our reports go to the sound's port and theirs are read there, when
// they offer it; we do not.
func TestSharedPort(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	if a := b.offer(t); a.RTCPMux {
		t.Error("we offer a=rtcp-mux")
	}
	if a := b.reply(t, far.sdp(plainFormats, events, "rtcp-mux", "rtcp:9")); !a.RTCPMux {
		t.Error("rtcp-mux is not taken")
	}
	b.Talk()
	for i := range 30 {
		far.send(t, b.Local(), plainPacket(uint16(i), uint32(160*i), 3))
	}
	sr, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 3, NTPTime: 0x0123456789abcdef}})
	if err != nil {
		t.Fatal(err)
	}
	far.send(t, b.Local(), sr)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		raw := far.must(t)
		if raw[1] < 192 || raw[1] > 223 {
			continue
		}
		list, err := rtcp.Unmarshal(raw)
		if err != nil {
			t.Fatal(err)
		}
		if sr, ok := list[0].(*rtcp.SenderReport); ok && len(sr.Reports) == 1 && sr.Reports[0].LastSenderReport == 0x456789ab && sr.Reports[0].LastSequenceNumber == 29 {
			b.Stop()
			for end := time.Now().Add(patience); time.Now().Before(end); {
				if raw := far.must(t); raw[1] == 200 {
					list, _ := rtcp.Unmarshal(raw)
					if _, bye := list[len(list)-1].(*rtcp.Goodbye); bye {
						return
					}
				}
			}
			t.Fatal("no goodbye")
		}
	}
	t.Fatal("no report about theirs on the shared port")
}

// a=rtcp names a port, and an address, of its own (RFC 3605).
func TestReportsGoWhereTheyShould(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"rtcp:%d", "rtcp:%d IN IP4 127.0.0.1"} {
		b, far, ctl := newBench(t), newPort(t), newPort(t)
		offer := far.sdp(plainFormats, events, fmt.Sprintf(form, ctl.number()))
		b.reply(t, offer)
		b.Talk()
		if _, err := rtcp.Unmarshal(ctl.must(t)); err != nil {
			t.Error(err)
		}
	}
}
