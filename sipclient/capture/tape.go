package capture

import (
	"fmt"
	"sync"
	"time"
)

// DefaultCap is how many bytes a live tape keeps: packet data and what holding a
// packet costs, so that a flood of empty datagrams is bounded, too. Beyond it, the
// oldest packets give way first (the fold in package evidence has long read
// them) and the tape says so with a KindLimit note. Notes stay; once they fill a
// quarter of the cap, further ones of KindPhone are left out. All in all a tape
// takes about its cap of memory, and for a moment a tenth more when it makes room.
const DefaultCap = 256 << 20

// recordCost is what a record takes besides its data: the packet with its
// addresses, its place in the list and the list's room to grow.
const recordCost = 192

// Tape is an append-only list of records, safe for concurrent use. The zero
// value is ready to use and keeps DefaultCap bytes.
type Tape struct {
	// Cap is the number of bytes kept, see DefaultCap, which 0 means. Set it before first use.
	Cap int
	// Keep makes a rolling tape: packets and notes older than this are let go, messages
	// after SignallingFor. 0 keeps all. Set it before first use.
	Keep time.Duration

	mu      sync.Mutex
	base    time.Time // the first record's time, with its monotonic reading
	records []Record
	size    int // of the packets
	notes   int // size of the notes
	last    int
	dropped int
	said    bool      // whether the note about dropped packets is on the tape
	mum     bool      // whether the note about notes left out is on the tape
	rolled  time.Time // when a rolling tape was last looked through
	changed chan struct{}
}

// Packet appends a packet and returns its number. The tape owns p.Data from now on.
func (t *Tape) Packet(p Packet) int {
	return t.add(Record{Packet: &p}, recordCost+len(p.Data))
}

// Note appends a note and returns its number. A zero time becomes now.
func (t *Tape) Note(n Note) int {
	if n.Time.IsZero() {
		n.Time = time.Now()
	}
	return t.add(Record{Note: &n}, recordCost+len(n.Text))
}

func (t *Tape) add(r Record, size int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	r.N = t.last
	switch {
	case r.Packet != nil:
		r.Packet.Time = t.steady(r.Packet.Time)
	case r.Note != nil:
		r.Note.Time = t.steady(r.Note.Time)
	}
	limit := t.Cap
	if limit == 0 {
		limit = DefaultCap
	}
	if r.Note != nil {
		if t.notes += size; t.notes > limit/4 && r.Note.Kind == KindPhone {
			t.leaveOut()
			return r.N
		}
	} else {
		t.size += size
	}
	t.records = append(t.records, r)
	if t.size+min(t.notes, limit/4) > limit {
		t.shrink(limit)
		t.sayDropped(limit)
	}
	if t.Keep > 0 {
		t.roll(r.Time())
	}
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
	return r.N
}

// steady turns a time of this process into a plain wall-clock time that keeps
// the distances of the monotonic clock: a clock that is set or slewed in mid-call
// then shifts no figure, and the tape says exactly the same when read from a file,
// which has no monotonic clock.
func (t *Tape) steady(at time.Time) time.Time {
	if t.base.IsZero() {
		t.base = at
	}
	return t.base.Round(0).Add(at.Sub(t.base))
}

// shrink drops the oldest packets until the data fits into 7/8 of the limit, so
// that it runs rarely. Notes stay. A rolling tape gives up sound before messages.
func (t *Tape) shrink(limit int) {
	if t.Keep > 0 {
		t.drop(limit, func(p *Packet) bool { return !signalling(p) })
	}
	t.drop(limit, func(*Packet) bool { return true })
}

// drop drops the oldest packets of a kind until the data fits.
func (t *Tape) drop(limit int, kind func(*Packet) bool) {
	kept := make([]Record, 0, len(t.records))
	for _, r := range t.records {
		if r.Packet != nil && t.size+min(t.notes, limit/4) > limit/8*7 && kind(r.Packet) {
			t.size -= recordCost + len(r.Packet.Data)
			t.dropped++
			continue
		}
		if t.Keep > 0 && r.Note != nil && r.Note.Key == LimitDropped {
			t.said, t.mum = false, false // it is said anew, with the time of now
			continue
		}
		kept = append(kept, r)
	}
	t.records = kept
}

// sayDropped adds the note that packets are missing, once. Text cannot give the
// final number, which Dropped tells.
func (t *Tape) sayDropped(limit int) {
	if t.said || t.dropped == 0 {
		return
	}
	t.said = true
	if t.Keep > 0 {
		t.say(fmt.Sprintf("So much passed that the recording reached its limit of %s: it holds less than was wanted.", bytesInWords(limit)))
		return
	}
	t.say(fmt.Sprintf("The recording reached its limit of %s, so its oldest packets were dropped. They were examined before; only the saved file lacks them.", bytesInWords(limit)))
}

// leaveOut says once that the phone's remarks are not written down any more.
func (t *Tape) leaveOut() {
	if t.mum {
		return
	}
	t.mum = true
	t.say("The test phone had so many remarks that the recording took no more of them. Packets are still recorded.")
}

// say adds a note on what the tape lacks.
func (t *Tape) say(text string) {
	t.last++
	n := Note{Time: time.Now(), Kind: KindLimit, Key: LimitDropped, Text: text}
	if last := len(t.records) - 1; last >= 0 {
		n.Time = t.records[last].Time()
	}
	t.records = append(t.records, Record{N: t.last, Note: &n})
}

// bytesInWords gives a size as a person says it.
func bytesInWords(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// From returns the records with numbers above n, oldest first. The slice is the
// caller's; the packets in it are shared and must not be changed.
func (t *Tape) From(n int) []Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := len(t.records)
	for i > 0 && t.records[i-1].N > n {
		i--
	}
	return append([]Record(nil), t.records[i:]...)
}

// Changed returns a channel that is closed at the next append.
func (t *Tape) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.changed
}

// Dropped tells how many packets gave way to the cap.
func (t *Tape) Dropped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}
