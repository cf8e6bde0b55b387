package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard"
)

// questionCard asks one thing with a few big plain answers.
type questionCard struct {
	object  *fyne.Container
	content *fyne.Container
	choices []*look.Tile
	first   *look.Tile
}

func newQuestionCard() *questionCard {
	q := &questionCard{content: look.Column(10)}
	q.object = look.Over(look.NewSurface(look.Card, look.Accent, look.Radius), look.Pad(20, 16, q.content))
	q.object.Hide()
	return q
}

func (c *questionCard) set(q wizard.Question, choose func(wizard.Answer)) {
	c.choices = nil
	var tiles []fyne.CanvasObject
	for _, o := range q.Options {
		tile := look.Choice(o.Text, func() { choose(wizard.Answer(o.Value)) })
		c.choices = append(c.choices, tile)
		tiles = append(tiles, tile)
	}
	if len(tiles) == 0 { // a question that cannot be answered must not hold the check up
		tile := look.Choice(tr("question.go-on", "Go on"), func() { choose(wizard.NotAsked) })
		c.choices, tiles = append(c.choices, tile), append(tiles, tile)
	}
	c.first = c.choices[0]
	columns := 3
	if len(tiles) > 3 {
		columns = 2
	}
	rows := []fyne.CanvasObject{look.Text(q.Text, look.Style{Size: 18, Bold: true})}
	if q.Hint != "" {
		rows = append(rows, look.Text(q.Hint, look.Small))
	}
	rows = append(rows, look.Inset(0, 4, 0, 0, look.Grid(columns, 125, 10, tiles...)))
	c.content.Objects = rows
	c.content.Refresh()
}

// figureCard is one number with its name.
type figureCard struct {
	object fyne.CanvasObject
	figure *look.Prose
}

func newFigureCard(name string) *figureCard {
	c := &figureCard{figure: look.Text(unknownFigure, look.Style{Size: look.FigureSize, Bold: true, OneRow: true})}
	c.object = look.SlimPanel(look.Column(3, look.Text(name, look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true}), c.figure))
	return c
}

func (c *figureCard) set(text string) { c.figure.SetText(text) }
