package lab

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// TestArithmetic gives our fold and tshark the same made-up streams, with what a
// call of some seconds cannot be relied on to show: loss, jitter, packets that
// overtake and repeat each other, numbers that wrap, and a sender that paused.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		made  func(*maker)
		check func(*testing.T, *evidence.Stream)
	}{
		{"calm", func(m *maker) { m.send(200, 0) }, nil},
		{"jitter", func(m *maker) { m.send(400, 90) }, func(t *testing.T, s *evidence.Stream) {
			require.Greater(t, s.MaxJitter, 20*time.Millisecond)
		}},
		{"loss and both numbers wrap", func(m *maker) {
			m.seq, m.ts = 65_500, 1<<32-8000
			for range 20 {
				m.send(10, 5)
				m.lose(1 + m.rand.IntN(3))
			}
			m.send(1, 0)
		}, func(t *testing.T, s *evidence.Stream) { require.Greater(t, s.Lost, uint64(19)) }},
		{"a gap", func(m *maker) { m.send(100, 2); m.late(700 * time.Millisecond); m.send(100, 2) }, func(t *testing.T, s *evidence.Stream) {
			require.InDelta(t, 0.72, s.LongestGap.Seconds(), 0.005)
		}},
		// As under overload: the schedule is given up, the next packet has the marker,
		// and its place in time is not what the clock says.
		{"a pause that the marker tells", func(m *maker) {
			m.send(60, 90)
			m.late(450 * time.Millisecond)
			m.marker = true
			m.send(60, 90)
		}, nil},
		{"overtaken", func(m *maker) {
			for range 20 {
				m.send(8, 4)
				m.swap()
			}
			m.send(1, 0) // tshark counts up to the number that came last
		}, func(t *testing.T, s *evidence.Stream) { require.EqualValues(t, 20, s.Reordered) }},
		{"repeated", func(m *maker) {
			for range 10 {
				m.send(9, 4)
				m.again()
			}
		}, func(t *testing.T, s *evidence.Stream) { require.EqualValues(t, 10, s.Duplicate) }},
		// The sound goes on where its sender likes: here as if no time had passed.
		{"keys", func(m *maker) {
			m.send(60, 20)
			for range 4 {
				m.key(8)
				m.late(160 * time.Millisecond)
				m.send(40, 20)
			}
		}, func(t *testing.T, s *evidence.Stream) {
			require.EqualValues(t, 32, s.Events)
			require.Less(t, s.MaxJitter, 15*time.Millisecond)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &maker{t: t, rand: rand.New(rand.NewPCG(3550, 8)), at: time.Unix(1_763_683_200, 0), seq: 100, ts: 16_000, marker: true}
			tt.made(m)
			var tape capture.Tape
			for _, p := range m.sent {
				tape.Packet(p)
			}
			file := filepath.Join(t.TempDir(), "made.pcapng")
			f, err := os.Create(file)
			require.NoError(t, err)
			_, err = tape.WriteTo(f)
			require.NoError(t, err)
			require.NoError(t, f.Close())

			var b evidence.Builder
			for _, r := range tape.From(0) {
				b.Add(r)
			}
			e := b.Evidence()
			require.Len(t, e.Streams, 1)
			requireSameStreams(t, tt.name, e.Streams, Tshark(t, file))
			if tt.check != nil {
				tt.check(t, e.Streams[0])
			}
		})
	}
}

// maker makes the packets of one G.711 stream.
type maker struct {
	t      *testing.T
	rand   *rand.Rand
	at     time.Time // when the next packet is due
	last   time.Time // when the last one came
	seq    uint16
	ts     uint32
	marker bool // of the next packet
	sent   []capture.Packet
}

// send adds n packets, each up to so many milliseconds late and none before the
// one ahead of it.
func (m *maker) send(n, late int) {
	for range n {
		m.put(time.Duration(m.rand.Float64() * float64(late) * float64(time.Millisecond)))
	}
}

func (m *maker) put(late time.Duration) {
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, Marker: m.marker, PayloadType: 8, SequenceNumber: m.seq, Timestamp: m.ts, SSRC: 0x5EED},
		Payload: make([]byte, 160),
	}
	data, err := p.Marshal()
	require.NoError(m.t, err)
	at := m.at.Add(late)
	if at.Before(m.last) {
		at = m.last
	}
	m.sent = append(m.sent, capture.Packet{
		Time: at, Net: capture.UDP, Data: data,
		Src: netip.MustParseAddrPort("192.0.2.1:4000"), Dst: netip.MustParseAddrPort("192.0.2.2:4002"),
	})
	m.last, m.marker = at, false
	m.lose(1)
}

// key presses a key: n packets with one timestamp (RFC 4733), behind which the sound
// goes on as if no time had passed.
func (m *maker) key(n int) {
	for i := range n {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: i == 0, PayloadType: 101, SequenceNumber: m.seq, Timestamp: m.ts, SSRC: 0x5EED},
			Payload: []byte{5, 10, byte((i + 1) * 160 >> 8), byte((i + 1) * 160)},
		}
		data, err := p.Marshal()
		require.NoError(m.t, err)
		at := m.at.Add(time.Duration(i) * 20 * time.Millisecond)
		m.sent = append(m.sent, capture.Packet{
			Time: at, Net: capture.UDP, Data: data,
			Src: netip.MustParseAddrPort("192.0.2.1:4000"), Dst: netip.MustParseAddrPort("192.0.2.2:4002"),
		})
		m.last = at
		m.seq++
	}
}

// lose lets n packets pass unseen.
func (m *maker) lose(n int) {
	m.seq += uint16(n)
	m.ts += 160 * uint32(n)
	m.at = m.at.Add(time.Duration(n) * 20 * time.Millisecond)
}

// late shifts all that follows, while the timestamps stand still.
func (m *maker) late(by time.Duration) { m.at = m.at.Add(by) }

// swap lets the last packet overtake the one before it.
func (m *maker) swap() {
	a, b := &m.sent[len(m.sent)-2], &m.sent[len(m.sent)-1]
	a.Data, b.Data = b.Data, a.Data
}

// again repeats the last packet a little later.
func (m *maker) again() {
	p := m.sent[len(m.sent)-1]
	p.Time = p.Time.Add(5 * time.Millisecond)
	p.Data = append([]byte(nil), p.Data...)
	m.last = p.Time
	m.sent = append(m.sent, p)
}
