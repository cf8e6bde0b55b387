package sipclient

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
)

// hearing listens for the call's own test sound in what comes back: it proves both
// directions by sound, and finds echo that nobody asked for.
//
// Neither the socket's goroutine nor the one that sends waits for it: a goroutine of its
// own does the listening.
type hearing struct {
	queue chan heardPacket

	sending sync.Mutex // guards what follows, never for long
	probe   *codec.Probe
	sent    int64     // samples of it that were given, those of the last packet left out
	given   time.Time // when that packet was

	mu       sync.Mutex // guards what follows, while it listens
	packets  []heardPacket
	listener *codec.Listener
	ssrc     uint32
	next     uint32 // timestamp that is due
	begun    bool
	decoder  codec.Decoder
	name     string
	narrow   *codec.Resampler // of what is wide-band
	pcm, low []int16
}

// heardPacket is a packet with a payload of its own.
type heardPacket struct {
	media.Heard
	sent int64 // how much of the test sound was out when it came
}

// reorder is how many packets wait for a late one.
const reorder = 4

// longPause is the longest time without sound that still belongs to the same timeline.
const longPause = 10 * time.Second

// Frame implements codec.Source: the probe, and a note of how much of it is out.
func (h *hearing) Frame(dst []int16) {
	h.sending.Lock()
	defer h.sending.Unlock()
	h.sent = h.probe.Sent() // all of a packet's samples leave at once: it begins now
	h.probe.Frame(dst)
	h.given = time.Now()
}

// sentAt is how much of the probe was out at a moment.
func (h *hearing) sentAt(at time.Time) int64 {
	h.sending.Lock()
	defer h.sending.Unlock()
	if h.given.IsZero() {
		return 0
	}
	return h.sent + int64(max(-20*time.Millisecond, min(at.Sub(h.given), 20*time.Millisecond)).Seconds()*codec.SampleRate)
}

// hear takes a packet as it comes, in the socket's goroutine. When nobody gets round to
// the queue it is lost to the listening, and to nothing else.
func (h *hearing) hear(p media.Heard) {
	if p.Codec == "" || p.Codec == "CN" || p.Codec == "telephone-event" {
		return
	}
	p.Payload = append([]byte(nil), p.Payload...)
	select {
	case h.queue <- heardPacket{p, h.sentAt(p.At)}:
	default:
	}
}

// run listens until the call is over.
func (h *hearing) run(over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case p := <-h.queue:
			h.mu.Lock()
			h.line(p)
			h.mu.Unlock()
		}
	}
}

// line puts a packet in its place and listens to those that are due.
func (h *hearing) line(p heardPacket) {
	if !h.begun || p.SSRC != h.ssrc || p.Codec != h.name || time.Duration(int32(p.Timestamp-h.next))*time.Second/8000 > longPause {
		if !h.begin(p) {
			return
		}
	}
	if int32(p.Timestamp-h.next) < 0 {
		return // too late, or there already
	}
	at := len(h.packets)
	for at > 0 && int32(h.packets[at-1].Timestamp-p.Timestamp) > 0 {
		at--
	}
	h.packets = slices.Insert(h.packets, at, p)
	for len(h.packets) > 0 && (h.packets[0].Timestamp == h.next || len(h.packets) > reorder) {
		h.take()
	}
}

// begin starts a timeline with a packet, at what had been sent when it came.
func (h *hearing) begin(p heardPacket) bool {
	decoder, rate, ok := codec.NewDecoder(p.Codec)
	if !ok {
		return false
	}
	h.narrow = nil
	if rate != codec.SampleRate {
		r, err := codec.NewResampler(rate, codec.SampleRate)
		if err != nil {
			return false
		}
		h.narrow = r
	}
	h.begun, h.ssrc, h.name, h.decoder, h.next, h.packets = true, p.SSRC, p.Codec, decoder, p.Timestamp, nil
	h.listener = codec.NewListener(h.probe.Seed(), max(0, p.sent))
	return true
}

// take listens to the first packet that waits.
func (h *hearing) take() {
	p := h.packets[0]
	h.packets = h.packets[1:]
	if gap := int32(p.Timestamp - h.next); gap > 0 {
		h.listener.Miss(int(gap))
	}
	h.pcm = h.decoder.Decode(h.pcm[:0], p.Payload)
	sound := h.pcm
	if h.narrow != nil {
		h.low = h.narrow.Resample(h.low[:0], h.pcm)
		sound = h.low
	}
	h.listener.Hear(sound)
	h.next = p.Timestamp + uint32(len(p.Payload)) // one byte each 1/8000 s in every codec here
}

// heard gives what was found so far; ok is false where no sound came at all.
func (h *hearing) heard() (codec.Heard, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.packets) > 0 {
		h.take()
	}
	if h.listener == nil {
		return codec.Heard{}, false
	}
	return h.listener.Heard(), true
}

// ListenForEcho lets the call send a test sound that is known, and listen for it in what
// comes back. It does nothing while the call has no sound yet.
func (c *Call) ListenForEcho() {
	h := &hearing{probe: codec.NewProbe(rand.Uint64()), queue: make(chan heardPacket, 256)}
	c.mu.Lock()
	m := c.media
	if m == nil || c.hearing != nil {
		c.mu.Unlock()
		return
	}
	c.hearing = h
	c.mu.Unlock()
	c.phone.inBackground(func() { h.run(c.over) })
	m.Join(h, h.hear)
}

// echoService is from which level on what returns was sent back on purpose: an echo by
// accident is much weaker (dB against what was sent).
const echoService = -8.0

// NoteHeard puts onto the tape what came back of the known test sound, as far as it is
// known. asked tells that an echo service was called; one that answers at full level is
// recognised anyway.
func (c *Call) NoteHeard(asked bool) {
	c.mu.Lock()
	h := c.hearing
	c.mu.Unlock()
	if h == nil {
		return
	}
	heard, ok := h.heard()
	if !ok {
		return // no sound came in: other notes say so
	}
	asked = asked || heard.Found && heard.Return.Gain > echoService
	if asked {
		c.phone.tape.Note(capture.ReturnNote(heard))
	}
	for _, n := range capture.EchoNotes(codec.EchoTest{Line: heard, Asked: asked}.Judge()) {
		if n.Key == capture.SoundEcho {
			c.phone.tape.Note(n)
		}
	}
}

// restart forgets what was heard: the test sound was away for a while.
func (h *hearing) restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun, h.packets = false, nil
}
