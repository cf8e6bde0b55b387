//go:build !linux

package cli

// largePages is for Linux only.
func largePages(int) {}
