package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Wrapped text is as high as its width makes it, and Fyne's layouts ask for a
// minimum size only. The layouts here ask for the height at a given width, all
// the way down, so that one pass is enough and nothing jumps.

// heighter is a widget whose height depends on its width.
type heighter interface {
	HeightFor(width float32) float32
}

// heightLayout is a layout whose height depends on its width.
type heightLayout interface {
	fyne.Layout
	heightFor(objects []fyne.CanvasObject, width float32) float32
}

// HeightFor is how high an object needs to be at a width.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	switch o := o.(type) {
	case *fyne.Container:
		if l, ok := o.Layout.(heightLayout); ok {
			return l.heightFor(o.Objects, width)
		}
	case heighter:
		return o.HeightFor(width)
	}
	return o.MinSize().Height
}

// guess stands for the width of an object that was never laid out.
const guess = 900

// width remembers the last width of a container for its MinSize.
type lastWidth float32

func (w *lastWidth) or(least float32) float32 {
	if *w == 0 {
		return max(guess, least)
	}
	return max(float32(*w), least)
}

// Column stacks objects at full width, gap apart.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

type column struct {
	gap  float32
	last lastWidth
}

func (l *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	var y float32
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := HeightFor(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + l.gap
	}
}

func (l *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects)
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *column) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	n := 0
	for _, o := range objects {
		if o.Visible() {
			h += HeightFor(o, width)
			n++
		}
	}
	return h + l.gap*float32(max(n-1, 0))
}

func widest(objects []fyne.CanvasObject) (w float32) {
	for _, o := range objects {
		if o.Visible() {
			w = max(w, o.MinSize().Width)
		}
	}
	return w
}

// Row sets objects side by side, gap apart, each at its least width; the one
// with the index grow (-1: none) takes what is left. Objects stand in the middle
// of the row's height.
func Row(gap float32, grow int, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&row{gap: gap, grow: grow}, objects...)
}

// TopRow is a Row whose objects stand at its upper edge.
func TopRow(gap float32, grow int, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&row{gap: gap, grow: grow, top: true}, objects...)
}

type row struct {
	gap  float32
	grow int
	top  bool
	last lastWidth
}

// widths shares the width out: least widths, and the rest for the growing one.
func (l *row) widths(objects []fyne.CanvasObject, width float32) []float32 {
	ws := make([]float32, len(objects))
	rest, n := width, 0
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		n++
		if i != l.grow {
			ws[i] = o.MinSize().Width
			rest -= ws[i]
		}
	}
	rest -= l.gap * float32(max(n-1, 0))
	if l.grow >= 0 && l.grow < len(objects) {
		ws[l.grow] = max(rest, 0)
	}
	return ws
}

func (l *row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	ws := l.widths(objects, size.Width)
	var x float32
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		h := min(HeightFor(o, ws[i]), size.Height)
		var y float32
		if !l.top {
			y = (size.Height - h) / 2
		}
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(ws[i], h))
		x += ws[i] + l.gap
	}
}

func (l *row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w float32
	n := 0
	for _, o := range objects {
		if o.Visible() {
			w += o.MinSize().Width
			n++
		}
	}
	w += l.gap * float32(max(n-1, 0))
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *row) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	ws := l.widths(objects, width)
	for i, o := range objects {
		if o.Visible() {
			h = max(h, HeightFor(o, ws[i]))
		}
	}
	return h
}

// ByRoom shows roomy where there is at least this much room, else what close makes when
// it is first needed.
func ByRoom(least fyne.Size, roomy fyne.CanvasObject, close func() fyne.CanvasObject) *fyne.Container {
	l := &byRoom{least: least, roomy: roomy, make: close}
	l.box = container.New(l, roomy)
	return l.box
}

type byRoom struct {
	least        fyne.Size
	roomy, close fyne.CanvasObject
	make         func() fyne.CanvasObject
	box          *fyne.Container
}

func (l *byRoom) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	show := l.roomy
	if size.Width < l.least.Width || size.Height < l.least.Height {
		if l.close == nil {
			l.close = l.make()
		}
		show = l.close
	}
	if l.box.Objects[0] != show {
		l.box.Objects = []fyne.CanvasObject{show}
	}
	show.Move(fyne.NewPos(0, 0))
	show.Resize(size)
}

func (l *byRoom) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }
