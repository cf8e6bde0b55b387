package audio

import (
	"math"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// paceRest is how long a device may run before its clock is looked at: it begins with
	// a burst that fills its buffers.
	paceRest = 2 * time.Second
	// paceGap is the time between two callbacks behind which samples may be missing: the
	// window begins anew.
	paceGap = 150 * time.Millisecond
	// paceWindow is how long the clock is watched at a time. A clock that is off is off in
	// each window alike; a device that lost some samples is not.
	paceWindow  = 4 * time.Second
	paceWindows = 16 // that are kept
	paceLeast   = 4  // windows from which on anything is said
	// paceAgree is how far half of the windows may lie from their middle, as a share.
	paceAgree = 400e-6
)

// pace measures a device's clock: how many samples it takes or gives in a second of this
// computer's clock, by a regression over the callbacks of each window. It neither locks
// nor allocates.
type pace struct {
	rate    float64
	first   time.Duration // of this window, after the stream's beginning; 0: none yet
	last    time.Duration
	samples float64 // since first

	n, sumT, sumS, sumTT, sumTS float64 // seconds, and seconds of sound beyond them

	windows [paceWindows]float64 // by how much sound falls behind in a second
	count   int

	skewBits, spanN atomic.Uint64
}

// add takes a callback at a time after the stream's beginning. Its samples are those of
// the time before it.
func (p *pace) add(at time.Duration, samples int) {
	switch {
	case at < paceRest:
	case p.first == 0, at-p.last > paceGap:
		p.begin(at)
	default:
		p.samples += float64(samples)
		t := (at - p.first).Seconds()
		s := p.samples/p.rate - t
		p.n++
		p.sumT += t
		p.sumS += s
		p.sumTT += t * t
		p.sumTS += t * s
		if at-p.first >= paceWindow {
			p.window()
			p.begin(at)
		}
	}
	p.last = at
}

func (p *pace) begin(at time.Duration) {
	p.first, p.samples = at, 0
	p.n, p.sumT, p.sumS, p.sumTT, p.sumTS = 0, 0, 0, 0, 0
}

// window closes one, and tells what the latest of them say together.
func (p *pace) window() {
	spread := p.sumTT - p.sumT*p.sumT/p.n
	if p.n < 20 || spread <= 0 {
		return
	}
	p.windows[p.count%paceWindows] = -(p.sumTS - p.sumT*p.sumS/p.n) / spread
	p.count++
	kept := min(p.count, paceWindows)
	if kept < paceLeast {
		return
	}
	var sorted [paceWindows]float64
	list := sorted[:copy(sorted[:], p.windows[:kept])]
	slices.Sort(list)
	middle := list[kept/2]
	for i, v := range list {
		list[i] = math.Abs(v - middle)
	}
	slices.Sort(list)
	if list[kept/2] > paceAgree {
		p.spanN.Store(0)
		return
	}
	p.skewBits.Store(math.Float64bits(middle))
	p.spanN.Store(uint64(time.Duration(kept) * paceWindow))
}

// skew is by how much the device's clock falls behind in a minute (negative: it runs
// ahead), over how long that was measured; 0 there where it is not known.
func (p *pace) skew() (perMinute, over time.Duration) {
	over = time.Duration(p.spanN.Load())
	if over == 0 {
		return 0, 0
	}
	return time.Duration(math.Float64frombits(p.skewBits.Load()) * float64(time.Minute)), over
}
