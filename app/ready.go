package app

import (
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// readyPage says what a check will do and has the number confirmed. Nothing was
// sent before its button is pressed.
type readyPage struct {
	w         *Window
	situation string
	scenario  wizard.Scenario
	number    *look.Field
	view      fyne.CanvasObject
	foot      fyne.CanvasObject
	start     *look.Button
	notes     *fyne.Container
	before    *report.Report // what was found before a change, nil: nothing was
	change    *remedyByUs    // what this test changes, nil: nothing
}

func newReadyPage(w *Window, situation string) *readyPage {
	p := &readyPage{w: w, situation: situation}
	p.scenario, _ = w.scenario(situation)
	c := complaintOf(situation, w.back.Scenarios())
	who := map[string]any{"Who": w.account.Address()}

	steps := []string{tr("ready.sign-in", "Sign in as {{.Who}} with a test phone of its own.", who)}
	if !w.account.Registers() {
		steps = nil
	}
	if p.scenario.Awaits {
		steps = append(steps, tr("ready.await", "Wait for a call: have another phone at hand, a mobile phone for example, and call your own number when you are asked to."),
			tr("ready.ask-caller", "Ask you what the caller hears."))
	}
	if p.scenario.Calls {
		steps = append(steps, tr("ready.call", "Call the number that you confirm here, and hang up again."),
			tr("ready.ask", "Ask you a question or two about what you hear."))
	}
	steps = append(steps, tr("ready.say", "Tell you what is wrong, where, and what to do about it."))

	rows := []fyne.CanvasObject{look.Text(tr("ready.what", "What the test will do"), look.Title)}
	for i, s := range steps {
		rows = append(rows, numbered(i+1, look.Text(s, look.Body)))
	}
	left := look.Panel(look.Column(12, rows...))

	right := []fyne.CanvasObject{}
	if p.scenario.Calls {
		p.number = look.NewField(tr("ready.number", "Number to call"),
			tr("ready.number.hint", "Best: a number where someone can pick up, or a test number of your provider. The call costs what calls there usually cost."), "", false)
		p.number.Entry.SetText(w.account.number)
		p.number.Entry.OnChanged = func(string) { p.complain("") }
		p.number.Entry.OnSubmitted = func(string) { p.begin() }
		right = append(right, p.number.Container)
	}
	p.notes = look.Column(18, displaceNotice())
	right = append(right, p.notes)
	label := tr("ready.start", "Start the test")
	if p.scenario.Calls {
		label = tr("ready.start-call", "Call this number now")
	}
	p.start = look.NewButton(label, look.Primary, p.begin)
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.start)
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(c.title, look.Heading),
		look.Inset(0, 4, 0, 22, look.Text(tr("ready.lead", "Nothing has been sent yet."), look.Lead)),
		look.Grid(2, 300, 24, left, look.Column(18, right...)))))
	return p
}

// displaceNotice warns of the one harm that a sign-in can do.
func displaceNotice() fyne.CanvasObject {
	return look.Notice("warning", tr("ready.displace",
		"If your provider allows only one phone at a time, your usual phone may go offline during the test. It comes back by itself, or when you restart it."), look.ToneWarn)
}

// numbered sets a number in a soft circle before something.
func numbered(n int, o fyne.CanvasObject) fyne.CanvasObject {
	circle := look.Sized(26, 26, look.Over(look.NewSurface(look.AccentSoft, "", 13),
		look.Inset(0, 4, 0, 0, look.Text(digits(n), look.Style{Size: look.SmallSize, Bold: true, Center: true, Color: look.Ink, OneRow: true}))))
	return look.TopRow(12, 1, circle, look.Inset(0, 2, 0, 0, o))
}

func (p *readyPage) body() fyne.CanvasObject   { return p.view }
func (p *readyPage) footer() fyne.CanvasObject { return p.foot }
func (p *readyPage) leave()                    {}
func (p *readyPage) back()                     { p.w.home() }

func (p *readyPage) enter() {
	if p.number != nil && p.number.Entry.Text == "" {
		p.w.focus(p.number.Entry)
		return
	}
}

func (p *readyPage) primary() *look.Button { return p.start }

func (p *readyPage) complain(text string) {
	if p.number != nil {
		p.number.Complain(text)
		look.Rearrange(p.view)
	}
}

// begin is the confirmation: from here on the test phone speaks to the server.
func (p *readyPage) begin() {
	r := session.Request{Account: p.w.account.Account, Situation: p.situation}
	if p.number != nil {
		r.Target = strings.TrimSpace(p.number.Entry.Text)
		if text := numberComplaint(r.Target); text != "" {
			p.complain(text)
			p.w.focus(p.number.Entry)
			return
		}
		p.w.keepNumber(r.Target)
	}
	if p.change != nil {
		r.Account = r.Account.With(p.change.Change)
	}
	p.w.show(newLivePage(p.w, liveRequest{Request: r, title: complaintOf(p.situation, p.w.back.Scenarios()).title, before: p.before, change: p.change}))
}

// after makes this a test again: its result will stand beside the one before, and it
// may change one setting of the test phone.
func (p *readyPage) after(before *report.Report, change *remedyByUs) {
	p.before, p.change = before, change
	if change != nil {
		p.notes.Objects = append([]fyne.CanvasObject{look.Notice("info", tr("ready.change",
			"This time: {{.What}}. Only the test phone is changed, and only for this test.", map[string]any{"What": lowerFirst(changeWords(change.Change.String()))}), look.ToneAccent)}, p.notes.Objects...)
		look.Rearrange(p.view)
	}
}
