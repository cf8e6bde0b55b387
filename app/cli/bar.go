package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// barWidth is the length of a progress bar, in signs.
const barWidth = 30

// bar shows how far a long run is, in one line that is written over. It is not safe
// for concurrent use.
type bar struct {
	out   io.Writer // nil: nobody looks
	all   int
	done  int
	began time.Time
	now   func() time.Time
}

// newBar begins a bar for so many pieces of work on a terminal.
func newBar(out io.Writer, all int) *bar {
	b := &bar{out: out, all: all, now: time.Now}
	b.began = b.now()
	b.draw()
	return b
}

// step counts one more piece.
func (b *bar) step() {
	b.done++
	b.draw()
}

func (b *bar) draw() {
	if b.out == nil || b.all == 0 {
		return
	}
	full := barWidth * b.done / b.all
	fmt.Fprintf(b.out, "\r[%s%s] %d of %d, %s ", strings.Repeat("█", full), strings.Repeat("·", barWidth-full),
		b.done, b.all, b.now().Sub(b.began).Round(time.Second))
}

// clear takes the bar away, for a line of text in its place.
func (b *bar) clear() {
	if b.out != nil {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
