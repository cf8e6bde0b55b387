package evidence

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// BenchmarkCalls measures the fold over whole calls, one after the other on the
// same ports, as a day's capture of one phone holds them: b.N calls of 9
// messages and 20 packets.
func BenchmarkCalls(b *testing.B) {
	sip := readScript(&testing.T{}, "testdata/call-out.txtar")
	var builder Builder
	n := 0
	for i := range b.N {
		at := time.Duration(i) * 10 * time.Second
		rtp := 0
		for _, r := range sip.records {
			p := *r.Packet
			if p.Data[0]>>6 == 2 {
				if rtp++; rtp > 20 {
					continue
				}
				p.Data = append([]byte(nil), p.Data...)
				p.Data[10], p.Data[11] = byte(i>>8), byte(i)
			} else {
				p.Data = []byte(strings.ReplaceAll(strings.ReplaceAll(string(p.Data), "call-1", fmt.Sprintf("call-%d", i)), "z9hG4bK", fmt.Sprintf("z9hG4bK%d", i)))
			}
			p.Time = p.Time.Add(at)
			n++
			builder.Add(capture.Record{N: n, Packet: &p})
		}
	}
	builder.SetSubject(netip.MustParseAddrPort("192.0.2.10:5060"))
	start := time.Now()
	ev := builder.Evidence()
	b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(b.N), "snapshot-ns/call")
	if len(ev.Calls) != b.N || ev.Calls[b.N-1].Out == nil {
		b.Fatalf("%d calls of %d", len(ev.Calls), b.N)
	}
}
