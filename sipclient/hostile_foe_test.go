package sipclient

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// foe is a server on loopback that does what a script says, as fast as it can, and
// otherwise is a good one: it answers REGISTER, OPTIONS, INVITE, BYE and CANCEL. It
// counts what it sends and gets.
type foe struct {
	t    *testing.T
	name string // "UDP", "TCP" or "TLS"
	conn *net.UDPConn
	line net.Listener
	snd  *sound

	mu     sync.Mutex
	script func(m heard, say func(string)) bool // true: handled, the good server does nothing
	raw    func(net.Conn)                       // takes over each new connection
	last   netip.AddrPort                       // where the phone spoke from last
	conns  map[net.Conn]bool

	sent, sentBytes, got, gotBytes, pongs, acks, tag atomic.Int64
	work                                             sync.WaitGroup
}

func newFoe(t *testing.T, name string, config *tls.Config) *foe {
	t.Helper()
	f := &foe{t: t, name: name, snd: newSound(t), conns: map[net.Conn]bool{}}
	if name == "UDP" {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		f.conn = conn
		_ = conn.SetReadBuffer(4 << 20)
		f.work.Go(f.readUDP)
	} else {
		line, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f.line = line
		f.work.Go(func() { f.accept(config) })
	}
	t.Cleanup(f.close)
	return f
}

func (f *foe) addr() string {
	if f.conn != nil {
		return f.conn.LocalAddr().String()
	}
	return f.line.Addr().String()
}

func (f *foe) close() {
	if f.conn != nil {
		f.conn.Close()
	} else {
		f.line.Close()
		f.drop()
	}
	f.work.Wait()
}

// drop closes all connections.
func (f *foe) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// act makes a script the one that counts; nil makes a good server.
func (f *foe) act(script func(m heard, say func(string)) bool) {
	f.mu.Lock()
	f.script = script
	f.mu.Unlock()
}

func (f *foe) readUDP() {
	buf := make([]byte, 65536)
	for {
		n, from, err := f.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		f.hear(buf[:n], from, func(text string) { f.sendTo(from, text) })
	}
}

func (f *foe) accept(config *tls.Config) {
	for {
		conn, err := f.line.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		raw := f.raw
		if config != nil && raw == nil {
			conn = tls.Server(conn, config)
		}
		f.conns[conn] = true
		f.mu.Unlock()
		f.work.Go(func() {
			defer func() {
				conn.Close()
				f.mu.Lock()
				delete(f.conns, conn)
				f.mu.Unlock()
			}()
			if raw != nil {
				raw(conn)
				return
			}
			f.serve(conn)
		})
	}
}

func (f *foe) serve(conn net.Conn) {
	var framer sipmsg.Framer
	buf := make([]byte, 65536)
	var writing sync.Mutex
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		_, _ = framer.Write(buf[:n])
		for msg, ok := framer.Next(); ok; msg, ok = framer.Next() {
			f.hear(msg, tcpAddrPort(conn.RemoteAddr()), func(text string) {
				writing.Lock()
				defer writing.Unlock()
				f.count(text)
				_, _ = conn.Write([]byte(text))
			})
		}
	}
}

func (f *foe) hear(data []byte, from netip.AddrPort, say func(string)) {
	f.got.Add(1)
	f.gotBytes.Add(int64(len(data)))
	m, err := sipmsg.Parse(append([]byte(nil), data...))
	if err != nil {
		return
	}
	h := heard{m, from}
	f.mu.Lock()
	f.last = from
	script := f.script
	f.mu.Unlock()
	switch {
	case script != nil && script(h, say):
	case name(h) == "200 OPTIONS":
		f.pongs.Add(1)
	case m.Method == "ACK":
		f.acks.Add(1)
	case m.Method == "INVITE":
		say(f.answer(h, 200, fmt.Sprint("good", f.tag.Add(1)), f.snd.sdp()))
	case m.Method == "REGISTER":
		say(f.answer(h, 200, "r", "", "Contact: <"+contactOf(h)+">;expires=3600"))
	case m.IsRequest():
		say(f.answer(h, 200, "", ""))
	}
}

// answer and build are those of the other hand-made peer.
func (f *foe) answer(req heard, code int, tag, body string, extra ...string) string {
	return f.voice().answer(req, code, tag, body, extra...)
}

func (f *foe) build(method, from, to, id string, seq int, body string, extra ...string) string {
	return f.voice().build(method, "sip:alice@x", from, to, id, seq, body, extra...)
}

// within builds a request of the callee inside a call that the phone began.
func (f *foe) within(invite heard, method, tag string, seq int, body string, extra ...string) string {
	return f.build(method, invite.Get("To")+";tag="+tag, invite.Get("From"), invite.Get("Call-ID"), seq, body, extra...)
}

func (f *foe) voice() *peer {
	p := &peer{t: f.t, conn: f.conn}
	if f.line != nil {
		p.line = &listening{Listener: f.line, name: f.name}
	}
	return p
}

func (f *foe) count(text string) {
	f.sent.Add(1)
	f.sentBytes.Add(int64(len(text)))
}

func (f *foe) sendTo(to netip.AddrPort, text string) {
	f.count(text)
	_, _ = f.conn.WriteToUDPAddrPort([]byte(text), to) // a flood may find no room
}

// say sends the phone something, unasked.
func (f *foe) say(p *Phone, text string) {
	if f.conn != nil {
		f.sendTo(p.Local(), text)
		return
	}
	f.mu.Lock()
	var list []net.Conn
	for c := range f.conns {
		list = append(list, c)
	}
	f.mu.Unlock()
	for _, c := range list {
		f.count(text)
		_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, _ = c.Write([]byte(text))
	}
}

// inviteHeard is a script that hands the phone's INVITE over and leaves the rest to
// the good server.
func (f *foe) inviteHeard() <-chan heard {
	came := make(chan heard, 1)
	var last heard
	f.act(func(m heard, say func(string)) bool {
		switch m.Method {
		case "INVITE":
			last = m
			select {
			case came <- m:
			default:
			}
			return true
		case "CANCEL":
			say(f.answer(m, 200, "t", ""))
			say(f.answer(last, 487, "t", ""))
			return true
		}
		return false
	})
	return came
}

// options is one more OPTIONS of its own call.
func (f *foe) options(i int, extra ...string) string {
	return f.build("OPTIONS", "<sip:s@x>;tag=s", "<sip:alice@x>", fmt.Sprint("o", i, "-", randomHex(3)), 1, "", extra...)
}

// invite is one more INVITE of its own call.
func (f *foe) invite(i int, body string, extra ...string) string {
	return f.build("INVITE", "<sip:bob@x>;tag=b", "<sip:alice@x>", fmt.Sprint("i", i, "-", randomHex(3)), 1, body, extra...)
}

// stranger is a socket at an address that the phone has nothing to do with.
func stranger(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// as reads a message that a test wrote itself.
func (heard) as(text string) heard {
	m, _ := sipmsg.Parse([]byte(text))
	return heard{Message: m}
}

func repeat(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}
