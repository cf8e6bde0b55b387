package evidence

import (
	"net/netip"
	"time"
)

const (
	// maxStreams bounds the streams that are followed.
	maxStreams = 1 << 16
	// maxCandidates bounds the sources of which only single packets were seen:
	// data that merely looks like RTP has a new SSRC each time.
	maxCandidates = 4096
)

type streamKey struct {
	flow
	ssrc uint32
}

// role is what a payload type means for the arithmetic.
type role uint8

const (
	sound role = iota
	keypress
	comfort
)

// ptCount counts the packets of one payload type. The codec's meaning may be
// learned only later, from the answer.
type ptCount struct {
	pt   uint8
	n    uint64
	last int // record number of the latest
}

// stream is a Stream as the records build it up.
type stream struct {
	key         streamKey
	firstN      int
	first, last time.Time
	claimed     bool // some description names one of its addresses
	proven      bool // two packets in sequence, or claimed: it is RTP and not chance
	listed      bool // in the builder's lists
	untimed     bool

	owner *call
	kind  string // "audio", "video" as described, "" unknown
	epoch uint64 // of the builder, when owner was last looked up

	seq     sequence
	timing  timing
	digits  digits
	types   []ptCount
	pt      uint8 // the payload type that the following three belong to
	role    role
	clock   int
	law     law
	packets uint64 // distinct, telephone-event not among them
	events  uint64
	comfort uint64
	twins   uint64 // duplicates right behind their original: perhaps the capture's, not the network's

	quiet      bool // the last packet was comfort noise
	longestGap time.Duration
	gapN       int

	early     uint64
	wasEarly  bool // early and earlyLevel are settled
	earlySeen meter
	level     meter
}

// rtp takes a packet that has RTP's version.
func (b *Builder) rtp(p *packet) {
	h := &b.header
	n, err := h.Unmarshal(p.data)
	if err != nil {
		b.odd.add(p, "looks like RTP but its header is broken")
		return
	}
	payload := p.data[n:]
	if h.Padding && len(payload) > 0 {
		// A wrong count is the sender's slip; the sound before it is still there.
		if pad := int(payload[len(payload)-1]); pad <= len(payload) {
			payload = payload[:len(payload)-pad]
		}
	}
	key := streamKey{p.flow, h.SSRC}
	s := b.streams[key]
	if s == nil || s.epoch != b.epoch {
		if s = b.place(s, key, p); s == nil {
			return
		}
	}
	if h.PayloadType != s.pt || len(s.types) == 0 || s.law == lawUnread {
		s.learn(h.PayloadType, payload)
	}
	s.add(p, h.SequenceNumber, h.Timestamp, h.Marker, payload)
	if s.proven && !s.listed {
		b.list(s)
	}
}

// list makes a source that is proven to be RTP one of the streams.
func (b *Builder) list(s *stream) {
	if b.touching == nil {
		b.touching = make(map[netip.AddrPort][]*stream)
	}
	s.listed = true
	b.candidates--
	b.inOrder = append(b.inOrder, s)
	b.touching[s.key.from] = append(b.touching[s.key.from], s)
	b.touching[s.key.to] = append(b.touching[s.key.to], s)
}

// forget drops all sources that were never proven.
func (b *Builder) forget() {
	for key, s := range b.streams {
		if !s.listed {
			b.odd.note(s.firstN, s.first, s.key.flow, lonely)
			delete(b.streams, key)
		}
	}
	b.candidates = 0
}

// lonely says why a packet that looks like RTP is none.
const lonely = "looks like RTP, but no packet continues it"

// place finds the stream for a packet and the call that owns it, or opens one.
func (b *Builder) place(s *stream, key streamKey, p *packet) *stream {
	found := owners(b.described, key.flow, p.at, p.at)
	var owner *call
	kind := ""
	if len(found) > 0 {
		owner, kind = found[0].call, found[0].kind()
	}
	if s != nil && owner != nil && s.owner != nil && owner != s.owner && owner.began.After(s.first) && !b.still(s.owner, found) {
		s = nil // the ports serve another call now
	}
	if s == nil {
		if len(b.inOrder) >= maxStreams {
			b.odd.add(p, "more RTP sources than can be followed")
			return nil
		}
		if b.candidates >= maxCandidates {
			b.forget()
		}
		s = &stream{key: key, firstN: p.n, first: p.at}
		if b.streams == nil {
			b.streams = make(map[streamKey]*stream)
		}
		b.streams[key] = s
		b.candidates++
	}
	s.epoch = b.epoch
	if owner != nil && (s.owner == nil || !b.still(s.owner, found)) {
		s.owner = owner
	}
	if owner != nil {
		s.kind, s.claimed, s.proven = kind, true, true
	}
	s.law = lawUnread // what the payload types mean may have changed
	return s
}

// still tells whether a call is among those that fit best.
func (b *Builder) still(c *call, found []match) bool {
	for _, m := range found {
		if m.call == c {
			return true
		}
	}
	return false
}

func (m match) kind() string {
	if m.at != nil {
		return m.at.kind
	}
	return m.from.kind
}

// learn looks up what a payload type means for this stream.
func (s *stream) learn(pt uint8, payload []byte) {
	codec, known := s.owner.codecIn(s.key.flow, pt)
	s.pt, s.clock, s.role, s.law = pt, codec.ClockRate, sound, lawNone
	switch {
	case codec.Name == "telephone-event", !known && looksLikeEvent(pt, payload):
		s.role = keypress
	case codec.Name == "CN" || pt == 19 && !known:
		s.role = comfort
	case s.owner.secret(s.key.flow):
	case codec.Name == "PCMU":
		s.law = lawMu
	case codec.Name == "PCMA":
		s.law = lawA
	}
}

// add does the arithmetic for one packet.
func (s *stream) add(p *packet, seq uint16, ts uint32, marker bool, payload []byte) {
	before := s.seq.started
	what, gap := s.seq.add(seq, ts, s.clock)
	switch what {
	case stray:
		return
	case duplicate:
		if d := p.at.Sub(s.last); d >= 0 && d < time.Millisecond {
			s.twins++
		}
		return
	case restarted:
		s.timing.rebase()
		s.packets++ // the stray one that came first
		s.count(p.n)
		s.proven = true
	case inOrder:
		s.proven = s.proven || before && gap < 8
	}
	s.count(p.n)
	if p.at.IsZero() {
		s.untimed = true
	} else {
		if before && !marked(marker, gap) && !s.quiet && s.role != comfort {
			if wait := p.at.Sub(s.last); wait > s.longestGap && !s.last.IsZero() {
				s.longestGap, s.gapN = wait, p.n
			}
		}
		s.last = p.at
		if s.first.IsZero() {
			s.first = p.at
		}
	}
	s.quiet = false
	switch s.role {
	case keypress:
		s.events++
		s.digits.add(ts, payload)
		s.timing.rebase()
		return
	case comfort:
		s.comfort++
		s.packets++
		s.quiet = true
		s.timing.rebase()
		return
	}
	s.packets++
	if !s.untimed {
		s.timing.add(p.at, ts, s.clock, what == inOrder && gap == 0 && !marker)
	}
	switch s.law {
	case lawMu, lawA:
		s.level.add(s.law, payload)
	}
}

// marked tells whether a pause before a packet explains itself: the sender began
// to talk again and nothing is missing.
func marked(marker bool, gap int64) bool { return marker && gap == 0 }

func (s *stream) count(n int) {
	for i := range s.types {
		if t := &s.types[i]; t.pt == s.pt {
			t.n++
			t.last = n
			return
		}
	}
	s.types = append(s.types, ptCount{s.pt, 1, n})
}

// cut separates what came before a call was answered from what comes after. Of
// the streams at an address only the latest can be those of a call that is being
// set up.
func (b *Builder) cut(c *call) {
	for _, d := range c.media {
		for _, cl := range []netip.AddrPort{d.addr, netip.AddrPortFrom(d.from.From.Addr(), d.addr.Port())} {
			list := b.touching[cl]
			for _, s := range list[max(0, len(list)-maxClaims):] {
				if s.wasEarly || s.last.Before(c.began.Add(-leadIn)) {
					continue
				}
				if s.owner != nil && s.owner != c {
					continue
				}
				s.wasEarly = true
				s.early, s.earlySeen, s.level = s.packets, s.level, meter{}
			}
		}
	}
}

// audioType gives the codec of most packets that carry sound.
func (s *stream) audioType(c *call) Codec {
	var best ptCount
	for _, t := range s.types {
		codec, _ := c.codecIn(s.key.flow, t.pt)
		if codec.Name == "telephone-event" || codec.Name == "CN" {
			continue
		}
		if t.n > best.n {
			best = t
		}
	}
	if best.n == 0 && len(s.types) > 0 {
		best = s.types[0]
	}
	codec, _ := c.codecIn(s.key.flow, best.pt)
	return codec
}
