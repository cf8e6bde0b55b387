// Package between is a proxy on this computer that a person's own softphone takes as its
// outbound proxy, so that what crosses the network for it is seen and can be judged.
//
// It changes addresses and nothing else: where the softphone names itself (Via, Contact,
// the address and ports of its sound) stands the proxy's own address, and back. On the
// tape is what went out to the network and came from there; the softphone's own side is
// not, so that no message stands there twice.
package between

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
	"softphonedoctor/sipclient/wire"
)

// DefaultPort is where it listens when nothing else is said: phones seldom use it.
const DefaultPort = 5066

// ErrPortInUse says that the port for the softphone is taken.
var ErrPortInUse = errors.New("this port of this computer is in use")

// Config says between whom a proxy stands.
type Config struct {
	// Tape gets what crosses the network.
	Tape *capture.Tape
	// Server is the provider's server or domain, with :port where it needs one. What the
	// softphone begins goes there, whatever it asks for.
	Server   string
	Resolver names.Resolver // nil: the system's
	// Port is the one of 127.0.0.1 at which the softphone finds the proxy, over UDP and
	// TCP; 0: any free one.
	Port uint16
	// Heard is told of each call and sign-in; may be nil. It must not block.
	Heard func(Event)
}

// Event is something that a person may want to see while the proxy runs.
type Event struct {
	Time time.Time
	What What
	Text string // a short sentence
}

// What is the kind of an event.
type What uint8

// The kinds of events.
const (
	Trouble    What = iota // the server cannot be reached
	Challenged             // the server asks the softphone for the password
	SignedIn               // the server has taken the softphone's sign-in
	NotSigned              // or has refused it
	CallBegan
	CallAnswered
	CallEnded // by either side, or refused
)

// Proxy passes on between a softphone on this computer and its provider.
type Proxy struct {
	cfg    Config
	server netip.AddrPort // over UDP
	out    netip.Addr     // this computer's address towards it
	near   *net.UDPConn
	door   net.Listener
	far    *wire.Socket

	mu       sync.Mutex
	seen     table
	media    map[string]*session // by Call-ID
	last     flow                // whom what belongs to no call is for
	ringing  map[string]bool     // calls that were told of, by Call-ID
	trusted  map[netip.Addr]bool // machines that may send something to the softphone
	streams  map[*stream]bool
	work     sync.WaitGroup
	stopping chan struct{}
	stopOnce sync.Once
}

// Listen looks the server up and opens the proxy's ports; Serve begins to pass on. The
// error is a sentence.
func Listen(ctx context.Context, cfg Config) (*Proxy, error) {
	if cfg.Resolver == nil {
		cfg.Resolver = names.System()
	}
	p := &Proxy{cfg: cfg, seen: newTable(), media: map[string]*session{}, ringing: map[string]bool{}, trusted: map[netip.Addr]bool{},
		streams: map[*stream]bool{}, stopping: make(chan struct{})}
	list, err := p.find(ctx, capture.UDP)
	if err != nil {
		return nil, err
	}
	p.server = list[0]
	// Connecting a socket over UDP sends nothing: it only asks for the route.
	probe, err := net.Dial("udp", p.server.String())
	if err != nil {
		return nil, fmt.Errorf("no way leads from this computer to %s: %w", p.server, err)
	}
	p.out = wire.AddrPort(probe.LocalAddr()).Addr()
	probe.Close()
	if err := p.open(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// find gives the server's addresses, best first, and lets them send to the softphone.
func (p *Proxy) find(ctx context.Context, over capture.Net) ([]netip.AddrPort, error) {
	host, port, err := names.SplitHostPort(p.cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("the server %q: %w", p.cfg.Server, err)
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	found, err := names.Find(ctx, p.cfg.Resolver, host, port, over, false)
	if err != nil {
		return nil, fmt.Errorf("the server's name %q cannot be looked up: %s", host, names.Reason(err))
	}
	if len(found.Addrs) == 0 {
		return nil, fmt.Errorf("the server's name %q has no address: look for a typing error", host)
	}
	for _, a := range found.Addrs {
		p.trust(a.Addr())
	}
	return found.Addrs, nil
}

func (p *Proxy) open() error {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	at := netip.AddrPortFrom(loopback, p.cfg.Port)
	var err error
	for range 20 { // a free port of one transport need not be free for the other
		if p.near, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at)); err != nil {
			break
		}
		if p.door, err = net.Listen("tcp4", p.near.LocalAddr().String()); err == nil || p.cfg.Port != 0 {
			break
		}
		p.near.Close()
	}
	if err != nil {
		return fmt.Errorf("%w: name another with --port", ErrPortInUse)
	}
	if p.far, err = p.tap().Listen(netip.AddrPortFrom(p.out, 0)); err != nil {
		return fmt.Errorf("no socket towards the server: %w", err)
	}
	return nil
}

// tap is what the sockets towards the network need.
func (p *Proxy) tap() wire.Tap {
	return wire.Tap{Tape: p.cfg.Tape, Go: p.work.Go, Unreachable: func(to netip.AddrPort, why string) { p.unreachable("udp", to, why) }}
}

// unreachable notes that something could not be sent.
func (p *Proxy) unreachable(over string, to netip.AddrPort, why string) {
	p.cfg.Tape.Note(capture.Note{Kind: capture.KindPhone, Key: capture.PhoneUnreachable, Text: fmt.Sprintf("%s %s: %s", over, to, why)})
}

// At is where the softphone finds the proxy, over UDP and TCP.
func (p *Proxy) At() netip.AddrPort { return wire.AddrPort(p.near.LocalAddr()) }

// Phone is the address under which the network sees the softphone's messages.
func (p *Proxy) Phone() netip.AddrPort { return p.far.Local() }

// Serve passes on until the context ends, and then closes everything.
func (p *Proxy) Serve(ctx context.Context) {
	p.cfg.Tape.Note(capture.Note{Kind: capture.KindSubject, Key: "sip", Text: p.far.Local().String()})
	p.far.Start(func(data []byte, from netip.AddrPort, _ time.Time) { p.fromFar(flow{}, data, from) })
	p.work.Go(p.readNear)
	p.work.Go(p.accept)
	p.work.Go(p.tidy)
	<-ctx.Done()
	p.Close()
}

// Close ends all that the proxy has open, and waits for it.
func (p *Proxy) Close() {
	p.stopOnce.Do(func() { close(p.stopping) })
	if p.near != nil {
		p.near.Close()
	}
	if p.door != nil {
		p.door.Close()
	}
	if p.far != nil {
		_ = p.far.Close()
	}
	p.mu.Lock()
	for s := range p.streams {
		s.close()
	}
	for id, m := range p.media {
		m.close()
		delete(p.media, id)
	}
	p.mu.Unlock()
	p.work.Wait()
}

func (p *Proxy) readNear() {
	buf := make([]byte, 65536)
	for {
		n, from, err := p.near.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an answer met a closed port: the softphone has ended
		}
		f := flow{addr: wire.Unmap(from)}
		wire.Safely(func(data []byte, _ netip.AddrPort, _ time.Time) { p.fromNear(f, data) }, buf[:n], f.addr, time.Time{})
	}
}

// tidy forgets what is over.
func (p *Proxy) tidy() {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-p.stopping:
			return
		case now := <-tick.C:
			p.mu.Lock()
			p.seen.forget(now)
			for id, m := range p.media {
				if m.idle(now) {
					m.close()
					delete(p.media, id)
					delete(p.ringing, id)
				}
			}
			p.mu.Unlock()
		}
	}
}

// trust lets a machine send to the softphone: the server's, and those with which it has
// made a call.
func (p *Proxy) trust(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.trusted) < 1000 {
		p.trusted[a.Unmap()] = true
	}
}

func (p *Proxy) tell(what What, format string, args ...any) {
	if p.cfg.Heard != nil {
		p.cfg.Heard(Event{time.Now(), what, fmt.Sprintf(format, args...)})
	}
}
