package practice

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVoiceIsNoSilence guards against a sound that a listener would call silence
// or noise at full scale.
func TestVoiceIsNoSilence(t *testing.T) {
	var v voice
	codes := map[byte]bool{}
	loud := 0
	for range 50 {
		for _, b := range v.next("PCMU", 0, nil) {
			codes[b] = true
			if ^b&0x7f > 0x40 { // above about -30 dBFS
				loud++
			}
		}
	}
	require.Greater(t, len(codes), 60)
	require.Greater(t, float64(loud)/(50*frameSamples), 0.4)
	require.Less(t, math.Abs(float64(v.at)-50*frameSamples), 1.0)
}
