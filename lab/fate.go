package lab

import (
	"math/rand/v2"
	"time"
)

// fate is what becomes of one packet.
type fate struct {
	lost, doubled, late bool
	wait                time.Duration
}

// dice throw the fates of one flow. Each kind of fate has numbers of its own, so that
// one more of them changes nothing of the others.
type dice struct {
	i                  impairment
	loss, double, late picker
	waits, burst       *rand.Rand
	bursting           bool
	lastOut            time.Time
}

// newDice begins a flow: the nth that the impairment meets.
func newDice(i impairment, flow uint64) *dice {
	numbers := func(kind uint64) *rand.Rand { return rand.New(rand.NewPCG(i.Seed, flow<<8|kind)) }
	return &dice{
		i: i, loss: picker{percent: i.Loss, rand: numbers(1)}, double: picker{percent: i.Duplicate, rand: numbers(2)},
		late: picker{percent: i.Reorder, rand: numbers(3)}, waits: numbers(4), burst: numbers(5),
	}
}

// throw decides about the next packet.
func (d *dice) throw() (f fate) {
	f.lost, f.doubled, f.late = d.loss.pick(), d.double.pick(), d.late.pick()
	f.wait = d.i.Delay + time.Duration(d.waits.Float64()*float64(d.i.Jitter))
	if d.bursting {
		d.bursting = 100*d.burst.Float64() >= d.i.BurstEnds
	} else {
		d.bursting = 100*d.burst.Float64() < d.i.BurstBegins
	}
	f.lost = f.lost || d.bursting
	if f.lost {
		f.doubled, f.late = false, false
	}
	return f
}

// leaves tells when a packet that came now goes on: behind all before it, unless its
// fate is to be late.
func (d *dice) leaves(f fate, now time.Time) time.Time {
	at := now.Add(f.wait)
	if at.Before(d.lastOut) {
		at = d.lastOut
	}
	if !f.late {
		d.lastOut = at
		return at
	}
	by := d.i.ReorderBy
	if by == 0 {
		by = 30 * time.Millisecond
	}
	return at.Add(by)
}

// picker picks so many of each hundred. It deals them out in blocks, so that a short
// call has its share too.
type picker struct {
	percent float64
	rand    *rand.Rand
	block   []bool
	due     float64 // what whole numbers left over
}

const pickerBlock = 50

func (p *picker) pick() bool {
	if len(p.block) == 0 {
		p.due += p.percent * pickerBlock / 100
		n := int(p.due)
		p.due -= float64(n)
		p.block = make([]bool, pickerBlock)
		for _, at := range p.rand.Perm(pickerBlock)[:min(n, pickerBlock)] {
			p.block[at] = true
		}
	}
	first := p.block[0]
	p.block = p.block[1:]
	return first
}
