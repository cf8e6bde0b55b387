package between

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// stream is a connection of a softphone, and the one to its server that belongs to it.
type stream struct {
	near, far net.Conn
	local, to netip.AddrPort // of far
	writing   sync.Mutex
	once      sync.Once
}

func (s *stream) close() {
	s.once.Do(func() {
		s.near.Close()
		if s.far != nil {
			s.far.Close()
		}
	})
}

// patience bounds connecting and writing.
const patience = 5 * time.Second

// accept takes connections of softphones.
func (p *Proxy) accept() {
	for {
		conn, err := p.door.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.carry(conn) })
	}
}

// carry opens the connection to the server that goes with one of a softphone, and passes
// on until either ends.
func (p *Proxy) carry(near net.Conn) {
	s := &stream{near: near}
	defer s.close()
	p.mu.Lock()
	full := len(p.streams) >= 20
	p.streams[s] = !full
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.streams, s)
		p.mu.Unlock()
	}()
	if full {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	list, err := p.find(ctx, capture.TCP)
	if err != nil {
		p.tell(Trouble, "%v", err)
		return
	}
	s.to = list[0]
	far, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: p.out.AsSlice()}}).DialContext(ctx, "tcp", s.to.String())
	if err != nil {
		p.unreachable("tcp", s.to, wire.StreamReason(err))
		p.tell(Trouble, "The server %s takes no connection.", s.to)
		return
	}
	p.mu.Lock()
	select {
	case <-p.stopping:
		p.mu.Unlock()
		far.Close()
		return
	default:
	}
	s.far, s.local = far, wire.AddrPort(&net.UDPAddr{IP: far.LocalAddr().(*net.TCPAddr).IP, Port: far.LocalAddr().(*net.TCPAddr).Port})
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		defer s.close()
		frames(far, func(chunk []byte) {
			p.cfg.Tape.Packet(capture.Packet{Time: time.Now(), Net: capture.TCP, Src: s.to, Dst: s.local, Data: append([]byte(nil), chunk...)})
		}, func(msg []byte) { p.fromFar(flow{stream: s}, msg, s.to) })
	})
	both.Go(func() {
		defer s.close()
		frames(near, func([]byte) {}, func(msg []byte) { p.fromNear(flow{stream: s}, msg) })
	})
	both.Wait()
}

// frames reads messages until the connection ends.
func frames(conn net.Conn, read, message func([]byte)) {
	var f sipmsg.Framer
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			read(buf[:n])
			_, _ = f.Write(buf[:n]) // it never fails
			for msg, ok := f.Next(); ok; msg, ok = f.Next() {
				wire.Safely(func(data []byte, _ netip.AddrPort, _ time.Time) { message(data) }, msg, netip.AddrPort{}, time.Time{})
			}
		}
		if err != nil {
			return
		}
	}
}

// out sends to the server, in, to the softphone.
func (s *stream) out(p *Proxy, data []byte) {
	s.writing.Lock()
	defer s.writing.Unlock()
	p.cfg.Tape.Packet(capture.Packet{Time: time.Now(), Net: capture.TCP, Src: s.local, Dst: s.to, Data: data})
	_ = s.far.SetWriteDeadline(time.Now().Add(patience))
	if _, err := s.far.Write(data); err != nil {
		s.close()
	}
}

func (s *stream) in(data []byte) {
	_ = s.near.SetWriteDeadline(time.Now().Add(patience))
	if _, err := s.near.Write(data); err != nil {
		s.close()
	}
}
