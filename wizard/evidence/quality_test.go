package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUnplayed plays arrivals into the buffer that adapts, by hand.
func TestUnplayed(t *testing.T) {
	type figures struct{ unplayed, gaps uint64 }
	for name, c := range map[string]struct {
		delay func(n int) float64 // ms; negative: lost
		want  figures
	}{
		"all come":              {func(int) float64 { return 30 }, figures{0, 0}},
		"every tenth is lost":   {func(n int) float64 { return map[bool]float64{true: -1, false: 30}[n%10 == 5] }, figures{20, 20}},
		"two gaps of three":     {func(n int) float64 { return map[bool]float64{true: -1, false: 30}[n%100 >= 50 && n%100 < 53] }, figures{6, 2}},
		"one spike is too late": {func(n int) float64 { return map[bool]float64{true: 130, false: 30}[n == 120] }, figures{1, 1}},
		// After the first one the buffer waits for them, and 5 % are worth that.
		"spikes that go on": {func(n int) float64 { return map[bool]float64{true: 90, false: 30}[n > 60 && n%10 == 0] }, figures{1, 1}},
		"late and lost beside each other are one gap": {func(n int) float64 {
			return map[int]float64{120: -1, 121: 150}[n] + map[bool]float64{true: 30}[n != 120 && n != 121]
		}, figures{2, 1}},
		"a slower way": {func(n int) float64 { return 30 + map[bool]float64{true: 300}[n >= 100] }, figures{1, 1}},
	} {
		var tm timing
		var s sequence
		for n := range 200 {
			d := c.delay(n)
			if d < 0 {
				continue
			}
			at := began.Add(time.Duration((20*float64(n) + d) * 1e6))
			what, gap := s.add(uint16(n+65500), uint32(n)*160, 8000)
			if tm.add(at, uint32(n)*160, 8000, what == inOrder && gap == 0) {
				s.miss(uint16(n + 65500))
			}
		}
		_, unplayed, gaps := s.judged()
		require.Equal(t, c.want, figures{unplayed, gaps}, name)
	}
}

// TestPlayoutDelay: on a calm network packets wait 20 ms once that is known.
func TestPlayoutDelay(t *testing.T) {
	var tm timing
	for n := range 3000 {
		tm.add(began.Add(time.Duration(n)*20*time.Millisecond), uint32(n)*160, 8000, true)
	}
	require.InDelta(t, 20, tm.wait().Seconds()*1000, 1)
	require.Zero(t, new(timing).wait())
}

func TestRate(t *testing.T) {
	in := func() *Stream {
		return &Stream{Direction: In, Codec: Codec{Name: "PCMA", ClockRate: 8000}, Packets: 990, Expected: 1000, Lost: 10,
			Unplayed: 20, Gaps: 10, PlayoutDelay: 30 * time.Millisecond}
	}
	q := rate(in(), 100*time.Millisecond, 20*time.Millisecond)
	require.True(t, q.Known)
	require.InDelta(t, 100, q.Model.Delay, 1e-9, "50 on the way, 20 to fill a packet, 30 to wait")
	require.InDelta(t, 2, q.Model.Loss, 1e-9, "late counts as lost")
	require.InDelta(t, 1.96, q.Model.BurstRatio, 1e-9, "two at once where chance makes 1.02")
	require.InDelta(t, EModel{Bpl: 25.1, Delay: 100, Loss: 2, BurstRatio: 1.96}.R(), q.R, 1e-9)
	require.Equal(t, "good", q.Word())

	for name, change := range map[string]func(*Stream){
		"no packets":        func(s *Stream) { *s = Stream{Direction: In, Codec: s.Codec} },
		"a few packets":     func(s *Stream) { s.Packets = 20 },
		"wide band":         func(s *Stream) { s.Codec.Name = "G722" },
		"unknown codec":     func(s *Stream) { s.Codec.Name = "" },
		"no times":          func(s *Stream) { s.Untimed = true },
		"nobody's":          func(s *Stream) { s.Direction = None },
		"another key":       func(s *Stream) { s.Unverified = 900 },
		"out, no reports":   func(s *Stream) { s.Direction = Out },
		"loss, Bpl lacking": func(s *Stream) { s.Codec.Name = "G726-32" },
	} {
		s := in()
		change(s)
		q := rate(s, 100*time.Millisecond, 20*time.Millisecond)
		require.False(t, q.Known, name)
		require.Empty(t, q.Word(), name)
	}
	require.False(t, rate(in(), 0, usualPacket).Known, "no round trip by RTCP")

	out := in()
	out.Direction = Out
	out.First, out.Last = began, began.Add(20*time.Second)
	out.PeerSays = &ReceiverReport{Time: began.Add(10 * time.Second), Lost: 25, Jitter: 15 * time.Millisecond}
	q = rate(out, 40*time.Millisecond, 20*time.Millisecond)
	require.InDelta(t, 5, q.Model.Loss, 1e-9, "25 of the 500 that had been sent by then")
	require.InDelta(t, 70, q.Model.Delay, 1e-9, "20 on the way, 20 to fill, twice the jitter to wait")
	require.Equal(t, "fair", q.Word())
}

func TestQualityWords(t *testing.T) {
	for r, word := range map[float64]string{93: "excellent", 90: "excellent", 89.9: "good", 75: "fair", 62: "poor", 50: "bad", 12: "unusable"} {
		require.Equal(t, word, Quality{Known: true, R: r}.Word())
	}
}
