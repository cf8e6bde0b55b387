package media

import (
	"math/rand/v2"
	"net/netip"
	"time"

	diago "github.com/emiago/diago/media"
	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// output is what one line sends: diago's packet writer, which counts sequence numbers
// and timestamps, and our way to the socket under it. Line.sending guards it.
type output struct {
	line    *Line
	writer  *diago.RTPPacketWriter
	begun   bool
	offset  uint16    // from diago's sequence numbers to ours
	fresh   bool      // the next packet begins a talk spurt
	due     time.Time // of the frame after the last one; zero before the first
	speech  string    // the codec that encoder is for
	encoder encoder
	now     flow   // where the packet that is being written goes
	typing  *typed // digits on their way; nil without
	pcm     []int16
	wide    bool // pcm has 16,000 samples per second
	payload []byte
}

// flow is what it takes to send a packet.
type flow struct {
	to     netip.AddrPort
	guard  *guard
	speech diago.Codec
	event  diago.Codec
	ptime  time.Duration
	agreed bool // there is a description of the other side
	heard  bool // it listens, and we may talk
}

// samples is how far a packet moves the timestamp.
func (f flow) samples() uint32 { return uint32(f.ptime.Milliseconds() * clockRate / 1000) }

func (o *output) init(m *Line) {
	o.line, o.fresh = m, true
	o.writer = diago.NewRTPPacketWriter(o, diago.CodecAudioAlaw)
	o.writer.ClockDisable()                // the schedule is ours
	o.writer.DelayTimestamp(rand.Uint32()) // RFC 3550 5.1: diago begins at zero
}

// flow gives what counts for the next packet.
func (m *Line) flow() flow {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.remote == nil || m.closed {
		return flow{ptime: usualTime}
	}
	hears := m.remote.direction == "sendrecv" || m.remote.direction == "recvonly"
	return flow{
		to: m.remote.addr, guard: m.guard, speech: m.speech, event: m.event, ptime: m.remote.ptime, agreed: true,
		heard: hears && !m.held && !m.remote.off && m.remote.addr.IsValid() && !m.remote.addr.Addr().IsUnspecified(),
	}
}

// frame sends the next piece of sound, or lets it pass while on hold, and tells how long
// it is. An early one is not sent any more once talking has begun: then goOn is false.
func (m *Line) frame(early bool, at time.Time) (step time.Duration, goOn bool) {
	m.sending.Lock()
	defer m.sending.Unlock()
	step, goOn = usualTime, true
	defer func() { _ = recover() }()
	o := &m.out
	f := m.flow()
	step = f.ptime
	if early && m.isTalking() {
		return step, false
	}
	o.due = at.Add(step)
	if !f.agreed {
		return step, true
	}
	o.now = f
	if o.typing != nil && o.typing.frame(o, f) {
		return step, true
	}
	o.fill(f, m.voice())
	o.send(f)
	return step, true
}

// fill takes the next piece of sound, at the rate of the codec where the source has it.
func (o *output) fill(f flow, voice codec.Source) {
	n := int(f.samples())
	wide, ok := voice.(WideSource)
	if o.wide = ok && f.speech.Name == codecG722.Name; o.wide {
		n *= 2
	}
	if cap(o.pcm) < n {
		o.pcm = make([]int16, n)
	}
	o.pcm = o.pcm[:n]
	if o.wide {
		wide.FrameWide(o.pcm)
		return
	}
	voice.Frame(o.pcm)
}

// send encodes and sends the sound in o.pcm.
func (o *output) send(f flow) {
	if !f.heard {
		o.skip(f.samples())
		return
	}
	if o.encoder == nil || o.speech != f.speech.Name {
		o.speech, o.encoder = f.speech.Name, newEncoder(f.speech.Name)
	}
	if g, ok := o.encoder.(*g722Encoder); ok && o.wide {
		o.payload = g.codec.Encode(o.payload[:0], o.pcm)
	} else {
		o.payload = o.encoder.encode(o.payload[:0], o.pcm)
	}
	_, _ = o.writer.WriteSamples(o.payload, f.samples(), o.fresh, f.speech.PayloadType)
	o.fresh = false
}

// skip lets time pass in the timestamps without a packet (RFC 3550 5.1).
func (o *output) skip(samples uint32) {
	if o.typing != nil && o.typing.passed > 0 {
		o.typing.passed += samples // the timestamp stands still during an event
		return
	}
	o.writer.DelayTimestamp(samples)
	o.fresh = true
}

// WriteRTP takes a packet from diago's writer, encrypts it where that was agreed, and
// sends it.
func (o *output) WriteRTP(p *rtp.Packet) error {
	if !o.begun {
		// A first number in the lower half keeps both sides' rollover counters the same
		// when the first packets are lost (RFC 3711 3.3.1).
		o.begun, o.offset = true, p.SequenceNumber&0x8000
	}
	p.SequenceNumber += o.offset
	packet, err := p.Marshal()
	if err != nil {
		return err
	}
	event := o.now.event.Name != "" && p.PayloadType == o.now.event.PayloadType
	o.line.reports.sent(p.Header, len(p.Payload), event, time.Now())
	if packet, err = o.now.guard.sealRTP(packet); err != nil {
		return err
	}
	o.line.rtp.Write(packet, o.now.to)
	return nil
}

// collide answers another source that uses our number: goodbye under the old one, and
// on under a new one (RFC 3550 8.2).
func (m *Line) collide() {
	m.sendReport(true)
	m.sending.Lock()
	defer m.sending.Unlock()
	m.out.writer.SSRC = rand.Uint32()
	m.out.fresh = true
	m.reports.renumber(m.out.writer.SSRC)
}
