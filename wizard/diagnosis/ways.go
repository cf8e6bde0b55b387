package diagnosis

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// way is one way to the server as it was measured beside the phone's own messages, by
// one small request (capture.ProbeUDP and the others).
type way struct {
	evidence.Probe
	net    string // "UDP", "TCP", "TLS"
	server netip.AddrPort
}

// waysTo lists the ways that were measured. Where UDP was answered on one port of ours
// only, that one stands for both: what a port makes is another question (alg-ports).
func waysTo(e *evidence.Evidence) []way {
	var list []way
	for _, w := range []struct {
		net  string
		keys []string
	}{
		{"UDP", []string{capture.ProbeUDP, capture.ProbeUDPPort}}, {"TCP", []string{capture.ProbeTCP}}, {"TLS", []string{capture.ProbeTLS}},
	} {
		var found *way
		for _, key := range w.keys {
			if p, ok := e.Probe(key); ok && (found == nil || p.Yes() && !found.Yes()) {
				found = &way{p, w.net, p.AddrPort("server")}
			}
		}
		if found != nil {
			list = append(list, *found)
		}
	}
	return list
}

// wayOver gives the measured way of a transport.
func wayOver(e *evidence.Evidence, net string) (way, bool) {
	for _, w := range waysTo(e) {
		if w.net == net {
			return w, true
		}
	}
	return way{}, false
}

// accountNet is the transport that the account asks for, "" when nothing says it.
func accountNet(e *evidence.Evidence) string {
	for _, ev := range e.Phone {
		if ev.Key == phoneAccount {
			if words := strings.Fields(ev.Text); len(words) > 0 {
				return strings.ToUpper(words[len(words)-1])
			}
		}
	}
	for _, w := range waysTo(e) {
		if w.Text("wanted") != "" {
			return w.net
		}
	}
	return ""
}

// mainWay is the way that the account asks for, where it was measured, failed, and
// nothing that the phone itself saw speaks against that.
func mainWay(e *evidence.Evidence) (way, bool) {
	w, ok := wayOver(e, accountNet(e))
	if !ok || w.Yes() || worked(e, w) {
		return way{}, false
	}
	return w, true
}

// worked tells that the phone itself was answered over a way.
func worked(e *evidence.Evidence, w way) bool {
	return slices.ContainsFunc(e.Messages, func(m *evidence.Message) bool {
		return has(m) && !m.Out && m.Net.String() == w.net && m.From.Addr() == w.server.Addr()
	})
}

// reason is why a way brought no answer, in the words of capture.ProbeUDP.
func (w way) reason() string { return w.Text("reason") }

// said is reason with the word of the system or the server, for people.
func (w way) said() string { return quote(orElse(w.Text("said"), w.reason())) }

// open tells that a connection was made.
func (w way) open() bool { return w.Yes() || w.Text("open") == "yes" }

// waited is how long a way was asked in vain.
func (w way) waited() time.Duration {
	d, _ := w.Duration("waited")
	return d
}

// cite is the measurement as a proof, in words for people.
func (w way) cite() Cite {
	how := map[string]string{"UDP": "by single packets", "TCP": "by a connection", "TLS": "by an encrypted connection"}[w.net]
	what := "no answer"
	if w.Yes() {
		what = "answered"
	} else if said, ok := map[string]string{
		"refused": "turned away", "unreachable": "no way there", "denied": "not let out of this computer",
		"closed": "closed without an answer", "reset": "broken off", "garbage": "an answer that cannot be read",
		"not-tls": "no encryption there", "protocol-version": "an outdated kind of encryption", "handshake": "no agreement on encryption",
		"certificate": "the server's proof was not accepted",
	}[w.reason()]; ok {
		what = said
	}
	return Cite{w.N, "measured " + how + ": " + what}
}

// goodWay is another way over which the same server answered, the safest first.
func goodWay(e *evidence.Evidence, not way) (way, bool) {
	for _, net := range []string{"TLS", "TCP", "UDP"} {
		if w, ok := wayOver(e, net); ok && w.Yes() && net != not.net && w.server.Addr() == not.server.Addr() {
			return w, true
		}
	}
	return way{}, false
}

// unusualPort is the port of a way where it is not the one that every phone takes by
// itself, else "".
func unusualPort(a netip.AddrPort, net string) string {
	usual := uint16(5060)
	if net == "TLS" {
		usual = 5061
	}
	if a.Port() == usual || a.Port() == 0 {
		return ""
	}
	return strconv.Itoa(int(a.Port()))
}
