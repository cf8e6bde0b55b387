package evidence

import (
	"errors"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// guard opens the packets of a stream that is to be SRTP (RFC 3711) and counts
// what was found. Streams without encryption have none.
type guard struct {
	keys   []*srtp.Context // what the sender may use; none: nothing can be checked
	agreed bool            // both sides have said so

	verified, failed, plain uint64
	failedN, plainN         int // record numbers of the first
	searches                int // for another rollover counter
}

// maxSearches bounds how often a stream's rollover counter is looked for. A
// capture that begins in mid-call does not tell how often the sequence numbers
// went round before: once every 22 minutes with 20 ms packets.
const (
	maxSearches = 64
	maxRollover = 8
)

// open gives the payload of a protected packet, padding removed; ok is false when
// it cannot be read. looksClear tells whether a payload of some size can be one
// without protection.
func (g *guard) open(p *packet, h *rtpHeader, o *opener, looksClear func(size int) bool) (payload []byte, ok bool) {
	refused := false
	for i, key := range g.keys {
		out, err := key.DecryptRTP(o.clear[:0], p.data, &o.header)
		if err == nil {
			return g.opened(i, out, h, o), true
		}
		refused = refused || errors.Is(err, srtp.ErrFailedToVerifyAuthTag)
	}
	if refused && g.searches < maxSearches {
		g.searches++
		for i, key := range g.keys {
			if out := o.search(key, p.data, h.ssrc); out != nil {
				return g.opened(i, out, h, o), true
			}
		}
	}
	switch {
	case g.agreed && looksClear(len(h.unpad(p.data[h.size:]))):
		if g.plain++; g.plain == 1 {
			g.plainN = p.n
		}
	case refused:
		if g.failed++; g.failed == 1 {
			g.failedN = p.n
		}
	}
	return nil, false
}

// opened counts a packet that the key at i opened, and tries that one first for
// the next.
func (g *guard) opened(i int, out []byte, h *rtpHeader, o *opener) []byte {
	o.clear = out
	g.verified++
	if key := g.keys[i]; i > 0 {
		copy(g.keys[1:i+1], g.keys[:i])
		g.keys[0] = key
	}
	return h.unpad(out[min(len(out), h.size):])
}

// opener is what all guards use while they open a packet.
type opener struct {
	clear   []byte  // the packet without protection
	muted   bool    // the sound was left out of the capture: nothing can be read
	samples []int16 // the sound of one, where keys are looked for
	header  rtp.Header
}

// search tries other rollover counters than the one that should be: it is not
// known where a capture begins in mid-call.
func (o *opener) search(key *srtp.Context, data []byte, ssrc uint32) []byte {
	is, _ := key.ROC(ssrc)
	tries := [maxRollover + 2]uint32{is + 1, max(is, 1) - 1}
	for i := range uint32(maxRollover) {
		tries[i+2] = i
	}
	for _, roc := range tries {
		key.SetROC(ssrc, roc)
		if out, err := key.DecryptRTP(o.clear[:0], data, &o.header); err == nil {
			return out
		}
	}
	key.SetROC(ssrc, is)
	return nil
}

// protect looks up how a stream is protected; it goes on counting where it was.
func (s *stream) protect() {
	secret, agreed := s.owner.secrecy(s.key.flow)
	if !secret {
		if s.guard != nil {
			s.guard.keys, s.guard.agreed = nil, false
		}
		s.sealed = false
		return
	}
	if s.guard == nil {
		s.guard = new(guard)
	}
	s.sealed = true
	s.guard.keys, s.guard.agreed = s.owner.keysFor(s.key.flow), agreed
}

// clearSize tells whether a payload of this size can be unprotected: SRTP adds 4
// to 16 bytes, which shows where the size of a format is known.
func (s *stream) clearSize(size int) bool {
	switch s.role {
	case keypress:
		return size == 4
	case comfort:
		return size == 1
	}
	switch s.format {
	case "PCMU", "PCMA", "G722":
		return size > 0 && size%40 == 0 // multiples of 5 ms
	}
	return false
}
