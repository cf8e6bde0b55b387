package media

import (
	"sync/atomic"
	"time"
)

// pacing is how many lines of this program send now.
var pacing atomic.Int32

// How a line waits. One that is alone waits with Go until sendEarly before its time, which
// leaves Go's processors to sleep. Where several send (a flood of calls is answered), or
// where Go's timers have been later than timersLate in the last whollyFor, because other
// work fills the processors, it waits wholly in the system: others measure the times at
// which packets leave.
const (
	sendEarly  = 6 * time.Millisecond
	timersLate = 4 * time.Millisecond
	whollyFor  = 3 * time.Second
)

// waiting is how one line waits.
type waiting struct{ wholly time.Time } // until when

func (w *waiting) until(t time.Time) {
	early := sendEarly
	if pacing.Load() > 1 || time.Now().Before(w.wholly) {
		early = whollyFor
	}
	if late := sleepUntil(t, early); late > timersLate {
		w.wholly = time.Now().Add(whollyFor)
	}
}

// mostBehind is how many frames late are still made up for by sending them at once. After
// a longer stall (the computer slept) the rest is left out: a burst helps nobody.
const mostBehind = 3

// pace sends frames by a fixed schedule until the line stops, or at most n of them,
// which end when talking begins. It has a thread of its own, which the system wakes in
// time also when the computer is busy.
func (m *Line) pace(n int) {
	defer Steady()()
	defer calm()()
	pacing.Add(1)
	defer pacing.Add(-1)
	var wait waiting
	next := m.resume()
	for ; n != 0; n-- {
		wait.until(next)
		if m.stopped() {
			return
		}
		step, goOn := m.frame(n > 0, next)
		if !goOn {
			return
		}
		next = next.Add(step + m.slip())
		if behind := time.Since(next); behind > mostBehind*step {
			missed := behind / step
			next = next.Add(missed * step)
			m.pass(missed * step)
		}
	}
}

// resume gives the time of the first frame. Between the packets at early media
// and the answer seconds may pass, and they pass in the timestamps, too (RFC 3550
// 5.1): else the other side would take the pause for jitter.
func (m *Line) resume() time.Time {
	now := time.Now()
	m.sending.Lock()
	due := m.out.due
	m.sending.Unlock()
	if due.IsZero() {
		return now
	}
	if passed := now.Sub(due).Truncate(usualTime); passed > 0 {
		m.pass(passed)
		due = due.Add(passed)
	}
	return due
}

// pass lets time go by without sound.
func (m *Line) pass(d time.Duration) {
	m.sending.Lock()
	defer m.sending.Unlock()
	m.out.skip(uint32(d.Milliseconds() * clockRate / 1000))
}
