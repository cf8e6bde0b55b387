package codec

import (
	"bytes"
	"math"
)

const (
	// Floor is the level, in dBFS, of digital silence.
	Floor = -100
	// window is 20 ms, the length over which the loudest place is looked for.
	window = SampleRate / 50
	// ClipRun is how many samples at full scale in a row are still no clipping:
	// the top of a loud tone can have that many.
	ClipRun = 6
)

// Level is what a Meter found.
type Level struct {
	// DBFS is the root mean square of all samples relative to a full-scale square
	// wave, so that a full-scale sine has -3.01; Floor for digital silence.
	DBFS float64
	// Peak is the same of the loudest 20 ms.
	Peak float64
	// Constant is set when every payload byte was the same: digital silence, or
	// a source that is stuck.
	Constant bool
	// Clipped counts the samples at full scale (the codec's own, of one sign) in
	// runs of more than 6.
	Clipped uint64
	Samples uint64
}

// Meter measures the level of a sound as it arrives. The zero value is ready.
// It decodes nothing: a payload is looked up in a table of squares.
type Meter struct {
	total   float64 // sum of squares, whole windows
	part    float64 // sum of squares, the window at hand
	filled  int     // samples in the window at hand
	loudest float64 // largest sum of a window
	samples uint64
	clipped uint64

	first       byte  // of all payload bytes
	firstSample int16 // of the samples, for AddSamples
	begun       bool  // whether the first is known
	varied      bool  // whether another one came

	run     int // length of the run of full-scale samples at hand
	runSign int // 1 or -1: of that run
}

// Add measures an RTP payload; packets are joined as if nothing lay between
// them. It tells whether the encoding is one that Decode knows.
func (m *Meter) Add(name string, payload []byte) bool {
	l := lawOf(name)
	if l == nil {
		return false
	}
	if len(payload) == 0 {
		return true
	}
	if !m.begun {
		m.first, m.begun = payload[0], true
	}
	if !m.varied {
		for _, b := range payload {
			if b != m.first {
				m.varied = true
				break
			}
		}
	}
	if m.run > 0 || bytes.IndexByte(payload, l.loud[0]) >= 0 || bytes.IndexByte(payload, l.loud[1]) >= 0 {
		for _, b := range payload {
			switch b {
			case l.loud[0]:
				m.full(1)
			case l.loud[1]:
				m.full(-1)
			default:
				m.run = 0
			}
		}
	}
	for len(payload) > 0 {
		n := min(len(payload), window-m.filled)
		// Four sums at once: an addition need not wait for the one before.
		var a, b, c, d float64
		chunk := payload[:n]
		for ; len(chunk) >= 4; chunk = chunk[4:] {
			a += l.squared[chunk[0]]
			b += l.squared[chunk[1]]
			c += l.squared[chunk[2]]
			d += l.squared[chunk[3]]
		}
		for _, x := range chunk {
			a += l.squared[x]
		}
		m.sum(a+b+c+d, n)
		payload = payload[n:]
	}
	return true
}

// AddG722 measures the next RTP payload of a G.722 stream, decoded with d. Each
// pair of its samples counts as one, so that Level's figures are those of 8,000
// samples per second. Clipping cannot be told: the codec rounds its edges off.
func (m *Meter) AddG722(d *G722Decoder, payload []byte) {
	if len(payload) == 0 {
		return
	}
	if !m.begun {
		m.first, m.begun = payload[0], true
	}
	if !m.varied && bytes.Count(payload, []byte{m.first}) < len(payload) {
		m.varied = true
	}
	var buffer [2 * window]int16
	for len(payload) > 0 {
		n := min(len(payload), window)
		samples := d.Decode(buffer[:0], payload[:n])
		for i := 0; i+1 < len(samples); i += 2 {
			a, b := float64(samples[i]), float64(samples[i+1])
			m.sum((a*a+b*b)/2, 1)
		}
		payload = payload[n:]
	}
}

// AddSamples measures samples of a sound that is not G.711. Full scale is that
// of 16 bits; samples that are all the same count as constant.
func (m *Meter) AddSamples(samples []int16) {
	for _, s := range samples {
		switch s {
		case math.MaxInt16:
			m.full(1)
		case math.MinInt16, math.MinInt16 + 1:
			m.full(-1)
		default:
			m.run = 0
		}
		if !m.begun {
			m.firstSample, m.begun = s, true
		}
		if s != m.firstSample {
			m.varied = true
		}
		m.sum(float64(s)*float64(s), 1)
	}
}

// full counts a sample at full scale.
func (m *Meter) full(sign int) {
	if m.runSign != sign {
		m.run, m.runSign = 0, sign
	}
	m.run++
	switch {
	case m.run == ClipRun+1:
		m.clipped += ClipRun + 1
	case m.run > ClipRun:
		m.clipped++
	}
}

// sum adds the squares of n samples that lie in one window.
func (m *Meter) sum(squares float64, n int) {
	m.part += squares
	m.filled += n
	m.samples += uint64(n)
	if m.filled == window {
		m.loudest = max(m.loudest, m.part)
		m.total += m.part
		m.part, m.filled = 0, 0
	}
}

// Level gives what was measured so far; the meter can go on. Without any sample
// both levels are Floor.
func (m *Meter) Level() Level {
	l := Level{DBFS: Floor, Peak: Floor, Clipped: m.clipped, Samples: m.samples, Constant: m.begun && !m.varied}
	if m.samples == 0 {
		return l
	}
	l.DBFS = decibel(m.total+m.part, m.samples)
	if m.samples < window {
		l.Peak = l.DBFS
	} else {
		l.Peak = decibel(m.loudest, window)
	}
	return l
}

// decibel turns a sum of squares of n samples into dBFS, never below Floor.
func decibel(squares float64, n uint64) float64 {
	if squares <= 0 || n == 0 {
		return Floor
	}
	return max(Floor, 10*math.Log10(squares/float64(n)/(fullScale*fullScale)))
}

// fullScale is the amplitude of a full-scale square wave in 16 bits.
const fullScale = 32768

// Amplitude gives the peak of a sine with the given level: -3.01 dBFS is a
// full-scale sine. It never exceeds what 16 bits hold.
func Amplitude(dbfs float64) float64 {
	return min(math.Sqrt2*fullScale*math.Pow(10, dbfs/20), math.MaxInt16)
}
