package evidence

import (
	"net/netip"

	"softphonedoctor/sipclient/codec"
)

const (
	// maxStreams bounds the streams that are followed, some 2 kB each.
	maxStreams = 1 << 14
	// maxSources bounds those of one call at one address: whoever floods a call's port
	// with sources of his own must not fill the memory, nor the report, nor hide the
	// sound that goes the other way.
	maxSources = 256
	// maxCandidates bounds the sources of which only single packets were seen:
	// data that merely looks like RTP has a new SSRC each time.
	maxCandidates = 4096
)

// rtp takes a packet that has RTP's version.
func (b *Builder) rtp(p *packet) {
	h := &b.header
	if !h.read(p.data) {
		b.odd.add(p, "looks like RTP but its header is broken")
		return
	}
	payload := h.unpad(p.data[h.size:])
	key := streamKey{p.flow, h.ssrc}
	recent := &b.recent[h.ssrc%uint32(len(b.recent))]
	s := *recent
	if s == nil || s.key.ssrc != key.ssrc || s.key.flow != key.flow {
		s = b.streams[key]
		*recent = s
	}
	if s == nil || s.epoch != s.at[0].epoch+s.at[1].epoch {
		s = b.place(s, key, p)
		if *recent = s; s == nil {
			return
		}
	}
	if h.pt != s.pt || len(s.types) == 0 || s.unread {
		s.learn(h.pt, payload)
	}
	s.add(p, h, payload, &b.opener)
	if s.proven && !s.listed {
		b.list(s)
		if b.tellStream != nil && len(b.inOrder)-b.gone.streams > max(b.retireAt, retireAt) {
			b.retire()
		}
	}
}

// list makes a source that is proven to be RTP one of the streams.
func (b *Builder) list(s *stream) {
	s.listed = true
	b.candidates--
	b.listed++
	s.serial = b.listed
	b.inOrder = append(b.inOrder, s)
	who := b.speaker(s.key.ssrc)
	who.streams = append(who.streams, s)
	for _, p := range s.at {
		p.streams = append(p.streams, s)
	}
}

// speaker is what has one SSRC, in order: streams, and the RTCP by it or about it.
type speaker struct {
	streams []*stream
	reports []*report
}

func (b *Builder) speaker(ssrc uint32) *speaker {
	s := b.bySSRC[ssrc]
	if s == nil {
		if b.bySSRC == nil {
			b.bySSRC = make(map[uint32]*speaker)
		}
		s = new(speaker)
		b.bySSRC[ssrc] = s
	}
	return s
}

// unfollow forgets a source's key and the way to its spots.
func (b *Builder) unfollow(s *stream) {
	if b.streams[s.key] == s {
		delete(b.streams, s.key)
	}
	if recent := &b.recent[s.key.ssrc%uint32(len(b.recent))]; *recent == s {
		*recent = nil
	}
	for i, a := range [2]netip.AddrPort{s.key.from, s.key.to} {
		s.at[i].users--
		b.vacate(a)
	}
}

// forget drops all sources that were never proven.
func (b *Builder) forget() {
	for _, s := range b.streams {
		if !s.listed {
			b.odd.note(s.firstN, s.first, s.key.flow, lonely)
			b.unfollow(s)
		}
	}
	b.candidates = 0
}

// lonely says why a packet that looks like RTP is none.
const lonely = "looks like RTP, but no packet continues it"

// place finds the stream for a packet and the call that owns it, or opens one.
func (b *Builder) place(s *stream, key streamKey, p *packet) *stream {
	to, from := b.describedAt(key.flow)
	found := b.owners(to, from, p.at, p.at)
	var owner *call
	kind := ""
	if len(found) > 0 {
		owner, kind = found[0].call, found[0].kind()
	}
	if s != nil && owner != nil && s.owner != nil && owner != s.owner && owner.began.After(s.first) && !b.still(s.owner, found) {
		s = nil // the ports serve another call now
	}
	if s == nil {
		if len(b.inOrder)-b.gone.streams >= maxStreams || owner != nil && owner.sources[p.to] >= maxSources {
			b.crowd++
			return nil
		}
		if owner != nil {
			if owner.sources == nil {
				owner.sources = make(map[netip.AddrPort]int)
			}
			owner.sources[p.to]++
		}
		if b.candidates >= maxCandidates {
			b.forget()
		}
		s = &stream{key: key, firstN: p.n, first: p.at, at: [2]*spot{b.spot(key.from), b.spot(key.to)}}
		for _, a := range s.at {
			a.users++
		}
		if b.streams == nil {
			b.streams = make(map[streamKey]*stream)
		}
		b.streams[key] = s
		b.candidates++
	}
	s.epoch = s.at[0].epoch + s.at[1].epoch
	if owner != nil && (s.owner == nil || !b.still(s.owner, found)) {
		s.owner = owner
		owner.streams = append(owner.streams, s)
	}
	if owner != nil {
		s.kind, s.claimed, s.proven = kind, true, true
	}
	s.unread = true // what the payload types mean may have changed
	s.protect()
	s.listens = b.listens(s.owner, s.kind)
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

// cut separates what came before a call was answered from what comes after. Of
// the streams at an address only the latest can be those of a call that is being
// set up.
func (b *Builder) cut(c *call) {
	for _, d := range c.media {
		for _, cl := range []netip.AddrPort{d.addr, netip.AddrPortFrom(d.from.From.Addr(), d.addr.Port())} {
			p := b.spots[cl]
			if p == nil {
				continue
			}
			for _, s := range p.streams[max(0, len(p.streams)-maxClaims):] {
				if s.wasEarly || s.last.Before(c.began.Add(-leadIn)) {
					continue
				}
				if s.owner != nil && s.owner != c {
					continue
				}
				s.wasEarly = true
				s.early, s.earlySeen, s.level = s.packets, s.level, codec.Meter{}
			}
		}
	}
}
