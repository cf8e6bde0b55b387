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

// SleepUntil waits in the system and not in Go's scheduler, whose timers are late when
// all its processors are busy.
func SleepUntil(t time.Time) {
	for {
		left := time.Until(t)
		if left <= 0 {
			return
		}
		spec := unix.NsecToTimespec(int64(left))
		if err := nanosleep(&spec); err != 0 && err != unix.EINTR {
			time.Sleep(time.Until(t))
			return
		}
	}
}

// nanosleep waits in the system, and gives Go's processor away at once. An ordinary system
// call keeps it until the runtime takes it, for which it looks every 20 µs and up to 10 ms
// long: for each packet that would be 60 looks, which cost twice what the packet does.
//
//go:nosplit
func nanosleep(spec *unix.Timespec) unix.Errno {
	entersyscallblock()
	_, _, err := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(spec)), 0, 0, 0)
	exitsyscall()
	return err
}

// The runtime keeps both for programs that wait in system calls of their own
// (go.dev/issue/67401).
//
//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()
