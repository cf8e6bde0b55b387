package evidence

import (
	"fmt"
	"net/netip"
)

// Place is where a capture was taken, seen from the subject.
type Place uint8

// The places. Unknown also stands for a network without routers, in which both ends
// see the same.
const (
	PlaceUnknown Place = iota
	AtPhone            // in the phone's own network: what it sends is seen as it leaves
	AtServer           // in the server's network: what the phone sends has come all the way
	Between            // somewhere on the way
)

// String gives "unknown", "phone", "server" or "between", as in the JSON.
func (p Place) String() string { return [...]string{"unknown", "phone", "server", "between"}[p] }

// Away tells that what reaches the phone, and what it sends, was not seen at the phone.
func (p Place) Away() bool { return p == AtServer || p == Between }

// Vantage is where a capture was taken and how that is known, in words.
type Vantage struct {
	Place Place
	Why   string
}

// freshHops are the TTLs with which packets begin their way (RFC 1700 named 64; 128 and
// 255 are as usual). One less, and a router has had the packet.
func freshHops(hops uint8) bool { return hops == 64 || hops == 128 || hops == 255 }

// vantage works out where the capture was taken, by what routers have taken off the
// TTLs of the phone's packets and of those that come to it.
func (s *snapshot) vantage() Vantage {
	if s.b.notes.have.Has(HaveLive) {
		return Vantage{AtPhone, "it was made by the test phone itself"}
	}
	var out, in hopsSeen
	for way, seen := range s.b.hops {
		switch s.subject.side(way.from, way.to) {
		case Out:
			out.join(seen)
		case In:
			in.join(seen)
		}
	}
	switch {
	case out.fresh() && in.fresh():
		return Vantage{PlaceUnknown, "no router stands between the phone and the server, so every place in their network sees the same"}
	case out.fresh() && (in.worn() || in.all == 0):
		return Vantage{AtPhone, "the phone's packets had not passed a router yet"}
	case in.fresh() && out.worn():
		return Vantage{AtServer, "the server's packets had not passed a router yet, and those of the phone had"}
	case out.worn() && in.worn():
		return Vantage{Between, fmt.Sprintf("the packets of both sides had passed routers, the phone's at least %d", out.passed())}
	case out.worn() && in.all == 0:
		return Vantage{Between, "the phone's packets had passed a router before, and nothing came back"}
	}
	return Vantage{}
}

// hopsSeen counts packets of one direction. A few that differ, of another machine
// behind the same address or of a changed route, do not matter.
type hopsSeen struct {
	all, new int
	least    uint8 // routers passed, at least
}

func (h *hopsSeen) add(hops uint8) {
	if h.all++; freshHops(hops) {
		h.new++
		return
	}
	passed := 255 - hops
	switch {
	case hops < 64:
		passed = 64 - hops
	case hops < 128:
		passed = 128 - hops
	}
	if h.least == 0 || passed < h.least {
		h.least = passed
	}
}

func (h *hopsSeen) join(other hopsSeen) {
	h.all, h.new = h.all+other.all, h.new+other.new
	if h.least == 0 || other.least != 0 && other.least < h.least {
		h.least = other.least
	}
}

// maxWays bounds the pairs of machines whose TTLs are counted.
const maxWays = 4096

// passed counts the TTL of a message.
func (b *Builder) passed(m *Message) {
	from, to := m.From.Addr(), m.To.Addr()
	way := flow{netip.AddrPortFrom(from, 0), netip.AddrPortFrom(to, 0)}
	seen, known := b.hops[way]
	if m.Hops == 0 || from == to || !known && len(b.hops) >= maxWays {
		return
	}
	if b.hops == nil {
		b.hops = make(map[flow]hopsSeen)
	}
	seen.add(m.Hops)
	b.hops[way] = seen
}

func (h *hopsSeen) fresh() bool   { return h.all > 0 && h.new*10 >= h.all*9 }
func (h *hopsSeen) worn() bool    { return h.all > 0 && h.new*10 <= h.all }
func (h *hopsSeen) passed() uint8 { return h.least }
