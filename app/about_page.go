package app

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// aboutPage says what the program is, what it promises, how it is used by keyboard,
// and which number each page has.
type aboutPage struct {
	w    *Window
	view *fyne.Container
	foot fyne.CanvasObject
	ok   *look.Button
	code *look.Field     // a support code that somebody reads out
	says *fyne.Container // what it means
}

func newAboutPage(w *Window) *aboutPage {
	p := &aboutPage{w: w}
	version := tr("about.version", "Version {{.Version}} on {{.System}}", map[string]any{"Version": assets.Version, "System": runtime.GOOS + " " + runtime.GOARCH})
	promise := look.Panel(look.Column(10,
		look.Text(tr("about.promise", "What you can rely on"), look.Title),
		bullet(tr("about.promise.1", "Before you start a test only the name of your server is looked up; after that everything goes to that server alone.")),
		bullet(tr("about.promise.2", "Nobody is called but the number you confirm. Emergency numbers and numbers with a price of their own are never called.")),
		bullet(tr("about.promise.3", "Your other phones keep their place at the server.")),
		bullet(tr("about.promise.4", "Your password is in no report and no capture. Sound is kept only if you save it."))))
	keys := look.Panel(look.Column(8,
		look.Text(tr("about.keys", "By keyboard"), look.Title),
		keyRow("Tab", tr("about.keys.tab", "go to the next button or field")),
		keyRow("Enter", tr("about.keys.enter", "press it; without a choice, the blue button")),
		keyRow("Esc", tr("about.keys.escape", "go back; at a question: I don't know")),
		keyRow("F1", tr("about.keys.about", "this page")),
		keyRow("F6", tr("about.keys.technical", "technical view")),
		keyRow("F9", tr("about.keys.settings", "settings"))))
	var numbers []fyne.CanvasObject
	for i, name := range pageNames() {
		numbers = append(numbers, look.TopRow(10, 1,
			look.Sized(22, 0, look.Text(digits(i+1), look.Style{Size: look.SmallSize, Bold: true, OneRow: true})),
			look.Text(name, look.Style{Size: look.SmallSize})))
	}
	pages := look.Panel(look.Column(6,
		look.Text(tr("about.numbers", "Numbers for the phone"), look.Title),
		look.Inset(0, 0, 0, 4, look.Text(tr("about.numbers.about", "Each page shows its number at the top. Say it to the person who helps you, and both of you look at the same."), look.Small)),
		look.Grid(2, 110, 6, numbers...)))
	p.view = look.Scrolled(look.Inset(0, 26, 0, 20, look.Column(0,
		look.Row(14, 1, look.Sized(44, 44, look.Over(look.NewSurface(look.Accent, "", 12), look.NewIcon("app", look.OnAccent, 30))),
			look.Column(0, look.Text(tr("app.name", "Softphone Doctor"), look.Heading), look.Text(version, look.Small))),
		look.Inset(0, 10, 0, 16, look.Text(tr("about.what", "It signs in as a test phone with your own account, tries what fails, and says what is wrong, where, and what to do."), look.Lead)),
		look.Grid(2, 320, 16, look.Column(14, promise, keys), look.Column(14, p.decoder(), pages)))))
	p.ok = look.NewButton(tr("back", "Back"), look.Secondary, p.back)
	p.foot = look.Row(12, 1, p.ok, look.Gap(0, 0))
	return p
}

// decoder is for whoever helps by phone: the field for a support code, and what it says.
func (p *aboutPage) decoder() fyne.CanvasObject {
	p.says = look.Column(4)
	p.code = look.NewField(tr("about.code", "Somebody reads a support code to you?"), "", tr("about.code.example", "for example 4QK2D-YPFK6-P"), false)
	p.code.Entry.OnChanged = func(string) { p.decode(false) }
	p.code.Entry.OnSubmitted = func(string) { p.decode(true) }
	return look.Panel(look.Column(6, p.code.Container, p.says))
}

// decode shows what the code means as soon as it is whole; what is no code is told only
// when it was entered.
func (p *aboutPage) decode(entered bool) {
	c, err := report.DecodeSupportCode(p.code.Entry.Text)
	p.code.Complain("")
	p.says.Objects = nil
	switch {
	case err == nil:
		p.says.Objects = codeRows(c)
	case entered && p.code.Entry.Text != "":
		p.code.Complain(tr("about.code.wrong", "This is no support code. Ask for it again, letter by letter."))
	}
	p.says.Refresh()
	look.Rearrange(p.view)
}

// codeRows is a support code in words: what was found, and about what.
func codeRows(c report.SupportCode) []fyne.CanvasObject {
	headline := tr("headline.inconclusive", "Too little was seen to say what is wrong.")
	about := []string{situationWords(c.Situation), verdictWord(c.Verdict)}
	if cause, ok := diagnosis.LookupCauseNumber(c.Cause); ok && c.Cause != 0 {
		headline = causeTitle(cause.ID, cause.Title)
		about = append(about, sureWords(c.Certainty), placeWords(c.Where))
	} else if c.Verdict == report.Healthy {
		headline = tr("headline.healthy", "No fault found: everything that was checked works.")
	}
	return []fyne.CanvasObject{look.Text(headline, look.Strong), look.Text(strings.Join(about, " · "), look.Small)}
}

func keyRow(key, does string) fyne.CanvasObject {
	return look.TopRow(12, 1, look.Sized(52, 0, look.Chip(key, look.ToneAccent)), look.Inset(0, 3, 0, 0, look.Text(does, look.Style{Size: look.SmallSize})))
}

func (p *aboutPage) body() fyne.CanvasObject   { return p.view }
func (p *aboutPage) footer() fyne.CanvasObject { return p.foot }
func (p *aboutPage) enter()                    {}
func (p *aboutPage) leave()                    {}
func (p *aboutPage) back()                     { p.w.home() }
