package evidence

import (
	"math"
	"time"

	"softphonedoctor/sipclient/playout"
)

const (
	// PlayoutBuffer is the fixed delay that Stream.Late is measured against.
	PlayoutBuffer = 60 * time.Millisecond
	// rebuffer is after how many late packets in a row a player starts its buffer
	// anew: the delay has changed for good.
	rebuffer = 25
	// transitWindow is how long the fastest packet stays the reference of a
	// playout buffer. Two clocks drift apart by several milliseconds a minute.
	transitWindow = 10 * time.Second
	// clockJump is a difference between arrival and timestamp that no network
	// makes: the source set its timestamps anew, or the capturing clock was set.
	clockJump = 60 * time.Second
	// fewSpaces between packets tell how evenly they are sent: a second's.
	fewSpaces = 50
)

// timing measures when a stream's packets came against their timestamps.
type timing struct {
	clock   int // RTP clock in Hz; 0: nothing can be measured
	began   bool
	last    int64 // arrival of the last packet that was measured, as Unix time in nanoseconds
	lastTS  uint32
	transit float64 // seconds, relative to the first packet of this baseline
	skip    bool    // the next packet only sets a new baseline

	jitter, maxJitter float64 // seconds (RFC 3550 6.4.1)

	// The fastest transit of this window and of the one before.
	fast, fastBefore float64
	windowEnds       int64 // as last
	late             uint64
	lateRun          int

	drift drift

	// What a playout buffer that adapts would do: how long it lets packets wait, and
	// what the least transit was when its Spread was told last.
	pace    playout.Pace
	against float64
	waits   float64 // sum over all packets, seconds
	paced   uint64

	// Spacing of neighbours against their timestamps: of all, of the second that runs,
	// which ends at secondEnds, and of the worst second before it.
	spacing, second, worst moments
	secondEnds             int64 // as last
}

// moments are sums that give a variance.
type moments struct {
	n       uint64
	sum, sq float64 // seconds, and their squares
}

func (m *moments) add(d float64) {
	m.n++
	m.sum += d
	m.sq += d * d
}

// without gives m without a part of it.
func (m moments) without(part moments) moments {
	return moments{m.n - part.n, m.sum - part.sum, m.sq - part.sq}
}

// about is the sum of squares about a mean.
func (m moments) about(mean float64) float64 {
	return m.sq - 2*mean*m.sum + float64(m.n)*mean*mean
}

// rebase makes the next packet the start of a new baseline: the stretch before
// it says nothing about the network (comfort noise, keys pressed, a restart).
func (t *timing) rebase() { t.skip = true }

// add takes a packet of the audio format. neighbour: it directly follows the one
// before. missed: it came when a playout buffer that adapts had to play it already.
func (t *timing) add(at time.Time, ts uint32, clock int, neighbour bool) (missed bool) {
	if clock <= 0 {
		return false
	}
	if clock != t.clock {
		t.clock, t.began = clock, false
	}
	now := at.UnixNano() // it is compared again and again, and numbers are compared faster
	if !t.began {
		t.began, t.skip = true, false
		t.start(now, ts)
		return false
	}
	d := float64(now-t.last)/1e9 - float64(int32(ts-t.lastTS))/float64(clock)
	if t.skip || math.Abs(d) > clockJump.Seconds() {
		t.skip = false
		t.start(now, ts)
		return false
	}
	t.last, t.lastTS = now, ts
	t.transit += d
	t.jitter += (math.Abs(d) - t.jitter) / 16
	t.maxJitter = max(t.maxJitter, t.jitter)
	if neighbour {
		if now > t.secondEnds {
			t.worst, t.second = t.worstSecond(), moments{}
			t.secondEnds = now + int64(time.Second)
		}
		t.spacing.add(d)
		t.second.add(d)
	}
	t.drift.add(now, t.transit)
	t.playout(now)
	return t.follow()
}

// start begins a new baseline at this packet.
func (t *timing) start(at int64, ts uint32) {
	t.last, t.lastTS, t.transit = at, ts, 0
	t.fast, t.fastBefore, t.against = 0, math.Inf(1), 0
	t.windowEnds = at + int64(transitWindow)
	t.drift.restart(at)
}

// playout counts a packet that comes later behind the fastest of the last
// seconds than a fixed buffer would wait.
func (t *timing) playout(at int64) {
	if at > t.windowEnds {
		t.fastBefore, t.fast = t.fast, math.Inf(1)
		t.windowEnds = at + int64(transitWindow)
	}
	t.fast = min(t.fast, t.transit)
	if t.transit-min(t.fast, t.fastBefore) > PlayoutBuffer.Seconds() {
		t.late++
		if t.lateRun++; t.lateRun >= rebuffer {
			t.lateRun = 0
			t.fast, t.fastBefore = t.transit, math.Inf(1)
		}
		return
	}
	t.lateRun = 0
}

// follow has the adaptive buffer take the packet at hand.
func (t *timing) follow() (missed bool) {
	least := min(t.fast, t.fastBefore)
	const step = 0.005 // clocks drift; every little bit need not be told
	if off := least - t.against; math.Abs(off) > step-5e-10 {
		t.pace.Shift(seconds(off))
		t.against = least
	}
	missed = t.pace.Add(t.transit - least)
	t.waits += t.pace.Delay()
	t.paced++
	return missed
}

// wait is how long packets waited in the adaptive buffer on average, from the moment
// at which the fastest of them would have come.
func (t *timing) wait() time.Duration {
	if t.paced == 0 {
		return 0
	}
	return seconds(t.waits / float64(t.paced))
}

// worstSecond is the more uneven one of the worst second and the one that runs.
func (t *timing) worstSecond() moments {
	mean := t.spacing.sum / float64(max(t.spacing.n, 1))
	if t.second.about(mean) > t.worst.about(mean) {
		return t.second
	}
	return t.worst
}

// spread is the standard deviation of the spacing. The worst second does not count where
// there is enough beside it: a computer that stumbled once, as it does when the program
// has just begun, keeps up all the same.
func (t *timing) spread() time.Duration {
	of := t.spacing
	if rest := of.without(t.worstSecond()); rest.n >= fewSpaces {
		of = rest
	}
	if of.n < 2 {
		return 0
	}
	mean := of.sum / float64(of.n)
	return seconds(math.Sqrt(max(0, of.about(mean)) / float64(of.n)))
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
