package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody answers from a pipe, a file or the null device, which is a character
// device like a terminal.
func TestIsTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	require.False(t, isTerminal(r))

	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null))

	if tty, err := os.Open("/dev/ptmx"); err == nil {
		defer tty.Close()
		require.True(t, isTerminal(tty))
	}
}
