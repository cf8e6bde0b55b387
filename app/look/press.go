package look

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// press is what all things that can be pressed share: mouse, focus and keys.
type press struct {
	widget.BaseWidget
	label                      string
	state                      string // said before the label: a mark of what is chosen
	onPress                    func()
	focused, hovered, disabled bool
}

// Tapped presses.
func (p *press) Tapped(*fyne.PointEvent) {
	if !p.disabled && p.onPress != nil {
		p.onPress()
	}
}

// FocusGained shows the ring, and scrolls the thing into view.
func (p *press) FocusGained() {
	p.focused = true
	p.Refresh()
}

// FocusLost takes the ring away.
func (p *press) FocusLost() {
	p.focused = false
	p.Refresh()
}

// TypedRune does nothing.
func (p *press) TypedRune(rune) {}

// MouseIn belongs to desktop.Hoverable.
func (p *press) MouseIn(*desktop.MouseEvent) {
	p.hovered = true
	p.Refresh()
}

// MouseMoved belongs to desktop.Hoverable.
func (p *press) MouseMoved(*desktop.MouseEvent) {}

// MouseOut belongs to desktop.Hoverable.
func (p *press) MouseOut() {
	p.hovered = false
	p.Refresh()
}

// Cursor is the pointing hand.
func (p *press) Cursor() desktop.Cursor {
	if p.disabled {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// AccessibilityLabel is what the thing says.
func (p *press) AccessibilityLabel() string { return strings.TrimSpace(p.state + " " + p.label) }

// AccessibilityRole is button.
func (p *press) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// key handles a key for the outer widget: Enter and Space press, anything else
// is the page's.
func (p *press) key(outer fyne.CanvasObject, ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		p.Tapped(nil)
	default:
		passKey(outer, ev)
	}
}

// passKey hands a key that a focused widget has no use for to the window.
func passKey(o fyne.CanvasObject, ev *fyne.KeyEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return
	}
	if handle := c.OnTypedKey(); handle != nil {
		handle(ev)
	}
}

// reveal scrolls whatever scrolls around an object until the object is seen.
func reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	c := driver.CanvasForObject(o)
	if c == nil {
		return
	}
	for _, s := range scrollsAround(c.Content(), o) {
		top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(s).Y
		bottom := top + o.Size().Height
		const room = 12
		offset := s.Offset
		switch {
		case top < room:
			offset.Y += top - room
		case bottom > s.Size().Height-room:
			offset.Y += bottom - s.Size().Height + room
		default:
			continue
		}
		offset.Y = max(0, min(offset.Y, s.Content.Size().Height-s.Size().Height))
		s.ScrollToOffset(offset)
	}
}

func scrollsAround(root, o fyne.CanvasObject) []*container.Scroll {
	var path []*container.Scroll
	var walk func(fyne.CanvasObject) bool
	walk = func(at fyne.CanvasObject) bool {
		if at == o {
			return true
		}
		switch at := at.(type) {
		case *fyne.Container:
			for _, child := range at.Objects {
				if walk(child) {
					return true
				}
			}
		case *container.Scroll:
			path = append(path, at)
			if walk(at.Content) {
				return true
			}
			path = path[:len(path)-1]
		}
		return false
	}
	if walk(root) {
		return path
	}
	return nil
}

// Tile is anything with content that can be pressed as a whole.
type Tile struct {
	press
	content      fyne.CanvasObject
	ground       *Surface
	fill, border fyne.ThemeColorName
	over, ring   fyne.ThemeColorName // fill while the pointer is over it; ring of the focus
}

// NewTile makes a pressable card; label is what it says to a screen reader.
func NewTile(label string, content fyne.CanvasObject, onPress func()) *Tile {
	t := &Tile{content: content, fill: Card, border: Line, over: Card, ring: Accent,
		ground: NewSurface(Card, Line, Radius)}
	t.label, t.onPress = label, onPress
	t.ExtendBaseWidget(t)
	return t
}

// Tint changes the colours of a tile at rest.
func (t *Tile) Tint(fill, border, over fyne.ThemeColorName) *Tile {
	t.fill, t.border, t.over = fill, border, over
	t.Refresh()
	return t
}

// Round gives a tile fully round ends.
func (t *Tile) Round() *Tile {
	t.ground.radius = 22
	return t
}

// SetLabel changes what the tile says to a screen reader.
func (t *Tile) SetLabel(label string) { t.label = label }

// FocusGained shows the ring and scrolls the tile into view.
func (t *Tile) FocusGained() {
	t.press.FocusGained()
	reveal(t)
}

// TypedKey presses on Enter and Space.
func (t *Tile) TypedKey(ev *fyne.KeyEvent) { t.key(t, ev) }

// HeightFor is the content's.
func (t *Tile) HeightFor(width float32) float32 { return HeightFor(t.content, width) }

func (t *Tile) arrange() { arrange(t.content) }

// CreateRenderer belongs to Fyne.
func (t *Tile) CreateRenderer() fyne.WidgetRenderer {
	r := &tileRenderer{t}
	r.apply()
	return r
}

type tileRenderer struct{ t *Tile }

func (r *tileRenderer) apply() {
	fill, border, stroke := r.t.fill, r.t.border, float32(1)
	if r.t.hovered && !r.t.disabled {
		fill = r.t.over
		if border != "" {
			border = Accent // muted words on a tile would be too pale on a tinted ground
		}
	}
	if r.t.focused {
		border, stroke = r.t.ring, 2
	}
	r.t.ground.Set(fill, border, stroke)
}

func (r *tileRenderer) Layout(size fyne.Size) {
	r.t.ground.Resize(size)
	r.t.content.Resize(size)
}
func (r *tileRenderer) MinSize() fyne.Size { return r.t.content.MinSize() }
func (r *tileRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.t.ground, r.t.content}
}
func (r *tileRenderer) Destroy() {}
func (r *tileRenderer) Refresh() {
	r.apply()
	r.t.ground.Refresh()
	r.t.content.Refresh()
}
