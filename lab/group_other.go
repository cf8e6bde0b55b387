//go:build !linux

package lab

import (
	"errors"
	"os/exec"
	"syscall"
)

// The peers of the lab are Linux programs; elsewhere nothing can be started.

func ownGroup() *syscall.SysProcAttr { return nil }

func ownSession() *syscall.SysProcAttr { return nil }

func startHere(*exec.Cmd) error { return errors.New("the lab runs on Linux only") }

func endGroup(int, bool) {}

func groupGone(int) bool { return true }
