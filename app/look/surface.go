package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Surface is a plain ground with a border, in colours of the theme.
type Surface struct {
	widget.BaseWidget
	fill, border fyne.ThemeColorName
	radius       float32
	stroke       float32
}

// NewSurface makes a ground; border "" draws none.
func NewSurface(fill, border fyne.ThemeColorName, radius float32) *Surface {
	s := &Surface{fill: fill, border: border, radius: radius, stroke: 1}
	s.ExtendBaseWidget(s)
	return s
}

// Set changes the colours and the border's width.
func (s *Surface) Set(fill, border fyne.ThemeColorName, stroke float32) {
	if s.fill != fill || s.border != border || s.stroke != stroke {
		s.fill, s.border, s.stroke = fill, border, stroke
		s.Refresh()
	}
}

// CreateRenderer belongs to Fyne.
func (s *Surface) CreateRenderer() fyne.WidgetRenderer {
	r := &surfaceRenderer{s: s, rect: canvas.NewRectangle(nil)}
	r.apply()
	return r
}

type surfaceRenderer struct {
	s    *Surface
	rect *canvas.Rectangle
}

func (r *surfaceRenderer) apply() {
	r.rect.FillColor = paint(r.s, r.s.fill)
	r.rect.CornerRadius = r.s.radius
	r.rect.StrokeWidth = 0
	if r.s.border != "" {
		r.rect.StrokeColor = paint(r.s, r.s.border)
		r.rect.StrokeWidth = r.s.stroke
	}
}

func (r *surfaceRenderer) Layout(size fyne.Size)        { r.rect.Resize(size) }
func (r *surfaceRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *surfaceRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *surfaceRenderer) Destroy()                     {}
func (r *surfaceRenderer) Refresh() {
	r.apply()
	r.rect.Refresh()
}

// Over lays objects on each other; all get the whole room.
func Over(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&over{}, objects...)
}

type over struct{ last lastWidth }

func (l *over) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.last = lastWidth(size.Width)
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func (l *over) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects)
	return fyne.NewSize(w, l.heightFor(objects, l.last.or(w)))
}

func (l *over) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	for _, o := range objects {
		if o.Visible() {
			h = max(h, HeightFor(o, width))
		}
	}
	return h
}

// Panel is a card that cannot be pressed.
func Panel(content fyne.CanvasObject) *fyne.Container {
	return Over(NewSurface(Card, Line, Radius), Pad(20, 18, content))
}

// SlimPanel is a Panel with less room inside.
func SlimPanel(content fyne.CanvasObject) *fyne.Container {
	return Over(NewSurface(Card, Line, Radius), Pad(14, 12, content))
}

// Rule is a thin line across.
func Rule() fyne.CanvasObject { return Sized(1, 1, NewSurface(Line, "", 0)) }

// Tone is the colour family of a chip or a notice.
type Tone struct{ Shape, Soft, Text fyne.ThemeColorName }

// The tones.
var (
	ToneOK     = Tone{OK, OKSoft, OKText}
	ToneWarn   = Tone{Warn, WarnSoft, WarnText}
	ToneBad    = Tone{Bad, BadSoft, BadText}
	ToneAccent = Tone{Accent, AccentSoft, Ink}
)

// Chip is a word or two on a soft ground.
func Chip(text string, tone Tone) *fyne.Container {
	return Over(NewSurface(tone.Soft, "", 6),
		Pad(8, 3, Text(text, Style{Size: CaptionSize, Color: tone.Text, Bold: true, OneRow: true})))
}

// Notice is a sentence or two with an icon on a soft ground.
func Notice(icon, text string, tone Tone) *fyne.Container {
	return Over(NewSurface(tone.Soft, "", 8), Pad(14, 11,
		TopRow(10, 1, NewIcon(icon, tone.Text, 20), Text(text, Style{Size: SmallSize, Color: tone.Text}))))
}

// Marked sets a thin mark along the left side of an object.
func Marked(mark *Surface, o fyne.CanvasObject) *fyne.Container {
	return container.New(&marked{}, mark, o)
}

type marked struct{}

func (marked) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(fyne.NewSize(3, size.Height))
	o[1].Move(fyne.NewPos(9, 0))
	o[1].Resize(fyne.NewSize(size.Width-9, size.Height))
}

func (l marked) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := o[1].MinSize()
	return fyne.NewSize(m.Width+9, m.Height)
}

func (marked) heightFor(o []fyne.CanvasObject, width float32) float32 {
	return HeightFor(o[1], width-9)
}
