package audio

import "sync/atomic"

// Ring hands samples from one goroutine to another without a lock: one writes, one
// reads. It allocates nothing after NewRing, so that the library's own thread may use it.
type Ring struct {
	buf  []int16
	mask uint64
	head atomic.Uint64 // samples written
	tail atomic.Uint64 // samples read
}

// NewRing makes a ring that holds at least n samples.
func NewRing(n int) *Ring {
	size := 1
	for size < n {
		size *= 2
	}
	return &Ring{buf: make([]int16, size), mask: uint64(size - 1)}
}

// Write adds samples as far as there is room, and gives how many.
func (r *Ring) Write(p []int16) int {
	head, tail := r.head.Load(), r.tail.Load()
	n := min(len(p), len(r.buf)-int(head-tail))
	for i := range n {
		r.buf[(head+uint64(i))&r.mask] = p[i]
	}
	r.head.Store(head + uint64(n))
	return n
}

// Read takes samples as far as there are any, and gives how many.
func (r *Ring) Read(p []int16) int {
	head, tail := r.head.Load(), r.tail.Load()
	n := min(len(p), int(head-tail))
	for i := range n {
		p[i] = r.buf[(tail+uint64(i))&r.mask]
	}
	r.tail.Store(tail + uint64(n))
	return n
}

// Len is how many samples wait. The reader may call it, and the writer.
func (r *Ring) Len() int {
	tail := r.tail.Load() // first: it only grows, so that the difference is never negative
	return int(r.head.Load() - tail)
}

// Drop lets all but the latest n samples go; only the reader may call it.
func (r *Ring) Drop(n int) (dropped int) {
	if over := r.Len() - n; over > 0 {
		r.tail.Add(uint64(over))
		return over
	}
	return 0
}
