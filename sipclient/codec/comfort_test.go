package codec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestComfortNoise(t *testing.T) {
	for dbfs, want := range map[float64]byte{0: 0, -1: 1, -40.4: 40, -127: 127, -200: 127, 3: 0, math.Inf(-1): 127, math.NaN(): 127} {
		require.Equal(t, []byte{9, want}, ComfortNoise([]byte{9}, dbfs), "%v dBFS", dbfs)
	}
	for b := range 256 {
		level, ok := ComfortNoiseLevel([]byte{byte(b), 0x55})
		require.True(t, ok)
		require.Equal(t, float64(b&0x7f), -level, "the top bit is no part of the level")
	}
	_, ok := ComfortNoiseLevel(nil)
	require.False(t, ok)
}
