package evidence

import (
	"net/netip"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

var (
	mediaA = netip.MustParseAddrPort("192.0.2.10:4000")
	mediaB = netip.MustParseAddrPort("198.51.100.6:8000")
)

// feed is an RTP sender for tests.
type feed struct {
	b       *Builder
	n       int
	at      time.Time
	seq     uint16
	ts      uint32
	pt      uint8
	payload []byte
}

func newFeed() *feed {
	payload := make([]byte, 160)
	for i := range payload {
		payload[i] = byte(37 * i)
	}
	return &feed{b: new(Builder), at: began, seq: 100, ts: 1000, payload: payload}
}

func (f *feed) send(marker bool) {
	f.raw(rtpPacket(f.pt, f.seq, f.ts, 7, marker, f.payload))
}

func (f *feed) raw(data []byte) {
	f.n++
	f.b.Add(capture.Record{N: f.n, Packet: &capture.Packet{Time: f.at, Net: capture.UDP, Src: mediaB, Dst: mediaA, Data: data}})
}

// talk sends count packets 20 ms apart.
func (f *feed) talk(count int) {
	for range count {
		f.send(false)
		f.step(20 * time.Millisecond)
	}
}

func (f *feed) step(d time.Duration) {
	f.at = f.at.Add(d)
	f.seq++
	f.ts += uint32(d * 8000 / time.Second)
}

func (f *feed) only(t *testing.T) *Stream {
	t.Helper()
	ev := f.b.Evidence()
	if len(ev.Streams) != 1 {
		t.Fatalf("%d streams", len(ev.Streams))
	}
	return ev.Streams[0]
}

func TestGaps(t *testing.T) {
	t.Run("an unexplained pause", func(t *testing.T) {
		f := newFeed()
		f.talk(50)
		f.at = f.at.Add(480 * time.Millisecond) // the network stalls
		n := f.n + 1
		f.talk(50)
		if s := f.only(t); s.LongestGap != 500*time.Millisecond || s.LongestGapN != n {
			t.Errorf("gap %s before packet %d, want 500ms before %d", s.LongestGap, s.LongestGapN, n)
		}
	})
	t.Run("a pause that loss made", func(t *testing.T) {
		f := newFeed()
		f.talk(50)
		for range 24 {
			f.step(20 * time.Millisecond)
		}
		f.talk(50)
		if s := f.only(t); s.LongestGap != 500*time.Millisecond || s.Lost != 24 || s.LossBurst != 24 {
			t.Errorf("gap %s, lost %d in a row of %d", s.LongestGap, s.Lost, s.LossBurst)
		}
	})
	t.Run("silence with a marker behind it", func(t *testing.T) {
		f := newFeed()
		f.talk(50)
		f.at = f.at.Add(2 * time.Second)
		f.ts += 16000
		f.send(true)
		f.step(20 * time.Millisecond)
		f.talk(50)
		if s := f.only(t); s.LongestGap != 20*time.Millisecond || s.MaxJitter > time.Microsecond {
			t.Errorf("gap %s, jitter %s", s.LongestGap, s.MaxJitter)
		}
	})
	t.Run("comfort noise", func(t *testing.T) {
		f := newFeed()
		f.talk(50)
		f.pt, f.payload = 13, []byte{40}
		f.send(false)
		f.step(20 * time.Millisecond)
		f.at, f.ts = f.at.Add(3*time.Second+7*time.Millisecond), f.ts+24000
		f.pt, f.payload = 0, make([]byte, 160)
		f.talk(50)
		s := f.only(t)
		if s.LongestGap != 20*time.Millisecond || s.Comfort != 1 || s.Packets != 101 || s.MaxJitter > time.Microsecond {
			t.Errorf("gap %s, comfort %d, packets %d, jitter %s", s.LongestGap, s.Comfort, s.Packets, s.MaxJitter)
		}
		if s.Level.Constant {
			t.Error("sound and silence are not constant")
		}
	})
}

// TestDigits presses keys as phones do: three end packets each, the timestamp
// standing still, one key repeated, one packet late, one event in two segments.
func TestDigits(t *testing.T) {
	f := newFeed()
	f.talk(20)
	audio := f.payload
	f.pt = 101
	press := func(code byte, durations ...uint16) {
		for i, d := range durations {
			end := byte(10)
			if i >= len(durations)-3 {
				end |= 0x80
			}
			f.payload = []byte{code, end, byte(d >> 8), byte(d)}
			f.send(i == 0)
			f.seq++
			f.at = f.at.Add(20 * time.Millisecond)
		}
		f.ts += 1600
	}
	press(1, 160, 320, 480, 480, 480)
	press(1, 160, 320, 480, 480, 480)
	press(11, 160, 160, 160)
	long := f.ts
	press(9, 160, 65535, 65535)
	f.ts = long + 65535
	press(9, 160, 800, 800)
	f.pt, f.payload = 0, audio
	f.talk(20)
	s := f.only(t)
	if s.Digits != "11#9" || s.Events != 19 || s.Packets != 40 || s.Lost != 0 || s.Expected != 59 {
		t.Errorf("digits %q, %d events, %d packets, %d lost of %d", s.Digits, s.Events, s.Packets, s.Lost, s.Expected)
	}
	if s.Codec.Name != "PCMU" {
		t.Errorf("codec %q", s.Codec.Name)
	}
}

func TestClockOfG722(t *testing.T) {
	f := newFeed()
	f.pt = 9
	for i := range 200 {
		f.at = began.Add(time.Duration(20*i+10*(i%2)) * time.Millisecond)
		f.send(false)
		f.seq++
		f.ts += 160 // 8000 Hz in spite of 16 kHz sound (RFC 3551 4.5.2)
	}
	if s := f.only(t); (s.Jitter-10*time.Millisecond).Abs() > 10*time.Microsecond || s.Codec.ClockRate != 8000 {
		t.Errorf("jitter %s with a clock of %d", s.Jitter, s.Codec.ClockRate)
	}
}

func TestUntimed(t *testing.T) {
	f := newFeed()
	for range 20 {
		f.at = time.Time{}
		f.send(false)
		f.seq, f.ts = f.seq+1, f.ts+160
	}
	if s := f.only(t); !s.Untimed || s.Jitter != 0 || s.LongestGap != 0 || s.Late != 0 || s.Packets != 20 {
		t.Errorf("%+v", s)
	}
}

// TestTwoSources keeps two SSRCs from one address apart.
func TestTwoSources(t *testing.T) {
	f := newFeed()
	for i := range 50 {
		f.raw(rtpPacket(0, uint16(i), uint32(i*160), 7, false, f.payload))
		f.raw(rtpPacket(0, uint16(9000+i), uint32(i*160), 8, false, f.payload))
		f.at = f.at.Add(20 * time.Millisecond)
	}
	ev := f.b.Evidence()
	if len(ev.Streams) != 2 || ev.Streams[0].Packets != 50 || ev.Streams[1].Packets != 50 {
		t.Fatalf("%d streams", len(ev.Streams))
	}
}

// TestCandidates: data with random bytes in the place of the SSRC neither becomes
// a stream nor fills the memory nor hides a real stream behind it.
func TestCandidates(t *testing.T) {
	f := newFeed()
	for i := range 3 * maxCandidates {
		f.raw(rtpPacket(0, uint16(i*7919), uint32(i*104729), uint32(i*2654435761), false, f.payload))
	}
	f.talk(10)
	s := f.only(t)
	if s.SSRC != 7 || s.Packets != 10 {
		t.Errorf("ssrc %d, %d packets", s.SSRC, s.Packets)
	}
	if len(f.b.streams) > maxCandidates+1 {
		t.Errorf("%d sources kept", len(f.b.streams))
	}
}

// TestOddRTP feeds headers that promise more than the packet holds.
func TestOddRTP(t *testing.T) {
	for _, data := range [][]byte{
		{0x80}, {0x80, 0}, {0x8f, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},
		{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0xff, 0xff},
		append([]byte{0xa0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 200),
		{0xb0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0, 0, 5},
	} {
		f := newFeed()
		f.raw(data)
		if ev := f.b.Evidence(); len(ev.Odd) != 1 || len(ev.Streams) != 0 {
			t.Errorf("% x: %d odd, %d streams", data, len(ev.Odd), len(ev.Streams))
		}
	}
}
