package probe

import (
	"net/netip"
	"sync"
	"time"
)

// How much a mirror does, for one network (IPv4 /24, IPv6 /56: who owns one address
// there may own all of them) and for everybody.
const (
	ofOneBurst, ofOneRate = 150, 20    // messages, messages a second
	ofAllBurst, ofAllRate = 2000, 1000 // likewise
	maxNetworks           = 8192       // that are remembered at once
	sweepEvery            = 100 * time.Millisecond
)

// limits counts what was done for whom. Safe for concurrent use.
type limits struct {
	now func() time.Time

	mu       sync.Mutex
	all      bucket
	networks map[netip.Prefix]*customer
	open     int // connections
	swept    time.Time
}

type customer struct {
	bucket
	open int // connections
}

// bucket holds what may still be done; it fills by itself.
type bucket struct {
	left float64
	at   time.Time
}

// fill brings a bucket up to now.
func (b *bucket) fill(now time.Time, burst, rate float64) {
	if gone := now.Sub(b.at); gone > 0 || b.at.IsZero() {
		if b.at.IsZero() {
			b.left = burst
		}
		b.left = min(burst, b.left+gone.Seconds()*rate)
		b.at = now
	}
}

func newLimits() *limits { return &limits{now: time.Now, networks: map[netip.Prefix]*customer{}} }

// networkOf is the network that an address counts for.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 24
	if a = a.Unmap(); a.Is6() {
		bits = 56
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// customer finds or adds a network; nil when too many are remembered already.
func (l *limits) customer(a netip.Addr) *customer {
	key := networkOf(a)
	if c := l.networks[key]; c != nil {
		return c
	}
	if now := l.now(); len(l.networks) >= maxNetworks && now.Sub(l.swept) > sweepEvery {
		l.swept = now
		for k, c := range l.networks {
			if c.fill(now, ofOneBurst, ofOneRate); c.left >= ofOneBurst && c.open == 0 {
				delete(l.networks, k) // it owes nothing
			}
		}
	}
	if len(l.networks) >= maxNetworks {
		return nil
	}
	c := &customer{}
	l.networks[key] = c
	return c
}

// allow tells whether one more message of this address is looked at.
func (l *limits) allow(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.all.fill(now, ofAllBurst, ofAllRate)
	if l.all.left < 1 {
		return false
	}
	c := l.customer(a)
	if c == nil {
		return false
	}
	if c.fill(now, ofOneBurst, ofOneRate); c.left < 1 {
		return false
	}
	c.left--
	l.all.left--
	return true
}

// enter takes a place for a connection, where there is one; leave gives it back.
func (l *limits) enter(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.customer(a)
	if c == nil || l.open >= maxConnections || c.open >= maxOfOne {
		return false
	}
	c.open++
	l.open++
	return true
}

func (l *limits) leave(a netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if c := l.networks[networkOf(a)]; c != nil {
		c.open--
	}
}
