package session

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile makes and opens a file that nobody else can open, at once or not at all.
// The system closes it when the process ends, in whatever way.
func lockFile(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const shared = 0 // with nobody
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, shared, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// unlockFile gives the lock up and deletes its file.
func unlockFile(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}
