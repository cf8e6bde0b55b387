package practice

import (
	"math"

	"softphonedoctor/sipclient/codec"
)

// voice makes the sound of a talker: a few tones in the speech band that come
// and go like syllables, about 20 dB below full scale.
type voice struct{ at int }

// next is one frame of it in the named format, PCMU or PCMA, louder by so many dB;
// what then exceeds the scale is cut off, as by an overdriven microphone. What else
// the microphone hears is mixed in.
func (v *voice) next(name string, louder float64, mixed []float64) []byte {
	gain := math.Pow(10, louder/20)
	samples := make([]int16, frameSamples)
	for i := range samples {
		t := float64(v.at) / clockRate
		v.at++
		s := (math.Sin(2*math.Pi*310*t) + math.Sin(2*math.Pi*740*t) + math.Sin(2*math.Pi*1490*t)) / 3
		loud := gain * 32000 * 0.35 * (0.6 + 0.4*math.Sin(2*math.Pi*4*t)) * s
		if i < len(mixed) {
			loud += mixed[i]
		}
		samples[i] = int16(max(-32768, min(32767, loud)))
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
