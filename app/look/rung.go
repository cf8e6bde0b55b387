package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// CodeSizeName is the text size of messages in the technical view.
const CodeSizeName = fyne.ThemeSizeName("doctor-code")

// RungKind is what a row of a ladder stands for.
type RungKind uint8

// The kinds: a message, a further copy of one, a pause in which nothing crossed, and
// a stream of sound.
const (
	RungMessage RungKind = iota
	RungCopy
	RungGap
	RungStream
)

// Rung is one row of a ladder: a message with its time, its name, and an arrow that
// points right when our phone sent it; or what RungKind says.
type Rung struct {
	widget.BaseWidget
	time, name, side *Prose
	kind             RungKind
	out              bool
	tone             Tone
}

// NewRung makes an empty rung.
func NewRung() *Rung {
	r := &Rung{tone: ToneAccent,
		time: Text("", Style{Size: CaptionSize, OneRow: true}),
		side: Text("", Style{Size: CaptionSize, Color: Mute, OneRow: true}),
		name: Text("", Style{Size: SmallSize, Bold: true, Center: true, OneRow: true})}
	r.ExtendBaseWidget(r)
	return r
}

// Set shows a row: when, what, a remark beside it, which way, and in which tone.
func (r *Rung) Set(kind RungKind, at, name, side string, out bool, tone Tone) {
	style := Style{Size: SmallSize, Bold: kind != RungCopy, Center: true, OneRow: true}
	switch kind {
	case RungGap:
		style.Bold, style.Size, style.Color = false, CaptionSize, Mute
	case RungCopy:
		style.Size, style.Color = CaptionSize, Mute
	case RungStream:
		style.Size, style.Color = CaptionSize, tone.Text
	}
	r.time.SetText(at)
	r.name.SetStyle(style)
	r.name.SetText(name)
	r.side.SetText(side)
	r.kind, r.out, r.tone = kind, out, tone
	r.Refresh()
}

// CreateRenderer belongs to Fyne.
func (r *Rung) CreateRenderer() fyne.WidgetRenderer {
	x := &rungRenderer{r: r, left: canvas.NewRectangle(nil), right: canvas.NewRectangle(nil),
		bar: canvas.NewRectangle(nil), head: canvas.NewArbitraryPolygon(nil, nil)}
	x.bar.CornerRadius = 6
	x.paint()
	return x
}

type rungRenderer struct {
	r           *Rung
	left, right *canvas.Rectangle
	bar         *canvas.Rectangle   // the ground of a stream
	shaft       []*canvas.Rectangle // one piece for a message, dashes for a copy
	head        *canvas.ArbitraryPolygon
	shown       []fyne.CanvasObject
}

func (x *rungRenderer) paint() {
	ink := paint(x.r, x.r.tone.Shape)
	for _, o := range []struct {
		rect *canvas.Rectangle
		c    color.Color
	}{{x.left, paint(x.r, Line)}, {x.right, paint(x.r, Line)}, {x.bar, paint(x.r, x.r.tone.Soft)}} {
		o.rect.FillColor = o.c
	}
	x.head.FillColor = ink
	for _, s := range x.shaft {
		s.FillColor = ink
	}
}

func (x *rungRenderer) Layout(size fyne.Size) {
	const before, headLong = 74, 8
	behind := float32(14)
	if size.Width > 420 {
		behind = 96 // room for remarks
	}
	end := size.Width - behind
	y := size.Height - 12
	x.shown = append(x.shown[:0], x.left, x.right)
	x.left.Move(fyne.NewPos(before, -3)) // over the gap between two rows
	x.left.Resize(fyne.NewSize(1, size.Height+6))
	x.right.Move(fyne.NewPos(end, -3))
	x.right.Resize(fyne.NewSize(1, size.Height+6))
	x.r.time.Move(fyne.NewPos(4, size.Height-22))
	x.r.time.Resize(fyne.NewSize(before-14, 16))
	x.r.name.Move(fyne.NewPos(before+4, 2))
	x.r.name.Resize(fyne.NewSize(max(end-before-8, 0), 18))
	switch x.r.kind {
	case RungGap:
		x.r.name.Move(fyne.NewPos(before+4, 9))
	case RungStream:
		x.bar.Move(fyne.NewPos(before+1, 5))
		x.bar.Resize(fyne.NewSize(max(end-before-1, 0), size.Height-10))
		x.r.name.Move(fyne.NewPos(before+8, 9))
		x.r.name.Resize(fyne.NewSize(max(end-before-16, 0), 18))
		x.shown = append(x.shown, x.bar)
	default:
		x.arrow(before, end, y, headLong)
	}
	x.shown = append(x.shown, x.r.time, x.r.name)
	if behind > 20 {
		x.r.side.Move(fyne.NewPos(end+6, size.Height-22))
		x.r.side.Resize(fyne.NewSize(behind-8, 16))
		x.shown = append(x.shown, x.r.side)
	}
}

func (x *rungRenderer) arrow(before, end, y, headLong float32) {
	from, length := before+2, max(end-before-4, 0)
	piece, gap, thick := length, float32(0), float32(2)
	if x.r.kind == RungCopy {
		piece, gap, thick = 6, 5, 1.5
	}
	n := 0
	for at := float32(0); at < length && n < 200; at += piece + gap {
		for len(x.shaft) <= n {
			s := canvas.NewRectangle(paint(x.r, x.r.tone.Shape))
			x.shaft = append(x.shaft, s)
		}
		x.shaft[n].Move(fyne.NewPos(from+at, y-thick/2))
		x.shaft[n].Resize(fyne.NewSize(min(piece, length-at), thick))
		x.shown = append(x.shown, x.shaft[n])
		n++
	}
	if x.r.out {
		x.head.Points = []fyne.Position{{X: 0, Y: 0}, {X: headLong, Y: 5}, {X: 0, Y: 10}}
		x.head.Move(fyne.NewPos(end-headLong-1, y-5))
	} else {
		x.head.Points = []fyne.Position{{X: headLong, Y: 0}, {X: headLong, Y: 10}, {X: 0, Y: 5}}
		x.head.Move(fyne.NewPos(before+2, y-5))
	}
	x.head.Resize(fyne.NewSize(headLong, 10))
	x.shown = append(x.shown, x.head)
}

func (x *rungRenderer) MinSize() fyne.Size           { return fyne.NewSize(260, 36) }
func (x *rungRenderer) Objects() []fyne.CanvasObject { return x.shown }
func (x *rungRenderer) Destroy()                     {}
func (x *rungRenderer) Refresh() {
	x.paint()
	x.Layout(x.r.Size())
	for _, o := range x.shown {
		o.Refresh()
	}
	canvas.Refresh(x.r)
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

// Upper sets one part above another; share is the first one's part of the height.
func Upper(share, gap float32, above, below fyne.CanvasObject) *fyne.Container {
	return container.New(&upper{share, gap}, above, below)
}

type upper struct{ share, gap float32 }

func (l *upper) Layout(o []fyne.CanvasObject, size fyne.Size) {
	h := (size.Height - l.gap) * l.share
	o[0].Resize(fyne.NewSize(size.Width, h))
	o[1].Move(fyne.NewPos(0, h+l.gap))
	o[1].Resize(fyne.NewSize(size.Width, size.Height-h-l.gap))
}

func (l *upper) MinSize(o []fyne.CanvasObject) fyne.Size {
	a, b := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(max(a.Width, b.Width), min(a.Height, 60)+min(b.Height, 60)+l.gap)
}
