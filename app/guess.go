package app

import (
	"math/rand/v2"
	"slices"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// guessPage lets a person who practises with a surprise say what it was, before the
// verdict is shown. The technical view holds all that can be known.
type guessPage struct {
	w      *Window
	report *report.Report
	from   *liveRequest
	view   fyne.CanvasObject
	foot   fyne.CanvasObject
	tiles  []*look.Tile
	skip   *look.Button
}

// guesses is how many faults there are to choose from.
const guesses = 6

func newGuessPage(w *Window, r *report.Report, from *liveRequest) *guessPage {
	p := &guessPage{w: w, report: r, from: from}
	var tiles []fyne.CanvasObject
	for _, f := range choices(w.back.Faults(), from.practice.Fault) {
		tile := look.Item(faultTitle(f), func() { p.say(&f) })
		p.tiles = append(p.tiles, tile)
		tiles = append(tiles, tile)
	}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(0,
		look.Text(tr("guess.title", "What do you think was wrong?"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(tr("guess.lead",
			"The test is over. Look at the technical view, if you like, and choose. Then see what the diagnosis says."), look.Lead)),
		look.Grid(2, 280, 10, tiles...))))
	p.skip = look.NewButton(tr("guess.skip", "Show me"), look.Primary, func() { p.say(nil) })
	p.foot = look.Row(12, 1, look.NewButton(tr("back", "Back"), look.Secondary, p.back), look.Gap(0, 0), p.skip)
	return p
}

// choices gives the fault among others of its situation, in any order; where there
// are too few, others help out.
func choices(all []Fault, right Fault) []Fault {
	list := []Fault{right}
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, same := range []bool{true, false} {
		for _, f := range all {
			if len(list) < guesses && f.Cause != right.Cause && (f.Situation == right.Situation) == same {
				list = append(list, f)
			}
		}
	}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// say takes the guess, nil for none, and shows the verdict beside it.
func (p *guessPage) say(f *Fault) {
	p.from.guess = f
	p.w.show(newResultPage(p.w, p.report, p.from))
}

func (p *guessPage) body() fyne.CanvasObject      { return p.view }
func (p *guessPage) footer() fyne.CanvasObject    { return p.foot }
func (p *guessPage) evidence() *evidence.Evidence { return p.report.Evidence }
func (p *guessPage) diagnosis() *diagnosis.Diagnosis {
	return &diagnosis.Diagnosis{Path: p.report.Diagnosis.Path}
}
func (p *guessPage) enter()                {}
func (p *guessPage) leave()                {}
func (p *guessPage) back()                 { p.w.home() }
func (p *guessPage) primary() *look.Button { return p.skip }
