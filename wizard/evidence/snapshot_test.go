package evidence

import (
	"net/netip"
	"path/filepath"
	"testing"
)

// TestSnapshot asks after each record of every conversation. A snapshot must not
// change when more is added, and asking must not change what comes out at the end.
func TestSnapshot(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		s := readScript(t, path)
		var b Builder
		var snapshots []*Evidence
		var texts []string
		for i, r := range s.records {
			b.Add(r)
			if r.Packet != nil && r.Packet.Data[0]>>6 == 2 && i%16 != 0 {
				continue // not after each RTP packet
			}
			ev := b.Evidence()
			snapshots = append(snapshots, ev)
			texts = append(texts, describeEvidence(ev))
		}
		for i, ev := range snapshots {
			if got := describeEvidence(ev); got != texts[i] {
				t.Fatalf("%s: snapshot %d changed from\n%s\nto\n%s", path, i+1, texts[i], got)
			}
		}
		if got := describeEvidence(b.Evidence()); got != s.want {
			t.Errorf("%s: asking in between changes the outcome:\n%s\nwant\n%s", path, got, s.want)
		}
	}
}

// TestEmpty: a Builder that has seen nothing gives evidence of nothing.
func TestEmpty(t *testing.T) {
	var b Builder
	ev := b.Evidence()
	if ev.Have != 0 || len(ev.Calls) != 0 || ev.Subject.How != "unknown" {
		t.Errorf("%+v", ev)
	}
}

// TestSetSubject turns the same conversation round: seen from the server, and
// with an address whose port is not known.
func TestSetSubject(t *testing.T) {
	tests := []struct {
		phone string
		want  Direction
	}{
		{"192.0.2.10:5060", Out},
		{"192.0.2.10:0", Out},
		{"192.0.2.10:9999", Out}, // the IP decides
		{"198.51.100.5:5060", In},
		{"198.51.100.5:0", In},
		{"203.0.113.200:5060", Out}, // no part in the call: as its caller sees it
	}
	for _, tt := range tests {
		var b Builder
		for _, r := range readScript(t, "testdata/call-out.txtar").records {
			b.Add(r)
		}
		phone := netip.MustParseAddrPort(tt.phone)
		b.SetSubject(phone)
		ev := b.Evidence()
		c := ev.Calls[0]
		if ev.Subject.How != "told" || c.Direction != tt.want || c.Offer.Local != (tt.want == Out) || c.ByeOut != (tt.want == Out) {
			t.Errorf("%s: %s, offer local %v, bye out %v", tt.phone, c.Direction, c.Offer.Local, c.ByeOut)
		}
		if c.In == nil || c.Out == nil {
			t.Errorf("%s: in %v, out %v", tt.phone, c.In, c.Out)
			continue
		}
		if in := c.In.SSRC; (in == 20) != (tt.want == Out) {
			t.Errorf("%s: the incoming stream is %d", tt.phone, in)
		}
	}
}
