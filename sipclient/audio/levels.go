package audio

import (
	"math"
	"sync/atomic"
)

// Levels is what a device gives or plays, over the last fifteenth of a second unless
// said otherwise. 0 dBFS is a full-scale square wave, so that a full-scale sine has
// -3.01 dBFS of root mean square.
type Levels struct {
	DBFS     float64 // root mean square
	Peak     float64 // of the largest sample, 0 is full scale
	Clipped  uint64  // samples at full scale since the beginning, in runs of more than 6
	Samples  uint64  // since the beginning
	Constant int     // how many samples in a row, up to now, had the same value
}

// floor is the level of digital silence, in dBFS.
const floor = -100

// perSecond is how often levels are renewed.
const perSecond = 15

// gauge measures in the library's own thread: it neither locks nor allocates.
type gauge struct {
	window int // samples of one reading

	sum     float64
	peak    int32
	filled  int
	last    int16
	same    int
	run     int
	clips   uint64
	samples uint64

	rms, top                  atomic.Uint64 // bits of the latest reading
	clipped, counted, counter atomic.Uint64
}

func newGauge(rate int) *gauge {
	g := &gauge{window: max(1, rate/perSecond)}
	g.rms.Store(math.Float64bits(floor))
	g.top.Store(math.Float64bits(floor))
	return g
}

// add measures samples; only one thread may call it.
func (g *gauge) add(p []int16) {
	for _, s := range p {
		v := int32(s)
		g.sum += float64(v) * float64(v)
		if v < 0 {
			v = -v
		}
		g.peak = max(g.peak, v)
		if v >= math.MaxInt16 {
			if g.run++; g.run == 7 {
				g.clips += 7
			} else if g.run > 7 {
				g.clips++
			}
		} else {
			g.run = 0
		}
		if s == g.last && g.samples > 0 {
			g.same++
		} else {
			g.same = 1
		}
		g.last = s
		g.samples++
		if g.filled++; g.filled == g.window {
			g.publish()
		}
	}
	g.clipped.Store(g.clips)
	g.counted.Store(g.samples)
	g.counter.Store(uint64(g.same))
}

func (g *gauge) publish() {
	g.rms.Store(math.Float64bits(decibel(math.Sqrt(g.sum / float64(g.filled)))))
	g.top.Store(math.Float64bits(decibel(float64(g.peak))))
	g.sum, g.peak, g.filled = 0, 0, 0
}

// levels may be called from anywhere.
func (g *gauge) levels() Levels {
	return Levels{
		DBFS: math.Float64frombits(g.rms.Load()), Peak: math.Float64frombits(g.top.Load()),
		Clipped: g.clipped.Load(), Samples: g.counted.Load(), Constant: int(g.counter.Load()),
	}
}

// decibel turns an amplitude of 16-bit samples into dBFS.
func decibel(amplitude float64) float64 {
	if amplitude <= 0 {
		return floor
	}
	return max(floor, 20*math.Log10(amplitude/32768))
}
