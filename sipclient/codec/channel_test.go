package codec

import (
	"math"
	"math/rand/v2"
)

// channel is a telephone line in this process: there and back through an echo
// service.
type channel struct {
	codec  string  // PCMU, PCMA, G722
	loss   float64 // share of the 20 ms packets that do not come
	burst  float64 // chance that the packet behind a lost one is lost, too; 0: by chance
	repeat bool    // a lost packet is replaced by the one before, else by silence
	delay  float64 // ms
	gain   float64 // dB
	noise  float64 // comfort noise in dBFS, 0: none
	ppm    float64 // of the other side's clock
	echo   float64 // ms behind the sending; 0: none
	level  float64 // of the echo, dB against what was sent
	silent bool    // only the echo comes back
	seed   uint64
	gone   []bool // the packets that were lost
}

const packet = SampleRate / 50

// through gives what comes back of what was sent, as many samples.
func (c *channel) through(sent []int16) []int16 {
	random := rand.New(rand.NewPCG(c.seed, 99))
	line := make([]float64, len(sent))
	add := func(ms, db float64) {
		gain := math.Pow(10, db/20)
		for i := range line {
			// The other clock counts c.ppm more or less.
			line[i] += gain * between(sent, float64(i)*(1+c.ppm*1e-6)-ms*SampleRate/1000)
		}
	}
	if !c.silent {
		add(c.delay, c.gain)
	}
	if c.echo > 0 {
		add(c.echo, c.level)
	}
	out := make([]int16, len(line))
	amplitude := 0.0
	if c.noise != 0 {
		amplitude = math.Sqrt(3) * fullScale * math.Pow(10, c.noise/20)
	}
	for i, v := range line {
		out[i] = clamp(v + amplitude*(2*random.Float64()-1))
	}
	return c.lose(coded(c.codec, out), random)
}

// between gives the sound at a place between two samples: a sinc under a cosine.
func between(samples []int16, at float64) float64 {
	const half = 12
	k := int(math.Floor(at))
	if k < -half || k >= len(samples)+half {
		return 0
	}
	part := at - float64(k)
	if part < 1e-6 {
		if k < 0 || k >= len(samples) {
			return 0
		}
		return float64(samples[k])
	}
	sine := math.Sin(math.Pi * part)
	sum := 0.0
	for i := max(0, k-half+1); i <= min(len(samples)-1, k+half); i++ {
		x := at - float64(i)
		v := sine / (math.Pi * x) * (1 - x*x/(half*half)) * (1 - x*x/(half*half))
		if (k-i)&1 != 0 {
			v = -v
		}
		sum += v * float64(samples[i])
	}
	return sum
}

// lose leaves packets out.
func (c *channel) lose(samples []int16, random *rand.Rand) []int16 {
	c.gone = c.gone[:0]
	gone := false
	for at := 0; at+packet <= len(samples); at += packet {
		chance := c.loss
		if gone && c.burst > 0 {
			chance = c.burst
		}
		gone = random.Float64() < chance
		c.gone = append(c.gone, gone)
		switch {
		case gone && c.repeat && at >= packet:
			copy(samples[at:at+packet], samples[at-packet:at])
		case gone:
			clear(samples[at : at+packet])
		}
	}
	return samples
}

// lostPercent is how much of the first notes was lost.
func (c *channel) lostPercent(notes int) float64 {
	m := newMelody(c.seed)
	lost, all := 0, 0
	for range notes {
		n := m.note()
		for i := range n.length() {
			if at := (int(n.start) + i + int(c.delay*SampleRate/1000)) / packet; at < len(c.gone) {
				all++
				if c.gone[at] {
					lost++
				}
			}
		}
	}
	return 100 * float64(lost) / float64(all)
}

// coded sends samples through a codec.
func coded(name string, samples []int16) []int16 {
	e, rate, _ := NewEncoder(name)
	d, _, _ := NewDecoder(name)
	if rate == SampleRate {
		return d.Decode(nil, e.Encode(nil, samples))
	}
	up, _ := NewResampler(SampleRate, rate)
	down, _ := NewResampler(rate, SampleRate)
	wide := up.Resample(nil, samples)
	back := down.Resample(nil, d.Decode(nil, e.Encode(nil, wide)))
	// The filters' own delay is not the line's.
	late := up.Delay() + (down.Delay()+g722Delay)/2
	return append(back[late:], make([]int16, late)...)[:len(samples)]
}
