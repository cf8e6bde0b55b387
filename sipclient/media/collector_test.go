package media

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// The collector stays away while a line sends, comes back when memory grows, and is as
// it was when the last line has ended.
func TestTheCollectorIsCalmWhileALineSends(t *testing.T) {
	before, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer debug.SetGCPercent(before)
	first, second := calm(), calm()
	if got := collected(20 << 20); got != 0 {
		t.Errorf("%d collections over 20 MB while sound is sent", got)
	}
	if got := collected(6 * breathing); got == 0 || got > 40 {
		t.Errorf("%d collections over %d MB: memory must stay bounded, without collecting all the time", got, 6*breathing>>20)
	}
	first()
	first() // twice is once
	if got := debug.SetGCPercent(-1); got != -1 {
		t.Errorf("the collector is back at %d while a line still sends", got)
	}
	second()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("the collector is left at %d", got)
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("the memory limit is left at %d, was %d", got, limit)
	}
}

var litter []byte

// collected tells how often the collector ran while so many bytes were thrown away.
func collected(bytes int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range bytes >> 20 {
		litter = make([]byte, 1<<20)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}
