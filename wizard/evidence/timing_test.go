package evidence

import (
	"math"
	"testing"
	"time"
)

func arrive(t *timing, clock int, step uint32, ms ...float64) (units []float64) {
	for i, at := range ms {
		t.add(began.Add(time.Duration(at*1e6)), uint32(i)*step, clock, i > 0)
		units = append(units, t.jitter*float64(clock))
	}
	return units
}

// TestJitter checks RFC 3550 6.4.1 against figures worked out by hand: G.711,
// timestamps 160 apart.
func TestJitter(t *testing.T) {
	var tm timing
	got := arrive(&tm, 8000, 160, 0, 20, 45, 60, 80, 110, 120)
	want := []float64{0, 0, 2.5, 4.8438, 4.541, 9.2572, 13.6786}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.0001 {
			t.Errorf("after packet %d: %.4f units, want %.4f", i, got[i], want[i])
		}
	}
	if ms := tm.jitter * 1000; math.Abs(ms-1.7098) > 0.0001 {
		t.Errorf("%.4f ms, want 1.7098", ms)
	}
	if tm.maxJitter != tm.jitter {
		t.Error("the highest jitter is the last one here")
	}
}

// TestJitterConverges: arrivals alternating by 10 ms end at 10 ms, whatever the clock.
func TestJitterConverges(t *testing.T) {
	for _, clock := range []int{8000, 16000, 48000} {
		var tm timing
		var ms []float64
		for i := range 400 {
			ms = append(ms, float64(20*i+10*(i%2)))
		}
		arrive(&tm, clock, uint32(clock/50), ms...)
		if got := tm.jitter * 1000; math.Abs(got-10) > 0.01 {
			t.Errorf("clock %d: %.3f ms, want 10", clock, got)
		}
		if got := tm.spread().Seconds() * 1000; math.Abs(got-10) > 0.1 {
			t.Errorf("clock %d: spacing deviates by %.3f ms, want 10", clock, got)
		}
	}
}

// TestOneStumble: a computer that stalls once sends evenly, one that stalls again and again
// does not.
func TestOneStumble(t *testing.T) {
	for stalls, want := range map[int][2]float64{0: {0, 0.1}, 1: {0, 0.1}, 2: {20, 40}, 4: {40, 80}} {
		var tm timing
		late := time.Duration(0)
		for i := range 350 {
			if late = max(0, late-20*time.Millisecond); stalls > 0 && i%(350/stalls) == 30 {
				late = 430 * time.Millisecond // what was missed then follows at once
			}
			tm.add(began.Add(time.Duration(i)*20*time.Millisecond+late), uint32(160*i), 8000, true)
		}
		if ms := tm.spread().Seconds() * 1000; ms < want[0] || ms > want[1] {
			t.Errorf("%d stalls: %.1f ms, want %v", stalls, ms, want)
		}
	}
}

// TestTimestampWrap: the 32-bit timestamp goes round without a jump of jitter.
func TestTimestampWrap(t *testing.T) {
	var tm timing
	start := uint32(math.MaxUint32 - 400)
	for i := range 10 {
		tm.add(began.Add(time.Duration(i)*20*time.Millisecond), start+uint32(i)*160, 8000, true)
	}
	if tm.maxJitter > 1e-9 {
		t.Errorf("jitter %v at the wrap", tm.maxJitter)
	}
}

// TestNewTimestamps: a source that sets its timestamps anew is no jitter.
func TestNewTimestamps(t *testing.T) {
	var tm timing
	arrive(&tm, 8000, 160, 0, 20, 40)
	for i := range 10 {
		tm.add(began.Add(time.Duration(60+20*i)*time.Millisecond), 3_000_000_000+uint32(i)*160, 8000, true)
	}
	if tm.maxJitter > 1e-9 || tm.late != 0 {
		t.Errorf("jitter %v, late %d", tm.maxJitter, tm.late)
	}
}

// TestLate counts packets that a 60 ms buffer would miss.
func TestLate(t *testing.T) {
	tests := []struct {
		name  string
		delay func(i int) float64 // ms
		want  uint64
	}{
		{"steady", func(int) float64 { return 0 }, 0},
		{"59 ms is in time", func(i int) float64 { return float64(i%2) * 59 }, 0},
		{"61 ms is not", func(i int) float64 { return float64(i%2) * 61 }, 50},
		{"one spike", func(i int) float64 {
			if i == 50 {
				return 200
			}
			return 0
		}, 1},
		{"the first packet was slow itself", func(i int) float64 {
			if i == 0 {
				return 100
			}
			return 0
		}, 0},
		{"a longer way from now on: the buffer starts anew", func(i int) float64 {
			if i >= 50 {
				return 100
			}
			return 0
		}, rebuffer},
	}
	for _, tt := range tests {
		var tm timing
		for i := range 100 {
			at := began.Add(time.Duration((float64(20*i) + tt.delay(i)) * 1e6))
			tm.add(at, uint32(i)*160, 8000, true)
		}
		if tm.late != tt.want {
			t.Errorf("%s: %d late, want %d", tt.name, tm.late, tt.want)
		}
	}
}

// TestDrift: clocks that run apart by 100 ppm for an hour make no packet late.
func TestDrift(t *testing.T) {
	var tm timing
	for i := range 180_000 {
		at := began.Add(time.Duration(float64(i) * 20e6 * 1.0001))
		tm.add(at, uint32(i)*160, 8000, true)
	}
	if tm.late != 0 {
		t.Errorf("%d late", tm.late)
	}
}
