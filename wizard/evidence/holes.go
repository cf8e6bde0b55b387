package evidence

import "time"

const (
	// holeAfter is how long nothing has to be recorded to be remarked: phones send
	// a sign of life, or sign in anew, more often than that or every few minutes.
	holeAfter = 30 * time.Second
	// maxHoles bounds them; a capture of a quiet week has many.
	maxHoles = 1024
)

// Hole is a time in which nothing was recorded: neither a packet nor a note.
type Hole struct {
	After, Before int // record numbers on its two sides
	From, Until   time.Time
}

// Lasted is how long the hole is.
func (h Hole) Lasted() time.Duration { return h.Until.Sub(h.From) }

// watch notes from when to when something was recorded, and the holes between the records,
// in their order.
func (b *Builder) watch(n int, at time.Time) {
	if b.until.IsZero() {
		b.began, b.until, b.lastN = at, at, n
		return
	}
	since := at.Sub(b.until)
	if since >= holeAfter && len(b.holes) < maxHoles {
		b.holes = append(b.holes, Hole{After: b.lastN, Before: n, From: b.until, Until: at})
	}
	switch {
	case since >= 0:
		b.until, b.lastN = at, n
	case at.Before(b.began):
		b.began = at
	}
}
