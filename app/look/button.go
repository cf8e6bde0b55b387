package look

import (
	"fyne.io/fyne/v2"
)

// Button is a Tile with one line of text, at least Touch high.
type Button struct {
	Tile
	text *Prose
	kind Kind
	big  bool
}

// Kind is how much a button asks to be pressed. A page has one primary button.
type Kind uint8

// The kinds of buttons.
const (
	Secondary Kind = iota
	Primary
	Link
)

// NewButton makes a button.
func NewButton(text string, kind Kind, onPress func()) *Button {
	b := &Button{kind: kind, text: Text(text, Style{Bold: true, Center: true, OneRow: true})}
	sides := float32(18)
	if kind == Link {
		sides = 8
	}
	b.content = Sized(0, Touch, Pad(sides, 12, b.text))
	b.ground = NewSurface(Card, Line, 8)
	b.label, b.onPress = text, onPress
	b.ExtendBaseWidget(b)
	b.dress()
	return b
}

// NewBigButton makes a primary button that is not to be missed.
func NewBigButton(text string, onPress func()) *Button {
	b := NewButton(text, Primary, onPress)
	b.big = true
	b.content = Sized(0, 2*Touch, Pad(8, 31, b.text))
	b.dress()
	return b
}

// dress sets the colours of the kind and state.
func (b *Button) dress() {
	ink := Accent
	b.ring = Accent
	switch b.kind {
	case Primary:
		b.fill, b.border, b.over, b.ring, ink = Accent, Accent, Accent, Ink, OnAccent
	case Link:
		b.fill, b.border, b.over = "", "", AccentSoft
	default:
		b.fill, b.border, b.over = Card, Line, AccentSoft
	}
	if b.disabled {
		ink = Mute
		if b.kind == Primary {
			b.fill, b.border = Ground, Line
		}
	}
	style := Style{Bold: true, Center: true, OneRow: true, Color: ink}
	if b.big {
		style.Size = FigureSize
	}
	b.text.SetStyle(style)
}

// SetText changes the words.
func (b *Button) SetText(text string) {
	b.label = text
	b.text.SetText(text)
	b.Refresh()
}

// SetPress changes what the button does.
func (b *Button) SetPress(f func()) { b.onPress = f }

// Enable lets the button be pressed, or not.
func (b *Button) Enable(yes bool) {
	if b.disabled == yes {
		b.disabled = !yes
		b.dress()
		b.Refresh()
	}
}

// Enabled tells whether the button can be pressed.
func (b *Button) Enabled() bool { return !b.disabled }

// FocusGained shows the ring and scrolls the button into view.
func (b *Button) FocusGained() {
	b.press.FocusGained()
	reveal(b)
}

// TypedKey presses on Enter and Space.
func (b *Button) TypedKey(ev *fyne.KeyEvent) { b.key(b, ev) }

// Choice is one big plain answer to a question.
func Choice(text string, onPress func()) *Tile {
	return NewTile(text, Sized(0, Touch, Pad(16, 12, Text(text, Strong))), onPress)
}

// Item is a plain line of a list to choose from.
func Item(text string, onPress func()) *Tile {
	return NewTile(text, Sized(0, Touch, Pad(16, 12, Text(text, Style{Size: 14}))), onPress)
}

// Fold is a line that shows or hides what stands below it.
type Fold struct {
	*fyne.Container
	Header *Tile
	title  *Prose
	arrow  *Icon
	body   fyne.CanvasObject
}

// NewFold makes a closed fold; onToggle (may be nil) is called after each change
// so that the page can arrange itself anew.
func NewFold(title string, body fyne.CanvasObject, onToggle func()) *Fold {
	f := &Fold{body: body, title: Text(title, Style{Size: SmallSize, Color: Accent, Bold: true}),
		arrow: NewIcon("right", Accent, 14)}
	f.Header = NewTile(title, Pad(4, 8, Row(8, 1, f.arrow, f.title)), func() {
		f.SetOpen(!f.body.Visible())
		if onToggle != nil {
			onToggle()
		}
	}).Tint("", "", AccentSoft)
	f.Header.ground.radius = 8
	f.Container = Column(4, f.Header, Inset(26, 0, 0, 4, body))
	f.SetOpen(false)
	return f
}

// SetOpen opens or closes the fold.
func (f *Fold) SetOpen(open bool) {
	holder := f.Objects[1]
	if open {
		f.body.Show()
		holder.Show()
		f.arrow.Set("down", Accent)
	} else {
		f.body.Hide()
		holder.Hide()
		f.arrow.Set("right", Accent)
	}
}

// Open tells whether the body is shown.
func (f *Fold) Open() bool { return f.body.Visible() }
