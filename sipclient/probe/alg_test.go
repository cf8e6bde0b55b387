package probe

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// echoServer answers OPTIONS as a registrar does; how changes the answer.
func echoServer(t *testing.T, how func(from netip.AddrPort, m *sipmsg.Message)) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(farAddr), 0)))
	if err != nil {
		lacking(t, "no second loopback address here: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			m, err := sipmsg.Parse(buf[:n])
			if err != nil {
				continue
			}
			r := mirrorAsker{from: wire.Unmap(from)}.respond(m, 200)
			if how != nil {
				how(wire.Unmap(from), r)
			}
			_, _ = conn.WriteToUDPAddrPort(r.Bytes(), from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return wire.AddrPort(conn.LocalAddr())
}

// bare takes what was seen out of an answer.
func bare(_ netip.AddrPort, m *sipmsg.Message) {
	via, _, _ := strings.Cut(m.Get("Via"), ";received=")
	m.Set("Via", via)
}

// TestEcho: what comes back betrays helpers of every kind, and none where there is none.
func TestEcho(t *testing.T) {
	text := func(b []byte, old, new string) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(new)) }
	for name, c := range map[string]struct {
		out, in rewriter
		server  func(netip.AddrPort, *sipmsg.Message)
		nat     string   // what STUN said before
		want    []string // of the answer
	}{
		"a router that only translates addresses": {want: []string{"yes", "baited=5060,other"}},
		"the kernel's": {out: kernelOut, in: kernelIn, want: []string{"no", "signs=bait,two-faces", "what=via"}},
		"the kernel's, a server that says nothing of what it sees": {out: kernelOut, in: kernelIn, server: bare,
			want: []string{"yes"}}, // nothing shows, and nothing is claimed: only a mirror helps
		"only Via, and not back": {out: func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, i.String(), o.String(), "Via") },
			want: []string{"no", "signs=changed", "what=via"}},
		"only From, both ways": {
			out:  func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, i.String(), o.String(), "From") },
			in:   func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, o.String(), i.String(), "From") },
			want: []string{"no", "signs=bait", "what=from"}},
		"Call-ID, and not back": {out: func(b []byte, i, o netip.AddrPort) []byte {
			return inHeaders(b, i.Addr().String(), o.Addr().String(), "Call-ID")
		}, want: []string{"no", "signs=changed", "what=call-id"}},
		"only Contact, which nobody echoes": {out: func(b []byte, i, o netip.AddrPort) []byte { return inHeaders(b, i.String(), o.String(), "Contact") },
			want: []string{"yes"}},
		"every place where the address stands, both ways": {
			out:  func(b []byte, i, o netip.AddrPort) []byte { return text(b, i.Addr().String(), o.Addr().String()) },
			in:   func(b []byte, i, o netip.AddrPort) []byte { return text(b, o.Addr().String(), i.Addr().String()) },
			want: []string{"yes"}}, // it hides the outside address as well
		"the same, and STUN knows the outside address": {
			out: func(b []byte, i, o netip.AddrPort) []byte { return text(b, i.Addr().String(), o.Addr().String()) },
			in:  func(b []byte, i, o netip.AddrPort) []byte { return text(b, o.Addr().String(), i.Addr().String()) },
			nat: "no local=10.0.0.9:1 mapped=" + outsideAddr + ":4000", want: []string{"no", "signs=bait", "what=via"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := echoServer(t, c.server)
			box := &middlebox{out: c.out, in: c.in}
			box.pass(t, server.Port())
			b := newBench(Config{Tape: &capture.Tape{}, Server: netip.AddrPortFrom(netip.MustParseAddr(boxAddr), server.Port()).String()})
			if c.nat != "" {
				word, detail, _ := strings.Cut(c.nat, " ")
				b.note(capture.ProbeNAT, word, detail)
			}
			lookForALG(t.Context(), b)
			a := b.Answer(capture.ProbeALGEcho)
			if got := a.Result + " " + a.Detail; !has(got, c.want...) {
				t.Errorf("got %s\nwant %v", got, c.want)
			}
		})
	}
}

// TestEchoDirect: without a router in between nothing is found, and silence is no sign.
func TestEchoDirect(t *testing.T) {
	got := measured(t, Config{Server: echoServer(t, nil).String()}, 0, "alg")
	if !has(got[capture.ProbeALGEcho], "yes") || !without(got[capture.ProbeALGEcho], "baited") || !has(got[capture.ProbeALGPorts], "yes") {
		t.Errorf("%q", got)
	}
	got = measured(t, Config{Server: closedPort(t)}, 0, "alg")
	if !strings.HasPrefix(got[capture.ProbeALGEcho], "not-checked") || !strings.HasPrefix(got[capture.ProbeALGPorts], "not-checked") {
		t.Errorf("%q", got)
	}
}

// answerOf makes what a way showed.
func answerOf(t *testing.T, via, back string) *answered {
	t.Helper()
	m := sipmsg.NewRequest("OPTIONS", "sip:example.net")
	m.Add("Via", via)
	r := sipmsg.NewResponse(m, 200, "")
	r.Set("Via", back)
	return &answered{m, r}
}

// TestPorts: two ways that are treated differently, and ways that only look so.
func TestPorts(t *testing.T) {
	at := netip.MustParseAddrPort
	server, secure := at("203.0.113.5:5060"), at("203.0.113.5:5061")
	seen := func(local, received string) *answered {
		return answerOf(t, "SIP/2.0/UDP "+local+";branch=z9hG4bK1", "SIP/2.0/UDP "+local+";branch=z9hG4bK1;received="+at(received).Addr().String()+";rport="+strconv.Itoa(int(at(received).Port())))
	}
	way := func(name string, over capture.Net, to netip.AddrPort, local, received string) *echo {
		w := &echo{name: name, over: over, server: to, local: at(local), err: errSilent}
		if received != "" {
			w.plain, w.err = seen(local, received), nil
		}
		return w
	}
	const in5060, inOther = "192.168.1.20:5060", "192.168.1.20:40000"
	for name, c := range map[string]struct {
		ways []*echo
		udp  string // what the door said
		want []string
	}{
		"alike": {[]*echo{way("5060", capture.UDP, server, in5060, "198.51.100.9:5060"), way("other", capture.UDP, server, inOther, "198.51.100.9:40000"),
			way("tcp", capture.TCP, server, inOther, "198.51.100.9:1"), way("tls", capture.TLS, secure, inOther, "198.51.100.9:2")}, "", []string{"yes"}},
		"no NAT": {[]*echo{way("5060", capture.UDP, server, in5060, in5060), way("other", capture.UDP, server, inOther, inOther),
			way("tcp", capture.TCP, server, inOther, inOther), way("tls", capture.TLS, secure, inOther, inOther)}, "", []string{"yes"}},
		"several outside addresses": {[]*echo{way("5060", capture.UDP, server, in5060, "198.51.100.9:5060"), way("other", capture.UDP, server, inOther, "198.51.100.10:40000"),
			way("tcp", capture.TCP, server, inOther, "198.51.100.11:1"), way("tls", capture.TLS, secure, inOther, "198.51.100.12:2")}, "", []string{"yes"}},
		"inside over UDP, outside over TLS": {[]*echo{way("5060", capture.UDP, server, in5060, in5060), way("other", capture.UDP, server, inOther, inOther),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, inOther, "198.51.100.9:2")}, "", []string{"no", "differs=seen", "inside=5060", "outside=tls"}},
		"another machine over TLS": {[]*echo{way("5060", capture.UDP, server, in5060, in5060), way("other", capture.UDP, server, inOther, inOther),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, at("203.0.113.6:5061"), inOther, "198.51.100.9:2")}, "", []string{"yes"}},
		"another connection over TLS": {[]*echo{way("5060", capture.UDP, server, in5060, in5060), way("other", capture.UDP, server, inOther, inOther),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, "10.9.0.2:40000", "198.51.100.9:2")}, "", []string{"yes"}},
		"silent from 5060": {[]*echo{way("5060", capture.UDP, server, in5060, ""), way("other", capture.UDP, server, inOther, "198.51.100.9:40000"),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, inOther, "")}, "no", []string{"no", "differs=silent", "5060=no", "other=yes"}},
		"silent now, answered before": {[]*echo{way("5060", capture.UDP, server, in5060, ""), way("other", capture.UDP, server, inOther, "198.51.100.9:40000"),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, inOther, "")}, "yes", []string{"yes"}},
		"forced to 5060": {[]*echo{way("5060", capture.UDP, server, in5060, "198.51.100.9:5060"), way("other", capture.UDP, server, inOther, "198.51.100.9:5060"),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, inOther, "")}, "", []string{"no", "differs=forced"}},
		"one way only": {[]*echo{way("5060", capture.UDP, server, in5060, "198.51.100.9:5060"), way("other", capture.UDP, server, inOther, ""),
			way("tcp", capture.TCP, server, inOther, ""), way("tls", capture.TLS, secure, inOther, "")}, "", []string{"not-checked"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(Config{Tape: &capture.Tape{}, Server: "x"})
			if c.udp != "" {
				b.Say(capture.ProbeUDP, c.udp == "yes")
			}
			b.sayPorts(c.ways)
			a := b.Answer(capture.ProbeALGPorts)
			if !has(a.Result+" "+a.Detail, c.want...) {
				t.Errorf("got %s %s\nwant %v", a.Result, a.Detail, c.want)
			}
		})
	}
}

// TestSigns: what one way shows beyond what routers on loopback can be made to do.
func TestSigns(t *testing.T) {
	at := netip.MustParseAddrPort
	const via = "SIP/2.0/UDP 192.168.1.20:5062;branch=z9hG4bK1"
	const blind = "SIP/2.0/UDP phone.invalid;branch=z9hG4bK2"
	for name, c := range map[string]struct {
		server, plain, blind, stun string
		want                       string
	}{
		"seen where it is":                {"203.0.113.5:5060", ";received=192.168.1.20;rport=5062", ";received=192.168.1.20", "", ""},
		"seen outside":                    {"203.0.113.5:5060", ";received=198.51.100.9;rport=5062", ";received=198.51.100.9", "", ""},
		"two faces":                       {"203.0.113.5:5060", ";received=192.168.1.20;rport=5062", ";received=198.51.100.9", "", "two-faces"},
		"nothing said, and then outside":  {"203.0.113.5:5060", "", ";received=198.51.100.9", "", "two-faces"},
		"nothing said, and then here":     {"203.0.113.5:5060", "", ";received=192.168.1.20", "", ""},
		"nothing said at all":             {"203.0.113.5:5060", "", "", "", ""},
		"nothing said, no second answer":  {"203.0.113.5:5060", "", "-", "", "unseen"},
		"likewise, in one's own network":  {"192.168.1.1:5060", "", "-", "", ""},
		"likewise, and STUN tells of NAT": {"203.0.113.5:5060", ";received=192.168.1.20;rport=5062", "-", "no local=192.168.1.20:4000 mapped=198.51.100.9:4000", "stun"},
		"STUN by another connection":      {"203.0.113.5:5060", ";received=192.168.1.20;rport=5062", "-", "no local=10.8.0.2:4000 mapped=198.51.100.9:4000", ""},
		"STUN sees no NAT either":         {"203.0.113.5:5060", ";received=192.168.1.20;rport=5062", "-", "yes local=192.168.1.20:4000 mapped=192.168.1.20:4000", ""},
		"STUN, a server of the company":   {"10.1.1.1:5060", ";received=192.168.1.20;rport=5062", "-", "no local=192.168.1.20:4000 mapped=198.51.100.9:4000", ""},
	} {
		b := newBench(Config{Tape: &capture.Tape{}, Server: "x"})
		if c.stun != "" {
			word, detail, _ := strings.Cut(c.stun, " ")
			b.note(capture.ProbeNAT, word, detail)
		}
		w := &echo{over: capture.UDP, server: at(c.server), local: at("192.168.1.20:5062"), plain: answerOf(t, via, via+c.plain)}
		if c.blind != "-" {
			w.blind = answerOf(t, blind, blind+c.blind)
		}
		got := ""
		for _, s := range append(w.signs(), b.againstSTUN(w)...) {
			got += s.name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestBusyPort: a phone that keeps port 5060 is left alone.
func TestBusyPort(t *testing.T) {
	held, err := net.ListenPacket("udp4", "0.0.0.0:5060")
	if err != nil {
		lacking(t, "port 5060 is taken: %v", err)
	}
	defer held.Close()
	w := &mirrorWay{bench: newBench(Config{}), over: capture.UDP, port: sipPort, to: netip.MustParseAddrPort("127.0.0.1:9")}
	conn, err := w.dial(t.Context())
	if err != nil || wire.AddrPort(conn.LocalAddr()).Port() == sipPort {
		t.Fatal(err)
	}
	_ = conn.Close()
	if errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
