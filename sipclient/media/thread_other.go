//go:build !linux

package media

import (
	"runtime"
	"time"
)

// Steady gives the goroutine a thread of its own.
func Steady() (done func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// SleepUntil waits.
func SleepUntil(t time.Time) { sleepUntil(t, 0) }

// sleepUntil waits; elsewhere Go's timers are the system's own.
func sleepUntil(t time.Time, _ time.Duration) (late time.Duration) {
	time.Sleep(time.Until(t))
	return 0
}
