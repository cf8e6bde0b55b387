//go:build !linux

package cli

// LargePages is for Linux only.
func LargePages(int) {}
