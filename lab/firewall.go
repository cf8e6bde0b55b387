package lab

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// way is a direction, seen from the client.
type way string

const (
	outward way = "out"
	inward  way = "in"
	bothWay way = "both"
)

// traffic is a kind of packets, in nft's words. %s is the server's side of it:
// "dport" on the way out and "sport" on the way in.
type traffic string

const (
	sipUDP traffic = "udp %s 5060"
	sipTCP traffic = "tcp %s 5060"
	sipTLS traffic = "tcp %s 5061"
	allTCP traffic = "meta l4proto tcp"
	// sound is RTP and RTCP; its RTP has the even ports.
	sound     traffic = "udp %s 30000-49999"
	soundOnly traffic = "udp %[1]s 30000-49999 udp %[1]s & 1 == 0"
	allUDP    traffic = "meta l4proto udp"
	ping      traffic = "icmp type { echo-request, echo-reply }"
)

// verdicts of a firewall, in nft's words.
const (
	silently          = "drop"
	prohibited        = "reject with icmp type admin-prohibited"
	portUnreachable   = "reject with icmp type port-unreachable"
	hostUnreachable   = "reject with icmp type host-unreachable"
	connectionRefused = "reject with tcp reset"
)

// drop lets the router swallow packets without a word.
func (n *Network) drop(t testing.TB, what traffic, w way) {
	t.Helper()
	n.firewall(t, what, w, silently)
}

// firewall puts a rule into the router, as a person's own would have it. It sees the
// client's own addresses: it stands behind the translation of what comes in, and
// before that of what goes out.
func (n *Network) firewall(t testing.TB, what traffic, w way, verdict string) {
	t.Helper()
	n.filter(t, n.router, "lan0", "wan0", what, w, verdict)
}

// fault puts the same into the hop behind the router: the internet's or the provider's fault.
func (n *Network) fault(t testing.TB, what traffic, w way, verdict string) {
	t.Helper()
	n.filter(t, n.hop, "isp0", "pub0", what, w, verdict)
}

func (n *Network) filter(t testing.TB, h *Host, near, far string, what traffic, w way, verdict string) {
	t.Helper()
	var rules strings.Builder
	rule := func(from, side string) {
		match := string(what)
		if strings.Contains(match, "%") {
			match = fmt.Sprintf(match, side)
		}
		fmt.Fprintf(&rules, "\t\tiifname %q %s counter %s\n", from, match, verdict)
	}
	if w != inward {
		rule(near, "dport")
	}
	if w != outward {
		rule(far, "sport")
	}
	n.nft(t, h, "table inet firewall {\n\tchain forward {\n\t\ttype filter hook forward priority -10; policy accept;\n"+rules.String()+"\t}\n}\n")
}

// dropped tells how many packets the rules of a host's firewall have met.
func (n *Network) dropped(t testing.TB, h *Host) (packets int) {
	t.Helper()
	for _, word := range counterRow.FindAllStringSubmatch(n.exec(t, h, "nft", "list", "table", "inet", "firewall"), -1) {
		var count int
		if _, err := fmt.Sscan(word[1], &count); err == nil {
			packets += count
		}
	}
	return packets
}

var counterRow = regexp.MustCompile(`counter packets (\d+)`)

// dropFragments lets no part of a packet that was cut through the hop, either way.
// It must see them before the kernel puts them together again.
func (n *Network) dropFragments(t testing.TB) {
	t.Helper()
	n.nft(t, n.hop, "table ip fragments { chain pre { type filter hook prerouting priority -450; policy accept; ip frag-off & 0x3fff != 0 counter drop; }\n}\n")
}

// alg switches the kernel's SIP ALG on in the router: what it calls a helper, which
// is given to new flows only.
func (n *Network) alg(t testing.TB) {
	t.Helper()
	n.nft(t, n.router, `table ip alg {
	ct helper sip { type "sip" protocol udp; l3proto ip; }
	chain pre { type filter hook prerouting priority -150; policy accept; udp dport 5060 ct helper set "sip"; }
}
`)
}

// udpTimeout is how long the router remembers a UDP flow after its last packet:
// one that went one way only, and one that was answered.
func (n *Network) udpTimeout(t testing.TB, unanswered, answered time.Duration) {
	t.Helper()
	n.sysctl(t, n.router, fmt.Sprintf("net.netfilter.nf_conntrack_udp_timeout=%d", int(unanswered.Seconds())),
		fmt.Sprintf("net.netfilter.nf_conntrack_udp_timeout_stream=%d", int(answered.Seconds())))
}
