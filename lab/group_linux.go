package lab

import (
	"os/exec"
	"runtime"
	"syscall"
)

// ownGroup makes the child the leader of its own process group, and asks the
// kernel to end it should the test program die without its cleanups.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// starters hands commands to one thread that never ends: the kernel's death
// signal is tied to the thread that forked, not to the whole program.
var starters = func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
}()

func startHere(cmd *exec.Cmd) error {
	result := make(chan error)
	starters <- func() { result <- cmd.Start() }
	return <-result
}
