package sipclient

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/wire"
)

// sipConn is the SIP socket under sipgo. What the guard lets through waits here
// until sipgo's reader takes it.
type sipConn struct {
	wire.PacketConn
	phone   *Phone
	queue   chan datagram
	dropped atomic.Uint64
	deaf    atomic.Bool // the phone closes: what arrives goes onto the tape and no further
}

type datagram struct {
	data []byte
	from netip.AddrPort
}

func (p *Phone) newSIPConn(u *wire.Socket) *sipConn {
	return &sipConn{PacketConn: wire.PacketConn{Socket: u}, phone: p, queue: make(chan datagram, 1024)}
}

// push queues a datagram; in a flood the newest gives way (it is on the tape).
func (c *sipConn) push(d datagram) {
	if c.deaf.Load() {
		return
	}
	select {
	case c.queue <- d:
	default:
		c.dropped.Add(1)
		c.phone.noteFlood()
	}
}

func (c *sipConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.phone.isMuted(b) {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

func (c *sipConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-c.Done():
		return 0, nil, net.ErrClosed
	default:
	}
	select {
	case <-c.Done():
		return 0, nil, net.ErrClosed
	case d := <-c.queue:
		return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
	}
}

// sending runs f, which hands a request to the stack, unless the phone is closed:
// a request that finds the pool empty would open a socket that nobody closes.
func (p *Phone) sending(f func() error) error {
	p.gate.RLock()
	defer p.gate.RUnlock()
	if p.shut {
		return ErrClosed
	}
	return f()
}

// letGo ends sipgo's use of the socket and closes it. Requests that are still on
// their way through the stack must not make it open another one, so its pool
// keeps the closed socket for every address that has sent us something.
func (p *Phone) letGo() error {
	p.disconnect() // or a write that hangs would hold the gate
	p.gate.Lock()
	p.shut = true
	p.gate.Unlock()
	for _, c := range p.conns {
		c.deaf.Store(true) // else a flood would keep the stack at work for ever
	}
	for range 50 { // what sipgo has read already gets a moment to arrive at a handler
		time.Sleep(time.Millisecond)
		if !slices.ContainsFunc(p.conns, func(c *sipConn) bool { return len(c.queue) > 0 }) {
			break
		}
	}
	time.Sleep(20 * time.Millisecond)
	p.ua.TransactionLayer().Close()
	p.mu.Lock()
	p.sealed = true // no new connections
	p.mu.Unlock()
	p.disconnect()
	for _, h := range p.hands {
		close(h.done)
	}
	var err error
	for _, c := range p.conns {
		err = errors.Join(err, c.Close())
	}
	p.served.Wait()
	for _, c := range p.conns {
		p.plug(c)
	}
	p.ua.TransactionLayer().Close()
	return err
}

// plug leaves a closed socket in the stack's pool.
func (p *Phone) plug(c *sipConn) {
	closed := &sip.UDPConnection{PacketConn: c, PacketAddr: c.Local().String(), Listener: true}
	pool := p.ua.TransportLayer().Pool("udp")
	pool.Add(c.Local().String(), closed)
	p.mu.Lock()
	defer p.mu.Unlock()
	for from := range p.sources {
		pool.Add(from, closed)
	}
}

// mute keeps an INVITE that was given up from being sent again. Its transaction
// stays, so that an answer to a copy that is out already is cancelled or ended.
func (p *Phone) mute(invite *sip.Request) {
	via := invite.Via()
	if via == nil {
		return
	}
	branch, _ := via.Params.Get("branch")
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.muted) > 2*p.cfg.MaxCalls {
		p.muted = p.muted[1:]
	}
	p.muted = append(p.muted, branch)
}

func (p *Phone) isMuted(data []byte) bool {
	if !bytes.HasPrefix(data, []byte("INVITE ")) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, branch := range p.muted {
		if bytes.Contains(data, []byte(branch)) {
			return true
		}
	}
	return false
}
