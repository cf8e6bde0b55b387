package media

import (
	"context"
	"errors"
	"strings"
	"time"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/codec"
)

// keypad lists the keys by their event numbers (RFC 4733 3.2).
const keypad = "0123456789*#ABCD"

const (
	keyTime   = 100 * time.Millisecond // how long a key sounds
	keyPause  = 100 * time.Millisecond // between two
	keyVolume = 10                     // dB below the reference (RFC 4733 2.3.3)
	keyLevel  = -13.0                  // dBFS of a key that is sent as sound
	keyEnds   = 3                      // how often the end is told (RFC 4733 2.5.1.4)
)

// Errors of digits.
var (
	// ErrNoEvents: the other side did not agree to telephone-event.
	ErrNoEvents = errors.New("the other side did not agree to digits as events (telephone-event): send them as sound or by INFO")
	// ErrQuiet: no sound flows from us, so no digit can.
	ErrQuiet = errors.New("no sound is sent in this call now (it is on hold, or not up): send the digits when it is")
	// ErrKeys: there is a character that no keypad has.
	ErrKeys = errors.New("digits are 0 to 9, *, # and A to D")
)

// typed are digits on their way. Line.sending guards it.
type typed struct {
	keys   []byte // event numbers; the first is being sent
	passed uint32 // timestamp units since the first packet of that one
	length uint16 // of its event, once it ended
	ends   int    // how often its end was told
	sound  codec.Source
	left   int // samples of sound
	done   chan error
}

// SendDigits sends keys (0 to 9, *, #, A to D), one after the other, and returns when the
// last one is out: as events by RFC 4733, or as sound in the call's codec. Our own sound
// pauses meanwhile. A key that has begun is ended properly when the context is done.
func (m *Line) SendDigits(ctx context.Context, digits string, asSound bool) error {
	t := &typed{done: make(chan error, 1)}
	for _, c := range strings.ToUpper(digits) {
		i := strings.IndexRune(keypad, c)
		if i < 0 {
			return ErrKeys
		}
		t.keys = append(t.keys, byte(i))
	}
	if len(t.keys) == 0 {
		return nil
	}
	if asSound {
		t.sound = codec.DTMF(digits, keyLevel, keyTime, keyPause)
		t.left = len(t.keys) * int((keyTime + keyPause).Milliseconds()) * codec.SampleRate / 1000
	}
	select {
	case m.typists <- struct{}{}:
		defer func() { <-m.typists }()
	case <-ctx.Done():
		return ctx.Err()
	case <-m.halt:
		return ErrQuiet
	}
	if err := m.begin(t, asSound); err != nil {
		return err
	}
	select {
	case err := <-t.done:
		return err
	case <-m.halt:
		return ErrQuiet
	case <-m.cfg.Done:
		return ErrQuiet
	case <-ctx.Done():
	}
	m.sending.Lock()
	t.keys, t.left = t.keys[:min(1, len(t.keys))], 0
	m.sending.Unlock()
	select {
	case <-t.done:
	case <-m.halt:
	case <-m.cfg.Done:
	}
	return ctx.Err()
}

func (m *Line) begin(t *typed, asSound bool) error {
	f := m.flow()
	switch {
	case !f.heard || !m.isTalking():
		return ErrQuiet
	case !asSound && f.event.Name == "":
		return ErrNoEvents
	}
	m.sending.Lock()
	defer m.sending.Unlock()
	m.out.typing = t
	return nil
}

// frame sends the next piece of the digits in place of our sound. It is false when they
// are over and nothing was sent.
func (t *typed) frame(o *output, f flow) bool {
	switch {
	case !f.heard, t.sound == nil && f.event.Name == "":
		t.end(o, ErrQuiet)
		return false
	case t.sound != nil && t.left <= 0, len(t.keys) == 0:
		t.end(o, nil)
		return false
	case t.sound != nil:
		o.pcm = append(o.pcm[:0], make([]int16, f.samples())...)
		t.sound.Frame(o.pcm)
		t.left -= len(o.pcm)
		o.send(f)
		return true
	}
	first := t.passed == 0
	t.passed += f.samples()
	const length, all = uint32(keyTime / time.Millisecond * clockRate / 1000), uint32((keyTime + keyPause) / time.Millisecond * clockRate / 1000)
	switch {
	case t.passed < length:
		t.event(o, f, uint16(t.passed), first, false)
	case t.ends < keyEnds:
		if t.ends == 0 {
			t.length = uint16(min(t.passed, 65535))
		}
		t.ends++
		t.event(o, f, t.length, first, true)
	}
	if t.ends == keyEnds && t.passed >= all {
		t.next(o)
	}
	return true
}

// event sends one packet. Its timestamp is that of the event's beginning; the duration
// grows (RFC 4733 2.5.1.2).
func (t *typed) event(o *output, f flow, duration uint16, first, end bool) {
	payload := diago.DTMFEncode(diago.DTMFEvent{Event: t.keys[0], EndOfEvent: end, Volume: keyVolume, Duration: duration})
	_, _ = o.writer.WriteSamples(payload, 0, first, f.event.PayloadType)
}

// next goes on to the next key: the time of this one passes in the timestamps.
func (t *typed) next(o *output) {
	o.writer.DelayTimestamp(t.passed)
	t.keys, t.passed, t.ends = t.keys[1:], 0, 0
	if len(t.keys) == 0 {
		t.end(o, nil)
	}
}

func (t *typed) end(o *output, err error) {
	o.writer.DelayTimestamp(t.passed)
	t.passed = 0
	o.typing, o.fresh = nil, true
	t.done <- err
}
