package look

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
)

// TestCursorRests: a field's cursor comes to rest some time after the last key, and only
// while the field has the focus.
func TestCursorRests(t *testing.T) {
	test.NewApp()
	RestCursors(time.Hour)
	defer RestCursors(0)
	e := newEntry(false)
	w := test.NewWindow(e)
	defer w.Close()
	if e.resting != nil {
		t.Error("a field without the focus waits for its cursor")
	}
	w.Canvas().Focus(e)
	first := e.resting
	test.Type(e, "2")
	if first == nil || e.resting == nil || e.resting == first || e.Text != "2" {
		t.Errorf("typing does not begin the wait anew: %v, then %v, text %q", first, e.resting, e.Text)
	}
	if first.Stop() {
		t.Error("the first wait goes on")
	}
	w.Canvas().Unfocus()
	if e.resting != nil {
		t.Error("the wait goes on without the focus")
	}
}
