package app

import (
	"slices"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
)

// noSound is the choice of devices that leaves it to the system.
var noSound session.SoundChoice

// settingsPage chooses how the window looks and speaks, and says what is kept.
type settingsPage struct {
	w        *Window
	view     *fyne.Container
	foot     fyne.CanvasObject
	theme    *look.Segments
	size     *look.Segments
	language *look.Segments
	sound    *look.Button
	about    *look.Button
	forget   *look.Button
	told     *look.Prose
	sure     bool // the next press of forget does it
	from     page // to go back to
}

func newSettingsPage(w *Window) *settingsPage {
	p := &settingsPage{w: w}
	if w.now != nil {
		switch w.now.(type) {
		case *resultPage, *callsPage, *soundPage, *practicePage:
			p.from = w.now // a check under way is ended by leaving its page, so there is none to go back to
		}
	}
	prefs := w.app.Preferences()
	keep := func(f func()) {
		f()
		w.applyLook()
	}
	p.theme = look.NewSegments(3, 130, []string{tr("settings.theme.system", "System"), tr("settings.theme.light", "Light"), tr("settings.theme.dark", "Dark")},
		max(0, slices.Index(themes, prefs.String(keepTheme))), func(i int) { keep(func() { prefs.SetString(keepTheme, themes[i]) }) })
	p.size = look.NewSegments(4, 88, []string{"100 %", "115 %", "130 %", "160 %"},
		max(0, slices.Index(scales, prefs.FloatWithFallback(keepScale, 1))), func(i int) { keep(func() { prefs.SetFloat(keepScale, scales[i]) }) })
	codes, names := []string{""}, []string{tr("settings.language.system", "System")}
	for _, l := range words.Languages() {
		codes, names = append(codes, l.Code), append(names, l.Name)
	}
	p.language = look.NewSegments(3, 130, names, max(0, slices.Index(codes, prefs.String(keepLanguage))), func(i int) {
		keep(func() { prefs.SetString(keepLanguage, codes[i]) })
		from := p.from
		w.relabel()
		again := newSettingsPage(w)
		again.from = from
		w.show(again)
		w.focus(again.language.Tiles[i])
	})
	p.sound = look.NewButton(tr("settings.sound.button", "Choose and test them"), look.Secondary, func() { w.show(newSoundPage(w)) })
	p.about = look.NewButton(tr("settings.about", "About this program"), look.Link, func() { w.show(newAboutPage(w)) })
	p.forget = look.NewButton(tr("settings.forget", "Forget all of it"), look.Secondary, p.forgetAll)
	p.told = look.Text("", look.Small)
	p.told.Hide()

	part := func(title, about string, o fyne.CanvasObject) fyne.CanvasObject {
		rows := []fyne.CanvasObject{look.Text(title, look.Title)}
		if about != "" {
			rows = append(rows, look.Text(about, look.Small))
		}
		return look.Panel(look.Column(8, append(rows, look.Inset(0, 4, 0, 0, o))...))
	}
	left := look.Column(14,
		part(tr("settings.language", "Language"), tr("settings.language.about", "What is not translated yet stays in English and is marked."), p.language.Container),
		part(tr("settings.theme", "Colours"), "", p.theme.Container),
		part(tr("settings.size", "Size"), tr("settings.size.about", "Text, buttons and pictures grow together."), p.size.Container))
	right := look.Column(14,
		part(tr("settings.sound", "Microphone and speaker"), tr("settings.sound.about", "The devices that a test uses."), look.Row(0, 1, p.sound, look.Gap(0, 0))),
		part(tr("settings.kept", "What is kept on this computer"), "", look.Column(8,
			bullet(tr("settings.kept.account", "Your user name, server and the number you called last, so that you need not type them again.")),
			bullet(tr("settings.kept.password", "The password only where you asked for it, in the password store of this system. It is never in a report.")),
			bullet(tr("settings.kept.sound", "The microphone and speaker you chose. No sound is ever recorded unless you save it.")),
			bullet(tr("settings.kept.reports", "Reports and captures only where you save them. While a test runs, what crosses is also kept in a file without passwords and sound, in case the program is cut off.")),
			p.told, look.Row(0, 1, p.forget, look.Gap(0, 0)))))
	p.view = look.Scrolled(look.Inset(0, 26, 0, 20, look.Column(0,
		look.Inset(0, 0, 0, 16, look.Text(tr("settings.title", "Settings"), look.Heading)),
		look.Grid(2, 320, 16, left, right))))
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.about)
	return p
}

// bullet is a line of a list.
func bullet(text string) fyne.CanvasObject {
	return look.TopRow(8, 1, look.Inset(0, 3, 0, 0, look.NewIcon("dot", look.Off, 12)), look.Text(text, look.Style{Size: look.SmallSize}))
}

// forgetAll asks once by changing its own words, then does it.
func (p *settingsPage) forgetAll() {
	if !p.sure {
		p.sure = true
		p.forget.SetText(tr("settings.forget.sure", "Press again to forget it"))
		look.Rearrange(p.view)
		return
	}
	p.sure = false
	text := tr("settings.forgotten", "It is forgotten. The look and the language stay.")
	if err := p.w.forget(); err != nil {
		text = sentence(err)
	}
	p.told.SetText(text)
	p.told.Show()
	p.forget.SetText(tr("settings.forget", "Forget all of it"))
	look.Rearrange(p.view)
}

func (p *settingsPage) body() fyne.CanvasObject   { return p.view }
func (p *settingsPage) footer() fyne.CanvasObject { return p.foot }
func (p *settingsPage) enter()                    {}
func (p *settingsPage) leave()                    {}

func (p *settingsPage) back() {
	if p.from != nil {
		p.w.show(again(p.w, p.from))
		return
	}
	p.w.home()
}

// again makes a page anew that can be made from what it shows; its words may have
// changed their language meanwhile.
func again(w *Window, p page) page {
	switch p := p.(type) {
	case *resultPage:
		r := newResultPage(w, p.report, p.from)
		r.list = p.list
		if r.saver = p.saver; p.watch {
			r.ofOwn(p.saver)
		}
		return r
	case *betweenPage:
		return newBetweenPage(w)
	case *callsPage:
		return newCallsPage(w, p.of, p.report, p.rows)
	case *soundPage:
		return newSoundPage(w)
	case *practicePage:
		return newPracticePage(w)
	}
	return newHomePage(w)
}
