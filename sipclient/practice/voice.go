package practice

import (
	"math"

	"softphonedoctor/sipclient/codec"
)

// voice makes the sound of a talker: a few tones in the speech band that come
// and go like syllables, about 20 dB below full scale.
type voice struct{ at int }

// next is one frame of it in the named format, PCMU or PCMA.
func (v *voice) next(name string) []byte {
	samples := make([]int16, frameSamples)
	for i := range samples {
		t := float64(v.at) / clockRate
		v.at++
		s := (math.Sin(2*math.Pi*310*t) + math.Sin(2*math.Pi*740*t) + math.Sin(2*math.Pi*1490*t)) / 3
		samples[i] = int16(32000 * 0.35 * (0.6 + 0.4*math.Sin(2*math.Pi*4*t)) * s)
	}
	return encoded(name, samples)
}

// silence is one frame of digital silence.
func silence(name string) []byte { return encoded(name, make([]int16, frameSamples)) }

// encoded gives samples in the named format; this exchange agrees to no other.
func encoded(name string, samples []int16) []byte {
	b, ok := codec.Encode(name, samples, nil)
	if !ok {
		return make([]byte, len(samples))
	}
	return b
}
