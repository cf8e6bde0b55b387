package probe

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// closedMirror is a mirror without sockets, for what it answers.
func closedMirror() *Mirror {
	m := &Mirror{limits: newLimits(), sounds: newSounds(), now: time.Now}
	m.doors = []mirrorDoor{{over: capture.UDP, at: netip.MustParseAddrPort("203.0.113.5:5060")}, {over: capture.UDP, at: netip.MustParseAddrPort("203.0.113.5:5080")}}
	m.ports = mirrorPorts{5060, 5080, 10000, 0}
	return m
}

// client is somebody who asks that mirror.
func client(m *Mirror, from string) (mirrorAsker, *mirrorWay) {
	at := netip.MustParseAddrPort(from)
	return mirrorAsker{door: m.doors[0], from: at, media: &net.UDPConn{}}, &mirrorWay{over: capture.UDP, to: m.doors[0].at, local: at}
}

// cookieOf says hello and takes the cookie.
func cookieOf(t *testing.T, m *Mirror, v mirrorAsker, w *mirrorWay) string {
	t.Helper()
	hello := w.request("OPTIONS", sayHello)
	hello.Add("X-Padding", strings.Repeat("x", 400))
	raw := hello.Bytes()
	out := m.answer(v, raw)
	if out == nil || len(out) > len(raw) {
		t.Fatalf("hello of %d bytes: %q", len(raw), out)
	}
	reply, err := sipmsg.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	said, ok := readWord(reply.Get(mirrorHeader))
	if !ok || said.verb != sayReady {
		t.Fatalf("%+v", said)
	}
	return said.values["cookie"]
}

func verbOf(out []byte) string {
	m, err := sipmsg.Parse(out)
	if out == nil || err != nil {
		return ""
	}
	w, _ := readWord(m.Get(mirrorHeader))
	return w.verb
}

// TestMirrorAnswersNobodyElse: only marked requests get anything at all.
func TestMirrorAnswersNobodyElse(t *testing.T) {
	m := closedMirror()
	v, w := client(m, "198.51.100.9:4000")
	cookie := cookieOf(t, m, v, w)
	look := func(method string) *sipmsg.Message { return w.request(method, writeWord(sayLook, "cookie", cookie)) }
	for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE"} {
		if got := verbOf(m.answer(v, look(method).Bytes())); got != saySeen {
			t.Errorf("%s: %q", method, got)
		}
	}
	plain := look("INVITE")
	plain.Del(mirrorHeader)
	twice := look("OPTIONS")
	twice.Add(mirrorHeader, sayHello)
	foreign := look("OPTIONS")
	foreign.Set(mirrorHeader, "relay;to=192.0.2.1")
	noVia := look("OPTIONS")
	noVia.Del("Via")
	inBody := plain
	inBody.SetBody("text/plain", []byte(mirrorHeader+": hello"))
	huge := look("OPTIONS")
	huge.Add("X-Padding", strings.Repeat("x", maxLooked))
	response := sipmsg.NewResponse(look("OPTIONS"), 200, "")
	response.Add(mirrorHeader, sayHello)
	for name, raw := range map[string][]byte{
		"without the mark": plain.Bytes(), "marked twice": twice.Bytes(), "an unknown word": foreign.Bytes(), "no Via": noVia.Bytes(),
		"the mark in the body": inBody.Bytes(), "too long": huge.Bytes(), "an answer": response.Bytes(), "an ACK": look("ACK").Bytes(), "another method": look("MESSAGE").Bytes(),
		"nothing": nil, "only the mark": []byte(mirrorHeader + ": hello\r\n\r\n"), "garbage": bytes.Repeat([]byte(mirrorHeader), 50),
	} {
		if out := m.answer(v, raw); out != nil {
			t.Errorf("%s: answered %q", name, out)
		}
	}
}

// TestMirrorDoesNotAmplify: who has not shown that answers reach it gets no more than
// it sent, and no report, whatever it claims.
func TestMirrorDoesNotAmplify(t *testing.T) {
	m := closedMirror()
	v, w := client(m, "198.51.100.9:4000")
	cookie := cookieOf(t, m, v, w)
	foe, _ := client(m, "192.0.2.66:4000")
	otherPort, _ := client(m, "198.51.100.9:4001")
	otherDoor := v
	otherDoor.door = m.doors[1]
	for name, c := range map[string]struct {
		v      mirrorAsker
		cookie string
	}{"another address": {foe, cookie}, "another port": {otherPort, cookie}, "another door": {otherDoor, cookie}, "none": {v, ""}, "made up": {v, strings.Repeat("0", 32)}} {
		for _, verb := range []string{sayHello, sayLook, saySound, sayCount} {
			for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE"} {
				for pad := 0; pad < 800; pad += 50 {
					req := w.request(method, writeWord(verb, "cookie", c.cookie, "at", "203.0.113.5"))
					req.Add("X-Padding", strings.Repeat("x", pad))
					req.SetBody("application/sdp", mirrorMedia(c.v.from.Addr(), 4000))
					raw := req.Bytes()
					out := m.answer(c.v, raw)
					m.limits = newLimits()
					if len(out) > len(raw) || out != nil && verbOf(out) != sayReady {
						t.Fatalf("%s, %s %s: %d bytes for %d: %q", name, verb, method, len(out), len(raw), out)
					}
				}
			}
		}
	}
	if len(m.sounds.list) != 0 {
		t.Error("a test of sound began without a cookie")
	}
	// It ages.
	now := time.Now()
	m.now = func() time.Time { return now.Add(3 * cookieLife) }
	if got := verbOf(m.answer(v, w.request("OPTIONS", writeWord(sayLook, "cookie", cookie)).Bytes())); got == saySeen {
		t.Error("an old cookie is taken")
	}
}

// TestMirrorFlood: one network cannot keep others out, and what is remembered is bounded.
func TestMirrorFlood(t *testing.T) {
	m := closedMirror()
	now := time.Now()
	m.limits.now = func() time.Time { return now }
	answers := func(from string, n int) (got int) {
		v, w := client(m, from)
		hello := w.request("OPTIONS", sayHello)
		hello.Add("X-Padding", strings.Repeat("x", 400))
		raw := hello.Bytes()
		for range n {
			if m.answer(v, raw) != nil {
				got++
			}
		}
		return got
	}
	if got := answers("198.51.100.9:4000", 5000); got != ofOneBurst {
		t.Errorf("%d answers for one address at once", got)
	}
	if got := answers("198.51.100.77:4000", 10); got != 0 {
		t.Errorf("%d answers for its neighbour", got)
	}
	if got := answers("198.51.101.9:4000", 10); got != 10 {
		t.Errorf("%d answers for another network", got)
	}
	now = now.Add(time.Second)
	if got := answers("198.51.100.9:4000", 5000); got != ofOneRate {
		t.Errorf("%d answers in the next second", got)
	}
	// Invented senders: everybody together has a limit, too, and so has what is remembered.
	for i := range 3 * maxNetworks {
		m.limits.allow(netip.AddrFrom4([4]byte{byte(11 + i>>16), byte(i >> 8), byte(i), 1}))
		if i%100 == 0 {
			now = now.Add(sweepEvery)
		}
	}
	if n := len(m.limits.networks); n > maxNetworks {
		t.Errorf("%d networks are remembered", n)
	}
	now = now.Add(time.Minute)
	if !m.limits.allow(netip.MustParseAddr("203.0.113.200")) {
		t.Error("nobody is let in after a flood")
	}
}

// TestMirrorConnections: connections are bounded, for one network and for all.
func TestMirrorConnections(t *testing.T) {
	l := newLimits()
	a := netip.MustParseAddr
	for range maxOfOne {
		if !l.enter(a("198.51.100.9")) {
			t.Fatal("no place")
		}
	}
	if l.enter(a("198.51.100.10")) {
		t.Error("too many of one network")
	}
	l.leave(a("198.51.100.9"))
	if !l.enter(a("198.51.100.10")) {
		t.Error("a place that was left stays taken")
	}
	n := maxOfOne
	for i := 0; l.enter(a(fmt.Sprintf("10.%d.%d.1", i/200, i%200))); i++ {
		n++
	}
	if n != maxConnections {
		t.Errorf("%d connections", n)
	}
}

// TestMirrorStream: a connection that brings nothing but noise is closed.
func TestMirrorStream(t *testing.T) {
	m := newMirror(t, MirrorConfig{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	port, _, _, _ := m.Ports()
	for name, c := range map[string]string{
		"a header without end": "OPTIONS sip:x SIP/2.0\r\nX: " + strings.Repeat("y", 300_000), "an endless body": "OPTIONS sip:x SIP/2.0\r\nContent-Length: 999999\r\n\r\n" + strings.Repeat("y", 300_000),
	} {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		for b := []byte(c); len(b) > 0 && err == nil; b = b[min(len(b), 4000):] {
			_, err = conn.Write(b[:min(len(b), 4000)])
		}
		_, err = conn.Read(make([]byte, 1))
		var timeout net.Error
		if err == nil || strings.Contains(err.Error(), "timeout") || (timeout != nil && timeout.Timeout()) {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
}
