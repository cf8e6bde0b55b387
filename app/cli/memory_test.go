package cli

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWithinBudget(t *testing.T) {
	percent := debug.SetGCPercent(100)
	defer debug.SetGCPercent(percent)
	limit := func() int64 { return debug.SetMemoryLimit(-1) }

	restore := withinBudget()
	require.EqualValues(t, memoryBudget, limit())
	// What is really needed is had twice, almost.
	needed := make([]byte, 3*memoryBudget)
	require.Eventually(t, func() bool { runtime.GC(); return limit() > 4*memoryBudget }, 5*time.Second, time.Millisecond)
	runtime.KeepAlive(needed)
	restore()
	require.EqualValues(t, math.MaxInt64, limit())
	require.Equal(t, 100, debug.SetGCPercent(100))
	for range 3 {
		runtime.GC()
	}
	time.Sleep(10 * time.Millisecond)
	require.EqualValues(t, math.MaxInt64, limit())

	// A limit from outside counts.
	debug.SetMemoryLimit(1 << 40)
	defer debug.SetMemoryLimit(math.MaxInt64)
	restore = withinBudget()
	require.EqualValues(t, 1<<40, limit())
	require.Equal(t, 100, debug.SetGCPercent(100))
	restore()
}
