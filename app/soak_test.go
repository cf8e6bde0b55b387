package app

import (
	"flag"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"softphonedoctor/app/session"
)

// rounds is how often TestRounds goes through all pages; 2000 take half an hour.
var rounds = flag.Int("rounds", 6, "rounds through all pages in TestRounds")

// TestRounds goes through all pages, checks, the technical view and the support view
// again and again: neither memory nor goroutines grow.
//
// Fyne keeps what it draws for a minute after it was last seen; a process of its own is
// told to keep it for a second, so that a minute need not be waited for.
func TestRounds(t *testing.T) {
	const keeps = "FYNE_CACHE"
	if os.Getenv(keeps) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestRounds$", "-test.v", "-rounds="+digits(*rounds))
		c.Env = append(os.Environ(), keeps+"=1s")
		out, err := c.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Fatal(err)
		}
		return
	}
	d := newDesk(t)
	d.signedIn()
	d.back.sound = &fakeDesk{mic: session.Meter{Known: true, DBFS: -21}, plugged: make(chan struct{})}
	ignore := goleak.IgnoreCurrent()
	round := func() {
		for name, make := range everyPage(d) {
			d.w.show(make())
			if name == "result" {
				d.w.technical(true)
				d.w.technical(false)
				d.w.pin()
				d.w.technical(false)
			}
			d.drain()
		}
		d.w.show(newSoundPage(d.w))
		d.drain()
		d.w.show(newPracticePage(d.w))
		test.Tap(d.w.now.(*practicePage).tiles["callee-busy"])
		d.until("the verdict stands", func() bool { return onPage[*resultPage](d) })
		d.w.home()
		d.until("everything has ended", d.idle)
		d.w.win.Canvas().Capture() // as a frame does: Fyne tidies up then
	}
	memory := func() uint64 {
		d.w.home()
		time.Sleep(10500 * time.Millisecond) // Fyne tidies up no sooner
		d.w.win.Canvas().Capture()
		var m runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 2 { // fonts, icons and caches are filled
		round()
	}
	goroutines, before := runtime.NumGoroutine(), memory()
	for range *rounds {
		round()
	}
	after := memory()
	d.until("the goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	goleak.VerifyNone(t, ignore)
	grown := (float64(after) - float64(before)) / float64(*rounds)
	t.Logf("%d rounds: %.1f MB before, %.1f MB after, %.0f kB a round", *rounds, float64(before)/1e6, float64(after)/1e6, grown/1e3)
	if grown > 400e3 {
		t.Errorf("memory grows by %.0f kB in each round", grown/1e3)
	}
}

// drain takes what was posted.
func (d *desk) drain() {
	for {
		select {
		case f := <-d.queue:
			f()
		case <-time.After(time.Millisecond):
			return
		}
	}
}
