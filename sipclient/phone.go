// Package sipclient is the test phone: it signs in, calls and is called over UDP,
// TCP or TLS, talks, and puts every SIP message, RTP and RTCP packet on a tape,
// stamped the moment it crosses the socket (in the clear on TLS).
//
// It stands on sipgo (parsing, transactions) and diago (codecs, the numbering of RTP
// packets, digit events), but owns the sockets under both. Registration, dialogs,
// descriptions and RTCP are its own: the state that can crash, hang or harm in the
// stack (named "trap" in the tests) is kept out of the way here.
package sipclient

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/media"
)

// Errors of the phone. A refusal by a server is never an error: it stands on the tape.
var (
	// ErrNoServer: the account's server has no address, so nothing could be sent.
	// The tape holds the PhoneLookup note that says why.
	ErrNoServer = errors.New("the server's name has no address: check the domain in the account")
	// ErrClosed: the phone was closed.
	ErrClosed = errors.New("the test phone is closed")
	// ErrEmergency: the number is an emergency number; nothing was sent.
	ErrEmergency = errors.New("this is an emergency number, which a test must never call: choose another number")
	// ErrPremium: the number has a price of its own; nothing was sent.
	ErrPremium = errors.New("this is a number with a price of its own (a premium service or a satellite phone), which a test never calls: choose another number")
	// ErrTransport: the account asks for a transport that this phone cannot speak.
	ErrTransport = errors.New("this test phone speaks SIP over UDP, TCP and TLS: set the account's transport to udp, tcp or tls")
)

// userAgent stands in User-Agent and Server headers.
const userAgent = "SoftphoneDoctor"

// Phone is a test phone with one account. All methods are safe for concurrent use.
type Phone struct {
	cfg    Config
	tape   *capture.Tape
	net    capture.Net     // the account's transport
	peers  map[string]bool // host addresses of the account: their requests are answered (trap 20), their challenges, too
	token  string          // user part of our Contact: it tells our binding from others
	timing timing

	ua       *sipgo.UserAgent
	conn     *sipConn                 // the UDP socket, nil on TCP and TLS
	conns    []*sipConn               // all UDP sockets: one for each IP version
	hands    map[capture.Net]*handout // for TCP and TLS
	served   sync.WaitGroup           // sipgo's readers and listeners
	dialling chan struct{}            // held: one connection is made at a time
	gate     sync.RWMutex             // held for reading around each send
	shut     bool                     // nothing may be sent any more
	auth     *authenticator
	door     *doorman  // nil: strangers get no answer
	keeping  sync.Once // the keep-alive has begun
	leftOnce sync.Once // the journal was asked
	left     []string  // contacts of runs that died, ours to remove

	ctx     context.Context // done when the phone has closed its calls
	cancel  context.CancelFunc
	leaving context.Context // done when Close begins
	leave   context.CancelFunc
	wg      sync.WaitGroup

	mu      sync.Mutex
	targets []hop                        // all addresses of the server, best first; never changes
	server  hop                          // where requests go; its address is invalid when the lookup failed
	home    netip.AddrPort               // where we say that we are reached
	streams map[hop]*stream              // connections in use
	live    map[*stream]bool             // all connections, also those being made
	narrow  map[netip.AddrPort]time.Time // servers without TCP, and until when that is believed
	silent  map[hop]swallowed            // servers that took no connection in time
	closed  bool                         // no new calls
	sealed  bool                         // no new goroutines
	calls   map[string]*Call             // by Call-ID
	past    map[string]time.Time         // calls that ended lately, by Call-ID
	muted   []string                     // branches of INVITEs that are not repeated any more
	ringing chan *Call                   // incoming calls that nobody awaited yet
	noted   map[string]time.Time
	sources map[string]bool // addresses whose requests were let through
	strange int             // strangers noted
	asked   valve           // requests that the stack gets
	told    valve           // answers that the stack gets
	refusal chan struct{}   // closed and replaced when the server's port refuses a packet
	reg     registration
}

// New opens the phone's socket and resolves its server; nothing is sent yet.
//
// A name that does not resolve, or an address to which this computer knows no way,
// is evidence: the tape gets a note (PhoneLookup, PhoneUnreachable), and the phone
// that is returned answers Register, Options and Dial with ErrNoServer.
// An error means that the phone cannot work at all (no socket, a transport that
// it does not speak).
func New(ctx context.Context, cfg Config) (*Phone, error) {
	if cfg.Tape == nil {
		cfg.Tape = &capture.Tape{}
	}
	if cfg.Domain == "" || cfg.User == "" {
		return nil, errors.New("the account needs a user and a domain: fill in both")
	}
	mode, err := media.ParseEncryption(cfg.Encryption)
	if err != nil {
		return nil, err
	}
	cfg.Encryption = mode
	cfg.Transport = strings.ToLower(cfg.Transport)
	if cfg.Transport == "" {
		cfg.Transport = "udp"
	}
	if cfg.MaxCalls <= 0 {
		cfg.MaxCalls = maxCalls
	}
	p := &Phone{
		cfg:      cfg,
		tape:     cfg.Tape,
		peers:    map[string]bool{},
		token:    tokenPrefix + randomHex(6),
		timing:   standardTiming,
		auth:     newAuthenticator(cfg.Account, cfg.Tries),
		calls:    map[string]*Call{},
		ringing:  make(chan *Call, maxRinging),
		noted:    map[string]time.Time{},
		past:     map[string]time.Time{},
		sources:  map[string]bool{},
		refusal:  make(chan struct{}),
		streams:  map[hop]*stream{},
		live:     map[*stream]bool{},
		narrow:   map[netip.AddrPort]time.Time{},
		silent:   map[hop]swallowed{},
		dialling: make(chan struct{}, 1),
		reg:      registration{one: make(chan struct{}, 1)},
		asked:    valve{burst: requestBurst, rate: requestRate},
		told:     valve{burst: answerBurst, rate: answerRate},
	}
	if cfg.ChallengeStrangers {
		p.door = newDoorman()
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.leaving, p.leave = context.WithCancel(p.ctx)
	p.note(capture.PhoneAccount, fmt.Sprintf("%s %s %s", cfg.User, cfg.Domain, cfg.Transport))
	if p.net = transports[cfg.Transport]; p.net == 0 {
		p.note(capture.PhoneLimit, "this test phone speaks SIP over UDP, TCP and TLS only, the account asks for "+cfg.Transport)
		return nil, ErrTransport
	}
	p.noteCodecs()
	p.resolveServer(ctx)
	if !p.server.addr.IsValid() {
		return p, nil
	}
	if err := p.open(); errors.Is(err, errCutOff) {
		p.server = hop{}
		return p, nil
	} else if err != nil {
		p.cancel()
		return nil, err
	}
	return p, nil
}

// Close ends all calls, removes our own registration and frees the sockets. It
// takes at most 3 s, whatever the network and the context do.
func (p *Phone) Close(ctx context.Context) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	var calls []*Call
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	p.mu.Unlock()
	p.leave()
	if p.ua == nil {
		p.cancel()
		return nil
	}
	// A cancelled context must not keep us from hanging up and signing off.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2500*time.Millisecond)
	defer stop()
	// A write to a connection that takes nothing ends with the connection only.
	defer context.AfterFunc(ctx, p.disconnect)()
	var work sync.WaitGroup
	for _, c := range calls {
		work.Go(func() { c.hangup(ctx, 1200*time.Millisecond) })
	}
	work.Go(func() { p.unregister(ctx) })
	work.Wait()
	p.cancel()
	err := p.letGo()
	p.mu.Lock()
	p.sealed = true
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

// enter books a piece of work that Close must wait for; p.wg.Done ends it. It
// fails once the phone is closed.
func (p *Phone) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return false
	}
	p.wg.Add(1)
	return true
}

// inBackground runs f on its own goroutine, and lets Close wait for it.
func (p *Phone) inBackground(f func()) {
	if !p.enter() {
		return
	}
	go func() {
		defer p.wg.Done()
		defer func() { _ = recover() }()
		f()
	}()
}

// usable tells why nothing can be sent, nil when it can.
func (p *Phone) usable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case p.ua == nil:
		return ErrNoServer
	}
	return nil
}

// note puts a KindPhone note on the tape.
func (p *Phone) note(key, text string) {
	const most = 4000 // some of it came from the other side
	if len(text) > most {
		text = text[:most] + "..."
	}
	p.tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindPhone, Key: key, Text: text})
}

// noteOnce is note, but at most once per text in the given time (0: ever).
func (p *Phone) noteOnce(key, text string, every time.Duration) {
	now := time.Now()
	id := key + " " + text
	p.mu.Lock()
	last, ok := p.noted[id]
	if ok && (every == 0 || now.Sub(last) < every) {
		p.mu.Unlock()
		return
	}
	if len(p.noted) > 4096 { // a flood of strangers must not fill memory
		clear(p.noted)
	}
	p.noted[id] = now
	p.mu.Unlock()
	p.note(key, text)
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
