package evidence

import (
	"net/netip"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"github.com/pion/rtcp"
)

// rtcpCall is an answered call with sound, to which tests add RTCP.
type rtcpCall struct {
	t *testing.T
	Builder
	n int
}

var (
	rtcpA = netip.MustParseAddrPort("192.0.2.10:4001")
	rtcpB = netip.MustParseAddrPort("198.51.100.6:8001")
)

// newRTCPCall replays a script up to its BYE.
func newRTCPCall(t *testing.T, name string, sound bool) *rtcpCall {
	t.Helper()
	c := &rtcpCall{t: t}
	for _, r := range readScript(t, "testdata/"+name+".txtar").records {
		if r.Packet.Data[0]>>6 == 2 && !sound {
			continue
		}
		if string(r.Packet.Data[:3]) == "BYE" {
			break
		}
		c.n = r.N
		c.Add(r)
	}
	return c
}

func (c *rtcpCall) rtcp(at time.Duration, from, to netip.AddrPort, packets ...rtcp.Packet) {
	c.t.Helper()
	data, err := rtcp.Marshal(packets)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(at, from, to, data)
}

func (c *rtcpCall) raw(at time.Duration, from, to netip.AddrPort, data []byte) {
	c.n++
	c.Add(capture.Record{N: c.n, Packet: &capture.Packet{Time: began.Add(at), Net: capture.UDP, Src: from, Dst: to, Data: data}})
}

func (c *rtcpCall) call() *Call {
	c.t.Helper()
	ev := c.Evidence()
	if len(ev.Calls) != 1 {
		c.t.Fatalf("%d calls", len(ev.Calls))
	}
	return ev.Calls[0]
}

// ntp gives the middle 32 bits of a sender report's time.
func ntp(v uint64) uint32 { return uint32(v >> 16) }

func TestReports(t *testing.T) {
	c := newRTCPCall(t, "call-out", true)
	const sent = 0x1234_5678_9abc_def0
	c.rtcp(3*time.Second, rtcpA, rtcpB, &rtcp.SenderReport{SSRC: 10, NTPTime: sent, PacketCount: 50, OctetCount: 8000,
		Reports: []rtcp.ReceptionReport{{SSRC: 20, TotalLost: 3, Jitter: 80}}})
	// The peer answers 1.5 s later, of which it waited 1.4 s.
	c.rtcp(4500*time.Millisecond, rtcpB, rtcpA, &rtcp.SenderReport{SSRC: 20, NTPTime: 7 << 32, PacketCount: 120, OctetCount: 19200,
		Reports: []rtcp.ReceptionReport{{SSRC: 10, FractionLost: 64, TotalLost: 0xfffffe, LastSequenceNumber: 70000, Jitter: 160,
			LastSenderReport: ntp(sent), Delay: 14 * 65536 / 10}}},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 20}}},
		&rtcp.Goodbye{Sources: []uint32{20}})
	call := c.call()
	if call.In == nil || call.Out == nil {
		t.Fatal("no streams")
	}
	if got := call.Out.Sender; len(got) != 1 || got[0].Packets != 50 || got[0].Octets != 8000 {
		t.Errorf("our reports: %+v", got)
	}
	if got := call.In.Sender; len(got) != 1 || got[0].Packets != 120 {
		t.Errorf("their reports: %+v", got)
	}
	says := call.Out.PeerSays
	if says == nil || says.Lost != -2 || says.FractionLost != 64 || says.Highest != 70000 || says.Jitter != 20*time.Millisecond {
		t.Fatalf("the peer says %+v", says)
	}
	if d := says.RTT - 100*time.Millisecond; d.Abs() > time.Millisecond || call.Out.RTT != says.RTT {
		t.Errorf("round trip %s and %s, want 100ms", says.RTT, call.Out.RTT)
	}
	if in := call.In.PeerSays; in == nil || in.Lost != 3 || in.Jitter != 10*time.Millisecond || in.RTT != 0 {
		t.Errorf("we say %+v", in)
	}
	if len(call.Reports) != 2 || !call.Reports[0].Out || call.Reports[1].Out || !call.Reports[1].Bye || call.Reports[1].About[0] != 10 {
		t.Errorf("reports %+v", call.Reports)
	}
	if !call.RTCPBye {
		t.Error("the peer said BYE")
	}
	if len(call.PeerSenders) != 0 {
		t.Errorf("senders without RTP: %+v", call.PeerSenders)
	}
	if !c.Evidence().Have.Has(HaveReports) {
		t.Error("reports were seen")
	}
}

// TestSilentSender: the other side reports what it sends, and nothing of it comes.
func TestSilentSender(t *testing.T) {
	c := newRTCPCall(t, "call-out", false)
	for i, n := range []uint32{100, 350} {
		c.rtcp(time.Duration(4+5*i)*time.Second, rtcpB, rtcpA, &rtcp.SenderReport{SSRC: 99, PacketCount: n})
	}
	call := c.call()
	if got := call.PeerSenders; len(got) != 2 || got[0].Packets != 100 || got[1].Packets != 350 || got[0].SSRC != 99 {
		t.Errorf("%+v", got)
	}
	if call.In != nil {
		t.Error("nothing came")
	}
}

// TestEarlyReport: a report comes before the first packet of the stream it is about.
func TestEarlyReport(t *testing.T) {
	c := newRTCPCall(t, "call-out", false)
	c.rtcp(2500*time.Millisecond, rtcpB, rtcpA, &rtcp.SenderReport{SSRC: 20, PacketCount: 5}, &rtcp.ReceiverReport{SSRC: 20,
		Reports: []rtcp.ReceptionReport{{SSRC: 10, TotalLost: 1}}})
	for i := range 50 {
		at := 2600*time.Millisecond + time.Duration(i)*20*time.Millisecond
		c.raw(at, mediaA, mediaB, rtpPacket(8, uint16(i), uint32(i*160), 10, false, make([]byte, 160)))
		c.raw(at, mediaB, mediaA, rtpPacket(8, uint16(i), uint32(i*160), 20, false, make([]byte, 160)))
	}
	call := c.call()
	if len(call.In.Sender) != 1 || call.Out.PeerSays == nil || call.Out.PeerSays.Lost != 1 || len(call.PeerSenders) != 0 {
		t.Errorf("in %+v, out %+v", call.In.Sender, call.Out.PeerSays)
	}
}

// TestClaimedByReport: sound from and to addresses that no SDP names (a relay's)
// joins the call whose RTCP speaks of it.
func TestClaimedByReport(t *testing.T) {
	c := newRTCPCall(t, "call-out", false)
	from, to := netip.MustParseAddrPort("203.0.113.9:9000"), netip.MustParseAddrPort("192.0.2.10:45000")
	for i := range 50 {
		c.raw(3*time.Second+time.Duration(i)*20*time.Millisecond, from, to, rtpPacket(8, uint16(i), uint32(i*160), 20, false, make([]byte, 160)))
	}
	if call := c.call(); call.In != nil {
		t.Fatal("nothing claims the stream yet")
	}
	c.rtcp(4*time.Second, netip.MustParseAddrPort("203.0.113.9:8001"), rtcpA, &rtcp.SenderReport{SSRC: 20, PacketCount: 50})
	if call := c.call(); call.In == nil || call.In.CallID != call.ID || call.In.Direction != In {
		t.Error("the report names the stream")
	}
}

// TestBrokenRTCP keeps what stands before the broken part, and never panics.
func TestBrokenRTCP(t *testing.T) {
	good, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 20, PacketCount: 9}})
	if err != nil {
		t.Fatal(err)
	}
	c := newRTCPCall(t, "call-out", true)
	c.raw(3*time.Second, rtcpB, rtcpA, append(good, 0x81, 201, 0, 50, 1, 2))
	ev := c.Evidence()
	if len(ev.Odd) != 1 || len(ev.Calls[0].In.Sender) != 1 {
		t.Errorf("%d odd, sender reports %+v", len(ev.Odd), ev.Calls[0].In.Sender)
	}
	for cut := range good {
		c.raw(3*time.Second, rtcpB, rtcpA, good[:cut])
	}
	for kind := 192; kind < 224; kind++ {
		for words := range 8 {
			data := make([]byte, 28)
			data[0], data[1], data[3] = 0x9f, byte(kind), byte(words)
			c.raw(3*time.Second, rtcpB, rtcpA, data)
		}
	}
	c.Evidence()
}

// TestSRTCP reads nothing from encrypted reports but who sent them.
func TestSRTCP(t *testing.T) {
	c := newRTCPCall(t, "srtp", true)
	data := make([]byte, 60)
	for i := range data {
		data[i] = byte(i * 91)
	}
	copy(data, []byte{0x80, 200, 0, 6, 0, 0, 0, 20})
	c.raw(3*time.Second, rtcpB, rtcpA, data)
	ev := c.Evidence()
	call := ev.Calls[0]
	if len(call.Reports) != 1 || call.Reports[0].SSRC != 20 || len(call.In.Sender) != 0 || len(ev.Odd) != 0 {
		t.Errorf("reports %+v, sender %+v, odd %+v", call.Reports, call.In.Sender, ev.Odd)
	}
	if !call.In.Encrypted || call.In.Level.Known || ev.Have.Has(HaveLevels) {
		t.Error("the level of encrypted sound is not known")
	}
}

// TestSignedLoss sign-extends 24 bits.
func TestSignedLoss(t *testing.T) {
	var b Builder
	for in, want := range map[uint32]int32{0: 0, 5: 5, 0x7fffff: 8388607, 0x800000: -8388608, 0xffffff: -1} {
		if got := b.blocks(&packet{}, []rtcp.ReceptionReport{{TotalLost: in}})[0].lost; got != want {
			t.Errorf("%#x is %d, want %d", in, got, want)
		}
	}
}
