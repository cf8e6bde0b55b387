package audio

import (
	"context"
	"sync"
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
	box    *mailbox
	began  time.Time
	shut   sync.Once
	done   chan struct{}

	mu     sync.Mutex
	read   uint64 // samples that we took from a microphone
	looked uint64 // calls of the library that have been looked at
	gauged uint64 // position of the sound up to which it was measured
	gauge  gauge
	pace   pace
	last   time.Duration // after began, of the latest call
	period int           // its samples
	short  uint64
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
	st := newStream(kind, d, rate)
	h, err := within(ctx, openLimit, func() (handle, error) {
		h, err := s.driver.open(kind, d.ID, rate, st.box)
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

func newStream(kind Kind, d Device, rate int) *Stream {
	return &Stream{Device: d, Rate: rate, kind: kind, box: newMailbox(kind), began: time.Now(),
		gauge: newGauge(rate), pace: pace{rate: float64(rate)}, done: make(chan struct{})}
}

// awaken waits for the first sign of life.
func (s *Stream) awaken(ctx context.Context) bool {
	until := time.Now().Add(openLimit)
	for s.box.called.Load() == 0 {
		if ctx.Err() != nil || time.Now().After(until) {
			return false
		}
		time.Sleep(5 * time.Millisecond)
	}
	return true
}

// look catches up with what the library did since the last look; s.mu is held.
func (s *Stream) look() {
	called := s.box.called.Load()
	if called-s.looked > boxCalls/2 {
		s.looked = called - boxCalls/4 // nobody looked for seconds
	}
	for ; s.looked < called; s.looked++ {
		c := s.box.calls[s.looked%boxCalls]
		s.last, s.period = time.Duration(c.at)-s.began.Sub(epoch), int(c.frames)
		s.pace.add(s.last, int(c.frames))
		if c.lacking > 0 {
			s.short++
		}
		there := uint64(c.frames - c.lacking)
		s.gauge.miss(c.upto - there - s.gauged)
		if s.passed()-c.upto > boxSamples/2 {
			s.gauge.miss(there)
		} else {
			first, second := s.box.stretch(c.upto-there, there)
			s.gauge.add(first)
			s.gauge.add(second)
		}
		s.gauge.silence(int(c.lacking))
		s.gauged = c.upto
	}
}

// passed is how many samples the library gave (microphone) or took (speaker).
func (s *Stream) passed() uint64 {
	if s.kind == Speakers {
		return s.box.taken.Load()
	}
	return s.box.written.Load()
}

// Read takes what the microphone gave, as far as there is any; it never waits. What nobody
// took in time is left out.
func (s *Stream) Read(p []int16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(p), s.waiting())
	s.box.copyOut(p[:n], s.read)
	s.read += uint64(n)
	return n
}

// waiting looks, and tells how many samples wait to be read or played; s.mu is held.
func (s *Stream) waiting() int {
	s.look()
	if s.kind == Speakers {
		taken := s.box.taken.Load() // first: it only grows, so that the difference is never negative
		return int(s.box.written.Load() - taken)
	}
	written := s.box.written.Load()
	if most := s.most(); written-s.read > most {
		s.read = written - most
	}
	return int(written - s.read)
}

// most is how many samples may wait: less than the mailbox holds, at any rate.
func (s *Stream) most() uint64 {
	return min(boxSamples/2, uint64(buffered.Seconds()*float64(s.Rate)))
}

// Write adds what the speaker is to play, as far as there is room; it never waits.
func (s *Stream) Write(p []int16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(p), max(0, int(s.most())-s.waiting()))
	at := s.box.written.Load()
	s.box.copyIn(p[:n], at)
	s.box.written.Store(at + uint64(n))
	return n
}

// Waiting is how many samples wait to be read or played.
func (s *Stream) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting()
}

// Drop lets all but the latest n samples of a microphone go.
func (s *Stream) Drop(n int) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if over := s.waiting() - n; over > 0 {
		s.read += uint64(over)
		return over
	}
	return 0
}

// Levels measures what comes from the microphone or goes to the speaker.
func (s *Stream) Levels() Levels {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.gauge.levels()
}

// Starved counts how often the speaker had nothing to play: each time is heard as a click.
func (s *Stream) Starved() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.short
}

// Next is when the device may call again, as far as it keeps its beat: a period after it
// did last.
func (s *Stream) Next() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.began.Add(s.last + time.Duration(s.period)*time.Second/time.Duration(s.Rate))
}

// Last is when the device called last.
func (s *Stream) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.began.Add(s.last)
}

// Skew is by how much the device's clock falls behind this computer's in a minute;
// negative: it runs ahead. over is how long it was watched, 0 where nothing is known.
func (s *Stream) Skew() (perMinute, over time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.pace.skew()
}

// Trouble tells that the device gives no sign of life any more; nil while it does.
// Sound systems fill a speaker's buffer when it opens and then let it rest for as
// long as that lasts: until it runs, it has more time.
func (s *Stream) Trouble() *Trouble {
	s.mu.Lock()
	s.look()
	silent, running := time.Since(s.began)-s.last, s.looked > 2
	s.mu.Unlock()
	switch {
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
