package names

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
		r := NewResolver(wire.AddrPort(dead.LocalAddr()), at)
		if c.name != "naptr.test" {
			r = NewResolver(at)
		}
		found, err := find(t, r, c.name, c.net, c.six)
		if got := fmt.Sprint(found.Addrs); got != c.want {
			t.Errorf("%s over %s: %s, want %s", c.name, c.net, got, c.want)
		}
		if c.name == "naptr.test" && (!found.NAPTR || fmt.Sprint(found.Wants) != "[SIPS+D2T SIP+D2T SIP+D2U]") {
			t.Errorf("%+v", found)
		}
		if c.want == "[]" && Reason(err) != "no such host" {
			t.Error(err)
		}
	}
	if found, _ := find(t, NewResolver(at), "many.test", capture.UDP, false); len(found.Addrs) != 32 || found.Addrs[0].Port() != 5000 {
		t.Errorf("%d addresses of a long answer: %v", len(found.Addrs), found.Addrs)
	}
	began := time.Now()
	found, err := find(t, NewResolver(wire.AddrPort(dead.LocalAddr())), "plain.test", capture.UDP, false)
	if len(found.Addrs) != 0 || time.Since(began) > Time+time.Second || Reason(err) != "no answer from the name server" {
		t.Error(found, err, time.Since(began))
	}
}

// find looks up host or host:port within the usual time.
func find(t *testing.T, r Resolver, hostport string, over capture.Net, six bool) (Found, error) {
	t.Helper()
	host, port, err := SplitHostPort(hostport)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), Time)
	defer stop()
	return Find(ctx, r, host, port, over, six)
}

// deaf is a resolver that never comes back by itself, not even when its time is over.
type deaf struct{ closed chan struct{} }

func (d deaf) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{IsNotFound: true}
}

func (d deaf) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	<-d.closed
	return nil, nil
}

// A resolver that does not heed its deadline holds nobody up.
func TestDeafResolver(t *testing.T) {
	d := deaf{make(chan struct{})}
	defer close(d.closed)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	began := time.Now()
	if _, err := Find(ctx, d, "a.test", 0, capture.UDP, false); Reason(err) != "no answer from the name server" || time.Since(began) > time.Second {
		t.Error(err, time.Since(began))
	}
}
