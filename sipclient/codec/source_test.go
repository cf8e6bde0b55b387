package codec

import (
	"math"
	"testing"
	"time"
)

// strength is how much of a frequency is in the samples, as dBFS of a sine there
// (Goertzel's algorithm).
func strength(samples []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/SampleRate)
	var a, b float64
	for _, s := range samples {
		a, b = float64(s)/fullScale+c*a-b, a
	}
	power := (a*a + b*b - c*a*b) / (float64(len(samples)) * float64(len(samples)) / 4)
	return 10 * math.Log10(power/2)
}

func TestRingbackCadence(t *testing.T) {
	samples := play(Ringback(425, -15, time.Second, 4*time.Second), 6*SampleRate)
	near(t, "first second", strength(samples[:SampleRate], 425), -15, 0.1)
	for i, s := range samples[SampleRate : 5*SampleRate] {
		if s != 0 {
			t.Fatalf("sample %d of the pause is %d", i, s)
		}
	}
	near(t, "sixth second", strength(samples[5*SampleRate:], 425), -15, 0.1)
	if s := play(Ringback(425, -15, 0, 0), 100); s[50] != 0 {
		t.Error("a cadence of no length sounds")
	}
}

func TestNoiseHasItsLevel(t *testing.T) {
	var m Meter
	m.AddSamples(play(Noise(-30, 7), 4*SampleRate))
	near(t, "noise", m.Level().DBFS, -30, 0.2)
	a, b := play(Noise(-30, 7), 50), play(Noise(-30, 8), 50)
	same := true
	for i := range a {
		same = same && a[i] == b[i]
	}
	if same {
		t.Error("two seeds give the same noise")
	}
}

func TestSilence(t *testing.T) {
	dst := []int16{1, 2, 3}
	Silence().Frame(dst)
	if dst[0] != 0 || dst[2] != 0 {
		t.Error(dst)
	}
	for sample, want := range map[int16]float64{0: Floor, 8192: -12.04} {
		var m Meter
		for range 10 {
			m.AddSamples([]int16{sample, sample, sample})
		}
		if near(t, "a level", m.Level().DBFS, want, 0.01); !m.Level().Constant {
			t.Errorf("%d all the time is not constant", sample)
		}
	}
}

func TestDTMF(t *testing.T) {
	const on, off = 80 * time.Millisecond, 40 * time.Millisecond
	samples := play(DTMF("5x#", -10, on, off), SampleRate)
	first, second := samples[:640], samples[960:960+640]
	for _, c := range []struct {
		part []int16
		hz   float64
	}{{first, 770}, {first, 1336}, {second, 941}, {second, 1477}} {
		near(t, "a tone of a key", strength(c.part, c.hz), -13, 0.7)
	}
	if other := strength(first, 941); other > -30 {
		t.Errorf("another key's tone has %.1f dBFS", other)
	}
	for _, s := range append(samples[640:960:960], samples[2*960:]...) {
		if s != 0 {
			t.Fatal("the pauses are not silent")
		}
	}
}
