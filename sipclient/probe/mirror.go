package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// MirrorConfig says where a mirror listens. The zero value takes free ports of every
// address of this computer.
type MirrorConfig struct {
	// Listen is where it listens; none, or unspecified ones: every address that this
	// computer has when it begins, so that answers come from where they were asked.
	Listen []netip.Addr
	Port   uint16 // of SIP over UDP and TCP; 0: any free one, as for the others
	Other  uint16 // of SIP over UDP, beside Port
	Sound  uint16 // of the sound of a test
	TLS    uint16 // of SIP over TLS, where there is a certificate
	// Certificate is shown over TLS; nil: no TLS.
	Certificate *tls.Certificate
	// Heard is told what was done for whom; may be nil. It is called from several
	// goroutines, never at the same time, and must not block.
	Heard func(MirrorEvent)
}

// MirrorEvent is what a mirror did for somebody.
type MirrorEvent struct {
	From netip.AddrPort
	Text string // a short sentence
}

// Mirror is the other end of a measurement: it tells who asks what really arrived
// here, byte for byte, and counts sound packets in both directions.
//
// It answers requests that are marked for a mirror, to the address that they came
// from, and nothing else: it passes nothing on, signs nobody in and calls nobody. Until
// an address has shown that it gets the answers, these are no longer than the requests
// (see cookie), and of sound it sends back a packet for each that came. What it keeps,
// and how fast it answers, is bounded.
type Mirror struct {
	cfg    MirrorConfig
	secret [32]byte // of cookies and sound tests, never sent
	limits *limits
	sounds *sounds
	doors  []mirrorDoor
	media  []*net.UDPConn
	ports  mirrorPorts
	now    func() time.Time

	telling sync.Mutex
	work    sync.WaitGroup
}

// mirrorDoor is one socket of a mirror.
type mirrorDoor struct {
	over capture.Net
	at   netip.AddrPort
	udp  *net.UDPConn
	tcp  net.Listener // also for TLS
}

// ListenMirror opens a mirror's ports. The error is a sentence.
func ListenMirror(cfg MirrorConfig) (*Mirror, error) {
	m := &Mirror{cfg: cfg, limits: newLimits(), sounds: newSounds(), now: time.Now}
	_, _ = rand.Read(m.secret[:]) // never fails (crypto/rand)
	list, err := listenAddresses(cfg.Listen)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if err := m.open(a); err != nil {
			m.close()
			return nil, err
		}
	}
	m.notePorts()
	return m, nil
}

// notePorts reads which ports the first address got.
func (m *Mirror) notePorts() {
	first := m.doors[0].at.Addr()
	for _, d := range m.doors {
		switch {
		case d.at.Addr() != first:
		case d.over == capture.TLS:
			m.ports.tls = d.at.Port()
		case d.over == capture.UDP && m.ports.port == 0:
			m.ports.port = d.at.Port()
		case d.over == capture.UDP:
			m.ports.other = d.at.Port()
		}
	}
	m.ports.sound = wire.AddrPort(m.media[0].LocalAddr()).Port()
}

// listenAddresses replaces "everywhere" by what this computer has.
func listenAddresses(wanted []netip.Addr) (list []netip.Addr, err error) {
	everywhere := len(wanted) == 0
	for _, a := range wanted {
		if a.IsUnspecified() {
			everywhere = true
			continue
		}
		list = append(list, a.Unmap())
	}
	if !everywhere {
		return list, nil
	}
	list = nil
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("the addresses of this computer cannot be read: %w", err)
	}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && !p.Addr().IsLinkLocalUnicast() {
			list = append(list, p.Addr().Unmap())
		}
	}
	if len(list) == 0 {
		return nil, errors.New("this computer has no address to listen at: connect it to a network, or name one")
	}
	return list, nil
}

// open opens all ports at one address.
func (m *Mirror) open(a netip.Addr) error {
	// A port has to be free for UDP and TCP; where any will do, another one is tried.
	var err error
	for range 20 {
		var u *net.UDPConn
		if u, err = listenUDP(a, m.cfg.Port); err != nil {
			break
		}
		at := wire.AddrPort(u.LocalAddr())
		var l net.Listener
		if l, err = net.Listen("tcp", at.String()); err == nil {
			m.doors = append(m.doors, mirrorDoor{over: capture.UDP, at: at, udp: u}, mirrorDoor{over: capture.TCP, at: at, tcp: l})
			break
		}
		_ = u.Close()
		if m.cfg.Port != 0 {
			break
		}
	}
	if err != nil {
		return m.taken(a, m.cfg.Port, err)
	}
	u, err := listenUDP(a, m.cfg.Other)
	if err != nil {
		return m.taken(a, m.cfg.Other, err)
	}
	m.doors = append(m.doors, mirrorDoor{over: capture.UDP, at: wire.AddrPort(u.LocalAddr()), udp: u})
	if u, err = listenUDP(a, m.cfg.Sound); err != nil {
		return m.taken(a, m.cfg.Sound, err)
	}
	_ = u.SetReadBuffer(1 << 20) // best effort: the system may grant less
	m.media = append(m.media, u)
	if m.cfg.Certificate == nil {
		return nil
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(a, m.cfg.TLS).String())
	if err != nil {
		return m.taken(a, m.cfg.TLS, err)
	}
	m.doors = append(m.doors, mirrorDoor{over: capture.TLS, at: endOf(l.Addr()), tcp: tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{*m.cfg.Certificate}, MinVersion: tls.VersionTLS12,
	})})
	return nil
}

func listenUDP(a netip.Addr, port uint16) (*net.UDPConn, error) {
	network := "udp4"
	if a.Is6() {
		network = "udp6"
	}
	return net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port)))
}

func (m *Mirror) taken(a netip.Addr, port uint16, err error) error {
	return fmt.Errorf("a mirror cannot listen at %s (%w): another program may have that port, for example a phone or a phone system; end it, or name another port", netip.AddrPortFrom(a, port), err)
}

// mirrorPorts are the ports at a mirror's first address; tls is 0 without a certificate.
type mirrorPorts struct{ port, other, sound, tls uint16 }

// Ports tells on which ports the mirror listens at its first address; secure is 0
// without a certificate.
func (m *Mirror) Ports() (port, other, sound, secure uint16) {
	return m.ports.port, m.ports.other, m.ports.sound, m.ports.tls
}

// Addresses tells where the mirror listens.
func (m *Mirror) Addresses() (list []netip.Addr) {
	for _, c := range m.media {
		list = append(list, wire.AddrPort(c.LocalAddr()).Addr())
	}
	return list
}

// Serve answers until the context ends. It closes the ports and waits for everything
// that it began.
func (m *Mirror) Serve(ctx context.Context) {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	for i, d := range m.doors {
		m.work.Go(func() {
			if d.udp != nil {
				m.serveUDP(d, m.mediaBeside(i))
			} else {
				m.serveStream(inner, d, m.mediaBeside(i))
			}
		})
	}
	for _, c := range m.media {
		m.work.Go(func() { m.serveSound(c) })
	}
	<-ctx.Done()
	m.close()
	m.work.Wait()
}

// mediaBeside is the sound socket at the address of a door.
func (m *Mirror) mediaBeside(i int) *net.UDPConn {
	for _, c := range m.media {
		if wire.AddrPort(c.LocalAddr()).Addr() == m.doors[i].at.Addr() {
			return c
		}
	}
	return nil
}

func (m *Mirror) close() {
	for _, d := range m.doors {
		if d.udp != nil {
			_ = d.udp.Close()
		} else {
			_ = d.tcp.Close()
		}
	}
	for _, c := range m.media {
		_ = c.Close()
	}
}

// tell lets the person at the mirror know.
func (m *Mirror) tell(from netip.AddrPort, format string, args ...any) {
	if m.cfg.Heard == nil {
		return
	}
	m.telling.Lock()
	defer m.telling.Unlock()
	m.cfg.Heard(MirrorEvent{From: from, Text: fmt.Sprintf(format, args...)})
}

// serveUDP answers at one UDP socket until it is closed.
func (m *Mirror) serveUDP(d mirrorDoor, media *net.UDPConn) {
	buf := make([]byte, 65536)
	for {
		n, from, err := d.udp.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // what Windows says about an answer of before that found nobody
		}
		from = wire.Unmap(from)
		v := mirrorAsker{door: d, from: from, media: media}
		if reply := m.answer(v, buf[:n]); reply != nil {
			_, _ = d.udp.WriteToUDPAddrPort(reply, from) // who is gone gets nothing
			m.begin(v, buf[:n])
		}
	}
}
