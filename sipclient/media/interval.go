package media

import (
	"math"
	"math/rand/v2"
	"time"
)

// beat is when reports are due (RFC 3550 6.2, 6.3).
type beat struct {
	average float64   // size of an RTCP packet on the wire in bytes
	lately  [2]uint32 // packets that were sent since the last report, and before it since the one before
}

// bandwidth is what RTCP may use: 5 % of a call with 64 kbit/s, in bytes per second.
const bandwidth = 0.05 * 64000 / 8

// overhead is that of UDP over IPv4, which counts in sizes (6.2).
const overhead = 28

// measure takes the size of a packet that came or went (6.3.3).
func (b *beat) measure(size int) {
	if b.average == 0 {
		b.average = float64(size + overhead)
		return
	}
	b.average = float64(size+overhead)/16 + b.average*15/16
}

func (b *beat) sent() { b.lately[0]++ }

// sending tells whether we sent anything since the report before last (6.4).
func (b *beat) sending() bool { return b.lately[0]+b.lately[1] > 0 }

func (b *beat) reported(size int) {
	b.measure(size)
	b.lately[1], b.lately[0] = b.lately[0], 0
}

// next gives the pause until the next report. least is the shortest interval before
// chance has its say: 5 s, and half of it before the first (6.2).
func (r *reports) next(now time.Time, least time.Duration, first bool) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	senders := 0
	if r.beat.sending() {
		senders++
	}
	members := 1
	for _, s := range r.sources {
		if now.Sub(s.last) < 30*time.Second {
			members++
			senders++
		}
	}
	chance := rand.Float64()
	if first {
		chance /= 4 // a short test call should have its report
	}
	return interval(least, members, senders, r.beat.sending(), r.beat.average, chance)
}

// interval computes the time between two reports (RFC 3550 6.3.1 and A.7); chance is
// evenly spread from 0 to 1.
func interval(least time.Duration, members, senders int, weSend bool, average, chance float64) time.Duration {
	n, share := float64(members), bandwidth
	if senders > 0 && senders*4 < members {
		if weSend {
			n, share = float64(senders), share/4
		} else {
			n, share = float64(members-senders), share*3/4
		}
	}
	seconds := max(average*n/share, least.Seconds())
	return time.Duration(seconds * (0.5 + chance) / (math.E - 1.5) * float64(time.Second))
}
