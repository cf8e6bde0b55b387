package playout

import "math"

// The lengths below are for 8,000 samples per second; they double at 16,000.
const (
	longestPeriod  = 120 // 15 ms: 66 Hz
	shortestPeriod = 40  // 5 ms: 200 Hz
	correlated     = 160 // over which periods are compared
	historyLength  = 400 // 50 ms
	joinLength     = 32  // 4 ms: where what was made up meets what came
)

// history is the sound that was given last.
type history struct {
	samples [2 * historyLength]int16
	size    int // in use: historyLength times the rate over 8000
}

func (h *history) reset(scale int) { *h = history{size: historyLength * scale} }

// add takes samples that were given.
func (h *history) add(samples []int16) {
	kept := h.samples[:h.size]
	if len(samples) >= len(kept) {
		copy(kept, samples[len(samples)-len(kept):])
		return
	}
	copy(kept, kept[len(samples):])
	copy(kept[len(kept)-len(samples):], samples)
}

// concealer makes up sound in place of what is missing: it repeats the last period
// of the voice, more of them after a while so that it does not buzz, and fades out
// within 60 ms (as G.711 appendix I does).
type concealer struct {
	scale  int
	active bool
	length int // of the sound that is repeated
	period int
	at     int
	made   int // samples since the loss began
	wave   [2 * historyLength]int16
	before history // as it was when the loss began
	floor  float64 // level of the noise that is left in the end, RMS
	random uint32
}

// begin looks at the end of the history for a period.
func (c *concealer) begin(h *history, scale int) {
	c.scale, c.active, c.made, c.at = scale, true, 0, 0
	c.before = *h
	kept := h.samples[:h.size]
	c.period = period(kept, scale)
	c.length = c.period
	copy(c.wave[:], kept[len(kept)-c.period:])
	c.smooth(kept)
}

// smooth makes the end of the repeated stretch run into its beginning: over a
// quarter of a period, it becomes what stood before the stretch.
func (c *concealer) smooth(kept []int16) {
	over := c.period / 4
	begins := len(kept) - c.length
	for i := range over {
		w := float64(i+1) / float64(over+1)
		end := c.length - over + i
		c.wave[end] = round(float64(kept[begins+end])*(1-w) + float64(kept[begins-over+i])*w)
	}
}

// period finds how long one period of the voice is, by the correlation of the last
// 20 ms with what was before.
func period(kept []int16, scale int) int {
	longest, shortest, over := longestPeriod*scale, shortestPeriod*scale, correlated*scale
	tail := kept[len(kept)-over:]
	best, at := math.Inf(-1), longest
	for lag := shortest; lag <= longest; lag++ {
		other := kept[len(kept)-over-lag:][:over]
		xy, yy := 0.0, 1.0
		// Every other sample will do to find it at 8,000, every fourth at 16,000.
		for i := 0; i < over; i += 2 * scale {
			xy += float64(tail[i]) * float64(other[i])
			yy += float64(other[i]) * float64(other[i])
		}
		if r := xy / math.Sqrt(yy); r > best {
			best, at = r, lag
		}
	}
	return at
}

// fill makes up the next samples.
func (c *concealer) fill(dst []int16) {
	const stage = 80 // 10 ms
	for i := range dst {
		if c.made > 0 && c.made%(stage*c.scale) == 0 && c.made <= 2*stage*c.scale {
			// After 10 and after 20 ms one period more is repeated.
			c.lengthen()
		}
		gain := c.gain()
		v := 0.0
		if gain > 0 {
			v = gain * float64(c.wave[c.at])
			if c.at++; c.at == c.length {
				c.at = 0
			}
		}
		dst[i] = round(v + (1-gain)*c.floor*c.noise())
		c.made++
	}
}

// lengthen repeats one period more, as long as the history has it.
func (c *concealer) lengthen() {
	kept := c.before.samples[:c.before.size]
	length := c.length + c.period
	if len(kept)-length-c.period/4 < 0 {
		return
	}
	copy(c.wave[:length], kept[len(kept)-length:])
	c.length = length
	c.smooth(kept)
	c.at %= c.period
}

// gain is 1 for 10 ms and then falls to nothing at 60 ms.
func (c *concealer) gain() float64 {
	ms := float64(c.made) / float64(8*c.scale)
	return max(0, min(1, 1-(ms-10)/50))
}

// noise is evenly spread noise with an RMS of 1.
func (c *concealer) noise() float64 {
	c.random = c.random*1664525 + 1013904223
	return (float64(c.random>>8)/(1<<23) - 1) * math.Sqrt(3)
}

// join lets what was made up run into the sound that comes: the longer the gap was,
// the longer they overlap (4 ms, and 4 ms more for each 10 ms; 20 ms at most).
func (c *concealer) join(samples []int16) {
	if !c.active {
		return
	}
	c.active = false
	over := joinLength * c.scale * (1 + c.made/(80*c.scale))
	over = min(over, 160*c.scale, len(samples))
	var made [2 * 160]int16
	c.fill(made[:over])
	for i := range over {
		w := float64(i+1) / float64(over+1)
		samples[i] = round(float64(made[i])*(1-w) + float64(samples[i])*w)
	}
}

func round(v float64) int16 {
	return int16(math.Round(max(math.MinInt16, min(math.MaxInt16, v))))
}
