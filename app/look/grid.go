package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Grid sets objects in up to n columns of equal width, gap apart; rows are as
// high as their highest object. Where a column would become narrower than least,
// there are fewer of them.
func Grid(n int, least, gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&grid{n: n, least: least, gap: gap}, objects...)
}

type grid struct {
	n          int
	least, gap float32
	last       lastWidth
}

func (l *grid) columns(width float32) int {
	n := l.n
	for n > 1 && (width-l.gap*float32(n-1))/float32(n) < l.least {
		n--
	}
	return n
}

func (l *grid) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	l.each(objects, size.Width, func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	})
}

// each goes through the cells and gives the height of all.
func (l *grid) each(objects []fyne.CanvasObject, width float32, do func(o fyne.CanvasObject, x, y, w, h float32)) float32 {
	n := l.columns(width)
	w := (width - l.gap*float32(n-1)) / float32(n)
	var shown []fyne.CanvasObject
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
		}
	}
	var y float32
	for len(shown) > 0 {
		line := shown[:min(n, len(shown))]
		shown = shown[len(line):]
		var h float32
		for _, o := range line {
			h = max(h, HeightFor(o, w))
		}
		for i, o := range line {
			do(o, float32(i)*(w+l.gap), y, w, h)
		}
		y += h + l.gap
	}
	return max(y-l.gap, 0)
}

func (l *grid) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects)
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *grid) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return l.each(objects, width, func(fyne.CanvasObject, float32, float32, float32, float32) {})
}

// Pad leaves room around an object: left and right, above and below.
func Pad(sides, ends float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&pad{left: sides, right: sides, top: ends, bottom: ends}, o)
}

// Inset leaves room at each side of an object.
func Inset(left, top, right, bottom float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&pad{left: left, right: right, top: top, bottom: bottom}, o)
}

type pad struct {
	left, right, top, bottom float32
	last                     lastWidth
}

func (l *pad) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	for _, o := range objects {
		o.Move(fyne.NewPos(l.left, l.top))
		o.Resize(fyne.NewSize(size.Width-l.left-l.right, size.Height-l.top-l.bottom))
	}
}

func (l *pad) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects) + l.left + l.right
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *pad) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	for _, o := range objects {
		if o.Visible() {
			h = max(h, HeightFor(o, width-l.left-l.right))
		}
	}
	return h + l.top + l.bottom
}

// Gap is an empty object of a size.
func Gap(w, h float32) fyne.CanvasObject {
	return container.New(&fixed{fyne.NewSize(w, h)})
}

// Sized gives an object at least a size.
func Sized(w, h float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&fixed{fyne.NewSize(w, h)}, o)
}

type fixed struct{ size fyne.Size }

func (l *fixed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func (l *fixed) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := l.size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

func (l *fixed) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	h := l.size.Height
	for _, o := range objects {
		h = max(h, HeightFor(o, max(width, l.size.Width)))
	}
	return h
}
