package codec

// Probe is the known signal: what the test phone sends during a call. Soft notes
// of two voices a fifth apart glide up and down between 390 and 3,140 Hz, at -23
// dBFS. All of it is in the band of every speech codec, it changes all the time (a
// voice activity detector takes it for speech), it holds no keys and no tone that
// any equipment answers, and a Listener finds it again in what comes back.
//
// The order of the notes and the rests between them come from a seed and never
// repeat, so a Listener hears its own Probe only, and no other phone's.
//
// The zero value is that of the seed 0, at its beginning. It is not safe for
// concurrent use.
type Probe struct {
	seed   uint64
	begun  bool
	melody melody
	note   placedNote
	at     int64
}

// NewProbe gives a signal of its own for each seed.
func NewProbe(seed uint64) *Probe { return &Probe{seed: seed} }

// Seed is what a Listener needs to know of this signal.
func (p *Probe) Seed() uint64 { return p.seed }

// Sent counts the samples that it gave so far.
func (p *Probe) Sent() int64 { return p.at }

// Frame implements Source.
func (p *Probe) Frame(dst []int16) {
	if !p.begun {
		p.begun, p.melody = true, newMelody(p.seed)
		p.note = p.melody.note()
	}
	for len(dst) > 0 {
		wave := noteWaves()[p.note.which]
		switch from := p.at - p.note.start; {
		case from < int64(len(wave)):
			n := min(len(dst), len(wave)-int(from))
			for i, v := range wave[from:][:n] {
				dst[i] = clamp(v)
			}
			dst, p.at = dst[n:], p.at+int64(n)
		case p.at < p.melody.next:
			n := min(len(dst), int(p.melody.next-p.at))
			clear(dst[:n])
			dst, p.at = dst[n:], p.at+int64(n)
		default:
			p.note = p.melody.note()
		}
	}
}
