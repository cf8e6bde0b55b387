package playout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpread(t *testing.T) {
	const ms = time.Millisecond
	var s Spread
	require.Equal(t, firstDelay, s.Target(), "nothing is known yet")
	for range 100 {
		s.Add(2 * ms)
	}
	require.Equal(t, LeastDelay, s.Target())
	for n := range 1000 {
		s.Add(time.Duration(n%50) * ms)
	}
	require.Equal(t, 50*ms, s.Target(), "99 of 100 come within that")
	s.Shift(-30 * ms)
	require.Equal(t, 80*ms, s.Target())
	s.Shift(30 * ms)
	require.Equal(t, 50*ms, s.Target())
	s.Shift(time.Hour)
	require.Equal(t, LeastDelay, s.Target())
	s.Shift(-time.Hour)
	require.Equal(t, MostDelay, s.Target())
	for range 3000 {
		s.Add(0)
	}
	require.Equal(t, LeastDelay, s.Target(), "it forgets")
	for range 200_000 {
		s.Add(time.Hour)
	}
	require.Equal(t, MostDelay, s.Target())
	require.Less(t, s.total, float32(1e9), "weights stay within bounds")
}

func TestPace(t *testing.T) {
	var p Pace
	for range 100 {
		require.False(t, p.Add(0))
	}
	require.InDelta(t, LeastDelay.Seconds(), p.Delay(), 1e-9)
	require.True(t, p.Add(0.07), "it was not waited for")
	require.Greater(t, p.Delay(), 0.065, "and is from then on")
	require.False(t, p.Add(0.06))
	for range 2000 {
		p.Add(0)
	}
	require.InDelta(t, LeastDelay.Seconds(), p.Delay(), 1e-9)
	// 5 % come 50 ms late: after a while all of them are waited for.
	late := 0
	for n := range 2000 {
		if p.Add(float64(n%20/19)*0.05) && n > 500 {
			late++
		}
	}
	require.Zero(t, late)
}
