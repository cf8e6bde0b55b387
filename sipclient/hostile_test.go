package sipclient

import (
	"context"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// hostile is one row of the table: what a server does to a running phone, and the
// bounds within which the phone survives it.
type hostile struct {
	name   string
	over   string // "UDP" when empty, "TCP" or "TLS"
	config func(*Config, *field)
	attack func(*field)

	usable   time.Duration // until the phone answers again; 5 s when 0
	grows    int           // MB that the phone may hold after the attack, its tape included; 24 when 0
	routines int           // goroutines on top of those of the phone and the peer; 64 when 0
	sends    int           // packets that the phone may send to the server during the attack; 200 when 0
	dead     bool          // the server stays bad: the phone has only to close in time
	alone    bool          // memory and goroutines are measured, so nothing else may run
}

// field is where a row plays.
type field struct {
	*testing.T
	foe   *foe
	phone *Phone
	ca    *authority
}

// tapeCap is small here, so that a tape beyond its cap shows in the heap.
const tapeCap = 8 << 20

// TestHostile plays the table. Rows of which much comes run one after the other,
// because memory and goroutines belong to the whole process; those that are about
// waiting run at the same time, and are measured together. More hostile peers stand in
// TestTrap02Answers, TestTrap02Requests, TestTrap03 (messages and packets that crash
// the stack), TestHostileStreams and TestHostileFramer of package sipmsg.
func TestHostile(t *testing.T) {
	if n := len(hostiles()); n < 25 {
		t.Fatalf("%d rows, at least 25 are promised", n)
	}
	ca := newAuthority(t)
	before := take()
	rows := make(chan hostile)
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for row := range rows {
				t.Run(row.name, func(t *testing.T) { row.run(t, ca) })
			}
		})
	}
	peak := watch()
	for _, row := range hostiles() {
		if !row.alone {
			rows <- row
		}
	}
	close(rows)
	work.Wait()
	if most := peak(); most.heap-before.heap > 128<<20 || most.routines-before.routines > 4*crowd {
		t.Errorf("together they took %d MB and %d goroutines more", (most.heap-before.heap)>>20, most.routines-before.routines)
	}
	leavesNothing(t, before)
	for _, row := range hostiles() {
		if row.alone {
			t.Run(row.name, func(t *testing.T) { row.run(t, ca) })
		}
	}
}

func hostiles() []hostile {
	var all []hostile
	for _, part := range [][]hostile{floods, oddRequests, answerTricks, dialogTricks, mediaTricks, streamTricks, tlsTricks, nameTricks} {
		all = append(all, part...)
	}
	return all
}

func (row hostile) run(t *testing.T, ca *authority) {
	if row.over == "" {
		row.over = "UDP"
	}
	var foe *foe
	if row.over == "TLS" {
		foe = newFoe(t, row.over, ca.config([]string{"127.0.0.1"}))
	} else {
		foe = newFoe(t, row.over, nil)
	}
	f := &field{T: t, foe: foe, ca: ca}
	cfg := Config{Tape: &capture.Tape{Cap: tapeCap}, Roots: ca.pool(),
		Account: Account{User: "alice", Domain: foe.addr(), Transport: row.over, Password: "secret-word", Register: true}}
	if row.config != nil {
		row.config(&cfg, f)
	}
	before := take()
	opened := time.Now()
	p, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.phone = p
	if took := time.Since(opened); took > 4*time.Second {
		t.Errorf("opening took %s", took)
	}
	peak := watch()
	row.attack(f)
	during := foe.got.Load()
	most := peak()
	held := 0
	if row.alone {
		held = (take().heap - before.heap) >> 20
	}

	foe.act(nil)
	foe.mu.Lock()
	foe.raw = nil
	foe.mu.Unlock()
	if !row.dead {
		row.recovers(f)
	}
	began := time.Now()
	_ = p.Close(context.Background())
	closed := time.Since(began)
	t.Logf("heap +%d MB, at most +%d MB, goroutines +%d, it got %d packets, closed in %s", held, (most.heap-before.heap)>>20, most.routines-before.routines, during, closed.Round(time.Millisecond))
	if closed > 3*time.Second {
		t.Errorf("Close took %s", closed)
	}
	if during > int64(or(row.sends, 200)) {
		t.Errorf("the phone sent %d packets, %d bytes for %d", during, foe.gotBytes.Load(), foe.sentBytes.Load())
	}
	foe.drop()
	for _, r := range p.tape.From(0) {
		if r.Note != nil && strings.Contains(r.Note.Text, "secret-word") {
			t.Error("a note holds the password")
		}
	}
	if !row.alone {
		return
	}
	if held > or(row.grows, 24) {
		t.Errorf("the phone held %d MB", held)
	}
	if grown := (most.heap - before.heap) >> 20; grown > 96 {
		t.Errorf("the phone and its foe held %d MB at a time", grown)
	}
	if more := most.routines - before.routines; more > or(row.routines, 64) {
		t.Errorf("%d goroutines more", more)
	}
	leavesNothing(t, before)
}

// recovers asks until the phone answers, and then has a healthy call.
func (row hostile) recovers(f *field) {
	f.Helper()
	p, foe := f.phone, f.foe
	began := time.Now()
	ctx, stop := context.WithTimeout(context.Background(), 2*patience)
	defer stop()
	pongs := foe.pongs.Load()
	for i := 0; foe.pongs.Load() == pongs && ctx.Err() == nil; i++ {
		if row.over != "UDP" && i%50 == 0 { // it must be connected to be asked
			soon, stop := context.WithTimeout(ctx, time.Second)
			_ = p.Options(soon, 0)
			stop()
		}
		foe.say(p, foe.options(i))
		time.Sleep(5 * time.Millisecond)
	}
	limit := row.usable
	if limit == 0 {
		limit = 5 * time.Second
	}
	if took := time.Since(began); took > limit {
		f.Errorf("it answered again after %s", took)
	}
	healthy(f, ctx)
}

// healthy has a call with the good server, with sound both ways.
func healthy(f *field, ctx context.Context) {
	f.Helper()
	p, foe := f.phone, f.foe
	c, err := p.Dial(ctx, "200")
	if err != nil {
		f.Error(err)
		return
	}
	if s := c.Wait(ctx, Answered); s != Answered {
		f.Errorf("the call afterwards is %s: %v", s, short(strings.Join(notes(p), "; ")))
		return
	}
	if read(foe.snd.rtp, patience) == nil {
		f.Error("no sound came")
	}
	_ = c.Hangup(ctx)
	if s := c.State(); s != Ended {
		f.Errorf("after hanging up the call is %s", s)
	}
}

// count is what the process holds.
type count struct{ heap, routines, files int }

func take() count {
	runtime.GC()
	return count{heapNow(), runtime.NumGoroutine(), files()}
}

// heapNow gives the bytes that the last collection found in use.
func heapNow() int {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// files counts open files and sockets; 0 where the system does not say.
func files() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// watch looks at the process until it is asked for the most that it saw.
func watch() func() count {
	var most count
	var done atomic.Bool
	var work sync.WaitGroup
	work.Go(func() {
		for !done.Load() {
			most.heap = max(most.heap, heapNow())
			most.routines = max(most.routines, runtime.NumGoroutine())
			time.Sleep(5 * time.Millisecond)
		}
	})
	return func() count {
		done.Store(true)
		work.Wait()
		return most
	}
}

// leavesNothing waits until the process holds no more than before.
func leavesNothing(t *testing.T, before count) {
	t.Helper()
	end := time.Now().Add(patience)
	for now := take(); now.routines > before.routines || now.files > before.files; now = take() {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Errorf("%d goroutines and %d files, before %d and %d\n%s", now.routines, now.files, before.routines, before.files, stacks[:runtime.Stack(stacks, true)])
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func or(n, usual int) int {
	if n == 0 {
		return usual
	}
	return n
}

// short keeps what others sent from filling a test's log.
func short(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
