package evidence

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/sipmsg"
)

// description is one m= block of one message, with where it wants its packets.
type description struct {
	call  *call
	from  *Message
	kind  string // "audio", "video" ...
	addr  netip.AddrPort
	media sipmsg.Media

	author author
	keys   []sdesKey
}

// claim says that a description names an address. A weak one names only the
// port, at the address that the message came from: what a phone behind a NAT
// announces differs from what a capture beside it sees.
type claim struct {
	*description
	weak bool
}

// describe notes what a message says about media.
func (b *Builder) describe(c *call, m *Message) {
	if !m.IsSDP() {
		return
	}
	sdp := m.SDP()
	if m.sdp = sdp; sdp == nil {
		return
	}
	for _, md := range sdp.Media {
		d := &description{call: c, from: m, kind: md.Type, media: md, author: c.authorOf(m)}
		c.media = append(c.media, d)
		if md.Port <= 0 || md.Port > 65535 {
			continue
		}
		ip, err := netip.ParseAddr(md.Connection)
		ip = ip.Unmap().WithZone("")
		if err == nil && !ip.IsUnspecified() {
			d.addr = netip.AddrPortFrom(ip, uint16(md.Port))
			b.claim(claim{d, false}, ip)
		}
		if here := m.From.Addr(); here != ip {
			b.claim(claim{d, true}, here)
		}
		c.learnKeys(d)
	}
	c.changed(b)
}

// MediaOf reads the audio description that a message carries, nil if it has
// none. An audio line with port 0 (refused) counts: its Port is 0.
func MediaOf(m *Message) *Media {
	if m == nil || m.Message == nil || !m.IsSDP() {
		return nil
	}
	sdp := m.SDP()
	if sdp == nil {
		return nil
	}
	md := sdp.Audio()
	for i := range sdp.Media {
		if md == nil && sdp.Media[i].Type == "audio" {
			md = &sdp.Media[i]
		}
	}
	if md == nil {
		return nil
	}
	media := &Media{
		Message: m, Local: m.Out, Addr: md.Connection, Port: md.Port, Proto: md.Proto, Direction: md.Direction,
		PTime: md.PTime, RTCPPort: md.RTCPPort,
		Encrypted: encrypted(md),
	}
	for _, c := range md.Codecs {
		media.Codecs = append(media.Codecs, Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate})
	}
	return media
}

// PhoneSpeaks tells whether our own test phone can speak a codec, by its name in SDP.
func PhoneSpeaks(name string) bool {
	_, _, ok := codec.NewDecoder(name)
	return ok
}

// encrypted tells whether the description promises SRTP (RFC 4568, RFC 5763).
func encrypted(m *sipmsg.Media) bool {
	return strings.Contains(strings.ToUpper(m.Proto), "SAVP") || len(m.Crypto) > 0 || m.Fingerprint
}

// codecIn gives the meaning of a payload type in a call: as the receiver of the
// packets described it, else as their sender did, else as anybody did, else as
// RFC 3551 fixes it. known tells whether a description lists it.
func (c *call) codecIn(f flow, pt uint8) (codec Codec, known bool) {
	top := 0
	if c != nil {
		for i := len(c.media) - 1; i >= 0; i-- {
			d := c.media[i]
			found := d.media.Codec(pt)
			if found == nil {
				continue
			}
			score := 1
			switch d.addr {
			case f.to:
				score = 3
			case f.from:
				score = 2
			}
			if score > top {
				top = score
				codec = Codec{PayloadType: pt, Name: found.Name, ClockRate: found.ClockRate}
			}
		}
	}
	if s, ok := sipmsg.StaticCodec(pt); top == 0 && ok {
		codec = Codec{PayloadType: pt, Name: s.Name, ClockRate: s.ClockRate}
	}
	codec.PayloadType = pt
	return codec, top > 0
}

// negotiated tells whether the receiver of a stream announced a payload type. It
// is also true when no description of the receiver is known.
func (c *call) negotiated(f flow, pt uint8) bool {
	if pt == 13 || pt == 19 {
		return true // comfort noise is often sent without having been named
	}
	described := false
	for _, d := range c.media {
		if d.addr == f.to && d.addr.IsValid() {
			if described = true; d.media.Codec(pt) != nil {
				return true
			}
		}
	}
	if described {
		return false
	}
	// The receiver announced another address than the capture shows (NAT): go by
	// everybody's descriptions.
	for _, d := range c.media {
		if d.addr != f.from && len(d.media.Codecs) > 0 {
			if described = true; d.media.Codec(pt) != nil {
				return true
			}
		}
	}
	return !described
}

// maxSecrecy bounds how many descriptions are looked through for encryption.
const maxSecrecy = 64

// secrecy tells whether a stream is to be SRTP, and whether both sides have said
// so: by the latest description that fits its addresses best and was not refused.
func (c *call) secrecy(f flow) (secret, agreed bool) {
	if c == nil {
		return false, false
	}
	var best *description
	top := -1
	recent := c.media[max(0, len(c.media)-maxSecrecy):]
	for i := len(recent) - 1; i >= 0; i-- {
		d := recent[i]
		fits := max(d.fits(f.to), d.fits(f.from))
		if fits == 0 && d.kind != "audio" || fits <= top || d.media.Port == 0 || c.rejected(d) {
			continue
		}
		best, top = d, fits
	}
	if best == nil || !encrypted(&best.media) {
		return false, false
	}
	for _, d := range recent {
		agreed = agreed || d.author != best.author && d.kind == best.kind && encrypted(&d.media) && d.media.Port != 0
	}
	return true, agreed
}

// rejected tells whether the request that carried a description was refused.
func (c *call) rejected(d *description) bool {
	for i := len(c.txns) - 1; i >= 0; i-- {
		if t := c.txns[i]; t.req == d.from {
			return slices.ContainsFunc(t.resp, func(m *Message) bool { return m.Status >= 300 })
		}
	}
	return false
}

// Windows around a call in which a packet still belongs to it.
const (
	leadIn  = time.Second
	leadOut = 2 * time.Second
)

// holds tells whether the call and a stretch of time overlap.
func (c *call) holds(first, last time.Time) bool {
	if last.Before(first) { // the capture's clock was set back
		first, last = last, first
	}
	open := c.ended.IsZero() || c.ended.Before(c.began)
	return !last.Before(c.began.Add(-leadIn)) && (open || !first.After(c.ended.Add(leadOut)))
}

// match is a call that may own a stream, and the descriptions that say so.
type match struct {
	call  *call
	at    *description // names where the packets go
	from  *description // names where they come from
	score int
}

// maxClaims bounds how far back claims on one address are looked through. Ports
// are reused, so a long capture has many; the latest ones matter.
const maxClaims = 64

// owners lists the calls whose descriptions fit a stream best, the latest first: by
// the claims on where its packets go and on where they come from. The list is valid
// until the next call.
func (b *Builder) owners(to, from []claim, first, last time.Time) []match {
	found := b.found[:0]
	for way, list := range [2][]claim{to, from} {
		for i := len(list) - 1; i >= max(0, len(list)-maxClaims); i-- {
			cl := &list[i]
			if !cl.call.holds(first, last) {
				continue
			}
			at := slices.IndexFunc(found, func(m match) bool { return m.call == cl.call })
			if at < 0 {
				at = len(found)
				found = append(found, match{call: cl.call})
			}
			m, score := &found[at], 2
			if cl.weak {
				score = 1
			}
			switch {
			case way == 0 && m.at == nil:
				m.at, m.score = cl.description, m.score+score
			case way == 1 && m.from == nil:
				m.from, m.score = cl.description, m.score+score
			}
		}
	}
	b.found = found
	top := 0
	for i := range found {
		top = max(top, found[i].score)
	}
	return slices.DeleteFunc(found, func(m match) bool { return m.score < top })
}
