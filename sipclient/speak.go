package sipclient

import (
	"context"
	"errors"
	"time"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/codec"
)

// How a code is spoken: a pause before it, between its digits, and before it is said once
// more.
const (
	speakLead   = 500 * time.Millisecond
	speakPause  = 250 * time.Millisecond
	speakRepeat = 900 * time.Millisecond
)

// spokenCode is the sound of digits, said twice; nil where one of them is none.
func spokenCode(digits string) []int16 {
	pause := func(d time.Duration) []int16 { return make([]int16, int(d.Seconds()*codec.SampleRate)) }
	sound := pause(speakLead)
	for round := range 2 {
		for _, d := range digits {
			word, ok := codec.Decode("PCMU", assets.Digit(int(d-'0')), nil)
			if !ok || len(word) == 0 {
				return nil
			}
			sound = append(append(sound, word...), pause(speakPause)...)
		}
		if round == 0 {
			sound = append(sound, pause(speakRepeat)...)
		}
	}
	return sound
}

// recording plays a sound once, and then silence.
type recording struct {
	left []int16
	over chan struct{}
}

// Frame implements codec.Source.
func (r *recording) Frame(dst []int16) {
	n := copy(dst, r.left)
	clear(dst[n:])
	if r.left = r.left[n:]; n == 0 && r.over != nil {
		close(r.over)
		r.over = nil
	}
}

// Speak says digits to the other side, twice, in place of the test sound, and returns when
// they are through. The test sound then goes on anew, and so does the listening for it.
func (c *Call) Speak(ctx context.Context, digits string) error {
	sound := spokenCode(digits)
	m := c.line()
	if sound == nil || m == nil || c.State() != Answered {
		return errors.New("only digits can be spoken, once the call is answered")
	}
	c.mu.Lock()
	h := c.hearing
	c.mu.Unlock()
	over := make(chan struct{})
	voice := &recording{left: sound, over: over}
	if h == nil {
		m.Join(voice, nil)
		defer m.Join(nil, nil)
	} else {
		m.Join(voice, h.hear)
		defer func() {
			h.restart()
			m.Join(h, h.hear)
		}()
	}
	select {
	case <-over:
		return nil
	case <-c.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
