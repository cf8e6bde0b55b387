package look

import (
	"fyne.io/fyne/v2"
)

// Segments is a choice of one among a few: a row of tiles of which one is marked, by
// a check as well as its colour.
type Segments struct {
	*fyne.Container
	Tiles  []*Tile
	marks  []*Icon
	chosen int
}

// NewSegments makes a choice with up to columns tiles in a row; onChoose is called
// with the index of each tile that is pressed.
func NewSegments(columns int, least float32, labels []string, chosen int, onChoose func(int)) *Segments {
	s := &Segments{chosen: -1}
	var tiles []fyne.CanvasObject
	for i, label := range labels {
		mark := NewIcon("ring", Off, 18)
		tile := NewTile(label, Sized(0, Touch, Pad(14, 11, Row(10, 1, mark, Text(label, Style{Size: 14})))), func() {
			s.Choose(i)
			onChoose(i)
		})
		tile.ground.radius = 8
		s.Tiles, s.marks, tiles = append(s.Tiles, tile), append(s.marks, mark), append(tiles, tile)
	}
	s.Container = Grid(columns, least, 10, tiles...)
	s.Choose(chosen)
	return s
}

// Choose marks a tile without calling anybody.
func (s *Segments) Choose(i int) {
	if i == s.chosen {
		return
	}
	s.chosen = i
	for n, t := range s.Tiles {
		if n == i {
			t.Tint(AccentSoft, Accent, AccentSoft)
			s.marks[n].Set("disc", Accent)
			t.state = "✓"
		} else {
			t.Tint(Card, Line, Card)
			s.marks[n].Set("ring", Off)
			t.state = ""
		}
	}
}

// Chosen is the index of the marked tile.
func (s *Segments) Chosen() int { return s.chosen }

// Rest takes the room that a row has left, and sets its object at the right end of
// it, at its own width or, where that is too much, cut.
func Rest(o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: rest{}, Objects: []fyne.CanvasObject{o}}
}

type rest struct{}

func (rest) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := min(o.MinSize().Width, size.Width)
		o.Move(fyne.NewPos(size.Width-w, 0))
		o.Resize(fyne.NewSize(w, size.Height))
	}
}

func (rest) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(60, objects[0].MinSize().Height)
}
