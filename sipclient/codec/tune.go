package codec

import (
	"math"
	"math/rand/v2"
	"sync"
)

// tuneLevel is that of the whole signal in dBFS, its rests included: as loud as
// quiet speech (P.56 has -26 dBov for usual speech while it lasts).
const tuneLevel = -23.0

// The rests between two notes, in samples. They differ, so that no tone with a
// cadence of its own falls into step with the notes.
const (
	leastRest = SampleRate * 16 / 1000
	restStep  = SampleRate * 4 / 1000
	restSteps = 14
)

// maxNote is the length of the longest note in samples.
const maxNote = SampleRate * 240 / 1000

// tuneNotes are the notes of the known signal: two voices a fifth apart that glide
// from one pitch to another. Pitches and lengths were chosen so that no note
// resembles another one: shifted against each other in whatever way, two of them
// have 3 % of their energy in common on average, and 21 % at most.
var tuneNotes = [...]struct {
	ms       int
	from, to float64 // of the lower voice, in hertz
}{
	{208, 1976, 698}, {216, 784, 2093}, {212, 1760, 523}, {204, 659, 1397},
	{232, 1976, 784}, {220, 440, 880}, {192, 880, 440}, {212, 698, 2093},
	{232, 784, 392}, {220, 440, 988}, {208, 1976, 659}, {180, 440, 988},
	{240, 1175, 587}, {236, 494, 1568}, {200, 1568, 784}, {196, 440, 1397},
}

// noteWaves holds each note as it is sent, in units of one 16-bit step.
var noteWaves = sync.OnceValue(func() (waves [len(tuneNotes)][]float64) {
	energy, length := 0.0, 0
	for i, n := range tuneNotes {
		wave := make([]float64, n.ms*SampleRate/1000)
		glide(wave, n.from, n.to)
		for _, v := range wave {
			energy += v * v
		}
		length += len(wave) + leastRest + restStep*(restSteps-1)/2
		waves[i] = wave
	}
	gain := fullScale * math.Pow(10, tuneLevel/20) / math.Sqrt(energy/float64(length))
	for _, wave := range waves {
		for i := range wave {
			wave[i] *= gain
		}
	}
	return waves
})

// glide fills dst with two voices a fifth apart. They swell and fade as a raised
// cosine over a quarter of the time at each end.
func glide(dst []float64, from, to float64) {
	edge := len(dst) / 4
	phase := 0.0
	for i := range dst {
		phase += 2 * math.Pi * from * math.Pow(to/from, float64(i)/float64(len(dst))) / SampleRate
		v := math.Sin(phase) + 0.6*math.Sin(1.5*phase)
		if near := min(i, len(dst)-1-i); near < edge {
			v *= 0.5 - 0.5*math.Cos(math.Pi*float64(near)/float64(edge))
		}
		dst[i] = v
	}
}

// melody says which note is sent when. Each round plays all notes in an order of
// its own, which depends on the seed.
type melody struct {
	random rand.PCG
	order  [len(tuneNotes)]uint8
	played int
	next   int64 // where the next note begins
}

// placedNote is a note of a melody.
type placedNote struct {
	which uint8
	start int64 // in samples since the beginning
}

func (p placedNote) length() int { return tuneNotes[p.which].ms * SampleRate / 1000 }

func newMelody(seed uint64) melody {
	m := melody{}
	m.random.Seed(seed, 0x6b6e6f776e)
	return m
}

// note gives the next note.
func (m *melody) note() placedNote {
	at := m.played % len(m.order)
	if at == 0 {
		for i := range m.order {
			j := int(m.random.Uint64() % uint64(i+1))
			m.order[i] = m.order[j]
			m.order[j] = uint8(i)
		}
	}
	p := placedNote{m.order[at], m.next}
	m.played++
	m.next += int64(p.length()) + leastRest + restStep*int64(m.random.Uint64()%restSteps)
	return p
}
