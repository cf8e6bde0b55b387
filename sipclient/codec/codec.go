// Package codec holds the pure-Go speech codecs and the signal arithmetic of the
// test phone: G.711 (ITU-T G.711), levels in dBFS, and the signals it sends.
package codec

import "strings"

// law is one of the two kinds of G.711.
type law struct {
	squared [256]float64 // of the sample that a byte stands for
	loud    [2]byte      // the bytes of the largest and the smallest sample
}

// The two laws, filled when their tables stand.
var muLaw, aLaw law

// lawOf finds a law by the encoding name of SDP (RFC 3551), in any case.
func lawOf(name string) *law {
	switch {
	case name == "PCMU" || strings.EqualFold(name, "PCMU"):
		return &muLaw
	case name == "PCMA" || strings.EqualFold(name, "PCMA"):
		return &aLaw
	}
	return nil
}

// Decode appends the samples of an RTP payload to dst. name is the encoding name
// of SDP: "PCMU" and "PCMA" are known, in any case; others give dst and false.
func Decode(name string, payload []byte, dst []int16) ([]int16, bool) {
	switch lawOf(name) {
	case &muLaw:
		return DecodeMuLaw(dst, payload), true
	case &aLaw:
		return DecodeALaw(dst, payload), true
	}
	return dst, false
}

// Encode appends the payload bytes of samples to dst; see Decode for name.
func Encode(name string, samples []int16, dst []byte) ([]byte, bool) {
	switch lawOf(name) {
	case &muLaw:
		return EncodeMuLaw(dst, samples), true
	case &aLaw:
		return EncodeALaw(dst, samples), true
	}
	return dst, false
}
