package evidence

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// source is the k-th packet of a source of G.711.
func source(ssrc uint32, k int) []byte {
	p := make([]byte, 172)
	p[0], p[1] = 0x80, 8
	binary.BigEndian.PutUint16(p[2:], uint16(k+1))
	binary.BigEndian.PutUint32(p[4:], uint32(k*160))
	binary.BigEndian.PutUint32(p[8:], ssrc)
	return p
}

// Ten thousand sources at the port of a call: some are followed, the rest is counted
// and told, and the call's own sound stays what it was.
func TestFloodOfSourcesInACall(t *testing.T) {
	script := readScript(t, "testdata/call-out.txtar")
	fold := func(flood int) *Evidence {
		var b Builder
		n := 0
		add := func(p capture.Packet) {
			n++
			b.Add(capture.Record{N: n, Packet: &p})
		}
		flooded := false
		for _, r := range script.records {
			add(*r.Packet)
			if r.Packet.Data[0]>>6 != 2 || flooded {
				continue
			}
			flooded = true // behind the first packet of sound, with its addresses
			for i := range flood {
				for k := range 3 {
					p := *r.Packet
					p.Data = source(0xF100D000+uint32(i), k)
					add(p)
				}
			}
		}
		return b.Evidence()
	}
	calm, e := fold(0), fold(10_000)
	if len(calm.Streams) == 0 || len(calm.Limits) > 0 {
		t.Fatal("the call itself has no sound, or limits", calm.Limits)
	}
	if n := len(e.Streams); n < maxSources || n > maxSources+len(calm.Streams) {
		t.Errorf("%d streams", n)
	}
	own := calm.Streams[0]
	i := slices.IndexFunc(e.Streams, func(s *Stream) bool { return s.SSRC == own.SSRC && s.From == own.From })
	if i < 0 || e.Streams[i].Packets != own.Packets || e.Streams[i].CallID != own.CallID {
		t.Errorf("the call's own stream is lost in the flood: %d", i)
	}
	kept := len(e.Streams) - len(calm.Streams)
	want := fmt.Sprintf("%d packets of sound are left out:", 3*(10_000-kept))
	if !slices.ContainsFunc(e.Limits, func(l string) bool { return strings.HasPrefix(l, want) }) {
		t.Errorf("%q, want %q", e.Limits, want)
	}
}

// The same without any call, and more: what a builder holds stays within its bounds.
func TestFloodsWithoutACall(t *testing.T) {
	from, to := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4002")
	at := began
	n := 0
	record := func(src netip.AddrPort, data []byte) capture.Record {
		n++
		at = at.Add(time.Millisecond)
		return capture.Record{N: n, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: src, Dst: to, Data: data}}
	}
	t.Run("sources", func(t *testing.T) {
		var b Builder
		const flood = maxStreams + 100
		for i := range flood {
			for k := range 2 {
				b.Add(record(from, source(uint32(i+1), k)))
			}
		}
		e := b.Evidence()
		if len(e.Streams) != maxStreams || len(b.streams) > maxStreams+maxCandidates {
			t.Errorf("%d streams, %d sources held", len(e.Streams), len(b.streams))
		}
		if len(e.Limits) != 1 || !strings.HasPrefix(e.Limits[0], "200 packets of sound are left out:") {
			t.Errorf("%q", e.Limits)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		var b Builder
		for range 100_000 {
			data := make([]byte, 1+r.IntN(300))
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			b.Add(record(netip.AddrPortFrom(from.Addr(), uint16(r.Uint32())), data))
		}
		e := b.Evidence()
		if len(e.Odd) > maxOdd || len(b.odd.list) > maxOdd || len(b.streams) > maxCandidates+len(b.inOrder) || len(e.Messages) > 0 || len(e.Streams) > 10 {
			t.Errorf("%d odd, %d sources, %d messages, %d streams", len(e.Odd), len(b.streams), len(e.Messages), len(e.Streams))
		}
		if len(e.Limits) != 1 || !strings.Contains(e.Limits[0], "more packets that are no telephony") {
			t.Errorf("%q", e.Limits)
		}
	})
}
