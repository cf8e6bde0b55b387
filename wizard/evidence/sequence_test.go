package evidence

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// seqs lists numbers from..to, both included, wrapping at 65535.
func seqs(from, to int) (list []int) {
	for n := from; n <= to; n++ {
		list = append(list, n&0xffff)
	}
	return list
}

func join(parts ...[]int) (list []int) {
	for _, p := range parts {
		list = append(list, p...)
	}
	return list
}

// TestSequence counts by RFC 3550 A.1 and A.3, with timestamps that go with the numbers.
func TestSequence(t *testing.T) {
	type want struct{ received, expected, dup, reordered, burst uint64 }
	tests := []struct {
		name string
		seq  []int
		want want
	}{
		{"one packet", []int{7}, want{1, 1, 0, 0, 0}},
		{"in order", seqs(1, 100), want{100, 100, 0, 0, 0}},
		{"wrap", seqs(65530, 65545), want{16, 16, 0, 0, 0}},
		{"wrap right at the start", []int{65535, 0, 1}, want{3, 3, 0, 0, 0}},
		{"reordered right at the start", []int{2, 1, 3}, want{3, 3, 0, 1, 0}},
		{"reordered at a wrap at the start", []int{0, 65535, 1, 2}, want{4, 4, 0, 1, 0}},
		{"reordered across a wrap", []int{65533, 65534, 0, 65535, 1}, want{5, 5, 0, 1, 0}},
		{"lost across a wrap", []int{65533, 65534, 1, 2}, want{4, 6, 0, 0, 2}},
		{"duplicates", []int{1, 2, 2, 3, 1, 4}, want{4, 4, 2, 0, 0}},
		{"a duplicate of a late packet", []int{1, 3, 2, 2, 4}, want{4, 4, 1, 1, 0}},
		{"duplicate of the first", []int{9, 9, 10}, want{2, 2, 1, 0, 0}},
		{"two bursts", join(seqs(1, 10), seqs(14, 20), seqs(23, 30)), want{25, 30, 0, 0, 3}},
		{"burst longer than the window", join(seqs(1, 10), seqs(1511, 1520)), want{20, 1520, 0, 0, 1500}},
		{"a burst mended by late packets", []int{1, 2, 6, 4, 7, 8}, want{6, 8, 0, 1, 1}},
		{"a loss longer than the dropout limit", join(seqs(1, 10), seqs(6011, 6020)), want{20, 6020, 0, 0, 6000}},
		{"a duplicate after 1000 packets", join(seqs(1, 1001), []int{2}, seqs(1002, 1003)), want{1003, 1003, 1, 0, 0}},
		{"many wraps", seqs(1, 200000), want{200000, 200000, 0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s sequence
			ext := int64(tt.seq[0])
			for i, n := range tt.seq {
				if i > 0 {
					ext += int64(int16(uint16(n) - uint16(ext)))
				}
				s.add(uint16(n), uint32(ext*160), 8000)
			}
			got := want{s.received, s.expected(), s.repeated, s.overtaken, s.lossBurst()}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestRestart lets a source begin anew with other numbers: both runs count, and
// nothing is lost between them.
func TestRestart(t *testing.T) {
	for _, start := range []int{30000, 50, 95, 60000} {
		var s sequence
		for n := range 100 {
			s.add(uint16(n), uint32(n*160), 8000)
		}
		for n := range 100 {
			s.add(uint16(start+n), uint32(2_000_000_000+n*160), 8000)
		}
		if s.received != 200 || s.expected() != 200 || s.repeated != 0 || s.overtaken != 0 {
			t.Errorf("restart at %d: received %d, expected %d, repeated %d, overtaken %d", start, s.received, s.expected(), s.repeated, s.overtaken)
		}
	}
}

// TestStray ignores a single packet with a far-off number (RFC 3550 A.1).
func TestStray(t *testing.T) {
	var s sequence
	for n := range 50 {
		s.add(uint16(n), uint32(n*160), 8000)
	}
	if what, _ := s.add(40000, 77, 8000); what != stray {
		t.Errorf("a far-off packet is %d", what)
	}
	for n := 50; n < 100; n++ {
		s.add(uint16(n), uint32(n*160), 8000)
	}
	if s.received != 100 || s.expected() != 100 {
		t.Errorf("received %d of %d", s.received, s.expected())
	}
}

// TestSequenceAgainstSet compares with a plain set of numbers under random loss,
// duplication and reordering.
func TestSequenceAgainstSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		type packet struct{ key, n int }
		var sent []packet
		start := r.IntN(65536)
		for i := range 3000 {
			if r.IntN(10) == 0 {
				continue
			}
			for range 1 + max(0, r.IntN(20)-18) {
				sent = append(sent, packet{i*10 + r.IntN(300), start + i})
			}
		}
		// Order by send time plus a delay of up to 30 packets.
		slices.SortStableFunc(sent, func(a, b packet) int { return a.key - b.key })
		var s sequence
		seen := make(map[int]bool)
		low, high, highest := 1<<30, 0, -1
		var dup, late uint64
		for _, p := range sent {
			s.add(uint16(p.n), uint32(p.n*160), 8000)
			switch {
			case seen[p.n]:
				dup++
			case p.n < highest:
				late++
			}
			seen[p.n] = true
			highest = max(highest, p.n)
			low, high = min(low, p.n), max(high, p.n)
		}
		var burst, run uint64
		for n := low; n <= high; n++ {
			if run++; seen[n] {
				run = 0
			}
			burst = max(burst, run)
		}
		if s.received != uint64(len(seen)) || s.expected() != uint64(high-low+1) || s.repeated != dup || s.overtaken != late || s.lossBurst() != burst {
			t.Fatalf("received %d (%d), expected %d (%d), repeated %d (%d), overtaken %d (%d), burst %d (%d)", s.received, len(seen), s.expected(), high-low+1,
				s.repeated, dup, s.overtaken, late, s.lossBurst(), burst)
		}
	}
}

// Records that stand in another order than that of their times were not overtaken by
// anything on the way.
func TestOrderOfRecordsIsNoOvertaking(t *testing.T) {
	for _, late := range []bool{false, true} {
		var b Builder
		for i, seq := range []int{0, 1, 3, 2, 4, 5} {
			at := began.Add(time.Duration(seq) * 20 * time.Millisecond)
			if late {
				at = began.Add(time.Duration(i) * 20 * time.Millisecond)
			}
			b.Add(capture.Record{N: i + 1, Packet: &capture.Packet{Time: at, Net: capture.UDP, Src: mediaA, Dst: mediaB,
				Data: rtpPacket(0, uint16(seq), uint32(seq*160), 7, false, make([]byte, 160))}})
		}
		s := b.Evidence().Streams[0]
		want := uint64(0)
		if late {
			want = 1
		}
		if s.Reordered != want || s.Lost != 0 || s.Duplicate != 0 {
			t.Errorf("late %v: %d reordered, %d lost, %d duplicates", late, s.Reordered, s.Lost, s.Duplicate)
		}
	}
}

func (s *sequence) lossBurst() uint64 {
	burst, _, _ := s.judged()
	return burst
}
