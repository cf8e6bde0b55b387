//go:build !nogui

package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// arena is the room in which Go's heap begins, whole and aligned, on 64-bit Linux.
const arena = 64 << 20

// takeMemoryInLargePieces asks the system for memory in pieces of 2 MB where the heap
// grows: until its first frame a window touches thousands of pages of 4 kB, and the
// system is called for each of them. It is advice: a system may know nothing of it.
func takeMemoryInLargePieces() {
	if unsafe.Sizeof(uintptr(0)) < 8 {
		return
	}
	at := uintptr(unsafe.Pointer(new([64]byte))) &^ (arena - 1)
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, at, arena, unix.MADV_HUGEPAGE)
}
