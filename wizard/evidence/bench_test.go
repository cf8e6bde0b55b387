package evidence

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// BenchmarkAddRTP measures the fold over the RTP of an answered call: 160 bytes
// of PCMA every 20 ms each way, levels included.
func BenchmarkAddRTP(b *testing.B) {
	records := readScript(&testing.T{}, filepath.FromSlash("testdata/call-out.txtar")).records
	var builder Builder
	for _, r := range records {
		if r.Packet != nil && r.Packet.Data[0]>>6 == 2 {
			continue
		}
		if r.Packet != nil && bytes.HasPrefix(r.Packet.Data, []byte("BYE")) {
			break
		}
		builder.Add(r)
	}
	phone, server := netip.MustParseAddrPort("192.0.2.10:4000"), netip.MustParseAddrPort("198.51.100.6:8000")
	payload := make([]byte, 160)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	in := capture.Packet{Net: capture.UDP, Src: server, Dst: phone, Data: rtpPacket(8, 0, 0, 20, false, payload)}
	out := capture.Packet{Net: capture.UDP, Src: phone, Dst: server, Data: rtpPacket(8, 0, 0, 10, false, payload)}
	at := began.Add(3 * time.Second)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		p := &in
		if i%2 == 1 {
			p = &out
		}
		n := i / 2
		p.Data[2], p.Data[3] = byte(n>>8), byte(n)
		ts := uint32(n) * 160
		p.Data[4], p.Data[5], p.Data[6], p.Data[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		p.Time = at.Add(time.Duration(n) * 20 * time.Millisecond)
		builder.Add(capture.Record{N: i + 1000, Packet: p})
	}
	b.StopTimer()
	if ev := builder.Evidence(); b.N > 100 && ev.Calls[0].In.Lost+ev.Calls[0].Out.Lost > 0 {
		b.Fatalf("%d lost", ev.Calls[0].In.Lost)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}

// BenchmarkEvidence measures a snapshot of a live call.
func BenchmarkEvidence(b *testing.B) {
	var builder Builder
	for _, r := range readScript(&testing.T{}, filepath.FromSlash("testdata/call-out.txtar")).records {
		builder.Add(r)
	}
	b.ReportAllocs()
	for b.Loop() {
		builder.Evidence()
	}
}
