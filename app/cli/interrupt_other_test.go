//go:build !unix

package cli

// stubborn is a program of the tests of signals, which are about Unix.
func stubborn() {}
