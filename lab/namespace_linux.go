package lab

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// namespacesDir is where ip netns keeps its namespaces.
const namespacesDir = "/run/netns"

// insideNamespace runs something on a thread of its own that is in a network
// namespace. The thread ends with it, so that no other goroutine ever finds itself
// there. The main thread does not end, so it is left alone.
func insideNamespace(name string, f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			result <- insideNamespace(name, f) // by another goroutine, so on another thread
			runtime.UnlockOSThread()
			return
		}
		result <- enter(name, f)
		// Still locked: the thread ends here.
	}()
	return <-result
}

func enter(name string, f func() error) error {
	ns, err := os.Open(namespacesDir + "/" + name)
	if err != nil {
		return err
	}
	err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
	ns.Close()
	if err != nil {
		return fmt.Errorf("cannot enter the namespace %s: %w", name, err)
	}
	return f()
}
