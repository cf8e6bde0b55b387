package practice

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// The transports beside UDP, as an account names them.
const (
	TCP = "tcp"
	TLS = "tls"
)

// line is one connection of a phone, over TCP or TLS.
type line struct {
	net.Conn
	local netip.AddrPort

	mu sync.Mutex // held while writing
}

// lineTime bounds what a phone may keep us waiting for: its handshake, and taking
// what we send.
const lineTime = 10 * time.Second

// connecting is how connections are met.
type connecting struct {
	transport string // TCP or TLS, "": UDP
	cert      certFault
	oldTLS    bool          // TLS 1.0 is the newest that the server knows
	stall     bool          // the connection is taken, and nothing ever comes
	hangUp    bool          // the connection is closed as soon as something comes
	garbage   bool          // something else than TLS or SIP answers
	cutAfter  time.Duration // closed so long after a sign-in was accepted, 0: never
	cutAsking bool          // closed instead of an answer to a sign-in
}

// openLines listens for connections, with a certificate of our own authority.
func (p *PBX) openLines() error {
	l, err := net.Listen("tcp4", net.JoinHostPort(loopback.String(), "0"))
	if err != nil {
		return err
	}
	p.lines = l
	addr, _ := l.Addr().(*net.TCPAddr)
	p.domain = addr.AddrPort().String()
	if p.fault.line.transport == TLS {
		if p.tls, p.roots, err = certify(p.fault.line.cert); err != nil {
			return err
		}
		if p.fault.line.oldTLS {
			p.tls.MinVersion, p.tls.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
		}
	}
	return nil
}

// openShutLine gives the domain a TCP port that stays closed for everybody: a
// socket that is connected to another one holds it and listens to nobody.
func (p *PBX) openShutLine() error {
	l, err := net.Listen("tcp4", net.JoinHostPort(loopback.String(), "0"))
	if err != nil {
		return err
	}
	p.lines = l
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		return err
	}
	p.held = c
	p.domain = c.LocalAddr().String()
	return nil
}

// acceptLines takes connections until the listener is closed.
func (p *PBX) acceptLines() {
	for {
		conn, err := p.lines.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			if !p.sleep(10 * time.Millisecond) {
				return
			}
			continue
		}
		p.mu.Lock()
		if p.ctx.Err() != nil {
			p.mu.Unlock()
			_ = conn.Close()
			return
		}
		p.open[conn] = true
		p.mu.Unlock()
		p.spawn(func() {
			p.serveLine(conn)
			_ = conn.Close()
			p.mu.Lock()
			delete(p.open, conn)
			p.mu.Unlock()
		})
	}
}

// serveLine reads one connection until it ends, however the fault wants that.
func (p *PBX) serveLine(conn net.Conn) {
	sw := p.fault.line
	buf := make([]byte, 32768)
	switch {
	case sw.stall:
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	case sw.hangUp:
		_, _ = conn.Read(buf)
		return
	case sw.garbage:
		if _, err := conn.Read(buf); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
		}
		return
	}
	far := peer{line: &line{Conn: conn, local: streamAddr(conn.LocalAddr())}, addr: streamAddr(conn.RemoteAddr())}
	if p.tls != nil {
		secure := tls.Server(conn, p.tls)
		_ = conn.SetDeadline(time.Now().Add(lineTime))
		if err := secure.HandshakeContext(p.ctx); err != nil {
			return // the phone did not like it: it knows why
		}
		_ = conn.SetDeadline(time.Time{})
		far.line.Conn = secure
	}
	var framer sipmsg.Framer
	for {
		n, err := far.line.Read(buf)
		if err != nil {
			return
		}
		if framer.Pending() == 0 && len(bytes.Trim(buf[:n], "\r\n")) == 0 {
			if n >= 4 {
				far.send([]byte("\r\n")) // a ping and its answer (RFC 5626 4.4.1)
			}
			continue
		}
		_, _ = framer.Write(buf[:n])
		for {
			msg, ok := framer.Next()
			if !ok {
				break
			}
			p.receive(far, msg)
		}
	}
}

// cut closes a phone's connection a while after its sign-in was accepted.
func (p *PBX) cut(far peer) {
	after := p.fault.line.cutAfter
	if after == 0 || far.line == nil {
		return
	}
	p.spawn(func() {
		if p.sleep(after) {
			_ = far.line.Close()
		}
	})
}

// closeLines ends all connections. p.mu is held.
func (p *PBX) closeLines() {
	if p.lines != nil {
		_ = p.lines.Close()
	}
	if p.held != nil {
		_ = p.held.Close()
	}
	for c := range p.open {
		_ = c.Close()
	}
}

// write sends over the connection. One that takes nothing is given up.
func (l *line) write(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.SetWriteDeadline(time.Now().Add(lineTime))
	if _, err := l.Conn.Write(data); err != nil {
		_ = l.Close()
	}
}

func streamAddr(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(t.AddrPort())
}
