package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Style says how a text looks. The zero value is body text.
type Style struct {
	Size   float32             // 0: BodySize
	Color  fyne.ThemeColorName // "": Ink
	Bold   bool
	Mono   bool
	Center bool
	OneRow bool // never wrapped: cut with an ellipsis where it does not fit
}

// Styles that pages share.
var (
	Heading = Style{Size: HeadingSize, Bold: true}
	Title   = Style{Size: TitleSize, Bold: true}
	Strong  = Style{Bold: true}
	Body    = Style{}
	Lead    = Style{Color: Mute}
	Small   = Style{Size: SmallSize, Color: Mute}
	Caption = Style{Size: CaptionSize, Color: Mute}
)

// Prose is text without the padding of a label, wrapped at words, in any colour
// of the theme. Its height depends on its width.
type Prose struct {
	widget.BaseWidget
	text  string
	style Style
	rows  []string
	known known
}

// known is what was measured of a text: layouts ask for the same again and again.
type known struct {
	height, word float32    // of a row, and the width of the longest word
	wraps        [2]wrapped // at the last two widths, the newest first
}

// wrapped is a text in rows of a width.
type wrapped struct {
	width float32
	rows  []string
}

// Text makes a Prose.
func Text(text string, style Style) *Prose {
	p := &Prose{text: text, style: style}
	p.ExtendBaseWidget(p)
	return p
}

// Text gives what stands there.
func (p *Prose) Text() string { return p.text }

// SetText changes the words; the container around it must be arranged again
// where the number of rows can change.
func (p *Prose) SetText(text string) {
	if text != p.text {
		p.text, p.rows, p.known = text, nil, known{}
		p.Refresh()
	}
}

// SetStyle changes the looks.
func (p *Prose) SetStyle(s Style) {
	if s != p.style {
		p.style, p.rows, p.known = s, nil, known{}
		p.Refresh()
	}
}

// AccessibilityLabel is the text itself.
func (p *Prose) AccessibilityLabel() string { return p.text }

// AccessibilityRole is text.
func (p *Prose) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (p *Prose) size() float32 {
	if p.style.Size == 0 {
		return BodySize
	}
	return p.style.Size
}

func (p *Prose) textStyle() fyne.TextStyle {
	return fyne.TextStyle{Bold: p.style.Bold, Monospace: p.style.Mono}
}

func (p *Prose) measure(s string) float32 { return p.extent(s).Width }

func (p *Prose) rowHeight() float32 {
	if p.known.height == 0 {
		p.known.height = p.extent("M").Height
	}
	return p.known.height
}

// font is the one font of the text. It is named, because otherwise Fyne reads a font of
// pictures, one of symbols and the system's list of fonts as well, which is a third of
// the program's start; a letter that the font lacks is looked for all the same.
func (p *Prose) font() fyne.Resource { return theme.CurrentForWidget(p).Font(p.textStyle()) }

// ReadFonts reads the two fonts of all pages beside what else a start has to do, and says
// when it has. Nothing may be laid out meanwhile: what measures is not made for two.
func ReadFonts() (done <-chan struct{}) {
	d, ready := fyne.CurrentApp().Driver(), make(chan struct{})
	go func() {
		defer close(ready)
		for _, s := range []Style{{}, {Bold: true}} {
			p := &Prose{style: s}
			d.RenderedTextSize("M", p.size(), p.textStyle(), Theme{}.Font(p.textStyle()))
		}
	}()
	return ready
}

// extent is how much room a row takes, in the very font that paints it.
func (p *Prose) extent(s string) fyne.Size {
	size, _ := fyne.CurrentApp().Driver().RenderedTextSize(s, p.size(), p.textStyle(), p.font())
	return size
}

// HeightFor is the height of the text wrapped at a width.
func (p *Prose) HeightFor(width float32) float32 {
	return p.rowHeight() * float32(len(p.wrap(width)))
}

// MinSize is as wide as the longest word (or the whole of a one-row text), and
// as high as the text is at its present width.
func (p *Prose) MinSize() fyne.Size {
	p.ExtendBaseWidget(p)
	if p.style.OneRow {
		return fyne.NewSize(p.measure(p.text), p.rowHeight())
	}
	if p.known.word == 0 {
		for _, word := range strings.Fields(p.text) {
			p.known.word = max(p.known.word, p.measure(word))
		}
	}
	w := min(p.known.word, 160) // a longer word is broken
	at := p.Size().Width
	if at == 0 {
		at = guess
	}
	return fyne.NewSize(w, p.HeightFor(max(at, w)))
}

// Resize wraps the text anew.
func (p *Prose) Resize(size fyne.Size) {
	if size.Width != p.Size().Width {
		p.rows = nil
	}
	p.BaseWidget.Resize(size)
}

// wrap is the text in rows of a width, remembered for two widths: that of the present
// place and the one that a layout is thinking of.
func (p *Prose) wrap(width float32) []string {
	w := &p.known.wraps
	if w[0].rows == nil || w[0].width != width {
		w[0], w[1] = w[1], w[0]
	}
	if w[0].rows == nil || w[0].width != width {
		w[0] = wrapped{width, p.breakInto(width)}
	}
	return w[0].rows
}

// breakInto breaks the text at blanks, and words that are longer than a row anywhere.
func (p *Prose) breakInto(width float32) []string {
	if p.style.OneRow {
		return []string{p.cut(p.text, width)}
	}
	// Words are measured one by one and added up: the same words come again and again
	// and are measured once, whole rows would be new each time.
	blank := p.measure(" ")
	var rows []string
	for _, line := range strings.Split(p.text, "\n") {
		row, wide := "", float32(0)
		for _, word := range strings.Fields(line) {
			long := p.measure(word)
			if row == "" && long <= width+0.5 {
				row, wide = word, long
				continue
			}
			if row != "" && wide+blank+long <= width+0.5 {
				row, wide = row+" "+word, wide+blank+long
				continue
			}
			if row != "" {
				rows = append(rows, row)
			}
			for word != "" && p.measure(word) > max(width, 0)+0.5 {
				n := p.fitting(word, width)
				rows = append(rows, word[:n])
				word = word[n:]
			}
			row, wide = word, p.measure(word)
		}
		rows = append(rows, row)
	}
	return rows
}

// fitting is how many bytes of a word fit into a width: at least one character,
// never half of one.
func (p *Prose) fitting(word string, width float32) int {
	last := 0
	for i := range word {
		if i > 0 && p.measure(word[:i]) > width {
			break
		}
		last = i
	}
	if last == 0 {
		for i := range word {
			if i > 0 {
				return i
			}
		}
		return len(word)
	}
	return last
}

func (p *Prose) cut(text string, width float32) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if width <= 0 || p.measure(text) <= width+0.5 {
		return text
	}
	r := []rune(text)
	for len(r) > 1 && p.measure(string(r)+"…") > width {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ") + "…"
}

// Cut tells whether a one-row text does not fit and ends with an ellipsis.
func (p *Prose) Cut() bool {
	return p.style.OneRow && p.Size().Width > 0 && p.measure(p.text) > p.Size().Width+0.5
}

// Broken tells whether a word is so long for its place that it is broken somewhere.
func (p *Prose) Broken() bool {
	if p.style.OneRow || p.Size().Width == 0 {
		return false
	}
	for _, word := range strings.Fields(p.text) {
		if p.measure(word) > p.Size().Width+0.5 {
			return true
		}
	}
	return false
}

// CreateRenderer belongs to Fyne.
func (p *Prose) CreateRenderer() fyne.WidgetRenderer {
	r := &proseRenderer{p: p}
	r.Refresh()
	return r
}

type proseRenderer struct {
	p       *Prose
	texts   []*canvas.Text
	objects []fyne.CanvasObject
}

func (r *proseRenderer) Layout(size fyne.Size) {
	if r.p.rows == nil {
		r.fill(size.Width)
	}
	h := r.p.rowHeight()
	for i, t := range r.texts {
		t.Move(fyne.NewPos(0, float32(i)*h))
		t.Resize(fyne.NewSize(size.Width, h))
	}
}

func (r *proseRenderer) fill(width float32) {
	if width == 0 {
		width = guess
	}
	p := r.p
	p.rows = p.wrap(width)
	ink := p.style.Color
	if ink == "" {
		ink = Ink
	}
	for len(r.texts) < len(p.rows) {
		r.texts = append(r.texts, canvas.NewText("", nil))
	}
	r.texts = r.texts[:len(p.rows)]
	r.objects = r.objects[:0]
	for i, t := range r.texts {
		t.Text, t.TextSize, t.TextStyle = p.rows[i], p.size(), p.textStyle()
		t.Color = paint(p, ink)
		t.Alignment = fyne.TextAlignLeading
		if p.style.Center {
			t.Alignment = fyne.TextAlignCenter
		}
		t.FontSource = p.font()
		r.objects = append(r.objects, t)
	}
}

func (r *proseRenderer) MinSize() fyne.Size           { return r.p.MinSize() }
func (r *proseRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *proseRenderer) Destroy()                     {}

func (r *proseRenderer) Refresh() {
	r.p.rows = nil
	r.fill(r.p.Size().Width)
	r.Layout(r.p.Size())
	for _, t := range r.texts {
		t.Refresh()
	}
	canvas.Refresh(r.p)
}
