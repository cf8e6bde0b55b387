package look

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// CodeSizeName is the text size of messages in the technical view.
const CodeSizeName = fyne.ThemeSizeName("doctor-code")

// Rung is one message of a ladder: its time, its name, and an arrow that points
// right when our phone sent it.
type Rung struct {
	widget.BaseWidget
	time, name *Prose
	out        bool
	tone       fyne.ThemeColorName
}

// NewRung makes an empty rung.
func NewRung() *Rung {
	r := &Rung{tone: Accent,
		time: Text("", Style{Size: CaptionSize, OneRow: true}),
		name: Text("", Style{Size: SmallSize, Bold: true, Center: true, OneRow: true})}
	r.ExtendBaseWidget(r)
	return r
}

// Set shows a message; again is how often it was sent once more.
func (r *Rung) Set(at, name string, out bool, again int, tone fyne.ThemeColorName) {
	if again > 0 {
		name = fmt.Sprintf("%s  ×%d", name, again+1)
	}
	r.time.SetText(at)
	r.name.SetText(name)
	r.out, r.tone = out, tone
	r.Refresh()
}

// CreateRenderer belongs to Fyne.
func (r *Rung) CreateRenderer() fyne.WidgetRenderer {
	x := &rungRenderer{r: r, left: canvas.NewRectangle(nil), right: canvas.NewRectangle(nil), shaft: canvas.NewRectangle(nil),
		head: canvas.NewArbitraryPolygon(nil, nil)}
	x.paint()
	return x
}

type rungRenderer struct {
	r                  *Rung
	left, right, shaft *canvas.Rectangle
	head               *canvas.ArbitraryPolygon
}

func (x *rungRenderer) paint() {
	ink := paint(x.r, x.r.tone)
	for _, o := range []struct {
		rect *canvas.Rectangle
		c    color.Color
	}{{x.left, paint(x.r, Line)}, {x.right, paint(x.r, Line)}, {x.shaft, ink}} {
		o.rect.FillColor = o.c
	}
	x.head.FillColor = ink
}

func (x *rungRenderer) Layout(size fyne.Size) {
	const before, headLong = 74, 8
	end := size.Width - 14
	x.r.time.Move(fyne.NewPos(4, size.Height-22))
	x.r.time.Resize(fyne.NewSize(before-14, 16))
	x.r.name.Move(fyne.NewPos(before, 2))
	x.r.name.Resize(fyne.NewSize(max(end-before, 0), 18))
	x.left.Move(fyne.NewPos(before, -3)) // over the gap between two rows
	x.left.Resize(fyne.NewSize(1, size.Height+6))
	x.right.Move(fyne.NewPos(end, -3))
	x.right.Resize(fyne.NewSize(1, size.Height+6))
	y := size.Height - 12
	x.shaft.Move(fyne.NewPos(before+2, y-1))
	x.shaft.Resize(fyne.NewSize(max(end-before-4, 0), 2))
	if x.r.out {
		x.head.Points = []fyne.Position{{X: 0, Y: 0}, {X: headLong, Y: 5}, {X: 0, Y: 10}}
		x.head.Move(fyne.NewPos(end-headLong-1, y-5))
	} else {
		x.head.Points = []fyne.Position{{X: headLong, Y: 0}, {X: headLong, Y: 10}, {X: 0, Y: 5}}
		x.head.Move(fyne.NewPos(before+2, y-5))
	}
	x.head.Resize(fyne.NewSize(headLong, 10))
}
func (x *rungRenderer) MinSize() fyne.Size { return fyne.NewSize(260, 36) }
func (x *rungRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{x.left, x.right, x.shaft, x.head, x.r.time, x.r.name}
}
func (x *rungRenderer) Destroy() {}
func (x *rungRenderer) Refresh() {
	x.paint()
	x.Layout(x.r.Size())
	for _, o := range x.Objects() {
		o.Refresh()
	}
}

// Halves sets two parts side by side; share is the first one's part of the width.
func Halves(share, gap float32, left, right fyne.CanvasObject) *fyne.Container {
	return container.New(&halves{share, gap}, left, right)
}

type halves struct{ share, gap float32 }

func (l *halves) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := (size.Width - l.gap) * l.share
	o[0].Resize(fyne.NewSize(w, size.Height))
	o[1].Move(fyne.NewPos(w+l.gap, 0))
	o[1].Resize(fyne.NewSize(size.Width-w-l.gap, size.Height))
}

func (l *halves) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	w := max(a.Width/l.share, b.Width/(1-l.share)) + l.gap
	return fyne.NewSize(w, max(a.Height, b.Height))
}
