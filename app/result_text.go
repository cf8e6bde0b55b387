package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// columns are the two cards of the result: what to do, and why we think so.
func (p *resultPage) columns() (left, right fyne.CanvasObject) {
	f := p.report.Root()
	if f == nil {
		return look.Panel(look.Column(10, p.tips()...)), look.Panel(look.Column(6, p.scope(tr("result.checked", "What was checked"))...))
	}
	return look.Panel(look.Column(10, p.remedies(f)...)), look.Panel(look.Column(6, p.proof(f)...))
}

// remedies are the steps for the person, and folded those for others. Where the
// person can do nothing, those for others stand open.
func (p *resultPage) remedies(f *diagnosis.Finding) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{look.Text(tr("result.todo", "What to do"), look.Title)}
	by := map[diagnosis.Audience][]string{}
	for _, x := range f.Fix {
		by[x.For] = append(by[x.For], x.Text)
	}
	own, foreign := by[diagnosis.ForUser], false
	for i, text := range own {
		if i == 0 {
			text = firstRemedy(f.Rule.Cause, text)
		} else if !english() {
			foreign = true
		}
		rows = append(rows, numbered(i+1, look.Text(text, look.Body)))
	}
	if foreign {
		rows = append(rows, stillEnglish())
	}
	if p.doIt = p.doItButton(f); p.doIt != nil {
		rows = append(rows, look.Inset(38, 2, 0, 4, look.Row(0, 1, p.doIt, look.Gap(0, 0))))
	}
	if len(f.Fix) == 0 {
		rows = append(rows, look.Text(tr("result.nothing", "Nothing needs to be mended here."), look.Lead))
	}
	open := len(by[diagnosis.ForUser]) == 0
	for _, other := range []struct {
		audience diagnosis.Audience
		title    string
	}{
		{diagnosis.ForAdmin, tr("result.admin", "For the person who looks after the phones or the network")},
		{diagnosis.ForProvider, tr("result.provider", "For your provider's support")},
	} {
		texts := by[other.audience]
		if len(texts) == 0 {
			continue
		}
		var list []fyne.CanvasObject
		for _, text := range texts {
			list = append(list, look.Text(text, look.Style{Size: look.SmallSize}))
		}
		if other.audience == diagnosis.ForProvider {
			text := p.report.ForProvider()
			copied := tr("result.copied", "Copied")
			var b *look.Button
			b = look.NewButton(tr("result.for-provider", "Copy this for your provider"), look.Secondary, func() {
				p.w.app.Clipboard().SetContent(text)
				b.SetText(copied)
				look.Rearrange(p.view)
			})
			list = append(list, look.Row(0, 1, b, look.Gap(0, 0)))
		}
		fold := p.fold(other.title, look.Column(8, list...))
		fold.SetOpen(open)
		rows = append(rows, fold.Container)
	}
	return rows
}

// proof is the reasoning: what was seen, the citations, how sure, and what would
// prove it wrong.
func (p *resultPage) proof(f *diagnosis.Finding) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{look.Text(tr("result.why", "Why we think so"), look.Title),
		look.Inset(0, 2, 0, 4, look.Text(f.Why, look.Style{Size: 14}))}
	if !english() {
		rows = append(rows, stillEnglish())
	}
	for i, c := range f.Cites {
		if i == 6 {
			break // the technical view has the rest
		}
		label := look.Text(upperFirst(c.Label), look.Style{Size: look.SmallSize})
		row := fyne.CanvasObject(label)
		if c.N > 0 {
			row = look.TopRow(10, 0, label, look.Text("#"+digits(c.N), look.Style{Size: look.CaptionSize, Color: look.Mute, Mono: true, OneRow: true}))
		}
		rows = append(rows, look.Rule(), look.Inset(0, 3, 0, 3, row))
	}
	sure := []fyne.CanvasObject{look.Text(sureSentence(f.Certainty), look.Small)}
	if f.Overturn != "" {
		sure = append(sure, look.Text(tr("result.overturn", "This would prove it wrong: {{.What}}", map[string]any{"What": lowerFirst(f.Overturn)}), look.Small))
	}
	rows = append(rows, look.Rule(), p.fold(tr("result.sure", "How sure this is, and what would prove it wrong"), look.Column(5, sure...)).Container)
	if tried := triedRows(p.report.Evidence); len(tried) > 0 {
		rows = append(rows, p.fold(tr("result.tried", "What the test tried by itself"), look.Column(6, tried...)).Container)
	}
	return append(rows, p.scope("")...)
}

func sureSentence(c diagnosis.Certainty) string {
	switch c {
	case diagnosis.Confirmed:
		return tr("sure.confirmed.long", "This is certain: it was seen directly, or a second test gave the same.")
	case diagnosis.Likely:
		return tr("sure.likely.long", "This is likely: everything seen fits, but one more test could still change it.")
	}
	return tr("sure.possible.long", "This is possible: it fits what was seen, and so do other causes.")
}

// scope says what else was seen, what was ruled out, and what was not looked at.
// A title makes it a card of its own, with what was seen to work first.
func (p *resultPage) scope(title string) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	if title != "" {
		rows = append(rows, look.Inset(0, 0, 0, 4, look.Text(title, look.Title)))
		rows = append(rows, checkedRows(p.report.Evidence)...)
	}
	d := p.report.Diagnosis
	root := p.report.Root()
	var also []string
	for i := range d.Findings {
		if f := &d.Findings[i]; f != root {
			also = append(also, causeTitle(f.Rule.Cause, f.Title))
		}
	}
	add := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		var list []fyne.CanvasObject
		for _, l := range lines {
			list = append(list, look.Text(l, look.Style{Size: look.SmallSize, Color: look.Mute}))
		}
		fold := p.fold(title, look.Column(5, list...))
		rows = append(rows, fold.Container)
	}
	n := func(lines []string) map[string]any { return map[string]any{"N": len(lines)} }
	add(tr("result.also", "Also seen ({{.N}})", n(also)), also)
	add(tr("result.clear", "Ruled out: not the case here ({{.N}})", n(d.Clear)), causeTitles(d.Clear))
	add(tr("result.unchecked", "Not checked this time ({{.N}})", n(d.Unchecked)), causeTitles(d.Unchecked))
	if len(rows) == 1 && title != "" {
		rows = append(rows, look.Text(tr("result.clear-none", "Nothing could be checked to its end."), look.Lead))
	}
	return rows
}

// tips stand in place of remedies where there is no finding.
func (p *resultPage) tips() []fyne.CanvasObject {
	title := tr("result.next", "What to try next")
	lines := []string{
		tr("tip.call", "Let the test call a number where someone can pick up: then the sound can be judged too."),
		tr("tip.account", "Check that the account entered here is the one that gives you trouble."),
		tr("tip.capture", "If a network recording exists that was taken while the fault happened, open it here."),
	}
	if p.report.Verdict == report.Healthy {
		title = tr("result.again-happens", "If it happens again")
		lines = []string{
			tr("tip.during", "Run the same test while it happens: only then can the fault be seen."),
			tr("tip.note", "Write down the time and the number you called; your provider can look that call up."),
			tr("tip.usual", "This test phone works here. If your usual phone does not, compare its account settings with the ones you entered."),
		}
	}
	rows := []fyne.CanvasObject{look.Text(title, look.Title)}
	for i, l := range lines {
		rows = append(rows, numbered(i+1, look.Text(l, look.Body)))
	}
	if p.report.Verdict == report.Healthy && p.from != nil && p.from.practice == nil {
		p.own = look.NewButton(tr("home.own", "Check my own softphone"), look.Secondary, func() { p.w.show(newBetweenPage(p.w)) })
		rows = append(rows, look.Inset(38, 2, 0, 4, look.Row(0, 1, p.own, look.Gap(0, 0))))
	}
	return rows
}

func (p *resultPage) fold(title string, body fyne.CanvasObject) *look.Fold {
	f := look.NewFold(title, body, func() { look.Rearrange(p.view) })
	p.folds = append(p.folds, f)
	return f
}

// causeTitles gives the plain sentence of each cause.
func causeTitles(ids []string) []string {
	titles := make([]string, 0, len(ids))
	for _, id := range ids {
		title := id
		if c, ok := diagnosis.LookupCause(id); ok {
			title = c.Title
		}
		titles = append(titles, causeTitle(id, title))
	}
	return titles
}

// doItButton offers the remedy that the program can try, nil where there is none or
// this was the test of one.
func (p *resultPage) doItButton(f *diagnosis.Finding) *look.Button {
	if p.from == nil || p.from.practice != nil || p.from.change != nil || f.Kind() != diagnosis.Fault {
		return nil
	}
	c := remedyFor(f.Rule.Cause, p.report.Evidence, p.from.Account)
	if c == nil {
		return nil
	}
	return look.NewButton(c.does, look.Secondary, func() { p.retest(c) })
}
