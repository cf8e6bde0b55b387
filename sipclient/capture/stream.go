package capture

import (
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Bounds of the ordering of TCP segments. A segment that overtook others waits
// for them until one of these is reached; then what is missing is given up.
const (
	heldBytes   = 256 << 10       // of one direction
	heldPieces  = 256             // of one direction
	heldTime    = 3 * time.Second // in the capture's time
	heldTotal   = 32 << 20        // of all directions together
	streamCount = 1 << 16         // directions remembered
	streamIdle  = 10 * time.Minute
	farAway     = 8 << 20 // a jump of sequence numbers that no window explains
)

// way is one direction of a TCP connection.
type way struct{ from, to netip.AddrPort }

// stream is the state of one direction of a connection.
type stream struct {
	first uint32 // the sequence number of the SYN, when syn is set
	syn   bool
	next  uint32 // the sequence number expected
	known bool   // whether next is
	held  []segment
	bytes int
	seen  time.Time

	gap  bool // bytes are missing before next
	talk *conversation
	dir  int // in it
}

// segment is bytes that cannot be given yet.
type segment struct {
	seq     uint32
	data    []byte
	missing int // bytes behind data that the file does not hold
	n       int
	time    time.Time
}

// streams puts the segments of each direction in order.
type streams struct {
	ways  map[way]*stream
	order []way // in the order in which they began
	bytes int   // held in all
	// converse begins what takes the bytes of both directions of a connection.
	converse func(ends way) *conversation
}

// segment takes a TCP segment and emits the bytes that are new and next in line.
// missing bytes at its end were on the wire but are not in the file.
func (s *streams) segment(from, to netip.AddrPort, t *layers.TCP, missing, n int, at time.Time) {
	w := way{from, to}
	if s.ways == nil {
		s.ways = map[way]*stream{}
	}
	st := s.ways[w]
	if st == nil {
		s.tidy(at)
		st = &stream{}
		if back := s.ways[way{to, from}]; back != nil {
			st.talk, st.dir = back.talk, 1-back.dir
		} else {
			st.talk = s.converse(w)
		}
		s.ways[w] = st
		s.order = append(s.order, w)
	}
	st.seen = at
	seq := t.Seq
	if t.SYN {
		seq++
		if !st.syn || st.first != t.Seq {
			s.release(w, st, true)
			st.first, st.syn, st.next, st.known, st.gap = t.Seq, true, seq, true, false
			st.talk.begin(st.dir)
		}
	}
	if ahead := int64(int32(seq - st.next)); !st.known || ahead < -farAway || ahead > farAway {
		// The first segment in the capture, or another connection between the
		// same ports, of which the capture missed the beginning.
		s.release(w, st, true)
		st.gap = st.known
		st.syn, st.next, st.known = false, seq, true
	}
	seg := segment{seq: seq, data: t.Payload, missing: missing, n: n, time: at}
	if len(seg.data)+missing > 0 {
		switch ahead := int32(seg.seq - st.next); {
		case ahead <= 0 && len(st.held) == 0:
			s.give(w, st, seg)
		case ahead <= 0:
			// It may be what the held ones wait for: they go out with it.
			s.hold(st, seg)
			s.release(w, st, false)
		case len(seg.data) > 0:
			s.hold(st, seg)
		}
	}
	for len(st.held) > 0 && (st.bytes > heldBytes || len(st.held) > heldPieces || s.bytes > heldTotal || late(st.held, at)) {
		st.next, st.gap = st.held[0].seq, true
		s.release(w, st, false)
	}
	if t.RST {
		s.release(w, st, true)
	}
}

// late tells whether a segment has waited too long.
func late(held []segment, now time.Time) bool {
	for _, h := range held {
		if wait := now.Sub(h.time); wait > heldTime || wait < -heldTime {
			return true
		}
	}
	return false
}

// hold keeps a copy of the segment in its place.
func (s *streams) hold(st *stream, seg segment) {
	i, have := slices.BinarySearchFunc(st.held, seg.seq, func(h segment, seq uint32) int { return int(int32(h.seq - seq)) })
	if have {
		if len(st.held[i].data) >= len(seg.data) {
			return
		}
		s.count(st, -len(st.held[i].data))
		st.held = slices.Delete(st.held, i, i+1)
	}
	seg.data = slices.Clone(seg.data)
	st.held = slices.Insert(st.held, i, seg)
	s.count(st, len(seg.data))
}

func (s *streams) count(st *stream, n int) {
	st.bytes += n
	s.bytes += n
}

// give emits what is new in a segment that begins at or before the byte expected.
func (s *streams) give(w way, st *stream, seg segment) {
	old := int(st.next - seg.seq)
	total := len(seg.data) + seg.missing
	if old >= total {
		return
	}
	st.next = seg.seq + uint32(total)
	st.give(seg.data[min(old, len(seg.data)):], seg)
}

// give hands bytes on. A segment of which the file lacks the end makes a gap.
func (st *stream) give(data []byte, seg segment) {
	if len(data) > 0 {
		st.talk.take(st.dir, chunk{data: data, n: seg.n, time: seg.time, gap: st.gap})
		st.gap = false
	}
	st.gap = st.gap || seg.missing > 0
}

// release emits the held segments that are next in line as one piece, with the
// number and time of the one that came last. With all set, it gives up the holes.
func (s *streams) release(w way, st *stream, all bool) {
	for len(st.held) > 0 {
		if int32(st.held[0].seq-st.next) > 0 {
			if !all {
				return
			}
			st.next, st.gap = st.held[0].seq, true
		}
		run := segment{seq: st.next}
		for len(st.held) > 0 && int32(st.held[0].seq-st.next) <= 0 && run.missing == 0 {
			h := st.held[0]
			st.held = slices.Delete(st.held, 0, 1)
			s.count(st, -len(h.data))
			if h.n > run.n {
				run.n, run.time = h.n, h.time
			}
			old, total := int(st.next-h.seq), len(h.data)+h.missing
			if old >= total {
				continue
			}
			st.next = h.seq + uint32(total)
			if old < len(h.data) {
				run.data = append(run.data, h.data[old:]...)
			}
			run.missing = h.missing
		}
		st.give(run.data, run)
	}
	st.held = nil
}

// tidy forgets directions that have been idle when there are too many.
func (s *streams) tidy(now time.Time) {
	if len(s.order) < streamCount {
		return
	}
	keep := s.order[:0]
	for i, w := range s.order {
		st := s.ways[w]
		if i >= streamCount/4 && now.Sub(st.seen) < streamIdle {
			keep = append(keep, w)
			continue
		}
		s.release(w, st, true)
		st.talk.close()
		delete(s.ways, w)
	}
	s.order = keep
}

// flush emits everything that still waits.
func (s *streams) flush() {
	for _, w := range s.order {
		s.release(w, s.ways[w], true)
	}
	for _, w := range s.order {
		s.ways[w].talk.close()
	}
}
