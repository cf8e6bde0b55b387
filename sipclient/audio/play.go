package audio

import (
	"context"
	"math"
	"time"
)

// Play plays samples and returns when they have been handed to the sound system, or
// the context or the device has ended. It tells whether all of them were.
func (s *Stream) Play(ctx context.Context, samples []int16) bool {
	for len(samples) > 0 || s.Waiting() > 0 {
		if ctx.Err() != nil || s.Trouble() != nil {
			return false
		}
		samples = samples[s.Write(samples):]
		t := time.NewTimer(10 * time.Millisecond)
		select {
		case <-ctx.Done():
		case <-s.done:
			t.Stop()
			return false
		case <-t.C:
		}
		t.Stop()
	}
	return true
}

// TestTone is a second and a half of two soft notes, at a rate in samples per second.
// They swell and fade, so that nothing clicks.
func TestTone(rate int) []int16 {
	const (
		note  = 0.6   // seconds
		pause = 0.15  // seconds
		loud  = 0.125 // of full scale: -18 dB, as loud as speech
		fade  = 0.05  // seconds
	)
	var p []int16
	for _, hz := range []float64{660, 880} {
		for i := range int(note * float64(rate)) {
			at := float64(i) / float64(rate)
			swell := min(1, at/fade, (note-at)/fade)
			p = append(p, int16(32767*loud*swell*math.Sin(2*math.Pi*hz*at)))
		}
		p = append(p, make([]int16, int(pause*float64(rate)))...)
	}
	return p
}
