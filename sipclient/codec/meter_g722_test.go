package codec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// measure722 gives the level of samples at 16 kHz behind G.722, in 20 ms pieces of
// which skip leaves some out. What follows a gap is decoded but not measured.
func measure722(samples []int16, skip func(packet int) bool) Level {
	var e G722Encoder
	var d G722Decoder
	var m Meter
	for i, behind := 0, 0; len(samples) >= 320; i++ {
		payload := e.Encode(nil, samples[:320])
		samples = samples[320:]
		switch {
		case skip != nil && skip(i):
			behind = G722Healing
		case behind > 0:
			behind -= len(payload)
			d.Skip(payload)
		default:
			m.AddG722(&d, payload)
		}
	}
	return m.Level()
}

func TestLevelOfG722(t *testing.T) {
	for _, dbfs := range []float64{-5, -20, -45} {
		l := measure722(sine(700, dbfs, 2*WidebandRate), nil)
		near(t, "level", l.DBFS, dbfs, 0.3)
		near(t, "peak", l.Peak, dbfs, 0.3)
		require.False(t, l.Constant)
		require.EqualValues(t, 2*SampleRate, l.Samples)
	}
	quiet := measure722(make([]int16, WidebandRate), nil)
	require.Less(t, quiet.Peak, -75.0)
	stuck := make([]byte, 1600)
	var d G722Decoder
	var m Meter
	m.AddG722(&d, nil)
	require.Zero(t, m.Level().Samples)
	m.AddG722(&d, stuck)
	require.True(t, m.Level().Constant)
}

// Losses leave the decoder with a wrong memory: behind G722Healing the level of
// speech is right again.
func TestLevelOfG722WithLoss(t *testing.T) {
	samples := speech(t, "librivox-0870-16k.wav")
	whole := measure722(samples, nil)
	lossy := measure722(samples, func(packet int) bool { return packet%9 == 4 })
	t.Logf("%.1f dBFS, peak %.1f; with 11 %% loss %.1f, peak %.1f", whole.DBFS, whole.Peak, lossy.DBFS, lossy.Peak)
	near(t, "level with loss", lossy.DBFS, whole.DBFS, 1)
	near(t, "peak with loss", lossy.Peak, whole.Peak, 3)
}
