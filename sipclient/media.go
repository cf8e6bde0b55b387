package sipclient

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/diago/media"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
)

const (
	frameTime    = 20 * time.Millisecond
	frameSamples = 160 // at 8 kHz
	// openers is how many packets go out at early media, so that a router on our
	// side lets the other side's sound in.
	openers = 3
)

var errNoDescription = errors.New("the answer describes no sound")

// mediaLine is the sound of one call: two sockets of our own, diago's media and
// RTP session on top, and our own counting for RTCP.
//
// What arrives is read by the pumps only. diago's reader never runs: it panics
// on some header extensions and stops at a short datagram (trap 3), and counts
// by the time of reading (trap 17).
type mediaLine struct {
	phone     *Phone
	rtp, rtcp *pump
	source    codec.Source
	id        uint64 // of the o= line
	began     time.Time

	sending sync.Mutex // one frame at a time
	fresh   bool       // the next packet begins a talk spurt
	due     time.Time  // of the frame after the last one; zero before the first

	mu      sync.Mutex
	sess    *media.MediaSession
	session *media.RTPSession
	writer  *media.RTPPacketWriter
	speech  media.Codec
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

// newMediaLine opens the sockets of a call.
func (p *Phone) newMediaLine(callID string) (*mediaLine, error) {
	rtp, rtcp, err := p.listenPair()
	if err != nil {
		return nil, err
	}
	m := &mediaLine{phone: p, rtp: rtp, rtcp: rtcp, source: p.signal(), began: time.Now(), fresh: true, halt: make(chan struct{})}
	m.id = uint64(m.began.Unix())
	m.reports.init()
	m.sess = &media.MediaSession{Codecs: p.codecs()}
	m.sess.InitWithListeners(mediaConn{packetConn{rtp}, m}, packetConn{rtcp}, &net.UDPAddr{})
	m.sess.Laddr = *net.UDPAddrFromAddrPort(rtp.local) // InitWithListeners takes RTCP's
	p.tape.Note(capture.Note{Kind: capture.KindSubject, Key: "media", Text: rtp.local.String()})
	rtp.start(m.onRTP)
	rtcp.start(m.onRTCP)
	return m, nil
}

// listenPair opens an even port for RTP and the next one for RTCP (RFC 3550 11).
func (p *Phone) listenPair() (rtp, rtcp *pump, err error) {
	at := func(port uint16) (*pump, error) { return p.listen(netip.AddrPortFrom(p.Local().Addr(), port)) }
	for range 50 {
		var first, second *pump
		if first, err = at(0); err != nil {
			return nil, nil, err
		}
		port := first.local.Port()
		if port == 65535 {
			_ = first.close()
			continue
		}
		if second, err = at(port ^ 1); err != nil {
			_ = first.close()
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
func (m *mediaLine) sendable() (w *media.RTPPacketWriter, speech media.Codec, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writer == nil || m.remote == nil || m.closed {
		return nil, speech, false
	}
	hears := m.remote.direction == "sendrecv" || m.remote.direction == "recvonly"
	return m.writer, m.speech, hears && !m.held && !m.remote.addr.Addr().IsUnspecified()
}

// talk begins sound and reports; it does so once.
func (m *mediaLine) talk() {
	m.mu.Lock()
	first := !m.talking && !m.halted && !m.closed
	m.talking = m.talking || first
	m.mu.Unlock()
	if first {
		m.phone.inBackground(func() { m.pace(-1) })
		m.phone.inBackground(m.report)
	}
}

// pace sends frames every 20 ms by a fixed schedule until the line stops, or at
// most n of them, which end when talking begins.
func (m *mediaLine) pace(n int) {
	next := m.resume()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ; n != 0; n-- {
		select {
		case <-m.halt:
			return
		case <-m.phone.ctx.Done():
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
func (m *mediaLine) resume() time.Time {
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
func (m *mediaLine) frame(early bool, due time.Time) (goOn bool) {
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
	m.source.Frame(pcm[:])
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

func (m *mediaLine) isTalking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.talking
}

func (m *mediaLine) skip(samples uint32) {
	m.sending.Lock()
	defer m.sending.Unlock()
	if w, _, _ := m.sendable(); w != nil {
		w.DelayTimestamp(samples)
		m.fresh = true
	}
}

// stop ends sending and says goodbye in RTCP. What still arrives is recorded until close.
func (m *mediaLine) stop() {
	m.mu.Lock()
	first := !m.halted
	m.halted = true
	m.mu.Unlock()
	if first {
		close(m.halt)
		m.sendReport(true)
	}
}

// close frees the sockets.
func (m *mediaLine) close() {
	m.stop()
	m.mu.Lock()
	m.closed = true
	session := m.session
	m.session = nil
	m.mu.Unlock()
	if session != nil {
		_ = session.Close()
	}
	_ = m.rtp.close()
	_ = m.rtcp.close()
}

// mediaConn counts what leaves on the RTP socket, for our sender reports.
type mediaConn struct {
	packetConn
	line *mediaLine
}

func (c mediaConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.line.reports.sent(b, time.Now())
	return c.write(b, addrPort(to)), nil
}

func (m *mediaLine) onRTP(data []byte, _ netip.AddrPort, at time.Time) { m.reports.received(data, at) }

func (m *mediaLine) onRTCP(data []byte, _ netip.AddrPort, at time.Time) {
	m.reports.control(data, at)
}
