package app

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// technicalPage shows every message as a row of a ladder, the text of the chosen
// one, and the sound streams. It is no page of its own: it stands over another.
type technicalPage struct {
	w       *Window
	beside  bool // it stands beside the page, not over it
	view    fyne.CanvasObject
	foot    fyne.CanvasObject
	list    *ladder
	title   *look.Prose
	mode    *look.Segments
	panel   *fyne.Container // what mode shows
	text    *widget.Label
	streams *fyne.Container
	network *fyne.Container
	packets *fyne.Container
	right   *fyne.Container
	saves   *look.Button

	shown    *evidence.Evidence
	messages []*evidence.Message
	rows     []techRow
	began    time.Time
	cited    map[int]bool
	chosen   *evidence.Message // the message that is shown, nil: none yet
}

// The views of a message.
const (
	modeExplained = iota
	modeText
	modeOffer
)

// newTechnicalPage makes the view; beside another page its parts stand one above the
// other.
func newTechnicalPage(w *Window, beside bool) *technicalPage {
	p := &technicalPage{w: w, beside: beside, streams: look.Column(6), network: look.Column(4), packets: look.Column(4), panel: look.Column(5)}
	p.title = look.Text(tr("tech.none", "Nothing has been sent or received yet."), look.Strong)
	p.text = widget.NewLabel("")
	p.text.TextStyle = fyne.TextStyle{Monospace: true}
	p.text.SizeName = look.CodeSizeName
	p.text.Wrapping = fyne.TextWrapBreak
	p.text.Selectable = true
	p.mode = look.NewSegments(3, 128, []string{tr("tech.mode.explained", "Explained"), tr("tech.mode.text", "As it was"), tr("tech.mode.offer", "Offer, answer")}, modeExplained,
		func(int) { p.showMessage() })
	p.list = newLadder(p)
	message := look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(14, 12, look.Column(8, p.title, p.mode.Container, p.panel)))
	parts := look.Column(14, message, look.SlimPanel(p.streams), p.network, look.SlimPanel(p.packets))
	p.right = look.ScrolledPlain(0, look.Inset(0, 0, 8, 0, parts)) // beside the scroll bar
	ends := look.Inset(82, 4, 14, 0, look.Row(0, 1, look.Text(tr("tech.phone", "Test phone"), look.Style{Bold: true, OneRow: true}), look.Gap(0, 0), look.Text(tr("tech.server", "Server"), look.Style{Bold: true, OneRow: true})))
	left := look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(8, 8, look.Bars(ends, look.Gap(0, 0), p.list)))

	one := look.NewButton(tr("tech.copy-one", "Copy message"), look.Secondary, p.copyOne)
	all := look.NewButton(tr("tech.copy", "Copy all"), look.Secondary, p.copy)
	p.saves = look.NewButton(tr("tech.save", "Save packets…"), look.Secondary, p.save)
	if beside {
		off := look.NewButton(tr("tech.unpin", "Close the support view"), look.Link, func() { w.technical(false) })
		p.view = look.Pad(14, 14, look.Bars(look.Gap(0, 0), look.Inset(0, 8, 0, 0, look.Row(8, 1, one, look.Gap(0, 0), off)), look.Upper(0.45, 12, left, p.right)))
		return p
	}
	p.view = look.Pad(24, 18, look.Halves(0.54, 16, left, p.right))
	back := look.NewButton(tr("tech.back", "Back to plain view"), look.Primary, func() { w.technical(false) })
	p.foot = look.Row(10, 3, one, all, p.saves, look.Gap(0, 0), back)
	return p
}

func (p *technicalPage) body() fyne.CanvasObject   { return p.view }
func (p *technicalPage) footer() fyne.CanvasObject { return p.foot }

// fill shows what is known; it may be called again as more comes.
func (p *technicalPage) fill(e *evidence.Evidence, d *diagnosis.Diagnosis) {
	_, done := p.w.now.(*resultPage)
	p.saves.Enable(done) // saving leaves the page, and a test that runs would end
	if e == nil {
		return
	}
	p.cited = map[int]bool{}
	if d != nil {
		for _, f := range d.Findings {
			for _, c := range f.Cites {
				p.cited[c.N] = true
			}
		}
	}
	before := len(p.rows)
	p.shown, p.messages, p.began = e, e.Messages, e.Began
	p.rows = ladderRows(e, p.cited)
	p.streams.Objects = streamRows(e)
	p.packets.Objects = packetRows(e)
	if rows := networkRows(e); len(rows) > 0 {
		p.network.Objects = []fyne.CanvasObject{look.SlimPanel(look.Column(4, rows...))}
	}
	if before != len(p.rows) {
		p.list.Refresh()
		if p.chosen == nil && len(p.messages) > 0 {
			p.list.Select(p.mostTelling())
		}
	}
	look.Rearrange(p.right)
}

// mostTelling is the row to show first: the first one that a finding cites.
func (p *technicalPage) mostTelling() int {
	first := 0
	for i, r := range p.rows {
		if r.m == nil {
			continue
		}
		if p.cited[r.m.N] {
			return i
		}
		if p.rows[first].m == nil {
			first = i
		}
	}
	return first
}

func (p *technicalPage) choose(row int) {
	if row < 0 || row >= len(p.rows) || p.rows[row].m == nil {
		return
	}
	m := p.rows[row].m
	p.chosen = m
	p.title.SetText(fmt.Sprintf("#%d  %s  ·  %s  ·  %s %s → %s", m.N, firstWords(m), since(p.began, m.Time), m.Net, address(m.From), address(m.To)))
	p.text.SetText(report.MessageText(m))
	p.showMessage()
}

// showMessage shows the chosen message in the chosen way.
func (p *technicalPage) showMessage() {
	switch {
	case p.mode.Chosen() == modeOffer:
		p.panel.Objects = offerRows(callOf(p.shown, p.chosen))
	case p.chosen == nil:
		p.panel.Objects = nil
	case p.mode.Chosen() == modeText:
		p.panel.Objects = []fyne.CanvasObject{p.text}
	default:
		p.panel.Objects = explainedRows(p.chosen, p.cited[p.chosen.N])
	}
	look.Rearrange(p.right)
}

// firstWords names a message as a ladder does: "INVITE", "180 Ringing".
func firstWords(m *evidence.Message) string {
	if m.Message == nil {
		return "?"
	}
	if m.IsRequest() {
		return m.Method
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", m.Status, m.Reason))
}

func since(began, t time.Time) string { return fmt.Sprintf("%.3f s", t.Sub(began).Seconds()) }

func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

// copyOne puts the message that is shown on the clipboard.
func (p *technicalPage) copyOne() {
	if p.chosen != nil {
		p.w.app.Clipboard().SetContent(p.header(p.chosen) + report.MessageText(p.chosen) + "\n")
	}
}

func (p *technicalPage) header(m *evidence.Message) string {
	return fmt.Sprintf("#%d %s %s %s -> %s\n", m.N, since(p.began, m.Time), m.Net, address(m.From), address(m.To))
}

// all is every message as text.
func (p *technicalPage) all() string {
	var b strings.Builder
	for _, m := range p.messages {
		b.WriteString(p.header(m) + report.MessageText(m) + "\n\n")
	}
	return b.String()
}

// copy puts all messages on the clipboard.
func (p *technicalPage) copy() { p.w.app.Clipboard().SetContent(p.all()) }

// save goes to the page that saves the packets of a test; of a capture, which is a file
// already, it saves the messages as text.
func (p *technicalPage) save() {
	result, ok := p.w.now.(*resultPage)
	if !ok {
		return
	}
	name := "softphone-doctor-" + time.Now().Format("2006-01-02-1504")
	req := saveRequest{name: name + ".txt", about: tr("save.messages", "All messages as text."), write: writeText(p.all()),
		back: func() page { return again(p.w, result) }}
	if result.from != nil && result.from.check != nil {
		check := result.from.check
		req.name, req.about = name+".pcapng", tr("save.packets", "Everything that crossed, as a capture that Wireshark and sngrep open. It holds the sound of the test, but no password.")
		req.write = func(path string) (string, error) { return path, writeCapture(path, check) }
	}
	p.w.show(newSavePage(p.w, req))
}

// writeCapture saves the packets of a check for this user only.
func writeCapture(path string, c Check) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(c.WriteCapture(f), f.Close())
	}
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("it cannot be saved to %s: %w", path, err)
	}
	return nil
}

// streamRows are the sound streams as a small table.
func streamRows(e *evidence.Evidence) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{look.Text(tr("tech.streams", "Audio streams"), look.Strong)}
	if len(e.Streams) == 0 {
		return append(rows, look.Text(tr("tech.no-streams", "None."), look.Small))
	}
	cell := func(s string, head bool) fyne.CanvasObject {
		st := look.Style{Size: look.CaptionSize, OneRow: true}
		if head {
			st.Color, st.Bold = look.Mute, true
		}
		return look.Text(s, st)
	}
	line := func(head bool, cells ...string) fyne.CanvasObject {
		var os []fyne.CanvasObject
		for _, c := range cells {
			os = append(os, cell(c, head))
		}
		return look.Grid(5, 40, 6, os...)
	}
	rows = append(rows, line(true, tr("tech.way", "Way"), tr("tech.packets", "Packets"), tr("tech.lost", "Lost"), tr("tech.jitter", "Jitter"), tr("tech.level", "Level")))
	for _, s := range e.Streams {
		rows = append(rows, look.Rule(), line(false, s.Direction.String()+" "+s.Codec.Name, fmt.Sprint(s.Packets),
			fmt.Sprintf("%d", s.Lost), fmt.Sprintf("%.1f ms", float64(s.Jitter)/float64(time.Millisecond)), levelOf(s.Level).words))
	}
	return rows
}

// ladder is the list of messages, each an arrow between the phone and the server.
type ladder struct {
	widget.List
	chosen widget.ListItemID
}

func newLadder(p *technicalPage) *ladder {
	l := &ladder{}
	l.Length = func() int { return len(p.rows) }
	l.CreateItem = func() fyne.CanvasObject { return look.NewRung() }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < 0 || i >= len(p.rows) {
			return
		}
		r := p.rows[i]
		at := since(p.began, r.at)
		if r.kind == look.RungGap || r.at.IsZero() {
			at = ""
		}
		o.(*look.Rung).Set(r.kind, at, r.name, r.side, r.out, r.tone)
	}
	l.OnSelected = func(i widget.ListItemID) {
		l.chosen = i
		p.choose(i)
	}
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// Resize shows the chosen row once there is room: a list that has no size yet scrolls
// behind what is chosen.
func (l *ladder) Resize(size fyne.Size) {
	first := l.Size().Height == 0
	l.List.Resize(size)
	if first && size.Height > 0 && l.Length() > 0 {
		l.ScrollToTop()
		l.ScrollTo(l.chosen)
	}
}

// TypedKey leaves Escape to the window.
func (l *ladder) TypedKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeyEscape {
		l.escape(ev)
		return
	}
	switch ev.Name {
	case fyne.KeyF1, fyne.KeyF6, fyne.KeyF9:
		l.escape(ev)
		return
	}
	l.List.TypedKey(ev)
	if ev.Name == fyne.KeyUp || ev.Name == fyne.KeyDown {
		l.List.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace}) // moving chooses
	}
	canvas.Refresh(l)
}

func (l *ladder) escape(ev *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(ev)
	}
}
