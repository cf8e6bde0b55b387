package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listen feeds frames of 20 ms.
func listen(l *Listener, samples []int16) Heard {
	for len(samples) > 0 {
		n := min(len(samples), packet)
		l.Hear(samples[:n])
		samples = samples[n:]
	}
	return l.Heard()
}

// inParallel runs n trials on all processors, each with chance of its own, and
// gives what they complain of.
func inParallel(n int, trial func(run int, random *rand.Rand) string) (complaints []string) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	next := 0
	for range 2 {
		wait.Go(func() {
			for {
				mu.Lock()
				run := next
				next++
				mu.Unlock()
				if run >= n {
					return
				}
				if text := trial(run, rand.New(rand.NewPCG(uint64(run), 17))); text != "" {
					mu.Lock()
					complaints = append(complaints, fmt.Sprintf("run %d: %s", run, text))
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return complaints
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// pick gives one of the values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// TestSignalIsFound sends the known signal through every kind of line.
func TestSignalIsFound(t *testing.T) {
	const runs, seconds = 200 / raceFactor, 6
	complaints := inParallel(runs, func(run int, random *rand.Rand) string {
		c := channel{
			codec: [...]string{"PCMU", "PCMA", "G722"}[run%3], loss: [...]float64{0, 0.01, 0.05, 0.1}[run/3%4], repeat: run/12%2 == 0,
			burst: pick(random, 0, 0, 0.3), delay: 400 * random.Float64(), gain: -20 + 26*random.Float64(),
			noise: pick[float64](random, 0, -65, -50), ppm: pick(random, 0, -150+300*random.Float64()), seed: uint64(run),
		}
		h := listen(NewListener(c.seed, 0), c.through(play(NewProbe(c.seed), seconds*SampleRate)))
		// The other clock moves the sound by as much as seconds at most.
		late := milliseconds(h.Return.Delay) - c.delay
		lost := c.lostPercent(h.Notes)
		if !h.Found || !h.Enough || math.Abs(late) > 2 || math.Abs(h.Return.Gain-c.gain) > 1 || len(h.Echoes) > 0 ||
			math.Abs(h.LostPercent()-lost) > 2+lost/5 {
			c.gone = nil
			return fmt.Sprintf("%+v, lost %.1f %%, heard %+v", c, lost, h)
		}
		return ""
	})
	t.Logf("right in %d of %d runs", runs-len(complaints), runs)
	if len(complaints) > runs/100 {
		t.Errorf("%d wrong, for example %v", len(complaints), complaints[:min(3, len(complaints))])
	}
}

// TestEchoIsFound injects an echo, alone as in a call to somebody, and behind the
// answer of an echo service.
func TestEchoIsFound(t *testing.T) {
	const runs, seconds = 200 / raceFactor, 7
	complaints := inParallel(runs, func(run int, random *rand.Rand) string {
		c := channel{
			codec: [...]string{"PCMU", "PCMA", "G722"}[run%3], loss: [...]float64{0, 0, 0.01, 0.05}[run/3%4], repeat: run/12%2 == 0,
			echo: 50 + 750*random.Float64(), level: -10 - 25*random.Float64(), silent: true,
			noise: pick[float64](random, 0, -70, -60), ppm: pick(random, 0, -100+200*random.Float64()), seed: uint64(run),
		}
		if run%4 == 3 {
			c.silent, c.gain = false, -6*random.Float64()
			c.delay = pick(random, max(0, c.echo-40-600*random.Float64()), c.echo+40+300*random.Float64())
			c.level = max(c.level, -30)
			c.loss = 0
		}
		h := listen(NewListener(c.seed, 0), c.through(play(NewProbe(c.seed), seconds*SampleRate)))
		found := append([]Return{h.Return}, h.Echoes...)
		if !c.silent {
			if len(found) == 2 {
				found = found[1:]
			} else {
				found = nil
			}
		}
		if len(found) != 1 || !h.Found || math.Abs(milliseconds(found[0].Delay)-c.echo) > 5 || math.Abs(found[0].Gain-c.level) > 3 {
			c.gone = nil
			return fmt.Sprintf("%+v, heard %+v", c, h)
		}
		return ""
	})
	t.Logf("right in %d of %d runs", runs-len(complaints), runs)
	if len(complaints) > runs/100 {
		t.Errorf("%d wrong, for example %v", len(complaints), complaints[:min(6, len(complaints))])
	}
}

// babble is like speech: a voice with a pitch that wanders, in syllables of
// changing vowels and hisses.
func babble(random *rand.Rand, n int) []int16 {
	out := make([]int16, 0, n)
	phase := 0.0
	var r [3][2]float64 // resonators
	pitch := 90 + 160*random.Float64()
	for len(out) < n {
		length := SampleRate * (80 + random.IntN(250)) / 1000
		formants := [3]float64{300 + 500*random.Float64(), 900 + 1300*random.Float64(), 2300 + 800*random.Float64()}
		to := [3]float64{formants[0] * (0.6 + 0.8*random.Float64()), formants[1] * (0.6 + 0.8*random.Float64()), formants[2]}
		voiced, loud := random.IntN(4) > 0, 300+2500*random.Float64()
		turn := 0.7 + 0.6*random.Float64()
		if random.IntN(6) == 0 {
			loud = 0
		}
		for i := range length {
			t := float64(i) / float64(length)
			excite := random.NormFloat64() * 0.3
			if voiced {
				excite *= 0.1
				if phase += pitch * math.Pow(turn, t) / SampleRate; phase > 1 {
					phase--
					excite += 6
				}
			}
			sum := 0.0
			for k := range r {
				f := formants[k] + (to[k]-formants[k])*t
				const width = 0.965
				y := excite + 2*width*math.Cos(2*math.Pi*f/SampleRate)*r[k][0] - width*width*r[k][1]
				r[k][1], r[k][0] = r[k][0], y
				sum += y / float64(2+2*k)
			}
			out = append(out, clamp(sum*loud*math.Sin(math.Pi*t)/6))
		}
	}
	return out[:n]
}

// strangers are sounds without the known signal.
func strangers(t *testing.T) map[string]func(random *rand.Rand, n int) []int16 {
	source := func(make func(random *rand.Rand) Source) func(*rand.Rand, int) []int16 {
		return func(random *rand.Rand, n int) []int16 { return play(make(random), n) }
	}
	ms := func(random *rand.Rand, least, most int) time.Duration {
		return time.Duration(least+random.IntN(most-least)) * time.Millisecond
	}
	all := map[string]func(*rand.Rand, int) []int16{
		"silence": source(func(*rand.Rand) Source { return Silence() }),
		"noise":   source(func(r *rand.Rand) Source { return Noise(-70+60*r.Float64(), r.Uint64()) }),
		"tone":    source(func(r *rand.Rand) Source { return Tone(300+3000*r.Float64(), -40+30*r.Float64()) }),
		"tones with pauses": source(func(r *rand.Rand) Source {
			return Ringback(pick[float64](r, 425, 350, 440, 480, 620, 950, 1400, 1800), -10-20*r.Float64(), ms(r, 60, 2000), ms(r, 60, 4000))
		}),
		"keys": source(func(r *rand.Rand) Source {
			keys := make([]byte, 60)
			for i := range keys {
				keys[i] = dtmfKeys[r.IntN(16)]
			}
			return DTMF(string(keys), -10, ms(r, 50, 300), ms(r, 40, 300))
		}),
		"sweep": func(r *rand.Rand, n int) []int16 {
			out := make([]int16, n)
			phase, low, high, every := 0.0, 200+300*r.Float64(), 1500+1500*r.Float64(), SampleRate*(100+r.IntN(3000))/1000
			for i := range out {
				at := float64(i%every) / float64(every)
				if r := i / every; r%2 == 1 {
					at = 1 - at
				}
				phase += 2 * math.Pi * low * math.Pow(high/low, at) / SampleRate
				out[i] = clamp(8000 * math.Sin(phase))
			}
			return out
		},
		"another phone's signal": func(r *rand.Rand, n int) []int16 { return play(NewProbe(r.Uint64()|1<<40), n) },
		"babble":                 babble,
		"babble in noise": func(r *rand.Rand, n int) []int16 {
			out := babble(r, n)
			for i, v := range play(Noise(-50, r.Uint64()), n) {
				out[i] = clamp(float64(out[i]) + float64(v))
			}
			return out
		},
	}
	return all
}

func neverHeard(t *testing.T, trials int, sound func(random *rand.Rand, n int) []int16) {
	t.Helper()
	complaints := inParallel(trials, func(run int, random *rand.Rand) string {
		samples := sound(random, SampleRate*(4+random.IntN(4)))
		samples = coded(pick(random, "PCMU", "PCMA"), samples)
		if h := listen(NewListener(uint64(run), 0), samples); h.Found || len(h.Echoes) > 0 {
			return fmt.Sprintf("%+v", h)
		}
		return ""
	})
	if len(complaints) > 0 {
		t.Errorf("heard in %d of %d trials: %v", len(complaints), trials, complaints[:min(3, len(complaints))])
	}
}

// TestSignalIsNotHeard wants no verdict on sound that does not hold the signal.
func TestSignalIsNotHeard(t *testing.T) {
	for name, sound := range strangers(t) {
		t.Run(name, func(t *testing.T) { neverHeard(t, 120/raceFactor, sound) })
	}
}

// TestSignalIsNotHeardInSpeech does the same with minutes of real and synthetic
// voices, at several speeds, so that no two trials are alike.
func TestSignalIsNotHeardInSpeech(t *testing.T) {
	var all [][]int16
	for _, name := range []string{"asterisk-demo-congrats-8k.wav", "asterisk-demo-thanks-8k.wav",
		"asterisk-vm-intro-8k.wav", "espeak-harvard-1-8k.wav", "espeak-harvard-2-8k.wav", "librivox-8k.wav"} {
		all = append(all, speech(t, name))
	}
	neverHeard(t, 300/raceFactor, func(random *rand.Rand, n int) []int16 {
		samples, speed := all[random.IntN(len(all))], 0.8+0.5*random.Float64()
		out := make([]int16, n)
		from := random.IntN(len(samples))
		for i := range out {
			out[i] = samples[(from+int(float64(i)*speed))%len(samples)]
		}
		return out
	})
}

func TestListenerTakesAnyPieces(t *testing.T) {
	c := channel{codec: "PCMA", delay: 120, loss: 0.02, seed: 3}
	back := c.through(play(NewProbe(5), 5*SampleRate))
	want := listen(NewListener(5, 0), back)
	l := NewListener(5, 0)
	for n := 0; len(back) > 0; n++ {
		k := min(len(back), n*37%5000)
		l.Hear(back[:k])
		back = back[k:]
	}
	require.Equal(t, want, l.Heard())
	require.True(t, want.Found)
}

// TestSignalIsHeardSoon asks while the call runs.
func TestSignalIsHeardSoon(t *testing.T) {
	for seed := range uint64(12) {
		c := channel{codec: "PCMU", delay: 30 * float64(seed), loss: 0.05, noise: -60, seed: seed}
		back := c.through(play(NewProbe(seed), 6*SampleRate))
		l := NewListener(seed, 0)
		for at := 0; !l.Heard().Found; at += packet {
			if at > 3*SampleRate {
				t.Fatalf("seed %d: not found within 3 s", seed)
			}
			require.False(t, l.Heard().Enough, "nothing is said before it is known")
			l.Hear(back[at : at+packet])
		}
		require.InDelta(t, c.delay, milliseconds(l.Heard().Return.Delay), 2)
	}
	l := NewListener(1, 0)
	require.Equal(t, Heard{}, l.Heard())
	listen(l, make([]int16, 6*SampleRate))
	require.True(t, l.Heard().Enough)
	require.False(t, l.Heard().Found)
}

// TestListenerFollows changes the delay in mid-call, as another route or a larger
// buffer does.
func TestListenerFollows(t *testing.T) {
	sent := play(NewProbe(4), 24*SampleRate)
	first, second := channel{codec: "PCMA", delay: 80, loss: 0.01, seed: 1}, channel{codec: "PCMA", delay: 143, gain: -6, seed: 2}
	a, b := first.through(sent), second.through(sent)
	back := append(a[:12*SampleRate:12*SampleRate], b[12*SampleRate:]...)
	h := listen(NewListener(4, 0), back)
	require.True(t, h.Found)
	require.InDelta(t, 143, milliseconds(h.Return.Delay), 2)
	require.InDelta(t, -6, h.Return.Gain, 1)
	require.Less(t, h.LostPercent(), 6.0, "the change itself is no great loss")
	require.Empty(t, h.Echoes)
	// And it notices that the signal stays away.
	h = listen(NewListener(4, 0), append(a[:8*SampleRate:8*SampleRate], make([]int16, 16*SampleRate)...))
	require.False(t, h.Found, "%+v", h)
}

// TestListenerJoinsLate begins to listen in mid-call, misses sound, and has the
// sending stand still.
func TestListenerJoinsLate(t *testing.T) {
	const from = 21 * SampleRate
	sent := play(NewProbe(9), 30*SampleRate)
	c := channel{codec: "G722", delay: 210, noise: -60, seed: 9}
	back := c.through(sent)
	h := listen(NewListener(9, from), back[from:])
	require.True(t, h.Found)
	require.InDelta(t, 210, milliseconds(h.Return.Delay), 2)

	l := NewListener(9, 0)
	listen(l, back[:4*SampleRate])
	l.Miss(SampleRate)
	h = listen(l, back[5*SampleRate:8*SampleRate])
	require.InDelta(t, 210, milliseconds(h.Return.Delay), 2)
	require.Greater(t, h.LostPercent(), 10.0)

	// For a second digits are sent in place of the signal.
	p := NewProbe(9)
	paused := append(play(p, 5*SampleRate), play(DTMF("12345", -10, 100*time.Millisecond, 100*time.Millisecond), SampleRate)...)
	paused = append(paused, play(p, 9*SampleRate)...)
	back = (&channel{codec: "PCMA", delay: 95, seed: 3}).through(paused)
	l = NewListener(9, 0)
	listen(l, back[:5*SampleRate])
	l.Paused(SampleRate)
	h = listen(l, back[5*SampleRate:])
	require.True(t, h.Found)
	require.InDelta(t, 95, milliseconds(h.Return.Delay), 2)
	require.Less(t, h.LostPercent(), 5.0)
}

func TestHearTakesNoMemory(t *testing.T) {
	back := (&channel{codec: "PCMA", delay: 95, loss: 0.02, seed: 3}).through(play(NewProbe(2), 10*SampleRate))
	l := NewListener(2, 0)
	listen(l, back[:4*SampleRate])
	at := 4 * SampleRate
	require.Zero(t, testing.AllocsPerRun(100, func() {
		l.Hear(back[at : at+packet])
		at += packet
	}))
}

// benchmarkHear gives the time for 20 ms.
func benchmarkHear(b *testing.B, back []int16) {
	l := NewListener(1, 0)
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		if at+packet > len(back) {
			b.StopTimer()
			at, l = 0, NewListener(1, 0)
			b.StartTimer()
		}
		l.Hear(back[at : at+packet])
		at += packet
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/(float64(b.N)*0.02), "ms/s")
}

func BenchmarkHearReturn(b *testing.B) {
	c := channel{codec: "PCMA", delay: 150, loss: 0.02, noise: -60}
	benchmarkHear(b, c.through(play(NewProbe(1), 60*SampleRate)))
}

func BenchmarkHearOther(b *testing.B) { benchmarkHear(b, play(Noise(-30, 4), 60*SampleRate)) }

func BenchmarkProbe(b *testing.B) {
	var frame [packet]int16
	p := new(Probe)
	b.ReportAllocs()
	for b.Loop() {
		p.Frame(frame[:])
	}
}
