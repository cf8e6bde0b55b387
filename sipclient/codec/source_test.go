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

func TestProbeIsCalm(t *testing.T) {
	wave := ProbeWave(nil)
	if len(wave) != ProbePeriod {
		t.Fatal(len(wave), "samples")
	}
	var m Meter
	m.AddSamples(wave)
	l := m.Level()
	near(t, "level", l.DBFS, -20, 0.1)
	if l.Clipped != 0 || l.Peak > -14 {
		t.Errorf("%+v", l)
	}
	// Never silent for longer than 200 ms, and no clicks.
	quiet, biggest := 0, 0
	for i, s := range wave {
		if max(s, -s) < 300 {
			quiet++
		} else {
			quiet = 0
		}
		if quiet > SampleRate/5 {
			t.Fatalf("silent before sample %d", i)
		}
		if i > 0 {
			biggest = max(biggest, int(math.Abs(float64(s)-float64(wave[i-1]))))
		}
	}
	if biggest > 12000 {
		t.Errorf("a jump of %d", biggest)
	}
	// Its energy lies between 400 and 1,800 Hz.
	for _, hz := range []float64{50, 150, 2300, 3000, 3700} {
		if s := strength(wave[:probeChirp], hz); s > -50 {
			t.Errorf("%.1f dBFS at %.0f Hz", s, hz)
		}
	}
	p := new(Probe)
	played := play(p, ProbePeriod+500)
	for i, s := range played {
		if s != wave[i%ProbePeriod] {
			t.Fatalf("sample %d of the source is not that of the wave", i)
		}
	}
}

// agreement is the normalised correlation of the probe with what came back.
func agreement(wave, heard []int16, shift int) float64 {
	var xy, xx, yy float64
	for i, h := range heard {
		w := float64(wave[(i+shift)%len(wave)])
		xy, xx, yy = xy+w*float64(h), xx+w*w, yy+float64(h)*float64(h)
	}
	return xy / math.Sqrt(xx*yy)
}

// One second of an echo through G.711, quiet and with noise, tell the delay.
func TestProbeIsFoundAgain(t *testing.T) {
	wave := ProbeWave(nil)
	const delay = 3217
	heard := make([]int16, 2*SampleRate)
	din := play(Noise(-45, 3), len(heard))
	for i := range heard {
		heard[i] = int16(int(wave[(i+delay)%len(wave)])/8 + int(din[i]))
	}
	code := EncodeALaw(nil, heard)
	heard = DecodeALaw(heard[:0], code)
	best, at, second := 0.0, 0, 0.0
	for shift := range len(wave) {
		if shift%16 != delay%16 { // a sixteenth of the places is enough to rank them
			continue
		}
		a := agreement(wave, heard[:SampleRate], shift)
		switch distance := max(shift-delay, delay-shift); {
		case a > best:
			best, at = a, shift
		case distance > 80 && a > second:
			second = a
		}
	}
	if at != delay || best < 0.8 || second > best*0.9 {
		t.Errorf("found at %d (%.2f), next best %.2f; want %d", at, best, second, delay)
	}
}
