package app

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"softphonedoctor/app/session"
)

// fewRounds is how often TestRounds goes through all pages where SOAK names no time.
const fewRounds = 6

// mostGrowth is how many bytes more may be in use after half an hour than after the
// first rounds: what the caches of fonts, icons and words still take.
const mostGrowth = 4e6

// TestRounds goes through all pages, checks against the built-in PBX, the technical view
// and the support view again and again: neither memory nor goroutines grow. SOAK=30m goes
// on for half an hour and says every ten minutes what is in use.
//
// Fyne keeps what it draws for a minute after it was last seen; a process of its own is
// told to keep it for a second, so that a minute need not be waited for.
func TestRounds(t *testing.T) {
	const keeps = "FYNE_CACHE"
	soak, _ := time.ParseDuration(os.Getenv("SOAK"))
	if os.Getenv(keeps) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestRounds$", "-test.v", "-test.timeout="+(soak+10*time.Minute).String())
		c.Env = append(os.Environ(), keeps+"=1s", "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=")
		var said strings.Builder
		c.Stdout, c.Stderr = &said, &said
		if soak > 0 {
			c.Stdout, c.Stderr = os.Stdout, os.Stderr // can be followed while it goes on
		}
		err := c.Run()
		if t.Logf("%s", said.String()); err != nil {
			t.Fatal(err)
		}
		return
	}
	d := newDesk(t)
	d.signedIn()
	d.back.sound = &fakeDesk{mic: session.Meter{Known: true, DBFS: -21}, plugged: make(chan struct{})}
	ignore := goleak.IgnoreCurrent()
	for range 2 { // fonts, icons and caches are filled
		d.round(soak > 0)
	}
	first, began, rounds := d.inUse(), time.Now(), 0
	t.Logf("at the start: %v", first)
	for tell := 10 * time.Minute; rounds < fewRounds || time.Since(began) < soak; rounds++ {
		d.round(soak > 0)
		if time.Since(began) > tell {
			t.Logf("after %v, %d rounds: %v", time.Since(began).Round(time.Second), rounds+1, d.inUse())
			tell += 10 * time.Minute
		}
	}
	last := d.inUse()
	t.Logf("after %v, %d rounds: %v", time.Since(began).Round(time.Second), rounds, last)
	d.until("the goroutines have ended", func() bool { return runtime.NumGoroutine() <= first.goroutines })
	goleak.VerifyNone(t, ignore)
	if last.heap > first.heap+mostGrowth {
		t.Errorf("memory grows: %v, then %v", first, last)
	}
}

// round goes through all pages and a check against the built-in PBX. A thorough one
// paints each of them, and makes a check with a quarter of a minute of sound as well.
func (d *desk) round(thorough bool) {
	settle := d.drain
	if thorough {
		settle = d.frame
	}
	pages := everyPage(d)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		d.w.show(pages[name]())
		switch name {
		case "result":
			d.w.technical(true)
			d.w.technical(false)
			d.w.pin()
			d.w.technical(false)
		case "account":
			p := d.w.now.(*accountPage)
			d.w.focus(p.domain.Entry)
			test.Type(p.domain.Entry, "x")
			d.w.focus(p.password.Entry)
		}
		settle()
	}
	d.w.show(newSoundPage(d.w))
	settle()
	causes := []string{"callee-busy"}
	if thorough {
		causes = append(causes, "no-audio-in-blocked")
	}
	d.back.real = true
	for i, cause := range causes {
		d.w.show(newPracticePage(d.w))
		test.Tap(d.w.now.(*practicePage).tiles[cause])
		if i > 0 {
			d.w.technical(true) // it follows the call
			settle()
			d.w.technical(false)
		}
		d.untilWithin(5*time.Minute, "the verdict stands", func() bool {
			settle()
			time.Sleep(100 * time.Millisecond)
			return onPage[*resultPage](d)
		})
		d.w.technical(true)
		settle()
	}
	d.w.home()
	d.back.real = false
	d.until("everything has ended", d.idle)
	d.frame()
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

// frame takes what was posted and paints, as the driver does: Fyne tidies up then.
func (d *desk) frame() {
	d.drain()
	d.w.win.Canvas().Capture()
}

// inUse is what the program holds while nothing goes on.
type inUse struct {
	heap       float64
	rss        string
	goroutines int
}

func (u inUse) String() string {
	return fmt.Sprintf("heap %.1f MB, resident %s, %d goroutines", u.heap/1e6, u.rss, u.goroutines)
}

func (d *desk) inUse() inUse {
	d.w.home()
	time.Sleep(10500 * time.Millisecond) // Fyne tidies up no sooner
	d.frame()
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	rss := "unknown"
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				n, _ := strconv.Atoi(strings.Fields(kb)[0])
				rss = fmt.Sprintf("%.1f MB", float64(n)/1e3)
			}
		}
	}
	return inUse{float64(m.HeapAlloc), rss, runtime.NumGoroutine()}
}
