package app

import (
	"math/rand/v2"
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
)

// practicePage lets a person choose a fault and see how the diagnosis finds it,
// without any account and without leaving this computer.
type practicePage struct {
	w      *Window
	view   *fyne.Container
	foot   fyne.CanvasObject
	search *look.Field
	none   *look.Prose // said where a search finds nothing
	list   *fyne.Container
	tiles  map[string]*look.Tile // by cause
	groups []practiceGroup
	// surprise chooses for the person, and keeps quiet about what.
	surprise *look.Button
}

// practiceGroup is the faults that one check should find.
type practiceGroup struct {
	head   fyne.CanvasObject
	grid   *fyne.Container
	faults []Fault
}

func newPracticePage(w *Window) *practicePage {
	p := &practicePage{w: w, tiles: map[string]*look.Tile{}, list: look.Column(10)}
	p.search = look.NewField(tr("practice.search", "Find a fault"), "", tr("practice.search.example", "for example: password, busy, silent"), false)
	p.search.Entry.OnChanged = p.filter
	p.none = look.Text(tr("practice.none", "No fault has these words. Try one word alone."), look.Lead)
	p.none.Hide()
	p.surprise = look.NewButton(tr("practice.surprise", "Surprise me"), look.Primary, func() { p.start(w.back.Faults()[rand.IntN(len(w.back.Faults()))].Cause, true) })
	index := map[string]int{}
	for _, f := range w.back.Faults() {
		g, ok := index[f.Situation]
		if !ok {
			g = len(p.groups)
			index[f.Situation] = g
			name := tr("practice.group", "Found by: {{.Check}}", map[string]any{"Check": situationWords(f.Situation)})
			p.groups = append(p.groups, practiceGroup{head: look.Inset(0, 8, 0, 0, look.Text(name, look.Title)), grid: look.Grid(2, 280, 10)})
		}
		p.groups[g].faults = append(p.groups[g].faults, f)
		tile := look.Item(faultTitle(f), func() { p.start(f.Cause, false) })
		p.tiles[f.Cause] = tile
		p.groups[g].grid.Add(tile)
	}
	for _, g := range p.groups {
		p.list.Add(g.head)
		p.list.Add(g.grid)
	}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("practice.title", "Practise with the built-in telephone system"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(tr("practice.lead",
			"Choose what should go wrong. Everything happens inside this computer; no account is needed and nobody is called."), look.Lead)),
		p.search.Container, p.none, p.list)))
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.surprise)
	return p
}

// filter shows the faults whose words hold all words of a search.
func (p *practicePage) filter(text string) {
	words := strings.Fields(strings.ToLower(text))
	p.none.Show()
	for _, g := range p.groups {
		any := false
		for _, f := range g.faults {
			hay := strings.ToLower(faultTitle(f) + " " + f.Title + " " + f.Cause)
			match := true
			for _, w := range words {
				match = match && strings.Contains(hay, w)
			}
			if match {
				p.tiles[f.Cause].Show()
			} else {
				p.tiles[f.Cause].Hide()
			}
			any = any || match
		}
		if any {
			p.none.Hide()
			g.head.Show()
			g.grid.Show()
		} else {
			g.head.Hide()
			g.grid.Hide()
		}
	}
	look.Rearrange(p.view)
}

func (p *practicePage) body() fyne.CanvasObject   { return p.view }
func (p *practicePage) footer() fyne.CanvasObject { return p.foot }
func (p *practicePage) enter()                    {}
func (p *practicePage) leave()                    {}
func (p *practicePage) back()                     { p.w.home() }
func (p *practicePage) primary() *look.Button     { return p.surprise }

// start practises a fault; as a surprise its name stays hidden until the person has
// said what it may be.
func (p *practicePage) start(cause string, surprise bool) {
	pr, err := p.w.back.Practise(cause)
	if err != nil {
		p.w.show(newTroublePage(p.w, tr("practice.trouble", "The built-in telephone system could not start"), err))
		return
	}
	title := tr("practice.live", "Practice: {{.Fault}}", map[string]any{"Fault": faultTitle(pr.Fault)})
	if surprise {
		title = tr("practice.live-surprise", "Practice: what is it?")
	}
	p.w.show(newLivePage(p.w, liveRequest{
		Request:  session.Request{Account: pr.Account, Situation: pr.Situation, Target: pr.Target, CallWait: pr.CallWait, Passing: true},
		title:    title,
		practice: pr,
		surprise: surprise,
	}))
}
