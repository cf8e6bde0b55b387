package app

import (
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
)

// homePage asks what is going wrong.
type homePage struct {
	w     *Window
	view  fyne.CanvasObject
	foot  fyne.CanvasObject
	cards map[string]*look.Tile // by the id of the check
	// buttons of the footer
	change, open, sound, practise *look.Button
	own                           *look.Button // beside the heading
}

func newHomePage(w *Window) *homePage {
	p := &homePage{w: w, cards: map[string]*look.Tile{}}
	p.view = look.ByRoom(fyne.NewSize(900, 560), p.choices(false), func() fyne.CanvasObject { return p.choices(true) })

	label := tr("home.change", "Change account")
	if w.account.User == "" {
		label = tr("home.enter", "Enter your account")
	}
	p.change = look.NewButton(label, look.Secondary, func() { w.show(newAccountPage(w, "")) })
	p.open = look.NewButton(tr("home.open", "Open a capture…"), look.Secondary, w.chooseFile)
	p.sound = look.NewButton(tr("home.sound", "Sound check"), look.Secondary, func() { w.show(newSoundPage(w)) })
	p.practise = look.NewButton(tr("home.practise-short", "Practise"), look.Link, func() { w.show(newPracticePage(w)) })
	p.foot = look.Row(12, 3, p.change, p.open, p.sound, look.Gap(0, 0), p.practise)
	return p
}

// choices are the cards under their question. In a small window they are close together,
// because all of them must be seen to choose among them.
func (p *homePage) choices(close bool) fyne.CanvasObject {
	var ready []fyne.CanvasObject
	var later []string
	for _, c := range complaints() {
		if _, ok := p.w.scenario(c.id); !ok {
			later = append(later, c.title)
			continue
		}
		card := complaintCard(c, close, func() { p.w.begin(c.id) })
		if c.id == "everything" {
			card.Tint(look.Card, look.Accent, look.Card) // the way for whoever does not know
		}
		p.cards[c.id] = card
		ready = append(ready, card)
	}
	columns := 3
	if len(ready) == 2 || len(ready) == 4 {
		columns = 2
	}
	above, below, between := float32(20), float32(12), float32(16)
	if close {
		above, below, between = 8, 8, 10
	}
	own := tr("home.own", "Check my own softphone")
	if p.w.own != nil {
		own = tr("home.own-watched", "My own softphone is watched")
	}
	p.own = look.NewButton(own, look.Link, func() { p.w.show(newBetweenPage(p.w)) })
	parts := []fyne.CanvasObject{
		look.Row(12, 0, look.Text(tr("home.title", "What is going wrong?"), look.Heading), p.own),
		look.Inset(0, 0, 0, below, look.Text(tr("home.lead",
			"Pick what you notice. A test phone tries it out with your account and finds the cause."), look.Lead)),
		look.Grid(columns, 200, between, ready...),
	}
	if len(later) > 0 {
		parts = append(parts, look.Inset(0, 18, 0, 0, look.Text(tr("home.later", "Not in this version yet: {{.List}}.",
			map[string]any{"List": quoteList(later)}), look.Small)))
	}
	return look.Scrolled(look.Inset(0, above, 0, 8, look.Column(0, parts...)))
}

// quoteList sets complaints side by side as a person would list them.
func quoteList(titles []string) string {
	for i, t := range titles {
		titles[i] = "“" + t + "”"
	}
	return strings.Join(titles, ", ")
}

func complaintCard(c complaint, close bool, onPress func()) *look.Tile {
	title, about := look.Text(c.title, look.Title), look.Text(c.about, look.Small)
	if close {
		head := look.TopRow(8, 1, look.NewIcon(c.icon, look.Accent, 22), title)
		return look.NewTile(c.title+". "+c.about, look.Pad(14, 11, look.Column(3, head, about)), onPress)
	}
	tile := look.Sized(40, 40, look.Over(look.NewSurface(look.AccentSoft, "", 8), look.NewIcon(c.icon, look.Accent, 22)))
	left := look.Row(0, 1, tile, look.Gap(0, 0)) // keeps the icon's ground square
	content := look.Pad(20, 17, look.Column(0, left, look.Inset(0, 14, 0, 4, title), about))
	return look.NewTile(c.title+". "+c.about, content, onPress)
}

func (p *homePage) body() fyne.CanvasObject   { return p.view }
func (p *homePage) footer() fyne.CanvasObject { return p.foot }
func (p *homePage) enter()                    {}
func (p *homePage) leave()                    {}
func (p *homePage) back()                     {}

// begin goes towards a check: over the account when there is none yet, then to
// the page that says what will happen.
func (w *Window) begin(situation string) {
	if !w.account.complete() {
		w.show(newAccountPage(w, situation))
		return
	}
	w.show(newReadyPage(w, situation))
}
