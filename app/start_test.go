package app

import (
	"testing"

	"fyne.io/fyne/v2/test"
)

// BenchmarkStart makes the window with its first page: the part of a start that is ours.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		a := test.NewApp()
		w := newWindow(a, &fakeBackend{all: true}, func(func()) {})
		w.win.Resize(Usual)
		a.Quit()
	}
}
