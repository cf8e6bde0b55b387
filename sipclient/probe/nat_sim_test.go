package probe

import (
	"errors"
	"flag"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// These tests spend their time waiting, so more of them run at a time than there are cores.
func init() {
	testing.Init()
	_ = flag.Set("test.parallel", "8")
}

// natSim is a NAT on loopback. A server is known to the client by an address of the
// simulator's own, which stands for it: what comes there goes on to the server from an
// outside socket, and what comes back at that socket goes to the client from there.
type natSim struct {
	t         *testing.T
	mapping   behaviour
	filtering behaviour
	lifetime  time.Duration // 0: for ever
	hairpin   bool
	keepsPort bool // the outside port is the inside one, where it is free
	wanders   time.Duration
	began     time.Time

	outside netip.Addr
	prefix  [2]byte // of its addresses: 127.prefix
	work    sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	conns    []*net.UDPConn
	standIns map[netip.AddrPort]*net.UDPConn // by the real server
	bindings []*binding
}

// binding is one mapping.
type binding struct {
	client  netip.AddrPort
	key     netip.AddrPort // whom it is for, as far as the mapping asks
	out     *net.UDPConn
	at      netip.AddrPort
	last    time.Time
	written map[netip.AddrPort]bool
}

var networks atomic.Uint32

func newNATSim(t *testing.T, mapping, filtering behaviour, change ...func(*natSim)) *natSim {
	t.Helper()
	n := networks.Add(1)
	s := &natSim{t: t, mapping: mapping, filtering: filtering, prefix: [2]byte{byte(77 + n>>8), byte(n)}, standIns: map[netip.AddrPort]*net.UDPConn{}, began: time.Now()}
	s.outside = s.addr(1)
	for _, f := range change {
		f(s)
	}
	t.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		for _, c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.work.Wait()
	})
	return s
}

// addr is an address of this simulator's own.
func (s *natSim) addr(last byte) netip.Addr {
	return netip.AddrFrom4([4]byte{127, s.prefix[0], s.prefix[1], last})
}

// listen opens a socket that is read until the end of the test.
func (s *natSim) listen(at netip.AddrPort, hear func(conn *net.UDPConn, data []byte, from netip.AddrPort)) (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, conn)
	s.work.Go(func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				hear(conn, append([]byte(nil), buf[:n]...), wire.Unmap(from))
			}
		}
	})
	return conn, nil
}

func (s *natSim) mustListen(at netip.AddrPort, hear func(*net.UDPConn, []byte, netip.AddrPort)) *net.UDPConn {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, err := s.listen(at, hear)
	if err != nil {
		lacking(s.t, "no such address here: %v", err)
	}
	return conn
}

// standIn gives the address by which clients know a server.
func (s *natSim) standIn(last byte, server netip.AddrPort) netip.AddrPort {
	at := netip.AddrPortFrom(s.addr(last), server.Port())
	conn := s.mustListen(at, func(_ *net.UDPConn, data []byte, from netip.AddrPort) { s.outward(data, from, server) })
	s.mu.Lock()
	s.standIns[server] = conn
	s.mu.Unlock()
	return at
}

// binding finds or makes the mapping of a client for a destination.
func (s *natSim) binding(client, to netip.AddrPort) *binding {
	var key netip.AddrPort
	switch s.mapping {
	case byAddress:
		key = netip.AddrPortFrom(to.Addr(), 0)
	case byPort:
		key = to
	}
	if s.wanders > 0 { // another address every so often, whatever is written
		key = netip.AddrPortFrom(s.outside, uint16(1+time.Since(s.began)/s.wanders))
	}
	for _, w := range s.bindings {
		if w.client == client && w.key == key && !s.expired(w) {
			return w
		}
	}
	w := &binding{client: client, key: key, written: map[netip.AddrPort]bool{}}
	hear := func(_ *net.UDPConn, data []byte, from netip.AddrPort) { s.inward(w, data, from) }
	at := netip.AddrPortFrom(s.outside, 0)
	if s.keepsPort {
		at = netip.AddrPortFrom(s.outside, client.Port())
		for _, old := range s.bindings {
			if old.at == at && s.expired(old) {
				_ = old.out.Close()
			}
		}
	}
	conn, err := s.listen(at, hear)
	if err != nil {
		conn, err = s.listen(netip.AddrPortFrom(s.outside, 0), hear)
	}
	if err != nil {
		return nil
	}
	w.out, w.at = conn, wire.AddrPort(conn.LocalAddr())
	s.bindings = append(s.bindings, w)
	return w
}

func (s *natSim) expired(w *binding) bool { return s.lifetime > 0 && time.Since(w.last) > s.lifetime }

// outward lets a packet out.
func (s *natSim) outward(data []byte, client, to netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if w := s.binding(client, to); w != nil {
		w.last = time.Now()
		w.written[to], w.written[netip.AddrPortFrom(to.Addr(), 0)] = true, true
		_, _ = w.out.WriteToUDPAddrPort(data, to)
	}
}

// inward lets a packet in, or not. One from a client of this NAT turns round in it.
func (s *natSim) inward(w *binding, data []byte, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	via := s.standIns[from]
	if from.Addr() == w.client.Addr() {
		own := s.binding(from, w.at)
		if !s.hairpin || own == nil {
			return
		}
		own.last = time.Now()
		own.written[w.at], own.written[netip.AddrPortFrom(w.at.Addr(), 0)] = true, true
		via, from = own.out, own.at
	}
	let := s.filtering == independent || s.filtering == byAddress && w.written[netip.AddrPortFrom(from.Addr(), 0)] || w.written[from]
	if let && via != nil && !s.expired(w) {
		_, _ = via.WriteToUDPAddrPort(data, w.client)
	}
}

// stunServer is a server of RFC 5780 behind a NAT: two addresses with two ports each.
type stunServer struct {
	mu    sync.Mutex
	known [2][2]netip.AddrPort // as clients know them
	real  [2][2]*net.UDPConn

	oneAddress   bool           // it names no other
	deafAt2      bool           // nothing comes back from its second address
	ignoresFlags bool           // it answers from where it was asked
	noOtherPort  bool           // it refuses RESPONSE-PORT
	deafAfter    int64          // it answers so many requests, -1: none; 0: all
	lies         netip.AddrPort // its second address, as it says
	claims       netip.Addr     // whom it sees, as it says
	asked        atomic.Int64
}

// server starts one behind this NAT.
func (s *natSim) server(change ...func(*stunServer)) *stunServer {
	s.t.Helper()
	srv := new(stunServer)
	for _, f := range change {
		f(srv)
	}
	var ports [2]uint16
	for p := range 2 {
		for a := range 2 {
			at := netip.AddrPortFrom(s.addr(byte(10+a)), ports[p])
			conn := s.mustListen(at, func(_ *net.UDPConn, data []byte, from netip.AddrPort) { srv.answer(a, p, data, from) })
			ports[p] = wire.AddrPort(conn.LocalAddr()).Port()
			known := s.standIn(byte(20+a), wire.AddrPort(conn.LocalAddr()))
			srv.mu.Lock()
			srv.real[a][p], srv.known[a][p] = conn, known
			srv.mu.Unlock()
		}
	}
	return srv
}

func (s *stunServer) answer(a, p int, data []byte, from netip.AddrPort) {
	m := stun.New()
	if stun.Decode(data, m) != nil || m.Type != stun.BindingRequest {
		return
	}
	if n := s.asked.Add(1); a == 1 && s.deafAt2 || s.deafAfter != 0 && n > s.deafAfter {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := from.Addr()
	if s.claims.IsValid() {
		seen = s.claims
	}
	add := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess, &stun.XORMappedAddress{IP: seen.AsSlice(), Port: int(from.Port())}}
	if other := s.known[1][1]; !s.oneAddress {
		if s.lies.IsValid() {
			other = s.lies
		}
		add = append(add, &stun.OtherAddress{IP: other.Addr().AsSlice(), Port: int(other.Port())})
	}
	if flags, err := m.Get(stun.AttrChangeRequest); err == nil && len(flags) == 4 && !s.ignoresFlags {
		if flags[3]&4 != 0 {
			a ^= 1
		}
		if flags[3]&2 != 0 {
			p ^= 1
		}
	}
	if port, err := m.Get(stun.AttrResponsePort); err == nil && len(port) >= 2 {
		if s.noOtherPort {
			add = []stun.Setter{add[0], stun.BindingError, stun.CodeUnknownAttribute}
		} else {
			from = netip.AddrPortFrom(from.Addr(), uint16(port[0])<<8|uint16(port[1]))
		}
	}
	_, _ = s.real[a][p].WriteToUDPAddrPort(stun.MustBuild(add...).Raw, from)
}

// registrar starts a SIP server behind the NAT. It says where it sees who asks, unless
// tell says something else about it.
func (s *natSim) registrar(last byte, tell func(v sipmsg.Via, from netip.AddrPort) string) netip.AddrPort {
	conn := s.mustListen(netip.AddrPortFrom(s.addr(30+last), 0), func(conn *net.UDPConn, data []byte, from netip.AddrPort) {
		m, err := sipmsg.Parse(data)
		if err != nil || !m.IsRequest() {
			return
		}
		r := sipmsg.NewResponse(m, 200, "OK")
		for i, h := range r.Headers {
			if h.Name == "Via" {
				r.Headers[i].Value = tell(m.Vias()[0], from)
			}
		}
		_, _ = conn.WriteToUDPAddrPort(r.Bytes(), from)
	})
	return s.standIn(40+last, wire.AddrPort(conn.LocalAddr()))
}
