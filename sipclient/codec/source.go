package codec

import (
	"math"
	"math/rand/v2"
	"time"
)

// Source gives a sound at 8,000 samples per second. Each Frame continues where
// the one before ended; it fills all of dst. Sources are not safe for concurrent
// use.
type Source interface {
	Frame(dst []int16)
}

// oscillator is a sine that keeps its phase.
type oscillator struct{ phase, step float64 }

func newOscillator(hz float64) oscillator {
	return oscillator{step: 2 * math.Pi * hz / SampleRate}
}

func (o *oscillator) next() float64 {
	v := math.Sin(o.phase)
	o.phase += o.step
	if o.phase > 2*math.Pi {
		o.phase -= 2 * math.Pi
	}
	return v
}

// tone is a sum of sines of one amplitude.
type tone struct {
	parts     []oscillator
	amplitude float64
}

// Tone is a sine of a frequency in hertz with a level in dBFS (-3.01 is the
// largest without clipping).
func Tone(hz, dbfs float64) Source {
	return &tone{parts: []oscillator{newOscillator(hz)}, amplitude: Amplitude(dbfs)}
}

func (t *tone) Frame(dst []int16) {
	for i := range dst {
		v := 0.0
		for j := range t.parts {
			v += t.parts[j].next()
		}
		dst[i] = clamp(v * t.amplitude)
	}
}

// cadence lets a source sound for a while and be silent for a while.
type cadence struct {
	source  Source
	on, off int // in samples
	at      int
}

// Ringback is a ringing tone: a frequency in hertz, its level in dBFS, and how
// long it sounds and pauses. ITU-T E.180 has 425 Hz, 1 s and 4 s for most of
// Europe. Without a pause it sounds all the time.
func Ringback(hz, dbfs float64, on, off time.Duration) Source {
	return &cadence{source: Tone(hz, dbfs), on: samplesIn(on), off: samplesIn(off)}
}

func (c *cadence) Frame(dst []int16) {
	period := c.on + c.off
	if period <= 0 {
		clear(dst)
		return
	}
	for len(dst) > 0 {
		if c.at < c.on {
			n := min(len(dst), c.on-c.at)
			c.source.Frame(dst[:n])
			dst, c.at = dst[n:], c.at+n
		} else {
			n := min(len(dst), period-c.at)
			clear(dst[:n])
			dst, c.at = dst[n:], c.at+n
		}
		if c.at >= period {
			c.at = 0
		}
	}
}

// samplesIn gives the samples in a duration, none in a negative one.
func samplesIn(d time.Duration) int {
	return max(0, int(d*SampleRate/time.Second))
}

type silence struct{}

func (silence) Frame(dst []int16) { clear(dst) }

// Silence gives zeros.
func Silence() Source { return silence{} }

type noise struct {
	random    *rand.Rand
	amplitude float64
}

// Noise is white noise with a level in dBFS. The same seed gives the same noise.
func Noise(dbfs float64, seed uint64) Source {
	// Evenly spread between -a and a, the root mean square is a divided by √3.
	return &noise{random: rand.New(rand.NewPCG(seed, seed)), amplitude: math.Sqrt(3) * fullScale * math.Pow(10, dbfs/20)}
}

func (n *noise) Frame(dst []int16) {
	for i := range dst {
		dst[i] = clamp((2*n.random.Float64() - 1) * n.amplitude)
	}
}

// clamp rounds to a sample.
func clamp(v float64) int16 {
	return int16(math.Round(max(math.MinInt16, min(math.MaxInt16, v))))
}
