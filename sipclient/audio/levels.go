package audio

import "math"

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

// gauge measures; it does not allocate.
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

	rms, top float64 // the latest reading
}

func newGauge(rate int) gauge {
	return gauge{window: max(1, rate/perSecond), rms: floor, top: floor}
}

// quiet is a stretch of silence.
var quiet [480]int16

// silence measures n samples without sound.
func (g *gauge) silence(n int) {
	for ; n > 0; n -= len(quiet) {
		g.add(quiet[:min(n, len(quiet))])
	}
}

// miss counts n samples that nobody looked at while they were there.
func (g *gauge) miss(n uint64) { g.samples += n }

// add measures samples.
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
}

func (g *gauge) publish() {
	g.rms, g.top = decibel(math.Sqrt(g.sum/float64(g.filled))), decibel(float64(g.peak))
	g.sum, g.peak, g.filled = 0, 0, 0
}

func (g *gauge) levels() Levels {
	return Levels{DBFS: g.rms, Peak: g.top, Clipped: g.clips, Samples: g.samples, Constant: g.same}
}

// decibel turns an amplitude of 16-bit samples into dBFS.
func decibel(amplitude float64) float64 {
	if amplitude <= 0 {
		return floor
	}
	return max(floor, 20*math.Log10(amplitude/32768))
}
