package app

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// resultPage says what is wrong, where, what to do and why.
type resultPage struct {
	w      *Window
	report *report.Report
	from   *liveRequest // what was run, nil for a capture
	list   *callsPage   // the list that the call was chosen from, nil: none
	view   *fyne.Container
	foot   fyne.CanvasObject
	strip  *look.PathStrip
	folds  []*look.Fold
	doIt   *look.Button // the remedy that the program can try, nil: none
	again  *look.Button
	save   *look.Button
	copied *look.Button
	pin    *look.Button
	own    *look.Button // on to the person's own softphone, nil: not offered
	saver  Saver        // gives the report on; of a check, else set by who makes the page
	watch  bool         // it is about the person's own softphone
	revert *time.Timer  // gives the copy button its words back
}

func newResultPage(w *Window, r *report.Report, from *liveRequest) *resultPage {
	p := &resultPage{w: w, report: r, from: from}
	if from != nil && from.check != nil {
		p.saver = from.check
	}
	rows := []fyne.CanvasObject{p.verdict(), look.Inset(0, 6, 0, 12, p.headline())}
	hides := session.BetweenHides()
	for _, text := range r.Warnings {
		if i := slices.Index(hides, text); i > 0 {
			continue // said with the first
		} else if i == 0 {
			rows = append(rows, look.Inset(0, 0, 0, 10, look.Notice("info", tr("between.hides", "Your softphone's calls were judged as they crossed the network. Whether its microphone and speaker work, only you can say. If it works while it comes this way, and fails without, look at its own network settings."), look.ToneAccent)))
			continue
		}
		rows = append(rows, look.Inset(0, 0, 0, 10, look.Notice("warning", sentence(plainError(text)), look.ToneWarn)))
	}
	if from != nil && from.practice != nil {
		rows = append(rows, look.Inset(0, 0, 0, 10, p.practised(from.practice)))
	}
	if from != nil && from.change != nil {
		rows = append(rows, look.Inset(0, 0, 0, 10, p.changed(from.change)))
	}
	rows = append(rows, p.path())
	if from != nil && from.before != nil {
		rows = append(rows, look.Inset(0, 14, 0, 0, look.Panel(look.Column(6, append([]fyne.CanvasObject{
			look.Text(tr("compare.title", "Before and after"), look.Title)}, compareRows(from.before, r)...)...))))
	}
	if from != nil && from.practice == nil && w.account.origin != nil {
		if list := session.Differences(w.account.origin, from.Account, r); len(list) > 0 {
			rows = append(rows, look.Inset(0, 14, 0, 0, look.Panel(look.Column(6, append([]fyne.CanvasObject{
				look.Text(tr("differs.title", "What your softphone has set differently"), look.Title)}, softphoneRows(list)...)...))))
		}
	}
	left, right := p.columns()
	rows = append(rows, look.Inset(0, 14, 0, 0, look.Grid(2, 300, 20, left, right)))
	if support := p.support(); support != nil {
		rows = append(rows, look.Inset(0, 14, 0, 0, support))
	}
	p.view = look.Scrolled(look.Inset(0, 22, 0, 20, look.Column(0, rows...)))

	p.copied = look.NewButton(tr("result.copy", "Copy for support"), look.Secondary, p.copy)
	p.save = look.NewButton(tr("result.save", "Save…"), look.Secondary, p.keep)
	home := look.NewButton(tr("result.home", "Back to start"), look.Secondary, p.back)
	p.again = look.NewButton(p.againWords(), look.Primary, p.repeat)
	p.foot = look.Row(10, 2, p.save, p.copied, look.Gap(0, 0), home, p.again)
	return p
}

// ofOwn makes it the result of watching the person's own softphone.
func (p *resultPage) ofOwn(s Saver) {
	p.saver, p.watch = s, true
	p.again.SetText(tr("between.on", "Keep watching"))
	p.again.SetPress(func() { p.w.show(newBetweenPage(p.w)) })
}

// plainError carries a text that is none of our errors through sentence.
type plainError string

func (e plainError) Error() string { return string(e) }

func (p *resultPage) againWords() string {
	switch {
	case p.from == nil:
		return tr("result.another", "Open another capture…")
	case p.from.practice != nil:
		return tr("result.practise-again", "Practise another fault")
	case p.report.Verdict == report.Problem:
		return tr("result.did", "I did this: test again")
	}
	return tr("result.again", "Test again")
}

// verdictWord is a verdict as the chip says it.
func verdictWord(v report.Verdict) string {
	switch v {
	case report.Problem:
		return tr("result.problem", "Problem found")
	case report.Outcome:
		return tr("result.outcome", "No fault: that is how the call ended")
	case report.Healthy:
		return tr("result.healthy", "All well")
	}
	return tr("result.inconclusive", "Not enough was seen")
}

func verdictTone(v report.Verdict) look.Tone {
	switch v {
	case report.Problem:
		return look.ToneBad
	case report.Outcome:
		return look.ToneAccent
	case report.Healthy:
		return look.ToneOK
	}
	return look.ToneWarn
}

// verdict is the line above the headline: the verdict as a chip, how sure, what
// was checked, how long it took.
func (p *resultPage) verdict() fyne.CanvasObject {
	var about []string
	if f := p.report.Root(); f != nil {
		about = append(about, sureWords(f.Certainty))
	}
	about = append(about, situationWords(p.report.Situation))
	if p.report.Took > 0 {
		about = append(about, seconds(p.report.Took))
	}
	return look.Row(10, 1, look.Chip(verdictWord(p.report.Verdict), verdictTone(p.report.Verdict)),
		look.Text(strings.Join(about, " · "), look.Style{Size: look.SmallSize, Color: look.Mute, OneRow: true}))
}

func sureWords(c diagnosis.Certainty) string {
	switch c {
	case diagnosis.Confirmed:
		return tr("sure.confirmed", "certain")
	case diagnosis.Likely:
		return tr("sure.likely", "likely")
	}
	return tr("sure.possible", "possible")
}

// practised says whether the fault that was switched on is the one found.
func (p *resultPage) practised(pr *Practice) fyne.CanvasObject {
	found := "healthy"
	if root := p.report.Diagnosis.Root(); root != nil {
		found = root.Rule.Cause
	} else if p.report.Verdict != report.Healthy {
		found = string(p.report.Verdict)
	}
	args := map[string]any{"Fault": strings.TrimRight(faultTitle(pr.Fault), ".")}
	if g := p.from.guess; g != nil {
		args["Guess"] = strings.TrimRight(faultTitle(*g), ".")
		if g.Cause != pr.Cause {
			return look.Notice("warning", tr("result.guess-wrong", "You said: {{.Guess}}. Switched on was: {{.Fault}}. Below is how the diagnosis can tell.", args), look.ToneWarn)
		}
		if found == pr.Cause {
			return look.Notice("check", tr("result.guess-right", "You are right, and the diagnosis says the same: {{.Fault}}.", args), look.ToneOK)
		}
	}
	if found == pr.Cause {
		return look.Notice("check", tr("result.practice-right", "Practice. Switched on was: {{.Fault}}. The diagnosis found the same.", args), look.ToneOK)
	}
	return look.Notice("warning", tr("result.practice-wrong", "Practice. Switched on was: {{.Fault}}. The diagnosis says something else.", args), look.ToneWarn)
}

// changed says what the program changed for this test, and what that means for the
// person's own softphone.
func (p *resultPage) changed(c *remedyByUs) fyne.CanvasObject {
	if p.report.Verdict == report.Healthy || p.report.Verdict == report.Outcome {
		return look.Notice("check", tr("result.change-works", "With this change it works. {{.Set}}", map[string]any{"Set": c.set}), look.ToneOK)
	}
	return look.Notice("warning", tr("result.change-fails", "This change alone does not mend it. Your own softphone need not be changed for it."), look.ToneWarn)
}

// path is the strip with the break, and the same in words.
func (p *resultPage) path() fyne.CanvasObject {
	p.strip = look.NewPathStrip()
	p.strip.SetPath(p.report.Diagnosis.Path)
	if f := p.report.Root(); f != nil && f.Kind() == diagnosis.Fault && !broken(p.report.Diagnosis.Path) {
		p.strip.Blame(look.BlameNode(f.Place()))
	}
	f := figuresOf(p.report.Evidence)
	p.strip.SetNote(1, f.phone)
	server := f.server
	if p.from != nil {
		server = p.from.Account.Domain
		if f.other == "" {
			f.other = p.from.Target
		}
	}
	p.strip.SetNote(3, server)
	p.strip.SetNote(4, f.other)
	return look.SlimPanel(look.Column(10, look.Inset(0, 8, 0, 0, p.strip),
		look.Text(p.whereWords(), look.Style{Size: look.SmallSize, Color: look.Mute, Center: true})))
}

func broken(path [4]diagnosis.Segment) bool {
	for _, s := range path {
		if s.Out == diagnosis.Broken || s.In == diagnosis.Broken {
			return true
		}
	}
	return false
}

// whereWords says where the fault is, and what the arrows show.
func (p *resultPage) whereWords() string {
	f := p.report.Root()
	if f == nil || f.Place() == diagnosis.Nowhere || f.Place() == "" {
		return p.strip.Summary()
	}
	words := tr("result.where", "The fault is {{.Place}}.", map[string]any{"Place": placeWords(f.Place())})
	if f.Kind() != diagnosis.Fault {
		words = tr("result.where-outcome", "This happened {{.Place}}.", map[string]any{"Place": placeWords(f.Place())})
	}
	if p.report.Diagnosis.Path == ([4]diagnosis.Segment{}) {
		return words
	}
	return words + " " + p.strip.Summary()
}

func (p *resultPage) body() fyne.CanvasObject         { return p.view }
func (p *resultPage) footer() fyne.CanvasObject       { return p.foot }
func (p *resultPage) evidence() *evidence.Evidence    { return p.report.Evidence }
func (p *resultPage) diagnosis() *diagnosis.Diagnosis { return &p.report.Diagnosis }
func (p *resultPage) enter()                          {}
func (p *resultPage) primary() *look.Button           { return p.again }

func (p *resultPage) back() {
	if p.list != nil {
		p.w.show(newCallsPage(p.w, p.list.of, p.list.report, p.list.rows))
		return
	}
	p.w.home()
}

func (p *resultPage) leave() {
	if p.revert != nil {
		p.revert.Stop()
	}
}

// repeat goes on with what is likely next. A call is never placed again without
// the page that names its number.
func (p *resultPage) repeat() {
	switch {
	case p.from == nil:
		p.w.chooseFile()
	case p.from.practice != nil:
		p.w.show(newPracticePage(p.w))
	default:
		p.retest(nil)
	}
}

// retest goes to the confirmation of the same test, with one change or none; its
// result will stand beside this one.
func (p *resultPage) retest(c *remedyByUs) {
	if !p.w.account.complete() {
		p.w.begin(p.from.Situation)
		return
	}
	ready := newReadyPage(p.w, p.from.Situation)
	ready.after(p.report, c)
	p.w.show(ready)
}
