package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Meter is a bar from 0 to 1 with a word before and a figure behind it.
type Meter struct {
	widget.BaseWidget
	label  *Prose
	figure *Prose
	value  float32
}

// NewMeter makes an empty meter.
func NewMeter(label string) *Meter {
	m := &Meter{label: Text(label, Style{Size: CaptionSize, Color: Mute, OneRow: true}),
		figure: Text("–", Style{Size: CaptionSize, Color: Mute, OneRow: true})}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a value from 0 to 1 and its figure in words ("−19 dB"). A change too
// small to be seen paints nothing.
func (m *Meter) Set(value float32, figure string) {
	value = max(0, min(1, value))
	m.figure.SetText(figure)
	if d := value - m.value; d > 0.005 || d < -0.005 || (value == 0) != (m.value == 0) {
		m.value = value
		m.Refresh()
	}
}

// HeightFor is the same at any width.
func (m *Meter) HeightFor(float32) float32 { return 20 }

// AccessibilityLabel says the figure.
func (m *Meter) AccessibilityLabel() string { return m.label.Text() + ": " + m.figure.Text() }

// AccessibilityRole is text.
func (m *Meter) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer belongs to Fyne.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer {
	r := &meterRenderer{m: m, track: canvas.NewRectangle(nil), fill: canvas.NewRectangle(nil)}
	r.track.CornerRadius, r.fill.CornerRadius = 6, 6
	r.apply()
	return r
}

type meterRenderer struct {
	m           *Meter
	track, fill *canvas.Rectangle
}

func (r *meterRenderer) apply() {
	r.track.FillColor = paint(r.m, Line)
	r.fill.FillColor = paint(r.m, OK)
}

func (r *meterRenderer) Layout(size fyne.Size) {
	const before, behind, high = 84, 62, 12
	y := (size.Height - high) / 2
	text := (size.Height - r.m.label.MinSize().Height) / 2
	r.m.label.Move(fyne.NewPos(0, text))
	r.m.label.Resize(fyne.NewSize(before-8, size.Height))
	w := max(size.Width-before-behind, 0)
	r.track.Move(fyne.NewPos(before, y))
	r.track.Resize(fyne.NewSize(w, high))
	r.fill.Move(fyne.NewPos(before, y))
	r.fill.Resize(fyne.NewSize(w*r.m.value, high))
	r.m.figure.Move(fyne.NewPos(size.Width-behind+12, text))
	r.m.figure.Resize(fyne.NewSize(behind-12, size.Height))
}
func (r *meterRenderer) MinSize() fyne.Size { return fyne.NewSize(240, 20) }
func (r *meterRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.track, r.fill, r.m.label, r.m.figure}
}
func (r *meterRenderer) Destroy() {}
func (r *meterRenderer) Refresh() {
	r.apply()
	r.Layout(r.m.Size())
	r.track.Refresh()
	r.fill.Refresh()
	r.m.label.Refresh()
	r.m.figure.Refresh()
}
