// Package wire holds the UDP sockets of the test phone. What crosses one is stamped
// and put onto the tape in the same moment, before anybody looks at it.
package wire

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

// MaxDatagram is the largest UDP payload over IPv4 in bytes.
const MaxDatagram = 65507

// Refused is the word of Reason for a closed port.
const Refused = "connection refused"

// Tap is what a socket needs of the phone that it belongs to.
type Tap struct {
	Tape *capture.Tape
	// Go runs f on its own goroutine, and whoever closes the phone waits for it.
	Go func(f func())
	// Unreachable hears of ICMP errors and of sends that failed, in words.
	Unreachable func(target netip.AddrPort, why string)
}

// Socket owns one UDP socket. Its goroutine reads all the time, whether or not
// anybody wants the packets, and stamps and records each before it is looked
// at: the times on the tape are those of arrival.
type Socket struct {
	tap   Tap
	conn  *net.UDPConn
	local netip.AddrPort
	done  chan struct{}
	once  sync.Once

	writing sync.Mutex // or the tape's order would not be the wire's
}

// Listen opens a socket whose packets go onto the tape. Reading begins with Start.
func (t Tap) Listen(at netip.AddrPort) (*Socket, error) {
	network := "udp4"
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(1 << 20) // best effort: the system may grant less
	SurfaceICMP(conn)
	return &Socket{tap: t, conn: conn, local: AddrPort(conn.LocalAddr()), done: make(chan struct{})}, nil
}

// Local is the address that the socket is bound to.
func (s *Socket) Local() netip.AddrPort { return s.local }

// Done closes when the socket does.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Start reads until the socket closes and gives every packet to handle, which
// must not block and must not change or keep the data beyond reading it.
func (s *Socket) Start(handle func(data []byte, from netip.AddrPort, at time.Time)) {
	s.tap.Go(func() { s.run(handle) })
}

func (s *Socket) run(handle func([]byte, netip.AddrPort, time.Time)) {
	buf := make([]byte, 65536)
	failed := 0
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		at := time.Now()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			s.icmp()
			// An ICMP error is one failed read; a socket that only fails must not spin.
			if failed++; failed > 16 {
				select {
				case <-s.done:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
			continue
		}
		failed = 0
		from = Unmap(from)
		data := bytes.Clone(buf[:n])
		s.tap.Tape.Packet(capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: s.local, Data: data})
		Safely(handle, data, from, at)
	}
}

// Safely calls handle and keeps a packet that some parser trips over from ending
// the program.
func Safely(handle func([]byte, netip.AddrPort, time.Time), data []byte, from netip.AddrPort, at time.Time) {
	defer func() { _ = recover() }()
	handle(data, from, at)
}

// Write records and sends a packet. A send that fails is told to the tap as
// unreachable and is otherwise like a packet lost on the way: the stack repeats
// requests, and the network may come back.
func (s *Socket) Write(data []byte, to netip.AddrPort) int {
	to = Unmap(to)
	s.writing.Lock()
	defer s.writing.Unlock()
	select {
	case <-s.done:
		return len(data) // nothing leaves a closed socket, so the tape must not say so
	default:
	}
	s.tap.Tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: s.local, Dst: to, Data: bytes.Clone(data)})
	var err error
	// A pending ICMP error of an earlier packet fails the next write once and
	// keeps it from being sent: fetch the error and send again.
	for range 3 {
		if _, err = s.conn.WriteToUDPAddrPort(data, to); err == nil {
			return len(data)
		}
		if errors.Is(err, net.ErrClosed) {
			return len(data)
		}
		if !s.icmp() {
			break
		}
	}
	s.tap.Unreachable(to, Reason(err))
	return len(data)
}

// icmp tells what the system learned by ICMP about packets of this socket, and
// whether there was anything.
func (s *Socket) icmp() bool {
	return drainICMP(s.conn, func(target netip.AddrPort, why string) {
		s.tap.Unreachable(Unmap(target), why)
	})
}

// Close frees the socket; closing it twice is no error.
func (s *Socket) Close() error {
	err := net.ErrClosed
	s.once.Do(func() {
		close(s.done)
		err = s.conn.Close()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// AddrPort gives a UDP address in its plain form, IPv4 never mapped into IPv6.
func AddrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok || u == nil {
		return netip.AddrPort{}
	}
	return Unmap(u.AddrPort())
}

// Unmap gives an address with IPv4 never mapped into IPv6.
func Unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
