package evidence

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/rtcp"
)

// report is one RTCP packet with sender information, report blocks or a BYE, as
// the records build it up. Whom it concerns is worked out when asked: a peer may
// report before its first RTP packet is seen.
type report struct {
	n      int
	serial int // among all, in order
	at     time.Time
	flow   flow
	ssrc   uint32

	sender  bool
	ntp     uint32 // middle 32 bits of the NTP time
	packets uint32
	octets  uint32
	blocks  []block
	bye     bool
	sealed  bool // SRTCP: only the SSRC could be read
	gone    bool // it was of a call that was released
}

// block is one report block (RFC 3550 6.4.1).
type block struct {
	about    uint32
	fraction uint8
	lost     int32
	highest  uint32
	jitter   uint32 // timestamp units
	lsr      uint32
	dlsr     time.Duration
	rtt      time.Duration
}

// maxReports bounds the RTCP packets kept; one comes every few seconds per stream.
const maxReports = 1 << 17

// rtcp takes a compound packet.
func (b *Builder) rtcp(p *packet) {
	data, sealed := b.unseal(p)
	if sealed {
		b.keepReport(&report{n: p.n, at: p.at, flow: p.flow, sealed: true,
			ssrc: binary.BigEndian.Uint32(p.data[4:]), sender: p.data[1] == 200})
		return
	}
	packets, err := readRTCP(data)
	if err != nil {
		b.odd.add(p, "looks like RTCP but is broken")
	}
	for _, pk := range packets {
		r := &report{n: p.n, at: p.at, flow: p.flow}
		switch pk := pk.(type) {
		case *rtcp.SenderReport:
			r.ssrc, r.sender = pk.SSRC, true
			r.ntp, r.packets, r.octets = uint32(pk.NTPTime>>16), pk.PacketCount, pk.OctetCount
			r.blocks = b.blocks(p, pk.Reports)
			b.confirm(p.flow, pk)
		case *rtcp.ReceiverReport:
			r.ssrc, r.blocks = pk.SSRC, b.blocks(p, pk.Reports)
		case *rtcp.Goodbye:
			r.bye = true
			if len(pk.Sources) > 0 {
				r.ssrc = pk.Sources[0]
			}
			// A BYE travels behind a report of the same packet: one entry for both.
			if last := len(b.reports) - 1; last >= 0 && b.reports[last].n == p.n && b.reports[last].flow == p.flow && b.reports[last].ssrc == r.ssrc {
				b.reports[last].bye = true
				continue
			}
		default:
			continue // SDES, APP, feedback, XR
		}
		b.keepReport(r)
	}
}

// confirm takes a source for proven that its sender reports about, on the port before
// or on the same one (RFC 3550 11, RFC 5761).
func (b *Builder) confirm(f flow, sr *rtcp.SenderReport) {
	if sr.PacketCount == 0 {
		return
	}
	before := flow{portBefore(f.from), portBefore(f.to)}
	for _, way := range [...]flow{before, f} {
		if s := b.streams[streamKey{way, sr.SSRC}]; s != nil && !s.listed {
			s.proven = true
			b.list(s)
		}
	}
}

func portBefore(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()-1) }

func (b *Builder) keepReport(r *report) {
	if len(b.reports)-b.gone.reports >= maxReports {
		return
	}
	b.heard++
	r.serial = b.heard
	b.reports = append(b.reports, r)
	for _, a := range r.spots() {
		p := b.spot(a)
		p.reports = append(p.reports, r)
	}
	for _, ssrc := range r.names() {
		who := b.speaker(ssrc)
		who.reports = append(who.reports, r)
	}
}

// spots lists the addresses between which a report went, names the SSRCs that it
// speaks of, each once.
func (r *report) spots() []netip.AddrPort {
	return appendNew(append(make([]netip.AddrPort, 0, 2), r.flow.from), r.flow.to)
}

func (r *report) names() []uint32 {
	list := append(make([]uint32, 0, 4), r.ssrc)
	for _, k := range r.blocks {
		if !slices.Contains(list, k.about) {
			list = append(list, k.about)
		}
	}
	return list
}

// unseal gives the clear packet of SRTCP (RFC 3711 3.4), and of plain RTCP the same
// packet. sealed: all but the first eight bytes is encrypted, and no key fits.
func (b *Builder) unseal(p *packet) (data []byte, sealed bool) {
	to, from := b.reportingAt(p.flow)
	found := b.owners(to, from, p.at, p.at)
	if len(found) == 0 {
		to, from = b.describedAt(p.flow)
		found = b.owners(to, from, p.at, p.at)
	}
	if len(found) == 0 || len(p.data) < 8 {
		return p.data, false
	}
	c := found[0].call
	if secret, _ := c.secrecy(p.flow); !secret {
		return p.data, false
	}
	for _, key := range c.keysFor(p.flow) {
		if out, err := key.DecryptRTCP(nil, p.data, nil); err == nil {
			return out, false
		}
	}
	// Some devices leave their reports plain. What SRTCP adds behind the packet is
	// no RTCP.
	if _, err := readRTCP(p.data); err == nil && allRTCP(p.data) {
		return p.data, false
	}
	return nil, true
}

// allRTCP tells whether every part of a compound packet has one of RTCP's types
// (RFC 5761 4), which the tail of an encrypted one has not.
func allRTCP(d []byte) bool {
	for len(d) >= 4 {
		if d[1] < 192 || d[1] > 223 {
			return false
		}
		d = d[min(len(d), 4*(1+int(binary.BigEndian.Uint16(d[2:])))):]
	}
	return len(d) == 0
}

// readRTCP reads a compound packet as far as it goes: what stands before a
// broken part is kept.
func readRTCP(d []byte) (packets []rtcp.Packet, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading RTCP: %v", r)
		}
	}()
	for len(d) >= 4 {
		if d[0]>>6 != 2 {
			return packets, fmt.Errorf("a part with version %d", d[0]>>6)
		}
		n := (int(binary.BigEndian.Uint16(d[2:])) + 1) * 4
		if n > len(d) {
			return packets, fmt.Errorf("a part of %d bytes in the last %d", n, len(d))
		}
		part, perr := rtcp.Unmarshal(d[:n])
		if perr != nil {
			// Extensions that the reader does not know are no fault of the report's.
			if d[1] >= 200 && d[1] <= 203 {
				err = perr
			}
		} else {
			packets = append(packets, part...)
		}
		d = d[n:]
	}
	if len(d) > 0 && err == nil {
		err = fmt.Errorf("%d bytes behind the last part", len(d))
	}
	return packets, err
}

// blocks converts report blocks and computes the round trip of those that answer
// a sender report seen here (RFC 3550 6.4.1).
func (b *Builder) blocks(p *packet, in []rtcp.ReceptionReport) []block {
	out := make([]block, 0, len(in))
	for _, r := range in {
		k := block{about: r.SSRC, fraction: r.FractionLost, highest: r.LastSequenceNumber, jitter: r.Jitter,
			lost: int32(r.TotalLost<<8) >> 8, // 24 bits, signed
			lsr:  r.LastSenderReport,
			dlsr: time.Duration(uint64(r.Delay) * uint64(time.Second) >> 16)}
		if k.lsr != 0 {
			if sent, ok := b.sentAt(r.SSRC, k.lsr); ok {
				k.rtt = max(0, p.at.Sub(sent)-k.dlsr)
			}
		}
		out = append(out, k)
	}
	return out
}

// maxAnswered bounds how many reports back the one that a block answers is sought.
const maxAnswered = 256

// sentAt finds when the sender report with these NTP bits passed here.
func (b *Builder) sentAt(ssrc, ntp uint32) (time.Time, bool) {
	for _, r := range slices.Backward(b.reports) {
		if r.serial <= b.heard-maxAnswered {
			break
		}
		if r.sender && r.ssrc == ssrc && r.ntp == ntp {
			return r.at, true
		}
	}
	return time.Time{}, false
}
