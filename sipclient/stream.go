package sipclient

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// stream is one connection that we dialled, as the stack sees it: a net.Conn that
// gives whole messages which the guard let through, and nothing else. Its own
// goroutine reads the network all the time, and stamps and records each piece, in
// the clear on TLS, before it is looked at.
type stream struct {
	net.Conn // the TCP connection, or TLS on top of it
	phone    *Phone
	hop      hop
	local    netip.AddrPort
	since    time.Time
	done     chan struct{}
	once     sync.Once
	writing  sync.Mutex

	queue  chan []byte
	queued atomic.Int64 // bytes in the queue
	rest   []byte       // of the message that the stack is reading

	pong   chan struct{} // the other side answered a ping
	served atomic.Bool   // it brought a message
	ponged bool          // it ever did; only the keep-alive looks at it
}

func (p *Phone) newStream(conn net.Conn, to hop) *stream {
	return &stream{Conn: conn, phone: p, hop: to, local: tcpAddrPort(conn.LocalAddr()), since: time.Now(),
		done: make(chan struct{}), queue: make(chan []byte, 256), pong: make(chan struct{}, 1)}
}

func tcpAddrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok || t == nil {
		return netip.AddrPort{}
	}
	return wire.Unmap(t.AddrPort())
}

// RemoteAddr is the address that requests name, in the one form the stack's pool knows.
func (s *stream) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(s.hop.addr) }

// LocalAddr is our end, in the one form the stack's pool knows.
func (s *stream) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(s.local) }

// Read gives the stack the next bytes of messages that the guard let through.
func (s *stream) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		select {
		case <-s.done:
			return 0, net.ErrClosed
		case s.rest = <-s.queue:
			s.queued.Add(-int64(len(s.rest)))
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Write records and sends. A connection that takes nothing for 5 s is dead.
func (s *stream) Write(b []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	select {
	case <-s.done:
		return 0, net.ErrClosed
	default:
	}
	s.phone.tape.Packet(capture.Packet{Time: time.Now(), Net: s.hop.net, Src: s.local, Dst: s.hop.addr, Data: bytes.Clone(b)})
	_ = s.SetWriteDeadline(time.Now().Add(dialPatience))
	n, err := s.Conn.Write(b)
	if err != nil {
		s.end(err)
	}
	return n, err
}

// Close ends the connection; so does the stack when it has no more use for it.
func (s *stream) Close() error {
	s.end(nil)
	return nil
}

// end closes the connection once and says why, unless we wanted it.
func (s *stream) end(why error) {
	s.once.Do(func() {
		close(s.done)
		s.phone.dropped(s, why)
		_ = s.SetDeadline(time.Now()) // or the goodbye of TLS waits for a stalled peer
		_ = s.Conn.Close()
	})
}

// run reads until the connection ends.
func (s *stream) run() {
	buf := make([]byte, 32768)
	var framer sipmsg.Framer
	for {
		n, err := s.Conn.Read(buf)
		at := time.Now()
		if n > 0 {
			data := bytes.Clone(buf[:n])
			s.phone.tape.Packet(capture.Packet{Time: at, Net: s.hop.net, Src: s.hop.addr, Dst: s.local, Data: data})
			s.take(&framer, data)
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

// take cuts what arrived into messages. Line ends between them are signs of life:
// two are a ping, which is answered, one is the answer to ours (RFC 5626 4.4.1).
func (s *stream) take(framer *sipmsg.Framer, data []byte) {
	if framer.Pending() == 0 {
		switch rest := bytes.TrimLeft(data, "\r\n"); {
		case len(rest) == 0 && len(data) == 4:
			_, _ = s.Write(lineEnd)
			return
		case len(rest) < len(data):
			select {
			case s.pong <- struct{}{}:
			default:
			}
		}
	}
	_, _ = framer.Write(data)
	for {
		msg, ok := framer.Next()
		if !ok {
			return
		}
		s.served.Store(true)
		s.phone.admitFrom(s, msg)
	}
}

// push queues a message for the stack; in a flood the newest gives way (it is on the tape).
func (s *stream) push(msg []byte) {
	if s.queued.Add(int64(len(msg))) <= maxQueued {
		select {
		case s.queue <- msg:
			return
		default:
		}
	}
	s.queued.Add(-int64(len(msg)))
	s.phone.noteFlood()
}

// maxQueued is how many bytes of messages wait for the stack, on one connection.
const maxQueued = 4 << 20

// breath sends pings and watches for their answers. A server that never answered
// one need not (it may not know RFC 5626); one that did and stops is gone.
func (s *stream) breath() {
	p := s.phone
	if p.cfg.KeepAlive < 0 {
		return
	}
	timer := time.NewTimer(p.keepPause(keepTCP, keepTCPVary))
	defer timer.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-s.pong: // to an earlier ping
			s.ponged = true
			continue
		case <-timer.C:
		}
		if _, err := s.Write(ping); err != nil {
			return
		}
		wait := time.NewTimer(p.timing.pong)
		select {
		case <-s.done:
			wait.Stop()
			return
		case <-s.pong:
			s.ponged = true
		case <-wait.C:
			if s.ponged {
				s.end(errNoPong)
				return
			}
		}
		wait.Stop()
		timer.Reset(p.keepPause(keepTCP, keepTCPVary))
	}
}

var errNoPong = errors.New("no answer to the keep-alive")

// closedBy says in words how a connection ended.
func closedBy(why error) string {
	var timeout net.Error
	switch {
	case errors.Is(why, io.EOF), errors.Is(why, io.ErrUnexpectedEOF):
		return "closed by the other side"
	case errors.Is(why, errNoPong):
		return errNoPong.Error()
	case errors.As(why, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return wire.StreamReason(why)
}
