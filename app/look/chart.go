package look

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Band is a range of a chart's values with a meaning: the ground behind it has the
// soft colour of the tone.
type Band struct {
	From, To float32
	Tone     Tone
}

// Chart is a small line chart of the last seconds, one line for each way, over bands
// that tell good from bad. Its lines are kept and moved, never made anew: a chart that
// is painted ten times a second costs a third of a core without hardware, one that
// makes its picture anew the whole of it.
type Chart struct {
	widget.BaseWidget
	label  string
	top    float32
	bands  []Band
	points int
	series [2][]float32 // the latest value last; NaN: not known
}

// NewChart makes an empty chart from 0 to top (more, where a value needs it) with room
// for some points; label is what a screen reader says.
func NewChart(label string, top float32, points int, bands ...Band) *Chart {
	c := &Chart{label: label, top: top, points: points, bands: bands}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows the values of both ways, the latest last; NaN leaves a gap. It paints only
// when something changed.
func (c *Chart) Set(in, out []float32) {
	changed := false
	for i, s := range [2][]float32{in, out} {
		s = s[max(0, len(s)-c.points):]
		if !same(s, c.series[i]) {
			c.series[i] = append(c.series[i][:0], s...)
			changed = true
		}
	}
	if changed {
		c.Refresh()
	}
}

func same(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(isNaN(a[i]) && isNaN(b[i])) {
			return false
		}
	}
	return true
}

func isNaN(f float32) bool { return math.IsNaN(float64(f)) }

// HeightFor is the same at any width.
func (c *Chart) HeightFor(float32) float32 { return chartHigh }

const chartHigh = 40

// AccessibilityLabel names the chart; its figures stand beside it.
func (c *Chart) AccessibilityLabel() string { return c.label }

// AccessibilityRole is text.
func (c *Chart) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer belongs to Fyne.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{c: c, ground: canvas.NewRectangle(nil), base: canvas.NewRectangle(nil)}
	r.ground.CornerRadius = 4
	for range c.bands {
		r.bands = append(r.bands, canvas.NewRectangle(nil))
	}
	r.build(c.Size())
	return r
}

type chartRenderer struct {
	c            *Chart
	ground, base *canvas.Rectangle
	bands        []*canvas.Rectangle
	lines        []*canvas.Line
	shown        []fyne.CanvasObject
}

func (r *chartRenderer) build(size fyne.Size) {
	c := r.c
	top := c.top
	for _, s := range c.series {
		for _, v := range s {
			if v > top {
				top = v * 1.1
			}
		}
	}
	y := func(v float32) float32 { return size.Height - 2 - min(1, max(0, v/top))*(size.Height-4) }
	r.ground.FillColor = paint(c, Ground)
	r.ground.Resize(size)
	r.shown = append(r.shown[:0], r.ground)
	for i, b := range c.bands {
		upper, lower := y(min(b.To, top)), y(b.From)
		if b.To >= top {
			upper = 0
		}
		if b.From <= 0 {
			lower = size.Height
		}
		r.bands[i].FillColor = paint(c, b.Tone.Soft)
		r.bands[i].Move(fyne.NewPos(0, upper))
		r.bands[i].Resize(fyne.NewSize(size.Width, max(lower-upper, 0)))
		r.shown = append(r.shown, r.bands[i])
	}
	r.base.FillColor = paint(c, Line)
	r.base.Move(fyne.NewPos(0, size.Height-1))
	r.base.Resize(fyne.NewSize(size.Width, 1))
	r.shown = append(r.shown, r.base)
	n := 0
	for i, s := range c.series {
		step := size.Width / float32(max(c.points-1, 1))
		start := size.Width - step*float32(len(s)-1)
		for k := 1; k < len(s); k++ {
			if isNaN(s[k-1]) || isNaN(s[k]) {
				continue
			}
			if n == len(r.lines) {
				r.lines = append(r.lines, canvas.NewLine(nil))
			}
			l := r.lines[n]
			n++
			l.StrokeColor, l.StrokeWidth = paint(c, WayInk(i == 1)), 2
			l.Position1 = fyne.NewPos(start+step*float32(k-1), y(s[k-1]))
			l.Position2 = fyne.NewPos(start+step*float32(k), y(s[k]))
			r.shown = append(r.shown, l)
		}
	}
}

// WayInk is the colour of a way in charts: what comes in is blue, what goes out is dark.
func WayInk(out bool) fyne.ThemeColorName {
	if out {
		return Ink
	}
	return Accent
}

func (r *chartRenderer) Layout(size fyne.Size)        { r.build(size) }
func (r *chartRenderer) MinSize() fyne.Size           { return fyne.NewSize(60, chartHigh) }
func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.shown }
func (r *chartRenderer) Destroy()                     {}
func (r *chartRenderer) Refresh() {
	r.build(r.c.Size())
	canvas.Refresh(r.c)
}
