package practice

import (
	"math"
	"math/cmplx"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/codec"
)

// ears understand the digits that the phone says, as a person at the other end would: a
// word between two silences that is one of the phone's own recordings.
type ears struct {
	word  []int16
	quiet int // silent frames in a row
	long  bool
}

// dictation collects digits until there are three in a row.
type dictation struct{ digits string }

const (
	quietSample  = 300 // below it is silence
	quietFrames  = 8   // that end a word: longer than the stops within one
	longestWord  = clockRate
	wordSize     = 10_000 // of a transform: a word with the frames behind it, and wordOff
	alikeEnough  = 0.7
	wordOff      = 400 // samples by which the beginning may be missed
	codeLength   = 3
	eventTicks   = 5 // of a key that is typed back
	eventEnds    = 3
	eventPause   = 5
	eventSamples = frameSamples
)

// template is one of the phone's own words, from its first loud sample on.
type template struct {
	spectrum []complex128
	energy   float64
}

// templates are the digits.
var templates = sync.OnceValue(func() (all [10]template) {
	transform := fourier.NewFFT(wordSize)
	for n := range all {
		pcm, _ := codec.Decode("PCMU", assets.Digit(n), nil)
		all[n].spectrum, all[n].energy = spectrumOf(transform, begun(pcm))
	}
	return all
})

// begun is a sound from its first loud sample on.
func begun(p []int16) []int16 {
	for i, v := range p {
		if v > quietSample || v < -quietSample {
			return p[i:]
		}
	}
	return nil
}

// hear takes the next frame and gives a word once it is over, nil before.
func (e *ears) hear(frame []int16) (word []int16) {
	if begun(frame) != nil {
		e.quiet = 0
		if e.long = e.long || len(e.word) > longestWord; !e.long {
			e.word = append(e.word, frame...)
		}
		return nil
	}
	e.quiet++
	if e.quiet < quietFrames && len(e.word) > 0 && !e.long {
		e.word = append(e.word, frame...)
	}
	if e.quiet != quietFrames {
		return nil
	}
	word = e.word
	e.word, e.long = nil, false
	return word
}

// add takes a word and gives the code of three digits that it ends.
func (c *dictation) add(digit int, known bool) (code string, ok bool) {
	if c.digits += string(rune('0' + digit)); !known {
		c.digits = ""
	}
	if len(c.digits) < codeLength {
		return "", false
	}
	code, c.digits = c.digits, ""
	return code, true
}

// understood tells which digit a word is: the one with which it correlates best, wherever
// within wordOff it begins. All offsets are one transform: a word took a tenth of a second
// otherwise, in which a small computer sent its sound late.
func understood(word []int16) (n int, ok bool) {
	transform := fourier.NewFFT(wordSize)
	spectrum, energy := spectrumOf(transform, begun(word))
	best := 0.0
	product := make([]complex128, len(spectrum))
	sums := make([]float64, wordSize)
	for i, t := range templates() {
		for k, v := range t.spectrum {
			product[k] = cmplx.Conj(spectrum[k]) * v
		}
		sums = transform.Sequence(sums, product) // wordSize times too large
		scale := wordSize * math.Sqrt(energy*t.energy+1)
		for off := -wordOff; off <= wordOff; off++ {
			if r := sums[(off+wordSize)%wordSize] / scale; r > best {
				best, n = r, i
			}
		}
	}
	return n, best >= alikeEnough
}

// spectrumOf transforms a word and gives its energy.
func spectrumOf(transform *fourier.FFT, word []int16) (spectrum []complex128, energy float64) {
	samples := make([]float64, wordSize)
	for i, v := range word[:min(len(word), wordSize-wordOff)] {
		samples[i] = float64(v)
		energy += samples[i] * samples[i]
	}
	return transform.Coefficients(nil, samples), energy
}

// typing is a code on its way out as key presses (RFC 4733).
type typing struct {
	keys string
	at   int // tick of the key at hand
	from uint32
}

// next gives the event payload of this tick and the timestamp of the key's beginning; nil
// between two keys. over: nothing is left.
func (t *typing) next(now uint32) (payload []byte, timestamp uint32, begins, over bool) {
	if t.keys == "" {
		return nil, 0, false, true
	}
	at := t.at
	if t.at++; at >= eventTicks+eventEnds {
		if t.at >= eventTicks+eventEnds+eventPause {
			t.keys, t.at = t.keys[1:], 0
		}
		return nil, 0, false, false
	}
	if at == 0 {
		t.from = now
	}
	lasts := min(at+1, eventTicks) * eventSamples
	event := []byte{t.keys[0] - '0', 10, byte(lasts >> 8), byte(lasts)}
	if at >= eventTicks {
		event[1] |= 0x80
	}
	return event, t.from, at == 0, false
}
