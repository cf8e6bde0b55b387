package practice

import (
	"math"
	"sync"

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
	alikeEnough  = 0.7
	wordOff      = 400 // samples by which the beginning may be missed
	codeLength   = 3
	eventTicks   = 5 // of a key that is typed back
	eventEnds    = 3
	eventPause   = 5
	eventSamples = frameSamples
)

// templates are the phone's own words, from their first loud sample on.
var templates = sync.OnceValue(func() (all [10][]int16) {
	for n := range all {
		pcm, _ := codec.Decode("PCMU", assets.Digit(n), nil)
		all[n] = begun(pcm)
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

// understood tells which digit a word is.
func understood(word []int16) (n int, ok bool) {
	word = begun(word)
	best := 0.0
	for i, t := range templates() {
		for off := -wordOff; off <= wordOff; off += 1 {
			if r := alike(word, t, off); r > best {
				best, n = r, i
			}
		}
	}
	return n, best >= alikeEnough
}

// alike is the correlation of two sounds, the second of which begins off samples later.
func alike(a, b []int16, off int) float64 {
	if off < 0 {
		a, b, off = b, a, -off
	}
	if off >= len(b) || len(a) == 0 {
		return 0
	}
	both, aa, bb := 0.0, 0.0, 0.0
	for _, v := range a {
		aa += float64(v) * float64(v)
	}
	for _, v := range b {
		bb += float64(v) * float64(v)
	}
	for i := 0; i < len(a) && i+off < len(b); i++ {
		both += float64(a[i]) * float64(b[i+off])
	}
	return both / math.Sqrt(aa*bb+1)
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
