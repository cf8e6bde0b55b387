package practice

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// frame is how much sound one packet carries.
const (
	frame        = 20 * time.Millisecond
	frameSamples = clockRate / 50
)

// A burst of losses is a quarter of a second; a spurt of speech with its pause is
// 0.4 s and 0.3 s.
const (
	burstFrames = 13
	spurtFrames = 20
	spurtEvery  = 35
)

// How often reports go out: the first soon, so that practising is quick.
const (
	firstReport = 500 * time.Millisecond
	nextReports = time.Second
)

// sender numbers the packets of one source (RFC 3550 5.1).
type sender struct {
	ssrc    uint32
	seq     uint16
	offset  uint32 // of the timestamps
	packets uint32
	octets  uint32
	strange uint8 // payload type to use where the fault asks for a strange one
	paused  bool  // the next packet begins a talk spurt
	voice   voice

	echoing  bool   // offsets below are known
	heardTS  uint32 // of the first packet that was sent back
	echoedTS uint32
}

func newSender() sender {
	return sender{ssrc: rand.Uint32() | 1, seq: uint16(rand.Uint32()), offset: rand.Uint32()}
}

// packet builds the next one and counts it.
func (s *sender) packet(payloadType uint8, timestamp uint32, payload []byte) []byte {
	p := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: s.packets == 0 || s.paused, PayloadType: payloadType,
			SequenceNumber: s.seq, Timestamp: timestamp, SSRC: s.ssrc,
		},
		Payload: payload,
	}
	s.seq++
	s.paused = false
	s.packets++
	s.octets += uint32(len(payload))
	data, err := p.Marshal()
	if err != nil {
		return nil
	}
	return data
}

// send paces packets by the clock until the call is over.
func (m *media) send() {
	began := time.Now()
	var waiting [][]byte // packets held back to leave in a bunch
	for n := 0; sleepUntil(m.ctx, began.Add(time.Duration(n)*frame)); n++ {
		m.mu.Lock()
		waiting = append(waiting, m.tick(n)...)
		if m.sw.bunches == 0 || n%m.sw.bunches == m.sw.bunches-1 {
			for _, data := range waiting {
				_, _ = m.out.WriteToUDPAddrPort(data, m.remote)
			}
			waiting = nil
		}
		m.mu.Unlock()
	}
}

// tick makes the packets of one frame. The caller holds the lock.
func (m *media) tick(n int) [][]byte {
	elapsed := uint32(n) * frameSamples
	if m.flow == quiet || m.heldThere || !m.remote.IsValid() || time.Now().Before(m.opens) {
		if m.sw.phantomCount && m.reporting {
			m.main.packet(0, 0, make([]byte, frameSamples)) // counted, and lost before it gets anywhere
		}
		return nil
	}
	if m.flow == speech && m.echo {
		return nil // what is heard goes back as it comes
	}
	payloadType := m.codec.PayloadType
	if m.sw.strangeType {
		payloadType = m.main.strange
	}
	if m.sw.spurts && n%spurtEvery >= spurtFrames {
		m.main.paused = true
		return nil
	}
	elapsed += uint32(float64(elapsed) * m.sw.skew)
	if pt, able := m.event(); able {
		if event, at, begins, over := m.typing.next(m.main.offset + elapsed); !over {
			if event == nil {
				m.main.paused = true
				return nil
			}
			m.main.paused = begins
			return [][]byte{m.main.packet(pt, at, event)}
		}
	}
	data := [][]byte{m.main.packet(payloadType, m.main.offset+elapsed, m.sound(&m.main))}
	if m.sw.dropEvery > 0 && n%m.sw.dropEvery == m.sw.dropEvery-1 {
		data = nil
	}
	if m.sw.bursts > 0 && n%m.sw.bursts >= m.sw.bursts-burstFrames {
		data = nil
	}
	if m.sw.twice > 0 && n%m.sw.twice == m.sw.twice-1 {
		data = append(data, data...)
	}
	if m.sw.secondSource {
		data = append(data, m.also.packet(payloadType, m.also.offset+elapsed, m.sound(&m.also)))
	}
	return data
}

// sound is the next frame in the call's format.
func (m *media) sound(s *sender) []byte {
	if m.flow == silent || time.Now().Before(m.speaks) {
		return silence(m.codec.Name)
	}
	name := m.codec.Name
	if m.sw.otherLaw {
		name = map[string]string{"PCMU": "PCMA", "PCMA": "PCMU"}[name]
	}
	data := s.voice.next(name, m.sw.level, m.room.next())
	if m.sw.sealed {
		for i := range data {
			data[i] ^= byte(rand.Uint32())
		}
	}
	return data
}

// sendBack returns a packet of the phone with its own spacing. The caller holds
// the lock.
func (m *media) sendBack(p *rtp.Packet) {
	s := &m.main
	if m.heldThere {
		return
	}
	if !s.echoing {
		s.echoing, s.heardTS = true, p.Timestamp
		s.echoedTS = s.offset + uint32(time.Since(m.began).Seconds()*clockRate)
	}
	data := s.packet(m.codec.PayloadType, s.echoedTS+p.Timestamp-s.heardTS, p.Payload)
	_, _ = m.out.WriteToUDPAddrPort(data, m.remote)
}

// report sends RTCP until the call is over.
func (m *media) report() {
	for at := time.Now().Add(firstReport); sleepUntil(m.ctx, at); at = at.Add(nextReports) {
		m.mu.Lock()
		if m.reporting && m.remoteRTCP.IsValid() && m.remoteRTCP.Port() != 0 {
			if data, err := rtcp.Marshal(m.reports(time.Now())); err == nil {
				m.sendReport(data, m.remoteRTCP)
			}
		}
		m.mu.Unlock()
	}
}

// sendReport sends a report, or has it on a long way first.
func (m *media) sendReport(data []byte, to netip.AddrPort) {
	if m.sw.delay == 0 {
		_, _ = m.rtcp.WriteToUDPAddrPort(data, to)
		return
	}
	m.pbx.spawn(func() {
		if sleepUntil(m.ctx, time.Now().Add(m.sw.delay)) {
			_, _ = m.rtcp.WriteToUDPAddrPort(data, to)
		}
	})
}

// reports is one compound packet (RFC 3550 6.1): a sender report once something
// was sent, a receiver report before, and our name.
func (m *media) reports(now time.Time) []rtcp.Packet {
	var blocks []rtcp.ReceptionReport
	if b, ok := m.heard.block(now, m.sw.reportLoss); ok && !m.sw.noBlocks {
		blocks = append(blocks, b)
	}
	name := &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: m.main.ssrc,
		Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "practice@practice.invalid"}},
	}}}
	if m.main.packets == 0 && !m.sw.zeroCount {
		return []rtcp.Packet{&rtcp.ReceiverReport{SSRC: m.main.ssrc, Reports: blocks}, name}
	}
	return []rtcp.Packet{&rtcp.SenderReport{
		SSRC: m.main.ssrc, NTPTime: ntp(now),
		RTPTime:     m.main.offset + uint32(now.Sub(m.began).Seconds()*clockRate),
		PacketCount: m.main.packets, OctetCount: m.main.octets, Reports: blocks,
	}, name}
}

// sleepUntil waits and tells whether ctx is still alive.
func sleepUntil(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
