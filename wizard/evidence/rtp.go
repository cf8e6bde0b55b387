package evidence

import (
	"time"

	"softphonedoctor/sipclient/codec"
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
	serial      int // among those that were proven, in order
	first, last time.Time
	claimed     bool // some description names one of its addresses
	proven      bool // two packets that fit, or claimed: it is RTP and not chance
	listed      bool // in the builder's lists
	gone        bool // and to be taken out of them
	untimed     bool

	owner *call
	kind  string   // "audio", "video" as described, "" unknown
	at    [2]*spot // of its two addresses
	epoch uint64   // of both, when owner was last looked up

	seq     sequence
	timing  timing
	digits  digits
	types   []ptCount
	pt      uint8 // the payload type that the following three belong to
	role    role
	clock   int
	format  string // how the meter is to read the payload, "" when it cannot
	unread  bool   // the three may have changed: look them up again
	packets uint64 // distinct, telephone-event not among them
	events  uint64
	comfort uint64
	prevPT  uint8  // of the packet before
	fits    uint32 // packets that go on as media do, while it is not proven
	misfits uint32 // and that do not
	twins   uint64 // duplicates right behind their original: perhaps the capture's, not the network's

	spurts     uint64
	quiet      bool // the last packet was comfort noise
	longestGap time.Duration
	gapN       int

	guard  *guard // of a stream that is, or once was, to be SRTP
	sealed bool   // it is now

	g722    *codec.G722Decoder // made with the first packet of G.722
	healing int                // bytes until it agrees with the sender again

	listens bool // keys are looked for in the sound
	tones   *ear // made with the first packet that is listened to
	tonesN  int  // record number of the first key

	texture *codec.Texture // while it is looked at, made with the first packet that is measured
	fabric  codec.Fabric   // what it found
	woven   bool           // it is done

	early     uint64
	wasEarly  bool // early and earlyLevel are settled
	earlySeen codec.Meter
	level     codec.Meter
}

// learn looks up what a payload type means for this stream.
func (s *stream) learn(pt uint8, payload []byte) {
	format, known := s.owner.codecIn(s.key.flow, pt)
	s.pt, s.clock, s.role, s.format, s.unread = pt, format.ClockRate, sound, "", false
	switch {
	case format.Name == "telephone-event", !known && looksLikeEvent(pt, payload):
		s.role = keypress
	case format.Name == "CN" || pt == 19 && !known:
		s.role = comfort
	case format.Name == "PCMU", format.Name == "PCMA", format.Name == "G722":
		s.format = format.Name
	}
}

// add does the arithmetic for one packet. payload is as it stands in the packet,
// protected or not.
func (s *stream) add(p *packet, h *rtpHeader, payload []byte, o *opener) {
	before, ts, marker := s.seq.started, h.ts, h.marker
	goesOn := !s.proven && before && s.continues(h, len(payload))
	s.prevPT = h.pt
	what, gap := s.seq.add(h.seq, ts, s.clock)
	switch what {
	case stray:
		return
	case duplicate:
		if d := p.at.Sub(s.last); d >= 0 && d < time.Millisecond {
			s.twins++
		}
		return
	case reordered:
		if p.at.Before(s.last) {
			s.seq.overtaken-- // by the file's order of records, not by the network
		}
	case restarted:
		s.timing.rebase()
		s.packets++ // the stray one that came first
		s.count(p.n)
		s.proven = s.proven || goesOn
	case inOrder:
		s.proven = s.proven || goesOn && gap < 8
	}
	s.count(p.n)
	if p.at.IsZero() {
		s.untimed = true
	} else {
		if before && what == inOrder && (marked(marker, gap) || s.quiet) && s.role == sound && p.at.Sub(s.last) >= spurtPause {
			s.spurts++
		}
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
	readable := o == nil || !o.muted
	if s.sealed && readable {
		payload, readable = s.guard.open(p, h, o, s.clearSize)
	}
	switch s.role {
	case keypress:
		s.events++
		if readable {
			s.digits.add(p.n, ts, payload)
		}
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
		if s.timing.add(p.at, ts, s.clock, what == inOrder && gap == 0 && !marker) {
			s.seq.miss(h.seq)
		}
	}
	if readable {
		s.measure(payload, what == inOrder, gap > 0 || what == restarted)
		if s.listens && what == inOrder {
			s.hear(p, payload, o)
		}
	}
}

// continues tells whether a packet looks like the next one of a source of sound or
// pictures that no description names: the same format, and time that goes on as fast
// as clocks of media do. Counters of games, of name servers and of tunnels do not, or
// not often enough.
func (s *stream) continues(h *rtpHeader, size int) bool {
	const slowest, fastest = 40, 10 * 90_000 // 5 ms at 8 kHz, 10 s at 90 kHz
	const picture = 500                      // bytes; pictures take several packets of one time
	moved := int64(int32(h.ts - s.seq.maxTS))
	dynamic := h.pt >= 96 // RFC 3551 3; of those below, RFC 5761 4 leaves 64 to 95 out
	switch {
	case h.pt != s.prevPT, h.pt >= 64 && !dynamic, moved > 0 && moved < slowest, moved > fastest, moved < -fastest:
		s.misfits++
		return false
	case size == 0, moved < 0, moved == 0 && !(dynamic && (size == 4 || size >= picture)): // size 4: a key pressed (RFC 4733)
		return false
	}
	s.fits++
	return s.fits > s.misfits
}

// measure adds the sound of a packet to the level. G.722 has a memory: what comes
// too late does not fit it, and what follows a gap is not heard as it was meant.
func (s *stream) measure(payload []byte, next, behindGap bool) {
	s.weave(payload)
	switch s.format {
	case "PCMU", "PCMA":
		s.level.Add(s.format, payload)
	case "G722":
		if s.g722 == nil {
			s.g722 = new(codec.G722Decoder)
		}
		if behindGap {
			s.healing = codec.G722Healing
		}
		switch {
		case !next && !behindGap:
		case s.healing > 0:
			s.healing -= len(payload)
			s.g722.Skip(payload)
		default:
			s.level.AddG722(s.g722, payload)
		}
	}
}

// weave has a closer look at the first seconds of a sound: whether its bytes are what
// they say.
func (s *stream) weave(payload []byte) {
	if s.woven || s.format == "" {
		return
	}
	if s.texture == nil {
		s.texture = new(codec.Texture)
	}
	if s.woven = !s.texture.Add(s.format, payload); s.woven {
		s.fabric, s.texture = s.texture.Fabric(), nil
	}
}

// spurtPause is how long a sender that suppresses silence is quiet at least
// before it begins again: two packets are missing from the rhythm.
const spurtPause = 60 * time.Millisecond

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

// audioType gives the codec of most packets that carry sound.
func (s *stream) audioType(c *call) Codec {
	var best ptCount
	for _, t := range s.types {
		format, _ := c.codecIn(s.key.flow, t.pt)
		if format.Name == "telephone-event" || format.Name == "CN" {
			continue
		}
		if t.n > best.n {
			best = t
		}
	}
	if best.n == 0 && len(s.types) > 0 {
		best = s.types[0]
	}
	format, _ := c.codecIn(s.key.flow, best.pt)
	return format
}
