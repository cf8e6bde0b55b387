package codec

import (
	"math"
	"sync"
)

// The shape of the probe signal. Each chirp lasts 180 ms and is followed by 20 ms
// of rest; 31 of them make a period of 6.2 s.
const (
	probeChirp  = SampleRate * 180 / 1000
	probeSymbol = SampleRate * 200 / 1000
	probeLevel  = -20.0 // dBFS, of the whole

	// ProbePeriod is after how many samples the probe repeats.
	ProbePeriod = 31 * probeSymbol
)

// probePattern tells which chirps rise. It is a maximum-length sequence
// (x^5 + x^2 + 1): shifted against itself it agrees as little as can be, so that
// a correlation has one peak in a period and gives the delay up to 6.2 s.
const probePattern = "1111100110100100001010111011000"

// Probe is the signal that the test phone sends during a call: soft chirps of
// two tones, a fifth apart, that glide up from 400 and 600 Hz to 1,200 and 1,800
// or down again, at -20 dBFS. All of it is in the band of every speech codec, it
// changes all the time (a voice activity detector takes it for speech), and it
// can be found again by correlation with ProbeWave.
//
// The zero value begins at the beginning.
type Probe struct{ at int }

// Frame implements Source.
func (p *Probe) Frame(dst []int16) {
	wave := probeWave()
	for len(dst) > 0 {
		n := copy(dst, wave[p.at:])
		dst, p.at = dst[n:], (p.at+n)%len(wave)
	}
}

// ProbeWave appends one period of the probe, ProbePeriod samples, to dst.
func ProbeWave(dst []int16) []int16 { return append(dst, probeWave()...) }

// probeWave is made once.
var probeWave = sync.OnceValue(func() []int16 {
	wave := make([]float64, ProbePeriod)
	for i, direction := range probePattern {
		chirp(wave[i*probeSymbol:][:probeChirp], direction == '1')
	}
	squares := 0.0
	for _, v := range wave {
		squares += v * v
	}
	gain := fullScale * math.Pow(10, probeLevel/20) / math.Sqrt(squares/float64(len(wave)))
	out := make([]int16, len(wave))
	for i, v := range wave {
		out[i] = clamp(v * gain)
	}
	return out
})

// chirp fills dst with two tones that glide over an octave and a half, swelling
// and fading as a raised cosine over a quarter of the time at each end.
func chirp(dst []float64, up bool) {
	const low, high = 400.0, 1200.0
	edge := len(dst) / 4
	phase := 0.0
	for i := range dst {
		t := float64(i) / float64(len(dst))
		if !up {
			t = 1 - t
		}
		phase += 2 * math.Pi * (low + (high-low)*t) / SampleRate
		v := math.Sin(phase) + 0.6*math.Sin(1.5*phase)
		if near := min(i, len(dst)-1-i); near < edge {
			v *= 0.5 - 0.5*math.Cos(math.Pi*float64(near)/float64(edge))
		}
		dst[i] = v
	}
}
