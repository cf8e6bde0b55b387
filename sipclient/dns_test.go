package sipclient

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// newNameServer answers from a zone of records, one to a line, over UDP and TCP.
func newNameServer(t *testing.T, zone string) netip.AddrPort {
	t.Helper()
	var records []dns.RR
	for _, line := range strings.Split(strings.TrimSpace(zone), "\n") {
		rr, err := dns.NewRR(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rr)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		name := q.Question[0].Name
		known := false
		for range 4 { // follow CNAMEs
			next := ""
			for _, rr := range records {
				if !strings.EqualFold(rr.Header().Name, name) {
					continue
				}
				known = true
				if c, ok := rr.(*dns.CNAME); ok {
					m.Answer, next = append(m.Answer, rr), c.Target
				} else if rr.Header().Rrtype == q.Question[0].Qtype {
					m.Answer = append(m.Answer, rr)
				}
			}
			if name = next; next == "" {
				break
			}
		}
		if !known {
			m.Rcode = dns.RcodeNameError
		}
		if w.RemoteAddr().Network() == "udp" && m.Len() > 512 {
			m.Answer, m.Truncated = nil, true
		}
		_ = w.WriteMsg(m)
	})
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := wire.AddrPort(pc.LocalAddr())
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: handler}, {Listener: l, Handler: handler}} {
		up, down := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go func() { defer close(down); _ = s.ActivateAndServe() }()
		<-up
		t.Cleanup(func() { _ = s.Shutdown(); <-down })
	}
	return at
}

func TestNameService(t *testing.T) {
	var many strings.Builder
	for i := range 40 {
		fmt.Fprintf(&many, "_sip._udp.many.test. 60 IN SRV %d 0 %d a.test.\n", i, 5000+i)
	}
	at := newNameServer(t, `
		a.test. 60 IN A 127.0.0.7
		a.test. 60 IN AAAA ::1
		b.test. 60 IN A 127.0.0.8
		c.test. 60 IN CNAME b.test.
		_sip._udp.plain.test. 60 IN SRV 20 0 5080 c.test.
		_sip._udp.plain.test. 60 IN SRV 10 0 5070 a.test.
		_sip._tcp.plain.test. 60 IN SRV 10 0 5090 b.test.
		_sips._tcp.plain.test. 60 IN SRV 10 0 5091 b.test.
		naptr.test. 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.plain.test.
		naptr.test. 60 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.plain.test.
		naptr.test. 60 IN NAPTR 10 20 "a" "SIP+D2T" "" b.test.
		naptr.test. 60 IN NAPTR 10 5 "u" "E2U+sip" "!^.*$!sip:x@y!" .
		_sip._udp.naptr.test. 60 IN SRV 1 1 9999 b.test.
		_sip._udp.none.test. 60 IN SRV 0 0 0 .
		none.test. 60 IN A 127.0.0.9
	`+many.String())
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // swallows questions
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	for _, c := range []struct {
		name string
		net  capture.Net
		six  bool
		want string
	}{
		{"plain.test", capture.UDP, false, "[127.0.0.7:5070 [::1]:5070 127.0.0.8:5080]"},
		{"plain.test", capture.UDP, true, "[[::1]:5070 127.0.0.7:5070 127.0.0.8:5080]"},
		{"plain.test", capture.TCP, false, "[127.0.0.8:5090]"},
		{"plain.test", capture.TLS, false, "[127.0.0.8:5091]"},
		{"naptr.test", capture.UDP, false, "[127.0.0.7:5070 [::1]:5070 127.0.0.8:5080]"},
		{"naptr.test", capture.TCP, false, "[127.0.0.8:5060]"},
		{"naptr.test", capture.TLS, false, "[127.0.0.8:5091]"},
		{"none.test", capture.UDP, false, "[127.0.0.9:5060]"},
		{"c.test", capture.TLS, false, "[127.0.0.8:5061]"},
		{"a.test:7", capture.TCP, false, "[127.0.0.7:7 [::1]:7]"},
		{"nothing.test", capture.UDP, false, "[]"},
	} {
		p := &Phone{cfg: Config{Resolver: NewResolver(wire.AddrPort(dead.LocalAddr()), at), PreferIPv6: c.six}, tape: &capture.Tape{}}
		if c.name != "naptr.test" {
			p.cfg.Resolver = NewResolver(at)
		}
		if got := fmt.Sprint(p.lookup(context.Background(), c.name, c.net, true)); got != c.want {
			t.Errorf("%s over %s: %s, want %s", c.name, c.net, got, c.want)
		}
		if c.name == "naptr.test" && !hasNote(p, capture.PhoneNAPTR+" naptr.test SIPS+D2T SIP+D2T SIP+D2U") {
			t.Error(notes(p))
		}
		if c.want == "[]" && !hasNote(p, capture.PhoneLookup+" nothing.test -> failed: no such host in ") {
			t.Error(notes(p))
		}
	}
	p := &Phone{cfg: Config{Resolver: NewResolver(at)}, tape: &capture.Tape{}}
	if list := p.lookup(context.Background(), "many.test", capture.UDP, false); len(list) != 32 || list[0].Port() != 5000 {
		t.Errorf("%d addresses of a long answer: %v", len(list), list)
	}
	p.cfg.Resolver = NewResolver(wire.AddrPort(dead.LocalAddr()))
	began := time.Now()
	if list := p.lookup(context.Background(), "plain.test", capture.UDP, true); len(list) != 0 || time.Since(began) > lookupTime+time.Second {
		t.Error(list, time.Since(began))
	}
	if !hasNote(p, capture.PhoneLookup+" plain.test -> failed: no answer from the name server in ") {
		t.Error(notes(p))
	}
}

// Weights share the load (RFC 2782); priorities are kept.
func TestSRVWeights(t *testing.T) {
	first := map[uint16]int{}
	for range 4000 {
		list := shuffle([]*net.SRV{{Port: 9, Priority: 2}, {Port: 1, Priority: 1, Weight: 30}, {Port: 2, Priority: 1, Weight: 10}, {Port: 3, Priority: 1}})
		if list[3].Port != 9 {
			t.Fatal("a lower priority came first")
		}
		first[list[0].Port]++
	}
	if first[1] < 2700 || first[1] > 3300 || first[2] < 700 || first[2] > 1300 || first[3] > 10 {
		t.Error(first)
	}
}
