package lab

import (
	"fmt"
	"strings"
)

// natKind is what lies between the client and the public network.
type natKind string

// The words of RFC 3489 for the kinds, which RFC 4787 and 5780 split into how
// addresses are mapped and which packets are let in.
const (
	natPublic         natKind = "public"          // a router that only routes, and a client with a public address
	natNone           natKind = "none"            // the same with a private address, as in a company's own network
	natFullCone       natKind = "full-cone"       // one mapping, open to everybody
	natAddrRestricted natKind = "addr-restricted" // one mapping, open to addresses that were sent to
	natPortRestricted natKind = "port-restricted" // one mapping, open to ports that were sent to
	natSymmetric      natKind = "symmetric"       // a mapping for each destination
	natDouble         natKind = "double"          // the router is behind a second one, in a private network
	natCarrier        natKind = "carrier-grade"   // likewise, in the network of RFC 6598
)

// natKinds are all of them.
var natKinds = []natKind{natPublic, natNone, natFullCone, natAddrRestricted, natPortRestricted, natSymmetric, natDouble, natCarrier}

// link gives the network between the router and the internet: the router's own
// address in it, and that of the next hop.
func (k natKind) link() (router, next string) {
	switch k {
	case natDouble:
		return "192.168.200.2", "192.168.200.1"
	case natCarrier:
		return "100.64.30.2", "100.64.30.1"
	}
	return outside, nextHop
}

// home gives the client's network: its own address and the router's.
func (k natKind) home() (client, router string) {
	if k == natPublic {
		return "203.0.113.2", "203.0.113.1"
	}
	return clientAddr, routerAddr
}

// routed tells that the client's own address is known beyond the router.
func (k natKind) routed() bool { return k == natNone || k == natPublic }

// translated tells whether the hop behind the router translates addresses once more.
func (k natKind) translated() bool { return k == natDouble || k == natCarrier }

// rules are the router's own translation, for nft.
func (k natKind) rules() string {
	masquerade, in, filter, open := "masquerade", "", "", ""
	switch k {
	case natNone, natPublic:
		return ""
	case natSymmetric:
		masquerade = "masquerade random,fully-random"
	case natFullCone, natAddrRestricted:
		// The kernel's own translation lets in only what answers. Here whatever comes
		// from outside goes to the client, and a filter behind it keeps what no packet of
		// the client has opened. Ports stay as they are: there is one client.
		in = fmt.Sprintf(`iifname "wan0" udp dport 1024-65535 dnat to %s`, clientAddr)
		set, out, back := "inet_service", "udp sport", "udp dport"
		if k == natAddrRestricted {
			set, out, back = "inet_service . ipv4_addr", "udp sport . ip daddr", "udp dport . ip saddr"
		}
		open = "set open { type " + set + "; flags dynamic,timeout; timeout 60s; }"
		filter = fmt.Sprintf("oifname \"wan0\" meta l4proto udp update @open { %s }\niifname \"wan0\" meta l4proto udp %s != @open drop", out, back)
	}
	return fmt.Sprintf(`
table ip nat {
	chain post { type nat hook postrouting priority srcnat; policy accept; oifname "wan0" %s; }
	chain pre { type nat hook prerouting priority dstnat; policy accept; %s
	}
}
table ip closed {
	chain in { type filter hook input priority 0; policy accept; iifname "wan0" meta l4proto { tcp, udp } ct state new drop; }
}
table ip cone {
	%s
	chain forward { type filter hook forward priority 0; policy accept; %s
	}
}
`, masquerade, in, open, filter)
}

// hopRules are the rules of the hop behind the router: private addresses do not
// get through the internet, and a carrier translates.
func (k natKind) hopRules() string {
	var b strings.Builder
	if k != natNone {
		b.WriteString(`
table ip internet {
	chain pre { type filter hook prerouting priority raw; policy accept; iifname "pub0" ip daddr { 10.0.0.0/8, 100.64.0.0/10, 192.168.0.0/16 } drop; }
}
`)
	}
	if k.translated() {
		b.WriteString(`
table ip nat {
	chain post { type nat hook postrouting priority srcnat; policy accept; oifname "pub0" snat to ` + outside + `; }
}
table ip closed {
	chain in { type filter hook input priority 0; policy accept; meta l4proto { tcp, udp } ct state new drop; }
}
`)
	}
	return b.String()
}
