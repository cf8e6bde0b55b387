package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// readingPage stands while a capture is read.
type readingPage struct {
	w    *Window
	view fyne.CanvasObject
	foot fyne.CanvasObject
	gone atomic.Bool
}

func newReadingPage(w *Window, name string) *readingPage {
	p := &readingPage{w: w}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(4,
		look.Text(tr("capture.reading", "Reading the capture"), look.Heading), look.Text(name, look.Lead))))
	p.foot = look.Row(12, -1, look.NewButton(tr("cancel", "Cancel"), look.Secondary, p.back))
	return p
}

func (p *readingPage) body() fyne.CanvasObject   { return p.view }
func (p *readingPage) footer() fyne.CanvasObject { return p.foot }
func (p *readingPage) enter()                    {}
func (p *readingPage) leave()                    { p.gone.Store(true) }
func (p *readingPage) back()                     { p.w.home() }

// OpenFile reads a capture file and shows its diagnosis.
func (w *Window) OpenFile(path string) {
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		w.show(newTroublePage(w, captureTrouble(), fmt.Errorf("the file %s cannot be opened: %w", filepath.Base(path), err)))
		return
	}
	w.examine(session.OpenedFile(path), f)
}

func captureTrouble() string { return tr("capture.trouble", "The capture could not be read") }

// examine reads on another goroutine; leaving the page ends it at the next read.
func (w *Window) examine(o session.Opened, f io.ReadCloser) {
	p := newReadingPage(w, o.Name)
	w.show(p)
	go func() {
		r, err := w.back.Examine(untilGone{f, &p.gone})
		f.Close()
		var rows []report.CallRow
		if err == nil && !p.gone.Load() {
			if rows = r.Rows; rows == nil && r.Evidence != nil && len(r.Evidence.Calls) > 1 {
				rows = wizard.Rows(r.Evidence, wizard.Subject{})
			}
		}
		w.post(func() { w.examined(p, o, r, rows, err) })
	}()
}

// examined shows what a capture holds: the list of its calls where there are several.
func (w *Window) examined(p *readingPage, o session.Opened, r *report.Report, rows []report.CallRow, err error) {
	switch {
	case p.gone.Load():
	case err != nil:
		w.show(newTroublePage(w, captureTrouble(), err))
	case len(rows) > 1:
		w.show(newCallsPage(w, o, r, rows))
	default:
		result := newResultPage(w, r, nil)
		result.saver = o
		w.show(result)
	}
}

// untilGone is a reader that ends when its page was left.
type untilGone struct {
	r    io.Reader
	gone *atomic.Bool
}

func (u untilGone) Read(b []byte) (int, error) {
	if u.gone.Load() {
		return 0, errors.New("reading was cancelled")
	}
	return u.r.Read(b)
}

// chooseFile asks for a capture.
func (w *Window) chooseFile() { w.show(newOpenPage(w, "")) }

// dropped opens a file that was dragged into the window.
func (w *Window) dropped(_ fyne.Position, files []fyne.URI) {
	if len(files) > 0 && files[0].Scheme() == "file" {
		w.OpenFile(files[0].Path())
	}
}
