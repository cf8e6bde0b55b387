package codec

import (
	"math"
	"time"
)

// EchoTest is what three Listeners can say about echo. The signal that goes over
// the line and the one that the speaker plays have seeds of their own, so that
// each is known wherever it turns up.
type EchoTest struct {
	// Line is what became of the signal that was sent over the line, in the sound
	// that came from there.
	Line Heard
	// Asked tells that the other side is an echo service: the strongest return is
	// what it was called for.
	Asked bool
	// Loop is what became of the signal that the speaker played, at the microphone.
	// Its zero value: not measured.
	Loop Heard
	// Around is the same signal in the sound that came from the line: it went from
	// the speaker to the microphone, over the line, and back by the echo service.
	Around Heard
}

// Echoes says where echo is made. An echo is heard by the side that does not make
// it.
type Echoes struct {
	// Far is what the other side, or the network, sends back of our sound unasked:
	// the loudest way. We hear ourselves.
	Far Return
	// Near is what our microphone picks up of our speaker. The others hear
	// themselves.
	Near Return
	// FarFound and NearFound tell whether there is any, FarKnown and NearKnown
	// whether it was listened for long enough to say so.
	FarFound, FarKnown, NearFound, NearKnown bool
}

const (
	// EchoTooSoon is the delay below which what returns is no echo: a person does not
	// hear it apart from the own voice (ITU-T G.131: control is needed above 25 ms).
	EchoTooSoon = 25 * time.Millisecond
	// loopOff is how far the way round through our own speaker and microphone may lie
	// from the sum of its parts, in time and in dB.
	loopOff, loopOffDB = 10 * time.Millisecond, 8.0
)

// Judge tells which side makes an echo.
//
// Where an echo service answers, our own loop makes an echo as well: its answer
// leaves the speaker, enters the microphone, and is answered once more. That one
// comes later than the answer by the answer's delay and the loop's, and is as much
// weaker as both together; it is told apart by that and is no fault of the other
// side.
func (t EchoTest) Judge() (e Echoes) {
	e.NearKnown = t.Loop.Found || t.Loop.Enough || t.Around.Found
	switch {
	case t.Loop.Found:
		e.Near, e.NearFound = t.Loop.Return, true
	case t.Around.Found && t.Asked && t.Line.Found:
		// What the microphone gave was not listened to; what came back was.
		e.NearFound = true
		e.Near = Return{max(0, t.Around.Return.Delay-t.Line.Return.Delay), t.Around.Return.Gain - t.Line.Return.Gain}
	}
	unasked := t.Line.Echoes
	if !t.Asked && t.Line.Found {
		unasked = append([]Return{t.Line.Return}, unasked...)
	}
	for _, r := range unasked {
		if r.Delay < EchoTooSoon || t.Asked && e.NearFound && t.rounds(r, e.Near) {
			continue
		}
		if !e.FarFound || r.Gain > e.Far.Gain {
			e.Far, e.FarFound = r, true
		}
	}
	e.FarKnown = e.FarFound || t.Line.Enough
	return e
}

// rounds tells whether a return went round through our own loop, once or more.
func (t EchoTest) rounds(r, loop Return) bool {
	asked := t.Line.Return
	at, gain := asked.Delay, asked.Gain
	for range 3 {
		at += loop.Delay + asked.Delay
		gain += loop.Gain + asked.Gain
		if (r.Delay-at).Abs() <= loopOff && math.Abs(r.Gain-gain) <= loopOffDB {
			return true
		}
	}
	return false
}
