package capture

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// LINKTYPE numbers (www.tcpdump.org/linktypes.html) whose frames are understood.
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkRawBSD   = 12
	linkRawOBSD  = 14
	linkHDLC     = 50
	linkPPPoE    = 51
	linkRaw      = 101
	linkDot11    = 105
	linkLoop     = 108
	linkSLL      = 113
	linkRadiotap = 127
	linkERF      = 197
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// decoder turns frames into records. The layers are decoded into the same
// structures again and again; only what a record keeps is copied.
type decoder struct {
	ip4 layers.IPv4
	ip6 layers.IPv6
	ext layers.IPv6ExtensionSkipper
	frg layers.IPv6Fragment
	ah  authentication
	gre layers.GRE
	udp layers.UDP
	tcp layers.TCP

	parsers map[gopacket.LayerType]*gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	known   gopacket.DecodingLayerContainer

	fragments fragments
	streams   streams
	secrets   secrets
	held      int             // bytes that wait in connections for more
	limits    map[string]bool // what was said to be unreadable
	parts     Packet          // what came so far of a packet that Write split
	partsN    int

	n     int       // of the frame at hand
	time  time.Time // of the frame at hand
	hops  uint8     // TTL or hop limit of the packet at hand
	short int       // the first frame that was not kept whole, 0: none
	out   []Record
	room  *batch // where records lie, nil: each by itself
	whole bool   // every frame is decoded layer by layer

	quickly int // frames that were not
}

func newDecoder() *decoder {
	d := &decoder{parsers: map[gopacket.LayerType]*gopacket.DecodingLayerParser{}}
	known := gopacket.DecodingLayerContainer(gopacket.DecodingLayerSparse(nil))
	for _, l := range []gopacket.DecodingLayer{
		&layers.Ethernet{}, &layers.Dot1Q{}, &layers.LinuxSLL{}, &layers.LinuxSLL2{}, &layers.Loopback{},
		&layers.RadioTap{}, &layers.LLC{}, &layers.SNAP{},
		&ppp{}, &pppoe{}, &mpls{}, &dot11{},
		&d.ip4, &d.ip6, &d.ext, &d.frg, &d.ah, &d.gre, &d.udp, &d.tcp,
	} {
		known = known.Put(l)
	}
	d.known = known
	d.streams.converse = func(ends way) *conversation { return &conversation{d: d, net: TCP, ends: ends} }
	return d
}

// frame decodes one frame into zero or more records, valid until the next call.
func (d *decoder) frame(f *frame) []Record {
	d.out = d.out[:0]
	d.n, d.time = f.n, f.time
	if f.secrets != nil {
		d.secrets.add(f.secrets)
		return nil
	}
	if f.note != nil {
		n := f.n
		if f.own {
			n = f.noteN
		}
		return append(d.out, Record{N: n, Note: f.note})
	}
	if f.link == linkERF {
		f.link, f.data = linkEthernet, erfEthernet(f.data)
	}
	if f.tag == nil && !d.whole && d.quick(f.link, f.data) {
		d.quickly++
		return d.out
	}
	first, ok := firstLayer(f.link, f.data)
	if !ok {
		return nil
	}
	if f.tag != nil {
		if d.tagged(f, first) {
			return d.out
		}
	}
	d.packet(first, f.data, 0)
	return d.out
}

// firstLayer tells with which layer a frame begins.
func firstLayer(link uint32, data []byte) (gopacket.LayerType, bool) {
	if len(data) == 0 {
		return 0, false
	}
	switch link {
	case linkEthernet:
		return layers.LayerTypeEthernet, true
	case linkNull, linkLoop:
		return layers.LayerTypeLoopback, true
	case linkRaw, linkRawBSD, linkRawOBSD, linkIPv4, linkIPv6:
		switch data[0] >> 4 {
		case 4:
			return layers.LayerTypeIPv4, true
		case 6:
			return layers.LayerTypeIPv6, true
		}
	case linkSLL:
		return layers.LayerTypeLinuxSLL, true
	case linkSLL2:
		return layers.LayerTypeLinuxSLL2, true
	case linkPPPoE:
		return layers.LayerTypePPPoE, true
	case linkPPP, linkHDLC:
		return layers.LayerTypePPP, true
	case linkRadiotap:
		return layers.LayerTypeRadioTap, true
	case linkDot11:
		return layers.LayerTypeDot11, true
	}
	return 0, false
}

// parse decodes as many layers as are known into d.decoded and tells the last.
func (d *decoder) parse(first gopacket.LayerType, data []byte) (gopacket.LayerType, bool) {
	parser := d.parsers[first]
	if parser == nil {
		parser = gopacket.NewDecodingLayerParser(first)
		parser.SetDecodingLayerContainer(d.known)
		parser.IgnoreUnsupported = true
		d.parsers[first] = parser
	}
	// A layer that cannot be decoded ends the list before it: the frame yields
	// nothing then, unless it is inside a tunnel of which we know better.
	if err := parser.DecodeLayers(data, &d.decoded); err != nil || len(d.decoded) == 0 {
		return 0, false
	}
	return d.decoded[len(d.decoded)-1], true
}

// maxDepth bounds the tunnels and reassemblies around a packet.
const maxDepth = 4

// packet decodes from the given layer on and emits what it finds. depth counts
// the tunnels and reassemblies around it.
func (d *decoder) packet(first gopacket.LayerType, data []byte, depth int) {
	if last, ok := d.parse(first, data); ok && depth <= maxDepth {
		src, dst := d.addresses(d.network())
		d.found(last, src, dst, depth)
	}
}

// missing is how many bytes of the TCP segment at hand were on the wire but are
// not in the file.
func (d *decoder) missing() int {
	switch d.network() {
	case layers.LayerTypeIPv4:
		if gap := int(d.ip4.Length) - int(d.ip4.IHL)*4 - len(d.ip4.Payload); gap > 0 {
			d.cutShort()
			return gap
		}
	case layers.LayerTypeIPv6:
		extra := 0
		if d.ip6.HopByHop != nil {
			extra = d.ip6.HopByHop.ActualLength
		}
		if gap := int(d.ip6.Length) - extra - len(d.ip6.Payload); gap > 0 {
			d.cutShort()
			return gap
		}
	}
	return 0
}

// cutShort notes the first frame that lacks its end.
func (d *decoder) cutShort() {
	if d.short != 0 {
		return
	}
	d.short = d.n
	d.out = append(d.out, Record{Note: &Note{Time: d.time, Kind: KindLimit, Key: LimitShort,
		Text: fmt.Sprintf("The capture does not hold whole packets: frame %d is the first whose end was left out. Capture again without a length limit.", d.n)}})
}

// emit copies data into a record of its own.
func (d *decoder) emit(net Net, src, dst netip.AddrPort, data []byte, n int, at time.Time) {
	p := d.room.packet() // written where it stays: there are millions
	p.Time, p.Net, p.Gap, p.Hops = at, net, false, d.hops
	p.Src, p.Dst = src, dst
	p.Data = d.room.keep(data)
	p.SIP = d.room.ahead(net, p.Data)
	d.out = append(d.out, Record{N: n, Packet: p})
}

// put makes a record of a packet whose data is its own.
func (d *decoder) put(p Packet, n int) {
	own := d.room.packet()
	*own = p
	own.SIP = d.room.ahead(p.Net, p.Data)
	d.out = append(d.out, Record{N: n, Packet: own})
}

// limit says once what could not be read and why; words hold a place for the number
// of the first frame.
func (d *decoder) limit(key string, k chunk, words string) {
	if d.limits[words] || len(d.limits) >= maxLimits {
		return
	}
	if d.limits == nil {
		d.limits = make(map[string]bool)
	}
	d.limits[words] = true
	d.out = append(d.out, Record{Note: &Note{Time: k.time, Kind: KindLimit, Key: key, Text: fmt.Sprintf(words, k.n)}})
}

const (
	// maxLimits bounds how many different ones are said.
	maxLimits = 16
	// maxHeld bounds the bytes that all connections together let wait.
	maxHeld = 32 << 20
)

// hold tells whether so many more bytes may wait, and counts them.
func (d *decoder) hold(n int) bool {
	if d.held+n > maxHeld {
		return false
	}
	d.held += n
	return true
}

// finish gives what was still held back when the file ended.
func (d *decoder) finish(at time.Time) []Record {
	d.out = d.out[:0]
	d.streams.flush()
	if count, first := d.fragments.incomplete(); count > 0 {
		d.out = append(d.out, Record{Note: &Note{Time: at, Kind: KindLimit, Key: LimitFragments,
			Text: fmt.Sprintf("%d fragmented packets are incomplete, the first begins in frame %d: the other fragments never came, or the capture missed them.", count, first)}})
	}
	return d.out
}

// tagged emits a packet that Write put into the file, with the number, transport
// and addresses that it noted. It tells whether that was possible.
func (d *decoder) tagged(f *frame, first gopacket.LayerType) bool {
	last, ok := d.parse(first, f.data)
	if !ok {
		return false
	}
	p := Packet{Time: f.time, Net: f.tag.net, Gap: f.tag.gap}
	src, dst := d.addresses(d.network())
	if f.tag.hops {
		p.Hops = d.hops
	}
	switch {
	case last == layers.LayerTypeUDP && f.tag.net == UDP:
		p.Src, p.Dst = netip.AddrPortFrom(src, uint16(d.udp.SrcPort)), netip.AddrPortFrom(dst, uint16(d.udp.DstPort))
		p.Data = d.udp.Payload
	case last == layers.LayerTypeTCP && f.tag.net.overTCP():
		p.Src, p.Dst = netip.AddrPortFrom(src, uint16(d.tcp.SrcPort)), netip.AddrPortFrom(dst, uint16(d.tcp.DstPort))
		p.Data = d.tcp.Payload
	case last == layers.LayerTypeIPv4 && f.tag.net == ICMP:
		p.Src, p.Dst, p.Data = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0), d.ip4.Payload
	case last == layers.LayerTypeIPv6 && f.tag.net == ICMP:
		p.Src, p.Dst, p.Data = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0), d.ip6.Payload
	default:
		return false
	}
	n := f.n
	if f.own {
		n = f.tag.n
	}
	f.tag.restore(&p)
	if d.partsN != n {
		d.parts.Data = d.parts.Data[:0]
	}
	d.partsN = n
	if f.tag.more && len(d.parts.Data) < maxParts {
		d.parts.Data = append(d.parts.Data, p.Data...)
		return true
	}
	if len(d.parts.Data) > 0 {
		p.Data = append(d.parts.Data, p.Data...)
		d.parts.Data = nil
	} else {
		p.Data = d.room.keep(p.Data)
	}
	d.put(p, n)
	return true
}
