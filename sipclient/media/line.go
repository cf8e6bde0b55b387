// Package media is the sound of the test phone's calls: it describes it (SDP offer
// and answer), sends it in time (RTP, also encrypted), sends digits, and reports on
// what comes (RTCP).
package media

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/wire"
)

// What an account can ask for about encrypted sound (SRTP with keys by SDES, RFC 4568).
const (
	// AsOffered offers plain sound and takes encrypted sound where it is offered.
	AsOffered = ""
	// Plain never encrypts.
	Plain = "none"
	// Optional gives keys beside an offer of plain sound, and takes either.
	Optional = "optional"
	// Encrypted takes encrypted sound only (RTP/SAVP).
	Encrypted = "srtp"
)

// ParseEncryption reads an account's word: one of the above, in any case; "sdes" is
// another word for Encrypted.
func ParseEncryption(word string) (string, error) {
	switch word = strings.ToLower(word); word {
	case AsOffered, Plain, Optional, Encrypted:
		return word, nil
	case "sdes":
		return Encrypted, nil
	}
	return "", fmt.Errorf("encryption %q is none of \"none\", \"optional\" and \"srtp\": choose one of them", word)
}

// Config is what a line needs of its phone.
type Config struct {
	wire.Tap
	Local  netip.Addr   // of the sockets
	Agent  string       // names us in the s= line
	Source codec.Source // the sound to send; nil sends a codec.Probe of its own
	// Codecs lists encoding names in order of preference; empty means PCMA and PCMU.
	Codecs []string
	// Encryption is AsOffered, Plain, Optional or Encrypted.
	Encryption string
	// Lookup resolves a name in a c= line, best address first.
	Lookup func(host string, port int) []netip.AddrPort
	// Done closes when the phone does.
	Done <-chan struct{}
	// FirstReport and Report are the shortest interval of RFC 3550 6.2 before the first
	// RTCP report and between two, before chance changes them.
	FirstReport, Report time.Duration
}

// Line is the sound of one call: two sockets of our own, and diago's packet writer on
// top. All methods are safe for concurrent use.
//
// What arrives is read by the sockets only. diago's reader never runs: it panics
// on some header extensions and stops at a short datagram (trap 3), and counts
// by the time of reading (trap 17).
type Line struct {
	cfg       Config
	rtp, rtcp *wire.Socket
	id        uint64 // of the o= line
	allowed   []diago.Codec
	began     time.Time

	sending sync.Mutex // one frame at a time
	out     output

	mu      sync.Mutex
	remote  *description
	speech  diago.Codec // what we send
	event   diago.Codec // digits; its name is "" when not agreed
	guard   *guard      // nil while plain
	offered []crypto    // the keys of our offers
	sealed  bool        // our last offer had encrypted sound only
	mixed   bool        // our last offer had keys beside plain sound
	place   int         // of the sound among the m= lines, -1 before the first description
	others  []string    // the lines around it, refused
	last    string      // our last description
	version uint64
	held    bool // the other side is on hold by our wish
	opened  bool // early packets are out
	talking bool
	closed  bool
	halted  bool
	halt    chan struct{}
	typists chan struct{} // held by whoever sends digits
	asked   map[wire.STUNID]chan<- wire.STUNAnswer

	reports reports
	joined  atomic.Pointer[joined] // nil: test sound out, nobody listens
}

// New opens the sockets of a call's sound; nothing is sent yet.
func New(cfg Config) (*Line, error) {
	rtp, rtcp, err := listenPair(cfg)
	if err != nil {
		return nil, err
	}
	m := newLine(cfg, rtp, rtcp)
	cfg.Tape.Note(capture.Note{Kind: capture.KindSubject, Key: "media", Text: rtp.Local().String()})
	rtp.Start(m.onRTP)
	rtcp.Start(m.onRTCP)
	return m, nil
}

func newLine(cfg Config, rtp, rtcp *wire.Socket) *Line {
	if cfg.Source == nil {
		cfg.Source = codec.NewProbe(rand.Uint64())
	}
	m := &Line{cfg: cfg, rtp: rtp, rtcp: rtcp, allowed: codecs(cfg.Codecs), began: time.Now(), place: -1, halt: make(chan struct{}), typists: make(chan struct{}, 1)}
	m.id = uint64(m.began.Unix())
	m.out.init(m)
	m.reports.init(m.out.writer.SSRC)
	return m
}

// Local is the address of the RTP socket.
func (m *Line) Local() netip.AddrPort { return m.rtp.Local() }

// listenPair opens an even port for RTP and the next one for RTCP (RFC 3550 11).
func listenPair(cfg Config) (rtp, rtcp *wire.Socket, err error) {
	at := func(port uint16) (*wire.Socket, error) { return cfg.Listen(netip.AddrPortFrom(cfg.Local, port)) }
	for range 50 {
		var first, second *wire.Socket
		if first, err = at(0); err != nil {
			return nil, nil, err
		}
		port := first.Local().Port()
		if port == 65535 {
			_ = first.Close()
			continue
		}
		if second, err = at(port ^ 1); err != nil {
			_ = first.Close()
			continue
		}
		if port%2 == 1 {
			first, second = second, first
		}
		return first, second, nil
	}
	return nil, nil, fmt.Errorf("no pair of free ports: %w", err)
}

// SetHeld notes whether we hold the other side, and tells whether we did. Our next
// description says so.
func (m *Line) SetHeld(hold bool) (was bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, m.held = m.held, hold
	return was
}

// Talk begins sound and reports; it does so once.
func (m *Line) Talk() {
	m.mu.Lock()
	first := !m.talking && !m.halted && !m.closed
	m.talking = m.talking || first
	m.mu.Unlock()
	if first {
		m.cfg.Go(func() { m.pace(-1) })
		m.cfg.Go(m.report)
	}
}

func (m *Line) isTalking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.talking
}

// Stop ends sending and says goodbye in RTCP. What still arrives is recorded until Close.
func (m *Line) Stop() {
	m.mu.Lock()
	first := !m.halted
	m.halted = true
	m.mu.Unlock()
	if first {
		close(m.halt)
		m.sendReport(true)
	}
}

// stopped tells whether sending is over.
func (m *Line) stopped() bool {
	select {
	case <-m.halt:
		return true
	case <-m.cfg.Done:
		return true
	default:
		return false
	}
}

// Close frees the sockets.
func (m *Line) Close() {
	m.Stop()
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	_ = m.rtp.Close()
	_ = m.rtcp.Close()
}

// onRTP counts what comes to the RTP port. Reports come there, too, when both sides
// share it (RFC 5761 4), and from some that never asked; answers of STUN servers are
// no sound.
func (m *Line) onRTP(data []byte, from netip.AddrPort, at time.Time) {
	if wire.IsSTUN(data) {
		m.onSTUN(data)
		return
	}
	if len(data) > 1 && data[0]>>6 == 2 && data[1] >= 192 && data[1] <= 223 {
		m.onRTCP(data, from, at)
		return
	}
	plain, err := m.key().openRTP(data)
	if err != nil {
		return // not from whom we agreed keys with: as if it had not come (RFC 3711 3.3)
	}
	m.hear(plain, at)
	if m.reports.received(data, from, at) {
		m.collide()
	}
}

func (m *Line) onRTCP(data []byte, from netip.AddrPort, at time.Time) {
	plain, err := m.key().openRTCP(data)
	if err != nil {
		return
	}
	if m.reports.control(plain, from, at) {
		m.collide()
	}
}

func (m *Line) key() *guard {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.guard
}
