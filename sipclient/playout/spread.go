// Package playout turns the packets of a call into sound that a device can play at
// any moment: an adaptive jitter buffer, concealment of what is lost, and the
// device's sample rate. Its measure of how uneven packets come serves package
// evidence as well, so that what is rated is what would be heard.
package playout

import (
	"math"
	"time"
)

const (
	// LeastDelay and MostDelay bound how long a phone's buffer lets packets wait.
	LeastDelay, MostDelay = 20 * time.Millisecond, 400 * time.Millisecond
	// ownLeast is the least that our own lets them wait: on a line where all come in time
	// 10 ms cover what the devices read at once.
	ownLeast = 10 * time.Millisecond
	// firstDelay is what it takes until it knows the network: usualAfter packets.
	firstDelay, usualAfter = 40 * time.Millisecond, 50
	// inTime is the share of packets that are to come in time; a late one costs more
	// than some milliseconds of delay do (G.107: 1 % late is 3.6 points, 20 ms are 1).
	inTime = 0.99
	// forget is how much less a packet counts than the next one: half after 4.6 s.
	forget = 1.003

	spreadStep = 5 * time.Millisecond
	spreadBins = int(MostDelay / spreadStep)
)

// Spread learns how much later than the fastest packets of a stream the others
// come, and so how long a buffer has to wait. The zero value is ready.
type Spread struct {
	// Least is the least delay; 0: LeastDelay.
	Least time.Duration

	counts        [spreadBins + 1]float32
	total, weight float32
	seen          int
}

// Add takes how much later than the fastest lately a packet came.
func (s *Spread) Add(behind time.Duration) { s.add(int(max(0, behind) / spreadStep)) }

// add takes a packet that came so many steps behind.
func (s *Spread) add(steps int) {
	if s.weight == 0 {
		s.weight = 1
	}
	s.weight *= forget
	s.total += s.weight
	s.counts[min(spreadBins, steps)] += s.weight
	s.seen++
	if s.weight > 1e6 {
		for i := range s.counts {
			s.counts[i] /= s.weight
		}
		s.total /= s.weight
		s.weight = 1
	}
}

// Shift tells that the fastest packets come later by so much than they did (earlier,
// where it is negative), and those that came before count against them.
func (s *Spread) Shift(by time.Duration) {
	n := int(by / spreadStep)
	switch {
	case n > 0:
		n = min(n, spreadBins)
		for i := range n {
			s.counts[n] += s.counts[i]
		}
		copy(s.counts[:], s.counts[n:])
		clear(s.counts[len(s.counts)-n:])
	case n < 0:
		n = min(-n, spreadBins)
		for i := range n {
			s.counts[spreadBins-n] += s.counts[spreadBins-i]
		}
		copy(s.counts[n:], s.counts[:])
		clear(s.counts[:n])
	}
}

// Target is how long packets should wait, counted from the moment at which the
// fastest would have come: Least to MostDelay.
func (s *Spread) Target() time.Duration {
	target := s.Least
	if target == 0 {
		target = LeastDelay
	}
	left := s.total * (1 - inTime)
	for i := spreadBins; i >= 0; i-- {
		if left -= s.counts[i]; left < 0 {
			target = max(target, time.Duration(i+1)*spreadStep)
			break
		}
	}
	if s.seen < usualAfter {
		target = max(target, firstDelay)
	}
	return min(target, MostDelay)
}

// Pace is the delay of a buffer that follows a Spread. The zero value is ready.
type Pace struct {
	Spread Spread
	delay  float64 // seconds
	target float64 // seconds, as it was lately
	added  uint64
	hold   int
	begun  bool
}

// pacePerPacket is by how much a buffer stretches or shortens sound for each packet
// of 20 ms: 8 % without being heard.
const pacePerPacket = 0.0016

// concealed is by how much more than a packet was late the buffer waits from then on:
// what is missing is made up in pieces of 10 ms.
const concealed = 0.01

// nearly is half a nanosecond: packets often come a whole number of milliseconds late, and
// what their sum lacks to it is no lateness.
const nearly = 5e-10

// holdAfterLate is for how many packets it goes on waiting after a late one: another
// may follow.
const holdAfterLate = 25

// Add takes how many seconds later than the fastest a packet came, and tells whether its
// sound was missing: it came when it should have been played. From then on the buffer
// waits longer. It counts in floating point, because it is asked for each packet of a
// capture, and a time.Duration would be turned into seconds and back again and again.
func (p *Pace) Add(behind float64) (late bool) {
	if !p.begun {
		p.begun, p.delay = true, max(behind, firstDelay.Seconds())
	}
	if behind-p.delay > nearly {
		late = true
		p.delay, p.hold = min(behind+concealed, MostDelay.Seconds()), holdAfterLate
	}
	p.Spread.add(int((max(0, min(behind, MostDelay.Seconds())) + nearly) / spreadStep.Seconds()))
	if p.added++; p.added%8 == 1 {
		p.target = p.Spread.Target().Seconds()
	}
	off := p.target - p.delay
	if p.hold > 0 && off < 0 {
		p.hold--
		return late
	}
	p.delay += max(-pacePerPacket, min(pacePerPacket, off))
	return late
}

// Shift tells that the fastest packets come later by so much than they did: what
// comes now waits that much less.
func (p *Pace) Shift(by time.Duration) {
	p.Spread.Shift(by)
	p.delay = max(0, p.delay-by.Seconds())
}

// Delay is how many seconds a packet as fast as the fastest waits now.
func (p *Pace) Delay() float64 { return p.delay }

// fastest remembers the least transit time lately, against which lateness counts.
// Two clocks drift apart, so it forgets after some seconds.
type fastest struct {
	begun       bool
	now, before float64 // seconds
	ends        time.Time
	first       time.Time
	firstTS     uint32
	lastTS      uint32
	wide        int64   // the last timestamp since the first one, without wrapping
	counted     float64 // the least that lateness was counted against, in steps of the Spread
}

const fastestWindow = 10 * time.Second

// add gives how much later than the fastest a packet came, and by how much the
// fastest are slower than before.
func (f *fastest) add(at time.Time, ts uint32, clock int) (behind, slower time.Duration) {
	if !f.begun {
		*f = fastest{begun: true, first: at, firstTS: ts, lastTS: ts, before: math.Inf(1), ends: at.Add(fastestWindow)}
		return 0, 0
	}
	f.wide += int64(int32(ts - f.lastTS))
	f.lastTS = ts
	transit := at.Sub(f.first).Seconds() - float64(f.wide)/float64(clock)
	if at.After(f.ends) {
		f.before, f.now = f.now, math.Inf(1)
		f.ends = at.Add(fastestWindow)
	}
	f.now = min(f.now, transit)
	least := min(f.now, f.before)
	if off := least - f.counted; math.Abs(off) >= spreadStep.Seconds() {
		slower = time.Duration(off/spreadStep.Seconds()) * spreadStep
		f.counted += slower.Seconds()
	}
	return time.Duration((transit - least) * float64(time.Second)), slower
}
