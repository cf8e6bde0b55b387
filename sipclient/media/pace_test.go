package media

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// burning makes the test program a process that only keeps a processor busy.
const burning = "SOFTPHONE_DOCTOR_TEST_BURN"

// burn is what such a process does, until its parent ends it or is gone.
func burn() bool {
	if os.Getenv(burning) == "" {
		return false
	}
	parent := os.Getppid()
	for x := uint64(1); ; x = x*6364136223846793005 + 1 {
		if x%(1<<24) == 1 && os.Getppid() != parent {
			return true
		}
	}
}

// busy loads every processor with a process that only computes, and makes work for the
// garbage collector in this one: 10 MB a second, some times what a check with its
// evidence and its window does.
func busy(t testing.TB) {
	t.Helper()
	for range runtime.NumCPU() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), burning+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var keep [64][]byte
		for {
			for i := range keep {
				keep[i] = make([]byte, 16<<10)
			}
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
}

// deviation is the standard deviation of the distances between the packets that left
// an address, and how many there were. Distances over a stall that was left out (the
// next packet is marked) count like any other.
func deviation(b *bench) (ms float64, n int) {
	var times []time.Time
	for _, r := range b.tape.From(0) {
		if r.Packet != nil && r.Packet.Src == b.Local() {
			times = append(times, r.Packet.Time)
		}
	}
	var sum, squares float64
	for i := 1; i < len(times); i++ {
		d := times[i].Sub(times[i-1]).Seconds() * 1000
		sum, squares = sum+d, squares+d*d
	}
	n = len(times) - 1
	if n < 2 {
		return math.Inf(1), n
	}
	mean := sum / float64(n)
	return math.Sqrt(squares/float64(n) - mean*mean), n
}

// Packets leave one by one, also while everything else wants the processors: none is
// lost, and no two leave at once, but for the few that make up for a short delay.
// BenchmarkPaceUnderLoad measures how even their times are.
func TestPaceUnderLoad(t *testing.T) {
	b, far := newBench(t), newPort(t)
	b.reply(t, far.sdp(plainFormats))
	busy(t)
	b.Talk()
	time.Sleep(2 * time.Second)
	b.Stop()
	ms, n := deviation(b)
	t.Logf("%d packets, standard deviation %.2f ms", n+1, ms)
	if n < 50 {
		t.Errorf("only %d packets", n+1)
	}
	if n > 102 {
		t.Errorf("%d packets in 2 s", n+1)
	}
}

// A minute's call on a busy machine: the standard deviation of the times between packets
// stays under 2 ms.
func BenchmarkPaceUnderLoad(b *testing.B) {
	line, far := newBench(b), newPort(b)
	line.reply(b, far.sdp(plainFormats))
	busy(b)
	for b.Loop() {
		line.Talk()
		time.Sleep(time.Minute)
		line.Stop()
	}
	ms, n := deviation(line)
	b.ReportMetric(ms, "ms-deviation")
	b.ReportMetric(float64(n+1), "packets")
	if ms >= 2 {
		b.Errorf("the standard deviation of %d send times is %.2f ms, want less than 2 ms", n+1, ms)
	}
}

// After a stall of the whole computer what was missed stays missed, and time has passed
// in the timestamps.
func TestNoBurstAfterStall(t *testing.T) {
	b, far := newBench(t), newPort(t)
	b.reply(t, far.sdp(plainFormats))
	b.Talk()
	var first rtp.Packet
	for range 3 {
		if err := first.Unmarshal(far.must(t)); err != nil {
			t.Fatal(err)
		}
	}
	b.sending.Lock() // as if nothing ran
	stalled := time.Now()
	time.Sleep(500 * time.Millisecond)
	b.sending.Unlock()
	var after rtp.Packet
	quick := 0
	for time.Since(stalled) < 700*time.Millisecond {
		if err := after.Unmarshal(far.must(t)); err != nil {
			t.Fatal(err)
		}
		if time.Since(stalled) > 500*time.Millisecond {
			quick++
		}
	}
	if quick > 10+mostBehind+2 {
		t.Errorf("%d packets in 200 ms", quick)
	}
	passed := time.Duration(after.Timestamp-first.Timestamp) * time.Second / clockRate
	if passed < 600*time.Millisecond || passed > 900*time.Millisecond {
		t.Errorf("the timestamps say that %s passed", passed)
	}
}
