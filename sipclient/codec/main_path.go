package codec

import (
	"math"
	"slices"
	"sync"
)

const (
	taps     = 16 // of the filter that stands for the way there and back
	tapsLead = 6  // how many of them lie before the peak
	piece    = SampleRate / 200
	pieces   = maxNote/piece + 2
)

// passage is how one note came by the main path: through what filter, and which
// pieces of it.
type passage struct {
	filter [taps]float64
	wave   [maxNote + taps]float64 // the note as it should have come
	came   [pieces]bool
	loud   float64 // what is left of a piece with more energy than this is no echo
	whole  int     // pieces with sound enough to tell
	lost   int     // of them
	gain   float64 // amplitude against what was sent, of the pieces that came
}

// noteRhymes holds the autocorrelation of each note at the lags of the filter.
var noteRhymes = sync.OnceValue(func() (all [len(tuneNotes)][taps]float64) {
	for i, wave := range noteWaves() {
		for lag := range taps {
			for n := lag; n < len(wave); n++ {
				all[i][lag] += wave[n] * wave[n-lag]
			}
		}
	}
	return all
})

// fit explains the sound as the note, filtered. heard begins tapsLead samples
// before the note; it holds the note and the filter's length. Twice: first with all
// pieces, then with those that came.
func (p *passage) fit(which uint8, heard []float64, usual float64) {
	sent := noteWaves()[which]
	for i := range p.came {
		p.came[i] = true
	}
	for range 2 {
		p.solve(which, sent, heard)
		p.weigh(sent, heard, usual)
	}
}

// solve finds the filter that explains the pieces that came, by least squares.
func (p *passage) solve(which uint8, sent, heard []float64) {
	var cross [taps]float64
	part, all := 0.0, 0.0
	for at := 0; at < len(sent); at += piece {
		s := sent[at:min(len(sent), at+piece)]
		energy := 0.0
		for _, v := range s {
			energy += v * v
		}
		all += energy
		if !p.came[at/piece] {
			continue
		}
		part += energy
		for m := range cross {
			h := heard[at+m:][:len(s)]
			sum := 0.0
			for i, v := range s {
				sum += v * h[i]
			}
			cross[m] += sum
		}
	}
	p.filter = [taps]float64{}
	if part > 0 {
		rhymes := noteRhymes()
		p.filter = toeplitz(&rhymes[which], part/all, cross)
	}
	clear(p.wave[:])
	for m, f := range p.filter {
		for i, v := range sent {
			p.wave[i+m] += f * v
		}
	}
}

// weigh tells which pieces came, and how loud they are. usual is the gain that
// other notes had, 0 where none is known yet.
func (p *passage) weigh(sent, heard []float64, usual float64) {
	var fit, level, rest [pieces]float64
	n := (len(sent) + taps + piece - 1) / piece
	most := 0.0
	for k := range n {
		from := k * piece
		wave := p.wave[from:min(len(sent)+taps, from+piece)]
		xy := 0.0
		for i, v := range wave {
			h := heard[from+i]
			xy += v * h
			rest[k] += (h - v) * (h - v)
			level[k] += v * v
		}
		fit[k] = xy / max(level[k], 1e-9)
		most = max(most, level[k])
	}
	var fits, rests [pieces]float64
	told := 0
	for k := range n {
		if level[k] > most/10 {
			fits[told], rests[told] = fit[k], rest[k]
			told++
		}
	}
	if told == 0 {
		return
	}
	slices.Sort(fits[:told])
	slices.Sort(rests[:told])
	// Where a piece was lost, silence stands or something else, in a note that glides
	// slowly even something like it; most came.
	most7 := told * 7 / 10
	half, usualRest := fits[most7]/2, rests[told/2]
	p.whole, p.lost = told, 0
	mean := 0.0
	here, there := 0.0, 0.0
	for k := range n {
		mean += level[k] / float64(n)
		p.came[k] = level[k] <= most/10 || fit[k] > half && rest[k] < 0.5*level[k]+4*usualRest
		if level[k] > most/10 && !p.came[k] {
			p.lost++
		}
		if p.came[k] && k*piece < len(sent) {
			here += level[k]
			for _, v := range sent[k*piece : min(len(sent), (k+1)*piece)] {
				there += v * v
			}
		}
	}
	p.loud = max(0.4*mean, 3*rests[most7])
	p.gain = math.Sqrt(here / max(there, 1e-9))
	if p.gain < usual/3 {
		// The note as a whole did not come.
		clear(p.came[:])
		p.lost = p.whole
	}
}

// remove takes the note out of the sound: what came of it by the filter, and where
// it was lost all that stands in its place. at is where in sound the note's filter
// begins, next where that of the next note does.
func (p *passage) remove(sound []float64, at, next int) {
	for k := 0; at+k*piece < min(next, len(sound)); k++ {
		from, to := max(0, at+k*piece), min(len(sound), next, at+(k+1)*piece)
		left := 0.0
		for i := from; i < to; i++ {
			if i-at < len(p.wave) {
				sound[i] -= p.wave[i-at]
			}
			left += sound[i] * sound[i]
		}
		if p.gone(k-2) || p.gone(k-1) || p.gone(k) || p.gone(k+1) || p.gone(k+2) || left > p.loud {
			clear(sound[from:max(from, to)])
		}
	}
}

// gone tells that a piece was lost. Packets do not begin where pieces do, so the
// ones beside it may lack a part as well.
func (p *passage) gone(k int) bool { return k >= 0 && k < pieces && !p.came[k] }

// toeplitz solves the normal equations of a symmetric Toeplitz matrix, scaled, by
// Levinson's recursion. A little is added to the diagonal, because a note has
// nothing in most of the band.
func toeplitz(row *[taps]float64, scale float64, right [taps]float64) (x [taps]float64) {
	const ridge = 1 + 1e-3
	var back [taps]float64 // the backward vector
	first := row[0] * ridge * scale
	if first <= 0 {
		return x
	}
	back[0] = 1 / first
	x[0] = right[0] / first
	for n := 1; n < taps; n++ {
		errBack, errX := 0.0, 0.0
		for i := range n {
			errBack += row[i+1] * scale * back[i]
			errX += row[n-i] * scale * x[i]
		}
		// The forward vector is the backward one turned round.
		div := 1 - errBack*errBack
		if div <= 1e-12 {
			return x
		}
		var next [taps]float64
		for i := range n + 1 {
			f, b := 0.0, 0.0
			if i < n {
				f = back[n-1-i]
			}
			if i > 0 {
				b = back[i-1]
			}
			next[i] = (b - errBack*f) / div
		}
		back = next
		for i := range n + 1 {
			x[i] += (right[n] - errX) * back[i]
		}
	}
	return x
}
