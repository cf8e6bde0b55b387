package playout

import (
	"math"
	"time"

	"softphonedoctor/sipclient/codec"
)

// next makes 10 ms of sound.
func (b *Buffer) next(now time.Time) {
	for b.to-b.from < step*b.scale {
		b.more(now)
	}
	n := step * b.scale
	copy(b.piece[:n], b.store[b.from:])
	b.from += n
	b.out = b.resample[b.scale].Resample(b.out[:0], b.piece[:n])
	b.outFrom = 0
}

// room makes room for n samples behind what is to be played.
func (b *Buffer) room(n int) []int16 {
	if b.to+n > len(b.store) {
		copy(b.store[:], b.store[b.from:b.to])
		b.from, b.to = 0, b.to-b.from
	}
	return b.store[b.to:][:n]
}

// took notes that the first n samples of room are to be played.
func (b *Buffer) took(n int) {
	b.past.add(b.store[b.to:][:n])
	b.to += n
}

// more adds sound to what is to be played.
func (b *Buffer) more(now time.Time) {
	s := &b.waiting[b.seq%slots]
	ready := s.used && s.seq == b.seq
	if !b.primed {
		b.prime(s, ready, now)
		return
	}
	if !ready {
		b.missing()
		return
	}
	gap := s.ts - b.ts
	switch {
	case s.kind == nothing || s.kind == comfort:
		if level, ok := codec.ComfortNoiseLevel(s.data[:s.n]); ok && s.kind == comfort {
			b.conceal.floor = 32768 * math.Pow(10, level/20)
		}
		b.leave(s)
		b.ts = max(b.ts, s.ts)
	case gap < 0 && gap > -restart:
		// Its time was filled already.
		b.stats.Lost++
		b.stats.Late++
		b.leave(s)
	case gap > 0 && gap < restart && now.Sub(s.at) < b.wait(s):
		// The sender paused. The pause may be as long as the delay wants it.
		b.pause(min(gap, step))
	default:
		b.play(s, now)
	}
}

// wait is how long a packet should wait after its arrival.
func (b *Buffer) wait(s *slot) time.Duration { return b.spread.Target() - s.behind }

// prime waits until the first packet has waited as long as it should.
func (b *Buffer) prime(s *slot, ready bool, now time.Time) {
	if !ready {
		// The first may be lost.
		for seq := b.seq; b.begun && seq <= b.highest; seq++ {
			if other := &b.waiting[seq%slots]; other.used && other.seq == seq {
				b.seq, b.ts, s, ready = seq, other.ts, other, true
				break
			}
		}
	}
	if ready && (now.Sub(s.at) >= b.wait(s) || b.highest-b.seq >= slots/2) {
		b.primed, b.starved = true, 0
		b.ts = s.ts
		return
	}
	b.pause(step)
}

// pause plays silence, or the noise of the other side's room.
func (b *Buffer) pause(units int64) {
	b.makeUp(units)
	if b.primed {
		b.ts += units
	}
}

// makeUp appends made-up sound: in pauses it has faded out.
func (b *Buffer) makeUp(units int64) {
	n := int(units) * b.scale
	if !b.conceal.active {
		b.conceal.begin(&b.past, b.scale)
	}
	b.conceal.fill(b.room(n))
	b.took(n)
}

// missing stands in for a packet that is not there.
func (b *Buffer) missing() {
	for seq := b.seq + 1; seq <= b.highest; seq++ {
		s := &b.waiting[seq%slots]
		if !s.used || s.seq != seq {
			continue
		}
		// It is lost, or overtaken: until the one that is there its time is filled.
		if gap := s.ts - b.ts - b.starved; gap > 0 && gap < restart {
			b.makeUp(min(gap, step))
			b.count(min(gap, step))
			b.ts += min(gap, step)
			return
		}
		b.stats.Lost += uint64(seq - b.seq)
		b.wentOn()
		b.seq, b.ts = seq, s.ts
		return
	}
	// None is there: what comes next will be late.
	b.makeUp(step)
	if b.starved += step; b.starved >= int64(starvedMost.Milliseconds())*clock/1000 {
		b.primed, b.starved = false, 0
	}
}

func (b *Buffer) count(units int64) {
	b.stats.Concealed += time.Duration(units) * time.Second / clock
}

// wentOn counts what was made up while no packet was there, now that one is: at the
// end of a stream none comes.
func (b *Buffer) wentOn() {
	if b.starved > 0 {
		b.stats.Starved++
		b.count(b.starved)
		b.starved = 0
	}
}

// leave takes a packet out.
func (b *Buffer) leave(s *slot) {
	s.used = false
	b.seq++
	b.wentOn()
}

// play decodes a packet, and stretches or shortens it towards the delay that the
// network wants.
func (b *Buffer) play(s *slot, now time.Time) {
	scale := 1
	if s.kind == wideband {
		scale = 2
	}
	if scale != b.scale {
		b.turn(scale)
	}
	n := s.n * scale
	room := b.room(n + n/2)
	b.decoders[s.kind].Decode(room[:0], s.data[:s.n])
	queued := time.Duration(b.to-b.from) * time.Second / time.Duration(clock*b.scale)
	b.follow(now.Sub(s.at) + queued + s.behind)
	off := b.delay - b.spread.Target().Seconds()
	b.conceal.join(room[:n])
	length := n
	switch {
	case now.Sub(b.sounded) < 60*time.Millisecond && off < much.Seconds():
	case off > slack.Seconds():
		if length = shorten(room[:n]); length < n {
			b.stats.Shortened++
		}
	case off < -slack.Seconds():
		if length = lengthen(room, n); length > n {
			b.stats.Stretched++
		}
	}
	if length != n {
		b.sounded = now
		b.delay += float64(length-n) / float64(clock*b.scale)
	}
	b.took(length)
	b.ts = s.ts + int64(s.n)
	b.stats.Played++
	b.leave(s)
}

// follow smooths the delay that is measured at each packet: a device reads in
// pieces.
func (b *Buffer) follow(delay time.Duration) {
	d := delay.Seconds()
	if math.Abs(d-b.delay) > 0.04 {
		b.delay = d
	}
	b.delay += (d - b.delay) / 8
}

// turn changes the rate of the sound at hand; what waited at the old one is over.
func (b *Buffer) turn(scale int) {
	b.scale, b.from, b.to = scale, 0, 0
	b.past.reset(scale)
	b.conceal.active = false
}
