package codec

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const allKeys = "123A456B789C*0#D"

func heardIn(samples []int16) string {
	var d DTMFDetector
	for len(samples) > 0 {
		n := min(len(samples), 160)
		d.Add(samples[:n])
		samples = samples[n:]
	}
	return d.Keys()
}

func TestKeysAreHeard(t *testing.T) {
	for _, c := range []struct {
		dbfs    float64
		on, off time.Duration
	}{{-6, 65, 40}, {-10, 80, 80}, {-25, 100, 50}, {-40, 70, 50}, {-10, 2000, 100}} {
		// Wherever the blocks lie against the tones.
		for shift := 0; shift < keyBlock; shift += 17 {
			samples := make([]int16, shift)
			tones := play(DTMF(allKeys, c.dbfs, c.on*time.Millisecond, c.off*time.Millisecond), 16*samplesIn((c.on+c.off)*time.Millisecond)+800)
			samples = append(samples, tones...)
			require.Equal(t, allKeys, heardIn(samples), "%+v, shifted by %d", c, shift)
			coded, _ := Encode("PCMA", samples, nil)
			back, _ := Decode("PCMA", coded, nil)
			require.Equal(t, allKeys, heardIn(back), "through G.711")
		}
	}
	require.Equal(t, "5555", heardIn(play(DTMF("5555", -10, 80*time.Millisecond, 40*time.Millisecond), 8000)), "each press counts")
}

func TestKeysInNoise(t *testing.T) {
	samples := play(DTMF(allKeys, -15, 100*time.Millisecond, 80*time.Millisecond), 4*SampleRate)
	noise := play(Noise(-35, 5), len(samples))
	for i := range samples {
		samples[i] += noise[i]
	}
	require.Equal(t, allKeys, heardIn(samples))
}

// pair is two tones with levels of their own.
func pair(low, high, lowLevel, highLevel float64) []int16 {
	samples := make([]int16, SampleRate/2)
	for i := range samples {
		at := 2 * math.Pi * float64(i) / SampleRate
		samples[i] = clamp(Amplitude(lowLevel)*math.Sin(low*at) + Amplitude(highLevel)*math.Sin(high*at))
	}
	return samples
}

func TestKeysWithinTheirLimits(t *testing.T) {
	require.Equal(t, "5", heardIn(pair(770, 1336, -20, -20)))
	require.Equal(t, "5", heardIn(pair(770*1.015, 1336*0.985, -20, -20)), "1.5 % off (Q.24)")
	require.Equal(t, "5", heardIn(pair(770, 1336, -20, -14)), "6 dB twist")
	for name, samples := range map[string][]int16{
		"one tone":        pair(770, 1336, -20, -200),
		"12 dB twist":     pair(770, 1336, -20, -32),
		"a fifth off":     pair(770*1.2, 1336*1.2, -20, -20),
		"between rows":    pair(733, 1336, -20, -20),
		"dial tone":       pair(350, 440, -20, -20),
		"busy tone":       pair(480, 620, -20, -20),
		"hardly anything": pair(770, 1336, -60, -60),
	} {
		require.Empty(t, heardIn(samples), name)
	}
	require.Empty(t, heardIn(play(DTMF(allKeys, -10, 25*time.Millisecond, 40*time.Millisecond), 2*SampleRate)), "too short")
}

func TestNoKeysInOtherSounds(t *testing.T) {
	for seed := range uint64(5) {
		require.Empty(t, heardIn(play(Noise(-15, seed), 20*SampleRate)), "noise")
	}
	require.Empty(t, heardIn(play(new(Probe), 20*SampleRate)), "the test phone's own signal")
	require.Empty(t, heardIn(play(Ringback(425, -10, time.Second, time.Second), 10*SampleRate)))
}

// TestNoKeysInSpeech listens to minutes of real and synthetic voices, at several
// levels and pitches.
func TestNoKeysInSpeech(t *testing.T) {
	for _, name := range []string{"asterisk-demo-congrats-8k.wav", "asterisk-demo-thanks-8k.wav", "asterisk-tt-weasels-8k.wav",
		"asterisk-vm-intro-8k.wav", "espeak-harvard-1-8k.wav", "espeak-harvard-2-8k.wav", "librivox-8k.wav"} {
		samples := speech(t, name)
		require.Empty(t, heardIn(samples), name)
		for _, step := range []float64{0.8, 0.9, 1.1, 1.25} { // other voices
			var other []int16
			for at := 0.0; int(at) < len(samples); at += step {
				other = append(other, samples[int(at)])
			}
			require.Empty(t, heardIn(other), "%s at %.2f", name, step)
		}
	}
}

func BenchmarkDTMFDetector(b *testing.B) {
	samples := play(Noise(-20, 1), 160)
	var d DTMFDetector
	b.ReportAllocs()
	for b.Loop() {
		d.Add(samples)
	}
}
