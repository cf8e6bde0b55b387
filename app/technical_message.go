package app

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// explainedRows is a message line by line: what usually matters is marked, and what
// Via and the description of the sound say stands below each of their lines.
func explainedRows(m *evidence.Message, cited bool) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, l := range diagnosis.ExplainMessage([]byte(report.BareText(m))) {
		rows = append(rows, explainedLine(l, cited))
	}
	for _, pr := range m.Problems {
		rows = append(rows, look.Notice("warning", pr.Where+": "+pr.Text, look.ToneWarn))
	}
	if n := len(m.Copies); n > 0 {
		rows = append(rows, look.Notice("info", tr("tech.copies", "Sent {{.N}} more times, the last after {{.Time}}.",
			map[string]any{"N": n, "Time": since(m.Time, m.Last())}), look.ToneWarn))
	}
	return rows
}

func explainedLine(l diagnosis.LineExplanation, cited bool) fyne.CanvasObject {
	style := look.Style{Size: look.CaptionSize, Mono: true, Color: look.Mute}
	mark := look.NewSurface("", "", 1)
	if l.Telling {
		style.Color, style.Bold = look.Ink, true
		mark.Set(look.Accent, "", 0)
		if cited {
			mark.Set(look.Bad, "", 0)
		}
	}
	column := []fyne.CanvasObject{look.Text(l.Line, style)}
	if l.Text != "" && (l.Telling || explainedAlways(l.Line)) {
		column = append(column, look.Text(l.Text, look.Caption))
	}
	return look.Marked(mark, look.Column(0, column...))
}

// explainedAlways tells the lines of which each is explained: Via, and the description
// of the sound.
func explainedAlways(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	return name == "via" || name == "v" || len(line) > 1 && line[1] == '='
}

// offerRows sets offer and answer of a call beside each other; what differs is marked.
func offerRows(c *evidence.Call) []fyne.CanvasObject {
	if c == nil || c.Offer == nil && c.Agreed == nil {
		return []fyne.CanvasObject{look.Text(tr("tech.no-offer", "No description of the sound was seen in this call."), look.Small)}
	}
	type line struct{ what, offer, answer string }
	o, a := c.Offer, c.Agreed
	get := func(m *evidence.Media, f func(*evidence.Media) string) string {
		if m == nil {
			return unknownFigure
		}
		return f(m)
	}
	var lines []line
	add := func(what string, f func(*evidence.Media) string) {
		lines = append(lines, line{what, get(o, f), get(a, f)})
	}
	add(tr("tech.sdp.who", "From"), func(m *evidence.Media) string {
		if m.Local {
			return tr("tech.phone", "Test phone")
		}
		return tr("tech.server", "Server")
	})
	add(tr("tech.sdp.address", "Sound to (c=, m=)"), func(m *evidence.Media) string { return fmt.Sprintf("%s port %d", m.Addr, m.Port) })
	add(tr("tech.sdp.proto", "Profile"), func(m *evidence.Media) string { return m.Proto })
	add(tr("tech.sdp.codecs", "Codecs"), func(m *evidence.Media) string { return strings.Join(codecNames(m), ", ") })
	add(tr("tech.sdp.direction", "Direction"), func(m *evidence.Media) string { return m.Direction })
	add(tr("tech.sdp.ptime", "Packet time"), func(m *evidence.Media) string {
		if m.PTime == 0 {
			return unknownFigure
		}
		return millis(m.PTime)
	})
	add(tr("tech.sdp.encrypted", "Encrypted"), func(m *evidence.Media) string {
		if m.Encrypted {
			return tr("yes", "yes")
		}
		return tr("no", "no")
	})
	rows := []fyne.CanvasObject{threeColumns("", tr("tech.sdp.offer", "Offer"), tr("tech.sdp.answer", "Answer"), true, false)}
	for _, l := range lines {
		rows = append(rows, look.Rule(), threeColumns(l.what, l.offer, l.answer, false, l.what != lines[0].what && l.what != lines[1].what && l.offer != l.answer && l.answer != unknownFigure))
	}
	if o != nil && a != nil {
		rows = append(rows, look.Rule(), look.Text(agreedWords(o, a), look.Caption))
	}
	return rows
}

func codecNames(m *evidence.Media) []string {
	var names []string
	for _, c := range m.Codecs {
		name := c.Name
		if name == "" {
			name = "?"
		}
		names = append(names, fmt.Sprintf("%d %s", c.PayloadType, name))
	}
	return names
}

// agreedWords says what the answer took of the offer.
func agreedWords(o, a *evidence.Media) string {
	var common []string
	for _, c := range a.Codecs {
		if c.Name != "" && slices.ContainsFunc(o.Codecs, func(x evidence.Codec) bool { return strings.EqualFold(x.Name, c.Name) }) {
			common = append(common, c.Name)
		}
	}
	if len(common) == 0 {
		return tr("tech.sdp.none", "The answer holds no codec of the offer.")
	}
	return tr("tech.sdp.common", "Both sides know: {{.List}}.", map[string]any{"List": strings.Join(common, ", ")})
}

func threeColumns(what, offer, answer string, head, differs bool) fyne.CanvasObject {
	style := look.Style{Size: look.CaptionSize, Bold: head}
	answered := style
	if differs {
		answered.Color, answered.Bold = look.BadText, true
		answer = "≠ " + answer
	}
	return look.Grid(3, 50, 8, look.Text(what, look.Style{Size: look.CaptionSize, Color: look.Mute}), look.Text(offer, style), look.Text(answer, answered))
}

// callOf is the call that a message belongs to, else the last one.
func callOf(e *evidence.Evidence, m *evidence.Message) *evidence.Call {
	if e == nil || len(e.Calls) == 0 {
		return nil
	}
	if m != nil && m.Message != nil {
		id := m.Get("Call-ID")
		for _, c := range e.Calls {
			if c.ID == id {
				return c
			}
		}
	}
	return e.Calls[len(e.Calls)-1]
}

// packetRows count what else crossed: packets of sound by stream stand in their own
// table.
func packetRows(e *evidence.Evidence) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{look.Text(tr("tech.packets.title", "Packets"), look.Strong)}
	add := func(what, n string) {
		rows = append(rows, look.Rule(), look.Grid(2, 40, 6, look.Text(what, look.Style{Size: look.CaptionSize}), look.Text(n, look.Style{Size: look.CaptionSize, Bold: true})))
	}
	copies := 0
	for _, m := range e.Messages {
		copies += len(m.Copies)
	}
	var sound uint64
	for _, s := range e.Streams {
		sound += s.Packets
	}
	add(tr("tech.packets.messages", "SIP messages"), fmt.Sprint(len(e.Messages)))
	add(tr("tech.packets.copies", "of them sent again"), fmt.Sprint(copies))
	add(tr("tech.packets.sound", "RTP packets"), fmt.Sprint(sound))
	if e.KeepAlives > 0 {
		add(tr("tech.packets.alive", "signs of life"), fmt.Sprint(e.KeepAlives))
	}
	if e.STUN > 0 {
		add("STUN", fmt.Sprint(e.STUN))
	}
	for _, u := range e.ICMP {
		add(fmt.Sprintf("#%d ICMP: %s", u.N, u.Reason), fmt.Sprintf("%s ×%d", address(u.Target), u.Count))
	}
	for i, o := range e.Odd {
		if i == 20 {
			break
		}
		add(fmt.Sprintf("#%d %s → %s", o.N, address(o.From), address(o.To)), o.Text)
	}
	return rows
}
