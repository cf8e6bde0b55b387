package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/wizard/diagnosis"
)

// arrow is one way of one stretch of the path. Its state is told by shape as
// well as colour: a solid line works, dashes with a mark are broken, dots were
// not seen.
type arrow struct {
	widget.BaseWidget
	back  bool // points left
	state diagnosis.State
	phase float32 // how far what flows has come, 0 to 1; less: nothing flows
}

func newArrow(back bool) *arrow {
	a := &arrow{back: back, phase: -1}
	a.ExtendBaseWidget(a)
	return a
}

func (a *arrow) set(s diagnosis.State) {
	if a.state != s {
		a.state = s
		a.Refresh()
	}
}

// flow moves what flows along the arrow; a negative phase lets it rest.
func (a *arrow) flow(phase float32) {
	if a.state != diagnosis.Good {
		phase = -1
	}
	if a.phase != phase {
		a.phase = phase
		a.Refresh()
	}
}

const arrowHigh = 20

func (a *arrow) CreateRenderer() fyne.WidgetRenderer {
	r := &arrowRenderer{a: a, mark: canvas.NewCircle(nil), bang: NewIcon("bang", Card, 12)}
	r.head = canvas.NewArbitraryPolygon(nil, nil)
	r.build(a.Size())
	return r
}

type arrowRenderer struct {
	a     *arrow
	head  *canvas.ArbitraryPolygon
	marks []*canvas.Rectangle // the shaft, its dashes or its dots
	gaps  []*canvas.Rectangle // that travel along the shaft
	mark  *canvas.Circle
	bang  *Icon
	shown []fyne.CanvasObject
}

// pieces gives length and gap of what the shaft is made of, and its thickness.
func pieces(s diagnosis.State, length float32) (piece, gap, thick float32) {
	switch s {
	case diagnosis.Good:
		return length, 0, 3
	case diagnosis.Broken:
		return 8, 5, 3
	}
	return 3, 5, 3
}

func stateColor(s diagnosis.State) fyne.ThemeColorName {
	switch s {
	case diagnosis.Good:
		return OK
	case diagnosis.Broken:
		return Bad
	}
	return Off
}

func (r *arrowRenderer) build(size fyne.Size) {
	const headLong, headHigh, markSize = 8, 10, 17
	ink := paint(r.a, stateColor(r.a.state))
	shaft := max(size.Width-headLong, 0)
	from := float32(0)
	if r.a.back {
		from = headLong
	}
	piece, gap, thick := pieces(r.a.state, shaft)
	r.shown = r.shown[:0]
	n := 0
	for x := float32(0); x+min(piece, shaft) <= shaft+0.01 && shaft > 0; x += piece + gap {
		r.shaftPiece(n, ink, fyne.NewPos(from+x, (size.Height-thick)/2), fyne.NewSize(piece, thick))
		n++
		if piece+gap <= 0 {
			break
		}
	}
	if r.a.phase >= 0 && r.a.state == diagnosis.Good {
		r.moving(from, shaft, size.Height)
	}
	tip := []fyne.Position{{X: 0, Y: 0}, {X: headLong, Y: headHigh / 2}, {X: 0, Y: headHigh}}
	at := fyne.NewPos(size.Width-headLong, (size.Height-headHigh)/2)
	if r.a.back {
		tip = []fyne.Position{{X: headLong, Y: 0}, {X: headLong, Y: headHigh}, {X: 0, Y: headHigh / 2}}
		at.X = 0
	}
	r.head.Points, r.head.FillColor = tip, ink
	r.head.Move(at)
	r.head.Resize(fyne.NewSize(headLong, headHigh))
	r.shown = append(r.shown, r.head)
	if r.a.state == diagnosis.Broken {
		r.mark.FillColor = ink
		r.mark.Move(fyne.NewPos((size.Width-markSize)/2, (size.Height-markSize)/2))
		r.mark.Resize(fyne.NewSquareSize(markSize))
		r.bang.Move(fyne.NewPos((size.Width-12)/2, (size.Height-12)/2))
		r.bang.Resize(fyne.NewSquareSize(12))
		r.shown = append(r.shown, r.mark, r.bang)
	}
}

// moving sets gaps into the shaft that travel with the phase, so that what flows is
// seen to flow, and which way.
func (r *arrowRenderer) moving(from, shaft, high float32) {
	const gaps, long, thick = 2, 5, 3
	ink := paint(r.a, Card)
	for i := range gaps {
		at := r.a.phase + float32(i)/gaps
		if at >= 1 {
			at--
		}
		if r.a.back {
			at = 1 - at
		}
		for len(r.gaps) <= i {
			r.gaps = append(r.gaps, canvas.NewRectangle(nil))
		}
		g := r.gaps[i]
		g.FillColor = ink
		g.Move(fyne.NewPos(from+max(0, at*shaft-long/2), (high-thick)/2))
		g.Resize(fyne.NewSize(min(long, max(shaft-at*shaft+long/2, 0)), thick))
		r.shown = append(r.shown, g)
	}
}

func (r *arrowRenderer) shaftPiece(n int, ink color.Color, at fyne.Position, size fyne.Size) {
	for len(r.marks) <= n {
		r.marks = append(r.marks, canvas.NewRectangle(nil))
	}
	m := r.marks[n]
	m.FillColor = ink
	m.CornerRadius = size.Height / 2
	m.Move(at)
	m.Resize(size)
	r.shown = append(r.shown, m)
}

func (r *arrowRenderer) Layout(size fyne.Size)        { r.build(size) }
func (r *arrowRenderer) MinSize() fyne.Size           { return fyne.NewSize(30, arrowHigh) }
func (r *arrowRenderer) Objects() []fyne.CanvasObject { return r.shown }
func (r *arrowRenderer) Destroy()                     {}
func (r *arrowRenderer) Refresh() {
	r.build(r.a.Size())
	canvas.Refresh(r.a)
}
