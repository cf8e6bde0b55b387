package media

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// maxSources is how many sources are counted at a time; more is an attack.
const maxSources = 16

// reports counts one line's RTP in both directions for RTCP (RFC 3550 6.4, A.1,
// A.3, A.8). The stack's own counting is of no use (trap 17).
type reports struct {
	mu      sync.Mutex
	ssrc    uint32
	cname   string
	packets uint32
	octets  uint32
	lastTS  uint32    // RTP timestamp of the last packet sent
	lastAt  time.Time // and when
	sources map[uint32]*source
	senders map[uint32]senderTime

	mine      [1024]stamp // packets of ours, by sequence number
	conflicts map[netip.AddrPort]time.Time
	beat      beat
}

// senderTime is when the last sender report of a source came. It may come before
// the source's first packet.
type senderTime struct {
	middle uint32 // the middle 32 bits of its NTP time
	at     time.Time
}

// source is one RTP source that we receive.
type source struct {
	base, highest uint32 // extended sequence numbers
	received      uint32
	expectedPrior uint32
	receivedPrior uint32
	transit       int64
	jitter        float64 // in timestamp units
	last          time.Time
}

func (r *reports) init(ssrc uint32) {
	name := make([]byte, 12) // RFC 7022 4.2: nobody learns from it who we are
	_, _ = rand.Read(name)
	r.ssrc, r.cname = ssrc, hex.EncodeToString(name)
	r.sources = map[uint32]*source{}
	r.senders = map[uint32]senderTime{}
	r.conflicts = map[netip.AddrPort]time.Time{}
}

// sent counts a packet that leaves, with so many bytes of sound. The timestamp of an
// event stands still, so only its first packet tells the time.
func (r *reports) sent(h rtp.Header, octets int, event bool, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets++
	r.octets += uint32(octets)
	if !event || h.Marker {
		r.lastTS, r.lastAt = h.Timestamp, at
	}
	r.mine[h.SequenceNumber%uint16(len(r.mine))] = stamp{h.SequenceNumber, h.Timestamp, true}
	r.beat.sent()
}

// received counts a packet that arrived; what is no RTP is left alone. It tells whether
// another source uses our number.
func (r *reports) received(b []byte, from netip.AddrPort, at time.Time) (collided bool) {
	var h rtp.Header
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	if _, err := h.Unmarshal(b); err != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.SSRC == r.ssrc && !r.returned(h) && r.conflict(from, at) {
		return true
	}
	s := r.sources[h.SSRC]
	if s == nil {
		if len(r.sources) >= maxSources {
			r.forget(at)
		}
		if len(r.sources) >= maxSources {
			return false
		}
		seq := uint32(h.SequenceNumber)
		s = &source{base: seq, highest: seq, transit: transit(at, h.Timestamp)}
		r.sources[h.SSRC] = s
	}
	s.last = at
	s.received++
	ahead := h.SequenceNumber - uint16(s.highest)
	switch {
	case ahead < 1<<15:
		s.highest += uint32(ahead)
	case s.received < 3 && int64(s.highest)-int64(-ahead) < int64(s.base):
		s.base = s.highest - uint32(-ahead) // the first packets came in disorder
	}
	d := transit(at, h.Timestamp) - s.transit
	s.transit += d
	d = int64(int32(d)) // timestamps wrap
	if d < 0 {
		d = -d
	}
	s.jitter += (float64(d) - s.jitter) / 16
	return false
}

// transit is arrival minus timestamp, in units of 1/8000 s.
func transit(at time.Time, ts uint32) int64 {
	return at.UnixMicro()*8/1000 - int64(ts)
}

// forget drops sources that are silent for long.
func (r *reports) forget(now time.Time) {
	for id, s := range r.sources {
		if now.Sub(s.last) > 30*time.Second {
			delete(r.sources, id)
		}
	}
}

// control takes RTCP of the other side: its sender reports' times come back in ours. It
// tells whether another source uses our number.
func (r *reports) control(b []byte, from netip.AddrPort, at time.Time) (collided bool) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.beat.measure(len(b))
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if len(r.senders) > 4*maxSources {
				clear(r.senders)
			}
			r.senders[p.SSRC] = senderTime{uint32(p.NTPTime >> 16), at}
		case *rtcp.SourceDescription:
			for _, c := range p.Chunks {
				for _, item := range c.Items {
					if c.Source == r.ssrc && item.Type == rtcp.SDESCNAME && item.Text != r.cname && r.conflict(from, at) {
						collided = true
					}
				}
			}
		}
	}
	return collided
}

// compound builds the next report: SR when we sent lately (RFC 3550 6.4), else RR, with our name, and
// BYE at the end. It is nil when there is nothing to say.
func (r *reports) compound(now time.Time, bye bool) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.packets == 0 && len(r.sources) == 0 {
		return nil
	}
	var blocks []rtcp.ReceptionReport
	for id, s := range r.sources {
		if now.Sub(s.last) < 30*time.Second {
			b := s.block(id)
			if sr, ok := r.senders[id]; ok {
				b.LastSenderReport = sr.middle
				b.Delay = uint32(now.Sub(sr.at).Microseconds() * 65536 / 1e6)
			}
			blocks = append(blocks, b)
		}
	}
	var list []rtcp.Packet
	if r.packets > 0 && r.beat.sending() {
		list = append(list, &rtcp.SenderReport{
			SSRC: r.ssrc, NTPTime: ntp(now), RTPTime: r.lastTS + uint32(now.Sub(r.lastAt).Microseconds()*8/1000),
			PacketCount: r.packets, OctetCount: r.octets, Reports: blocks,
		})
	} else {
		list = append(list, &rtcp.ReceiverReport{SSRC: r.ssrc, Reports: blocks})
	}
	list = append(list, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: r.ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: r.cname}},
	}}})
	if bye {
		list = append(list, &rtcp.Goodbye{Sources: []uint32{r.ssrc}})
	}
	b, err := rtcp.Marshal(list)
	if err != nil {
		return nil
	}
	r.beat.reported(len(b))
	return b
}

// block is the reception report of one source since the last one (RFC 3550 A.3).
func (s *source) block(id uint32) rtcp.ReceptionReport {
	expected := s.highest - s.base + 1
	lost := min(max(int64(expected)-int64(s.received), -1<<23), 1<<23-1)
	b := rtcp.ReceptionReport{SSRC: id, TotalLost: uint32(lost) & 0xffffff, LastSequenceNumber: s.highest, Jitter: uint32(s.jitter)}
	due, got := int64(expected-s.expectedPrior), int64(s.received-s.receivedPrior)
	s.expectedPrior, s.receivedPrior = expected, s.received
	if due > 0 && due > got {
		b.FractionLost = uint8(min((due-got)<<8/due, 255))
	}
	return b
}

// ntp gives a time in NTP's 64-bit form (RFC 3550 4).
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// report sends RTCP until the line stops.
func (m *Line) report() {
	timer := time.NewTimer(m.reports.next(time.Now(), m.cfg.FirstReport, true))
	defer timer.Stop()
	for {
		select {
		case <-m.halt:
			return
		case <-m.cfg.Done:
			return
		case <-timer.C:
		}
		m.sendReport(false)
		timer.Reset(m.reports.next(time.Now(), m.cfg.Report, false))
	}
}

// sendReport sends one compound report. It goes through our socket and not
// through diago's session, whose RTCP ends at the first re-INVITE (trap 6).
func (m *Line) sendReport(bye bool) {
	m.mu.Lock()
	remote, closed, guard := m.remote, m.closed, m.guard
	m.mu.Unlock()
	if remote == nil || closed || remote.off || !remote.rtcp.IsValid() || remote.rtcp.Addr().IsUnspecified() {
		return
	}
	b := m.reports.compound(time.Now(), bye)
	if b == nil {
		return
	}
	b, err := guard.sealRTCP(b)
	switch {
	case err != nil:
	case remote.mux:
		m.rtp.Write(b, remote.addr)
	default:
		m.rtcp.Write(b, remote.rtcp)
	}
}
