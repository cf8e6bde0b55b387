package app

import (
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
)

// tr gives the words of a key: the translation where there is one, else the
// English beside it.
var tr = words.T

// Smallest is the least size of the window in logical pixels; nothing is clipped
// in it. Usual is the size it opens with.
var (
	Smallest = fyne.NewSize(760, 600)
	Usual    = fyne.NewSize(1040, 720)
)

// page is one page between header and footer.
type page interface {
	body() fyne.CanvasObject
	footer() fyne.CanvasObject
	enter() // it is shown now: start what moves, set the focus
	leave() // it is gone: stop everything that moves
	back()  // Escape
	pageNumber() int
}

// Window is the program's one window.
type Window struct {
	app  fyne.App
	win  fyne.Window
	back Backend

	// post runs a function on the goroutine that owns the widgets, soon.
	post func(func())
	// frame is the least time between two changes of a page, poll how often a
	// running check is asked for figures.
	frame, poll time.Duration

	account accountState
	header  *header
	place   *fyne.Container // holds the page's body
	bar     *fyne.Container // holds the page's footer
	shell   *fyne.Container
	unseen  *fyne.Container // over all of it, for what tells that it is painted
	now     page
	tech    *technicalPage // shown over the page or beside it, nil: not
	own     *ownWatch      // the person's own softphone is watched, nil: it is not
	pinned  bool           // the technical view stands beside results

	running sync.WaitGroup // checks whose phone is still to hang up
}

// accountState is what the person entered; it is gone when the program ends,
// but for what the preferences keep (never the password).
type accountState struct {
	session.Account
	number string
	status signInStatus
	origin *session.Origin // the softphone that it was taken from, nil: it was entered
}

type signInStatus uint8

const (
	notTried signInStatus = iota
	signInWorks
	signInFails
)

// complete tells whether a check could start with it.
func (a accountState) complete() bool { return a.User != "" && a.Domain != "" && a.Check() == nil }

// New makes the window on an app and shows the home page in it. It does not show
// the window itself: see Show and Run.
func New(a fyne.App, b Backend) *Window {
	return newWindow(a, b, fyne.Do)
}

func newWindow(a fyne.App, b Backend, post func(func())) *Window {
	w := &Window{app: a, back: b, post: post, frame: 70 * time.Millisecond, poll: 250 * time.Millisecond}
	w.applyLook()
	fonts := look.ReadFonts()
	w.win = a.NewWindow(tr("app.name", "Softphone Doctor"))
	<-fonts
	w.win.SetPadded(false)
	w.loadAccount()
	w.header = newHeader(w)
	w.place = container.NewStack()
	w.bar = container.NewStack()
	w.shell = look.Bars(w.header.object, w.bar, w.place)
	w.unseen = container.NewWithoutLayout()
	w.win.Canvas().SetOnTypedKey(w.key)
	w.win.SetCloseIntercept(w.close)
	w.win.SetOnDropped(w.dropped)
	// In this order everything is laid out once, and not with every line of it.
	w.show(newHomePage(w))
	w.win.Resize(Usual)
	w.win.SetContent(container.NewStack(look.AtLeast(Smallest, w.shell), w.unseen))
	return w
}

// show leaves the present page and enters another.
func (w *Window) show(p page) {
	if w.now != nil {
		w.now.leave()
	}
	w.tech = nil
	w.now = p
	if r, ok := p.(*resultPage); ok && w.pinned {
		w.tech = newTechnicalPage(w, true)
		w.tech.fill(r.evidence(), r.diagnosis())
	}
	w.header.refresh()
	w.arrange()
	p.enter()
}

// arrange puts the present page, and the technical view over it or beside it, between
// header and footer.
func (w *Window) arrange() {
	switch {
	case w.tech == nil:
		w.put(w.now.body(), w.now.footer())
	case w.tech.beside:
		w.put(look.Beside(940, w.now.body(), w.tech.body()), w.now.footer())
	default:
		w.put(w.tech.body(), w.tech.footer())
	}
}

// put sets body and footer between the header and the lower edge.
func (w *Window) put(body, footer fyne.CanvasObject) {
	w.win.Canvas().Unfocus()
	w.place.Objects = []fyne.CanvasObject{body}
	w.bar.Objects = []fyne.CanvasObject{look.Footer(footer)}
	if w.shell.Size().IsZero() {
		return // this is the first page: it is laid out with the window
	}
	w.place.Refresh()
	w.bar.Refresh()
	w.shell.Refresh()
}

func (w *Window) home() { w.show(newHomePage(w)) }

// primaried is a page whose primary button Enter presses while nothing else has
// the focus.
type primaried interface{ primary() *look.Button }

// key handles what no focused widget wanted.
func (w *Window) key(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if p, ok := w.now.(primaried); ok && w.tech == nil && w.win.Canvas().Focused() == nil {
			p.primary().Tapped(nil)
		}
		return
	case fyne.KeyF1:
		w.show(newAboutPage(w))
		return
	case fyne.KeyF6:
		w.technical(w.tech == nil)
		return
	case fyne.KeyF9:
		w.show(newSettingsPage(w))
		return
	case fyne.KeyEscape:
	default:
		return
	}
	if w.tech != nil && !w.tech.beside {
		w.technical(false)
		return
	}
	w.now.back()
}

// technical shows the technical view over the present page, or takes it away.
// The page itself stays entered: a test under it goes on.
func (w *Window) technical(on bool) {
	if on == (w.tech != nil) {
		return
	}
	w.tech = nil
	w.pinned = w.pinned && on
	if on {
		w.tech = newTechnicalPage(w, false)
		w.fillTechnical()
	}
	w.arrange()
	w.header.refresh()
}

// fillTechnical gives the technical view what the page under it knows.
func (w *Window) fillTechnical() {
	if s, ok := w.now.(sourcer); ok {
		w.tech.fill(s.evidence(), s.diagnosis())
	}
}

// pin lets the technical view stand beside each result, for somebody who helps by
// phone, until it is switched off.
func (w *Window) pin() {
	w.pinned = true
	w.tech = newTechnicalPage(w, true)
	w.fillTechnical()
	w.arrange()
	w.header.refresh()
}

// close hides the window at once and leaves only when the test phone has hung up
// and taken its registration back, or after a few seconds.
func (w *Window) close() {
	w.now.leave()
	w.endOwn()
	w.win.Hide()
	go func() {
		w.hangUp()
		w.post(w.win.Close)
	}()
}

// hangUpLimit is how long the program stays for its test phone to say goodbye.
const hangUpLimit = 4 * time.Second

// hangUp waits until no check runs any more, within bounds.
func (w *Window) hangUp() {
	done := make(chan struct{})
	go func() {
		w.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(hangUpLimit):
	}
}

// focus sets the keyboard focus on a widget.
func (w *Window) focus(o fyne.Focusable) { w.win.Canvas().Focus(o) }
