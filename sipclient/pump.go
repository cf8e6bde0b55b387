package sipclient

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
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
	if target == p.Server() && why == refused {
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

// addrPort gives a UDP address in its plain form, IPv4 never mapped into IPv6.
func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok || u == nil {
		return netip.AddrPort{}
	}
	return unmap(u.AddrPort())
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
