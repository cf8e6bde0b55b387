package sipclient

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// several gives a phone whose domain has the given servers, best first.
func several(t *testing.T, transport string, addrs ...string) *Phone {
	t.Helper()
	n := nameTable{srv: map[string][]*net.SRV{}, ip: map[string][]netip.Addr{}}
	service := map[string]string{"udp": "_sip._udp.pbx.test", "tcp": "_sip._tcp.pbx.test"}[transport]
	for i, a := range addrs {
		at := mustAddr(a)
		host := "s" + strconv.Itoa(i) + ".test"
		n.ip[host] = []netip.Addr{at.Addr()}
		n.srv[service] = append(n.srv[service], &net.SRV{Target: host + ".", Port: at.Port(), Priority: uint16(i)})
	}
	p := newPhone(t, "pbx.test", func(c *Config) { c.Resolver, c.Transport = n, transport })
	p.timing.register, p.timing.place = 1500*time.Millisecond, 300*time.Millisecond
	t.Cleanup(func() {
		for _, a := range addrs {
			if srv, ok := peers.Load(a); ok {
				srv := srv.(*peer)
				srv.mu.Lock()
				srv.kind = true
				srv.mu.Unlock()
			}
		}
	})
	return p
}

func closedPort(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}

// A closed port, a silent server and one that says 503 give way to the next; what works stays.
func TestRegisterFailover(t *testing.T) {
	closed, silent, busy, good := closedPort(t), newPeer(t), newPeer(t), newPeer(t)
	p := several(t, "udp", closed, silent.addr(), busy.addr(), good.addr())
	if !hasNote(p, capture.PhoneTargets+" pbx.test udp "+strings.Join([]string{closed, silent.addr(), busy.addr(), good.addr()}, " ")) {
		t.Error(notes(p))
	}
	done := background(func() error { return p.Register(context.Background()) })
	busy.reply(busy.until("REGISTER"), 503, "x", "")
	req := good.until("REGISTER")
	good.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600")
	if err := result(t, done); err != nil {
		t.Fatal(err)
	}
	if len(silent.got) == 0 || req.Get("Call-ID") != silent.until("REGISTER").Get("Call-ID") {
		t.Error("the silent server was not asked, or for another registration")
	}
	for _, want := range []string{"udp " + closed + ": connection refused, using udp " + silent.addr(), "udp " + silent.addr() + ": no answer, using udp " + busy.addr(), "udp " + busy.addr() + ": 503, using udp " + good.addr()} {
		if wire.ICMPSurfaces && !hasNote(p, capture.PhoneFallback+" "+want) {
			t.Errorf("no note %q in %q", want, notes(p))
		}
	}
	if p.Server().String() != good.addr() || hasNote(p, capture.PhoneGaveUp) {
		t.Error(p.Server(), notes(p))
	}
	register(t, p, good) // at once, without the others
}

func TestFailoverEnds(t *testing.T) {
	a, b := newPeer(t), newPeer(t)
	p := several(t, "udp", a.addr(), b.addr())
	began := time.Now()
	_ = p.Register(context.Background())
	if took := time.Since(began); took > 2*time.Second || !hasNote(p, capture.PhoneGaveUp+" REGISTER ") {
		t.Error(took, notes(p))
	}
	if p.Server().String() != a.addr() {
		t.Error("the next attempt does not begin at the best address")
	}
	a, b = newPeer(t), newPeer(t)
	p = several(t, "udp", a.addr(), b.addr())
	done := background(func() error { return p.Register(context.Background()) })
	a.reply(a.until("REGISTER"), 403, "x", "") // a final word: no other server is asked
	_ = result(t, done)
	for len(b.got) > 0 {
		if m := <-b.got; strings.Contains(m.Get("Contact"), p.token) {
			t.Error("a refusal was carried to another server")
		}
	}
}

func TestCallFailover(t *testing.T) {
	silent, busy, good := newPeer(t), newPeer(t), newPeer(t)
	p := several(t, "udp", silent.addr(), busy.addr(), good.addr())
	c, first := dial(t, p, silent)
	second := busy.until("INVITE")
	busy.reply(second, 503, "x", "")
	third := good.until("INVITE")
	if third.Get("Call-ID") != first.Get("Call-ID") || third.Get("Via") == first.Get("Via") || third.Get("CSeq") == second.Get("CSeq") {
		t.Errorf("%v; %v", first.Headers, third.Headers)
	}
	good.reply(third, 180, "tt", "")
	if s := c.Wait(context.Background(), Ringing); s != Ringing {
		t.Fatal(s)
	}
	silent.reply(first, 180, "late", "") // a phone must not ring for nobody
	silent.reply(silent.until("CANCEL"), 200, "late", "")
	silent.reply(first, 200, "late", newSound(t).sdp())
	silent.until("ACK")
	silent.reply(silent.until("BYE"), 200, "", "")
	good.reply(third, 200, "tt", newSound(t).sdp())
	good.until("ACK")
	if s := c.Wait(context.Background(), Answered); s != Answered {
		t.Error(s)
	}
}

func TestStreamFailover(t *testing.T) {
	good := newStreamPeer(t, nil)
	closed := closedPort(t)
	p := several(t, "tcp", closed, good.addr())
	_, inv := dial(t, p, good)
	if inv.from != p.Local() || !strings.Contains(inv.Get("Contact"), inv.from.String()) {
		t.Errorf("%s from %s", inv.Get("Contact"), inv.from)
	}
	if !hasNote(p, capture.PhoneFallback+" tcp "+closed+": connection refused, using tcp "+good.addr()) || !hasNote(p, capture.PhoneUnreachable+" tcp "+closed+": connection refused") {
		t.Error(notes(p))
	}
}

// From one IP version to the other: signalling, Contact and sound move along.
func TestFailoverToIPv4(t *testing.T) {
	six := listen6(t)
	defer six.Close()
	srv := newPeer(t)
	p := several(t, "udp", six.LocalAddr().String(), srv.addr())
	if !p.Local().Addr().Is6() {
		t.Fatal(p.Local())
	}
	c, inv := dial(t, p, srv)
	if !strings.Contains(inv.Get("Contact"), "@127.0.0.1:") || !strings.Contains(string(inv.Body), "c=IN IP4 127.0.0.1") || inv.from != p.Local() {
		t.Errorf("%v %s", inv.Headers, inv.Body)
	}
	snd := newSound(t)
	srv.reply(inv, 200, "tt", snd.sdp())
	srv.until("ACK")
	mustRead(t, snd.rtp, "RTP")
	c.Wait(context.Background(), Answered)
}
