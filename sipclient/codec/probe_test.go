package codec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbeIsCalm(t *testing.T) {
	for seed := range uint64(4) {
		wave := play(NewProbe(seed), 12*SampleRate)
		var m Meter
		m.AddSamples(wave)
		l := m.Level()
		near(t, "level", l.DBFS, tuneLevel, 0.3)
		if l.Clipped != 0 || l.Peak > -17 {
			t.Errorf("%+v", l)
		}
		// Never silent for longer than 200 ms, and no clicks.
		quiet := 0
		for i, s := range wave {
			if max(s, -s) < 200 {
				quiet++
			} else {
				quiet = 0
			}
			if quiet > SampleRate/5 {
				t.Fatalf("silent before sample %d", i)
			}
			if i > 0 && math.Abs(float64(s)-float64(wave[i-1])) > 10000 {
				t.Fatalf("a jump at sample %d", i)
			}
		}
	}
	for i, wave := range noteWaves() {
		samples := make([]int16, len(wave))
		for k, v := range wave {
			samples[k] = clamp(v)
		}
		// Its energy lies in the band of every speech codec.
		for _, hz := range []float64{50, 150, 250, 3400, 3700} {
			if s := strength(samples, hz); s > -60 {
				t.Errorf("%.1f dBFS at %.0f Hz in note %d", s, hz, i)
			}
		}
	}
}

func TestProbeContinues(t *testing.T) {
	whole := make([]int16, 5*SampleRate)
	NewProbe(7).Frame(whole)
	p := NewProbe(7)
	require.Equal(t, whole, play(p, len(whole)), "in pieces")
	require.EqualValues(t, len(whole), p.Sent())
	require.EqualValues(t, 7, p.Seed())
	require.NotEqual(t, whole, play(NewProbe(8), len(whole)), "another seed")
	require.Equal(t, play(NewProbe(0), 8000), play(new(Probe), 8000), "the zero value")
}

func TestMelodyPlaysAllNotes(t *testing.T) {
	m := newMelody(3)
	var seen [len(tuneNotes)]int
	last := int64(-1)
	for range 5 * len(tuneNotes) {
		n := m.note()
		seen[n.which]++
		require.Greater(t, n.start, last)
		last = n.start
	}
	for i, times := range seen {
		require.Equal(t, 5, times, "note %d", i)
	}
}

// TestNotesDiffer holds what the pitches were chosen for.
func TestNotesDiffer(t *testing.T) {
	waves := noteWaves()
	_, energies := noteSpectra()
	sum, worst, pairs := 0.0, 0.0, 0
	c := newCorrelator()
	for i := range waves {
		for j, wave := range waves {
			if i == j {
				continue
			}
			clear(c.window)
			copy(c.window[maxNote:], wave)
			c.search(uint8(i), searchSpan, &trace{})
			top := 0.0
			for _, p := range c.peaks[:3*maxNote] {
				top = max(top, real(p)*real(p)+imag(p)*imag(p))
			}
			top *= energies[i] / energies[j]
			sum, worst, pairs = sum+top, max(worst, top), pairs+1
		}
	}
	if mean := sum / float64(pairs); mean > 0.04 || worst > 0.22 {
		t.Errorf("two notes share %.3f of their energy on average and %.3f at most", mean, worst)
	}
}
