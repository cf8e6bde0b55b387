package app

import (
	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard"
)

// questionCard asks one thing with a few big plain answers.
type questionCard struct {
	object  *fyne.Container
	content *fyne.Container
	choices []*look.Tile
	first   *look.Tile
}

// manyAnswers is how many have room as big ones.
const manyAnswers = 6

func newQuestionCard() *questionCard {
	q := &questionCard{content: look.Column(10)}
	q.object = look.Over(look.NewSurface(look.Card, look.Accent, look.Radius), look.Pad(20, 16, q.content))
	q.object.Hide()
	return q
}

func (c *questionCard) set(q wizard.Question, choose func(wizard.Answer)) {
	c.choices = nil
	var tiles []fyne.CanvasObject
	choice := look.Choice
	if len(q.Options) > manyAnswers {
		choice = look.Item
	}
	for _, o := range q.Options {
		tile := choice(words.Of(o.Text), func() { choose(wizard.Answer(o.Value)) })
		c.choices = append(c.choices, tile)
		tiles = append(tiles, tile)
	}
	if len(tiles) == 0 { // a question that cannot be answered must not hold the check up
		tile := look.Choice(tr("question.go-on", "Go on"), func() { choose(wizard.NotAsked) })
		c.choices, tiles = append(c.choices, tile), append(tiles, tile)
	}
	c.first = c.choices[0]
	columns := min(3, len(tiles))
	if len(tiles) == 4 || len(tiles) > manyAnswers {
		columns = 2
	}
	rows := []fyne.CanvasObject{look.Text(words.Of(q.Text), look.Style{Size: 18, Bold: true})}
	if n := questionNumber(q.ID); n > 0 {
		rows[0] = look.TopRow(10, 0, rows[0], look.Inset(0, 4, 0, 0, look.Text(tr("question.number", "Question {{.N}}", map[string]any{"N": n}),
			look.Style{Size: look.CaptionSize, Color: look.Mute, OneRow: true})))
	}
	if q.Hint != "" {
		rows = append(rows, look.Text(words.Of(q.Hint), look.Small))
	}
	rows = append(rows, look.Inset(0, 4, 0, 0, look.Grid(columns, 125, 10, tiles...)))
	c.content.Objects = rows
	c.content.Refresh()
}
