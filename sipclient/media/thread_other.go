//go:build !linux

package media

import (
	"runtime"
	"time"
)

// steady gives the goroutine a thread of its own.
func steady() (done func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

func sleepUntil(t time.Time) { time.Sleep(time.Until(t)) }
