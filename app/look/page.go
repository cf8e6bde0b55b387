package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"softphonedoctor/assets"
)

// Margin is the room at the left and right of a page at a width.
func Margin(width float32) float32 {
	switch {
	case width < 840:
		return 28
	case width < 1180:
		return 56
	}
	return (width - 1068) / 2 // lines longer than this are hard to read
}

// Scrolled shows a page's content with the page's margins, and scrolls it where
// the window is too low for it.
func Scrolled(content fyne.CanvasObject) *fyne.Container {
	return scrolled(content, Margin)
}

// ScrolledPlain is Scrolled with a fixed margin, for a part of a page.
func ScrolledPlain(margin float32, content fyne.CanvasObject) *fyne.Container {
	return scrolled(content, func(float32) float32 { return margin })
}

func scrolled(content fyne.CanvasObject, margin func(float32) float32) *fyne.Container {
	inner := container.New(&margins{of: margin}, content)
	return container.New(&scroller{inner: inner}, container.NewVScroll(inner))
}

// scroller lays the content out at its width before the scroll asks for its height.
type scroller struct {
	inner      *fyne.Container
	size, full fyne.Size // of the view and of its inside, as they were last
}

func (l *scroller) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.inner.Resize(fyne.NewSize(size.Width, max(size.Height, HeightFor(l.inner, size.Width))))
	arrange(l.inner)
	changed := l.size != size || l.full != l.inner.Size()
	l.size, l.full = size, l.inner.Size()
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
		if s, ok := o.(*container.Scroll); ok && changed {
			s.Refresh() // of everything in it
		}
	}
}

// arranger is a widget with a layout of its own inside.
type arranger interface{ arrange() }

// arrange lays out everything below an object, also where sizes did not change:
// something inside may have been shown, hidden or rewritten.
func arrange(o fyne.CanvasObject) {
	switch o := o.(type) {
	case *fyne.Container:
		if o.Layout != nil {
			o.Layout.Layout(o.Objects, o.Size())
		}
		for _, child := range o.Objects {
			arrange(child)
		}
	case arranger:
		o.arrange()
	}
}

// Rearrange lays an object's inside out again after a part of it was shown,
// hidden or rewritten, and paints it.
func Rearrange(o fyne.CanvasObject) {
	if o.Size().IsZero() {
		return // it was never laid out: that is to come
	}
	arrange(o)
	canvas.Refresh(o)
}

func (l *scroller) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(l.inner.MinSize().Width, 120)
}

type margins struct {
	of   func(float32) float32
	fill bool // the object takes the height that there is
	last lastWidth
}

func (l *margins) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	m := l.of(size.Width)
	for _, o := range objects {
		w := size.Width - 2*m
		o.Move(fyne.NewPos(m, 0))
		h := size.Height
		if !l.fill {
			h = max(HeightFor(o, w), h)
		}
		o.Resize(fyne.NewSize(w, h))
	}
}

func (l *margins) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects) + 2*l.of(0)
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *margins) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	for _, o := range objects {
		h = max(h, HeightFor(o, width-2*l.of(width)))
	}
	return h
}

// Bars sets a bar above and one below a body that takes the rest. The tab order
// goes from above to below.
func Bars(above, below, body fyne.CanvasObject) *fyne.Container {
	return container.New(&bars{}, above, body, below)
}

type bars struct{}

func (bars) Layout(o []fyne.CanvasObject, size fyne.Size) {
	top, bottom := float32(0), float32(0)
	if o[0].Visible() {
		top = HeightFor(o[0], size.Width)
	}
	if o[2].Visible() {
		bottom = HeightFor(o[2], size.Width)
	}
	o[0].Move(fyne.Position{})
	o[0].Resize(fyne.NewSize(size.Width, top))
	o[1].Move(fyne.NewPos(0, top))
	o[1].Resize(fyne.NewSize(size.Width, max(size.Height-top-bottom, 0)))
	o[2].Move(fyne.NewPos(0, size.Height-bottom))
	o[2].Resize(fyne.NewSize(size.Width, bottom))
}

func (bars) MinSize(o []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, part := range o {
		if part.Visible() {
			m := part.MinSize()
			size = fyne.NewSize(max(size.Width, m.Width), size.Height+m.Height)
		}
	}
	return size
}

// AtLeast gives the object in it a least size.
func AtLeast(size fyne.Size, o fyne.CanvasObject) *fyne.Container {
	return container.New(&atLeast{size}, o)
}

type atLeast struct{ size fyne.Size }

func (l *atLeast) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func (l *atLeast) MinSize([]fyne.CanvasObject) fyne.Size { return l.size }

// Header is the bar above all pages.
func Header(content fyne.CanvasObject) *fyne.Container {
	return Over(NewSurface(Card, "", 0), Column(0, Pad(24, 8, content), Rule()))
}

// Footer is the bar below a page, with the page's margins.
func Footer(content fyne.CanvasObject) *fyne.Container {
	return Over(NewSurface(Card, "", 0), Column(0, Rule(),
		container.New(&margins{of: Margin}, Pad(0, 13, content))))
}

// AppIcon is the program's mark.
func AppIcon() fyne.Resource {
	return fyne.NewStaticResource("softphone-doctor.svg", assets.Icon("logo"))
}

// Sidebar sets a narrow part on card ground beside a wide one; the narrow one is
// between least and most wide.
func Sidebar(least, most float32, side, main fyne.CanvasObject) *fyne.Container {
	ground := NewSurface(Card, "", 0)
	line := NewSurface(Line, "", 0)
	return container.New(&sidebar{least, most}, ground, line, side, main)
}

type sidebar struct{ least, most float32 }

func (l *sidebar) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := max(l.least, min(l.most, size.Width*0.25))
	o[0].Resize(fyne.NewSize(w, size.Height))
	o[1].Move(fyne.NewPos(w, 0))
	o[1].Resize(fyne.NewSize(1, size.Height))
	o[2].Resize(fyne.NewSize(w, size.Height))
	o[3].Move(fyne.NewPos(w+1, 0))
	o[3].Resize(fyne.NewSize(size.Width-w-1, size.Height))
}

func (l *sidebar) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[3].MinSize()
	return fyne.NewSize(l.least+1+m.Width, max(m.Height, o[2].MinSize().Height))
}

// Narrow lets an object be laid out narrower than it would like to be: for rows
// whose text is cut with an ellipsis.
func Narrow(o fyne.CanvasObject) *fyne.Container { return container.New(&narrow{}, o) }

type narrow struct{}

func (narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func (narrow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(40, objects[0].MinSize().Height)
}

func (narrow) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return HeightFor(objects[0], width)
}

// Beside sets two parts side by side where there is the width for it, else the second
// below the first.
func Beside(least float32, first, second fyne.CanvasObject) *fyne.Container {
	return container.New(&beside{least}, first, NewSurface(Line, "", 0), second)
}

type beside struct{ least float32 }

func (l *beside) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.Position{})
	if size.Width >= l.least {
		w := size.Width / 2
		o[0].Resize(fyne.NewSize(w, size.Height))
		o[1].Move(fyne.NewPos(w, 0))
		o[1].Resize(fyne.NewSize(1, size.Height))
		o[2].Move(fyne.NewPos(w+1, 0))
		o[2].Resize(fyne.NewSize(size.Width-w-1, size.Height))
		return
	}
	h := size.Height * 0.5
	o[0].Resize(fyne.NewSize(size.Width, h))
	o[1].Move(fyne.NewPos(0, h))
	o[1].Resize(fyne.NewSize(size.Width, 1))
	o[2].Move(fyne.NewPos(0, h+1))
	o[2].Resize(fyne.NewSize(size.Width, size.Height-h-1))
}

func (l *beside) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[2].MinSize()
	return fyne.NewSize(max(a.Width, b.Width), a.Height+b.Height+1)
}

// Margins gives a part that scrolls by itself the margins of a page.
func Margins(o fyne.CanvasObject) *fyne.Container {
	return container.New(&margins{of: Margin, fill: true}, o)
}
