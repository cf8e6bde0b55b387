package codec

import "strings"

// Encoder turns samples into the payload of one stream. It may remember what came
// before: one stream has one encoder, and nothing may be left out. It is not safe
// for concurrent use.
type Encoder interface {
	// Encode appends the bytes of src to dst.
	Encode(dst []byte, src []int16) []byte
}

// Decoder turns the payloads of one stream into samples, in order; see Encoder.
type Decoder interface {
	// Decode appends the samples of the bytes src to dst.
	Decode(dst []int16, src []byte) []int16
}

// NewEncoder gives a fresh encoder by the encoding name of SDP ("PCMU", "PCMA" or
// "G722", in any case), and the rate of the samples that it takes: SampleRate or
// WidebandRate. ok is false for a name that is not known.
func NewEncoder(name string) (e Encoder, rate int, ok bool) {
	switch {
	case strings.EqualFold(name, "G722"):
		return new(G722Encoder), WidebandRate, true
	case lawOf(name) != nil:
		return lawOf(name), SampleRate, true
	}
	return nil, 0, false
}

// NewDecoder gives a fresh decoder, and the rate of the samples that it gives;
// see NewEncoder.
func NewDecoder(name string) (d Decoder, rate int, ok bool) {
	switch {
	case strings.EqualFold(name, "G722"):
		return new(G722Decoder), WidebandRate, true
	case lawOf(name) != nil:
		return lawOf(name), SampleRate, true
	}
	return nil, 0, false
}

// Encode implements Encoder: G.711 has no memory.
func (l *law) Encode(dst []byte, src []int16) []byte {
	if l == &aLaw {
		return EncodeALaw(dst, src)
	}
	return EncodeMuLaw(dst, src)
}

// Decode implements Decoder.
func (l *law) Decode(dst []int16, src []byte) []int16 {
	if l == &aLaw {
		return DecodeALaw(dst, src)
	}
	return DecodeMuLaw(dst, src)
}
