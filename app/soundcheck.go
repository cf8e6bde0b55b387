package app

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
)

// SoundDesk is the microphone and the speaker for the sound check; session.SoundDesk
// is the real one. Only Meters is asked on the window's goroutine.
type SoundDesk interface {
	Choose(context.Context, session.SoundChoice)
	Devices(context.Context, session.SoundChoice) (microphones, speakers []session.SoundDevice, err error)
	Meters() (microphone, speaker session.Meter)
	Tone(context.Context)
	Replay(context.Context, time.Duration)
	Watch(ctx context.Context, changed func())
	Close()
}

// meterFrame is how often the meters move: 15 times a second.
const meterFrame = time.Second / 15

// replayTime is how long the microphone is recorded before it is played back.
const replayTime = 4 * time.Second

// soundPage shows what microphone and speaker give, and lets the person choose them.
type soundPage struct {
	w             *Window
	view, foot    fyne.CanvasObject
	lead          *look.Prose
	sides         [2]soundSide // microphone, speaker
	tone, replay  *look.Button
	choice        session.SoundChoice
	desk          SoundDesk
	ctx           context.Context
	stop          context.CancelFunc
	playing       bool
	settingSelect bool // Select calls OnChanged also when the program sets it
}

// soundSide is one device's panel.
type soundSide struct {
	list    *widget.Select
	devices []session.SoundDevice
	meter   *look.Meter
	note    *look.Prose
}

func newSoundPage(w *Window) *soundPage {
	p := &soundPage{w: w}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.lead = look.Text(tr("sound.lead", "Speak, and the bar of the microphone should move. Play the tone, and you should hear it. Nothing is kept."), look.Lead)
	names := [2]string{tr("sound.microphone", "Microphone"), tr("sound.speaker", "Speaker or headset")}
	var panels []fyne.CanvasObject
	p.tone = look.NewButton(tr("sound.tone", "Play a test tone"), look.Primary, func() { p.play(func(ctx context.Context) { p.desk.Tone(ctx) }) })
	p.replay = look.NewButton(tr("sound.replay", "Record me, then play it back"), look.Secondary, func() {
		p.lead.SetText(tr("sound.speak", "Speak for four seconds. Then you hear yourself."))
		p.play(func(ctx context.Context) { p.desk.Replay(ctx, replayTime) })
	})
	for i := range p.sides {
		s := &p.sides[i]
		s.list = widget.NewSelect(nil, func(string) { p.chosen() })
		s.list.PlaceHolder = tr("sound.none", "none")
		s.meter = look.NewMeter([2]string{tr("sound.level-in", "It hears"), tr("sound.level-out", "It plays")}[i])
		s.note = look.Text("", look.Small)
		button := []*look.Button{p.replay, p.tone}[i]
		panels = append(panels, look.Panel(look.Column(10, look.Text(names[i], look.Title), s.list, s.meter, s.note, look.Row(0, 1, button, look.Gap(0, 0)))))
	}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("sound.title", "Microphone and speaker"), look.Heading), look.Inset(0, 4, 0, 18, p.lead), look.Grid(2, 300, 16, panels...))))
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0))
	p.enable(false)
	return p
}

func (p *soundPage) body() fyne.CanvasObject   { return p.view }
func (p *soundPage) footer() fyne.CanvasObject { return p.foot }
func (p *soundPage) back()                     { p.w.home() }

// enter opens the devices in the background: the system may take its time.
func (p *soundPage) enter() {
	prefs, err := p.w.back.Preferences()
	if err == nil {
		p.choice = prefs.Sound
	}
	p.w.running.Go(func() {
		desk, err := p.w.back.OpenSound(p.ctx)
		if err != nil {
			p.post(func() { p.lead.SetText(sentence(err)) })
			return
		}
		p.post(func() { p.desk = desk })
		p.list(desk, p.choice)
		p.w.running.Go(func() { desk.Watch(p.ctx, func() { p.post(func() { p.relist() }) }) })
		p.meters(desk)
		desk.Close()
	})
}

// leave stops everything; the devices are let go in the background.
func (p *soundPage) leave() { p.stop() }

// post runs f on the window's goroutine, unless the page was left.
func (p *soundPage) post(f func()) {
	p.w.post(func() {
		if p.ctx.Err() == nil {
			f()
		}
	})
}

// list opens the chosen devices and shows what there is.
func (p *soundPage) list(desk SoundDesk, choice session.SoundChoice) {
	desk.Choose(p.ctx, choice)
	microphones, speakers, err := desk.Devices(p.ctx, choice)
	if err != nil {
		p.post(func() { p.lead.SetText(sentence(err)) })
		return
	}
	p.post(func() {
		p.fill(0, microphones)
		p.fill(1, speakers)
		p.enable(true)
	})
}

// relist opens the present choice again, after devices have come or gone or another
// was chosen.
func (p *soundPage) relist() {
	desk, choice := p.desk, p.choice
	p.w.running.Go(func() { p.list(desk, choice) })
}

func (p *soundPage) fill(i int, devices []session.SoundDevice) {
	s := &p.sides[i]
	s.devices = devices
	names, selected := []string{}, ""
	for _, d := range devices {
		names = append(names, d.Name)
		if d.Chosen || selected == "" && d.Default {
			selected = d.Name
		}
	}
	p.settingSelect = true
	s.list.SetOptions(names)
	s.list.SetSelected(selected)
	p.settingSelect = false
}

// chosen takes and remembers what the person selected.
func (p *soundPage) chosen() {
	if p.settingSelect || p.desk == nil {
		return
	}
	for i, to := range [2][2]*string{{&p.choice.Microphone, &p.choice.MicrophoneName}, {&p.choice.Speaker, &p.choice.SpeakerName}} {
		for _, d := range p.sides[i].devices {
			if d.Name == p.sides[i].list.Selected && !(d.Default && *to[0] == "") {
				*to[0], *to[1] = d.ID, d.Name
			}
		}
	}
	prefs, err := p.w.back.Preferences()
	if err == nil {
		prefs.Sound = p.choice
		err = p.w.back.SavePreferences(prefs)
	}
	if err != nil {
		p.lead.SetText(sentence(err))
	}
	p.relist()
}

func (p *soundPage) enable(on bool) {
	p.tone.Enable(on)
	p.replay.Enable(on)
}

// play plays something, one at a time.
func (p *soundPage) play(what func(context.Context)) {
	if p.playing || p.desk == nil {
		return
	}
	p.playing = true
	p.enable(false)
	p.w.running.Go(func() {
		what(p.ctx)
		p.post(func() {
			p.playing = false
			p.enable(true)
		})
	})
}

// meters moves the bars until the page is left.
func (p *soundPage) meters(desk SoundDesk) {
	tick := time.NewTicker(meterFrame)
	defer tick.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-tick.C:
		}
		microphone, speaker := desk.Meters()
		p.post(func() {
			p.sides[0].show(microphone)
			p.sides[1].show(speaker)
		})
	}
}

// show moves one bar: from -60 dB on it shows something.
func (s *soundSide) show(m session.Meter) {
	note := phrase(m.Trouble)
	if m.Clipped > 0 && note == "" {
		note = tr("sound.clipped", "It was too loud for a moment: turn the level down a little.")
	}
	if s.note.Text() != note {
		s.note.SetText(note)
		look.Rearrange(s.note)
	}
	if !m.Known {
		s.meter.Set(0, "–")
		return
	}
	figure := fmt.Sprintf("%.0f dB", m.DBFS)
	if m.DBFS <= -99 {
		figure = tr("sound.silent", "silent")
	}
	s.meter.Set(float32(m.DBFS+60)/60, figure)
}
