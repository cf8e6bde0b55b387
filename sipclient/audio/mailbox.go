package audio

import (
	"sync/atomic"
	"time"
)

// How much a mailbox holds. Both are powers of two. The sound is 2 s at 16,000 samples a
// second, far more than may wait (buffered), so that nobody overtakes anybody; the calls
// are 10 s of periods of 10 ms, and somebody looks several times a second.
const (
	boxSamples = 1 << 15
	boxCalls   = 1 << 10
)

// mailbox is where the sound library's own thread and we meet: memory that both know, with
// counts that only grow and that one side alone writes. That thread stays in C and never
// waits for Go, neither for its scheduler nor for its memory: a Go callback a hundred times
// a second would keep the scheduler's watchman awake, and cost more than the sound.
//
// The layout is that of struct mailbox in driver_malgo.go. It holds no pointers.
type mailbox struct {
	written atomic.Uint64 // samples put in: by the library (microphone) or by us (speaker)
	taken   atomic.Uint64 // samples that the library took (speaker)
	called  atomic.Uint64 // times that the library did
	kind    uint64        // 1 for a speaker
	zero    int64         // of the library's clock, in ns: when epoch was
	calls   [boxCalls]call
	sound   [boxSamples]int16
}

// call is one of the library's.
type call struct {
	at      int64  // ns after epoch
	upto    uint64 // samples that were given or taken, this time included
	frames  uint32
	lacking uint32 // of them, which the speaker did not get
}

// epoch is when the times of calls begin to count.
var epoch = time.Now()

func newMailbox(kind Kind) *mailbox {
	b := new(mailbox)
	if kind == Speakers {
		b.kind = 1
	}
	return b
}

// exchange is what the library's thread does, for devices without a library. box_exchange
// in driver_malgo.go is the same in C.
func (b *mailbox) exchange(frames []int16) {
	upto, lacking := uint64(0), 0
	if b.kind == 1 {
		from := b.taken.Load()
		n := min(len(frames), int(b.written.Load()-from))
		b.copyOut(frames[:n], from)
		clear(frames[n:])
		lacking = len(frames) - n
		upto = from + uint64(n)
		b.taken.Store(upto)
	} else {
		to := b.written.Load()
		b.copyIn(frames, to)
		upto = to + uint64(len(frames))
		b.written.Store(upto)
	}
	n := b.called.Load()
	b.calls[n%boxCalls] = call{int64(time.Since(epoch)), upto, uint32(len(frames)), uint32(lacking)}
	b.called.Store(n + 1)
}

// copyIn puts samples at a position, copyOut takes them.
func (b *mailbox) copyIn(p []int16, at uint64) {
	n := copy(b.sound[at%boxSamples:], p)
	copy(b.sound[:], p[n:])
}

func (b *mailbox) copyOut(p []int16, at uint64) {
	n := copy(p, b.sound[at%boxSamples:])
	copy(p[n:], b.sound[:])
}

// stretch gives n samples from a position on, in the one or two pieces that they lie in.
func (b *mailbox) stretch(at, n uint64) (first, second []int16) {
	from := at % boxSamples
	if from+n <= boxSamples {
		return b.sound[from : from+n], nil
	}
	return b.sound[from:], b.sound[:from+n-boxSamples]
}
