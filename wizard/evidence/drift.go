package evidence

import (
	"math"
	"time"
)

const (
	// driftWindow is the stretch of which the fastest packet is taken: jitter only
	// ever makes packets later.
	driftWindow = 2 * time.Second
	// driftLeast is what has to lie between the first and the last point before two
	// clocks can be compared.
	driftLeast = 20 * time.Second
	// driftLoose is how far the fastest packets may lie off the line at least, root
	// mean square; a network that is noisier than that hides the clocks.
	driftLoose = 5 * time.Millisecond
)

// drift compares the sender's clock (timestamps) with ours (arrivals): a straight
// line through the fastest packet of each two seconds. A step, as a change of the
// route or a sender that leaves silence out of its timestamps makes it, is no line.
type drift struct {
	began, ends int64   // Unix time in nanoseconds
	best        float64 // least transit of this window, seconds
	bestAt      float64 // when, seconds since began
	line        line
	longest     line // of the stretch before, where the baseline was set anew
}

// line is a linear regression over points (t, y) in seconds.
type line struct{ n, t, y, tt, ty, yy, from, to float64 }

func (l *line) add(t, y float64) {
	if l.n == 0 {
		l.from = t
	}
	l.n, l.t, l.y, l.tt, l.ty, l.yy, l.to = l.n+1, l.t+t, l.y+y, l.tt+t*t, l.ty+t*y, l.yy+y*y, t
}

func (l *line) lasted() float64 { return l.to - l.from }

// restart begins a new line: what comes has another baseline.
func (d *drift) restart(at int64) {
	if d.line.lasted() > d.longest.lasted() {
		d.longest = d.line
	}
	*d = drift{began: at, ends: at + int64(driftWindow), best: math.Inf(1), longest: d.longest}
}

func (d *drift) add(at int64, transit float64) {
	if at > d.ends {
		if !math.IsInf(d.best, 1) {
			d.line.add(d.bestAt, d.best)
		}
		d.best, d.ends = math.Inf(1), at+int64(driftWindow)
	}
	if transit < d.best {
		d.best, d.bestAt = transit, float64(at-d.began)/1e9
	}
}

// skew gives the slope as time per minute, and over how long it was measured; 0
// where the stream was too short or the points lie on no line.
func (d *drift) skew() (perMinute, over time.Duration) {
	l := d.line
	if d.longest.lasted() > l.lasted() {
		l = d.longest
	}
	if l.n < 5 || l.lasted() < driftLeast.Seconds() {
		return 0, 0
	}
	den := l.n*l.tt - l.t*l.t
	if den <= 0 {
		return 0, 0
	}
	slope := (l.n*l.ty - l.t*l.y) / den
	at0 := (l.y - slope*l.t) / l.n
	off := max(0, l.yy-at0*l.y-slope*l.ty) / l.n
	if rms := math.Sqrt(off); rms > max(driftLoose.Seconds(), math.Abs(slope)*l.lasted()/10) {
		return 0, 0
	}
	return seconds(slope * 60), seconds(l.lasted())
}
