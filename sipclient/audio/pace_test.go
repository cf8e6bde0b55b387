package audio

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// paced lets a device run whose clock is off by so many parts in a million, whose
// callbacks come up to so late, and that hangs once for so long.
func paced(ppm float64, late, hangs time.Duration, long time.Duration) *pace {
	p := &pace{rate: 16000}
	random := rand.New(rand.NewPCG(uint64(ppm+5000), 2))
	for n := 1; ; n++ {
		sounds := time.Duration(float64(n) * float64(10*time.Millisecond) / (1 + ppm*1e-6))
		if sounds > long {
			return p
		}
		if sounds > long/2 {
			sounds += hangs
		}
		p.add(sounds+time.Duration(random.Int64N(int64(late)+1)), 160)
	}
}

// TestPace: a device's clock is measured in spite of callbacks that come as they like, and
// nothing is said where it is not known.
func TestPace(t *testing.T) {
	for _, ppm := range []float64{0, 50, -200, 1000, -4000, 9000} {
		skew, over := paced(ppm, 15*time.Millisecond, 0, 30*time.Second).skew()
		require.NotZero(t, over)
		require.InDelta(t, -ppm*60e-6, skew.Seconds(), 0.018, "%v ppm", ppm)
	}
	_, over := paced(0, 10*time.Millisecond, 0, 14*time.Second).skew()
	require.Zero(t, over, "too short")
	// A device that loses samples now and then, each time other ones, has no clock that
	// could be told.
	p := &pace{rate: 16000}
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 3000; n++ {
		if random.IntN(60) > 0 {
			p.add(time.Duration(n)*10*time.Millisecond, 160)
		}
	}
	_, over = p.skew()
	require.Zero(t, over, "samples were lost")
	// What was lost while the device hung is no clock.
	skew, over := paced(100, 10*time.Millisecond, time.Second, 40*time.Second).skew()
	require.NotZero(t, over)
	require.InDelta(t, -0.006, skew.Seconds(), 0.018)
}

// TestPaceInPeriods: a sound server hands over whole periods only, so that a clock that is
// off shows in leaps, which come twice in a window here. When they come changes nothing.
func TestPaceInPeriods(t *testing.T) {
	for _, ppm := range []float64{-9000, -5000, 0, 5000, 9000} {
		for phase := range 20 {
			random := rand.New(rand.NewPCG(uint64(phase), 3))
			p, given := &pace{rate: 16000}, 0.0
			for n := 1; n < 2400; n++ {
				at := time.Duration(n) * 10 * time.Millisecond
				for given = given + 160*(1+ppm*1e-6); given >= 160; given -= 160 {
					p.add(at+time.Duration(phase)*97*time.Millisecond+time.Duration(random.Int64N(int64(3*time.Millisecond))), 160)
				}
			}
			skew, over := p.skew()
			require.NotZero(t, over, "%v ppm", ppm)
			require.InDelta(t, -ppm*60e-6, skew.Seconds(), 0.018, "%v ppm, phase %d", ppm, phase)
		}
	}
}

// TestPaceTakesNoMemory: it works in the library's own thread.
func TestPaceTakesNoMemory(t *testing.T) {
	p, at := &pace{rate: 16000}, time.Duration(0)
	require.Zero(t, testing.AllocsPerRun(5000, func() {
		at += 10 * time.Millisecond
		p.add(at, 160)
	}))
}
