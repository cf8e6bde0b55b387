package evidence

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Picker chooses of a capture what belongs to one call: its messages, its sound with the
// reports about it, the sign-ins and signs of life of its phone, errors about any of its
// packets, and all notes. What is chosen, read again, gives the findings that the call
// had among all others.
type Picker struct {
	e           *Evidence
	ids         map[string]bool         // Call-IDs
	media       map[netip.AddrPort]bool // where the call's sound goes, or its reports
	talks       map[flow]bool           // between whom its messages went, both ways
	flows       map[flow]*framing
	own, others map[streamKey]bool // streams of this call, and of other calls
	theirs      map[uint32]bool    // SSRCs that only other calls have
	began       time.Time          // of the call
	last        time.Time          // of what was chosen, or of the last word that something was left out
}

// fillAfter is how long nothing may be chosen before a note says that the capture went
// on: else it would look as if nothing had been recorded.
const fillAfter = holeAfter - 5*time.Second

// NewPicker prepares for the one call of e, as Narrow gives it.
func NewPicker(e *Evidence) *Picker {
	p := &Picker{e: e, ids: map[string]bool{}, media: map[netip.AddrPort]bool{}, talks: map[flow]bool{}, flows: map[flow]*framing{},
		own: map[streamKey]bool{}, others: map[streamKey]bool{}, theirs: map[uint32]bool{}}
	c := e.Calls[0]
	p.ids[c.ID] = true
	p.began = e.Messages[0].Time
	for _, r := range e.Registrations {
		if first := r.Transactions[0].Request; r.Out || !c.Touches && c.First != nil && (first.From.Addr() == c.First.From.Addr() || first.From.Addr() == c.First.To.Addr()) {
			p.ids[r.CallID] = true
		}
	}
	for _, list := range [][]*Transaction{e.Options, e.OptionsIn, e.Others} {
		for _, t := range list {
			if t.Method == "OPTIONS" || t.Out {
				p.ids[t.Request.CallID()] = true
			}
		}
	}
	for _, m := range e.Messages {
		p.announced(m)
		p.talks[flow{m.From, m.To}], p.talks[flow{m.To, m.From}] = true, true
		if m.Time.Before(p.began) {
			p.began = m.Time
		}
	}
	for _, s := range e.beside {
		if s.CallID != "" && s.CallID != c.ID {
			p.others[streamKey{flow{s.From, s.To}, s.SSRC}], p.theirs[s.SSRC] = true, true
		}
	}
	for _, s := range e.Streams {
		p.own[streamKey{flow{s.From, s.To}, s.SSRC}] = true
		delete(p.theirs, s.SSRC)
		for _, a := range [2]netip.AddrPort{s.From, s.To} {
			p.media[a] = true
			p.media[netip.AddrPortFrom(a.Addr(), a.Port()+1)] = true
		}
	}
	return p
}

// announced notes where a message wants sound and reports.
func (p *Picker) announced(m *Message) {
	if m.Message == nil || !m.IsSDP() {
		return
	}
	sdp := m.SDP()
	if sdp == nil {
		return
	}
	for _, md := range sdp.Media {
		if md.Port <= 0 || md.Port > 65535 {
			continue
		}
		hosts := []netip.Addr{m.From.Addr()}
		if ip, err := netip.ParseAddr(md.Connection); err == nil && !ip.IsUnspecified() {
			hosts = append(hosts, ip.Unmap().WithZone(""))
		}
		for _, ip := range hosts {
			for _, port := range []int{md.Port, md.Port + 1, md.RTCPPort} {
				if port > 0 && port < 65536 {
					p.media[netip.AddrPortFrom(ip, uint16(port))] = true
				}
			}
		}
	}
}

// Begin gives the notes that stand before all: whose view the call was judged from.
func (p *Picker) Begin() []capture.Record {
	if a := p.e.Subject.Addr; a.IsValid() && !p.e.Have.Has(HaveLive) {
		return []capture.Record{{Note: &capture.Note{Time: p.e.Began, Kind: capture.KindSubject, Key: "sip", Text: a.String()}}}
	}
	return nil
}

// Add gives what is chosen of the next record.
func (p *Picker) Add(r capture.Record) []capture.Record {
	at := r.Time()
	out := p.choose(r)
	switch {
	case len(out) > 0:
		p.last = at
	case !at.IsZero() && at.Sub(p.last) >= fillAfter && !at.After(p.e.Until):
		p.last = at
		out = []capture.Record{{Note: leftOut(at)}}
	}
	return out
}

// End gives the note that stands behind all: how long nothing more came.
func (p *Picker) End() []capture.Record {
	if !p.e.Until.After(p.last) {
		return nil
	}
	return []capture.Record{{Note: leftOut(p.e.Until)}}
}

func leftOut(at time.Time) *capture.Note {
	return &capture.Note{Time: at, Kind: capture.KindStep, Text: "what belongs to other calls is left out here"}
}

func (p *Picker) choose(r capture.Record) []capture.Record {
	one := []capture.Record{r}
	switch k := r.Packet; {
	case r.Note != nil:
		return one
	case k == nil || k.Time.After(p.e.Until):
		return nil
	case k.Net == capture.TCP || k.Net == capture.TLS:
		return p.stream(r)
	case p.wants(k):
		return one
	}
	return nil
}

// wants tells whether a datagram, or a message out of a WebSocket, is chosen.
func (p *Picker) wants(k *capture.Packet) bool {
	f := flow{plain(k.Src), plain(k.Dst)}
	sound := (p.media[f.from] || p.media[f.to]) && !k.Time.Before(p.began.Add(-leadIn))
	d := k.Data
	switch {
	case k.Net == capture.ICMP:
		if len(d) < 8 {
			return false
		}
		_, quoted, ok := quotedFlow(d[8:])
		return ok && (p.talks[quoted] || p.media[quoted.from] || p.media[quoted.to])
	case len(d) == 0 || isKeepAlive(d):
		return p.talks[f]
	case k.Net == capture.UDP && d[0]>>6 == 2 && len(d) >= 12 && d[1] >= 192 && d[1] <= 223:
		return sound && !p.theirs[binary.BigEndian.Uint32(d[4:])]
	case k.Net == capture.UDP && d[0]>>6 == 2 && len(d) >= 12:
		// Where a server hands a description on unchanged, two calls announce one address.
		key := streamKey{f, binary.BigEndian.Uint32(d[8:])}
		return p.own[key] || sound && !p.others[key]
	case k.Net == capture.UDP && isSTUN(d):
		return sound || p.talks[f]
	case sipmsg.LooksLikeSIP(d):
		m, err := sipmsg.Parse(d)
		return err == nil && p.ids[m.CallID()]
	}
	return k.Net == capture.UDP && sound
}

// stream cuts a byte stream into messages and gives those that are chosen, each as a
// packet of its own.
func (p *Picker) stream(r capture.Record) (out []capture.Record) {
	k := r.Packet
	way := flow{plain(k.Src), plain(k.Dst)}
	f := p.flows[way]
	if f == nil {
		f = new(framing)
		p.flows[way] = f
	}
	if k.Gap && f.sip {
		f.Gap()
	}
	data := k.Data
	if isKeepAlive(data) && f.Pending() == 0 && len(f.start) == 0 {
		if p.talks[way] && len(data) > 0 {
			return []capture.Record{r}
		}
		return nil
	}
	if !f.sip {
		if data = f.begin(data); data == nil {
			return nil
		}
	}
	f.Write(data)
	for {
		text, ok := f.Next()
		if !ok {
			break
		}
		if m, err := sipmsg.Parse(text); err == nil && p.ids[m.CallID()] {
			one := *k
			one.Gap, one.Data = false, slices.Clone(text)
			out = append(out, capture.Record{N: r.N, Packet: &one})
		}
	}
	f.Problems()
	return out
}
