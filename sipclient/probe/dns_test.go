package probe

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"softphonedoctor/sipclient/capture"
)

// zone is what a name server of the test says: records in zone-file form by question.
type zone map[string][]string

// nameServer answers from a zone, after a while.
func nameServer(t *testing.T, z zone, late time.Duration) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		time.Sleep(late)
		m := new(dns.Msg)
		m.SetReply(q)
		name, known := strings.ToLower(q.Question[0].Name), false
		for key, records := range z {
			host, kind, _ := strings.Cut(key, " ")
			if host != name {
				continue
			}
			known = true
			if kind != dns.TypeToString[q.Question[0].Qtype] {
				continue
			}
			for _, r := range records {
				rr, err := dns.NewRR(name + " 60 IN " + kind + " " + r)
				if err != nil {
					t.Error(err)
					continue
				}
				m.Answer = append(m.Answer, rr)
			}
		}
		if !known {
			m.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

func TestNames(t *testing.T) {
	good := zone{"pbx.example. A": {"192.0.2.5", "192.0.2.6"}, "_sip._udp.pbx.example. SRV": {"1 1 5060 a.example."}, "pbx.example. NAPTR": {`10 10 "s" "SIP+D2U" "" _sip._udp.pbx.example.`}}
	turned := zone{"pbx.example. A": {"192.0.2.6"}, "_sip._udp.pbx.example. SRV": {"1 1 5060 a.example."}}
	other := zone{"pbx.example. A": {"203.0.113.9"}, "_sip._udp.pbx.example. SRV": {"1 1 5060 a.example."}}
	for name, c := range map[string]struct {
		first, second zone
		late          time.Duration
		name, agree   string // beginnings of the answers, or parts after "~"
	}{
		"found":             {good, turned, 0, "yes name=pbx.example a=2 aaaa=0 naptr=SIP+D2U srv-udp=1", "yes servers="},
		"not there":         {zone{}, zone{}, 0, "no ~no such host", "yes"},
		"they differ":       {good, other, 0, "yes", "no ~203.0.113.9"},
		"one knows nothing": {good, zone{}, 0, "yes", "no ~knows nothing"},
		"slow":              {good, nil, 2100 * time.Millisecond, "no ~slowest=2.", "not-checked"},
	} {
		t.Run(name, func(t *testing.T) {
			servers := []netip.AddrPort{nameServer(t, c.first, c.late)}
			if c.second != nil {
				servers = append(servers, nameServer(t, c.second, 0))
			}
			got := measured(t, Config{Server: "pbx.example", NameServers: servers}, 0, "dns")
			for key, want := range map[string]string{capture.ProbeDNS: c.name, capture.ProbeDNSAgree: c.agree} {
				begin, part, _ := strings.Cut(want, "~")
				if !strings.HasPrefix(got[key], begin) || !strings.Contains(got[key], part) {
					t.Errorf("%s: %s, want %s", key, got[key], want)
				}
			}
		})
	}
	got := measured(t, Config{Server: "pbx.example", NameServers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}}, 0, "dns")
	if !strings.HasPrefix(got[capture.ProbeDNS], "no ") {
		t.Errorf("a dead name server gives %s", got[capture.ProbeDNS])
	}
	got = measured(t, Config{Server: "192.0.2.7:5070"}, 0, "dns")
	if !strings.HasPrefix(got[capture.ProbeDNS], "not-checked") {
		t.Errorf("an address gives %s", got[capture.ProbeDNS])
	}
}

// TestTargets: a dead machine before a live one is told.
func TestTargets(t *testing.T) {
	alive, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	go echoOptions(alive)
	port := strconv.Itoa(alive.LocalAddr().(*net.UDPAddr).Port)
	z := zone{"_sip._udp.pbx.example. SRV": {"1 1 9 dead.pbx.example.", "2 1 " + port + " live.pbx.example."},
		"dead.pbx.example. A": {"127.0.0.1"}, "live.pbx.example. A": {"127.0.0.1"}, "pbx.example. A": {"127.0.0.1"}}
	got := measured(t, Config{Server: "pbx.example", NameServers: []netip.AddrPort{nameServer(t, z, 0)}}, 0, "dns-targets")[capture.ProbeDNSTargets]
	if got != "no alive=127.0.0.1:"+port+" dead=127.0.0.1:9 first=dead" {
		t.Error(got)
	}
}

// echoOptions answers each request with 200.
func echoOptions(conn net.PacketConn) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(buf[:n]), "\r\n")
		_, _ = conn.WriteTo([]byte("SIP/2.0 200 OK\r\n"+rest), from)
	}
}

// TestPortal: only a page that says so, or that sends browsers to somebody else, is a
// log-in page.
func TestPortal(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		by     string
	}{
		"the page itself": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("welcome")) }, ""},
		"says so":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(511) }, "127.0.0.1"},
		"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://login.hotel.example/?a=b", 302)
		}, "login.hotel.example"},
		"sent to itself": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "https://127.0.0.1/", 301) }, ""},
		"an error":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(c.answer))
			defer s.Close()
			by, _, err := visitPage(t.Context(), newBench(Config{Server: "127.0.0.1"}), s.URL)
			if err != nil || by != c.by {
				t.Errorf("%q, %v", by, err)
			}
		})
	}
}
