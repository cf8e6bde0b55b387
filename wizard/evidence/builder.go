package evidence

import (
	"net/netip"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Builder folds records into evidence. The zero value is ready to use. It is not
// safe for concurrent use.
//
// It keeps memory for each call, stream and distinct SIP message, never for each
// RTP packet. Everything that depends on which phone is ours (In and Out) is
// worked out when Evidence is asked for: the subject may become known late.
type Builder struct {
	told  subject // by SetSubject or notes
	began time.Time
	until time.Time

	holes []Hole
	lastN int // of the latest record in time

	notes notes
	odd   oddities
	icmp  unreachables
	ways  connections

	messages []*Message            // all but repeated ones, in order
	distinct int                   // how many there ever were
	strays   map[string][]*Message // those of no call, by Call-ID
	twinned  int                   // messages that the capture holds twice
	seen     witnessed
	hops     map[flow]hopsSeen // of messages, by machine
	flows    map[flow]*framing // byte streams by direction
	flowsAt  int               // how many there may be, maxFlows at least
	txns     map[txnKey][]*txn
	loose    []*txn // of no call
	changes  uint64 // counts those of loose
	context  context
	calls    map[string]*call
	ordered  []*call // calls, by their first message

	spots      map[netip.AddrPort]*spot
	streams    map[streamKey]*stream // the latest of each key, candidates among them
	recent     [1024]*stream         // of them, by the last bits of the SSRC: most packets find theirs here
	candidates int                   // sources that are not yet proven to be RTP
	inOrder    []*stream             // the proven ones, in order
	listed     int                   // how many there ever were
	bySSRC     map[uint32]*speaker   // the same, and the RTCP about them
	crowd      uint64                // packets of sources beyond the bounds
	header     rtpHeader             // scratch
	opener     opener                // scratch
	found      []match               // scratch
	stun       uint64
	alive      uint64

	reports []*report // in order
	heard   int       // how many there ever were

	// For captures that are longer than memory (finish.go).
	tell       func(*Finished) // nil: nobody asks for calls that are over
	tellStream func(*Stream)   // nil: nobody asks for streams of no call
	retireAt   int             // how many streams there may be, retireAt at least
	expiry     expiry
	waiting    []*call // that are over and were not told yet
	begun      int     // calls that there ever were
	gone       gone
	outside    int // messages in strays
	thinAt     int // how many there may be, thinAt at least
	toThin     bool
}

// flow is one direction between two addresses.
type flow struct{ from, to netip.AddrPort }

// SetSubject says which phone is under test. Port 0 means that only its IP is
// known. It may be called at any time; what was told before stays valid as a
// further address of the same phone.
func (b *Builder) SetSubject(phone netip.AddrPort) { b.told.add(phone) }

// Add takes the next record. It never fails: what cannot be read becomes Odd.
func (b *Builder) Add(r capture.Record) {
	if at := r.Time(); !at.IsZero() {
		b.watch(r.N, at)
	}
	switch {
	case r.Packet != nil:
		b.packet(r.N, r.Packet)
	case r.Note != nil:
		b.note(r.N, r.Note)
	}
	if len(b.expiry) > 0 {
		b.finish()
	}
	if b.toThin {
		b.toThin = false
		b.thin()
	}
}

func (b *Builder) packet(n int, p *capture.Packet) {
	q := packet{n: n, at: p.Time, net: p.Net, flow: flow{plain(p.Src), plain(p.Dst)}, gap: p.Gap, hops: p.Hops, data: p.Data, sip: p.SIP}
	switch p.Net {
	case capture.ICMP:
		b.unreachable(&q)
	case capture.TCP, capture.TLS:
		b.bytes(&q)
	case capture.WS, capture.WSS:
		b.webMessage(&q)
	default:
		b.datagram(&q)
	}
}

// packet is a capture.Packet with plain addresses and its number.
type packet struct {
	n   int
	at  time.Time
	net capture.Net
	flow
	gap  bool  // bytes of the stream are missing before data
	hops uint8 // TTL or hop limit, 0: not known
	data []byte
	sip  *sipmsg.Message // what data is, where it was read ahead
}

// plain makes addresses comparable: IPv4 as such, without a zone.
func plain(a netip.AddrPort) netip.AddrPort {
	if a.Addr().Is4() {
		return a
	}
	if ip := a.Addr(); ip.Is4In6() || ip.Zone() != "" {
		return netip.AddrPortFrom(ip.Unmap().WithZone(""), a.Port())
	}
	return a
}
