package media

import (
	"net/netip"
	"time"

	"github.com/pion/rtp"
)

// stamp is what tells a packet of ours.
type stamp struct {
	sequence  uint16
	timestamp uint32
	used      bool
}

// returned tells whether a packet with our number is one that we sent: an echo service
// gives them back as they are. That is a loop and no collision, and a change of our
// number would only tear the call's sound in two. r.mu is held.
func (r *reports) returned(h rtp.Header) bool {
	return r.mine[h.SequenceNumber%uint16(len(r.mine))] == stamp{h.SequenceNumber, h.Timestamp, true}
}

// conflict notes that somebody else uses our number, and tells whether it is a new
// collision: one who does so again follows us, and is let be (RFC 3550 8.2). r.mu is held.
func (r *reports) conflict(from netip.AddrPort, at time.Time) (fresh bool) {
	for who, last := range r.conflicts {
		if at.Sub(last) > 50*time.Second { // ten intervals
			delete(r.conflicts, who)
		}
	}
	_, again := r.conflicts[from]
	if again || len(r.conflicts) < maxSources {
		r.conflicts[from] = at
	}
	return !again && len(r.conflicts) < maxSources
}

// renumber begins to count for a new number of ours (RFC 3550 6.4.1).
func (r *reports) renumber(ssrc uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ssrc, r.packets, r.octets = ssrc, 0, 0
	delete(r.sources, ssrc)
}
