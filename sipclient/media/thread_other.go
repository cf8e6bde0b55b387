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

// sendEarly counts where the system's own waiting is used.
const sendEarly time.Duration = 0

// SleepUntil waits.
func SleepUntil(t time.Time) { sleepUntil(t, 0) }

func sleepUntil(t time.Time, _ time.Duration) { time.Sleep(time.Until(t)) }
