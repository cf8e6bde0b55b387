package probe

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// nameWatcher is a name server that answers from a list of records and keeps the names that it was asked for.
type nameWatcher struct {
	at netip.AddrPort

	mu    sync.Mutex
	asked []string
}

func newNameWatcher(t *testing.T, records ...string) *nameWatcher {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameWatcher{at: wire.AddrPort(conn.LocalAddr())}
	answer := func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		n.mu.Lock()
		n.asked = append(n.asked, strings.ToLower(q.Question[0].Name))
		n.mu.Unlock()
		for _, r := range records {
			rr, err := dns.NewRR(r)
			if err == nil && rr.Header().Rrtype == q.Question[0].Qtype && strings.EqualFold(rr.Header().Name, q.Question[0].Name) {
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(answer)}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return n
}

func (n *nameWatcher) wasAsked(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.asked, func(s string) bool { return strings.HasPrefix(s, name+".") })
}

// TestHelpers: the provider's own come first, then those that were named; a public one is
// neither asked nor looked up unless the person agreed.
func TestHelpers(t *testing.T) {
	names := newNameWatcher(t, "_stun._udp.pbx.example. IN SRV 1 1 3999 stun.pbx.example.", "stun.pbx.example. IN A 127.0.0.20", "stun.pbx.example. IN AAAA ::1",
		"other.example. IN A 127.0.0.30", "stun.cloudflare.com. IN A 127.0.0.40")
	b := newBench(Config{Server: "pbx.example", NameServers: []netip.AddrPort{names.at}, Tape: &capture.Tape{},
		STUN: []string{"127.0.0.29:3000", "other.example", "127.0.0.20:3999", "unknown.example"}})
	list := func() (all []string) {
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		defer stop()
		for _, h := range b.stunHelpers(ctx, false) {
			all = append(all, h.name+" "+h.addr.String())
		}
		return all
	}
	want := []string{"stun.pbx.example 127.0.0.20:3999", "127.0.0.29:3000 127.0.0.29:3000", "other.example 127.0.0.30:3478"}
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, name := range publicSTUN {
		host, _ := splitHostPort(name)
		if names.wasAsked(host) {
			t.Errorf("%s was looked up", host)
		}
	}
	b.ThirdParty = true
	if got := list(); !slices.Equal(got, append(want, "stun.cloudflare.com 127.0.0.40:3478")) {
		t.Errorf("with public ones: %q", got)
	}
	if got := b.provided(context.Background(), true); len(got) != 1 || got[0].addr.String() != "[::1]:3999" {
		t.Errorf("over IPv6: %+v", got)
	}
}

// TestUsable: a server's word on its second address is no order to write anywhere.
func TestUsable(t *testing.T) {
	for _, c := range []struct {
		first, other string
		want         bool
	}{
		{"198.51.100.20:3478", "198.51.100.21:3479", true}, {"192.168.1.1:3478", "192.168.1.2:3479", true},
		{"198.51.100.20:3478", "192.168.1.1:3479", false}, {"198.51.100.20:3478", "127.0.0.1:3479", false},
		{"198.51.100.20:3478", "198.51.100.20:3479", false}, {"198.51.100.20:3478", "198.51.100.21:3478", false},
		{"198.51.100.20:3478", "[2001:db8::1]:3479", false}, {"198.51.100.20:3478", "100.64.0.1:3479", false},
	} {
		if got := usable(netip.MustParseAddrPort(c.first), netip.MustParseAddrPort(c.other)); got != c.want {
			t.Errorf("%s beside %s: %v", c.other, c.first, got)
		}
	}
	if usable(netip.MustParseAddrPort("198.51.100.20:3478"), netip.AddrPort{}) {
		t.Error("none is usable")
	}
}
