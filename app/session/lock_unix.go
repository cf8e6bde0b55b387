//go:build !windows

package session

import (
	"os"
	"syscall"
)

// lockFile makes and locks a file at once or not at all. The system gives the lock up
// when the process ends, in whatever way.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unlockFile deletes a locked file and gives the lock up.
func unlockFile(f *os.File) {
	_ = os.Remove(f.Name())
	_ = f.Close()
}
