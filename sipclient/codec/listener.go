package codec

import (
	"math"
	"time"
)

const (
	ringSize = 1 << 15 // samples that are kept: 4 s
	// soonLags is how far the first look at a note goes, which is taken as long as
	// nothing was found: a verdict need not wait for the latest echo.
	soonLags = SampleRate * 4 / 10
	// mainShare is the share of the sound that a note has to explain for the path by
	// which it came to be the main one, mainMoved by how many samples two notes may
	// differ on it.
	mainShare, mainMoved = 0.25, 2 * binStep
	// mainGone is after how many notes in a row that did not come by it the main path
	// is given up.
	mainGone = 8
	// nowhere is the lag of a note that nothing explains.
	nowhere = -searchSize
	// enough is after how many notes silence counts: "it does not come back".
	enough = 12
	// echoesMost is how many echoes are told, echoNear how much weaker than the
	// strongest one another may be (12 dB): below that lie the notes' likenesses.
	echoesMost = 3
	echoNear   = 0.25
)

// heardNote is a note with the place in what is heard at which it would come
// without any delay.
type heardNote struct {
	placedNote
	round int
	at    int64
	soon  bool // the first look was taken
}

// Listener looks for a Probe in what comes back: whether it is there, how late and
// how loud, what of it was lost, and what comes back a second time. It is told
// everything that is heard, in order, at 8,000 samples per second.
//
// It looks 1.5 s back, and needs about 2 s until it is sure of a signal that is
// there. Hear takes no memory; it costs well under 1 % of the time that it
// listens, but some 2 ms at once for each note: it is not for a sound device's
// callback. A Listener is not safe for concurrent use.
type Listener struct {
	melody melody
	start  int64 // what was sent when the first sample was heard
	n      int64 // samples heard
	ring   [ringSize]float64
	low    highPass

	round  int
	notes  [64]heardNote // those that were sent lately, by round
	queue  int           // the round that is looked at next
	next   placedNote    // the one that is sent next
	looked int           // notes that were searched for

	search  *correlator
	raw     *history // of what was heard
	rest    *history // of what is left of it without the main path
	passage passage
	segment []float64
	clean   []float64

	main     arrivalMain
	pieces   int // of the notes on the main path that could be judged
	missing  int // of them
	gains    [rounds]float64
	weighed  int
	previous int // where the note before came strongest, or nowhere
}

// arrivalMain is the path by which most of the signal comes.
type arrivalMain struct {
	found bool
	lag   float64 // samples
	gone  int     // notes in a row that did not come by it
}

// NewListener listens for the Probe of a seed. sent is how many samples of it had
// been sent when the first sample was heard (Probe.Sent); where both begin at the
// same moment it is 0.
func NewListener(seed uint64, sent int64) *Listener {
	l := &Listener{
		melody: newMelody(seed), start: sent, search: newCorrelator(), raw: newHistory(), rest: newHistory(),
		segment: make([]float64, maxNote+2*taps), clean: make([]float64, searchSize), previous: nowhere,
	}
	l.next = l.melody.note()
	for l.next.start+searchSpan < sent {
		l.next = l.melody.note()
	}
	return l
}

// Hear takes the next samples.
func (l *Listener) Hear(samples []int16) {
	for len(samples) > 0 {
		n := min(len(samples), SampleRate/50)
		for i, s := range samples[:n] {
			l.ring[(l.n+int64(i))%ringSize] = l.low.next(float64(s))
		}
		samples = samples[n:]
		l.move(n)
	}
}

// Miss tells that n samples never came, and that nothing was played in their place.
func (l *Listener) Miss(n int) {
	var silence [SampleRate / 50]int16
	for n > 0 {
		k := min(n, len(silence))
		l.Hear(silence[:k])
		n -= k
	}
}

// Paused tells that the sending of the signal stood still for n samples, just now:
// digits were sent in its place, or the call was on hold.
func (l *Listener) Paused(n int) {
	l.enqueue()
	l.start -= int64(n)
}

// enqueue notes which notes have begun to be sent.
func (l *Listener) enqueue() {
	for l.next.start-l.start <= l.n {
		l.notes[l.round%len(l.notes)] = heardNote{placedNote: l.next, round: l.round, at: l.next.start - l.start}
		l.round++
		l.next = l.melody.note()
	}
}

// move goes on by n samples.
func (l *Listener) move(n int) {
	l.n += int64(n)
	l.enqueue()
	if l.queue < l.round-len(l.notes)/2 {
		l.queue = l.round - len(l.notes)/2
	}
	for ; l.queue < l.round; l.queue++ {
		note := &l.notes[l.queue%len(l.notes)]
		// The main path of every note in the window has to be heard to its end.
		if l.n < note.at+searchSpan+maxNote+taps {
			break
		}
		l.look(note)
	}
	if l.main.found {
		return
	}
	for r := l.queue; r < l.round; r++ {
		note := &l.notes[r%len(l.notes)]
		if heard := int64(searchLead + soonLags + note.length()); !note.soon && l.n >= note.at-searchLead+heard {
			note.soon = true
			l.copyWindow(note)
			l.search.search(note.which, int(heard), l.raw.slot(note.round))
		}
	}
}

// sample gives a sample that was heard, 0 for what is not known any more or yet.
func (l *Listener) sample(at int64) float64 {
	if at < 0 || at >= l.n || at < l.n-ringSize {
		return 0
	}
	return l.ring[at%ringSize]
}

func (l *Listener) copyWindow(note *heardNote) {
	for i := range searchSpan {
		l.search.window[i] = l.sample(note.at - searchLead + int64(i))
	}
}

// look searches for a note in all that was heard.
func (l *Listener) look(note *heardNote) {
	l.looked++
	l.copyWindow(note)
	copy(l.clean, l.search.window)
	t := l.raw.slot(note.round)
	l.search.search(note.which, searchSpan, t)
	l.follow(t)
	if !l.main.found {
		return
	}
	l.removeMain(note)
	copy(l.search.window, l.clean)
	l.search.search(note.which, searchSpan, l.rest.slot(note.round))
}

// follow finds the main path, keeps to it, or gives it up.
func (l *Listener) follow(t *trace) {
	strong := nowhere
	if t.best >= mainShare {
		strong = t.bestAt - searchLead
	}
	before := l.previous
	l.previous = strong
	if m := &l.main; m.found {
		if strong != nowhere && math.Abs(float64(strong)-m.lag) <= mainMoved {
			m.lag += (float64(strong) - m.lag) / 4
			m.gone = 0
			return
		}
		if m.gone++; m.gone >= mainGone {
			*m = arrivalMain{}
			l.rest.reset()
		}
	}
	if strong != nowhere && before != nowhere && max(strong-before, before-strong) <= mainMoved {
		if l.main.found {
			l.rest.reset()
		}
		l.main = arrivalMain{found: true, lag: float64(strong)}
	}
}

// removeMain takes what came by the main path out of l.clean, the window of a note,
// and counts what of that note was lost.
func (l *Listener) removeMain(note *heardNote) {
	delay := int64(math.Round(l.main.lag))
	begins := note.at - searchLead
	for r := max(0, l.round-len(l.notes)); r < l.round; r++ {
		other := &l.notes[r%len(l.notes)]
		from := other.at + delay - tapsLead // of the filter's first tap
		if from+int64(other.length())+taps <= begins || from >= begins+searchSpan {
			continue
		}
		segment := l.segment[:other.length()+taps]
		for i := range segment {
			segment[i] = l.sample(from + int64(i))
		}
		l.passage.fit(other.which, segment, l.usualGain())
		next := l.next.start - l.start
		if r+1 < l.round {
			next = l.notes[(r+1)%len(l.notes)].at
		}
		l.passage.remove(l.clean[:searchSpan], int(from-begins), int(next+delay-tapsLead-begins))
		if other.round == note.round {
			l.count()
		}
	}
}

// count takes what the passage of a note says about the main path.
func (l *Listener) count() {
	p := &l.passage
	l.pieces += p.whole
	l.missing += p.lost
	if p.lost < p.whole {
		l.gains[l.weighed%rounds] = p.gain
		l.weighed++
	}
}

// usualGain is the middle of the latest gains, 0 where there are none.
func (l *Listener) usualGain() float64 {
	n := min(l.weighed, rounds)
	return middle(l.gains[:n])
}

// middle gives the median, 0 of nothing.
func middle(values []float64) float64 {
	var order [rounds]float64
	n := copy(order[:], values)
	if n == 0 {
		return 0
	}
	for i := 1; i < n; i++ {
		for j := i; j > 0 && order[j] < order[j-1]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order[n/2]
}

// Heard is what a Listener found.
type Heard struct {
	// Found tells that the signal comes back; Enough that it was listened for long
	// enough to say that it does not.
	Found, Enough bool
	// Return is the strongest way by which it comes.
	Return Return
	// Pieces counts the stretches of 5 ms of it that could be judged, Lost those of
	// them that did not come. 0 and 0: it came too faintly to tell.
	Pieces, Lost int
	// Echoes are further ways, the loudest first. They come 15 ms or more before or
	// behind the strongest one.
	Echoes []Return
	// Notes counts the notes that were listened for, four a second.
	Notes int
}

// Return is one way by which the signal comes back.
type Return struct {
	Delay time.Duration // between sending and hearing
	Gain  float64       // dB against what was sent
}

// LostPercent is the share of the pieces that did not come, in percent.
func (h Heard) LostPercent() float64 {
	if h.Pieces == 0 {
		return 0
	}
	return 100 * float64(h.Lost) / float64(h.Pieces)
}

// Heard gives what was found so far; it may be asked at any time and again.
func (l *Listener) Heard() Heard {
	h := Heard{Notes: l.looked, Enough: l.looked >= enough}
	first, sure := l.raw.strongest(nil)
	from := l.raw
	switch {
	case l.main.found && sure:
		from = l.rest
		h.Found, h.Pieces, h.Lost = true, l.pieces, l.missing
		first = arrival{bin: (int(math.Round(l.main.lag)) + searchLead) / binStep, lag: l.main.lag, gain: l.usualGain()}
	case sure:
		h.Found = true
	default:
		return h
	}
	h.Return = returnOf(first)
	others := []arrival{first}
	for len(h.Echoes) < echoesMost {
		echo, ok := from.strongest(others)
		loudest := first.gain
		if from == l.rest && len(others) > 1 {
			loudest = others[1].gain
		}
		if !ok || (from == l.raw || len(others) > 1) && echo.gain < echoNear*loudest {
			break
		}
		others = append(others, echo)
		h.Echoes = append(h.Echoes, returnOf(echo))
	}
	return h
}

func returnOf(a arrival) Return {
	return Return{Delay: time.Duration(a.lag * float64(time.Second) / SampleRate), Gain: 20 * math.Log10(max(a.gain, 1e-6))}
}

// highPass leaves out what lies below the voice: hum, and the offset of a cheap
// sound device (a Butterworth filter of second order at 200 Hz).
type highPass struct{ x1, x2, y1, y2 float64 }

func (h *highPass) next(x float64) float64 {
	// tan(π·200/8000) = k; b = 1/(1+√2k+k²).
	const b, a1, a2 = 0.89485861, -1.77863178, 0.80080265
	y := b*(x-2*h.x1+h.x2) - a1*h.y1 - a2*h.y2
	h.x2, h.x1, h.y2, h.y1 = h.x1, x, h.y1, y
	return y
}
