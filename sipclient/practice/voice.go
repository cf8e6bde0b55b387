package practice

import (
	"bytes"
	"math"
)

// voice makes the sound of a talker: a few tones in the speech band that come
// and go like syllables, about 20 dB below full scale.
type voice struct{ at int }

// next is one frame of it in the named format, PCMU or PCMA.
func (v *voice) next(name string) []byte {
	b := make([]byte, frameSamples)
	for i := range b {
		t := float64(v.at) / clockRate
		v.at++
		s := (math.Sin(2*math.Pi*310*t) + math.Sin(2*math.Pi*740*t) + math.Sin(2*math.Pi*1490*t)) / 3
		s *= 0.35 * (0.6 + 0.4*math.Sin(2*math.Pi*4*t))
		if name == "PCMA" {
			b[i] = alaw(int(s * 32000))
		} else {
			b[i] = mulaw(int(s * 32000))
		}
	}
	return b
}

// mulaw writes a linear 16-bit sample in the mu-law of ITU-T G.711.
func mulaw(x int) byte {
	sign := byte(0)
	if x < 0 {
		sign, x = 0x80, -x
	}
	const bias, limit = 132, 32635
	x = min(x, limit) + bias
	e := byte(7)
	for m := 0x4000; e > 0 && x&m == 0; m >>= 1 {
		e--
	}
	return ^(sign | e<<4 | byte(x>>(e+3))&0x0f)
}

// alaw writes a linear 16-bit sample in the A-law of ITU-T G.711, even bits turned.
func alaw(x int) byte {
	mask := byte(0xd5)
	if x < 0 {
		mask, x = 0x55, -x-1
	}
	x = min(x, 32767) >> 3
	segment := 0
	for s := x >> 5; s > 0; s >>= 1 {
		segment++
	}
	return (byte(segment)<<4 | byte(x>>max(segment, 1))&0x0f) ^ mask
}

// silence is one frame of digital silence.
func silence(name string) []byte {
	b := byte(0xff)
	if name == "PCMA" {
		b = 0xd5
	}
	return bytes.Repeat([]byte{b}, frameSamples)
}
