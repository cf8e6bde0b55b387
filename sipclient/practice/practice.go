// Package practice is a small SIP server on loopback with a switch for every
// fault that the first scenarios diagnose. People practise with it, and it is
// the end-to-end test of the whole program: each fault, seen over a real wire,
// must be named as itself.
//
// It speaks UDP, TCP or TLS and writes every byte itself, because it must be able
// to misbehave. Without a fault it behaves as RFC 3261, RFC 3581, RFC 7616 and
// RFC 3550 ask: registrar with digest, a number that rings, answers and talks,
// another that echoes, and sender and receiver reports that are true.
package practice

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The timers of RFC 3261 17.1.1.1, and what this server makes of them.
const (
	t1       = 500 * time.Millisecond
	t2       = 4 * time.Second
	patience = 64 * t1
)

// The account and the numbers that every PBX knows. The password is another one
// each time.
const (
	account    = "1001"
	talkNumber = "3000" // rings, answers and sends a known sound in the speech band
	echoNumber = "3246" // the same, but sends back what it hears
	ownNumber  = "2000" // calls from the PBX to the phone come from here
	realm      = "practice.invalid"
	product    = "Softphone-Doctor-Practice-PBX"
)

// PBX is a running server. Every method is safe for concurrent use.
type PBX struct {
	fault    Fault
	domain   string
	password string // what the account has to send
	expected string // what the server believes; differs where that is the fault

	ctx      context.Context
	stop     context.CancelFunc
	closed   sync.Once
	ringOnce sync.Once // the call of a fault that calls the phone
	work     sync.WaitGroup

	conns    []*net.UDPConn // SIP sockets that are read
	reserved []*net.UDPConn // sockets that only keep a port as it is: deaf or closed
	moved    netip.AddrPort // where a redirect points to
	lines    net.Listener   // for connections, nil on UDP
	held     net.Conn       // only keeps a port closed
	tls      *tls.Config    // nil without TLS
	roots    *x509.CertPool

	mu       sync.Mutex
	txs      map[string]*transaction
	clients  map[string]chan<- response
	calls    map[string]*call
	bindings []binding
	nonces   map[string]bool
	open     map[net.Conn]bool // connections of phones
	nats     int               // how many ports a moving NAT has had
}

// Start begins to serve with the given fault on a free loopback port. The
// error says that this computer gave no socket; a fault is never an error.
func Start(f Fault) (*PBX, error) {
	p := &PBX{
		fault: f, password: token(9),
		txs: map[string]*transaction{}, clients: map[string]chan<- response{},
		calls: map[string]*call{}, nonces: map[string]bool{}, open: map[net.Conn]bool{},
	}
	p.expected = p.password
	if f.register.wrongPassword {
		p.expected = token(9)
	}
	p.signInOthers()
	p.ctx, p.stop = context.WithCancel(context.Background())
	if err := p.listen(); err != nil {
		_ = p.Close()
		return nil, fmt.Errorf("the practice server could not start: %w", err)
	}
	for _, c := range p.conns {
		p.spawn(func() { p.serve(c) })
	}
	if p.lines != nil {
		p.spawn(p.acceptLines)
	}
	return p, nil
}

// listen binds what the fault needs and settles the domain.
func (p *PBX) listen() error {
	if p.fault.line.transport != "" {
		if p.fault.place == closedPort {
			return p.openShutLine()
		}
		return p.openLines()
	}
	switch p.fault.place {
	case nowhere:
		p.domain = "no-such-provider.invalid"
		return nil
	case closedPort:
		c, err := shutPort(loopback)
		if err != nil {
			return err
		}
		p.reserved = append(p.reserved, c...)
		p.domain = localAddr(c[0]).String()
		return nil
	case deaf:
		c, err := listen(loopback, 0)
		if err != nil {
			return err
		}
		p.reserved = append(p.reserved, c)
		p.domain = localAddr(c).String()
		return nil
	}
	c, err := listen(loopback, 0)
	if err != nil {
		return err
	}
	p.conns = append(p.conns, c)
	p.domain = localAddr(c).String()
	if p.fault.register.redirect {
		other, err := listen(loopback, 0)
		if err != nil {
			return err
		}
		p.conns = append(p.conns, other)
		p.moved = localAddr(other)
	}
	return nil
}

// Domain is what the account's domain field takes: an address with port, or
// what the fault needs (a name that does not exist, a port that is closed).
func (p *PBX) Domain() string { return p.domain }

// Transport is how the account has to speak to the PBX: "" for UDP, TCP or TLS.
func (p *PBX) Transport() string { return p.fault.line.transport }

// Roots is the authority of the PBX's certificates, for the phone; nil without TLS.
// Some faults show a certificate that is not from there.
func (p *PBX) Roots() *x509.CertPool { return p.roots }

// User is the account's user name.
func (p *PBX) User() string { return account }

// Login is the name for the digest; here it equals User.
func (p *PBX) Login() string { return account }

// Password is the account's password, a fresh one for each PBX.
func (p *PBX) Password() string { return p.password }

// Target is the number to call: it rings, answers and sends a known sound.
func (p *PBX) Target() string { return talkNumber }

// Echo is a number that answers like Target and sends back what it hears.
func (p *PBX) Echo() string { return echoNumber }

// Close ends all calls without a word on the wire and frees every socket. When
// it returns, no goroutine is left. It may be called again.
func (p *PBX) Close() error {
	var first error
	p.closed.Do(func() {
		p.mu.Lock()
		p.stop()
		p.closeLines()
		p.mu.Unlock()
		for _, c := range append(p.conns, p.reserved...) {
			if err := c.Close(); err != nil && first == nil {
				first = fmt.Errorf("closing the practice server: %w", err)
			}
		}
	})
	p.work.Wait()
	return first
}

// enter makes Close wait for work that comes from outside, until p.work.Done;
// ok is false when the PBX is closed already.
func (p *PBX) enter() (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.work.Add(1)
	return true
}

// spawn runs f as a goroutine that Close waits for. Only work that Close waits
// for already may call it.
func (p *PBX) spawn(f func()) {
	p.work.Add(1)
	go func() {
		defer p.work.Done()
		f()
	}()
}

// sleep waits and tells whether the PBX still runs.
func (p *PBX) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// token gives n random bytes in hexadecimal, for tags, nonces and passwords.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
