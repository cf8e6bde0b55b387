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
func SleepUntil(t time.Time) { time.Sleep(time.Until(t)) }
