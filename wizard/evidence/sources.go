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
	s := b.streams[key]
	if s == nil || s.epoch != b.epoch {
		if s = b.place(s, key, p); s == nil {
			return
		}
	}
	if h.pt != s.pt || len(s.types) == 0 || s.unread {
		s.learn(h.pt, payload)
	}
	s.add(p, h, payload, &b.opener)
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
		if len(b.inOrder) >= maxStreams || owner != nil && owner.sources[p.to] >= maxSources {
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
			list := b.touching[cl]
			for _, s := range list[max(0, len(list)-maxClaims):] {
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
