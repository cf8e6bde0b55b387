package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mixed adds sounds.
func mixed(sounds ...[]int16) []int16 {
	out := make([]int16, len(sounds[0]))
	for i := range out {
		sum := 0.0
		for _, s := range sounds {
			sum += float64(s[i])
		}
		out[i] = clamp(sum)
	}
	return out
}

// late gives a sound some milliseconds later, with a gain in dB.
func late(samples []int16, ms, db float64) []int16 {
	c := channel{codec: "PCMA", delay: ms, gain: db}
	return c.through(samples)
}

// TestRightSideIsBlamed plays calls in which the far side, the own loop, both or
// none make an echo.
func TestRightSideIsBlamed(t *testing.T) {
	const runs = 60 / raceFactor
	complaints := inParallel(runs, func(run int, random *rand.Rand) string {
		const seconds = 7
		asked, far, near := run%2 == 0, run/2%2 == 0, run/4%2 == 0
		line, room := play(NewProbe(uint64(run)), seconds*SampleRate), play(NewProbe(uint64(run)+1000), seconds*SampleRate)
		farAt, farBy := 80+600*random.Float64(), -10-18*random.Float64()
		loopAt, loopBy := 5+80*random.Float64(), -8-17*random.Float64()
		there := 60 + 200*random.Float64()
		if math.Abs(farAt-there) < 60 {
			there = farAt + 60
		}
		if math.Abs(farAt-2*there-loopAt) < 40 {
			farAt += 80
		}

		// What comes from the line goes to the speaker together with the room's signal,
		// and by the loop back into what is sent.
		hiss := play(Noise(-65, uint64(run)), len(line))
		came, spoken := make([]int16, len(line)), make([]int16, len(line))
		microphone := hiss
		for range 3 { // each pass adds one more round
			out := line
			if near {
				microphone = mixed(late(spoken, loopAt, loopBy), hiss)
				out = mixed(line, microphone)
			}
			came = hiss
			if asked {
				came = mixed(came, late(out, there, -1))
			}
			if far {
				came = mixed(came, late(out, farAt, farBy))
			}
			spoken = mixed(came, room)
		}
		test := EchoTest{
			Line: listen(NewListener(uint64(run), 0), came), Asked: asked,
			Loop:   listen(NewListener(uint64(run)+1000, 0), microphone),
			Around: listen(NewListener(uint64(run)+1000, 0), came),
		}
		e := test.Judge()
		ok := e.FarKnown && e.NearKnown && e.FarFound == far && e.NearFound == near
		if far {
			ok = ok && math.Abs(milliseconds(e.Far.Delay)-farAt) < 5 && math.Abs(e.Far.Gain-farBy) < 3
		}
		if near {
			ok = ok && math.Abs(milliseconds(e.Near.Delay)-loopAt) < 5 && math.Abs(e.Near.Gain-loopBy) < 3
		}
		if !ok {
			return fmt.Sprintf("asked %v (%.0f ms); far %v: %.0f ms %.0f dB; near %v: %.0f ms %.0f dB; judged %+v of %+v", asked, there, far, farAt, farBy, near, loopAt, loopBy, e, test)
		}
		return ""
	})
	t.Logf("right in %d of %d runs", runs-len(complaints), runs)
	require.LessOrEqual(t, len(complaints), runs/60, "%v", complaints)
}

func TestEchoWithoutMeasurement(t *testing.T) {
	e := EchoTest{}.Judge()
	require.Equal(t, Echoes{}, e, "nothing is known")
	e = EchoTest{Line: Heard{Enough: true}, Loop: Heard{Enough: true}}.Judge()
	require.Equal(t, Echoes{FarKnown: true, NearKnown: true}, e, "none is there")
	e = EchoTest{Line: Heard{Found: true, Return: Return{Delay: 8 * time.Millisecond, Gain: -20}}}.Judge()
	require.False(t, e.FarFound, "one's own voice hides it")
	// The loop was not listened to, but its sound came back by the echo service.
	e = EchoTest{
		Asked: true, Line: Heard{Found: true, Enough: true, Return: Return{100 * time.Millisecond, -2}},
		Around: Heard{Found: true, Return: Return{130 * time.Millisecond, -17}},
	}.Judge()
	require.Equal(t, Echoes{FarKnown: true, NearKnown: true, NearFound: true, Near: Return{30 * time.Millisecond, -15}}, e)
}
