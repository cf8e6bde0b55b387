//go:build linux

package media

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Steady gives the goroutine a thread of its own, before all others where the system
// allows that: in real time (sched(7)), else with a better rank. It often allows
// neither, and then the thread stands in line as any. The thread ends with the
// goroutine: its rank must not pass on to others.
func Steady() (done func()) {
	runtime.LockOSThread()
	rank := struct{ priority int32 }{1}
	_, _, failed := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(unix.Gettid()), schedRR|schedResetOnFork, uintptr(unsafe.Pointer(&rank)))
	if failed != 0 {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -15)
	}
	return func() {}
}

// Of sched.h. A thread that Go starts from ours begins as an ordinary one.
const (
	schedRR          = 2
	schedResetOnFork = 0x40000000
)

// sleepEarly is how long before its time SleepUntil asks the system to wait, which is more
// than Go's own timers are late.
const sleepEarly = 2 * time.Millisecond

// SleepUntil waits: with Go's scheduler first, and then in the system, which wakes a thread
// in time whatever Go does. A thread that waits in the system for long holds a processor of
// Go's, and as long as one is held, the scheduler looks after it up to 50,000 times a
// second: that cost more than the sound.
func SleepUntil(t time.Time) { sleepUntil(t, sleepEarly) }

// sleepUntil is SleepUntil, and tells how late Go's scheduler was.
func sleepUntil(t time.Time, early time.Duration) (late time.Duration) {
	for {
		left := time.Until(t)
		switch {
		case left <= 0:
			return late
		case left > 3*early/2:
			time.Sleep(left - early)
			late = early - time.Until(t)
			continue
		}
		spec := unix.NsecToTimespec(int64(left))
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &spec, nil); err != nil && err != unix.EINTR {
			time.Sleep(time.Until(t))
			return late
		}
	}
}
