package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
)

// betweenPage lets a person's own softphone be watched: what to enter there, what was
// seen of it, and the button for when it just happened. The watching goes on while other
// pages are shown.
type betweenPage struct {
	w    *Window
	view *fyne.Container
	foot fyne.CanvasObject

	server *look.Field // before the watching
	start  *look.Button

	seen     [3]seenRow // while it goes on
	told     *look.Prose
	happened *look.Button
	copied   *look.Button
	stop     *look.Button
}

// seenRow is one thing that was seen, or was not yet.
type seenRow struct {
	icon *look.Icon
	text *look.Prose
}

func newBetweenPage(w *Window) *betweenPage {
	p := &betweenPage{w: w}
	p.told = look.Text("", look.Small)
	rows := []fyne.CanvasObject{look.Text(tr("between.title", "Check my own softphone"), look.Heading),
		look.Inset(0, 4, 0, 18, look.Text(tr("between.lead", "Does a test work, and only your own softphone fails? Let its calls pass through here: they are judged like a test call."), look.Lead))}
	back := look.NewButton(tr("back", "Back"), look.Secondary, p.back)
	if w.own == nil {
		rows = append(rows, p.before()...)
		p.foot = look.Row(12, 1, back, look.Gap(0, 0), p.start)
	} else {
		rows = append(rows, look.Grid(2, 300, 20, look.Panel(look.Column(12, p.todo()...)), look.Panel(look.Column(12, p.sight()...))))
		p.stop = look.NewButton(tr("between.stop", "Stop watching"), look.Secondary, p.end)
		p.foot = look.Row(12, 2, back, p.stop, look.Gap(0, 0))
	}
	p.view = look.Scrolled(look.Inset(0, 26, 0, 20, look.Column(0, rows...)))
	p.refresh()
	return p
}

// before asks for the server.
func (p *betweenPage) before() []fyne.CanvasObject {
	p.server = look.NewField(tr("between.server", "Your provider's server"), tr("between.server.hint", "As it stands in your softphone's account, for example pbx.example.net."), "", false)
	p.server.Entry.SetText(p.w.account.Domain)
	p.server.Entry.OnChanged = func(string) {
		p.server.Complain("")
		look.Rearrange(p.view)
	}
	p.server.Entry.OnSubmitted = func(string) { p.begin() }
	p.start = look.NewButton(tr("between.start", "Start watching"), look.Primary, p.begin)
	return []fyne.CanvasObject{p.server.Container,
		look.Inset(0, 18, 0, 0, look.Text(tr("between.promise", "Nothing is changed on the way but addresses, and nobody else can use it. The last ten minutes are kept in memory; nothing is written unless you save it."), look.Small))}
}

// todo says what to set in the softphone.
func (p *betweenPage) todo() []fyne.CanvasObject {
	p.copied = look.NewButton(tr("between.copy", "Copy"), look.Secondary, func() {
		p.w.app.Clipboard().SetContent(p.w.own.at)
		p.copied.SetText(tr("result.copied", "Copied"))
		look.Rearrange(p.view)
	})
	address := look.Row(12, 1, look.Text(p.w.own.at, look.Style{Size: look.FigureSize, Bold: true, Mono: true, OneRow: true}), look.Gap(0, 0), p.copied)
	return []fyne.CanvasObject{
		look.Text(tr("between.todo", "In your softphone"), look.Title),
		numbered(1, look.Column(8, look.Text(tr("between.enter", "In the settings of its account, enter this as “outbound proxy”. Everything else stays."), look.Body), address)),
		numbered(2, look.Text(tr("between.transport", "Where it asks for the connection (transport), choose one without encryption: not TLS."), look.Body)),
		numbered(3, look.Text(tr("between.again", "Let it sign in again: switch it off and on. Then make the call that fails."), look.Body)),
		numbered(4, look.Text(tr("between.out", "Take the address out again when you are done."), look.Body)),
	}
}

// sight shows what was seen, and has the button.
func (p *betweenPage) sight() []fyne.CanvasObject {
	rows := []fyne.CanvasObject{look.Text(tr("between.seen", "What was seen"), look.Title)}
	for i := range p.seen {
		p.seen[i] = seenRow{look.NewIcon("ring", look.Off, 20), look.Text("", look.Body)}
		rows = append(rows, look.TopRow(12, 1, p.seen[i].icon, p.seen[i].text))
	}
	p.happened = look.NewBigButton(tr("between.happened", "It just happened"), p.judge)
	return append(rows, look.Inset(0, 8, 0, 0, p.happened),
		look.Text(tr("between.happened.about", "Press it right after the fault, or after any call: the last ten minutes are judged. The watching goes on."), look.Small), p.told)
}

// refresh writes what was seen.
func (p *betweenPage) refresh() {
	if p.w.own == nil || p.happened == nil {
		return
	}
	s := p.w.own.state()
	set := func(i int, icon string, ink fyne.ThemeColorName, text string) {
		p.seen[i].icon.Set(icon, ink)
		p.seen[i].text.SetText(text)
	}
	switch {
	case s.came:
		set(0, "check", look.OK, tr("between.came", "Your softphone comes this way."))
	default:
		set(0, "ring", look.Off, tr("between.not-come", "Nothing came from your softphone yet."))
	}
	switch s.signIn {
	case signInWorks:
		set(1, "check", look.OK, tr("between.signed-in", "It is signed in."))
	case signInFails:
		set(1, "cross", look.Bad, tr("between.refused", "Your provider does not accept its sign-in."))
	default:
		set(1, "ring", look.Off, tr("between.not-signed", "It has not signed in yet."))
	}
	switch {
	case s.running:
		set(2, "pulse", look.Accent, tr("between.running", "A call is running since {{.Time}}.", map[string]any{"Time": s.call.Format(time.TimeOnly)}))
	case !s.call.IsZero():
		set(2, "check", look.OK, tr("between.last", "The last call began at {{.Time}}.", map[string]any{"Time": s.call.Format(time.TimeOnly)}))
	default:
		set(2, "ring", look.Off, tr("between.no-call", "No call yet."))
	}
	p.tell(words.Of(s.trouble))
}

func (p *betweenPage) tell(text string) {
	p.told.SetText(text)
	if text == "" {
		p.told.Hide()
	} else {
		p.told.Show()
	}
	look.Rearrange(p.view)
}

// begin opens the way; looking the server up may take its time.
func (p *betweenPage) begin() {
	p.start.Enable(false)
	server := p.server.Entry.Text
	p.w.running.Go(func() {
		own, err := openOwn(p.w, server)
		p.w.post(func() {
			here := p.w.now == page(p)
			switch {
			case err != nil && here:
				p.start.Enable(true)
				p.server.Complain(sentence(err))
				look.Rearrange(p.view)
				p.w.focus(p.server.Entry)
			case err != nil:
			case !here || p.w.own != nil:
				own.stop() // the person went elsewhere meanwhile
			default:
				p.w.own = own
				p.w.show(newBetweenPage(p.w))
			}
		})
	})
}

// judge judges the last minutes, beside the window.
func (p *betweenPage) judge() {
	p.happened.Enable(false)
	own := p.w.own
	p.w.running.Go(func() {
		r, save, err := own.standing.Judge()
		p.w.post(func() {
			if p.w.now != page(p) {
				return
			}
			p.happened.Enable(true)
			if err != nil {
				p.tell(ownTrouble(err))
				return
			}
			result := newResultPage(p.w, r, nil)
			result.ofOwn(save)
			p.w.show(result)
		})
	})
}

func (p *betweenPage) end() {
	p.w.endOwn()
	p.w.show(newBetweenPage(p.w))
}

func (p *betweenPage) body() fyne.CanvasObject   { return p.view }
func (p *betweenPage) footer() fyne.CanvasObject { return p.foot }
func (p *betweenPage) leave()                    {}
func (p *betweenPage) back()                     { p.w.home() }

func (p *betweenPage) primary() *look.Button {
	if p.start != nil {
		return p.start
	}
	return p.happened
}

func (p *betweenPage) enter() {
	if p.server != nil {
		p.w.focus(p.server.Entry)
	}
}

// endOwn ends the watching.
func (w *Window) endOwn() {
	if w.own != nil {
		w.own.stop()
		w.own = nil
	}
}

// openOwn opens the way, at the usual port where that is free.
func openOwn(w *Window, server string) (*ownWatch, error) {
	o := &ownWatch{w: w}
	ctx, stop := context.WithCancel(context.Background())
	standing, err := w.back.StandBetween(ctx, server, o.heard)
	if err != nil {
		stop()
		return nil, err
	}
	o.standing, o.stop, o.at = standing, stop, standing.At()
	w.running.Go(func() { standing.Serve(ctx) })
	return o, nil
}
