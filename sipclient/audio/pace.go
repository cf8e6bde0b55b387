package audio

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	// paceRest is how long a device may run before its clock is looked at: it begins with
	// a burst that fills its buffers.
	paceRest = time.Second
	// paceGap is the time between two callbacks behind which samples may be missing: the
	// measurement begins anew.
	paceGap = 250 * time.Millisecond
	// paceLeast is how long a clock has to be watched before anything is said of it.
	paceLeast = 10 * time.Second
	// paceSure is the standard error, as a share, above which nothing is said: 150 ppm.
	paceSure = 150e-6
)

// pace measures a device's clock: how many samples it takes or gives in a second of this
// computer's clock, by a regression over all callbacks. It neither locks nor allocates.
type pace struct {
	rate    float64
	first   time.Duration // of this measurement, after the stream's beginning; 0: none yet
	last    time.Duration
	samples float64 // since first

	n                        float64
	sumT, sumS               float64 // seconds; seconds of sound
	sumTT, sumTS, sumSS      float64
	skewBits, errBits, spanN atomic.Uint64
}

// add takes a callback at a time after the stream's beginning. Its samples are those of
// the time before it.
func (p *pace) add(at time.Duration, samples int) {
	switch {
	case at < paceRest:
		p.last = at
		return
	case p.first == 0, at-p.last > paceGap:
		p.first, p.last, p.samples = at, at, 0
		p.n, p.sumT, p.sumS, p.sumTT, p.sumTS, p.sumSS = 0, 0, 0, 0, 0, 0
		return
	}
	p.last = at
	p.samples += float64(samples)
	t := (at - p.first).Seconds()
	s := p.samples/p.rate - t // what is left is small, which keeps the sums exact
	p.n++
	p.sumT += t
	p.sumS += s
	p.sumTT += t * t
	p.sumTS += t * s
	p.sumSS += s * s
	if int(p.n)%16 == 0 && at-p.first >= paceLeast {
		p.publish(at - p.first)
	}
}

func (p *pace) publish(span time.Duration) {
	varT := p.sumTT - p.sumT*p.sumT/p.n
	cov := p.sumTS - p.sumT*p.sumS/p.n
	varS := p.sumSS - p.sumS*p.sumS/p.n
	if varT <= 0 {
		return
	}
	slope := cov / varT
	p.skewBits.Store(math.Float64bits(-slope))
	p.errBits.Store(math.Float64bits(math.Sqrt(max(0, varS-slope*cov) / p.n / varT)))
	p.spanN.Store(uint64(span))
}

// skew is by how much the device's clock falls behind in a minute (negative: it runs
// ahead), over how long that was measured; 0 there where it is not known.
func (p *pace) skew() (perMinute, over time.Duration) {
	over = time.Duration(p.spanN.Load())
	if over == 0 || math.Float64frombits(p.errBits.Load()) > paceSure {
		return 0, 0
	}
	return time.Duration(math.Float64frombits(p.skewBits.Load()) * float64(time.Minute)), over
}
