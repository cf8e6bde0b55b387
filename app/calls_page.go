package app

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/providers"
	"softphonedoctor/wizard/report"
)

// callsPage lists the calls of a capture that holds several, each with its verdict.
type callsPage struct {
	w      *Window
	of     session.Opened
	report *report.Report
	rows   []report.CallRow
	view   fyne.CanvasObject
	foot   fyne.CanvasObject
	list   *callList
	all    *look.Button
}

func newCallsPage(w *Window, of session.Opened, r *report.Report, rows []report.CallRow) *callsPage {
	p := &callsPage{w: w, of: of, report: r, rows: rows}
	p.list = newCallList(rows, p.open)
	head := look.Column(4, look.Text(tr("calls.title", "{{.N}} calls in this capture", map[string]any{"N": len(rows)}), look.Heading),
		look.Text(wholeWords(rows), look.Lead), look.Text(tr("calls.lead", "Choose one to see what was wrong with it."), look.Small))
	card := look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(8, 8, p.list))
	p.view = look.Margins(look.Bars(look.Inset(0, 26, 0, 14, head), look.Gap(0, 16), card))
	p.all = look.NewButton(tr("calls.all", "Judge the capture as a whole"), look.Secondary, func() {
		r := newResultPage(w, r, nil)
		r.list, r.saver = p, of
		w.show(r)
	})
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0),
		look.NewButton(tr("result.another", "Open another capture…"), look.Secondary, w.chooseFile), p.all)
	return p
}

// wholeWords says how the calls of a capture went; in other languages than English by
// their numbers only.
func wholeWords(rows []report.CallRow) string {
	if english() {
		return report.Whole(rows)
	}
	n := map[report.Verdict]int{}
	for _, r := range rows {
		n[r.Verdict]++
	}
	return tr("calls.counts", "With a fault: {{.Bad}}. Went well: {{.Good}}. Ended as they should: {{.Ended}}. Too little to see: {{.Little}}.",
		map[string]any{"Bad": n[report.Problem], "Good": n[report.Healthy], "Ended": n[report.Outcome], "Little": n[report.Inconclusive]})
}

// open judges one call alone and shows the result.
func (p *callsPage) open(i int) {
	if i < 0 || i >= len(p.rows) {
		return
	}
	e := p.report.Evidence.Narrow(p.rows[i].Call.ID)
	r := newResultPage(p.w, report.New("capture", e, diagnosis.Of(e, providers.Built().Dictionary(e))), nil)
	r.list, r.saver = p, session.Opened{Name: p.of.Name, Open: p.of.Open, Call: true}
	p.w.show(r)
}

func (p *callsPage) body() fyne.CanvasObject         { return p.view }
func (p *callsPage) footer() fyne.CanvasObject       { return p.foot }
func (p *callsPage) evidence() *evidence.Evidence    { return p.report.Evidence }
func (p *callsPage) diagnosis() *diagnosis.Diagnosis { return &p.report.Diagnosis }
func (p *callsPage) leave()                          {}
func (p *callsPage) back()                           { p.w.home() }

func (p *callsPage) enter() {
	p.w.focus(p.list)
}

// callList is a list of any length: only the rows that are seen exist.
type callList struct{ widget.List }

// callRow is a row of it.
type callRow struct {
	icon        *look.Icon
	title, note *look.Prose
}

func newCallList(rows []report.CallRow, open func(int)) *callList {
	l := &callList{}
	parts := map[fyne.CanvasObject]*callRow{}
	l.Length = func() int { return len(rows) }
	l.CreateItem = func() fyne.CanvasObject {
		r := &callRow{icon: look.NewIcon("check", look.OK, 20),
			title: look.Text("", look.Style{Size: look.SmallSize, Bold: true, OneRow: true}), note: look.Text("", look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true})}
		o := look.Sized(200, 48, look.Pad(12, 7, look.Row(12, 1, r.icon, look.Column(1, r.title, r.note))))
		parts[o] = r
		return look.Narrow(o)
	}
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		c, ok := o.(*fyne.Container)
		if !ok || i < 0 || i >= len(rows) {
			return
		}
		if r := parts[c.Objects[0]]; r != nil {
			r.set(&rows[i])
			look.Rearrange(o)
		}
	}
	l.OnSelected = func(i widget.ListItemID) {
		l.Unselect(i) // the same row can be opened again
		open(i)
	}
	l.ExtendBaseWidget(l)
	return l
}

func (r *callRow) set(row *report.CallRow) {
	icon, ink := "question", look.Warn
	switch row.Verdict {
	case report.Problem:
		icon, ink = "cross", look.Bad
	case report.Healthy:
		icon, ink = "check", look.OK
	case report.Outcome:
		icon, ink = "dash", look.Accent
	}
	r.icon.Set(icon, ink)
	r.title.SetText(fmt.Sprintf("%s   %s → %s   ·   %s", clock(row.Began()), row.Call.From, row.Call.To, verdictWord(row.Verdict)))
	r.note.SetText(rowWords(row))
}

// rowWords is what is said of one call.
func rowWords(row *report.CallRow) string {
	switch {
	case english():
		return row.Headline
	case row.Cause != "":
		return causeTitle(row.Cause, row.Headline)
	case row.Verdict == report.Healthy:
		return tr("headline.healthy", "No fault found: everything that was checked works.")
	}
	return tr("headline.inconclusive", "Too little was seen to say what is wrong.")
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format(time.TimeOnly)
}

// TypedKey opens the row under the keyboard's mark by Enter, as by Space, moves, and
// leaves the rest to the window.
func (l *callList) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		l.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeyUp, fyne.KeyDown, fyne.KeySpace:
		l.List.TypedKey(ev)
	default:
		if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(ev)
		}
	}
}
