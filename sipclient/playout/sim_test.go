package playout

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"softphonedoctor/sipclient/codec"

	"github.com/stretchr/testify/require"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// network says when a packet arrives after it was sent, and whether at all.
type network func(n int, random *rand.Rand) (delay time.Duration, lost bool)

func calm(int, *rand.Rand) (time.Duration, bool) { return 30 * time.Millisecond, false }

// sim is a call in this process: packets of 20 ms over a network into a buffer that
// a device reads in periods of 10 ms.
type sim struct {
	codec   string
	rate    int     // of the device
	ppm     float64 // how much faster the device's clock runs than the sender's
	network network
	phase   time.Duration // of the device against the packets
	pauses  bool          // the sender leaves the packets of silence out
}

// arrived is a packet on its way.
type arrived struct {
	at time.Time
	Packet
}

// packets codes a sound at 8,000 samples per second and sends it over the network.
func (s sim) packets(t testing.TB, sound []int16) []arrived {
	t.Helper()
	e, rate, ok := codec.NewEncoder(s.codec)
	require.True(t, ok)
	if rate != codec.SampleRate {
		up, err := codec.NewResampler(codec.SampleRate, rate)
		require.NoError(t, err)
		sound = up.Resample(nil, sound)
	}
	size := rate / 50
	random := rand.New(rand.NewPCG(1, 2))
	var all []arrived
	seq := uint16(65500)
	for n := 0; (n+1)*size <= len(sound); n++ {
		frame := sound[n*size:][:size]
		payload := e.Encode(nil, frame)
		if s.pauses && loudness(frame) < 20 {
			continue
		}
		delay, lost := s.network(n, random)
		seq++
		if lost {
			continue
		}
		all = append(all, arrived{began.Add(time.Duration(n)*20*time.Millisecond + delay),
			Packet{Codec: s.codec, SSRC: 7, Seq: seq, Timestamp: 4294960000 + uint32(n)*160, Payload: payload}})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at.Before(all[j].at) })
	return all
}

// run gives what the device played, and the buffer.
func (s sim) run(t testing.TB, sound []int16) ([]int16, *Buffer) {
	t.Helper()
	if s.rate == 0 {
		s.rate = codec.SampleRate
	}
	if s.network == nil {
		s.network = calm
	}
	all := s.packets(t, sound)
	b, err := New(s.rate)
	require.NoError(t, err)
	period := make([]int16, s.rate/100)
	var out []int16
	for n := 0; ; n++ {
		now := began.Add(s.phase + time.Duration(float64(n)*1e7/(1+s.ppm*1e-6)))
		for len(all) > 0 && !all[0].at.After(now) {
			b.Put(all[0].Packet, all[0].at)
			all = all[1:]
		}
		b.Read(period, now)
		out = append(out, period...)
		if len(all) == 0 && n*80 > len(sound)+8000 {
			return out, b
		}
	}
}

func loudness(samples []int16) float64 {
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(samples))))
}

// voice is like a vowel: a pitch that wanders slowly, with overtones.
func voice(seconds int) []int16 {
	out := make([]int16, seconds*codec.SampleRate)
	phase := 0.0
	for i := range out {
		t := float64(i) / codec.SampleRate
		phase += 2 * math.Pi * (130 + 30*math.Sin(2*t) + 10*math.Sin(7*t)) / codec.SampleRate
		v := 0.0
		for k := 1; k < 12; k++ {
			v += math.Sin(float64(k)*phase) / float64(1+(k-4)*(k-4))
		}
		out[i] = int16(4000 * v * (0.6 + 0.4*math.Sin(3*t)))
	}
	return out
}

// shiftOf finds where sound begins in what was played, and how far they differ
// there as a share of the energy.
func shiftOf(sound, played []int16, from, length, most int) (shift int, off float64) {
	off = math.Inf(1)
	for s := range most {
		if from+length+s > len(played) {
			break
		}
		diff, all := 0.0, 1.0
		for i := from; i < from+length; i += 3 {
			d := float64(sound[i]) - float64(played[i+s])
			diff += d * d
			all += float64(sound[i]) * float64(sound[i])
		}
		if diff/all < off {
			off, shift = diff/all, s
		}
	}
	return shift, off
}
