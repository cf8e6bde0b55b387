package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFates: the same seed has the same fates, each hundred packets has its share, and
// nothing overtakes but what is meant to.
func TestFates(t *testing.T) {
	t.Parallel()
	i := impairment{Delay: 40 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 5, Duplicate: 3, Reorder: 2.5, Seed: 7}
	const n = 1000
	throw := func(i impairment, flow uint64) (list []fate) {
		d := newDice(i, flow)
		for range n {
			list = append(list, d.throw())
		}
		return list
	}
	first := throw(i, 0)
	require.Equal(t, first, throw(i, 0))
	require.NotEqual(t, first, throw(i, 1), "every flow has the same fates")
	other := i
	other.Seed++
	require.NotEqual(t, first, throw(other, 0), "the seed changes nothing")

	count := func(list []fate, is func(fate) bool) (k int) {
		for _, f := range list {
			if is(f) {
				k++
			}
		}
		return k
	}
	require.Equal(t, n*5/100, count(first, func(f fate) bool { return f.lost }))
	for from := 0; from < n; from += 100 {
		require.Equal(t, 5, count(first[from:from+100], func(f fate) bool { return f.lost }))
	}
	// What is lost is neither doubled nor late.
	require.InDelta(t, n*3/100, count(first, func(f fate) bool { return f.doubled }), 6)
	require.InDelta(t, n*2.5/100, count(first, func(f fate) bool { return f.late }), 6)
	other = i
	other.Duplicate = 50
	for at, f := range throw(other, 0) {
		require.Equal(t, first[at].lost, f.lost, "more duplicates change what is lost")
		require.Equal(t, first[at].wait, f.wait)
	}

	d := newDice(i, 0)
	now, last := time.Unix(0, 0), time.Time{}
	for range n {
		f := d.throw()
		require.GreaterOrEqual(t, f.wait, i.Delay)
		require.Less(t, f.wait, i.Delay+i.Jitter)
		at := d.leaves(f, now)
		if !f.late {
			require.False(t, at.Before(last), "a packet overtakes")
			last = at
		}
		now = now.Add(20 * time.Millisecond)
	}

	bursts, longest, run := 0, 0, 0
	for _, f := range throw(impairment{BurstBegins: 1, BurstEnds: 10, Seed: 3}, 0) {
		if f.lost {
			if run++; run == 1 {
				bursts++
			}
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	require.InDelta(t, 9, bursts, 5)
	require.Greater(t, longest, 8)
}
