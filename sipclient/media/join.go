package media

import (
	"time"

	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// WideSource is a sound that can also be had at 16,000 samples per second, which G.722
// sends (RFC 3551 4.5.2).
type WideSource interface {
	codec.Source
	// FrameWide is Frame at the higher rate; each piece of time is asked for once, at
	// one of the two rates.
	FrameWide(dst []int16)
}

// Slipping is a sound whose device has a beat of its own: packets may leave that much later
// from now on, so that they leave right after it gave something. A millisecond for each
// packet is no unevenness.
type Slipping interface {
	codec.Source
	Slip() time.Duration
}

// Heard is one packet of sound as it came, in the clear.
type Heard struct {
	Codec     string // encoding name, "" for a payload type that was not agreed
	SSRC      uint32
	Sequence  uint16
	Timestamp uint32 // in steps of 1/8000 s
	Marker    bool
	At        time.Time // of arrival
	Payload   []byte    // only to be read, and not after the function has returned
}

// joined is what a line talks and listens with in place of its test sound.
type joined struct {
	voice codec.Source
	ear   func(Heard)
}

// Join lets a call's sound come from a voice (nil: the test sound again), and go to an
// ear (nil: nobody). It may be called at any time. The ear is called from the
// socket's goroutine for each packet of sound and must not block.
func (m *Line) Join(voice codec.Source, ear func(Heard)) {
	m.joined.Store(&joined{voice, ear})
}

// voice is the sound to send.
func (m *Line) voice() codec.Source {
	if j := m.joined.Load(); j != nil && j.voice != nil {
		return j.voice
	}
	return m.cfg.Source
}

// slip is by how much the packets that follow leave later.
func (m *Line) slip() time.Duration {
	if s, ok := m.voice().(Slipping); ok {
		return max(0, min(s.Slip(), time.Millisecond))
	}
	return 0
}

// hear hands a packet to whoever listens.
func (m *Line) hear(packet []byte, at time.Time) {
	j := m.joined.Load()
	if j == nil || j.ear == nil {
		return
	}
	var p rtp.Packet
	if err := p.Unmarshal(packet); err != nil {
		return
	}
	h := Heard{SSRC: p.SSRC, Sequence: p.SequenceNumber, Timestamp: p.Timestamp, Marker: p.Marker, At: at, Payload: p.Payload}
	h.Codec = m.codecOf(p.PayloadType)
	j.ear(h)
}

// codecOf names the codec of a payload type: what was agreed, else what the number
// always means, for sound may come before its description does (RFC 3551 6).
func (m *Line) codecOf(payloadType uint8) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.remote != nil {
		for _, c := range m.remote.codecs {
			if c.PayloadType == payloadType {
				return c.Name
			}
		}
	}
	for _, c := range known {
		if c.PayloadType == payloadType {
			return c.Name
		}
	}
	return ""
}
