package app

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// technicalPage shows every message as a row of a ladder, the text of the chosen
// one, and the sound streams. It is no page of its own: it stands over another.
type technicalPage struct {
	w       *Window
	view    fyne.CanvasObject
	foot    fyne.CanvasObject
	list    *ladder
	title   *look.Prose
	text    *widget.Label
	streams *fyne.Container
	network *fyne.Container
	right   *fyne.Container

	messages []*evidence.Message
	began    time.Time
	cited    map[int]bool
	chosen   int // record number of the message that is shown
}

func newTechnicalPage(w *Window) *technicalPage {
	p := &technicalPage{w: w, streams: look.Column(6), network: look.Column(4)}
	p.title = look.Text(tr("tech.none", "Nothing has been sent or received yet."), look.Strong)
	p.text = widget.NewLabel("")
	p.text.TextStyle = fyne.TextStyle{Monospace: true}
	p.text.SizeName = look.CodeSizeName
	p.text.Wrapping = fyne.TextWrapBreak
	p.text.Selectable = true
	p.list = newLadder(p)
	message := look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(14, 12, look.Column(2, p.title, p.text)))
	p.right = look.ScrolledPlain(0, look.Column(14, message, look.SlimPanel(p.streams), p.network))
	ends := look.Inset(82, 4, 14, 0, look.Row(0, 1, look.Text(tr("tech.phone", "Test phone"), look.Style{Bold: true, OneRow: true}), look.Gap(0, 0), look.Text(tr("tech.server", "Server"), look.Style{Bold: true, OneRow: true})))
	left := look.Over(look.NewSurface(look.Card, look.Line, look.Radius), look.Pad(8, 8, look.Bars(ends, look.Gap(0, 0), p.list)))
	p.view = look.Pad(24, 18, look.Halves(0.56, 16, left, p.right))

	back := look.NewButton(tr("tech.back", "Back to the plain view"), look.Primary, func() { w.technical(false) })
	all := look.NewButton(tr("tech.copy", "Copy all messages"), look.Secondary, p.copy)
	p.foot = look.Row(12, 1, all, look.Gap(0, 0), back)
	return p
}

func (p *technicalPage) body() fyne.CanvasObject   { return p.view }
func (p *technicalPage) footer() fyne.CanvasObject { return p.foot }

// fill shows what is known; it may be called again as more comes.
func (p *technicalPage) fill(e *evidence.Evidence, d *diagnosis.Diagnosis) {
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
	before := len(p.messages)
	p.messages, p.began = e.Messages, e.Began
	p.streams.Objects = streamRows(e)
	p.streams.Refresh()
	if rows := networkRows(e); len(rows) > 0 {
		p.network.Objects = []fyne.CanvasObject{look.SlimPanel(look.Column(4, rows...))}
		p.network.Refresh()
	}
	if before != len(p.messages) {
		p.list.Refresh()
		if p.chosen == 0 && len(p.messages) > 0 {
			p.list.Select(p.mostTelling())
		}
	}
	look.Rearrange(p.right)
}

// mostTelling is the row to show first: the first one that a finding cites.
func (p *technicalPage) mostTelling() int {
	for i, m := range p.messages {
		if p.cited[m.N] {
			return i
		}
	}
	return 0
}

func (p *technicalPage) choose(row int) {
	if row < 0 || row >= len(p.messages) {
		return
	}
	m := p.messages[row]
	p.chosen = m.N
	p.title.SetText(fmt.Sprintf("#%d  %s  ·  %s  ·  %s %s → %s", m.N, firstWords(m), since(p.began, m.Time), m.Net, address(m.From), address(m.To)))
	p.text.SetText(messageText(m))
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

// messageText writes a message out again, with what does not conform below it.
// What proves the password stays out: somebody may look over the shoulder or
// copy the text into a ticket.
func messageText(m *evidence.Message) string {
	if m.Message == nil {
		return ""
	}
	var b strings.Builder
	if m.IsRequest() {
		fmt.Fprintf(&b, "%s %s SIP/2.0\n", m.Method, m.URI)
	} else {
		fmt.Fprintf(&b, "SIP/2.0 %d %s\n", m.Status, m.Reason)
	}
	for _, h := range m.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h.Name, withoutProof(h.Name, h.Value))
	}
	if len(m.Body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(strings.ToValidUTF8(string(m.Body), "�"), "\r", ""))
	}
	for _, pr := range m.Problems {
		fmt.Fprintf(&b, "\n! %s: %s", pr.Where, pr.Text)
	}
	if n := len(m.Copies); n > 0 {
		fmt.Fprintf(&b, "\n! sent %d more times, the last after %s", n, since(m.Time, m.Last()))
	}
	return strings.TrimRight(b.String(), "\n")
}

// withoutProof blanks the computed answer in a header with credentials.
func withoutProof(name, value string) string {
	if name != "Authorization" && name != "Proxy-Authorization" {
		return value
	}
	i := strings.Index(strings.ToLower(value), "response=")
	if i < 0 {
		return value
	}
	rest := value[i+len("response="):]
	if j := strings.IndexByte(rest, ','); j >= 0 {
		return value[:i] + "response=\"…\"" + rest[j:]
	}
	return value[:i] + "response=\"…\""
}

func since(began, t time.Time) string { return fmt.Sprintf("%.3f s", t.Sub(began).Seconds()) }

func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

// copy puts all messages on the clipboard.
func (p *technicalPage) copy() {
	var b strings.Builder
	for _, m := range p.messages {
		fmt.Fprintf(&b, "#%d %s %s %s -> %s\n%s\n\n", m.N, since(p.began, m.Time), m.Net, address(m.From), address(m.To), messageText(m))
	}
	p.w.app.Clipboard().SetContent(b.String())
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
}

func newLadder(p *technicalPage) *ladder {
	l := &ladder{}
	l.Length = func() int { return len(p.messages) }
	l.CreateItem = func() fyne.CanvasObject { return look.NewRung() }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < 0 || i >= len(p.messages) {
			return
		}
		m := p.messages[i]
		tone := look.Accent
		switch {
		case p.cited[m.N]:
			tone = look.Bad
		case m.Message != nil && m.Status >= 200 && m.Status < 300:
			tone = look.OK
		case m.Message != nil && m.Status >= 300:
			tone = look.Warn
		}
		o.(*look.Rung).Set(since(p.began, m.Time), firstWords(m), m.Out, len(m.Copies), tone)
	}
	l.OnSelected = p.choose
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// TypedKey leaves Escape to the window.
func (l *ladder) TypedKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeyEscape {
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
