//go:build unix

package cli

import (
	"os"
	"syscall"
)

// happenedSignals say that it just happened.
var happenedSignals = []os.Signal{syscall.SIGUSR1}
