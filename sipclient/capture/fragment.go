package capture

import (
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Bounds of the reassembly of IP fragments. RFC 791 lets a receiver wait 15
// seconds and RFC 8200 60; captures of busy links need a bound on the number too.
const (
	fragmentWait  = 30 * time.Second
	fragmentOpen  = 1024    // datagrams at the same time
	fragmentCount = 8192    // pieces of one datagram
	fragmentBytes = 2 << 16 // of the pieces of one datagram, overlaps included
	// fragmentAgain is how long a finished datagram is remembered, so that the
	// second copies of its fragments (a capture on two interfaces) do not begin
	// a datagram that never ends.
	fragmentAgain = 20 * time.Millisecond
)

// fragmentKey tells the fragments of one datagram (RFC 791 3.2, RFC 8200 4.5).
type fragmentKey struct {
	src, dst netip.Addr
	protocol layers.IPProtocol
	id       uint32
}

// piece is one fragment: its bytes, their place, and whether more follow.
type piece struct {
	at   int
	more bool
	data []byte
}

// datagram is what has come of one so far.
type datagram struct {
	pieces []piece // by place, none inside another
	size   int     // of the pieces together
	end    int     // the datagram's length, -1 until the last fragment has come
	first  int     // number of the frame that began it
	time   time.Time
	done   bool
}

// fragments puts datagrams together again, of both IP versions.
type fragments struct {
	open map[fragmentKey]*datagram
	age  []fragmentKey // in the order in which they began

	lost, lostFirst int // datagrams given up
}

// add files a fragment and returns the whole payload when it was the last one
// missing. The fragment's bytes are copied.
func (s *fragments) add(key fragmentKey, p piece, n int, at time.Time) []byte {
	if s.open == nil {
		s.open = map[fragmentKey]*datagram{}
	}
	g := s.open[key]
	if g != nil {
		wait := fragmentWait
		if g.done {
			wait = fragmentAgain
		}
		if age := at.Sub(g.time); age > wait || age < -wait {
			s.drop(key, g)
			g = nil
		} else if g.done {
			return nil
		}
	}
	if g == nil {
		s.tidy(at)
		g = &datagram{end: -1, first: n, time: at}
		s.open[key] = g
		s.age = append(s.age, key)
	}
	if len(p.data) == 0 || p.at+len(p.data) > 0xffff || len(g.pieces) >= fragmentCount || g.size+len(p.data) > fragmentBytes {
		return nil
	}
	if !p.more {
		g.end = p.at + len(p.data)
	}
	i, have := slices.BinarySearchFunc(g.pieces, p.at, func(q piece, at int) int { return q.at - at })
	switch {
	case !have:
		p.data = slices.Clone(p.data)
		g.pieces = slices.Insert(g.pieces, i, p)
		g.size += len(p.data)
	case len(g.pieces[i].data) < len(p.data):
		g.size += len(p.data) - len(g.pieces[i].data)
		g.pieces[i].data = slices.Clone(p.data)
	}
	whole := g.whole()
	if whole != nil {
		g.done, g.pieces, g.time = true, nil, at
	}
	return whole
}

// whole joins the pieces when none is missing. Where they overlap, the bytes
// that stand earlier win.
func (g *datagram) whole() []byte {
	if g.end < 0 {
		return nil
	}
	have := 0
	for _, p := range g.pieces {
		if p.at > have {
			return nil
		}
		have = max(have, p.at+len(p.data))
	}
	if have < g.end {
		return nil
	}
	data := make([]byte, 0, g.end)
	for _, p := range g.pieces {
		if skip := len(data) - p.at; skip < len(p.data) {
			data = append(data, p.data[skip:]...)
		}
	}
	return data[:g.end]
}

// tidy forgets datagrams that are too old, and the oldest when there are too many.
func (s *fragments) tidy(now time.Time) {
	for len(s.age) > 0 {
		key := s.age[0]
		g := s.open[key]
		if g != nil && len(s.age) < fragmentOpen && now.Sub(g.time) <= fragmentWait {
			return
		}
		s.age = s.age[1:]
		if g != nil {
			s.drop(key, g)
		}
	}
}

// drop forgets a datagram and counts it when it never became whole.
func (s *fragments) drop(key fragmentKey, g *datagram) {
	delete(s.open, key)
	if g.done {
		return
	}
	s.lost++
	if s.lostFirst == 0 || g.first < s.lostFirst {
		s.lostFirst = g.first
	}
}

// incomplete counts the datagrams that never became whole, once the file has
// ended, and tells the frame in which the first began.
func (s *fragments) incomplete() (count, first int) {
	for key, g := range s.open {
		s.drop(key, g)
	}
	s.age = nil
	return s.lost, s.lostFirst
}
