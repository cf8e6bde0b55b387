// Package media is the sound of the test phone's calls: it describes it (SDP offer
// and answer), sends it in time (RTP) and reports on it (RTCP).
package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/wire"
)

const (
	frameTime    = 20 * time.Millisecond
	frameSamples = 160 // at 8 kHz
	// openers is how many packets go out at early media, so that a router on our
	// side lets the other side's sound in.
	openers = 3
)

var errNoDescription = errors.New("the answer describes no sound")

// Line is the sound of one call: two sockets of our own, diago's media and
// RTP session on top, and our own counting for RTCP.
//
// What arrives is read by the sockets only. diago's reader never runs: it panics
// on some header extensions and stops at a short datagram (trap 3), and counts
// by the time of reading (trap 17).
type Line struct {
	cfg       Config
	rtp, rtcp *wire.Socket
	id        uint64 // of the o= line
	began     time.Time

	sending sync.Mutex // one frame at a time
	fresh   bool       // the next packet begins a talk spurt
	due     time.Time  // of the frame after the last one; zero before the first

	mu      sync.Mutex
	sess    *diago.MediaSession
	session *diago.RTPSession
	writer  *diago.RTPPacketWriter
	speech  diago.Codec
	remote  *description
	plain   string // of remote, to tell a repetition
	version uint64
	held    bool // the other side is on hold by our wish
	opened  bool // early packets are out
	talking bool
	closed  bool
	halted  bool
	halt    chan struct{}

	reports reports
}

// Config is what a line needs of its phone.
type Config struct {
	wire.Tap
	Local  netip.Addr   // of the sockets
	Agent  string       // names us in the s= line
	Source codec.Source // the sound to send; nil sends codec.Probe
	// Codecs lists encoding names in order of preference; empty means PCMA and PCMU.
	Codecs []string
	// Lookup resolves a name in a c= line, best address first.
	Lookup func(host string, port int) []netip.AddrPort
	// Done closes when the phone does.
	Done <-chan struct{}
	// FirstReport and Report are the time until the first RTCP report and between two.
	FirstReport, Report time.Duration
}

// New opens the sockets of a call's sound; nothing is sent yet.
func New(cfg Config) (*Line, error) {
	if cfg.Source == nil {
		cfg.Source = new(codec.Probe)
	}
	rtp, rtcp, err := listenPair(cfg)
	if err != nil {
		return nil, err
	}
	m := &Line{cfg: cfg, rtp: rtp, rtcp: rtcp, began: time.Now(), fresh: true, halt: make(chan struct{})}
	m.id = uint64(m.began.Unix())
	m.reports.init()
	m.sess = &diago.MediaSession{Codecs: codecs(cfg.Codecs)}
	m.sess.InitWithListeners(mediaConn{wire.PacketConn{Socket: rtp}, m}, wire.PacketConn{Socket: rtcp}, &net.UDPAddr{})
	m.sess.Laddr = *net.UDPAddrFromAddrPort(rtp.Local()) // InitWithListeners takes RTCP's
	cfg.Tape.Note(capture.Note{Kind: capture.KindSubject, Key: "media", Text: rtp.Local().String()})
	rtp.Start(m.onRTP)
	rtcp.Start(m.onRTCP)
	return m, nil
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

// sendable gives what is needed to send a frame; ok is false on hold.
func (m *Line) sendable() (w *diago.RTPPacketWriter, speech diago.Codec, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writer == nil || m.remote == nil || m.closed {
		return nil, speech, false
	}
	hears := m.remote.direction == "sendrecv" || m.remote.direction == "recvonly"
	return m.writer, m.speech, hears && !m.held && !m.remote.addr.Addr().IsUnspecified()
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

// pace sends frames every 20 ms by a fixed schedule until the line stops, or at
// most n of them, which end when talking begins.
func (m *Line) pace(n int) {
	next := m.resume()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ; n != 0; n-- {
		select {
		case <-m.halt:
			return
		case <-m.cfg.Done:
			return
		case <-timer.C:
		}
		next = next.Add(frameTime)
		if !m.frame(n > 0, next) {
			return
		}
		if behind := time.Since(next); behind > 10*frameTime { // the computer slept
			skip := behind / frameTime
			next = next.Add(skip * frameTime)
			m.skip(uint32(skip) * frameSamples)
		}
		timer.Reset(time.Until(next))
	}
}

// resume gives the time of the first frame. Between the packets at early media
// and the answer seconds may pass, and they pass in the timestamps, too (RFC 3550
// 5.1): else the other side would take the pause for jitter.
func (m *Line) resume() time.Time {
	now := time.Now()
	m.sending.Lock()
	due := m.due
	m.sending.Unlock()
	if due.IsZero() {
		return now
	}
	if passed := now.Sub(due) / frameTime; passed > 0 {
		m.skip(uint32(passed) * frameSamples)
		due = due.Add(passed * frameTime)
	}
	return due
}

// frame sends the next 20 ms of sound, or lets them pass while on hold. An early
// one is not sent any more once talking has begun: then it says false.
func (m *Line) frame(early bool, due time.Time) (goOn bool) {
	m.sending.Lock()
	defer m.sending.Unlock()
	defer func() { _ = recover() }()
	goOn = true
	w, speech, ok := m.sendable()
	if early && m.isTalking() {
		return false
	}
	m.due = due
	if w == nil {
		return goOn
	}
	var pcm [frameSamples]int16
	m.cfg.Source.Frame(pcm[:])
	if !ok {
		w.DelayTimestamp(frameSamples)
		m.fresh = true
		return goOn
	}
	// The payload type is one that was agreed, always: diago locks up for good on
	// any other (trap 4).
	var payload [frameSamples]byte
	_, _ = w.WriteSamples(encode(speech, pcm[:], payload[:0]), frameSamples, m.fresh, speech.PayloadType)
	m.fresh = false
	return goOn
}

func (m *Line) isTalking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.talking
}

func (m *Line) skip(samples uint32) {
	m.sending.Lock()
	defer m.sending.Unlock()
	if w, _, _ := m.sendable(); w != nil {
		w.DelayTimestamp(samples)
		m.fresh = true
	}
}

// Stop ends sending and says goodbye in RTCP. What still arrives is recorded until close.
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

// Close frees the sockets.
func (m *Line) Close() {
	m.Stop()
	m.mu.Lock()
	m.closed = true
	session := m.session
	m.session = nil
	m.mu.Unlock()
	if session != nil {
		_ = session.Close()
	}
	_ = m.rtp.Close()
	_ = m.rtcp.Close()
}

// mediaConn counts what leaves on the RTP socket, for our sender reports.
type mediaConn struct {
	wire.PacketConn
	line *Line
}

func (c mediaConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.line.reports.sent(b, time.Now())
	return c.Write(b, wire.AddrPort(to)), nil
}

func (m *Line) onRTP(data []byte, _ netip.AddrPort, at time.Time) { m.reports.received(data, at) }

func (m *Line) onRTCP(data []byte, _ netip.AddrPort, at time.Time) {
	m.reports.control(data, at)
}
