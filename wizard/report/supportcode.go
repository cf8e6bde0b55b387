package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// SupportCode is what a person can read out over the phone: ten characters of
// Crockford's base 32 and a check character, "8G04A-00000-7". docs/support-code.md
// lists its bits.
type SupportCode struct {
	Situation string // an id, "capture" for a capture file
	Verdict   Verdict
	Certainty diagnosis.Certainty // of Cause; 0 without one
	Where     diagnosis.Where     // of Cause
	Cause     int                 // number of the verdict's cause, 0 without one
	Also      int                 // number of the next finding that is no consequence, 0 without one
	Out, In   diagnosis.State     // of the sound over the whole path
	LossIn    int                 // class of Figures, 0: not known
	LossOut   int                 // as the other side reports it
	Jitter    int                 // of what came in
	Delay     int                 // there and back
	Quality   int                 // of what came in
}

// codeVersion is the first field of a code. It changes when a field does.
const codeVersion = 1

// codeAlphabet is Crockford's: no I, L, O and U.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// The lists below are part of the code's form: entries are only ever added at the end.
var (
	codeSituations = []string{"capture", "no-ringback", "one-way-audio", "no-incoming", "cannot-answer", "quality", "call-drops", "dtmf", "registration", "everything", Network}
	codeVerdicts   = []Verdict{Inconclusive, Healthy, Outcome, Problem}
	codePlaces     = []diagnosis.Where{diagnosis.Nowhere, diagnosis.SoundDevice, diagnosis.ThisComputer, diagnosis.LocalNetwork, diagnosis.Internet,
		diagnosis.Provider, diagnosis.OtherNetwork, diagnosis.OtherSide, diagnosis.Account, diagnosis.OtherSoftphone}
	codeQualities = []string{"", "excellent", "good", "fair", "poor", "bad", "unusable"}
)

// classes of figures: class 1 lies below or at the first limit, and so on; 0 is not known.
var (
	lossClasses   = classes{limits: []float64{0, 0.5, 1, 3, 10, 30}, words: []string{"none", "up to 0.5 %", "0.5 to 1 %", "1 to 3 %", "3 to 10 %", "10 to 30 %", "more than 30 %"}}
	jitterClasses = classes{limits: []float64{5, 10, 20, 30, 60, 120}, words: []string{"up to 5 ms", "5 to 10 ms", "10 to 20 ms", "20 to 30 ms", "30 to 60 ms", "60 to 120 ms", "more than 120 ms"}}
	delayClasses  = classes{limits: []float64{20, 50, 100, 200, 300, 500}, words: []string{"up to 20 ms", "20 to 50 ms", "50 to 100 ms", "100 to 200 ms", "200 to 300 ms", "300 to 500 ms", "more than 500 ms"}}
)

type classes struct {
	limits []float64
	words  []string
}

func (c classes) of(v float64) int {
	for i, limit := range c.limits {
		if v <= limit {
			return i + 1
		}
	}
	return len(c.limits) + 1
}

func (c classes) word(n int) string {
	if n < 1 || n > len(c.words) {
		return ""
	}
	return c.words[n-1]
}

// field is one of the code's fields with its width in bits.
type field struct {
	value *int
	bits  int
}

// fields gives the numbers of a code in the order in which they are packed, the most
// significant first: 50 bits together.
func fields(n *[14]int) []field {
	widths := [14]int{3, 4, 2, 2, 4, 8, 8, 2, 2, 3, 3, 3, 3, 3}
	list := make([]field, len(widths))
	for i, w := range widths {
		list[i] = field{&n[i], w}
	}
	return list
}

// String gives the code in the form in which it is shown and read out.
func (c SupportCode) String() string {
	n := [14]int{codeVersion, max(0, slices.Index(codeSituations, c.Situation)), max(0, slices.Index(codeVerdicts, c.Verdict)), int(c.Certainty),
		max(0, slices.Index(codePlaces, c.Where)), c.Cause, c.Also, int(c.Out), int(c.In), c.LossIn, c.LossOut, c.Jitter, c.Delay, c.Quality}
	var bits uint64
	for _, f := range fields(&n) {
		bits = bits<<f.bits | uint64(*f.value)&(1<<f.bits-1)
	}
	var digits [10]byte
	for i := range digits {
		digits[i] = byte(bits >> (45 - 5*i) & 31)
	}
	var b strings.Builder
	for i, d := range digits {
		if i == 5 {
			b.WriteByte('-')
		}
		b.WriteByte(codeAlphabet[d])
	}
	return b.String() + "-" + string(codeAlphabet[checkDigit(digits)])
}

// checkDigit is the sum of the digits over the field of 32 elements (x^5 + x^2 + 1),
// the i-th times the i-th power of x. Weights that differ and are not zero make it
// find every wrong character and every two that changed places, as Crockford's own
// check symbol does; but it is one of the 32 characters, and no sign that nobody can
// read out.
func checkDigit(digits [10]byte) byte {
	var sum byte
	for i := len(digits) - 1; i >= 0; i-- {
		sum = double(sum) ^ digits[i]
	}
	return double(sum) // no character has the weight 1: that is the check's own
}

// double multiplies by x in the field of 32 elements.
func double(v byte) byte {
	v <<= 1
	if v&32 != 0 {
		v ^= 0b100101
	}
	return v
}

// DecodeSupportCode reads a code as a person writes it down: capitals or not, with
// blanks and hyphens anywhere, O for 0, I and L for 1. The error is a sentence.
func DecodeSupportCode(text string) (SupportCode, error) {
	var digits []byte
	for _, r := range strings.ToUpper(text) {
		switch r {
		case ' ', '-', '–', '\t', '.', '\u00a0':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		i := strings.IndexRune(codeAlphabet, r)
		if i < 0 {
			return SupportCode{}, fmt.Errorf("%q is no character of a support code: ask for it again, letter by letter", r)
		}
		if digits = append(digits, byte(i)); len(digits) > 11 {
			return SupportCode{}, errors.New("a support code has 11 characters, and this one has more: ask for it again")
		}
	}
	if len(digits) < 11 {
		return SupportCode{}, fmt.Errorf("a support code has 11 characters, and this one has %d: ask for it again", len(digits))
	}
	if checkDigit([10]byte(digits)) != digits[10] {
		return SupportCode{}, errors.New("one character of this support code is wrong, or two changed places: ask for it again, letter by letter")
	}
	var bits uint64
	for _, d := range digits[:10] {
		bits = bits<<5 | uint64(d)
	}
	var n [14]int
	left := 50
	for _, f := range fields(&n) {
		left -= f.bits
		*f.value = int(bits >> left & (1<<f.bits - 1))
	}
	if n[0] != codeVersion {
		return SupportCode{}, fmt.Errorf("this support code is of form %d, and this program knows form %d: decode it with the version that made it", n[0], codeVersion)
	}
	c := SupportCode{Certainty: diagnosis.Certainty(n[3]), Cause: n[5], Also: n[6], Out: diagnosis.State(n[7]), In: diagnosis.State(n[8]),
		LossIn: n[9], LossOut: n[10], Jitter: n[11], Delay: n[12], Quality: n[13], Verdict: codeVerdicts[n[2]]}
	newer := errors.New("this support code names something that this version does not know: decode it with the version that made it")
	if n[1] >= len(codeSituations) || n[4] >= len(codePlaces) || c.Out > diagnosis.Broken || c.In > diagnosis.Broken || c.Quality >= len(codeQualities) {
		return SupportCode{}, newer
	}
	c.Situation, c.Where = codeSituations[n[1]], codePlaces[n[4]]
	for _, number := range []int{c.Cause, c.Also} {
		if _, ok := diagnosis.LookupCauseNumber(number); number != 0 && !ok {
			return SupportCode{}, newer
		}
	}
	return c, nil
}

// SupportCode packs the report into what can be read out.
func (r *Report) SupportCode() SupportCode {
	c := SupportCode{Situation: r.Situation, Verdict: r.Verdict, Where: diagnosis.Nowhere}
	root := r.Root()
	if root != nil {
		c.Certainty, c.Where, c.Cause = root.Certainty, root.Place(), numberOf(root)
	}
	for i := range r.Diagnosis.Findings {
		if f := &r.Diagnosis.Findings[i]; f != root && !f.Symptom {
			c.Also = numberOf(f)
			break
		}
	}
	c.Out, c.In = whole(r.Diagnosis.Path)
	c.figures(r.Evidence)
	return c
}

func numberOf(f *diagnosis.Finding) int {
	cause, _ := diagnosis.LookupCause(f.Rule.Cause)
	return cause.Number
}

// whole sums the path up for each direction: broken anywhere is broken, and only what
// was seen to work from end to end is good.
func whole(path [4]diagnosis.Segment) (out, in diagnosis.State) {
	sum := func(of func(diagnosis.Segment) diagnosis.State) diagnosis.State {
		state := diagnosis.Good
		for _, s := range path {
			switch of(s) {
			case diagnosis.Broken:
				return diagnosis.Broken
			case diagnosis.Unknown:
				state = diagnosis.Unknown
			}
		}
		return state
	}
	return sum(func(s diagnosis.Segment) diagnosis.State { return s.Out }), sum(func(s diagnosis.Segment) diagnosis.State { return s.In })
}

// figures takes the worst of each kind over the streams of calls.
func (c *SupportCode) figures(e *evidence.Evidence) {
	for _, s := range e.Streams {
		if s.Packets < 2 {
			continue
		}
		if s.RTT > 0 {
			c.Delay = max(c.Delay, delayClasses.of(s.RTT.Seconds()*1000))
		}
		switch s.Direction {
		case evidence.In:
			c.LossIn = max(c.LossIn, lossClasses.of(s.LossPercent()))
			if !s.Untimed {
				c.Jitter = max(c.Jitter, jitterClasses.of(s.Jitter.Seconds()*1000))
			}
			c.Quality = max(c.Quality, slices.Index(codeQualities, s.Quality.Word()))
		case evidence.Out:
			if s.PeerSays != nil && s.Packets > 0 {
				c.LossOut = max(c.LossOut, lossClasses.of(100*float64(max(0, s.PeerSays.Lost))/float64(s.Packets)))
			}
		}
	}
}
