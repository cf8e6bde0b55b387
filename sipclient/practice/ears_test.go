package practice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/codec"
)

// said is the sound of digits in a codec, with pauses between them and around them.
func said(name, digits string, db float64) []int16 {
	sound := make([]int16, 4000)
	for _, d := range digits {
		word, _ := codec.Decode("PCMU", assets.Digit(int(d-'0')), nil)
		sound = append(append(sound, word...), make([]int16, 2000)...)
	}
	for i := range sound {
		sound[i] = int16(float64(sound[i]) * db)
	}
	data, _ := codec.Encode(name, sound, nil)
	pcm, _ := codec.Decode(name, data, nil)
	return append(pcm, make([]int16, 4000)...)
}

// heardOf lets ears hear a sound in frames that begin anywhere.
func heardOf(sound []int16, from int) (list []string) {
	var e ears
	var c dictation
	for sound = sound[from:]; len(sound) >= frameSamples; sound = sound[frameSamples:] {
		if word := e.hear(sound[:frameSamples]); word != nil {
			if code, ok := c.add(understood(word)); ok {
				list = append(list, code)
			}
		}
	}
	return list
}

// TestEars: each digit is told from each other one, and nothing else is taken for one.
func TestEars(t *testing.T) {
	for i, code := range []string{"012", "345", "678", "901", "592", "741"} {
		require.Equal(t, []string{code}, heardOf(said("PCMA", code, 1), 17*i))
		require.Equal(t, []string{code}, heardOf(said("PCMU", code, 0.8), 31*i))
	}
	require.Empty(t, heardOf(said("PCMA", "12", 1), 0), "two are no code")
	probe, notes := codec.NewProbe(5), make([]int16, 20*clockRate)
	probe.Frame(notes)
	require.Empty(t, heardOf(notes, 0))
	var v voice
	var talk []int16
	for range 500 {
		pcm, _ := codec.Decode("PCMA", v.next("PCMA", 0, nil), nil)
		talk = append(talk, pcm...)
	}
	require.Empty(t, heardOf(talk, 0))
}

// TestTyping: a code leaves as events, each with one beginning and three ends.
func TestTyping(t *testing.T) {
	typing := typing{keys: "47"}
	keys, ends := "", 0
	for tick := uint32(0); ; tick++ {
		event, at, begins, over := typing.next(tick * frameSamples)
		if over {
			break
		}
		if event == nil {
			continue
		}
		require.LessOrEqual(t, at, tick*frameSamples)
		if begins {
			keys += string('0' + rune(event[0]))
			require.Equal(t, tick*frameSamples, at)
		}
		if event[1]&0x80 != 0 {
			ends++
		}
	}
	require.Equal(t, "47", keys)
	require.Equal(t, 6, ends)
}
