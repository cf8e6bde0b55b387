package codec

import (
	"bytes"
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.3f, want %.3f", what, got, want)
	}
}

// play gives n samples of a source, in frames of an odd size.
func play(s Source, n int) []int16 {
	out := make([]int16, n)
	for rest := out; len(rest) > 0; {
		k := min(len(rest), 163)
		s.Frame(rest[:k])
		rest = rest[k:]
	}
	return out
}

func TestLevelsOfSines(t *testing.T) {
	for _, dbfs := range []float64{-3.01, -10, -20, -40} {
		var m Meter
		m.AddSamples(play(Tone(1000, dbfs), SampleRate))
		near(t, "16 bits", m.Level().DBFS, dbfs, 0.01)
		for _, name := range []string{"PCMU", "PCMA"} {
			var m Meter
			payload, _ := Encode(name, play(Tone(1004, dbfs), SampleRate), nil)
			m.Add(name, payload)
			near(t, name, m.Level().DBFS, dbfs, 0.2)
			near(t, name+" peak", m.Level().Peak, dbfs, 0.3)
			if l := m.Level(); l.Constant || l.Samples != SampleRate {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
}

// The digital milliwatt of G.711 table 5: 0 dBm0, which is 3.17 dB below the
// overload of mu-law and 3.14 dB below that of A-law, both a full-scale sine.
func TestLevelOfDigitalMilliwatt(t *testing.T) {
	for name, period := range map[string][]byte{
		"PCMU": {0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e},
		"PCMA": {0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4},
	} {
		var m Meter
		m.Add(name, bytes.Repeat(period, 1000))
		near(t, name, m.Level().DBFS, -6.15, 0.15)
	}
}

func TestLevelOfSilence(t *testing.T) {
	for name, b := range map[string]byte{"PCMU": SilenceMuLaw, "PCMA": SilenceALaw} {
		var m Meter
		for range 50 {
			m.Add(name, bytes.Repeat([]byte{b}, 160))
		}
		if l := m.Level(); l.DBFS != Floor || l.Peak != Floor || !l.Constant || l.Samples != 8000 || l.Clipped != 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	var none Meter
	if l := none.Level(); l.DBFS != Floor || l.Constant {
		t.Errorf("nothing measured: %+v", l)
	}
}

// The peak is that of the loudest 20 ms, wherever the packets' borders are.
func TestPeak(t *testing.T) {
	samples := make([]int16, 8000)
	copy(samples[1600:], play(Tone(1000, -10), 320))
	payload := EncodeMuLaw(nil, samples)
	var m Meter
	for len(payload) > 0 {
		n := min(len(payload), 70)
		m.Add("PCMU", payload[:n])
		payload = payload[n:]
	}
	near(t, "peak", m.Level().Peak, -10, 0.2)
	near(t, "all", m.Level().DBFS, -10+10*math.Log10(320.0/8000), 0.2)
}

func TestClipping(t *testing.T) {
	loud, low := byte(0x80), byte(0x00) // mu-law's largest and smallest
	quiet := byte(SilenceMuLaw)
	run := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	for _, c := range []struct {
		what    string
		packets [][]byte
		want    uint64
	}{
		{"six in a row", [][]byte{run(loud, 6), {quiet}}, 0},
		{"seven in a row", [][]byte{{quiet}, run(loud, 7), {quiet}}, 7},
		{"a run over two packets", [][]byte{{quiet, loud, loud, loud}, append(run(loud, 7), quiet)}, 10},
		{"two short runs of opposite sign", [][]byte{append(run(loud, 5), run(low, 5)...)}, 0},
		{"two long runs of opposite sign", [][]byte{append(run(loud, 8), run(low, 9)...)}, 17},
		{"interrupted in another packet", [][]byte{run(loud, 5), {quiet}, run(loud, 5)}, 0},
	} {
		var m Meter
		for _, p := range c.packets {
			m.Add("PCMU", p)
		}
		if got := m.Level().Clipped; got != c.want {
			t.Errorf("%s: %d clipped, want %d", c.what, got, c.want)
		}
	}
	// The same for A-law, through its own maximum: a tone 12 dB too loud.
	over := play(Tone(300, -3.01), 8000)
	for i, s := range over {
		over[i] = clamp(4 * float64(s))
	}
	var m Meter
	m.Add("PCMA", EncodeALaw(nil, over))
	if l := m.Level(); l.Clipped < 4000 {
		t.Errorf("%d of %d clipped", l.Clipped, l.Samples)
	}
}

// A million packets of 20 ms should take well under a few seconds.
func BenchmarkMeter(b *testing.B) {
	payload := EncodeMuLaw(nil, play(Noise(-20, 1), 160))
	var m Meter
	b.SetBytes(160)
	for b.Loop() {
		m.Add("PCMU", payload)
	}
}
