package probe

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// newMirror runs a mirror until the test ends.
func newMirror(t *testing.T, cfg MirrorConfig) *Mirror {
	t.Helper()
	if cfg.Listen == nil {
		cfg.Listen = []netip.Addr{netip.MustParseAddr(farAddr)}
	}
	m, err := ListenMirror(cfg)
	if err != nil {
		lacking(t, "no second loopback address here: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { m.Serve(ctx) })
	t.Cleanup(func() { stop(); work.Wait() })
	return m
}

// behind gives a probe's configuration for a mirror behind a middlebox.
func behind(t *testing.T, m *Mirror, box *middlebox) Config {
	t.Helper()
	port, other, sound, _ := m.Ports()
	box.pass(t, port, other, sound)
	return Config{Server: "127.0.0.1:9", Mirror: fmt.Sprint(boxAddr, ":", port), sound: 20}
}

// TestMirror: each kind of rewriting is named, on the way out, and no other.
func TestMirror(t *testing.T) {
	everywhere := func(b []byte, i, o netip.AddrPort) []byte {
		return bytes.ReplaceAll(b, []byte(i.Addr().String()), []byte(o.Addr().String()))
	}
	for name, c := range map[string]struct {
		out, in rewriter
		want    []string
		not     string // a detail that is not there
	}{
		"a router that only translates addresses": {nil, nil, []string{"yes"}, "what"},
		"the kernel's": {kernelOut, kernelIn, []string{"no", "what=via,contact,sdp", "to=" + outsideAddr, "method=OPTIONS,REGISTER,INVITE", "back=hidden"}, "length"},
		"only Via, and not back": {func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, i.String(), o.String(), "Via") }, nil,
			[]string{"no", "what=via", "to=" + outsideAddr}, "back"},
		"only Contact": {func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, i.String(), o.String(), "Contact") }, nil,
			[]string{"no", "what=contact", "to=" + outsideAddr}, "length"},
		"only Call-ID": {func(b []byte, i, o netip.AddrPort) []byte {
			return inHeaders(b, i.Addr().String(), o.Addr().String(), "Call-ID")
		}, nil, []string{"no", "what=call-id"}, "length"},
		"only the description, with its length": {func(b []byte, i, o netip.AddrPort) []byte {
			return inSDP(b, "IP4 "+i.Addr().String(), "IP4 203.0.113.200", true)
		}, nil, []string{"no", "what=sdp,content-length", "method=INVITE", "to=203.0.113.200", `sent="o=- 1 1 IN IP4 127.0.0.1"`}, "length"},
		"only the description, whose length is forgotten": {func(b []byte, i, o netip.AddrPort) []byte {
			return inSDP(b, "IP4 "+i.Addr().String(), "IP4 203.0.113.200", false)
		}, nil, []string{"no", "what=sdp", "length=wrong"}, ""},
		"only a port in the description": {func(b []byte, i, o netip.AddrPort) []byte { return inSDP(b, "m=audio ", "m=audio 1", true) }, nil,
			[]string{"no", "what=sdp,content-length", "method=INVITE"}, "to"},
		"only Content-Length": {func(b []byte, i, o netip.AddrPort) []byte {
			return inHeaders(b, "Content-Length: 0", "Content-Length: 7", "Content-Length")
		}, nil,
			[]string{"no", "what=content-length", "length=wrong"}, "to"},
		"a body that was not there": {func(b []byte, i, o netip.AddrPort) []byte {
			if bytes.HasPrefix(b, []byte("REGISTER")) {
				return append(b, "hello"...)
			}
			return b
		}, nil, []string{"no", "what=body", "method=REGISTER"}, ""},
		"a header that was not there": {func(b []byte, i, o netip.AddrPort) []byte {
			return bytes.Replace(b, []byte("\r\nMax-Forwards:"), []byte("\r\nX-Router: yes\r\nMax-Forwards:"), 1)
		}, nil, []string{"no", "what=x-router"}, "to"},
		"an address in a header that nobody knows": {func(b []byte, i, o netip.AddrPort) []byte {
			return inHeaders(b, i.Addr().String(), o.Addr().String(), "X-Address")
		}, nil,
			[]string{"no", "what=x-address", "to=" + outsideAddr}, "length"},
		"every place where the address stands, both ways": {everywhere, func(b []byte, i, o netip.AddrPort) []byte { return everywhere(b, o, i) },
			[]string{"no", "what=via,contact,sdp,call-id,x-address", "to=" + outsideAddr, "back=hidden"}, ""},
		"spelling only": {func(b []byte, i, o netip.AddrPort) []byte {
			return bytes.Replace(b, []byte("\r\nVia: "), []byte("\r\nv:"), 1)
		}, nil,
			[]string{"no", "what=form"}, "to"},
		"the report, on the way back": {nil, func(b []byte, i, o netip.AddrPort) []byte {
			head, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
			return append(append(head, "\r\n\r\n"...), bytes.ToUpper(body)...)
		}, []string{"no", "what=report"}, "to"},
		"sign-ins disappear": {func(b []byte, i, o netip.AddrPort) []byte {
			if bytes.HasPrefix(b, []byte("REGISTER")) {
				return nil
			}
			return b
		}, nil, []string{"yes"}, "what"}, // lost is not changed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t, MirrorConfig{})
			got := measured(t, behind(t, m, &middlebox{out: c.out, in: c.in}), 0, "mirror")
			if a := got[capture.ProbeALGMirror]; !has(a, c.want...) || c.not != "" && !without(a, c.not) {
				t.Errorf("got %s\nwant %v and not %q", a, c.want, c.not)
			}
			if name != "the report, on the way back" && (!has(got[capture.ProbeMirrorOut], "yes", "sent=20", "got=20", "lost=0") || !has(got[capture.ProbeMirrorIn], "yes", "sent=20", "got=20", "lost=0")) {
				t.Errorf("sound: %q, %q", got[capture.ProbeMirrorOut], got[capture.ProbeMirrorIn])
			}
		})
	}
}

// TestMirrorLost tells what gets no answer, and does not call it changed.
func TestMirrorLost(t *testing.T) {
	m := newMirror(t, MirrorConfig{})
	box := &middlebox{out: func(b []byte, i, o netip.AddrPort) []byte {
		if bytes.HasPrefix(b, []byte("INVITE")) {
			return nil
		}
		return b
	}}
	got := measured(t, behind(t, m, box), 0, "mirror")
	port, other, _, _ := m.Ports()
	if a := got[capture.ProbeALGMirror]; !has(a, "yes", fmt.Sprintf("lost=invite/udp/%d,invite/udp/%d", port, other)) && !has(a, "yes", fmt.Sprintf("lost=invite/udp/%d,invite/udp/%d", other, port)) {
		t.Error(a)
	}
	if a := got[capture.ProbeMirrorOut]; !strings.HasPrefix(a, "not-checked") {
		t.Error(a)
	}
}

// TestMirrorDirect uses every way to a mirror, TLS as well.
func TestMirrorDirect(t *testing.T) {
	by := newIssuer(t)
	pair := by.config(t).Certificates[0]
	var mu sync.Mutex
	var heard []string
	m := newMirror(t, MirrorConfig{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Certificate: &pair, Heard: func(e MirrorEvent) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, e.Text)
	}})
	port, other, _, secure := m.Ports()
	got := measured(t, Config{Server: "127.0.0.1:9", Mirror: fmt.Sprint("127.0.0.1:", port), Roots: by.pool(), sound: 20}, 0, "mirror")
	clean := strings.Split(detailOf(got[capture.ProbeALGMirror], "clean"), ",")
	if len(clean) != 4 || !has(got[capture.ProbeALGMirror], "yes") {
		t.Errorf("%q, of udp/%d udp/%d tcp/%d tls/%d", got[capture.ProbeALGMirror], port, other, port, secure)
	}
	// Without a router the description names the very address that asks: sound comes before any was sent.
	if !has(got[capture.ProbeMirrorIn], "yes", "early-sent=3", "early-got=3", "got=20") {
		t.Error(got[capture.ProbeMirrorIn])
	}
	// A certificate that is not trusted closes that way only.
	got = measured(t, Config{Server: "127.0.0.1:9", Mirror: fmt.Sprint("127.0.0.1:", port), sound: 20}, 0, "mirror")
	if !has(got[capture.ProbeALGMirror], "yes", fmt.Sprint("silent=tls/", secure)) {
		t.Error(got[capture.ProbeALGMirror])
	}
	mu.Lock()
	defer mu.Unlock()
	if len(heard) != 2 || heard[0] != "a test of sound: 20 packets came, 20 went back" {
		t.Errorf("told %q", heard)
	}
}

// detailOf gives a detail of an answer.
func detailOf(answer, name string) string {
	_, s, _ := strings.Cut(answer, " "+name+"=")
	s, _, _ = strings.Cut(s, " ")
	return s
}

// TestNoMirror: where none is, nothing that looks like a call is sent.
func TestNoMirror(t *testing.T) {
	var mu sync.Mutex
	var methods []string
	server := serveUDP(t, "127.0.0.1:0", func(b []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		method, _, _ := strings.Cut(string(b), " ")
		methods = append(methods, method)
		return okTo(b, 200)
	})
	for name, cfg := range map[string]Config{
		"another server":  {Mirror: server.String()},
		"a closed port":   {Mirror: closedPort(t)},
		"no mirror named": {},
	} {
		cfg.Server = "127.0.0.1:9"
		got := measured(t, cfg, 4*time.Second, "mirror")
		for _, key := range []string{capture.ProbeALGMirror, capture.ProbeMirrorOut, capture.ProbeMirrorIn} {
			if !strings.HasPrefix(got[key], "not-checked ") || strings.Contains(got[key], "no result") {
				t.Errorf("%s: %s %q", name, key, got[key])
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, m := range methods {
		if m != "OPTIONS" {
			t.Errorf("a server that is no mirror got %s", m)
		}
	}
}

// TestSoundLost: what is lost on one way is counted there, by its numbers.
func TestSoundLost(t *testing.T) {
	m := newMirror(t, MirrorConfig{})
	port, other, sound, _ := m.Ports()
	box, holes := &middlebox{}, &sieve{}
	box.pass(t, port, other)
	holes.pass(t, sound)
	cfg := Config{Server: "127.0.0.1:9", Mirror: fmt.Sprint(boxAddr, ":", port), sound: 40}
	for name, c := range map[string]struct {
		out, in func(n int) bool // dropped
		wantOut []string
		wantIn  []string
	}{
		"nothing": {nil, nil, []string{"yes", "sent=40", "got=40", "lost=0", "longest=0"}, []string{"yes", "sent=40", "got=40", "lost=0", "longest=0"}},
		"every fourth, outwards": {func(n int) bool { return n%4 == 3 }, nil,
			[]string{"yes", "sent=40", "got=30", "lost=10", "longest=1"}, []string{"yes", "sent=30", "got=30", "lost=0"}},
		"five in a row, inwards": {nil, func(n int) bool { return n >= 10 && n < 15 },
			[]string{"yes", "got=40"}, []string{"yes", "sent=40", "got=35", "lost=5", "longest=5"}},
		"everything outwards": {func(int) bool { return true }, nil, []string{"no", "sent=40", "got=0", "lost=40"}, []string{"not-checked"}},
		"everything inwards":  {nil, func(int) bool { return true }, []string{"yes", "got=40"}, []string{"no", "sent=40", "got=0", "lost=40"}},
	} {
		t.Run(name, func(t *testing.T) {
			holes.set(c.out, c.in)
			got := measured(t, cfg, 0, "mirror")
			if !has(got[capture.ProbeMirrorOut], c.wantOut...) || !has(got[capture.ProbeMirrorIn], c.wantIn...) {
				t.Errorf("out %s\nin %s", got[capture.ProbeMirrorOut], got[capture.ProbeMirrorIn])
			}
		})
	}
}

// TestAnswerRewritten: a description that is changed on the way in is told, and sound
// still goes to the mirror and nobody else.
func TestAnswerRewritten(t *testing.T) {
	m := newMirror(t, MirrorConfig{})
	got := measured(t, behind(t, m, &middlebox{in: func(b []byte, i, o netip.AddrPort) []byte {
		return inSDP(b, "c=IN IP4 "+boxAddr, "c=IN IP4 192.168.1.1", true)
	}}), 0, "mirror")
	_, _, sound, _ := m.Ports()
	if !has(got[capture.ProbeMirrorOut], "yes", fmt.Sprintf("answer=192.168.1.1:%d", sound), fmt.Sprintf("to=%s:%d", boxAddr, sound)) {
		t.Error(got[capture.ProbeMirrorOut])
	}
}

// TestCompare: what was changed is found in messages of any kind.
func TestCompare(t *testing.T) {
	const msg = "INVITE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060\r\nContact: <sip:a@10.0.0.5>\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\ns=x\n"
	if got := compare([]byte(msg), []byte(msg)); got != nil {
		t.Errorf("the same is %v", got)
	}
	for _, c := range []struct{ old, new, want, to string }{
		{"sip:a@192.0.2.1 ", "sip:a@192.0.2.2 ", "request-line", "192.0.2.2"},
		{"10.0.0.5", "203.0.113.77", "via contact", "203.0.113.77"},
		{"Contact: <sip:a@10.0.0.5>\r\n", "", "contact", ""},
		{"Via: ", "Via: SIP/2.0/UDP 203.0.113.1\r\nVia: ", "via", "203.0.113.1"},
		{"Via: SIP/2.0/UDP 10.0.0.5:5060", "Via: SIP/2.0/UDP [2001:db8::7]:5060", "via", "2001:db8::7"},
		{"s=x", "s=y", "sdp", ""},
		{"Contact: ", "m: ", "form", ""},
		{"INVITE", "\x00", "form", ""},
	} {
		var whats []string
		to := netip.Addr{}
		for _, x := range compare([]byte(msg), []byte(strings.ReplaceAll(msg, c.old, c.new))) {
			whats = append(whats, x.what)
			if a := x.changedTo(); a.IsValid() && !to.IsValid() {
				to = a
			}
		}
		if got := strings.Join(whats, " "); got != c.want || c.to != "" && to.String() != c.to || c.to == "" && to.IsValid() {
			t.Errorf("%q for %q: %s to %s, want %s to %q", c.new, c.old, got, to, c.want, c.to)
		}
	}
}
