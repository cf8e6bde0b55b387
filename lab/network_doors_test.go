package lab

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// doorRow is a fault between the client and the server, and what measuring the way
// there, without signing in, has to say of it.
type doorRow struct {
	name string
	nat  natKind // "": port-restricted
	set  func(*testing.T, *Network)
	to   string   // "": the registrar
	args []string // of the command

	says  map[string]string // of each measurement, words that its line has
	cause string            // of the first finding, "": none at all
	kind  string            // "": fault
	where string
	more  func(*testing.T, answer)
	limit time.Duration // 0: ten seconds, as for everything but the router's memory
}

func (r doorRow) run(t *testing.T) {
	if r.nat == "" {
		r.nat = natPortRestricted
	}
	n := newNetwork(t, r.nat)
	to := r.to
	if to == "" {
		k := n.registrar(t, withNATHelp)
		to = k.Addr.Addr().String()
		r.args = append(r.args, "--ca-file", k.Ways.CAFile)
	}
	if r.set != nil {
		r.set(t, n)
	}
	if r.limit == 0 {
		r.limit = 11 * time.Second
	}
	r.judge(t, n.doctor(t, r.limit+20*time.Second, append([]string{"probe", to}, r.args...)...))
}

func (r doorRow) judge(t *testing.T, a answer) {
	t.Helper()
	for key, words := range r.says {
		if line, ok := a.measured(key); !ok || !hasWords(line, words) {
			t.Errorf("%s is %q, want %q", key, line, words)
		}
	}
	kind := r.kind
	if kind == "" {
		kind = "fault"
	}
	switch root := a.root(); {
	case r.cause == "" && root != nil:
		t.Errorf("found %s", root.Cause)
	case r.cause == "":
	case root == nil:
		t.Errorf("nothing found, want %s", r.cause)
	case root.Cause != r.cause || root.Where != r.where || root.Kind != kind:
		t.Errorf("found %s %s at %s, want %s %s at %s", root.Kind, root.Cause, root.Where, kind, r.cause, r.where)
	}
	for _, f := range a.Findings {
		if !f.Symptom && f.Kind == "fault" && f.Cause != r.cause {
			t.Errorf("beside it: %s (%s): %s", f.Cause, f.Certainty, f.Why)
		}
	}
	if a.Took > r.limit && a.Late < 3*time.Millisecond {
		t.Errorf("it took %s", a.Took)
	}
	if r.more != nil {
		r.more(t, a)
	}
	t.Logf("%v%s", a, a.allMeasured())
}

// measured gives the line of a measurement: its answer and its details.
func (a answer) measured(key string) (string, bool) {
	for i := len(a.Probes) - 1; i >= 0; i-- {
		if p := a.Probes[i]; p.Name == key {
			return p.Result + " " + p.Detail, true
		}
	}
	return "", false
}

func (a answer) allMeasured() string {
	var b strings.Builder
	for _, p := range a.Probes {
		fmt.Fprintf(&b, "\n  %s: %s %s", p.Name, p.Result, p.Detail)
	}
	return b.String()
}

// hasWords tells whether a line has all these words.
func hasWords(line, words string) bool {
	have := strings.Fields(line)
	return !slices.ContainsFunc(strings.Fields(words), func(w string) bool { return !slices.Contains(have, w) })
}

// narrow makes the link between router and hop so narrow, and lets the router say so
// or not.
func narrow(mtu int, says bool) func(*testing.T, *Network) {
	return func(t *testing.T, n *Network) {
		n.ip(t, n.router, fmt.Sprintf("link set wan0 mtu %d", mtu))
		n.ip(t, n.hop, fmt.Sprintf("link set isp0 mtu %d", mtu))
		if !says {
			for _, h := range []*Host{n.router, n.hop} {
				n.nft(t, h, "table ip blackhole { chain out { type filter hook output priority 0; policy accept; icmp type destination-unreachable icmp code 4 counter drop; }\n}\n")
			}
		}
	}
}

func shuts(what traffic, w way, verdict string) func(*testing.T, *Network) {
	return func(t *testing.T, n *Network) { n.firewall(t, what, w, verdict) }
}

// dates runs a server that answers over UDP with a clock of its own.
func dates(off time.Duration) func(*testing.T, *Network) {
	return func(t *testing.T, n *Network) {
		var conn net.PacketConn
		if err := n.server.inside(func() (err error) {
			conn, err = net.ListenPacket("udp4", stunAddr+":5060")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		t.Cleanup(func() { conn.Close(); <-done })
		go func() {
			defer close(done)
			buf := make([]byte, 65536)
			for {
				size, from, err := conn.ReadFrom(buf)
				if err != nil {
					return
				}
				if m, err := sipmsg.Parse(buf[:size]); err == nil && m.IsRequest() {
					r := sipmsg.NewResponse(m, 200, "")
					r.Add("Date", time.Now().Add(off).UTC().Format("Mon, 02 Jan 2006 15:04:05")+" GMT")
					_, _ = conn.WriteTo(r.Bytes(), from)
				}
			}
		}()
	}
}

// TestDoors: over which ways a server is reached, from behind a router.
func TestDoors(t *testing.T) {
	t.Parallel()
	const local = "local-network"
	open := func(more map[string]string) map[string]string {
		all := map[string]string{capture.ProbeUDP: "yes", capture.ProbeUDPPort: "yes", capture.ProbeTCP: "yes", capture.ProbeSizeUDP: "yes largest=2500", capture.ProbeSizeTCP: "yes"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for i, r := range []doorRow{
		{name: "healthy", says: open(map[string]string{capture.ProbeFragments: "yes way=both", capture.ProbeClock: "not-checked"})},
		{name: "healthy behind a carrier", nat: natCarrier, says: open(nil), cause: "double-nat", kind: "hint", where: local},
		{name: "UDP swallowed", set: shuts(sipUDP, bothWay, silently), says: map[string]string{
			capture.ProbeUDP: "no reason=silent", capture.ProbeUDPPort: "no reason=silent", capture.ProbeTCP: "yes code=200", capture.ProbeSizeUDP: "not-checked",
		}, cause: "transport-blocked", where: local},
		{name: "UDP from port 5060 swallowed", set: shuts("udp sport 5060", outward, silently), says: map[string]string{capture.ProbeUDP: "no reason=silent", capture.ProbeUDPPort: "yes"},
			cause: "sip-alg", kind: "hint", where: local},
		{name: "UDP refused", set: shuts(sipUDP, outward, portUnreachable), says: map[string]string{capture.ProbeUDP: "no reason=refused", capture.ProbeUDPPort: "no reason=refused"},
			cause: "server-port-closed", kind: "hint", where: "provider"},
		{name: "UDP refused to an account of it", args: []string{"--transport", "udp"}, set: shuts(sipUDP, outward, portUnreachable), cause: "server-port-closed", where: "provider"},
		{name: "UDP prohibited", set: shuts(sipUDP, outward, prohibited), says: map[string]string{capture.ProbeUDP: "no reason=unreachable", capture.ProbeTCP: "yes"}, cause: "transport-blocked", where: local},
		{name: "TCP swallowed", set: shuts(allTCP, bothWay, silently), says: map[string]string{capture.ProbeUDP: "yes", capture.ProbeTCP: "no reason=silent", capture.ProbeTLS: "no reason=silent", capture.ProbeCertificate: "not-checked"}},
		{name: "TCP swallowed to an account of it", args: []string{"--transport", "tcp"}, set: shuts(allTCP, bothWay, silently), says: map[string]string{capture.ProbeTCP: "no reason=silent wanted=yes"},
			cause: "transport-blocked", where: local},
		{name: "nobody there", to: emptyAddr, says: map[string]string{capture.ProbeUDP: "no reason=unreachable", capture.ProbeTCP: "no reason=unreachable"}, cause: "server-unreachable", where: "internet"},
		{name: "nobody says anything", to: silentAddr, says: map[string]string{capture.ProbeUDP: "no reason=silent", capture.ProbeTCP: "no reason=silent", capture.ProbeTLS: "no reason=silent"},
			cause: "server-unreachable", where: "internet"},
		{name: "this computer's own firewall", set: func(t *testing.T, n *Network) {
			n.nft(t, n.client, "table ip own { chain out { type filter hook output priority 0; policy accept; udp dport 5060 drop; }\n}\n")
		}, says: map[string]string{capture.ProbeUDP: "no reason=denied", capture.ProbeTCP: "yes"}, cause: "firewall-on-this-computer", where: "this-computer"},
		{name: "the server's clock is ahead", to: stunAddr, set: dates(10 * time.Minute), says: map[string]string{capture.ProbeUDP: "yes", capture.ProbeClock: "no off=-10m0s"},
			cause: "clock-wrong", kind: "hint", where: "this-computer"},
		{name: "the clocks agree", to: stunAddr, set: dates(0), says: map[string]string{capture.ProbeClock: "yes"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			r.run(t)
		})
	}
}

// TestRouters: what the router itself does: it stands there for nothing, wants to be
// logged in at, or forgets a silent phone.
func TestRouters(t *testing.T) {
	t.Parallel()
	const local = "local-network"
	gone := func(t *testing.T, n *Network) { n.ip(t, n.router, "addr flush dev lan0") }
	for i, r := range []doorRow{
		{name: "a log-in page", set: portal, says: map[string]string{capture.ProbeCaptivePortal: "yes by=login.hotel.test", capture.ProbeUDP: "no"}, cause: "captive-portal", where: local},
		{name: "gone", set: gone, says: map[string]string{capture.ProbeGateway: "no", capture.ProbeUDP: "no"}, cause: "server-unreachable", where: local},
		{name: "silent but alive", set: func(t *testing.T, n *Network) {
			n.nft(t, n.router, "table ip mute { chain in { type filter hook input priority 0; policy accept; icmp type echo-request drop; }\n}\n")
		}, says: map[string]string{capture.ProbeUDP: "yes", capture.ProbeServerPath: "yes"}},
		{name: "cut off from the internet", set: func(t *testing.T, n *Network) { n.ip(t, n.router, "link set wan0 down") },
			says: map[string]string{capture.ProbeGateway: "yes", capture.ProbeUDP: "no"}, cause: "server-unreachable", where: local},
		{name: "forgets after 20 s", limit: 80 * time.Second, args: []string{"--lifetime", "--up-to", "60s", "--stun", stunAddr}, set: func(t *testing.T, n *Network) { n.stun(t); n.udpTimeout(t, 20*time.Second, 20*time.Second) },
			says: map[string]string{capture.ProbeNATLifetime: "no lives=15s gone=20s every=10s"}, cause: "nat-binding-expires", kind: "hint", where: local},
		{name: "remembers", limit: 80 * time.Second, args: []string{"--lifetime", "--up-to", "40s", "--stun", stunAddr}, set: func(t *testing.T, n *Network) { n.stun(t); n.udpTimeout(t, 120*time.Second, 120*time.Second) },
			says: map[string]string{capture.ProbeNATLifetime: "yes"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			r.run(t)
		})
	}
}

// portal lets the router answer every web page itself and nothing else through, as in
// a hotel before one has logged in.
func portal(t *testing.T, n *Network) {
	var door net.Listener
	if err := n.router.inside(func() (err error) {
		door, err = net.Listen("tcp4", routerAddr+":8080")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	page := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.RedirectHandler("http://login.hotel.test/?from=here", http.StatusFound)}
	done := make(chan struct{})
	go func() { defer close(done); _ = page.Serve(door) }() // until it is closed
	t.Cleanup(func() { page.Close(); <-done })
	n.nft(t, n.router, `table ip portal {
	chain pre { type nat hook prerouting priority dstnat - 1; policy accept; iifname "lan0" tcp dport 80 dnat to `+routerAddr+`:8080; }
	chain forward { type filter hook forward priority -1; policy accept; iifname "lan0" drop; }
}
`)
}

// TestDoorSizes: which lengths of messages pass.
func TestDoorSizes(t *testing.T) {
	t.Parallel()
	const local = "local-network"
	for i, r := range []doorRow{
		{name: "fragments swallowed", set: func(t *testing.T, n *Network) { n.dropFragments(t) }, says: map[string]string{
			capture.ProbeSizeUDP: "no largest=1472 failed=1500 mtu=1500", capture.ProbeFragments: "no way=both", capture.ProbeSizeTCP: "yes largest=2500",
		}, cause: "message-too-big", kind: "hint", where: local},
		{name: "a narrow link that says so", set: narrow(1400, true), says: map[string]string{
			capture.ProbeSizeUDP: "yes largest=2500 mtu=1400", capture.ProbeFragments: "yes", capture.ProbeSizeTCP: "yes largest=2500"}},
		{name: "a narrow link without a word", set: narrow(1400, false), says: map[string]string{
			capture.ProbeSizeUDP: "no largest=1300 failed=1400 above=2500 mtu=1500", capture.ProbeSizeTCP: "no largest=1300 failed=1400",
		}, cause: "message-too-big", kind: "hint", where: local},
	} {
		t.Run(r.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			r.run(t)
		})
	}
}

// TestNarrowLinks: real calls and sign-ins over links that lose long packets without a
// word, which is a fault only where something fails for it.
func TestNarrowLinks(t *testing.T) {
	t.Parallel()
	set := func(mtu int, says bool) func(*testing.T, *Network, *Registrar) {
		return func(t *testing.T, n *Network, _ *Registrar) { narrow(mtu, says)(t, n) }
	}
	heard := session.Answers{"heard": "yes", "they_hear": "yes"}
	runRows(t, []netRow{
		{name: "the call's request is lost", set: set(900, false), situation: "no-ringback", cause: "message-too-big", where: "local-network", direction: "both"},
		{name: "the same with a word", set: set(900, true), answers: heard},
		{name: "over TCP", transport: "tcp", set: set(900, false), situation: "no-ringback", cause: "message-too-big", where: "local-network", direction: "both"},
		{name: "over TLS", transport: "tls", set: set(1400, false), situation: "registration", cause: "message-too-big", where: "local-network", direction: "both"},
		{name: "fragments lost, short calls", set: func(t *testing.T, n *Network, _ *Registrar) { n.dropFragments(t) }, answers: heard},
	})
}

// TestDoorCertificates: a server's proof of who it is, seen from behind the router.
func TestDoorCertificates(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, natPortRestricted)
	k := n.registrar(t, noHelp)
	for name, c := range map[string]struct{ certificate, versions, cause string }{
		CertGood:       {"yes", "yes", ""},
		CertWrongName:  {"no faults=name-mismatch", "yes", "tls-certificate-invalid"},
		CertExpired:    {"no faults=expired", "yes", "tls-certificate-invalid"},
		CertNotYet:     {"no faults=not-yet-valid", "yes", "tls-certificate-invalid"},
		CertSelfSigned: {"no faults=self-signed", "yes", "tls-certificate-invalid"},
		CertStranger:   {"no faults=unknown-authority", "yes", "tls-certificate-invalid"},
		OldTLS:         {"not-checked", "no", "tls-version-mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			if name != CertExpired {
				wholeLab(t)
			}
			r := doorRow{limit: 11 * time.Second, cause: c.cause, where: "provider", says: map[string]string{capture.ProbeCertificate: c.certificate, capture.ProbeTLSVersions: c.versions}}
			r.judge(t, n.probe(t, k.Ways.TLS[name].String(), "--transport", "tls", "--ca-file", k.Ways.CAFile))
		})
	}
}
