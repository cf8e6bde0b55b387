package audio

import (
	"math"
	"slices"
	"time"
)

const (
	// paceRest is how long a device may run before its clock is looked at: it begins with
	// a burst that fills its buffers.
	paceRest = 2 * time.Second
	// paceGap is the time between two callbacks behind which samples may be missing: the
	// window begins anew.
	paceGap = 150 * time.Millisecond
	// paceWindow is how long the clock is watched at a time. A clock that is off is off in
	// each window alike; a device that lost some samples is not.
	paceWindow  = 4 * time.Second
	paceWindows = 16 // that are kept
	paceLeast   = 4  // windows from which on anything is said
	// paceStep is how finely a window is looked at: the earliest callback of each step counts.
	paceStep  = 50 * time.Millisecond
	paceSteps = int(paceWindow/paceStep) + 1
	paceFew   = 20 // callbacks with which nothing can be told of a window
	// paceAgree is how far half of the windows may lie from their middle, as a share.
	paceAgree = 400e-6
)

// pace measures a device's clock: how many samples it takes or gives in a second of this
// computer's clock. Callbacks are late and never early, and hold whole periods, so that a
// clock which is off shows in leaps: what counts is the line that lies on the earliest of
// each window (the upper hull), which neither of both bends. It does not allocate.
type pace struct {
	rate    float64
	first   time.Duration // of this window, after the stream's beginning; 0: none yet
	last    time.Duration
	samples float64 // since first

	n     int              // callbacks in this window
	early [paceSteps]sight // of its steps
	steps int

	windows [paceWindows]float64 // by how much sound falls behind in a second
	count   int

	middle float64       // of the windows, where they agree
	over   time.Duration // which they cover; 0: they do not
}

// add takes a callback at a time after the stream's beginning. Its samples are those of
// the time before it.
func (p *pace) add(at time.Duration, samples int) {
	switch {
	case at < paceRest:
	case p.first == 0, at-p.last > paceGap:
		p.begin(at)
	default:
		p.samples += float64(samples)
		p.n++
		p.see((at - p.first).Seconds())
		if at-p.first >= paceWindow {
			p.window()
			p.begin(at)
		}
	}
	p.last = at
}

func (p *pace) begin(at time.Duration) {
	p.first, p.samples = at, 0
	p.n, p.steps = 0, 0
}

// sight is how much more sound than time there was, in seconds, at a time in a window.
type sight struct{ t, ahead float64 }

// see keeps the earliest callback of each step.
func (p *pace) see(t float64) {
	now := sight{t, p.samples/p.rate - t}
	step := int(t / paceStep.Seconds())
	switch last := p.steps - 1; {
	case last >= 0 && int(p.early[last].t/paceStep.Seconds()) == step:
		if now.ahead > p.early[last].ahead {
			p.early[last] = now
		}
	case p.steps < paceSteps:
		p.early[p.steps] = now
		p.steps++
	}
}

// slope is that of the line which lies on the earliest callbacks, where it crosses the
// middle of the window. What lies under it is dropped.
func (p *pace) slope() float64 {
	hull := p.early[:0]
	for _, s := range p.early[:p.steps] {
		for len(hull) > 1 && rise(hull[len(hull)-2], hull[len(hull)-1]) <= rise(hull[len(hull)-2], s) {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, s)
	}
	at := 1
	for at < len(hull)-1 && hull[at].t < paceWindow.Seconds()/2 {
		at++
	}
	return rise(hull[at-1], hull[at])
}

func rise(a, b sight) float64 { return (b.ahead - a.ahead) / (b.t - a.t) }

// window closes one, and tells what the latest of them say together.
func (p *pace) window() {
	if p.n < paceFew || p.steps < 2 {
		return
	}
	p.windows[p.count%paceWindows] = -p.slope()
	p.count++
	kept := min(p.count, paceWindows)
	if kept < paceLeast {
		return
	}
	var sorted [paceWindows]float64
	list := sorted[:copy(sorted[:], p.windows[:kept])]
	slices.Sort(list)
	middle := list[kept/2]
	for i, v := range list {
		list[i] = math.Abs(v - middle)
	}
	slices.Sort(list)
	if list[kept/2] > paceAgree {
		p.over = 0
		return
	}
	p.middle, p.over = middle, time.Duration(kept)*paceWindow
}

// skew is by how much the device's clock falls behind in a minute (negative: it runs
// ahead), over how long that was measured; 0 there where it is not known.
func (p *pace) skew() (perMinute, over time.Duration) {
	if p.over == 0 {
		return 0, 0
	}
	return time.Duration(p.middle * float64(time.Minute)), p.over
}
