package media

import (
	"softphonedoctor/sipclient/codec"
)

// encoder turns sound at 8,000 samples per second into payloads of one stream.
type encoder interface {
	encode(dst []byte, pcm []int16) []byte
}

// newEncoder gives the encoder of a codec that was agreed.
func newEncoder(name string) encoder {
	switch name {
	case "PCMU":
		return plainEncoder(codec.EncodeMuLaw)
	case codecG722.Name:
		return new(g722Encoder)
	}
	return plainEncoder(codec.EncodeALaw)
}

// plainEncoder is one without memory: G.711.
type plainEncoder func(dst []byte, pcm []int16) []byte

func (e plainEncoder) encode(dst []byte, pcm []int16) []byte { return e(dst, pcm) }

// g722Encoder sends the same sound in G.722, which takes 16,000 samples per second.
type g722Encoder struct {
	codec codec.G722Encoder
	wide  doubler
	pcm   []int16
}

func (e *g722Encoder) encode(dst []byte, pcm []int16) []byte {
	e.pcm = e.wide.double(e.pcm[:0], pcm)
	return e.codec.Encode(dst, e.pcm)
}

// doublerTaps is the positive half of a half-band low-pass filter: its odd taps, in
// units of 1/32768 (a windowed sinc; 50 dB down from 5 kHz on).
var doublerTaps = [8]int32{20704, -6432, 3342, -1908, 1081, -574, 269, -98}

// doubler gives twice as many samples of the same sound, up to 4 kHz.
type doubler struct {
	past [2 * len(doublerTaps)]int16
}

// double appends two samples for each one of pcm to dst. The sound is late by half the
// filter, one millisecond.
func (d *doubler) double(dst, pcm []int16) []int16 {
	const half = len(doublerTaps)
	for _, v := range pcm {
		copy(d.past[:], d.past[1:])
		d.past[2*half-1] = v
		sum := int32(0)
		for i, tap := range doublerTaps {
			sum += tap * (int32(d.past[half-1-i]) + int32(d.past[half+i])) >> 1
		}
		middle := max(-32768, min(32767, sum>>14))
		dst = append(dst, d.past[half-1], int16(middle))
	}
	return dst
}
