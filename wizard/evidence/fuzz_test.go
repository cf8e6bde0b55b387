package evidence

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
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
