package cli

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// memoryBudget is what examining takes before anything is collected: a capture of
	// a million packets then needs half of the collections, and the whole program stays
	// under 80 MB.
	memoryBudget = 56 << 20
	// memoryLarge is how much of it lies in large pages: what the heap grows to.
	memoryLarge = 44 << 20
	// memoryRoom is how much there has to be for each byte that is really needed, and
	// memoryBeside what the limit counts as well, where that is more: a very long capture
	// must not spend its time collecting.
	memoryRoom   = 2
	memoryBeside = 16 << 20
)

// withinBudget has this program collect its memory when the budget is used up instead
// of whenever it has doubled, until the function that it gives is called. Whoever
// set a limit of his own (GOMEMLIMIT) keeps it.
func withinBudget() (restore func()) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	largePages(memoryLarge)
	percent := debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryBudget)
	var over bool
	var lock sync.Mutex
	collected(func() bool {
		lock.Lock()
		defer lock.Unlock()
		if !over {
			debug.SetMemoryLimit(max(memoryBudget, int64(memoryRoom*liveMemory()+memoryBeside)))
		}
		return !over
	})
	return func() {
		lock.Lock()
		defer lock.Unlock()
		over = true
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(percent)
	}
}

// collected calls then behind each collection, as long as it gives true.
func collected(then func() bool) {
	type mark struct{ _ [16]byte } // not tiny: those share their memory
	runtime.SetFinalizer(&mark{}, func(*mark) {
		if then() {
			collected(then)
		}
	})
}

// liveMemory is how many bytes the last collection left.
func liveMemory() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
