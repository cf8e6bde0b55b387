//go:build linux

package media

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// steady gives the goroutine a thread of its own, before others where the system allows
// that (it often does not, and then the thread stands in line as any). The thread ends
// with the goroutine: its rank must not pass on to others.
func steady() (done func()) {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -15)
	return func() {}
}

// sleepUntil waits in the system and not in Go's scheduler, whose timers are late when
// all its processors are busy.
func sleepUntil(t time.Time) {
	for {
		left := time.Until(t)
		if left <= 0 {
			return
		}
		spec := unix.NsecToTimespec(int64(left))
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &spec, nil); err != nil && err != unix.EINTR {
			time.Sleep(time.Until(t))
			return
		}
	}
}
