package media

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// On a busy computer the garbage collector is what makes packets late: to stop the
// program for a moment it has to wait for threads that the system has set aside, which
// takes up to a tenth of a second, several times a second where the heap is small.
// While sound is sent it is therefore left alone until memory has grown by breathing
// room, and works as usual afterwards.
const (
	breathing = 128 << 20
	// lookAgain is how often the room is measured anew, so that a heap that grows does
	// not make the collector run without end.
	lookAgain = 5 * time.Second
)

// collector counts the lines that send.
var collector struct {
	sync.Mutex
	senders int
	percent int           // as it was
	limit   int64         // as it was
	stop    chan struct{} // ends the looking
}

// calm keeps the garbage collector away from sending until done is called.
func calm() (done func()) {
	c := &collector
	c.Lock()
	defer c.Unlock()
	if c.senders++; c.senders == 1 {
		c.limit = debug.SetMemoryLimit(-1)
		debug.SetMemoryLimit(room(c.limit))
		c.percent = debug.SetGCPercent(-1)
		c.stop = make(chan struct{})
		go watch(c.limit, c.stop)
	}
	return sync.OnceFunc(func() {
		c.Lock()
		defer c.Unlock()
		if c.senders--; c.senders == 0 {
			close(c.stop)
			debug.SetGCPercent(c.percent)
			debug.SetMemoryLimit(c.limit)
		}
	})
}

// watch moves the limit along with what is in use.
func watch(outer int64, stop <-chan struct{}) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		collector.Lock()
		select {
		case <-stop:
		default:
			debug.SetMemoryLimit(room(outer))
		}
		collector.Unlock()
	}
}

// room is a memory limit that leaves breathing room, within one that was set from
// outside (GOMEMLIMIT).
func room(outer int64) int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	for _, s := range sample {
		if s.Value.Kind() != metrics.KindUint64 {
			return outer
		}
	}
	// The limit counts all that the runtime holds, the live heap only what it needs.
	live, total, objects := sample[0].Value.Uint64(), sample[1].Value.Uint64(), sample[2].Value.Uint64()
	beside := total - min(total, objects)
	need := live + beside + breathing
	if need > math.MaxInt64 {
		return outer
	}
	return min(outer, int64(need))
}
