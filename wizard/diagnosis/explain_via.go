package diagnosis

import (
	"fmt"
	"net/netip"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// addressClass is what kind of address a host is, and so who can reach it.
type addressClass uint8

const (
	classPublic addressClass = iota
	className
	classPlaceholder // a name under .invalid, as browsers write
	classPrivate
	classCarrier
	classLoopback
	classLinkLocal
	classNone // 0.0.0.0 or ::
	classDocumentation
	classTest
	classMulticast
	classLocalName
)

// addressRanges are the ranges with a meaning of their own (RFC 1918, 4193, 6598,
// 5737, 3849, 2544).
var addressRanges = []struct {
	prefix netip.Prefix
	class  addressClass
}{
	{netip.MustParsePrefix("10.0.0.0/8"), classPrivate},
	{netip.MustParsePrefix("172.16.0.0/12"), classPrivate},
	{netip.MustParsePrefix("192.168.0.0/16"), classPrivate},
	{netip.MustParsePrefix("fc00::/7"), classPrivate},
	{netip.MustParsePrefix("100.64.0.0/10"), classCarrier},
	{netip.MustParsePrefix("192.0.2.0/24"), classDocumentation},
	{netip.MustParsePrefix("198.51.100.0/24"), classDocumentation},
	{netip.MustParsePrefix("203.0.113.0/24"), classDocumentation},
	{netip.MustParsePrefix("2001:db8::/32"), classDocumentation},
	{netip.MustParsePrefix("198.18.0.0/15"), classTest},
}

func classOf(host string) addressClass {
	host = strings.Trim(host, "[]")
	a, err := netip.ParseAddr(host)
	if err != nil {
		switch low := strings.ToLower(strings.TrimSuffix(host, ".")); {
		case strings.HasSuffix(low, ".invalid"):
			return classPlaceholder
		case low == "localhost":
			return classLoopback
		case strings.HasSuffix(low, ".local") || !strings.Contains(low, "."):
			return classLocalName
		}
		return className
	}
	a = a.Unmap().WithZone("")
	for _, r := range addressRanges {
		if r.prefix.Contains(a) {
			return r.class
		}
	}
	switch {
	case a.IsUnspecified():
		return classNone
	case a.IsLoopback():
		return classLoopback
	case a.IsLinkLocalUnicast():
		return classLinkLocal
	case a.IsMulticast():
		return classMulticast
	}
	return classPublic
}

// as ends a sentence that began with the address.
func (c addressClass) as() string {
	switch c {
	case classPublic:
		return "a public address, which can be reached over the internet."
	case classPlaceholder:
		return "a made-up name, as phones inside web browsers write it; it is never called."
	case classPrivate:
		return "a private address: it is valid only inside one house or company network, and nobody outside can send anything there."
	case classCarrier:
		return "an address of carrier-grade NAT (100.64 to 100.127): the internet provider puts many customers behind one address, and nobody outside can send anything there."
	case classLoopback:
		return "this computer itself: no other device can send anything there."
	case classLinkLocal:
		return "an address that a device gave itself because no router gave it one; it is valid on one cable or Wi-Fi only."
	case classNone:
		return "no address at all; in old phones this means hold."
	case classDocumentation:
		return "an address that exists only in examples and manuals."
	case classTest:
		return "an address for test networks only."
	case classMulticast:
		return "a group address, for many receivers at once."
	case classLocalName:
		return "a name that is known only inside one network."
	}
	return "a name, whose address the internet's directory (DNS) gives."
}

// unreachable tells whether nobody on the internet can send there.
func (c addressClass) unreachable() bool {
	switch c {
	case classPrivate, classCarrier, classLoopback, classLinkLocal, classNone, classDocumentation, classTest, classLocalName:
		return true
	}
	return false
}

// transports are the ways a message can travel.
var transports = map[string]string{
	"UDP":  "as single packets (UDP), the simple and usual way",
	"TCP":  "over an open connection (TCP)",
	"TLS":  "over an encrypted connection (TLS)",
	"WS":   "over a web connection (WebSocket), as from a browser",
	"WSS":  "over an encrypted web connection (secure WebSocket), as from a browser",
	"SCTP": "over SCTP, which providers use among themselves",
}

// explainVias explains the values of one Via line.
func explainVias(m *sipmsg.Message, ctx *lineContext) (text string, telling bool) {
	vias := m.Vias()
	if len(vias) == 0 {
		return "The way the message has come; this line cannot be read, it is damaged.", true
	}
	var said []string
	for _, v := range vias {
		ctx.vias++
		first := ctx.vias == 1
		telling = telling || first
		said = append(said, explainOneVia(v, first, ctx))
	}
	return strings.Join(said, " "), telling
}

func explainOneVia(v sipmsg.Via, first bool, ctx *lineContext) string {
	if v.Host == "" {
		return "The way the message has come; what stands here cannot be read, it is damaged."
	}
	var b strings.Builder
	switch {
	case first && ctx.response:
		b.WriteString("The address to which this answer goes back. ")
	case first:
		b.WriteString("Who sent this message, and where the answer shall go: every phone and server on the way puts such a line on top. ")
	default:
		b.WriteString("A station that the message passed before. ")
	}
	b.WriteString("SIP/2.0 is the language and its version. ")
	how, ok := transports[strings.ToUpper(v.Transport)]
	if !ok {
		how = "in a way that is not usual (" + v.Transport + ")"
	}
	fmt.Fprintf(&b, "It travelled %s. ", how)
	class := classOf(v.Host)
	fmt.Fprintf(&b, "The sender gives its address as %s, ", v.Host)
	b.WriteString(ctx.tell(v.Host))
	switch v.Port {
	case 0:
		b.WriteString(" No port is given, so the usual one holds (5060, or 5061 when encrypted).")
	case 5060:
		b.WriteString(" 5060 is its port, the usual one for phones.")
	case 5061:
		b.WriteString(" 5061 is its port, the usual one for encrypted connections.")
	default:
		fmt.Fprintf(&b, " %d is its port, a number that tells which program on the device is meant.", v.Port)
	}
	b.WriteString(receivedInWords(v, class, ctx))
	if v.Branch != "" {
		b.WriteString(" branch is a mark by which the answer finds its question.")
		if !strings.HasPrefix(v.Branch, "z9hG4bK") {
			b.WriteString(" It does not begin with z9hG4bK, so the sender follows very old rules.")
		}
	}
	return b.String()
}

// receivedInWords tells what received and rport say about routers on the way.
func receivedInWords(v sipmsg.Via, class addressClass, ctx *lineContext) string {
	inside := class.unreachable() && class != classDocumentation
	var b strings.Builder
	switch {
	case v.Received != "" && v.Received != v.Host:
		fmt.Fprintf(&b, " received=%s is the address from which it really came, %s", v.Received, ctx.tell(v.Received))
		if inside && !classOf(v.Received).unreachable() {
			b.WriteString(" So a router stands in between and translates addresses, which is normal at home and in companies.")
		} else {
			b.WriteString(" It differs from what the sender wrote, so something stands in between.")
		}
	case v.Received != "":
		b.WriteString(" received is the same address: no router has changed it.")
	case ctx.response && inside:
		b.WriteString(" The server added no received, though nobody outside can reach this address: either it stands in the same network, or something on the way (often a router's SIP ALG) has changed this line.")
	case inside && v.HasRPort:
		b.WriteString(" That does no harm here, because rport asks the server to answer to where the message really came from.")
	case inside:
		b.WriteString(" If the server is outside, it has to answer to where the message really came from; without rport in this line some servers do not, and the answers get lost.")
	}
	switch {
	case v.RPort > 0 && v.RPort == v.Port:
		b.WriteString(" rport is the port that the server saw, the same as the sender's.")
	case v.RPort > 0:
		fmt.Fprintf(&b, " rport=%d is the port that the server saw; the router uses another than the phone.", v.RPort)
	case v.HasRPort && !inside:
		b.WriteString(" rport asks the server to answer to the port from which the message really came.")
	}
	return b.String()
}
