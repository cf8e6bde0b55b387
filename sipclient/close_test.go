package sipclient

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// Whatever the phone is in the middle of, Close ends it in 3 s and leaves nothing.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	srv := newPeer(t)
	mine := goleak.IgnoreAnyFunction("softphonedoctor/sipclient.newPeerAt.func1")
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	done := background(func() error { return p.Register(context.Background()) })
	req := srv.until("REGISTER")
	srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600")
	_ = result(t, done)
	connect(t, p, srv, snd.sdp())    // up, and the BYE will not be answered
	_, ringing := dial(t, p, srv)    // ringing, and the CANCEL will not be answered
	srv.reply(ringing, 180, "r", "") //
	dial(t, p, srv)                  // silent
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "in", 1, snd.sdp()))
	srv.until("180 INVITE")
	waiting := background(func() error {
		_, _ = p.Await(context.Background())
		_, err := p.Await(context.Background())
		return err
	})
	busy := background(func() error { return p.Options(context.Background(), 0) })
	srv.until("OPTIONS")
	began := time.Now()
	gone, cancel := context.WithCancel(context.Background())
	cancel() // must not keep the goodbyes from going out
	if err := p.Close(gone); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Close took %s", took)
	}
	if err := result(t, waiting); err != ErrClosed {
		t.Error("Await:", err)
	}
	_ = result(t, busy)
	seen := map[string]bool{}
	for len(srv.got) > 0 {
		seen[name(<-srv.got)] = true
	}
	for _, want := range []string{"BYE", "CANCEL", "486 INVITE", "REGISTER"} {
		if !seen[want] {
			t.Errorf("no %s before the end", want)
		}
	}
	if err := goleak.Find(before, mine); err != nil {
		t.Error(err)
	}
	if c, err := p.Dial(context.Background(), "200"); err != ErrClosed {
		t.Error(c, err)
	}
	if err := p.Register(context.Background()); err != ErrClosed {
		t.Error(err)
	}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(p.Local()))
	if err != nil {
		t.Error("the socket is not free:", err)
	} else {
		conn.Close()
	}
}

// nameTable is a resolver with fixed records.
type nameTable struct {
	srv   map[string][]*net.SRV
	ip    map[string][]netip.Addr
	naptr []names.NAPTR
}

func (n nameTable) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if list := n.srv["_"+service+"._"+proto+"."+name]; list != nil {
		return "", list, nil
	}
	return "", nil, &net.DNSError{IsNotFound: true}
}

func (n nameTable) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if list := n.ip[host]; list != nil {
		return list, nil
	}
	return nil, &net.DNSError{IsNotFound: true}
}

func (n nameTable) LookupNAPTR(context.Context, string) ([]names.NAPTR, error) { return n.naptr, nil }

func TestLookup(t *testing.T) {
	v4, other, v6 := netip.MustParseAddr("127.0.0.7"), netip.MustParseAddr("127.0.0.8"), netip.MustParseAddr("::1")
	n := nameTable{
		srv: map[string][]*net.SRV{
			"_sip._udp.pbx.test":  {{Target: "gone.test.", Port: 1}, {Target: "a.test.", Port: 5070}, {Target: "b.test.", Port: 5080}},
			"_sip._udp.none.test": {{Target: "."}},
		},
		ip: map[string][]netip.Addr{"a.test": {v6, v4}, "b.test": {other}, "pbx.test": {other}, "none.test": {v4}, "six.test": {v6}},
	}
	n.naptr = []names.NAPTR{{Service: "SIPS+D2T"}, {Service: "sip+d2u", Flags: "s", Replacement: "_sip._udp.pbx.test."}, {Service: "E2U+sip"}}
	p := &Phone{cfg: Config{Resolver: n}, tape: &capture.Tape{}}
	for in, want := range map[string]string{
		"pbx.test": "127.0.0.7:5070", "pbx.test:5090": "127.0.0.8:5090", "none.test": "127.0.0.7:5060", "six.test": "[::1]:5060",
		"192.0.2.1": "192.0.2.1:5060", "192.0.2.1:99": "192.0.2.1:99", "2001:db8::1": "[2001:db8::1]:5060", "[2001:db8::1]:7": "[2001:db8::1]:7",
		"gone.test": "", "a.test:0": "", "a.test:x": "", "": "", ":5060": "",
	} {
		got := ""
		list := p.lookup(context.Background(), in, capture.UDP, true)
		if len(list) > 0 {
			got = list[0].String()
		}
		if got != want {
			t.Errorf("%q -> %q, want %q", in, got, want)
		}
	}
	if !hasNote(p, capture.PhoneNAPTR+" pbx.test SIPS+D2T SIP+D2U") || !hasNote(p, capture.PhoneLookup+" gone.test -> failed: no such host in ") {
		t.Error(notes(p))
	}
	if !hasNote(p, capture.PhoneLookup+" pbx.test -> 127.0.0.7:5070 in ") || hasNote(p, capture.PhoneLookup+" 192.0.2.1") {
		t.Error(notes(p))
	}
	if list := p.lookup(context.Background(), "pbx.test", capture.UDP, false); fmt.Sprint(list) != "[127.0.0.7:5070 [::1]:5070 127.0.0.8:5080]" {
		t.Error(list)
	}
}

func TestIPv6(t *testing.T) {
	conn := listen6(t)
	defer conn.Close()
	p := newPhone(t, conn.LocalAddr().String())
	done := background(func() error { return p.Options(context.Background(), 0) })
	buf := make([]byte, 4000)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	n, from, err := conn.ReadFromUDPAddrPort(buf)
	if err != nil || from != p.Local() {
		t.Fatal(err, from)
	}
	text := string(buf[:n])
	if !strings.Contains(text, "Via: SIP/2.0/UDP "+p.Local().String()) || !strings.Contains(text, "Contact: <sip:"+p.token+"@"+p.Local().String()+">") {
		t.Error(text)
	}
	head := text[strings.Index(text, "Via:"):]
	_, _ = conn.WriteToUDPAddrPort([]byte("SIP/2.0 200 OK\r\n"+head), from)
	if err := result(t, done); err != nil {
		t.Error(err)
	}
	if hasNote(p, capture.PhoneGaveUp) {
		t.Error(notes(p))
	}
	if _, err := p.Dial(context.Background(), "bob"); err != nil {
		t.Error(err)
	}
}

func TestAccountHidesPassword(t *testing.T) {
	cfg := Config{Account: Account{User: "u", Domain: "d", Password: "secret-word"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(format, cfg) + fmt.Sprintf(format, cfg.Account) + fmt.Sprintf(format, &cfg); strings.Contains(s, "secret-word") {
			t.Errorf("%s prints the password", format)
		}
	}
}

func TestTransportAndAccount(t *testing.T) {
	tape := &capture.Tape{}
	if _, err := New(context.Background(), Config{Tape: tape, Account: Account{User: "u", Domain: "127.0.0.1", Transport: "SCTP"}}); err != ErrTransport {
		t.Error(err)
	}
	if _, err := New(context.Background(), Config{Tape: tape}); err == nil {
		t.Error("an empty account is taken")
	}
}

func TestTargets(t *testing.T) {
	p := &Phone{cfg: Config{Account: Account{User: "alice", Domain: "pbx.test:5070"}}}
	for to, want := range map[string]string{
		"200": "sip:200@pbx.test:5070", " +49 (30) 12-34 ": "sip:+49301234@pbx.test:5070", "bob": "sip:bob@pbx.test:5070", "*43#": "sip:*43#@pbx.test:5070",
		"bob@other.test": "sip:bob@other.test", "sip:bob@other.test;transport=udp": "sip:bob@other.test;transport=udp", "tel:+49-30-1": "sip:+49301@pbx.test:5070",
		"code-404": "sip:code-404@pbx.test:5070", "": "", "a b": "", "sip:": "", "@x": "", "x\r\nEvil: 1": "", "sip:x@y\r\nEvil: 1": "", "<sip:x@y>": "",
	} {
		uri, ok := p.target(to)
		if got := uri.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q -> %q %v, want %q", to, got, ok, want)
		}
	}
}

// Requests that are inside the stack while the phone closes must not make it open
// a socket of its own, which nobody would ever close (trap 5).
func TestCloseUnderFire(t *testing.T) {
	srv := newPeer(t)
	before := goleak.IgnoreCurrent()
	for range 20 {
		p := newPhone(t, srv.addr())
		stop := make(chan struct{})
		firing := background(func() int {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					return n
				default:
				}
				srv.send(p.Local(), srv.build("OPTIONS", "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "f-"+randomHex(4), 1, ""))
				if n%20 == 19 {
					time.Sleep(time.Millisecond)
				}
			}
		})
		srv.until("200 OPTIONS")
		for range 5 {
			p.inBackground(func() { _ = p.Options(context.Background(), 0) })
		}
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
		close(stop)
		_ = result(t, firing)
		for len(srv.got) > 0 {
			<-srv.got
		}
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
