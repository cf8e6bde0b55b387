package codec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEndsOfTheTables holds the encoders to the ends and the middle of the tables
// in ITU-T G.711, and to its order: a louder sample never gets a quieter code.
func TestEndsOfTheTables(t *testing.T) {
	encode := func(x int) (mu, a byte) {
		s := []int16{int16(x)}
		return EncodeMuLaw(nil, s)[0], EncodeALaw(nil, s)[0]
	}
	for x, want := range map[int][2]byte{0: {0xff, 0xd5}, 32767: {0x80, 0xaa}, -32768: {0x00, 0x2a}, 8: {0xfe, 0xd5}, -1000: {0x4e, 0x7a}} {
		mu, a := encode(x)
		require.Equal(t, want, [2]byte{mu, a}, "%d", x)
	}
	lastMu, lastA := -1, -1
	for x := range 32768 {
		mu, a := encode(x)
		m, al := int(^mu&0x7f), int(a^0xd5)
		require.GreaterOrEqual(t, m, lastMu, "mu-law at %d", x)
		require.GreaterOrEqual(t, al, lastA, "A-law at %d", x)
		lastMu, lastA = m, al
	}
	require.Equal(t, []int{127, 127}, []int{lastMu, lastA})
}
