package playout

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/codec"

	"github.com/stretchr/testify/require"
)

// jittery delays packets by a base, a random part, and now and then much more.
func jittery(least, spread, often float64) network {
	return func(_ int, random *rand.Rand) (time.Duration, bool) {
		d := least + spread*random.ExpFloat64()/3
		if random.Float64() < often {
			d += 3 * spread * random.Float64()
		}
		return time.Duration(d * float64(time.Millisecond)), false
	}
}

// losing loses a share of the packets, and another share of those behind a lost one.
func losing(share, again float64) network {
	gone := false
	return func(_ int, random *rand.Rand) (time.Duration, bool) {
		chance := share
		if gone {
			chance = again
		}
		gone = random.Float64() < chance
		return time.Duration((30 + 2*random.Float64()) * float64(time.Millisecond)), gone
	}
}

// TestCalmNetwork plays every sample as it was sent, within 22 ms.
func TestCalmNetwork(t *testing.T) {
	sound := voice(8)
	for phase := time.Duration(0); phase < 20*time.Millisecond; phase += 3 * time.Millisecond {
		out, b := sim{codec: "PCMA", phase: phase}.run(t, sound)
		s := b.Stats()
		require.EqualValues(t, 400, s.Played)
		require.Zero(t, s.Lost+s.Late+s.Starved)
		require.Zero(t, s.Concealed)
		require.Equal(t, ownLeast, s.Target)
		// After the first seconds, in which it learns that the network is calm.
		shift, off := shiftOf(sound, out, 4*codec.SampleRate, 2*codec.SampleRate, 2000)
		require.Less(t, off, 0.001)
		own := float64(shift)/8 - 30 + float64(phase)/1e6
		require.Less(t, own, 22.0, "ms from arrival to sound")
		require.InDelta(t, own, float64(s.Delay)/1e6, 5, "it knows its own delay")
	}
}

// TestDeviceRates plays the same at the rates of devices.
func TestDeviceRates(t *testing.T) {
	sound := voice(6)
	for _, name := range []string{"PCMU", "G722"} {
		for _, rate := range []int{16000, 44100, 48000, 96000} {
			out, b := sim{codec: name, rate: rate}.run(t, sound)
			require.EqualValues(t, 300, b.Stats().Played)
			back, err := codec.NewResampler(rate, codec.SampleRate)
			require.NoError(t, err)
			_, off := shiftOf(sound, back.Resample(nil, out), 3*codec.SampleRate, 2*codec.SampleRate, 2000)
			require.Less(t, off, 0.06, "%s at %d", name, rate) // half a sample off, and G.722's noise
		}
	}
	_, err := New(44099)
	require.ErrorContains(t, err, "48000")
}

// TestUnevenNetwork waits as long as the network makes it, and no longer.
func TestUnevenNetwork(t *testing.T) {
	sound := voice(40)
	for name, c := range map[string]struct {
		network
		least, most time.Duration // of the delay
		lost        uint64        // packets of 2000 at most
	}{
		"a little": {jittery(30, 5, 0), ownLeast, 35 * time.Millisecond, 20},
		"uneven":   {jittery(30, 20, 0.005), 25 * time.Millisecond, 75 * time.Millisecond, 60},
		"very":     {jittery(30, 60, 0.01), 60 * time.Millisecond, 220 * time.Millisecond, 80},
	} {
		_, b := sim{codec: "PCMA", network: c.network}.run(t, sound)
		s := b.Stats()
		t.Logf("%s: %+v", name, s)
		require.GreaterOrEqual(t, s.Delay, c.least, name)
		require.LessOrEqual(t, s.Delay, c.most, name)
		require.LessOrEqual(t, s.Lost, c.lost, name)
		require.EqualValues(t, 2000, s.Played+s.Lost, name)
	}
	// A network that calms down again.
	restless := jittery(30, 60, 0.02)
	_, b := sim{codec: "PCMA", network: func(n int, r *rand.Rand) (time.Duration, bool) {
		if n < 500 {
			return restless(n, r)
		}
		return calm(n, r)
	}}.run(t, sound)
	require.Less(t, b.Stats().Delay, 45*time.Millisecond)
	// One that has become slower for good.
	_, b = sim{codec: "PCMA", network: func(n int, _ *rand.Rand) (time.Duration, bool) {
		if n < 500 {
			return 30 * time.Millisecond, false
		}
		return 180 * time.Millisecond, false
	}}.run(t, sound)
	s := b.Stats()
	require.Less(t, s.Delay, 45*time.Millisecond, "what counts is the fastest lately")
	require.Less(t, s.Lost, uint64(10))
}

// TestClocks plays an hour's drift in a minute: neither runs dry nor fills up.
func TestClocks(t *testing.T) {
	sound := voice(60)
	for _, ppm := range []float64{-3000, -300, 300, 3000} {
		_, b := sim{codec: "PCMA", ppm: ppm, network: jittery(30, 3, 0)}.run(t, sound)
		s := b.Stats()
		t.Logf("%+.0f ppm: %+v", ppm, s)
		require.Less(t, s.Delay, 60*time.Millisecond)
		require.Less(t, s.Lost, uint64(5))
		require.Less(t, s.Concealed, 300*time.Millisecond)
	}
}

// TestConcealment is nearer to what was said than silence is, and makes no clicks.
func TestConcealment(t *testing.T) {
	sounds := map[string][]int16{"voice": voice(30)}
	if real := speech(t, "librivox-8k.wav"); real != nil {
		sounds["speech"] = real
	}
	for what, sound := range sounds {
		for _, name := range []string{"PCMA", "G722"} {
			for _, lost := range []network{losing(0.05, 0.05), losing(0.02, 0.5)} {
				out, b := sim{codec: name, network: lost}.run(t, sound)
				s := b.Stats()
				share := float64(s.Lost) / float64(s.Played+s.Lost)
				require.Greater(t, share, 0.01)
				require.InDelta(t, float64(s.Lost)*0.02, s.Concealed.Seconds(), 0.35*float64(s.Lost)*0.02+0.05, "what was lost, and no more")
				n := len(sound) - 4000
				require.Greater(t, loudness(out[4000:n]), 0.93*loudness(sound[4000:n]), "%s %s: no holes", what, name)
				require.Less(t, sharpest(out), 2*sharpest(sound)+400, "%s %s: no clicks", what, name)
			}
		}
	}
}

// sharpest is the largest change of slope, which is what a click has.
func sharpest(samples []int16) float64 {
	most := 0.0
	for i := 2; i < len(samples); i++ {
		most = max(most, math.Abs(float64(samples[i])-2*float64(samples[i-1])+float64(samples[i-2])))
	}
	return most
}

// speech reads a WAV file of the shared speech; nil where it is not there.
func speech(t testing.TB, name string) []int16 {
	t.Helper()
	shared := filepath.Join("..", "..", "..", "shared")
	raw, err := os.ReadFile(filepath.Join(shared, "speech", name))
	if err != nil {
		if _, there := os.Stat(shared); there == nil && os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Log("the recordings of speech are not beside the project: ", err)
		return nil
	}
	var samples []int16
	for at := 44; at+1 < len(raw); at += 2 {
		samples = append(samples, int16(binary.LittleEndian.Uint16(raw[at:])))
	}
	return samples
}

// TestPauses has a sender that leaves silence out. No word loses its beginning, and
// the delay does not grow.
func TestPauses(t *testing.T) {
	sound := voice(30)
	for i := range sound {
		if i/6000%3 == 2 { // 0.75 s of every 2.25
			sound[i] = 0
		}
	}
	out, b := sim{codec: "PCMA", pauses: true, network: jittery(30, 4, 0)}.run(t, sound)
	s := b.Stats()
	require.Zero(t, s.Lost+s.Late, "%+v", s)
	require.Less(t, s.Delay, 45*time.Millisecond)
	require.InDelta(t, loudness(sound), loudness(out), 0.05*loudness(sound))
	// In the pauses it is silent.
	quiet := 0
	for at := 0; at+800 <= len(out); at += 800 {
		if loudness(out[at:at+800]) < 10 {
			quiet++
		}
	}
	require.Greater(t, quiet, 70)
}

// TestComfortNoise plays the level that the other side tells.
func TestComfortNoise(t *testing.T) {
	b, err := New(codec.SampleRate)
	require.NoError(t, err)
	now := began
	period := make([]int16, 80)
	var out []int16
	read := func() {
		b.Read(period, now)
		out = append(out, period...)
		now = now.Add(10 * time.Millisecond)
	}
	tone := make([]int16, 160)
	for n := range 50 {
		codec.Tone(700, -20).Frame(tone)
		b.Put(Packet{Codec: "PCMA", Seq: uint16(n), Timestamp: uint32(n) * 160, Payload: codec.EncodeALaw(nil, tone)}, now)
		read()
		read()
	}
	b.Put(Packet{Codec: "CN", Seq: 50, Timestamp: 50 * 160, Payload: codec.ComfortNoise(nil, -50)}, now)
	for range 100 {
		read()
	}
	level := 20 * math.Log10(loudness(out[len(out)-4000:])/32768)
	require.InDelta(t, -50, level, 1.5)
	require.Zero(t, b.Stats().Lost)
	// Digits take numbers, but no sound is missing for them.
	for n := range 5 {
		b.Put(Packet{Codec: "telephone-event", Seq: uint16(51 + n), Timestamp: 200 * 160, Payload: []byte{1, 10, 0, 160}}, now)
		read()
		read()
	}
	for n := range 50 {
		b.Put(Packet{Codec: "PCMA", Seq: uint16(56 + n), Timestamp: uint32(206+n) * 160, Payload: codec.EncodeALaw(nil, tone)}, now)
		read()
		read()
	}
	require.Zero(t, b.Stats().Lost)
	require.InDelta(t, -20, 20*math.Log10(loudness(out[len(out)-4000:])/32768), 1)
}

// TestNewSource goes on with another source, another codec, or numbers that begin
// anew, within a tenth of a second.
func TestNewSource(t *testing.T) {
	for name, change := range map[string]func(n int, p *Packet){
		"source":  func(_ int, p *Packet) { p.SSRC, p.Seq, p.Timestamp = 9, p.Seq+31000, p.Timestamp+700_000_000 },
		"numbers": func(_ int, p *Packet) { p.Seq, p.Timestamp = p.Seq+22000, p.Timestamp+1_000_000_000 },
		"back":    func(_ int, p *Packet) { p.Seq, p.Timestamp = p.Seq-400, p.Timestamp-500_000 },
	} {
		b, err := New(codec.SampleRate)
		require.NoError(t, err)
		tone, period := make([]int16, 160), make([]int16, 160)
		source := codec.Tone(500, -20)
		now := began
		for n := range 200 {
			source.Frame(tone)
			p := Packet{Codec: "PCMU", SSRC: 8, Seq: uint16(n), Timestamp: uint32(n) * 160, Payload: codec.EncodeMuLaw(nil, tone)}
			if n >= 100 {
				change(n, &p)
			}
			b.Put(p, now)
			b.Read(period, now)
			now = now.Add(20 * time.Millisecond)
			if n > 10 && (n < 100 || n > 106) {
				require.Greater(t, loudness(period), 500.0, "%s: packet %d", name, n)
			}
		}
	}
}

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte("any bytes become packets and readings in some order"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := New(48000)
		require.NoError(t, err)
		now := began
		names := []string{"PCMU", "PCMA", "G722", "CN", "telephone-event"}
		payload, out := make([]byte, 2000), make([]int16, 700)
		for len(data) >= 8 {
			x := binary.LittleEndian.Uint64(data)
			data = data[8:]
			now = now.Add(time.Duration(int8(x)) * time.Millisecond)
			seq, ts := uint16(x>>8&0xff), uint32(x>>16&0xff)*160
			if x>>63 == 1 { // something wild
				seq, ts = uint16(x>>20), uint32(x>>13)
			}
			b.Put(Packet{Codec: names[x>>24%5], SSRC: uint32(x >> 60 & 1), Seq: seq, Timestamp: ts, Payload: payload[:x>>32%1700]}, now)
			if x>>59&1 == 1 {
				b.Read(out[:x>>40%700], now)
			}
		}
		for range 20 {
			b.Read(out, now)
		}
		if s := b.Stats(); s.Delay < -time.Hour || s.Target > MostDelay {
			t.Fatalf("%+v", s)
		}
	})
}

// TestTwoAtOnce is for the race detector.
func TestTwoAtOnce(t *testing.T) {
	b, err := New(48000)
	require.NoError(t, err)
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := range 500 {
			b.Put(Packet{Codec: "PCMA", Seq: uint16(n), Timestamp: uint32(n) * 160, Payload: make([]byte, 160)}, began.Add(time.Duration(n)*20*time.Millisecond))
		}
	})
	wait.Go(func() {
		out := make([]int16, 480)
		for n := range 1000 {
			b.Read(out, began.Add(time.Duration(n)*10*time.Millisecond))
		}
	})
	for range 100 {
		b.Stats()
	}
	wait.Wait()
}

func TestPlayingTakesNoMemory(t *testing.T) {
	for _, name := range []string{"PCMA", "G722"} {
		all := sim{codec: name, network: losing(0.05, 0.3)}.packets(t, voice(12))
		b, err := New(48000)
		require.NoError(t, err)
		out := make([]int16, 480)
		now := began
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			for len(all) > 0 && !all[0].at.After(now) {
				b.Put(all[0].Packet, all[0].at)
				all = all[1:]
			}
			b.Read(out, now)
			now = now.Add(10 * time.Millisecond)
		}), name)
	}
}

// BenchmarkBuffer gives the time for one second of a call: 50 packets and 100
// readings of a device at 48,000 samples per second, 3 % of the packets lost.
func BenchmarkBuffer(b *testing.B) {
	for _, name := range []string{"PCMA", "G722"} {
		b.Run(name, func(b *testing.B) {
			all := sim{codec: name, network: losing(0.03, 0.3)}.packets(b, voice(20))
			out := make([]int16, 480)
			b.ReportAllocs()
			buffer, rest, now := (*Buffer)(nil), []arrived(nil), began
			for b.Loop() {
				if len(rest) < 60 {
					b.StopTimer()
					buffer, _ = New(48000)
					rest, now = all, began
					b.StartTimer()
				}
				for range 100 {
					for len(rest) > 0 && !rest[0].at.After(now) {
						buffer.Put(rest[0].Packet, rest[0].at)
						rest = rest[1:]
					}
					buffer.Read(out, now)
					now = now.Add(10 * time.Millisecond)
				}
			}
		})
	}
}
