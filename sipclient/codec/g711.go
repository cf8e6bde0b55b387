package codec

import (
	"math"
	"math/bits"
)

// G.711 (ITU-T G.711, tables 1a to 2b) has 14-bit samples in mu-law and 13-bit
// samples in A-law. Here both are scaled to 16 bits, as every telephone does it:
// the largest samples are then 32124 (mu-law) and 32256 (A-law).
const (
	// MaxMuLaw is the largest sample that mu-law can carry.
	MaxMuLaw = 32124
	// MaxALaw is the largest sample that A-law can carry.
	MaxALaw = 32256
	// SilenceMuLaw and SilenceALaw are the bytes of a zero sample (for A-law, of
	// the smallest positive one: that law has no zero).
	SilenceMuLaw = 0xff
	SilenceALaw  = 0xd5
	// SampleRate is that of G.711 in samples per second.
	SampleRate = 8000

	muBias = 132 // 33 of the 14-bit scale, which makes the segments powers of two
	muClip = 32635
)

var (
	muTable, aTable [256]int16    // byte to sample
	muCode, aCode   [1 << 16]byte // sample to byte
)

func init() {
	for i := range 256 {
		muTable[i], aTable[i] = expandMu(byte(i)), expandA(byte(i))
		muLaw.squared[i] = float64(muTable[i]) * float64(muTable[i])
		aLaw.squared[i] = float64(aTable[i]) * float64(aTable[i])
	}
	// A-law has no zero: its two smallest samples are what silence looks like.
	aLaw.squared[SilenceALaw], aLaw.squared[SilenceALaw^0x80] = 0, 0
	for i := range 1 << 16 {
		muCode[i], aCode[i] = compressMu(int16(uint16(i))), compressA(int16(uint16(i)))
	}
	muLaw.loud = [2]byte{compressMu(math.MaxInt16), compressMu(math.MinInt16)}
	aLaw.loud = [2]byte{compressA(math.MaxInt16), compressA(math.MinInt16)}
}

// expandMu gives the sample of a mu-law byte: all bits are inverted on the wire.
func expandMu(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+muBias)<<(b>>4&7) - muBias
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// expandA gives the sample of an A-law byte: every other bit is inverted on the
// wire, and the sign bit of positive samples is one.
func expandA(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

func compressMu(s int16) byte {
	v, sign := int32(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, muClip) + muBias
	segment := bits.Len32(uint32(v)) - 8
	return ^(sign | byte(segment)<<4 | byte(v>>(segment+3))&0x0f)
}

func compressA(s int16) byte {
	v, sign := int32(s), byte(0x80)
	if v < 0 {
		v, sign = -v-1, 0
	}
	var code byte
	if segment := bits.Len32(uint32(v)) - 8; segment > 0 {
		code = byte(segment)<<4 | byte(v>>(segment+3))&0x0f
	} else {
		code = byte(v >> 4)
	}
	return (sign | code) ^ 0x55
}

// EncodeMuLaw appends the mu-law bytes of src to dst.
func EncodeMuLaw(dst []byte, src []int16) []byte {
	for _, s := range src {
		dst = append(dst, muCode[uint16(s)])
	}
	return dst
}

// DecodeMuLaw appends the samples of the mu-law bytes src to dst.
func DecodeMuLaw(dst []int16, src []byte) []int16 {
	for _, b := range src {
		dst = append(dst, muTable[b])
	}
	return dst
}

// EncodeALaw appends the A-law bytes of src to dst.
func EncodeALaw(dst []byte, src []int16) []byte {
	for _, s := range src {
		dst = append(dst, aCode[uint16(s)])
	}
	return dst
}

// DecodeALaw appends the samples of the A-law bytes src to dst.
func DecodeALaw(dst []int16, src []byte) []int16 {
	for _, b := range src {
		dst = append(dst, aTable[b])
	}
	return dst
}
