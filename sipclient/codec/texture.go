package codec

import "math"

// Fabric is what a stream's bytes are made of, whatever its packets say.
type Fabric uint8

const (
	// FabricUnknown: too little was seen, or nothing but silence.
	FabricUnknown Fabric = iota
	// FabricSound: they are what they say, as far as can be told.
	FabricSound
	// FabricOtherLaw: they are G.711 by the other of its two laws. Played as they say,
	// a voice is loud and harsh.
	FabricOtherLaw
	// FabricEven: every byte is as frequent as any other. No sound is like that, in none
	// of the codecs here: it is encrypted. Played as it says it is loud white noise.
	FabricEven
)

const (
	// textureLook is how many bytes are looked at at a time (a second of sound), textureMost
	// how many at most: who begins with silence is listened to for longer.
	textureLook = 8000
	textureMost = 6 * textureLook
	// EvenSpread is the excess of chi-square over its mean, per byte, below which bytes
	// count as evenly spread. Speech, music and noise in G.711 have 0.4 and more; what is
	// encrypted has 0 with a spread of 0.003.
	EvenSpread = 0.03
	// OtherLawSmoother is by how many dB a sound has to be foretold better from its last
	// samples by the other law for that to be its own, and OtherLawQuieter how much
	// quieter it has to be. Speech by its own law is 3 to 10 dB smoother and 9 to 12
	// quieter.
	OtherLawSmoother, OtherLawQuieter = 1.5, 4.0
	// textureFaint is the level in dBFS below which nothing is there to tell by.
	textureFaint = -50.0
)

// Texture finds out what a sound's bytes are made of, from its first seconds. What is as
// it should be costs next to nothing: only where the other law would be quieter is the
// sound itself looked at. The zero value is ready.
type Texture struct {
	counts [256]uint16
	n      int
	own    *[256]int16 // what the bytes stand for, nil where they are not G.711
	other  *[256]int16
	fabric Fabric
	done   bool
	close  bool // a closer look is on
	as     [2]spectrum
	looked int
}

// spectrum holds the autocorrelation of a sound.
type spectrum struct {
	last [4]float64
	r    [5]float64
}

func (s *spectrum) add(x float64) {
	s.r[0] += x * x
	for i, y := range s.last {
		s.r[i+1] += x * y
	}
	s.last = [4]float64{x, s.last[0], s.last[1], s.last[2]}
}

// smooth is by how many dB the sound is foretold by its last four samples
// (Levinson and Durbin's recursion).
func (s *spectrum) smooth() float64 {
	if s.r[0] <= 0 {
		return 0
	}
	r := s.r
	r[0] *= 1.0001 // a pure tone is foretold without end
	left := r[0]
	var a [5]float64
	for i := 1; i < len(r); i++ {
		k := r[i]
		for j := 1; j < i; j++ {
			k -= a[j] * r[i-j]
		}
		k /= left
		b := a
		b[i] = k
		for j := 1; j < i; j++ {
			b[j] = a[j] - k*a[i-j]
		}
		a = b
		left *= 1 - k*k
	}
	return 10 * math.Log10(r[0]/left)
}

// Add takes the payload of a packet and tells whether more is wanted.
func (t *Texture) Add(name string, payload []byte) (more bool) {
	if t.done {
		return false
	}
	if t.n == 0 {
		switch lawOf(name) {
		case &muLaw:
			t.own, t.other = &muTable, &aTable
		case &aLaw:
			t.own, t.other = &aTable, &muTable
		}
	}
	if t.close {
		for _, b := range payload {
			t.as[0].add(float64(t.own[b]))
			t.as[1].add(float64(t.other[b]))
		}
		if t.looked += len(payload); t.looked >= textureLook {
			t.done, t.fabric = true, FabricSound
			if t.as[1].smooth() > t.as[0].smooth()+OtherLawSmoother && t.quieter(t.as[0].r[0], t.as[1].r[0]) {
				t.fabric = FabricOtherLaw
			}
		}
		return !t.done
	}
	before := t.n
	t.n += len(payload)
	for _, b := range payload {
		t.counts[b]++
	}
	if t.n/textureLook > before/textureLook {
		t.judge()
	}
	t.done = t.done || t.n >= textureMost
	return !t.done
}

// judge looks at the counts.
func (t *Texture) judge() {
	mean := float64(t.n) / float64(len(t.counts))
	chi, own, other := 0.0, 0.0, 0.0
	for b, n := range t.counts {
		chi += (float64(n) - mean) * (float64(n) - mean) / mean
		if t.own != nil {
			own += float64(n) * float64(t.own[b]) * float64(t.own[b])
			other += float64(n) * float64(t.other[b]) * float64(t.other[b])
		}
	}
	switch {
	case (chi-float64(len(t.counts)-1))/float64(t.n) < EvenSpread:
		t.fabric, t.done = FabricEven, true
	case t.own == nil:
		t.fabric, t.done = FabricSound, true
	case decibel(own, uint64(t.n)) < textureFaint:
	case t.quieter(own, other):
		t.close = true
	default:
		t.fabric, t.done = FabricSound, true
	}
}

// quieter tells that the other law makes a sound much quieter.
func (t *Texture) quieter(own, other float64) bool {
	return 10*math.Log10((own+1)/(other+1)) > OtherLawQuieter
}

// Fabric tells what was found so far.
func (t *Texture) Fabric() Fabric { return t.fabric }
