package report

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

var someCode = SupportCode{
	Situation: "one-way-audio", Verdict: Problem, Certainty: diagnosis.Confirmed, Where: diagnosis.LocalNetwork, Cause: 19, Also: 125,
	Out: diagnosis.Good, In: diagnosis.Broken, LossIn: 3, LossOut: 7, Jitter: 1, Delay: 4, Quality: 6,
}

// Every field comes back, over all of its values.
func TestSupportCodeRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	causes := diagnosis.Causes()
	for range 20000 {
		c := SupportCode{
			Situation: codeSituations[r.IntN(len(codeSituations))], Verdict: codeVerdicts[r.IntN(4)], Certainty: diagnosis.Certainty(r.IntN(4)),
			Where: codePlaces[r.IntN(len(codePlaces))], Cause: causes[r.IntN(len(causes))].Number, Also: causes[r.IntN(len(causes))].Number,
			Out: diagnosis.State(r.IntN(3)), In: diagnosis.State(r.IntN(3)), LossIn: r.IntN(8), LossOut: r.IntN(8), Jitter: r.IntN(8), Delay: r.IntN(8), Quality: r.IntN(7),
		}
		text := c.String()
		require.Len(t, text, 13)
		got, err := DecodeSupportCode(text)
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
}

// What people do to a code when they read it out or write it down.
func TestSupportCodeAsWritten(t *testing.T) {
	text := someCode.String()
	for _, written := range []string{strings.ToLower(text), strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " "), " " + text + " ",
		strings.ReplaceAll(text, "0", "O"), strings.ReplaceAll(text, "1", "l"), strings.ReplaceAll(text, "1", "I")} {
		got, err := DecodeSupportCode(written)
		require.NoError(t, err, written)
		require.Equal(t, someCode, got)
	}
	for written, want := range map[string]string{"": "has 0", text[:12]: "has 10", text + "7": "has more", "U" + text[1:]: "no character", "ü": "no character"} {
		_, err := DecodeSupportCode(written)
		require.ErrorContains(t, err, want, written)
	}
}

// One wrong character, and two that changed places (neighbours or not), are always found.
func TestSupportCodeFindsMistakes(t *testing.T) {
	plain := strings.ReplaceAll(someCode.String(), "-", "")
	for i := range plain {
		for _, c := range codeAlphabet {
			if wrong := plain[:i] + string(c) + plain[i+1:]; wrong != plain {
				_, err := DecodeSupportCode(wrong)
				require.ErrorContains(t, err, "is wrong", wrong)
			}
		}
		for j := i + 1; j < len(plain); j++ {
			b := []byte(plain)
			if b[i], b[j] = b[j], b[i]; string(b) != plain {
				_, err := DecodeSupportCode(string(b))
				require.ErrorContains(t, err, "is wrong", string(b))
			}
		}
	}
}

// A code of another form, or with numbers of a later version, is no guess.
func TestSupportCodeOfLater(t *testing.T) {
	later := someCode
	later.Cause = 255
	_, err := DecodeSupportCode(later.String())
	require.ErrorContains(t, err, "does not know")
}

func TestSupportCodeOfReport(t *testing.T) {
	e := signedIn(t)
	e.Streams = []*evidence.Stream{
		{Direction: evidence.In, Packets: 990, Expected: 1000, Lost: 10, Jitter: 12 * time.Millisecond, RTT: 60 * time.Millisecond},
		{Direction: evidence.Out, Packets: 1000, Expected: 1000, PeerSays: &evidence.ReceiverReport{Lost: 200}},
	}
	d := diagnosis.Diagnosis{Findings: []diagnosis.Finding{finding("sip-alg", diagnosis.Fault, false), finding("no-audio-in-blocked", diagnosis.Fault, true), finding("nat-symmetric", diagnosis.Hint, false)}}
	d.Path[1].In = diagnosis.Broken
	r := New("one-way-audio", e, d)
	c := r.SupportCode()
	require.Equal(t, SupportCode{Situation: "one-way-audio", Verdict: Problem, Certainty: diagnosis.Likely, Where: diagnosis.Provider, Cause: 19, Also: 22,
		In: diagnosis.Broken, LossIn: 3, LossOut: 6, Jitter: 3, Delay: 3}, c)
	require.Equal(t, c.String(), r.Document().SupportCode)

	var b bytes.Buffer
	require.NoError(t, r.Brief(&b, 0))
	require.Contains(t, b.String(), "Support code: "+c.String())
	b.Reset()
	require.NoError(t, c.Words().Write(&b, 0))
	for _, want := range []string{"sip-alg (19)", "nat-symmetric, 22", "likely", "at the provider", "0.5 to 1 %", "10 to 30 %", "10 to 20 ms", "50 to 100 ms", "breaks off"} {
		require.Contains(t, b.String(), want)
	}
	require.Equal(t, "sip-alg", *c.Document().Cause)
	require.Nil(t, c.Document().Quality)
}

// The page on the code has an example, and every list in the order of its numbers.
func TestSupportCodePage(t *testing.T) {
	b, err := os.ReadFile("../../docs/support-code.md")
	require.NoError(t, err)
	page := string(b)
	require.Contains(t, page, "`"+someCode.String()+"`", "the example")
	for _, l := range [][]string{codeSituations, codeQualities[1:], lossClasses.words, jitterClasses.words, delayClasses.words} {
		require.Contains(t, page, strings.Join(l, ", "))
	}
}
