package evidence

// How far sequence numbers may move before the source is taken to have
// restarted (RFC 3550 A.1: MAX_DROPOUT), and how far back a number is still
// recognised as late or repeated.
const (
	maxDropout = 3000
	seqWindow  = 1024
)

// arrival is what a sequence number says about its packet.
type arrival uint8

const (
	inOrder   arrival = iota // the next one, or a later one after a loss
	reordered                // fills a hole that a later number left
	duplicate                // was here before
	stray                    // far off; counts only if the next one continues it
	restarted                // the second one of a new run of numbers
)

// sequence counts a stream's packets by their sequence numbers (RFC 3550 A.1 and
// A.3), with a window that tells late packets from repeated ones. Numbers are
// extended to 64 bits, with room below the first one for packets that were
// overtaken right at the start.
type sequence struct {
	started   bool
	base, max int64  // lowest and highest number of the current run
	maxTS     uint32 // RTP timestamp of the packet max
	step      int64  // timestamp units per packet, as last seen between neighbours
	window    [seqWindow / 64]uint64

	missed [seqWindow / 64]uint64 // came, but too late to be played

	// Numbers below settled are judged: received, or part of a run of losses; played,
	// or part of a gap.
	settled    int64
	run, burst uint64
	inGap      bool
	gaps       uint64
	unplayed   uint64

	earlier   uint64 // expected packets of runs before restarts
	received  uint64 // distinct packets
	repeated  uint64
	overtaken uint64

	next      uint16 // what would continue a stray packet
	nextTS    uint32
	haveStray bool
}

// add takes the next packet. clock is the RTP clock in Hz, 0 when unknown. gap is
// how many numbers were skipped before an in-order packet.
func (s *sequence) add(seq uint16, ts uint32, clock int) (what arrival, gap int64) {
	if !s.started {
		s.begin(seq, ts)
		return inOrder, 0
	}
	delta := int64(int16(seq - uint16(s.max)))
	moved := int64(int32(ts - s.maxTS))
	switch {
	case delta > 0 && (delta < maxDropout || s.steady(delta, moved)):
		s.haveStray = false
		if delta == 1 && moved > 0 {
			s.step = moved
		}
		s.advance(s.max + delta)
		s.maxTS = ts
		s.received++
		return inOrder, delta - 1
	case delta <= 0 && delta > -seqWindow && s.behind(delta, moved, clock):
		n := s.max + delta
		if s.has(n) {
			s.repeated++
			return duplicate, 0
		}
		if n < s.base {
			s.base, s.settled = n, n
		}
		s.set(n)
		s.received++
		s.overtaken++
		return reordered, 0
	case s.haveStray && seq == s.next && int32(ts-s.nextTS) >= 0:
		s.finish()
		s.begin(seq-1, ts)
		s.advance(s.max + 1)
		s.received++
		return restarted, 0
	}
	s.haveStray, s.next, s.nextTS = true, seq+1, ts
	return stray, 0
}

// steady tells whether a large jump is a true loss: the timestamps moved exactly
// as far as the numbers did.
func (s *sequence) steady(delta, moved int64) bool {
	return s.step > 0 && moved == delta*s.step
}

// behind tells whether the timestamp of a packet with an older number fits an
// older packet. A source that restarts a little below its last number (a
// transferred call, a rebooted phone) has an unrelated timestamp.
func (s *sequence) behind(delta, moved int64, clock int) bool {
	if clock == 0 {
		clock = 8000
	}
	return moved <= 0 && -moved <= -delta*s.step+30*int64(clock)
}

func (s *sequence) begin(seq uint16, ts uint32) {
	const room = 1 << 16 // numbers below the first one stay positive
	s.started, s.haveStray = true, false
	s.base = int64(seq) + room
	s.max, s.settled, s.maxTS = s.base, s.base, ts
	s.window, s.missed = [seqWindow / 64]uint64{}, [seqWindow / 64]uint64{}
	s.set(s.base)
	s.received++
}

// finish closes a run of numbers before a restart.
func (s *sequence) finish() {
	s.settle(s.max + 1)
	s.earlier += uint64(s.max - s.base + 1)
	s.run, s.step, s.inGap = 0, 0, false
}

func (s *sequence) has(n int64) bool {
	return s.window[n%seqWindow/64]&(1<<(n%64)) != 0
}

func (s *sequence) set(n int64) {
	s.window[n%seqWindow/64] |= 1 << (n % 64)
}

// advance makes n the highest number, judging those that leave the window.
func (s *sequence) advance(n int64) {
	s.settle(n - seqWindow + 1)
	for m := s.max + 1; m < n; m++ {
		s.window[m%seqWindow/64] &^= 1 << (m % 64)
		s.missed[m%seqWindow/64] &^= 1 << (m % 64)
	}
	s.max = n
	s.missed[n%seqWindow/64] &^= 1 << (n % 64)
	s.set(n)
}

// miss notes that a packet, one of those that were added lately, came too late to be
// played.
func (s *sequence) miss(seq uint16) {
	if n := s.max + int64(int16(seq-uint16(s.max))); n >= s.settled && n > s.max-seqWindow {
		s.missed[n%seqWindow/64] |= 1 << (n % 64)
	}
}

// settle judges all numbers below end.
func (s *sequence) settle(end int64) {
	for ; s.settled < end; s.settled++ {
		// Beyond max nothing was received: the window still holds the bits of a
		// round before.
		came := s.settled <= s.max && s.has(s.settled)
		if came {
			s.run = 0
		} else {
			s.run++
			s.burst = max(s.burst, s.run)
		}
		if came && s.missed[s.settled%seqWindow/64]&(1<<(s.settled%64)) == 0 {
			s.inGap = false
			continue
		}
		s.unplayed++
		if !s.inGap {
			s.inGap = true
			s.gaps++
		}
	}
}

// expected is the number of packets that the numbers promise (RFC 3550 A.3).
func (s *sequence) expected() uint64 {
	if !s.started {
		return 0
	}
	return s.earlier + uint64(s.max-s.base+1)
}

// judged gives the counts with the open window included: the longest run of missing
// numbers, the packets that could not be played, and in how many gaps.
func (s *sequence) judged() (burst, unplayed, gaps uint64) {
	open := *s
	open.settle(s.max + 1)
	return open.burst, open.unplayed, open.gaps
}
