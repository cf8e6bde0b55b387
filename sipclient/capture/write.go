package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"
	"net/netip"
	"slices"
)

// WriteTo writes the tape as it stands as a pcapng file; see Write.
func (t *Tape) WriteTo(w io.Writer) (int64, error) {
	return Write(w, slices.Values(t.From(0)))
}

// Write makes a pcapng file of records, which Wireshark, tshark and sngrep read:
// nanoseconds, link type raw IP, with IP and UDP, TCP or ICMP headers made up
// around the data. Sequence numbers of TCP and TLS count the bytes of each
// direction. Notes stand at their place as custom blocks (see EnterpriseNumber).
// Read gives the same records back.
//
// The secrets in Authorization, Proxy-Authorization and Authentication-Info lines
// (a digest's response, the whole of any other scheme) and the passwords in
// addresses are overwritten with zeros of the same length; the records themselves
// stay as they are. The keys of encrypted
// sound in a=crypto lines stay, too: what they protect stands beside them in the
// same file, and only with them can it be judged. It returns the number of bytes
// written.
func Write(w io.Writer, records iter.Seq[Record]) (int64, error) { return write(w, records, false) }

// WriteMuted is Write for a capture that others may see: what was said is
// overwritten with zeros of the same length, and so are the keys of encrypted
// sound. A note says so (LimitMuted), so that nobody takes it for silence. Pressed
// keys are gone where they were packets of the sound; an INFO keeps them.
func WriteMuted(w io.Writer, records iter.Seq[Record]) (int64, error) { return write(w, records, true) }

func write(w io.Writer, records iter.Seq[Record], muted bool) (int64, error) {
	counted := &counter{w: w}
	out := &writer{w: bufio.NewWriterSize(counted, 1<<16), masks: map[way]*masker{}, sequence: map[way]uint32{}, muted: muted}
	begun := false
	begin := func(first *Note) {
		begun = true
		comment := ""
		if first != nil && first.Kind == KindLimit && first.Key == LimitMuted {
			comment = first.Text // for those who open the file with another program
		}
		out.header(comment)
	}
	if muted {
		note := &Note{Kind: KindLimit, Key: LimitMuted, Text: "What was said in the calls was left out when this capture was saved."}
		begin(note)
		out.note(0, note)
	}
	for r := range records {
		if !begun {
			begin(r.Note)
		}
		switch {
		case r.Packet != nil:
			out.packet(r.N, r.Packet)
		case r.Note != nil:
			out.note(r.N, r.Note)
		}
		if out.err != nil {
			break
		}
	}
	if !begun {
		begin(nil)
	}
	if err := out.w.Flush(); out.err == nil {
		out.err = err
	}
	if out.err != nil {
		return counted.n, fmt.Errorf("the capture could not be written: %w", out.err)
	}
	return counted.n, nil
}

// counter counts the bytes that went through.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// writer holds what running numbers and masks need between packets.
type writer struct {
	w        *bufio.Writer
	err      error
	echoes   echoes
	masks    map[way]*masker // of byte streams: a secret can begin in one packet and end in the next
	sequence map[way]uint32  // the next sequence number of each direction
	block    []byte
	frame    []byte
	data     []byte
	tag      []byte
	muted    bool // sound and its keys are left out
}

// put writes one block around its body.
func (o *writer) put(kind uint32, body []byte) {
	var b [4]byte
	if o.err != nil {
		return
	}
	total := uint32(len(body)) + 12
	for _, v := range []uint32{kind, total} {
		binary.LittleEndian.PutUint32(b[:], v)
		o.w.Write(b[:]) // bufio keeps the first error
	}
	o.w.Write(body)
	_, o.err = o.w.Write(b[:])
}

// option appends an option with its padding.
func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, pad(uint32(len(value))))...)
}

// header writes the section header, with a comment if there is one, and the one interface.
func (o *writer) header(comment string) {
	var b []byte
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint64(b, math.MaxUint64) // length not told
	if comment != "" {
		b = option(b, optComment, []byte(comment))
	}
	b = option(b, optUserApp, []byte(Application))
	b = option(b, optEnd, nil)
	o.put(blockSection, b)

	b = b[:0]
	b = binary.LittleEndian.AppendUint16(b, linkRaw)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, 0) // no length limit
	b = option(b, optResolution, []byte{9})
	b = option(b, optEnd, nil)
	o.put(blockInterface, b)
}

// note writes a note as a custom block.
func (o *writer) note(n int, note *Note) {
	data, err := noteData(n, note)
	if err != nil {
		o.err = err
		return
	}
	o.block = binary.LittleEndian.AppendUint32(o.block[:0], EnterpriseNumber)
	o.block = append(o.block, data...)
	o.put(blockCustom, o.block)
}

// packet writes a packet as one frame, or as several when it is longer than a
// frame can be.
func (o *writer) packet(n int, p *Packet) {
	t := tag{net: p.Net, n: n, gap: p.Gap, hops: p.Hops != 0}
	src, dst := familyOf(p.Src, p.Dst)
	headless := p.Net == ICMP && (p.Src.Port() != 0 || p.Dst.Port() != 0)
	if src != p.Src || dst != p.Dst || src.Addr().Zone() != "" || dst.Addr().Zone() != "" || headless {
		t.named, t.src, t.dst = true, p.Src, p.Dst
	}
	var stamp uint64
	// Nanoseconds since 1970 in 63 bits; what is outside has no time, or comes
	// from a damaged file.
	if year := p.Time.Year(); year >= 1970 && year < 2262 {
		stamp = uint64(max(0, p.Time.UnixNano()))
	} else {
		t.noTime = true
	}
	data := o.masked(p)
	for first := true; first || len(data) > 0; first = false {
		piece := data[:min(len(data), maxPiece)]
		data = data[len(piece):]
		t.more = len(data) > 0
		o.frame = o.build(o.frame[:0], p, src, dst, piece)
		o.block = append(o.block[:0], 0, 0, 0, 0) // interface 0
		o.block = binary.LittleEndian.AppendUint32(o.block, uint32(stamp>>32))
		o.block = binary.LittleEndian.AppendUint32(o.block, uint32(stamp))
		o.block = binary.LittleEndian.AppendUint32(o.block, uint32(len(o.frame)))
		o.block = binary.LittleEndian.AppendUint32(o.block, uint32(len(o.frame)))
		o.block = append(o.block, o.frame...)
		o.block = append(o.block, make([]byte, pad(uint32(len(o.frame))))...)
		o.tag = t.append(o.tag[:0])
		o.block = option(o.block, optCustom, o.tag)
		o.block = option(o.block, optEnd, nil)
		o.put(blockEnhanced, o.block)
	}
}

// masked gives the packet's data without secrets, copied only where it has some.
func (o *writer) masked(p *Packet) []byte {
	switch p.Net {
	case TCP, TLS:
		w := way{p.Src, p.Dst}
		m := o.masks[w]
		if m == nil {
			m = &masker{keys: o.muted}
			o.masks[w] = m
		}
		o.data = m.mask(o.data[:0], p.Data)
	default:
		if len(p.Data) > 0 && p.Data[0]&0xc0 == 0x80 && p.Net == UDP {
			return o.mute(p.Data) // RTP and RTCP, by their version bits
		}
		o.data = (&masker{keys: o.muted}).mask(o.data[:0], p.Data)
	}
	o.echoes.hide(p.Data, o.data)
	return o.data
}

// mute gives an RTP packet without its sound, if that is to be left out. RTCP
// (RFC 5761 4) holds none.
func (o *writer) mute(data []byte) []byte {
	if !o.muted || len(data) < 2 || data[1] >= 192 && data[1] <= 223 {
		return data
	}
	o.data = append(o.data[:0], data...)
	head := 12 + 4*int(data[0]&0x0f)
	if data[0]&0x10 != 0 && len(data) >= head+4 {
		head += 4 + 4*int(binary.BigEndian.Uint16(data[head+2:]))
	}
	clear(o.data[min(head, len(o.data)):])
	return o.data
}

// familyOf gives the addresses that the frame's headers carry: both of one IP
// family, and addresses that are not known as zeros.
func familyOf(src, dst netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	a, b := src.Addr(), dst.Addr()
	six := a.Is6() || b.Is6()
	fit := func(x netip.Addr) netip.Addr {
		switch {
		case !x.IsValid() && six:
			return netip.IPv6Unspecified()
		case !x.IsValid():
			return netip.IPv4Unspecified()
		case six:
			return netip.AddrFrom16(x.As16())
		}
		return x
	}
	return netip.AddrPortFrom(fit(a), src.Port()), netip.AddrPortFrom(fit(b), dst.Port())
}
