package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// outlet is one UDP socket from which several servers are asked, also at the same time:
// what each says about it can then be compared.
type outlet struct {
	conn    *net.UDPConn
	local   netip.AddrPort
	reading sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]chan<- parcel // by what tells an answer: a STUN ID or a branch
}

// parcel is a packet that somebody waits for.
type parcel struct {
	from netip.AddrPort
	took time.Duration // since the last copy of the question
	stun wire.STUNAnswer
	sip  *sipmsg.Message // nil in STUN
}

// openOutlet opens a socket at the address that this computer uses towards another one.
func openOutlet(toward netip.Addr) (*outlet, error) {
	local, err := sourceTowards(toward)
	if err != nil {
		return nil, err
	}
	network := "udp4"
	if local.Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		return nil, err
	}
	o := &outlet{conn: conn, local: wire.AddrPort(conn.LocalAddr()), waiting: map[string]chan<- parcel{}}
	o.reading.Go(o.read)
	return o, nil
}

// sourceTowards is this computer's address for packets to another one. Nothing is sent.
func sourceTowards(to netip.Addr) (netip.Addr, error) {
	network := "udp4"
	if to.Is6() {
		network = "udp6"
	}
	const anyPort = 9
	conn, err := net.DialUDP(network, nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, anyPort)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return wire.AddrPort(conn.LocalAddr()).Addr(), nil
}

// Close frees the socket.
func (o *outlet) Close() {
	_ = o.conn.Close()
	o.reading.Wait()
}

func (o *outlet) read() {
	buf := make([]byte, 65536)
	for failed := 0; ; {
		n, from, err := o.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // a router's word on an earlier packet; a socket that only fails must not spin
			if failed++; failed > 16 {
				time.Sleep(10 * time.Millisecond)
			}
			continue
		}
		o.deliver(buf[:n], wire.Unmap(from))
	}
}

// deliver gives a packet to who waits for it. Anything else is nobody's.
func (o *outlet) deliver(data []byte, from netip.AddrPort) {
	a := parcel{from: from}
	key := ""
	if answer, ok := wire.ReadSTUN(data); ok {
		a.stun, key = answer, string(answer.ID[:])
	} else if m, err := sipmsg.Parse(data); err == nil && !m.IsRequest() && m.Status >= 200 {
		a.sip, key = m, m.Branch()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.waiting[key]; c != nil {
		select {
		case c <- a:
		default: // enough of them have come
		}
	}
}

// expect gives what comes under a key, until it is told to stop.
func (o *outlet) expect(key string) (came <-chan parcel, stop func()) {
	c := make(chan parcel, 4)
	o.mu.Lock()
	o.waiting[key] = c
	o.mu.Unlock()
	return c, func() {
		o.mu.Lock()
		delete(o.waiting, key)
		o.mu.Unlock()
	}
}

// repeatAfter is the pause between two copies of a question: short, so that some lost
// packets are not mistaken for a router that lets nothing in.
const repeatAfter = 250 * time.Millisecond

// ask sends a packet again and again until something comes under the key, or nothing has
// for so long (errSilent).
func (o *outlet) ask(ctx context.Context, to netip.AddrPort, packet []byte, key string, patience time.Duration) (parcel, error) {
	came, stop := o.expect(key)
	defer stop()
	over := time.After(patience)
	again := time.NewTicker(repeatAfter)
	defer again.Stop()
	for {
		sent := time.Now()
		if _, err := o.conn.WriteToUDPAddrPort(packet, to); err != nil && !passing(err) {
			return parcel{}, err
		}
		select {
		case a := <-came:
			a.took = time.Since(sent)
			return a, nil
		case <-over:
			return parcel{}, errSilent
		case <-ctx.Done():
			return parcel{}, ended(ctx)
		case <-again.C:
		}
	}
}

// errRefused: the server answered, and gave no address.
var errRefused = errors.New("the server names no address")

// stun asks a STUN server. The error is errSilent, errRefused, the system's or the context's.
func (o *outlet) stun(ctx context.Context, server netip.AddrPort, r wire.STUNRequest, patience time.Duration) (parcel, error) {
	a, err := o.ask(ctx, server, r.Bytes(), string(r.ID[:]), patience)
	if err == nil && !a.stun.Mapped.IsValid() {
		err = errRefused
	}
	return a, err
}

// sip asks a SIP server where it sees this socket: RFC 3581 has it say so in the Via of
// its answer. The errors are those of stun.
func (o *outlet) sip(ctx context.Context, b *Bench, server netip.AddrPort, patience time.Duration) (mapped netip.AddrPort, took time.Duration, err error) {
	request := b.options(o.local, capture.UDP, 0)
	a, err := o.ask(ctx, server, request.Bytes(), request.Branch(), patience)
	if err != nil {
		return mapped, 0, err
	}
	if mapped = seenAt(a.sip); !mapped.IsValid() {
		return mapped, 0, errRefused
	}
	return mapped, a.took, nil
}

// seenAt reads where a SIP server saw the request of an answer come from; invalid where it
// does not tell. Where nothing was added to the Via, the server does not know RFC 3581.
func seenAt(m *sipmsg.Message) netip.AddrPort {
	if m == nil {
		return netip.AddrPort{}
	}
	vias := m.Vias()
	if len(vias) == 0 || vias[0].RPort <= 0 || vias[0].RPort > 65535 {
		return netip.AddrPort{}
	}
	host := vias[0].Received
	if host == "" {
		host = vias[0].Host
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.IsUnspecified() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr.Unmap().WithZone(""), uint16(vias[0].RPort))
}
