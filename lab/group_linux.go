package lab

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// ownGroup makes the child the leader of its own process group, and asks the
// kernel to end it should the test program die without its cleanups.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// ownSession takes the child out of our session, so that neither Ctrl-C nor the end of the
// test program reaches it.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// starter gives the one thread that starts commands, which begins with the first
// of them and never ends: the kernel's death signal is tied to the thread that
// forked, not to the whole program.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func startHere(cmd *exec.Cmd) error {
	result := make(chan error)
	starter() <- func() { result <- cmd.Start() }
	return <-result
}

// endGroup asks every process of a group to end, or ends it.
func endGroup(id int, force bool) {
	signal := syscall.SIGTERM
	if force {
		signal = syscall.SIGKILL
	}
	_ = syscall.Kill(-id, signal) // nobody there: what was wanted
}

// groupGone tells whether no process of a group is left.
func groupGone(id int) bool { return errors.Is(syscall.Kill(-id, 0), syscall.ESRCH) }
