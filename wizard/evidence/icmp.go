package evidence

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
)

// unreachables collects ICMP errors, once for each target and reason: a closed
// RTP port answers every packet.
type unreachables struct {
	list  []*Unreachable
	known map[unreachableKey]*Unreachable
}

type unreachableKey struct {
	net capture.Net
	flow
	reason string
}

// maxUnreachable bounds the list; a port scan in a capture is no business of ours.
const maxUnreachable = 1000

func (u *unreachables) add(n int, at time.Time, net capture.Net, f flow, reason string) {
	key := unreachableKey{net, f, reason}
	if known := u.known[key]; known != nil {
		known.Count++
		known.Last = at
		if len(known.at) < maxMoments {
			known.at = append(known.at, at)
		}
		return
	}
	if len(u.list) >= maxUnreachable {
		return
	}
	if u.known == nil {
		u.known = make(map[unreachableKey]*Unreachable)
	}
	e := &Unreachable{N: n, Time: at, Last: at, Count: 1, Net: net, Source: f.from, Target: f.to, Reason: reason, at: []time.Time{at}}
	u.known[key] = e
	u.list = append(u.list, e)
}

// maxMoments is how many moments of errors about the same are remembered.
const maxMoments = 64

// trim leaves out the errors behind a moment; the first is not behind it.
func (u *Unreachable) trim(until time.Time) {
	if !u.Last.After(until) {
		return
	}
	n := len(u.at)
	for n > 1 && u.at[n-1].After(until) {
		n--
	}
	u.at = u.at[:n:n]
	u.Count, u.Last = n, u.at[n-1]
}

// unreachable reads an ICMP message. Only errors count: they quote the packet
// that could not be delivered.
func (b *Builder) unreachable(p *packet) {
	d := p.data
	if len(d) < 8 {
		b.odd.add(p, "an ICMP message cut short")
		return
	}
	v6 := p.from.Addr().Is6()
	reason := icmpReason(d[0], d[1], v6)
	if reason == "" {
		return // echo and the like
	}
	net, quoted, ok := quotedFlow(d[8:])
	if !ok {
		b.odd.add(p, "an ICMP error that does not quote a UDP or TCP packet")
		return
	}
	b.icmp.add(p.n, p.at, net, quoted, reason)
}

// icmpReason puts an error's type and code in words (RFC 792, RFC 1812 5.2.7.1,
// RFC 4443); "" for messages that are no errors.
func icmpReason(kind, code byte, v6 bool) string {
	pick := func(words []string, other string) string {
		if int(code) < len(words) {
			return words[code]
		}
		return other
	}
	switch {
	case !v6 && kind == 3:
		return pick([]string{"network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
			"packet too big", "source route failed", "network unknown", "host unknown", "source host isolated",
			"admin prohibited", "admin prohibited", "network unreachable for this service",
			"host unreachable for this service", "admin prohibited"}, "destination unreachable")
	case !v6 && kind == 11, v6 && kind == 3:
		return pick([]string{"time to live exceeded", "fragments missing"}, "time exceeded")
	case v6 && kind == 1:
		return pick([]string{"network unreachable", "admin prohibited", "beyond scope of source address",
			"host unreachable", "port unreachable", "admin prohibited", "admin prohibited"}, "destination unreachable")
	case v6 && kind == 2:
		return "packet too big"
	}
	return ""
}

// quotedFlow reads transport and addresses of the packet that an ICMP error quotes.
func quotedFlow(d []byte) (net capture.Net, f flow, ok bool) {
	if len(d) < 20 {
		return 0, f, false
	}
	var (
		src, dst netip.Addr
		proto    byte
		ports    []byte
	)
	switch d[0] >> 4 {
	case 4:
		ihl := int(d[0]&15) * 4
		if ihl < 20 || len(d) < ihl {
			return 0, f, false
		}
		src, dst = netip.AddrFrom4([4]byte(d[12:16])), netip.AddrFrom4([4]byte(d[16:20]))
		proto, ports = d[9], d[ihl:]
	case 6:
		if len(d) < 40 {
			return 0, f, false
		}
		src, dst = netip.AddrFrom16([16]byte(d[8:24])), netip.AddrFrom16([16]byte(d[24:40]))
		proto, ports = d[6], d[40:]
	default:
		return 0, f, false
	}
	switch proto {
	case 6:
		net = capture.TCP
	case 17:
		net = capture.UDP
	}
	if net == 0 || len(ports) < 4 {
		return 0, f, false
	}
	from := netip.AddrPortFrom(src, binary.BigEndian.Uint16(ports))
	to := netip.AddrPortFrom(dst, binary.BigEndian.Uint16(ports[2:]))
	return net, flow{from, to}, true
}

// systemError reads the text of a capture.PhoneUnreachable note: "udp ADDR: REASON",
// or the same with "tcp" or "tls".
func systemError(text string) (net capture.Net, target netip.AddrPort, reason string, ok bool) {
	transport, rest, found := strings.Cut(text, " ")
	if !found {
		return 0, target, "", false
	}
	switch transport {
	case "tcp":
		net = capture.TCP
	case "tls":
		net = capture.TLS
	default:
		net = capture.UDP
	}
	// The address may be IPv6 in brackets; the first ": " ends it.
	addr, reason, found := strings.Cut(rest, ": ")
	if !found {
		return 0, target, "", false
	}
	target, err := netip.ParseAddrPort(strings.TrimSpace(addr))
	if err != nil {
		return 0, target, "", false
	}
	return net, plain(target), strings.TrimSpace(reason), true
}
