package sipclient

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// crew is a phone and a quick server for many calls.
type crew struct {
	*field
	ctx context.Context
}

func newCrew(t *testing.T, over string, calls int) *crew {
	t.Helper()
	ca := newAuthority(t)
	var foe *foe
	if over == "TLS" {
		foe = newFoe(t, over, ca.config([]string{"127.0.0.1"}))
	} else {
		foe = newFoe(t, over, nil)
	}
	foe.act(func(m heard, say func(string)) bool {
		if name(m) == "200 INVITE" {
			say(foe.build("ACK", m.Get("From"), m.Get("To"), m.Get("Call-ID"), 1, ""))
		}
		return false
	})
	p, err := New(t.Context(), Config{Tape: &capture.Tape{Cap: 1 << 20}, Roots: ca.pool(), MaxCalls: calls,
		Account: Account{User: "alice", Domain: foe.addr(), Transport: over, Register: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	if err := p.Register(ctx); err != nil {
		t.Fatal(err)
	}
	return &crew{&field{T: t, foe: foe, phone: p, ca: ca}, ctx}
}

// begin has a call that is answered, out for an even number and in for an odd one.
func (w *crew) begin(i int) (*Call, error) {
	var c *Call
	var err error
	if i%2 == 0 {
		c, err = w.phone.Dial(w.ctx, "200")
	} else {
		w.foe.say(w.phone, w.foe.invite(i, w.foe.snd.sdp()))
		if c, err = w.phone.Await(w.ctx); err == nil {
			err = c.Answer(w.ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if s := c.Wait(w.ctx, Answered); s != Answered {
		return nil, fmt.Errorf("call %d is %s: %s", i, s, short(strings.Join(notes(w.phone), "; ")))
	}
	return c, nil
}

// inARow has calls one after the other.
func (w *crew) inARow(n int) {
	w.Helper()
	for i := range n {
		c, err := w.begin(i)
		if err != nil {
			w.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // a first packet of sound
		_ = c.Hangup(w.ctx)
		if s := c.State(); s != Ended {
			w.Fatalf("call %d is %s after hanging up", i, s)
		}
	}
}

// atOnce has n calls that are all up at the same time.
func (w *crew) atOnce(n int) {
	w.Helper()
	calls := make([]*Call, n)
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() {
			c, err := w.begin(i)
			if err != nil {
				w.Error(err)
			}
			calls[i] = c
		})
	}
	work.Wait()
	if got := len(w.phone.everyCall()); got != n {
		w.Errorf("%d calls are up at once, not %d", got, n)
	}
	for _, c := range calls {
		if c != nil {
			work.Go(func() { _ = c.Hangup(w.ctx) })
		}
	}
	work.Wait()
}

// rests waits until no call is left and compares with what the phone held before.
func (w *crew) rests(before count, mega int) {
	w.Helper()
	eventually(w.T, "no call is left", func() bool { return len(w.phone.everyCall()) == 0 })
	leavesNothing(w.T, before)
	after := take()
	w.Logf("goroutines %d -> %d, files %d -> %d, heap %d kB -> %d kB", before.routines, after.routines, before.files, after.files, before.heap>>10, after.heap>>10)
	if grown := after.heap - before.heap; grown > mega<<20 {
		w.Errorf("%d kB more on the heap", grown>>10)
	}
}

// Many calls leave nothing behind: no goroutine, no socket, and no more memory than
// the stack keeps for 32 s about each transaction (RFC 3261 17).
func TestEndurance(t *testing.T) {
	for _, c := range []struct {
		over string
		row  int
	}{{"UDP", 500}, {"TCP", 100}, {"TLS", 100}} {
		t.Run(c.over, func(t *testing.T) {
			began := take()
			w := newCrew(t, c.over, 0)
			w.inARow(10)
			idle := take()
			w.inARow(c.row)
			w.rests(idle, 1+c.row*40/1000)
			w.atOnce(50)
			w.rests(idle, 4+c.row*40/1000)
			if err := w.phone.Close(w.ctx); err != nil {
				t.Error(err)
			}
			w.foe.close()
			w.foe.snd.rtp.Close()
			w.foe.snd.rtcp.Close()
			leavesNothing(t, began)
		})
	}
}

// One more call than the phone takes is refused, and the others go on.
func TestMaxCalls(t *testing.T) {
	w := newCrew(t, "UDP", 4)
	for i := range 4 {
		if _, err := w.begin(i); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.phone.Dial(w.ctx, "200"); err != errBusy {
		t.Error(err)
	}
	fifth := w.foe.invite(9, w.foe.snd.sdp())
	id := heard{}.as(fifth).CallID()
	said := make(chan string, 8)
	w.foe.act(func(m heard, say func(string)) bool {
		if m.CallID() == id {
			said <- name(m)
		}
		return false
	})
	w.foe.say(w.phone, fifth)
	if got := result(t, said); got != "486 INVITE" {
		t.Error(got)
	}
	if n := len(w.phone.everyCall()); n != 4 {
		t.Errorf("%d calls", n)
	}
}
