package audio

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// silenceLimit is how long a running device may stay without a sign of life. The
// library tells nobody when a device is pulled out.
const silenceLimit = 500 * time.Millisecond

// Stream is an open microphone or speaker.
type Stream struct {
	Device Device
	Rate   int // samples per second

	kind   Kind
	handle handle
	ring   *Ring
	gauge  *gauge
	pace   pace
	began  time.Time
	last   atomic.Int64 // nanoseconds after began of the latest sign of life
	signs  atomic.Int64 // how many there were
	period atomic.Int64 // samples of the latest
	short  atomic.Uint64
	over   atomic.Uint64
	shut   sync.Once
	done   chan struct{}
}

// buffered is how much sound waits between us and the library at most.
const buffered = 400 * time.Millisecond

// Microphone opens a microphone; id "" is the system's choice. The error is a *Trouble.
func (s *System) Microphone(ctx context.Context, d Device, rate int) (*Stream, error) {
	return s.open(ctx, Microphones, d, rate)
}

// Speaker opens a speaker; id "" is the system's choice. The error is a *Trouble.
func (s *System) Speaker(ctx context.Context, d Device, rate int) (*Stream, error) {
	return s.open(ctx, Speakers, d, rate)
}

func (s *System) open(ctx context.Context, kind Kind, d Device, rate int) (*Stream, error) {
	st := &Stream{Device: d, Rate: rate, kind: kind, began: time.Now(), gauge: newGauge(rate), done: make(chan struct{})}
	st.pace.rate = float64(rate)
	st.ring = NewRing(int(buffered.Seconds() * float64(rate)))
	data := st.take
	if kind == Speakers {
		data = st.give
	}
	h, err := within(ctx, openLimit, func() (handle, error) {
		h, err := s.driver.open(kind, d.ID, rate, data)
		if err != nil {
			return nil, err
		}
		if err := h.start(); err != nil {
			h.close()
			return nil, err
		}
		return h, nil
	}, func(h handle) { h.close() })
	if err != nil {
		return nil, trouble(kind, d.Name, err)
	}
	st.handle = h
	if !st.awaken(ctx) {
		st.Close()
		return nil, &Trouble{Kind: kind, Device: d.Name, Reason: Hangs}
	}
	return st, nil
}

// awaken waits for the first sign of life.
func (s *Stream) awaken(ctx context.Context) bool {
	until := time.Now().Add(openLimit)
	for s.signs.Load() == 0 {
		if ctx.Err() != nil || time.Now().After(until) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// take hands over what a microphone gives, in the library's own thread.
func (s *Stream) take(frames []int16) {
	s.sign(len(frames))
	s.gauge.add(frames)
	if n := s.ring.Write(frames); n < len(frames) {
		s.over.Add(1) // nobody reads: what is new is less worth than an even flow
	}
}

// give fills what a speaker plays, in the library's own thread.
func (s *Stream) give(frames []int16) {
	s.sign(len(frames))
	n := s.ring.Read(frames)
	clear(frames[n:])
	if n < len(frames) {
		s.short.Add(1)
	}
	s.gauge.add(frames)
}

// sign notes a sign of life with so many samples.
func (s *Stream) sign(samples int) {
	at := time.Since(s.began)
	s.pace.add(at, samples)
	s.last.Store(int64(at))
	s.period.Store(int64(samples))
	s.signs.Add(1)
}

// Read takes what the microphone gave, as far as there is any; it never waits.
func (s *Stream) Read(p []int16) int { return s.ring.Read(p) }

// Write adds what the speaker is to play, as far as there is room; it never waits.
func (s *Stream) Write(p []int16) int { return s.ring.Write(p) }

// Waiting is how many samples wait to be read or played.
func (s *Stream) Waiting() int { return s.ring.Len() }

// Drop lets all but the latest n samples of a microphone go.
func (s *Stream) Drop(n int) int { return s.ring.Drop(n) }

// Levels measures what comes from the microphone or goes to the speaker.
func (s *Stream) Levels() Levels { return s.gauge.levels() }

// Starved counts how often the speaker had nothing to play, and Overrun how often
// nobody took what the microphone gave: both are heard as clicks.
func (s *Stream) Starved() uint64 { return s.short.Load() }

// Overrun: see Starved.
func (s *Stream) Overrun() uint64 { return s.over.Load() }

// Next is when the device may call again, as far as it keeps its beat: a period after it
// did last.
func (s *Stream) Next() time.Time {
	return s.Last().Add(time.Duration(s.period.Load()) * time.Second / time.Duration(s.Rate))
}

// Last is when the device called last.
func (s *Stream) Last() time.Time { return s.began.Add(time.Duration(s.last.Load())) }

// Skew is by how much the device's clock falls behind this computer's in a minute;
// negative: it runs ahead. over is how long it was watched, 0 where nothing is known.
func (s *Stream) Skew() (perMinute, over time.Duration) { return s.pace.skew() }

// Trouble tells that the device gives no sign of life any more; nil while it does.
// Sound systems fill a speaker's buffer when it opens and then let it rest for as
// long as that lasts: until it runs, it has more time.
func (s *Stream) Trouble() *Trouble {
	silent := time.Since(s.began) - time.Duration(s.last.Load())
	switch running := s.signs.Load() > 2; {
	case running && silent > silenceLimit:
		return &Trouble{Kind: s.kind, Device: s.Device.Name, Reason: Lost}
	case !running && silent > openLimit:
		return &Trouble{Kind: s.kind, Device: s.Device.Name, Reason: Hangs}
	}
	return nil
}

// Close lets the device go. It takes a second at most; a device that hangs is left alone.
func (s *Stream) Close() {
	s.shut.Do(func() {
		close(s.done)
		_, _ = within(context.Background(), closeLimit, func() (struct{}, error) { s.handle.close(); return struct{}{}, nil }, nil)
	})
}
