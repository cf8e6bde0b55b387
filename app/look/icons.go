package look

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/assets"
)

// Icon is a drawing of our own in a colour of the theme.
type Icon struct {
	widget.BaseWidget
	name  string
	color fyne.ThemeColorName
	size  float32
}

// NewIcon shows assets/icons/<name>.svg, size logical pixels wide and high.
func NewIcon(name string, color fyne.ThemeColorName, size float32) *Icon {
	i := &Icon{name: name, color: color, size: size}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes the drawing and its colour.
func (i *Icon) Set(name string, color fyne.ThemeColorName) {
	if i.name != name || i.color != color {
		i.name, i.color = name, color
		i.Refresh()
	}
}

// HeightFor is the icon's size at any width.
func (i *Icon) HeightFor(float32) float32 { return i.size }

// colored gives a drawing with its black strokes in a colour. Fyne's own themed
// resources colour areas only, and these drawings are lines. The name carries the
// colour, since Fyne keeps painted drawings by name.
func colored(name string, c color.Color) fyne.Resource {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	ink := fmt.Sprintf("#%02X%02X%02X", n.R, n.G, n.B)
	return fyne.NewStaticResource(name+ink+".svg", bytes.ReplaceAll(assets.Icon(name), []byte("#000000"), []byte(ink)))
}

// CreateRenderer belongs to Fyne.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	r := &iconRenderer{i: i, img: canvas.NewImageFromResource(nil)}
	r.img.FillMode = canvas.ImageFillContain
	r.img.Resource = colored(i.name, paint(i, i.color))
	return r
}

type iconRenderer struct {
	i   *Icon
	img *canvas.Image
}

func (r *iconRenderer) Layout(size fyne.Size) {
	s := min(r.i.size, size.Width, size.Height)
	r.img.Move(fyne.NewPos((size.Width-s)/2, (size.Height-s)/2))
	r.img.Resize(fyne.NewSize(s, s))
}
func (r *iconRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(r.i.size) }
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.img} }
func (r *iconRenderer) Destroy()                     {}
func (r *iconRenderer) Refresh() {
	res := colored(r.i.name, paint(r.i, r.i.color))
	if r.img.Resource == nil || res.Name() != r.img.Resource.Name() {
		r.img.Resource = res
		r.img.Refresh()
	}
}
