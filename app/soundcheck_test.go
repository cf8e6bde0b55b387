package app

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/app/session"
)

// fakeDesk is a microphone and a speaker that do what a test says.
type fakeDesk struct {
	mu      sync.Mutex
	chosen  []session.SoundChoice
	mic     session.Meter
	tones   int
	replays int
	closed  bool
	plugged chan struct{}
}

func (d *fakeDesk) Choose(_ context.Context, c session.SoundChoice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.chosen = append(d.chosen, c)
}

func (d *fakeDesk) Devices(_ context.Context, c session.SoundChoice) (m, s []session.SoundDevice, err error) {
	return []session.SoundDevice{{ID: "a", Name: "Built-in", Default: true}, {ID: "b", Name: "Head set", Chosen: c.Microphone == "b"}},
		[]session.SoundDevice{{ID: "s", Name: "Speaker", Default: true}}, nil
}

func (d *fakeDesk) Meters() (session.Meter, session.Meter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mic, session.Meter{Known: true, DBFS: -100}
}

func (d *fakeDesk) Tone(context.Context) { d.mu.Lock(); d.tones++; d.mu.Unlock() }

func (d *fakeDesk) Replay(context.Context, time.Duration) { d.mu.Lock(); d.replays++; d.mu.Unlock() }

func (d *fakeDesk) Watch(ctx context.Context, changed func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.plugged:
			changed()
		}
	}
}

func (d *fakeDesk) Close() { d.mu.Lock(); d.closed = true; d.mu.Unlock() }

func (d *fakeDesk) look(f func() bool) bool { d.mu.Lock(); defer d.mu.Unlock(); return f() }

// TestSoundCheck: the meters move, a chosen device is opened and remembered, what is
// plugged in shows, and leaving the page lets the devices go.
func TestSoundCheck(t *testing.T) {
	desk := &fakeDesk{mic: session.Meter{Known: true, DBFS: -21}, plugged: make(chan struct{})}
	d := newDesk(t)
	d.back.sound = desk
	p := newSoundPage(d.w)
	d.w.show(p)
	d.until("the meter moves", func() bool { return strings.Contains(p.sides[0].meter.AccessibilityLabel(), "-21 dB") })
	d.until("the devices are listed", func() bool { return p.sides[0].list.Selected == "Built-in" && len(p.sides[0].list.Options) == 2 })
	p.sides[0].list.SetSelected("Head set")
	d.until("the choice is opened", func() bool {
		return desk.look(func() bool { return desk.chosen[len(desk.chosen)-1].Microphone == "b" })
	})
	if d.back.prefs.Sound.MicrophoneName != "Head set" {
		t.Errorf("remembered: %+v", d.back.prefs.Sound)
	}
	d.until("the buttons can be pressed", func() bool { return !p.playing })
	p.tone.Tapped(nil)
	d.until("the tone is played", func() bool { return desk.look(func() bool { return desk.tones == 1 }) && !p.playing })
	p.replay.Tapped(nil)
	d.until("the microphone is played back", func() bool { return desk.look(func() bool { return desk.replays == 1 }) && !p.playing })
	before := len(desk.chosen)
	desk.plugged <- struct{}{}
	d.until("what was plugged in is opened", func() bool { return desk.look(func() bool { return len(desk.chosen) > before }) })
	desk.look(func() bool { desk.mic = session.Meter{Trouble: "the microphone is gone"}; return true })
	d.until("the trouble shows", func() bool { return p.sides[0].note.Text() == "The microphone is gone." })
	p.back()
	d.until("the devices are let go", func() bool { return desk.look(func() bool { return desk.closed }) })
}

// TestSoundCheckWithoutSound: without a sound system the page says so.
func TestSoundCheckWithoutSound(t *testing.T) {
	d := newDesk(t)
	p := newSoundPage(d.w)
	d.w.show(p)
	d.until("it is said", func() bool { return strings.Contains(p.lead.Text(), "no sound system") })
}
