package app

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
)

// leftover shows what a test that was cut off has left, else the home page.
func (w *Window) leftover() {
	dir, err := session.TraceFolder()
	if err == nil {
		if found := session.CutOff(dir); len(found) > 0 {
			w.show(newCutOffPage(w, found))
			return
		}
	}
	if _, ok := w.now.(*homePage); !ok {
		w.home()
	}
}

// cutOffPage offers the trace of a test that was cut off: by a crash, or by the power.
type cutOffPage struct {
	w      *Window
	traces []string
	view   *fyne.Container
	foot   fyne.CanvasObject
	told   *look.Prose
	look   *look.Button
	remove *look.Button
}

func newCutOffPage(w *Window, traces []string) *cutOffPage {
	p := &cutOffPage{w: w, traces: traces, told: look.Text("", look.Small)}
	p.view = look.Scrolled(look.Inset(0, 30, 0, 20, look.Column(14,
		look.Text(tr("cutoff.title", "A test was cut off last time"), look.Heading),
		look.Text(tr("cutoff.lead", "What had gone back and forth until then was kept, without passwords and without sound. It can still be examined."), look.Lead),
		p.told)))
	p.look = look.NewButton(tr("cutoff.look", "Examine it"), look.Primary, p.examine)
	p.remove = look.NewButton(tr("cutoff.remove", "Remove it"), look.Secondary, p.forget)
	p.foot = look.Row(12, 1, p.remove, look.Gap(0, 0), p.look)
	return p
}

// examine reads the newest trace and forgets all: each is offered once.
func (p *cutOffPage) examine() {
	data, err := os.ReadFile(p.traces[0])
	if err != nil {
		p.say(err)
		return
	}
	again := session.Opened{Name: filepath.Base(p.traces[0]), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	if in, err := again.Open(); err == nil && p.clear() {
		p.w.examine(again, in)
	}
}

func (p *cutOffPage) forget() {
	if p.clear() {
		p.w.home()
	}
}

// clear removes the traces, and says where that fails.
func (p *cutOffPage) clear() bool {
	for _, t := range p.traces {
		if err := session.RemoveTrace(t); err != nil {
			p.say(err)
			return false
		}
	}
	return true
}

func (p *cutOffPage) say(err error) {
	p.told.SetText(sentence(err))
	look.Rearrange(p.view)
}

func (p *cutOffPage) body() fyne.CanvasObject   { return p.view }
func (p *cutOffPage) footer() fyne.CanvasObject { return p.foot }
func (p *cutOffPage) enter()                    {}
func (p *cutOffPage) leave()                    {}
func (p *cutOffPage) back()                     { p.w.home() }
func (p *cutOffPage) primary() *look.Button     { return p.look }
