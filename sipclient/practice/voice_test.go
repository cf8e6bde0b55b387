package practice

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestG711 holds the encoders to the ends and the middle of the tables in ITU-T
// G.711, and to its order: a louder sample never gets a quieter code.
func TestG711(t *testing.T) {
	for x, want := range map[int][2]byte{0: {0xff, 0xd5}, 32767: {0x80, 0xaa}, -32768: {0x00, 0x2a}, 8: {0xfe, 0xd5}, -1000: {0x4e, 0x7a}} {
		require.Equal(t, want, [2]byte{mulaw(x), alaw(x)}, "%d", x)
	}
	mu, a := -1, -1
	for x := range 32768 {
		m, al := int(^mulaw(x)&0x7f), int(alaw(x)^0xd5)
		require.GreaterOrEqual(t, m, mu)
		require.GreaterOrEqual(t, al, a)
		require.Equal(t, mulaw(x)&0x7f, mulaw(-x)&0x7f, "%d and its mirror", x)
		mu, a = m, al
	}
	require.Equal(t, []int{127, 127}, []int{mu, a})
}

// TestVoiceIsNoSilence guards against a sound that a listener would call silence
// or noise at full scale.
func TestVoiceIsNoSilence(t *testing.T) {
	var v voice
	codes := map[byte]bool{}
	loud := 0
	for range 50 {
		for _, b := range v.next("PCMU") {
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
