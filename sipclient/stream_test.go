package sipclient

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

func overTCP(c *Config) { c.Transport = "tcp" }

// over makes a phone's account speak to srv the way srv does.
func over(srv *peer, a *authority) func(*Config) {
	return func(c *Config) {
		c.Transport = strings.ToLower(srv.transport())
		if a != nil {
			c.Roots = a.pool()
		}
	}
}

// register signs in and gives the REGISTER.
func register(t *testing.T, p *Phone, srv *peer) heard {
	t.Helper()
	done := background(func() error { return p.Register(context.Background()) })
	req := srv.until("REGISTER")
	srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600")
	if err := result(t, done); err != nil {
		t.Fatal(err)
	}
	return req
}

// A whole life over TCP and over TLS: all on one connection that we dialled, all on the tape in the clear.
func TestStreams(t *testing.T) {
	ca := newAuthority(t)
	for _, c := range []struct {
		srv *peer
		net capture.Net
	}{{newStreamPeer(t, nil), capture.TCP}, {newStreamPeer(t, ca.config([]string{"127.0.0.1"})), capture.TLS}} {
		t.Run(c.net.String(), func(t *testing.T) {
			srv := c.srv
			p := newPhone(t, srv.addr(), over(srv, ca))
			snd := newSound(t)
			req := register(t, p, srv)
			if req.from != p.Local() {
				t.Errorf("the connection comes from %s, Local is %s", req.from, p.Local())
			}
			if via := req.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/"+c.net.String()+" "+p.Local().String()+";") || !strings.Contains(via, "rport") {
				t.Errorf("Via: %s", via)
			}
			if got, want := contactOf(req), fmt.Sprintf("sip:%s@%s;transport=%s", p.token, p.Local(), network(c.net)); got != want {
				t.Errorf("Contact %s, want %s", got, want)
			}
			call, _ := connect(t, p, srv, snd.sdp())
			mustRead(t, snd.rtp, "RTP")
			done := background(func() error { return call.Hangup(context.Background()) })
			srv.reply(srv.until("BYE"), 200, "", "")
			_ = result(t, done)
			// A call comes in by the same connection, in two pieces.
			waiting := background(func() *Call { c, _ := p.Await(context.Background()); return c })
			invite := srv.build("INVITE", "sip:alice@x", "<sip:bob@x>;tag=bb", "<sip:alice@x>", "in-1", 1, snd.sdp())
			srv.send(p.Local(), invite[:100])
			time.Sleep(20 * time.Millisecond)
			srv.send(p.Local(), invite[100:])
			in := result(t, waiting)
			_ = in.Answer(context.Background())
			ok := srv.until("200 INVITE")
			if !strings.Contains(ok.Get("Contact"), "transport="+network(c.net)) {
				t.Errorf("Contact: %s", ok.Get("Contact"))
			}
			// ACK and BYE in one piece
			srv.send(p.Local(), srv.build("ACK", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 1, "")+
				srv.build("BYE", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 2, ""))
			srv.until("200 BYE")
			if s := in.Wait(context.Background(), Ended); s != Ended {
				t.Fatal(s)
			}
			if n := srv.line.drop(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
			sent, got := "", ""
			for _, r := range p.tape.From(0) {
				switch {
				case r.Packet == nil || r.Packet.Net == capture.UDP:
				case r.Packet.Net != c.net:
					t.Errorf("a %s packet", r.Packet.Net)
				case r.Packet.Src == req.from:
					sent += string(r.Packet.Data)
				default:
					got += string(r.Packet.Data)
				}
			}
			for _, want := range []string{"REGISTER sip:", "INVITE sip:", "BYE sip:", "SIP/2.0 180"} {
				if !strings.Contains(sent, want) {
					t.Errorf("no %s on the tape", want)
				}
			}
			if !strings.Contains(got, invite) {
				t.Error("the INVITE in two pieces is not on the tape")
			}
		})
	}
}

// A connection that the server closes is made again, politely, and we sign in with the new address and
// take the old one back.
func TestRejoin(t *testing.T) {
	srv := newStreamPeer(t, nil)
	p := newPhone(t, srv.addr(), overTCP)
	p.timing.rejoin = 50 * time.Millisecond
	old := contactOf(register(t, p, srv))
	srv.line.drop()
	req := srv.until("REGISTER")
	fresh := contactOf(req)
	all := strings.Join(req.All("Contact"), ", ")
	if fresh == old || !strings.Contains(all, "<"+old+">;expires=0") || strings.Contains(all, "<"+fresh+">;expires=0") {
		t.Errorf("Contact: %s; before %s", all, old)
	}
	if !hasNote(p, capture.PhoneClosed+" tcp "+srv.addr()+": closed by the other side after ") {
		t.Error(notes(p))
	}
	srv.reply(req, 200, "x", "", "Contact: <"+fresh+">;expires=3600")
	eventually(t, "stale forgotten", func() bool {
		p.reg.mu.Lock()
		defer p.reg.mu.Unlock()
		return len(p.reg.stale) == 0
	})
	// One that closes every connection at once is not hammered.
	began, before := time.Now(), srv.line.drop()
	for time.Since(began) < time.Second {
		srv.line.drop()
		time.Sleep(5 * time.Millisecond)
	}
	n := srv.line.drop() - before
	if n < 1 || n > 5 {
		t.Errorf("%d new connections in a second, want 50, 100, 200, 400 ms between them", n)
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, transport := range []string{"tcp", "tls"} {
		p := newPhone(t, addr, func(c *Config) { c.Transport = transport })
		began := time.Now()
		if err := p.Register(context.Background()); err != nil {
			t.Error("a refusal is evidence, not an error:", err)
		}
		_ = p.Options(context.Background(), 0)
		c, err := p.Dial(context.Background(), "100")
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Wait(context.Background(), Ended); s != Ended || time.Since(began) > time.Second {
			t.Error(s, time.Since(began))
		}
		if !hasNote(p, capture.PhoneUnreachable+" "+transport+" "+addr+": connection refused") {
			t.Error(notes(p))
		}
	}
}

// A request whose connection dies ends at once, and not after 32 s.
func TestConnectionLost(t *testing.T) {
	srv := newStreamPeer(t, nil)
	p := newPhone(t, srv.addr(), overTCP)
	done := background(func() error { return p.Register(context.Background()) })
	srv.until("REGISTER")
	srv.line.mu.Lock()
	for _, c := range srv.line.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // a reset
	}
	srv.line.mu.Unlock()
	srv.line.drop()
	began := time.Now()
	if err := result(t, done); err != nil || time.Since(began) > time.Second {
		t.Error(err, time.Since(began))
	}
	if !hasNote(p, capture.PhoneClosed+" tcp "+srv.addr()+": connection reset after ") {
		t.Error(notes(p))
	}
}

// The ping of RFC 5626: two line ends out, one back. A server that stops answering is left.
func TestPingPong(t *testing.T) {
	srv := newStreamPeer(t, nil)
	p := newPhone(t, srv.addr(), overTCP, func(c *Config) { c.KeepAlive = 20 * time.Millisecond })
	p.timing.pong, p.timing.rejoin = 50*time.Millisecond, 10*time.Millisecond
	first := register(t, p, srv)
	next := func() string {
		select {
		case s := <-srv.line.chunk:
			return s
		case <-time.After(patience):
			t.Fatal("no ping")
			return ""
		}
	}
	for range 3 { // unanswered: it may not know pings
		if s := next(); s != "\r\n\r\n" {
			t.Fatalf("%q", s)
		}
	}
	if hasNote(p, capture.PhoneClosed) {
		t.Error(notes(p))
	}
	for range 3 {
		next()
		srv.send(first.from, "\r\n")
	}
	again := srv.until("REGISTER") // then silence
	if again.from == first.from || !hasNote(p, capture.PhoneClosed+" tcp "+srv.addr()+": no answer to the keep-alive after ") {
		t.Error(notes(p))
	}
	srv.send(again.from, "\r\n\r\n") // the server's own ping
	for end := time.Now().Add(patience); next() != "\r\n"; {
		if time.Now().After(end) {
			t.Fatal("the server's ping was not answered")
		}
	}
}

// Whatever a peer does on a connection, the phone stays bounded and closes in time.
func TestHostileStreams(t *testing.T) {
	for what, text := range map[string]string{
		"garbage":         strings.Repeat("\x00\xff nonsense\r\n", 20000),
		"endless header":  "INVITE sip:a@b SIP/2.0\r\nX: " + strings.Repeat("x", 1<<20),
		"huge length":     "INVITE sip:a@b SIP/2.0\r\nContent-Length: 999999999\r\n\r\n" + strings.Repeat("y", 1<<20),
		"negative length": "SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n",
		"no length":       "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n",
		"line ends":       strings.Repeat("\r\n", 100000),
		"half a message":  "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP",
	} {
		t.Run(what, func(t *testing.T) {
			srv := newStreamPeer(t, nil)
			p := newPhone(t, srv.addr(), overTCP)
			from := register(t, p, srv).from
			srv.send(from, text)
			if what == "garbage" || what == "line ends" || what == "negative length" || what == "no length" {
				srv.send(from, srv.build("OPTIONS", "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "still", 1, ""))
				for srv.until("200 OPTIONS").Get("Call-ID") != "still" {
				}
			}
			// The peer stops reading and writing; newPhone's cleanup checks that Close ends in time.
		})
	}
}
