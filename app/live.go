package app

import (
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// liveRequest is what the live page is to run and how it was come to.
type liveRequest struct {
	session.Request
	title    string
	practice *Practice // not nil: against the built-in PBX
	surprise bool      // the person is to say what the fault is
	guess    *Fault    // and said this

	before *report.Report // what was found before the person, or the program, changed something
	change *remedyByUs    // what the program changed for this test, nil: nothing
	check  Check          // the check itself, once it is made
}

// livePage shows a check under way.
type livePage struct {
	w    *Window
	req  liveRequest
	run  *run
	view *fyne.Container
	foot fyne.CanvasObject

	heading, lead *look.Prose
	steps         *stepList
	side          *fyne.Container
	main          *fyne.Container
	strip         *look.PathStrip
	speak, hear   *look.Meter
	charts        *liveCharts
	question      *questionCard
	stop          *look.Button
	stopping      bool
	state         snapshot
}

func newLivePage(w *Window, req liveRequest) *livePage {
	p := &livePage{w: w, req: req}
	sc, _ := w.scenario(req.Situation)
	p.run = newRun(w, sc)
	p.heading = look.Text(req.title, look.Heading)
	p.lead = look.Text(tr("live.begin", "One moment."), look.Lead)
	p.strip = look.NewPathStrip()
	p.speak = look.NewMeter(tr("live.speak", "We send"))
	p.hear = look.NewMeter(tr("live.hear", "We hear"))
	p.charts = newLiveCharts()
	p.question = newQuestionCard()
	p.steps = newStepList()
	p.main = look.ScrolledPlain(28, look.Inset(0, 26, 0, 16, look.Column(14,
		look.Column(4, p.heading, p.lead), p.question.object,
		look.SlimPanel(look.Column(10, look.Inset(0, 6, 0, 0, p.strip), look.Pad(24, 0, look.Column(4, p.speak, p.hear)))),
		p.charts.object)))
	p.side = look.ScrolledPlain(22, look.Inset(0, 30, 0, 16, p.steps.object))
	p.view = look.Sidebar(218, 250, p.side, p.main)
	p.stop = look.NewButton(tr("live.stop", "Stop the test"), look.Secondary, p.halt)
	promise := look.Text(tr("live.promise", "Your password is never written down. The test phone signs itself out at the end."), look.Style{Size: look.SmallSize, Color: look.Mute, OneRow: true})
	p.foot = look.Row(12, 1, p.stop, look.Gap(0, 0), promise)
	return p
}

func (p *livePage) body() fyne.CanvasObject         { return p.view }
func (p *livePage) footer() fyne.CanvasObject       { return p.foot }
func (p *livePage) evidence() *evidence.Evidence    { return p.run.evidence() }
func (p *livePage) diagnosis() *diagnosis.Diagnosis { return p.run.diagnosis() }
func (p *livePage) leave()                          { p.run.abandon() }

func (p *livePage) enter() {
	p.show(p.run.live)
	req := p.req.Request
	req.Person, req.Notify = p.run, p.run.notify
	var stopped func()
	if pr := p.req.practice; pr != nil {
		req.Person, stopped = session.Answers(pr.Answers), pr.Stop
	}
	check, err := p.w.back.NewCheck(req)
	if err != nil {
		if stopped != nil {
			stopped()
		}
		p.w.show(newTroublePage(p.w, tr("trouble.start", "The test could not start"), err))
		return
	}
	p.req.check = check
	p.run.start(check, p.show, stopped)
	go p.animate()
}

// animate moves what flows and the charts until the page is left or the check is over.
// It waits for each frame to be painted, so that a slow screen gets fewer of them.
func (p *livePage) animate() {
	tick := time.NewTicker(liveFrame)
	defer tick.Stop()
	for {
		select {
		case <-p.run.gone.Done():
			return
		case <-p.run.ctx.Done():
			return
		case <-tick.C:
		}
		painted := make(chan struct{})
		p.w.post(func() {
			defer close(painted)
			if p.run.gone.Err() == nil {
				p.tick(time.Now())
			}
		})
		select {
		case <-painted:
		case <-p.run.gone.Done():
			return
		}
	}
}

// tick is one frame. Under the technical view nothing is painted, but the charts go on.
func (p *livePage) tick(now time.Time) {
	p.charts.tick(now, p.state.figures)
	if p.w.tech == nil {
		in, out := p.charts.flow()
		p.strip.Flow(out, in)
	}
}

// back is Escape: "I don't know" to a question, else the same as Stop; a second
// time it goes home without waiting.
func (p *livePage) back() {
	if a := p.state.asked; a != nil {
		p.reply(a, unsure(a.Question))
		return
	}
	if p.stopping {
		p.w.home()
		return
	}
	p.halt()
}

// unsure is the answer of somebody who does not know.
func unsure(q wizard.Question) wizard.Answer {
	for _, o := range q.Options {
		if o.Value == "unsure" {
			return wizard.Answer(o.Value)
		}
	}
	return wizard.NotAsked
}

// halt ends the calls and still shows what was seen.
func (p *livePage) halt() {
	if p.stopping {
		return
	}
	p.stopping = true
	p.stop.SetText(tr("live.stopping", "Hanging up…"))
	p.stop.Enable(false)
	p.run.cancel()
}

// show writes a snapshot into the widgets; what did not change is not painted.
func (p *livePage) show(s snapshot) {
	if s.finished {
		p.done(s)
		return
	}
	last := p.state
	p.state = s
	moved := p.steps.set(s.steps)
	title, lead := p.req.title, words.Of(s.instruction)
	for _, st := range s.steps {
		if st.state == stepRunning {
			title = words.Of(st.title)
		}
	}
	if lead == "" {
		lead = tr("live.begin", "One moment.")
	}
	if s.left > 0 && s.asked == nil {
		lead = tr("live.left", "{{.Instruction}} {{.Seconds}} seconds left.", map[string]any{"Instruction": lead, "Seconds": s.left})
	}
	if title != p.heading.Text() || lead != p.lead.Text() {
		p.heading.SetText(title)
		p.lead.SetText(lead)
		p.makeRoom(s.asked)
		moved = true
	}
	p.strip.SetPath(s.path)
	if s.figures.speak.words != "" {
		p.showFigures(s.figures)
	}
	if s.asked != last.asked || p.question.object.Visible() != (s.asked != nil) {
		p.ask(s.asked)
		moved = true
	}
	if moved && p.w.tech == nil {
		look.Rearrange(p.view)
	}
	if p.w.tech != nil && p.w.now == page(p) {
		p.w.tech.fill(p.evidence(), p.diagnosis())
	}
}

func (p *livePage) showFigures(f figures) {
	p.speak.Set(f.speak.value, f.speak.words)
	p.hear.Set(f.hear.value, f.hear.words)
	p.strip.SetNote(1, f.phone)
	p.strip.SetNote(3, p.req.Account.Domain)
	other := f.other
	if other == "" {
		other = p.req.Target
	}
	p.strip.SetNote(4, other)
}

// makeRoom shows a question in place of the step's title and figures, or these. What to do
// meanwhile still stands above a question.
func (p *livePage) makeRoom(a *asked) {
	for o, shown := range map[fyne.CanvasObject]bool{
		p.heading: a == nil, p.lead: a == nil || p.state.instruction != "", p.charts.object: a == nil, p.question.object: a != nil,
	} {
		switch {
		case o.Visible() == shown:
		case shown:
			o.Show()
		default:
			o.Hide()
		}
	}
}

// ask asks the person, or takes the question away.
func (p *livePage) ask(a *asked) {
	p.makeRoom(a)
	if a == nil {
		p.w.win.Canvas().Unfocus()
		return
	}
	p.w.technical(false) // a question must be seen
	p.question.set(a.Question, func(answer wizard.Answer) { p.reply(a, answer) })
	look.Rearrange(p.view)
	p.w.focus(p.question.first)
}

func (p *livePage) reply(a *asked, answer wizard.Answer) {
	a.reply(answer)
	if p.state.asked == a {
		p.state.asked = nil
		p.ask(nil)
		look.Rearrange(p.view)
	}
}

func (p *livePage) done(s snapshot) {
	if s.err != nil {
		p.w.show(newTroublePage(p.w, tr("trouble.run", "The test could not finish"), s.err))
		return
	}
	if s.report == nil {
		p.w.home()
		return
	}
	if p.req.practice == nil {
		p.w.noteSignIn(s.report)
	}
	technical := p.w.tech != nil && !p.w.tech.beside
	if p.req.surprise {
		p.w.show(newGuessPage(p.w, s.report, &p.req))
	} else {
		p.w.show(newResultPage(p.w, s.report, &p.req))
	}
	if !p.w.pinned {
		p.w.technical(technical)
	}
}
