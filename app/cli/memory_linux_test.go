package cli

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLargePages: the system has it noted for as much memory as was asked for.
func TestLargePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		return // this system has no such pages: it is advice
	}
	largePages(memoryLarge)
	require.GreaterOrEqual(t, inLargePages(t), memoryLarge>>10)
}

// inLargePages is how many kB of this program's memory may lie in them (proc_pid_smaps(5)).
func inLargePages(t *testing.T) (kB int) {
	b, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	size := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch {
		case f[0] == "Size:":
			size, err = strconv.Atoi(f[1])
			require.NoError(t, err)
		case f[0] == "VmFlags:" && strings.Contains(line, " hg"):
			kB += size
		}
	}
	return kB
}
