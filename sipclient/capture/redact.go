package capture

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// Redaction says what may stay when a tape is made fit for others' eyes.
type Redaction struct {
	// KeepWord tells whether a word of free text (lower case) may stay, because it tells
	// of a fault and of no person. nil: none may.
	KeepWord func(word string) bool
	// KeepHost tells whether a server's name may stay, because it is a public provider's.
	KeepHost func(host string) bool
	// Own: the tape is of our own test phone, so that the keys that were pressed are its own.
	Own bool
}

// Redact gives the records with everything left out that belongs to persons: numbers and
// names are masked, addresses are tokens of the same class (private stays private, the
// same network stays the same network, 192.168.1.23 may become 192.168.7.48), sound and
// proofs of passwords are blanked, and free text keeps only the words that Redaction
// allows. The same name, number or address has the same token everywhere in the tape.
// Every length stays, so that what depends on sizes can still be judged. The first record
// is a note that says so (LimitMuted); the others keep their numbers. The records given
// are not changed.
//
// Structure is told from content by what the field is, not by how it looks: what no rule
// here knows is masked.
func Redact(records []Record, o Redaction) ([]Record, *Redactor) {
	r := &Redactor{o: o, tokens: newTokens(o.KeepHost)}
	for _, rec := range records {
		r.learn(rec)
	}
	r.tokens.settle()
	out := make([]Record, 0, len(records)+1)
	note := Note{Kind: KindLimit, Key: LimitMuted, Text: "Numbers, names and addresses were masked and the sound was left out when this was saved."}
	if len(records) > 0 {
		note.Time = records[0].Time()
	}
	out = append(out, Record{Note: &note})
	streams := map[way]*rewritten{}
	for _, rec := range records { // first whole streams, since a line may come in pieces
		if p := rec.Packet; p != nil && isStream(p.Net) {
			w := way{p.Src, p.Dst}
			if streams[w] == nil {
				streams[w] = &rewritten{}
			}
			streams[w].data = append(streams[w].data, p.Data...)
		}
	}
	for _, s := range streams {
		s.data = r.messages(s.data, true)
	}
	for _, rec := range records {
		switch {
		case rec.Packet != nil:
			p := *rec.Packet
			p.SIP = nil
			if isStream(p.Net) {
				p.Data = streams[way{p.Src, p.Dst}].take(len(p.Data))
			} else {
				p.Data = r.datagram(&p)
			}
			p.Src, p.Dst = r.Addr(p.Src), r.Addr(p.Dst)
			out = append(out, Record{N: rec.N, Packet: &p})
		case rec.Note != nil:
			n := *rec.Note
			n.Text = r.note(&n)
			out = append(out, Record{N: rec.N, Note: &n})
		}
	}
	return out, r
}

// Redactor knows the tokens of one redaction.
type Redactor struct {
	o      Redaction
	tokens *tokens
	events [128]bool // payload types of telephone-event
}

// Addr gives the token of an address; the port stays.
func (r *Redactor) Addr(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return netip.AddrPortFrom(r.tokens.addr(a.Addr()), a.Port())
}

func isStream(n Net) bool { return n != UDP && n != ICMP }

// rewritten is one direction of a connection, handed out again in the pieces in which
// it came.
type rewritten struct{ data []byte }

func (s *rewritten) take(n int) []byte {
	piece := s.data[:n:n]
	s.data = s.data[n:]
	return piece
}

// datagram gives the data of a packet without what belongs to persons.
func (r *Redactor) datagram(p *Packet) []byte {
	data := append([]byte(nil), p.Data...)
	if p.Net == ICMP {
		return r.icmp(data)
	}
	switch {
	case len(data) <= 4 || strings.Trim(string(data), "\r\n\x00") == "": // keeps a way open
		return data
	case len(data) >= 12 && data[0]&0xc0 == 0x80:
		if data[1] >= 192 && data[1] <= 223 {
			return redactRTCP(data)
		}
		return r.rtp(data)
	case len(data) >= 20 && data[0] < 4 && binary.BigEndian.Uint32(data[4:]) == stunCookie:
		return r.stun(data)
	}
	return r.messages(data, false)
}

// rtp blanks the sound and what stands in header extensions; of pressed keys it leaves
// how long they were, and which only where they are the test phone's own.
func (r *Redactor) rtp(data []byte) []byte {
	head := 12 + 4*int(data[0]&0x0f)
	if data[0]&0x10 != 0 && len(data) >= head+4 {
		end := min(len(data), head+4+4*int(binary.BigEndian.Uint16(data[head+2:])))
		clear(data[head+4 : end])
		head = end
	}
	head = min(head, len(data))
	payload := data[head:]
	if r.events[data[1]&0x7f] && len(payload) >= 4 {
		if !r.o.Own {
			payload[0] = 0
		}
		payload = payload[4:]
	}
	clear(payload)
	return data
}

// redactRTCP masks the names in source descriptions and reasons of leaving, and what
// applications put in (RFC 3550 6.5, 6.6, 6.7); the figures stay.
func redactRTCP(data []byte) []byte {
	for rest := data; len(rest) >= 4 && rest[0]&0xc0 == 0x80; {
		n := min(len(rest), 4*(int(binary.BigEndian.Uint16(rest[2:]))+1))
		body := rest[4:n]
		switch rest[1] {
		case 202:
			redactSDES(body, int(rest[0]&0x1f))
		case 203:
			if sources := 4 * int(rest[0]&0x1f); len(body) > sources+1 {
				hideLetters(body[sources+1:])
			}
		case 204:
			if len(body) > 8 {
				clear(body[8:])
			}
		}
		rest = rest[n:]
	}
	return data
}

func redactSDES(b []byte, chunks int) {
	for ; chunks > 0 && len(b) >= 4; chunks-- {
		at := 4
		for at+1 < len(b) && b[at] != 0 {
			end := min(len(b), at+2+int(b[at+1]))
			hideLetters(b[at+2 : end])
			at = end
		}
		b = b[min(len(b), (at/4+1)*4):]
	}
}

// hideLetters masks text of which nothing has to be known.
func hideLetters(b []byte) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			b[i] = '0'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			b[i] = 'x'
		}
	}
}

const stunCookie = 0x2112a442

// stun gives the addresses in STUN and TURN messages (RFC 8489 14, RFC 8656 18) their
// tokens, and blanks the rest of what is not a number or an error.
func (r *Redactor) stun(data []byte) []byte {
	for at := 20; at+4 <= len(data); {
		kind, n := binary.BigEndian.Uint16(data[at:]), int(binary.BigEndian.Uint16(data[at+2:]))
		value := data[at+4 : min(len(data), at+4+n)]
		switch kind {
		case 0x0001, 0x0002, 0x0004, 0x0005, 0x802b, 0x802c: // plain addresses
			r.stunAddr(value, nil)
		case 0x0012, 0x0016, 0x0020, 0x8020: // exclusive-ored ones
			r.stunAddr(value, data[4:20])
		case 0x0003, 0x000d, 0x0019, 0x0024, 0x0025, 0x8027, 0x000c, 0x000a, 0x0018: // figures and flags
		case 0x0009: // an error: its number stays
			if len(value) > 4 {
				hideLetters(value[4:])
			}
		case 0x8022: // who made it
			hideLetters(value)
		default:
			clear(value)
		}
		at += 4 + (n+3)&^3
	}
	return data
}

func (r *Redactor) stunAddr(v, xor []byte) {
	if len(v) < 4 {
		return
	}
	raw := v[4:]
	if len(raw) != 4 && len(raw) != 16 {
		clear(raw)
		return
	}
	flip := func() {
		for i := range raw {
			if i < len(xor) {
				raw[i] ^= xor[i]
			}
		}
	}
	flip()
	if a, ok := netip.AddrFromSlice(raw); ok {
		copy(raw, r.tokens.addr(a).AsSlice())
	}
	flip()
}

// icmp gives the addresses of the packet that an ICMP error quotes their tokens.
func (r *Redactor) icmp(data []byte) []byte {
	if len(data) < 8+20 {
		return data
	}
	inner := data[8:]
	size, proto := 0, byte(0)
	put := func(b []byte) {
		if a, ok := netip.AddrFromSlice(b); ok {
			copy(b, r.tokens.addr(a).AsSlice())
		}
	}
	switch inner[0] >> 4 {
	case 4:
		size, proto = 4*int(inner[0]&0x0f), inner[9]
		put(inner[12:16])
		put(inner[16:20])
	case 6:
		if len(inner) < 40 {
			return data
		}
		size, proto = 40, inner[6]
		put(inner[8:24])
		put(inner[24:40])
	default:
		clear(inner)
		return data
	}
	head := map[byte]int{17: 8, 6: 20}[proto]
	if at := size + head; head > 0 && at < len(inner) {
		p := Packet{Net: UDP, Data: inner[at:]}
		copy(inner[at:], r.datagram(&p))
	}
	return data
}
