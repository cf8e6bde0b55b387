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
	srv := map[string][]string{"_sip._udp.pbx.example. SRV": {"1 1 5060 a.example.", "2 1 5060 b.example."}}
	with := func(more zone) zone {
		for k, v := range srv {
			more[k] = v
		}
		return more
	}
	good := with(zone{"pbx.example. A": {"192.0.2.5", "192.0.2.6"}, "a.example. A": {"192.0.2.7"}, "pbx.example. NAPTR": {`10 10 "s" "SIP+D2U" "" _sip._udp.pbx.example.`}})
	direct := zone{"pbx.example. A": {"192.0.2.5", "192.0.2.6"}}
	for name, c := range map[string]struct {
		first, second zone
		late          time.Duration
		name, agree   string // beginnings of the answers, and parts after "~"
	}{
		"found":                 {good, good, 0, "yes name=pbx.example by=127.0.0.1 naptr=SIP+D2U naptr-took=~ srv-udp=2~ srv-tcp=0~ a=2~ a-took=", "yes servers="},
		"turned round":          {direct, zone{"pbx.example. A": {"192.0.2.6"}}, 0, "yes", "yes"},
		"the domain has others": {good, with(zone{"pbx.example. A": {"203.0.113.9"}, "a.example. A": {"192.0.2.7"}}), 0, "yes", "yes"},
		"not there":             {zone{}, zone{}, 0, "no ~no such host", "yes"},
		"nothing in common":     {direct, zone{"pbx.example. A": {"203.0.113.9"}}, 0, "yes", "no ~203.0.113.9"},
		"machines differ":       {good, with(zone{"a.example. A": {"203.0.113.9"}}), 0, "yes", "no ~203.0.113.9"},
		"services differ":       {good, zone{"_sip._udp.pbx.example. SRV": {"1 1 5060 c.example."}}, 0, "yes", "no ~c.example:5060"},
		"one knows nothing":     {good, zone{}, 0, "yes", "no ~knows no such name"},
		"the first knows none":  {zone{}, good, 0, "no ~no such host", "no ~knows no such name"},
		"no such service":       {zone{"pbx.example. A": {"192.0.2.5"}, "_sip._udp.pbx.example. SRV": {"0 0 0 ."}}, nil, 0, "yes ~srv-udp=0", "not-checked"},
		"slow":                  {good, nil, 2100 * time.Millisecond, "no ~slowest=2.", "not-checked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := []netip.AddrPort{nameServer(t, c.first, c.late)}
			if c.second != nil {
				servers = append(servers, nameServer(t, c.second, 0))
			}
			got := measured(t, Config{Server: "pbx.example", NameServers: servers}, 0, "dns")
			wanted(t, got, capture.ProbeDNS, c.name)
			wanted(t, got, capture.ProbeDNSAgree, c.agree)
		})
	}
	t.Run("dead", func(t *testing.T) {
		t.Parallel()
		dead, silent := netip.MustParseAddrPort("127.0.0.1:9"), serveUDP(t, "127.0.0.1:0", func([]byte) []byte { return nil })
		got := measured(t, Config{Server: "pbx.example", NameServers: []netip.AddrPort{dead}}, 0, "dns")
		wanted(t, got, capture.ProbeDNS, "no ~turns questions away~dead=127.0.0.1")
		got = measured(t, Config{Server: "pbx.example", NameServers: []netip.AddrPort{silent}}, 0, "dns")
		wanted(t, got, capture.ProbeDNS, "no ~no answer from the name server")
		got = measured(t, Config{Server: "pbx.example", NameServers: []netip.AddrPort{silent, nameServer(t, good, 0)}}, 0, "dns")
		wanted(t, got, capture.ProbeDNS, "no ~naptr=SIP+D2U~dead=127.0.0.1")
		wanted(t, got, capture.ProbeDNSAgree, "not-checked")
	})
	got := measured(t, Config{Server: "192.0.2.7:5070"}, 0, "dns")
	wanted(t, got, capture.ProbeDNS, "not-checked")
}

// wanted compares an answer's beginning, and parts behind "~".
func wanted(t *testing.T, got map[string]string, key, want string) {
	t.Helper()
	parts := strings.Split(want, "~")
	if !strings.HasPrefix(got[key], parts[0]) {
		t.Errorf("%s: %s, want %s", key, got[key], want)
	}
	for _, p := range parts[1:] {
		if !strings.Contains(got[key], p) {
			t.Errorf("%s: %s, want %s", key, got[key], want)
		}
	}
}

// FuzzAnswer reads whatever a name server may say, and compares it.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{"x. 1 IN A 192.0.2.1", "x. 1 IN AAAA ::1", "x. 1 IN SRV 1 1 1 y.", `x. 1 IN NAPTR 1 1 "s" "SIP+D2U" "" y.`} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m := new(dns.Msg)
		m.SetQuestion("x.", rr.Header().Rrtype)
		m.Answer = []dns.RR{rr}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, rr.Header().Rrtype)
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint16) {
		m := new(dns.Msg)
		if m.Unpack(b) != nil {
			return
		}
		server := netip.MustParseAddrPort("127.0.0.1:53")
		one, other := open(server, "x.", 0), open(server, "x.", 0)
		for _, q := range one.all() {
			q.kind = kind
			q.read(m)
			if len(q.answers) > 64 || q.err != nil && len(q.answers) > 0 {
				t.Errorf("%d answers, %v", len(q.answers), q.err)
			}
		}
		if text := differ(one, one); text != "" {
			t.Errorf("it differs from itself: %s", text)
		}
		_, _ = differ(one, other), one.follow(capture.TLS)
	})
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
			http.Redirect(w, r, "http://login.hotel.example/?a=b", http.StatusFound)
		}, "login.hotel.example"},
		"sent to itself": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1/", http.StatusMovedPermanently)
		}, ""},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, ""},
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
