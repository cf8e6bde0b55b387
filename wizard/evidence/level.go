package evidence

import "math"

// law is how a payload's bytes become sound.
type law uint8

const (
	lawUnread law = iota // not yet looked up
	lawNone              // cannot be decoded here
	lawMu                // G.711 mu-law (PCMU)
	lawA                 // G.711 A-law (PCMA)
)

// meter measures the level of G.711 sound.
type meter struct {
	samples uint64
	sum     float64
	peak    float64 // highest mean square of one packet
	byte0   byte
	varied  bool
	run     int // samples at full scale in a row
	clipped uint64
}

func (m *meter) add(l law, payload []byte) {
	if len(payload) == 0 {
		return
	}
	table := &muLaw
	if l == lawA {
		table = &aLaw
	}
	if m.samples == 0 {
		m.byte0 = payload[0]
	}
	var sum int64
	for _, c := range payload {
		if c != m.byte0 {
			m.varied = true
		}
		v := int64(table[c])
		sum += v * v
		if c&0x7f == fullScale[l] {
			m.run++
			if m.run == 7 {
				m.clipped += 7
			} else if m.run > 7 {
				m.clipped++
			}
		} else {
			m.run = 0
		}
	}
	m.samples += uint64(len(payload))
	m.sum += float64(sum)
	m.peak = max(m.peak, float64(sum)/float64(len(payload)))
}

func (m *meter) level() Level {
	if m.samples == 0 {
		return Level{}
	}
	return Level{Known: true, DBFS: dBFS(m.sum / float64(m.samples)), Peak: dBFS(m.peak),
		Constant: !m.varied, Clipped: m.clipped, Samples: m.samples}
}

func dBFS(meanSquare float64) float64 {
	const silence = -100
	if meanSquare <= 0 {
		return silence
	}
	return max(silence, 10*math.Log10(meanSquare/(32768*32768)))
}

// fullScale is the code of the largest magnitude, without its sign bit.
var fullScale = [...]byte{lawMu: 0x00, lawA: 0x2a}

var muLaw, aLaw = func() (mu, a [256]int16) {
	for i := range 256 {
		u := ^byte(i)
		v := (int(u&15)<<3+0x84)<<(u>>4&7) - 0x84
		if u&0x80 != 0 {
			v = -v
		}
		mu[i] = int16(v)
		x := byte(i) ^ 0x55
		w := int(x&15)<<4 + 8
		if e := x >> 4 & 7; e > 0 {
			w = (w + 0x100) << (e - 1)
		}
		if x&0x80 == 0 {
			w = -w
		}
		a[i] = int16(w)
	}
	return
}()
