package codec

import (
	"fmt"
	"math"
)

// sharpness is the half length of the resampling filter in periods of the slower
// rate, passband where it begins to fall, as a share of half the slower rate.
const (
	sharpness = 12
	passband  = 0.91
	maxPhases = 960 // 8000 to 44100 has 441
)

// Resampler turns sound of one sample rate into that of another one: a sound
// device has its own. It is a windowed sinc filter in phases; what the slower rate
// cannot hold is left out, 70 dB down. It is not safe for concurrent use.
type Resampler struct {
	up, down int // the ratio
	taps     int // of each phase
	phases   []float32
	past     []float32 // a ring of the last samples, twice behind one another
	at       int
	phase    int
	from     int
	to       int
}

// NewResampler gives a resampler between two rates in samples per second, 4000 to
// 384000. Rates whose ratio is no simple one are an error: every device knows
// 48000 or 44100.
func NewResampler(from, to int) (*Resampler, error) {
	const least, most = 4000, 384000
	if from < least || from > most || to < least || to > most {
		return nil, fmt.Errorf("%d or %d samples per second is no rate of a sound device: choose 48000 in the computer's sound settings", from, to)
	}
	a, b := from, to
	for b != 0 {
		a, b = b, a%b
	}
	r := &Resampler{up: to / a, down: from / a, from: from, to: to}
	if r.up > maxPhases {
		return nil, fmt.Errorf("a sound device with %d samples per second cannot be used: choose 48000 in the computer's sound settings", to)
	}
	r.design()
	return r, nil
}

// design computes the filter: the sinc of the lower of the two half rates, under a
// Kaiser window of 70 dB.
func (r *Resampler) design() {
	slower := float64(min(r.from, r.to))
	half := sharpness * float64(r.from) / slower // in samples of the source
	r.taps = 2 * int(math.Ceil(half))
	cut := passband * slower / float64(r.from) // of half the source's rate
	r.phases = make([]float32, r.up*r.taps)
	for p := range r.up {
		sum := 0.0
		taps := r.phases[p*r.taps:][:r.taps]
		for i := range taps {
			// How far the source's sample lies from the one that is made, in samples.
			x := float64(i-r.taps/2+1) - float64(p)/float64(r.up)
			v := kaiser(x / half)
			if x != 0 {
				v *= math.Sin(math.Pi*cut*x) / (math.Pi * cut * x)
			}
			taps[i] = float32(v)
			sum += v
		}
		for i := range taps {
			taps[i] /= float32(sum)
		}
	}
	r.past = make([]float32, 2*r.taps)
}

// kaiser is the Kaiser window with 70 dB of stopband, x from -1 to 1.
func kaiser(x float64) float64 {
	const beta = 0.1102 * (70 - 8.7)
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(beta*math.Sqrt(1-x*x)) / bessel(beta)
}

// bessel is the modified Bessel function of the first kind, order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1; term > 1e-12*sum; k++ {
		term *= (x / 2 / float64(k)) * (x / 2 / float64(k))
		sum += term
	}
	return sum
}

// Most is how many samples n samples give at most.
func (r *Resampler) Most(n int) int { return n*r.up/r.down + 1 }

// Delay is by how many samples of the source the sound is late.
func (r *Resampler) Delay() int {
	if r.up == r.down {
		return 0
	}
	return r.taps / 2
}

// Resample appends the sound of src in the new rate to dst. It continues where the
// call before ended, and takes no memory where dst has room for Most(len(src)).
func (r *Resampler) Resample(dst, src []int16) []int16 {
	if r.up == r.down {
		return append(dst, src...)
	}
	for _, s := range src {
		r.past[r.at], r.past[r.at+r.taps] = float32(s), float32(s)
		if r.at++; r.at == r.taps {
			r.at = 0
		}
		window := r.past[r.at:][:r.taps]
		for ; r.phase < r.up; r.phase += r.down {
			taps := r.phases[r.phase*r.taps:][:len(window)]
			var a, b float32
			for i := 0; i+1 < len(window); i += 2 {
				a += taps[i] * window[i]
				b += taps[i+1] * window[i+1]
			}
			dst = append(dst, clamp(float64(a+b)))
		}
		r.phase -= r.up
	}
	return dst
}
