package sipclient

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/sipclient/capture"
)

// maxDatagram is the largest UDP payload over IPv4.
const maxDatagram = 65507

// pump owns one UDP socket. Its goroutine reads all the time, whether or not
// anybody wants the packets, and stamps and records each before it is looked
// at: the times on the tape are those of arrival.
type pump struct {
	phone *Phone
	conn  *net.UDPConn
	local netip.AddrPort
	done  chan struct{}
	once  sync.Once
}

// listen opens a socket whose packets go onto the tape. Reading begins with start.
func (p *Phone) listen(at netip.AddrPort) (*pump, error) {
	network := "udp4"
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(1 << 20) // best effort: the system may grant less
	surfaceICMP(conn)
	return &pump{phone: p, conn: conn, local: addrPort(conn.LocalAddr()), done: make(chan struct{})}, nil
}

// start reads until the socket closes and gives every packet to handle, which
// must not block and must not change or keep the data beyond reading it.
func (u *pump) start(handle func(data []byte, from netip.AddrPort, at time.Time)) {
	u.phone.inBackground(func() { u.run(handle) })
}

func (u *pump) run(handle func([]byte, netip.AddrPort, time.Time)) {
	buf := make([]byte, 65536)
	failed := 0
	for {
		n, from, err := u.conn.ReadFromUDPAddrPort(buf)
		at := time.Now()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			u.icmp()
			// An ICMP error is one failed read; a socket that only fails must not spin.
			if failed++; failed > 16 {
				select {
				case <-u.done:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
			continue
		}
		failed = 0
		from = unmap(from)
		data := bytes.Clone(buf[:n])
		u.phone.tape.Packet(capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: u.local, Data: data})
		u.safely(handle, data, from, at)
	}
}

// safely keeps a packet that some parser trips over from ending the program.
func (u *pump) safely(handle func([]byte, netip.AddrPort, time.Time), data []byte, from netip.AddrPort, at time.Time) {
	defer func() { _ = recover() }()
	handle(data, from, at)
}

// write records and sends a packet. A send that fails is noted on the tape as
// unreachable and is otherwise like a packet lost on the way: the stack repeats
// requests, and the network may come back.
func (u *pump) write(data []byte, to netip.AddrPort) int {
	to = unmap(to)
	u.phone.tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: u.local, Dst: to, Data: bytes.Clone(data)})
	var err error
	// A pending ICMP error of an earlier packet fails the next write once and
	// keeps it from being sent: fetch the error and send again.
	for range 3 {
		if _, err = u.conn.WriteToUDPAddrPort(data, to); err == nil {
			return len(data)
		}
		if errors.Is(err, net.ErrClosed) {
			return len(data)
		}
		if !u.icmp() {
			break
		}
	}
	u.phone.noteUnreachable(to, reason(err))
	return len(data)
}

// icmp notes what the system learned by ICMP about packets of this socket and
// tells whether there was anything.
func (u *pump) icmp() bool {
	return drainICMP(u.conn, func(target netip.AddrPort, why string) {
		u.phone.noteUnreachable(unmap(target), why)
	})
}

func (u *pump) close() error {
	err := net.ErrClosed
	u.once.Do(func() {
		close(u.done)
		err = u.conn.Close()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// noteUnreachable notes an ICMP error or a failed send, once per target and second.
func (p *Phone) noteUnreachable(target netip.AddrPort, why string) {
	if target == p.server && why == refused {
		p.mu.Lock()
		close(p.refusal)
		p.refusal = make(chan struct{})
		p.mu.Unlock()
	}
	p.noteOnce(capture.PhoneUnreachable, "udp "+target.String()+": "+why, time.Second)
}

// refused is the word for a closed port; enoughRefusals of them in a row mean that
// waiting longer teaches nothing.
const (
	refused        = "connection refused"
	enoughRefusals = 3
)

// refusals gives a channel that closes when the server's port refuses a packet.
func (p *Phone) refusals() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal
}

// packetConn is a pump as the stack wants it: a net.PacketConn. Deadlines do
// nothing, on purpose: diago ends its RTCP for good by a write deadline that it
// never clears (trap 6), and nothing here waits without another bound.
type packetConn struct{ *pump }

func (c packetConn) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(c.local) }
func (c packetConn) Close() error                     { return c.close() }
func (c packetConn) SetDeadline(time.Time) error      { return nil }
func (c packetConn) SetReadDeadline(time.Time) error  { return nil }
func (c packetConn) SetWriteDeadline(time.Time) error { return nil }

// ReadFrom waits until the socket closes: what arrives is handled by the pump.
func (c packetConn) ReadFrom([]byte) (int, net.Addr, error) {
	<-c.done
	return 0, nil, net.ErrClosed
}

func (c packetConn) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.write(b, addrPort(to)), nil
}

// sipConn is the SIP socket under sipgo. What the guard lets through waits here
// until sipgo's reader takes it.
type sipConn struct {
	packetConn
	queue   chan datagram
	dropped atomic.Uint64
}

type datagram struct {
	data []byte
	from netip.AddrPort
}

func newSIPConn(u *pump) *sipConn {
	return &sipConn{packetConn: packetConn{u}, queue: make(chan datagram, 1024)}
}

// push queues a datagram; in a flood the newest gives way (it is on the tape).
func (c *sipConn) push(d datagram) {
	select {
	case c.queue <- d:
	default:
		c.dropped.Add(1)
		c.phone.noteOnce(capture.PhoneLimit, "more SIP messages arrived than this test phone could handle", 0)
	}
}

func (c *sipConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-c.done:
		return 0, nil, net.ErrClosed
	default:
	}
	select {
	case <-c.done:
		return 0, nil, net.ErrClosed
	case d := <-c.queue:
		return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
	}
}

// addrPort gives a UDP address in its plain form, IPv4 never mapped into IPv6.
func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok || u == nil {
		return netip.AddrPort{}
	}
	return unmap(u.AddrPort())
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
