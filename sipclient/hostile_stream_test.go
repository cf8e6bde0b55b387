package sipclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// joined connects the phone, and gives the text of an OPTIONS that stands before and
// behind what a row does.
func (f *field) joined() {
	f.Helper()
	ctx, stop := context.WithTimeout(f.Context(), patience)
	defer stop()
	_ = f.phone.Register(ctx)
	if f.foe.got.Load() == 0 {
		f.Fatal("the phone did not connect")
	}
}

// tries has the phone register, call and ask at a server that is no use, each for a moment.
func (f *field) tries() {
	f.Helper()
	ctx, stop := context.WithTimeout(f.Context(), 300*time.Millisecond)
	defer stop()
	for _, try := range []func(){
		func() { _ = f.phone.Register(ctx) },
		func() { _ = f.phone.Options(ctx, 0) },
		func() {
			if c, err := f.phone.Dial(ctx, "200"); err == nil {
				c.Wait(ctx, Ended)
			}
		},
	} {
		began := time.Now()
		try()
		if took := time.Since(began); took > 2*time.Second {
			f.Errorf("it held on for %s when told to stop after 0.3 s", took)
		}
	}
}

// sayAll sends one thing on the connection and the same OPTIONS behind it.
func says(text func(f *foe) string) func(*field) {
	return func(f *field) {
		f.joined()
		f.say(text(f.foe))
		f.settle()
	}
}

// onConn takes over each new connection until it ends or the row does.
func onConn(do func(net.Conn)) func(*field) {
	return func(f *field) {
		f.foe.mu.Lock()
		f.foe.raw = do
		f.foe.mu.Unlock()
		f.tries()
		f.foe.mu.Lock()
		f.foe.raw = nil
		f.foe.mu.Unlock()
		f.foe.drop()
	}
}

var streamTricks = []hostile{
	{name: "a message of 10 MB in one line", alone: true, over: "TCP", usable: 6 * time.Second /* the answer right behind it goes with it */, attack: says(func(f *foe) string {
		return f.build("MESSAGE", "<sip:s@x>;tag=s", "<sip:alice@x>", "big", 1, strings.Repeat("x", 10<<20))
	})},
	{name: "a hundred messages of 1 MB", alone: true, over: "TCP", sends: usual, attack: func(f *field) {
		f.joined()
		text := f.foe.build("MESSAGE", "<sip:s@x>;tag=s", "<sip:alice@x>", "m", 1, strings.Repeat("x", 1<<20-1))
		for range 100 {
			f.say(text)
		}
		f.settle()
	}},
	{name: "Content-Length that lies", over: "TCP", attack: func(f *field) {
		f.joined()
		for _, n := range []string{"-1", "99999999999999999999", "1048577", "0x10", "1e3", " ", "7\r\nContent-Length: 9", "\r\n 3"} {
			f.say(strings.Replace(f.foe.options(1), "Content-Length: 0", "Content-Length: "+n, 1))
			f.say(f.foe.options(2))
		}
		f.say(strings.Replace(f.foe.options(1), "Content-Length: 0\r\n", "", 1))
		f.settle()
	}},
	{name: "100,000 header lines", alone: true, over: "TCP", sends: usual, attack: says(func(f *foe) string {
		return f.options(1, strings.TrimSuffix(strings.Repeat("X: y\r\n", 100_000), "\r\n"))
	})},
	{name: "a header of 1 MB", alone: true, over: "TCP", attack: says(func(f *foe) string { return f.options(1, "X: "+strings.Repeat("y", 1<<20)) })},
	{name: "headers without end, byte by byte", over: "TCP", attack: func(f *field) {
		f.joined()
		f.say("OPTIONS sip:alice@x SIP/2.0\r\n")
		for i := range 70_000 {
			f.say("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"[i%34 : i%34+1])
		}
		f.say("\r\n\r\n")
		f.settle()
	}},
	{name: "half a message, then nothing", over: "TCP", attack: func(f *field) {
		f.joined()
		f.say(f.foe.invite(1, f.foe.snd.sdp())[:300])
		f.settle()
		f.foe.drop() // the next connection is a new beginning
	}},
	{name: "accepts and never reads", over: "TCP", attack: func(f *field) {
		f.foe.mu.Lock()
		f.foe.raw = func(conn net.Conn) {
			_ = conn.(*net.TCPConn).SetReadBuffer(2048)
			// Each of these draws an answer of 60 kB, which nobody reads.
			text := f.foe.options(1, "Via: SIP/2.0/TCP 127.0.0.1"+strings.Repeat(", SIP/2.0/TCP 127.0.0.1:9", 2_300))
			for i := 0; ; i++ {
				if _, err := conn.Write([]byte(strings.ReplaceAll(text, "branch=z9hG4bK", fmt.Sprint("branch=z9hG4bK", i)))); err != nil {
					return
				}
			}
		}
		f.foe.mu.Unlock()
		f.tries()
		f.foe.mu.Lock()
		f.foe.raw = nil
		f.foe.mu.Unlock()
		// It still neither reads nor goes away: the phone closes all the same.
	}, dead: true, routines: crowd, grows: 96},
	{name: "closes as soon as it is connected", over: "TCP", attack: onConn(func(net.Conn) {})},
	{name: "closes after each message", over: "TCP", attack: onConn(func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })},
	{name: "answers half and stalls", over: "TCP", attack: onConn(func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP"))
		_, _ = io.Copy(io.Discard, c)
	})},
	{name: "speaks HTTP", over: "TCP", attack: onConn(func(c net.Conn) {
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nhello"))
		_, _ = io.Copy(io.Discard, c)
	})},
	{name: "garbage without end", over: "TCP", attack: onConn(func(c net.Conn) {
		for _, err := c.Write([]byte(garbage(0))); err == nil; _, err = c.Write([]byte(garbage(0))) {
		}
	})},
}

// hello reads what a TLS client says first.
func hello(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }

// record is a TLS record.
func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

var tlsTricks = []hostile{
	{name: "TLS: says nothing", over: "TLS", attack: onConn(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })},
	{name: "TLS: stops in mid-handshake", over: "TLS", attack: func(f *field) {
		config := f.ca.config([]string{"127.0.0.1"})
		onConn(func(c net.Conn) {
			stops := &stopping{Conn: c, left: 700}
			_ = tls.Server(stops, config).Handshake()
			_, _ = io.Copy(io.Discard, c)
		})(f)
	}},
	{name: "TLS: closes after the client's first words", over: "TLS", attack: onConn(hello)},
	{name: "TLS: plain text", over: "TLS", attack: onConn(func(c net.Conn) {
		hello(c)
		_, _ = c.Write([]byte(strings.Repeat("SIP/2.0 400 Bad Request\r\n\r\n", 1000)))
		_, _ = io.Copy(io.Discard, c)
	})},
	{name: "TLS: handshake records without end", over: "TLS", attack: onConn(func(c net.Conn) {
		hello(c)
		for _, err := c.Write(record(22, []byte{0})); err == nil; _, err = c.Write(record(22, []byte{0})) {
		}
	})},
	{name: "TLS: alerts without end", over: "TLS", attack: onConn(func(c net.Conn) {
		hello(c)
		for _, err := c.Write(record(21, []byte{1, 90})); err == nil; _, err = c.Write(record(21, []byte{1, 90})) {
		}
	})},
	{name: "TLS: a certificate of 1 MB", over: "TLS", attack: func(f *field) {
		config := f.ca.config([]string{"127.0.0.1"})
		chain := &config.Certificates[0].Certificate
		for len(*chain) < 1500 {
			*chain = append(*chain, (*chain)[0])
		}
		onConn(func(c net.Conn) { _ = tls.Server(c, config).Handshake() })(f)
	}},
	{name: "TLS: a message of one byte a record", over: "TLS", attack: func(f *field) {
		f.joined()
		for _, b := range []byte(f.foe.options(1)) {
			f.say(string(b))
		}
		f.settle()
	}},
}

// stopping is a connection on which nothing leaves any more after so many bytes.
type stopping struct {
	net.Conn
	left int
}

func (s *stopping) Write(b []byte) (int, error) {
	n := min(len(b), s.left)
	s.left -= n
	_, err := s.Conn.Write(bytes.Clone(b[:n]))
	return len(b), err
}
