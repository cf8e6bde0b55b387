package look

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Entry is a one-line field that leaves Escape to the page.
type Entry struct {
	widget.Entry
	OnLeave func() // the focus went elsewhere; may be nil

	resting *time.Timer // while it has the focus, where cursors rest
}

// cursorRest is how long a cursor blinks in a field in which nobody types, 0: for ever.
var cursorRest time.Duration

// stillness is how long a sign of typing keeps Fyne's cursor from fading, and a little less.
const stillness = 250 * time.Millisecond

// RestCursors lets cursors stand still in fields in which nobody has typed for a while,
// as desktops do: each fading paints the whole window again. Fyne has no switch for it;
// a key without a name is what keeps a cursor still while somebody types.
func RestCursors(after time.Duration) { cursorRest = after }

// rest keeps the cursor still from then on, until somebody types or the focus goes.
func (e *Entry) rest(after time.Duration) {
	if e.resting != nil {
		e.resting.Stop()
		e.resting = nil
	}
	if after <= 0 {
		return
	}
	var t *time.Timer
	t = time.AfterFunc(after, func() {
		fyne.Do(func() {
			if e.resting == t {
				e.Entry.TypedKey(&fyne.KeyEvent{})
				t.Reset(stillness)
			}
		})
	})
	e.resting = t
}

// TypedRune lets the cursor blink again.
func (e *Entry) TypedRune(r rune) {
	e.rest(cursorRest)
	e.Entry.TypedRune(r)
}

func newEntry(secret bool) *Entry {
	e := &Entry{}
	e.Password = secret
	e.Wrapping = fyne.TextWrapOff
	e.Scroll = fyne.ScrollHorizontalOnly
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey passes Escape and the function keys on.
func (e *Entry) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyEscape, fyne.KeyF1, fyne.KeyF6, fyne.KeyF9:
		passKey(e, ev)
		return
	}
	e.rest(cursorRest)
	e.Entry.TypedKey(ev)
}

// FocusGained scrolls the field into view.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	e.rest(cursorRest)
	reveal(e)
}

// FocusLost tells OnLeave.
func (e *Entry) FocusLost() {
	e.rest(0)
	e.Entry.FocusLost()
	if e.OnLeave != nil {
		e.OnLeave()
	}
}

// Field is a labelled entry with a line below it for a hint or for what is wrong.
type Field struct {
	*fyne.Container
	Entry *Entry
	hint  string
	below *Prose
}

// NewField makes a field. A secret one shows dots.
func NewField(label, hint, placeholder string, secret bool) *Field {
	f := &Field{Entry: newEntry(secret), hint: hint, below: Text(hint, Caption)}
	f.Entry.SetPlaceHolder(placeholder)
	f.Container = Column(5, Text(label, Style{Size: SmallSize, Bold: true}), f.Entry, f.below)
	f.Complain("")
	return f
}

// Complain shows what is wrong below the field, or the hint again for "".
func (f *Field) Complain(text string) {
	style := Caption
	if text != "" {
		style.Color = BadText
		style.Bold = true
	} else {
		text = f.hint
	}
	f.below.SetStyle(style)
	f.below.SetText(text)
	if text == "" {
		f.below.Hide()
	} else {
		f.below.Show()
	}
}

// Hint changes the line below the field; what is wrong with it stands in its place
// until it is mended.
func (f *Field) Hint(text string) {
	was := f.hint
	f.hint = text
	if f.below.Text() == was || f.below.Text() == "" {
		f.Complain("")
	}
}

// Complaint is what is shown below the field: the fault, or the hint.
func (f *Field) Complaint() string { return f.below.Text() }
