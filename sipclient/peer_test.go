package sipclient

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphonedoctor/sipclient/sipmsg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 5 * time.Second

// peer is a hand-made SIP endpoint on loopback: it says exactly what a test wants.
type peer struct {
	t    *testing.T
	conn *net.UDPConn
	got  chan heard
	mu   sync.Mutex
	seen map[string]bool // requests' branches, to leave retransmissions out
	raw  bool            // give retransmissions, too
	kind bool            // answer every request with 200, at the end of a test
	line *listening      // on TCP and TLS, instead of conn
}

type heard struct {
	*sipmsg.Message
	from netip.AddrPort
}

func newPeer(t *testing.T) *peer { return newPeerAt(t, "127.0.0.1") }

func newPeerAt(t *testing.T, ip string) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, conn: conn, got: make(chan heard, 1000), seen: map[string]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if answer := p.hear(append([]byte(nil), buf[:n]...), from); answer != "" {
				_, _ = conn.WriteToUDPAddrPort([]byte(answer), from)
			}
		}
	}()
	peers.Store(p.addr(), p)
	t.Cleanup(func() { conn.Close(); <-done })
	return p
}

// hear takes a message and gives the answer of a kind server.
func (p *peer) hear(data []byte, from netip.AddrPort) string {
	m, err := sipmsg.Parse(data)
	if err != nil {
		return ""
	}
	key := fmt.Sprint(m.Method, m.Status, m.Get("Via"), m.Get("CSeq"))
	p.mu.Lock()
	again, kind := p.seen[key] && !p.raw, p.kind
	p.seen[key] = true
	p.mu.Unlock()
	switch {
	case kind && m.IsRequest() && m.Method != "ACK":
		return p.answer(heard{m, from}, 200, "", "")
	case !kind && !again:
		p.got <- heard{m, from}
	}
	return ""
}

// peers finds a test's server by address, so that closing a phone need not wait
// for its answers.
var peers sync.Map

func (p *peer) addr() string {
	if p.line != nil {
		return p.line.Addr().String()
	}
	return p.conn.LocalAddr().String()
}

// next gives the next message, or fails the test.
func (p *peer) next() heard {
	p.t.Helper()
	select {
	case m := <-p.got:
		return m
	case <-time.After(patience):
		p.t.Fatal("no message came")
		return heard{}
	}
}

// until skips messages up to one with the method (for requests) or "200 INVITE" and the likes.
func (p *peer) until(what string) heard {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-p.got:
			if name(m) == what {
				return m
			}
		case <-deadline:
			p.t.Fatalf("no %s came", what)
			return heard{}
		}
	}
}

func name(m heard) string {
	if m.IsRequest() {
		return m.Method
	}
	_, method, _ := strings.Cut(m.Get("CSeq"), " ")
	return fmt.Sprint(m.Status, " ", method)
}

// silence fails when anything comes in the given time.
func (p *peer) silence(d time.Duration) {
	p.t.Helper()
	select {
	case m := <-p.got:
		p.t.Fatalf("unexpected %s", name(m))
	case <-time.After(d):
	}
}

func (p *peer) send(to netip.AddrPort, text string) {
	p.t.Helper()
	if p.line != nil {
		p.line.write(p.t, to, text)
		return
	}
	if _, err := p.conn.WriteToUDPAddrPort([]byte(text), to); err != nil {
		p.t.Fatal(err)
	}
}

// reply answers a request. tag "" keeps To as it is; extra are header lines.
func (p *peer) reply(req heard, code int, tag, body string, extra ...string) {
	p.t.Helper()
	p.send(req.from, p.answer(req, code, tag, body, extra...))
}

func (p *peer) answer(req heard, code int, tag, body string, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", code, "Text")
	for _, h := range req.Headers {
		switch h.Name {
		case "Via", "From", "Call-ID", "CSeq":
			fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
		case "To":
			b.WriteString("To: " + h.Value)
			if tag != "" && !strings.Contains(h.Value, "tag=") {
				b.WriteString(";tag=" + tag)
			}
			b.WriteString("\r\n")
		}
	}
	if code >= 180 && code < 300 && req.Method == "INVITE" {
		fmt.Fprintf(&b, "Contact: <sip:peer@%s%s>\r\n", p.addr(), p.uriTransport())
	}
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// within builds a request of the callee inside the dialog that an INVITE of the phone and our tag made.
func (p *peer) within(invite heard, method, tag string, seq int, body string) string {
	to := strings.Replace(invite.Get("From"), "From:", "", 1)
	from := invite.Get("To") + ";tag=" + tag
	return p.build(method, "sip:phone@"+invite.from.String(), from, to, invite.Get("Call-ID"), seq, body)
}

func (p *peer) build(method, uri, from, to, id string, seq int, body string, extra ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:peer@%s%s>\r\n",
		method, uri, p.transport(), p.addr(), randomHex(8), from, to, id, seq, method, p.addr(), p.uriTransport())
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// sound is a pair of RTP and RTCP sockets of a peer.
type sound struct {
	rtp, rtcp *net.UDPConn
}

func newSound(t *testing.T) *sound {
	t.Helper()
	for range 50 {
		a, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := a.LocalAddr().(*net.UDPAddr).Port
		b, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1})
		if err != nil {
			a.Close()
			continue
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		return &sound{a, b}
	}
	t.Fatal("no pair of ports")
	return nil
}

func (s *sound) port() int { return s.rtp.LocalAddr().(*net.UDPAddr).Port }

func (s *sound) sdp(extra ...string) string {
	return sdpFor(s.port(), append([]string{"a=rtpmap:8 PCMA/8000"}, extra...)...)
}

func sdpFor(port int, lines ...string) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n%s\r\n", port, strings.Join(lines, "\r\n"))
}

// read gives one packet of a socket, nil when none comes in time.
func read(c *net.UDPConn, wait time.Duration) []byte {
	buf := make([]byte, 2000)
	_ = c.SetReadDeadline(time.Now().Add(wait))
	n, err := c.Read(buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

func mustRead(t *testing.T, c *net.UDPConn, what string) []byte {
	t.Helper()
	b := read(c, patience)
	if b == nil {
		t.Fatalf("no %s came", what)
	}
	return b
}

// listen6 opens a socket on the IPv6 loopback. A machine without one skips the test,
// but not in CI.
func listen6(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal("this machine has no IPv6 loopback: ", err)
	default:
		t.Skip("this machine has no IPv6 loopback")
	}
	return conn
}
