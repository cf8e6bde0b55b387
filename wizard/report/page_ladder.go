package report

import (
	"fmt"
	"html/template"
	"net/netip"
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// The ladder shows this many messages and machines; the rest is counted.
const (
	maxRungs = 300
	maxRails = 6
)

// pageMessage is a message with its text.
type pageMessage struct {
	N                     int
	At, First, Route, Net string
	Text                  string
	Cited                 bool
}

// citedBy lists the records that a finding cites.
func citedBy(r *Report) map[int]bool {
	cited := map[int]bool{}
	for _, f := range r.Diagnosis.Findings {
		for _, c := range f.Cites {
			cited[c.N] = true
		}
	}
	return cited
}

// rungs are the messages to draw: all of them, or those around what findings cite.
func rungs(r *Report) []*evidence.Message {
	all := r.Evidence.Messages
	if len(all) <= maxRungs {
		return all
	}
	cited := citedBy(r)
	first := max(0, slices.IndexFunc(all, func(m *evidence.Message) bool { return cited[m.N] })-maxRungs/4)
	return all[first:min(len(all), first+maxRungs)]
}

// ladder draws who sent what to whom, a row each, and tells how many are left out.
func ladder(r *Report) (template.HTML, int) {
	list := rungs(r)
	if len(list) == 0 {
		return "", 0
	}
	var rails []netip.Addr
	if s := r.Evidence.Subject.Addr; s.IsValid() {
		rails = append(rails, s.Addr())
	}
	for _, m := range list {
		for _, a := range []netip.Addr{m.From.Addr(), m.To.Addr()} {
			if !slices.Contains(rails, a) && len(rails) < maxRails {
				rails = append(rails, a)
			}
		}
	}
	same := len(rails) == 1 // phone and server on one machine: its ports tell them apart
	if same {
		rails = append(rails, rails[0])
	}
	cited := citedBy(r)
	const left, row = 150, 30
	gap := (1000 - left - 100) / (len(rails) - 1)
	x := func(a netip.AddrPort, out bool) int {
		if same {
			if out {
				return left
			}
			return left + gap
		}
		i := slices.Index(rails, a.Addr())
		if i < 0 {
			i = len(rails) - 1
		}
		return left + i*gap
	}
	height := 50 + row*len(list)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="ladder" viewBox="0 0 1000 %d" role="img" aria-label="%s">`, height, template.HTMLEscapeString(r.In.say("page.ladder")))
	for i, a := range rails {
		name := a.String()
		if same {
			name = []string{r.In.say("page.test-phone"), r.In.say("page.server")}[i]
		} else if i == 0 && r.Evidence.Subject.Addr.IsValid() {
			name += " (" + r.In.say("page.phone") + ")"
		}
		fmt.Fprintf(&b, `<text class="rail" x="%d" y="18">%s</text><path class="railline" d="M%d 28 V%d"/>`, left+i*gap, template.HTMLEscapeString(name), left+i*gap, height-8)
	}
	for i, m := range list {
		y := 52 + row*i
		from, to := x(m.From, m.Out), x(m.To, !m.Out)
		class := "ask"
		switch {
		case cited[m.N]:
			class = "cited"
		case m.Message != nil && m.Status >= 300:
			class = "no"
		case m.Message != nil && m.Status >= 200:
			class = "yes"
		}
		words := firstLine(m)
		if k := len(m.Copies); k > 0 {
			words += fmt.Sprintf("  (%d×)", k+1)
		}
		head := 8
		if from > to {
			head = -8
		}
		fmt.Fprintf(&b, `<a href="#m%d" class="%s"><text class="at" x="0" y="%d">%.3f s</text><text class="n" x="72" y="%d">#%d</text>`, m.N, class, y+4, m.Time.Sub(r.Started).Seconds(), y+4, m.N)
		if from == to {
			fmt.Fprintf(&b, `<circle class="head" cx="%d" cy="%d" r="4"/><text class="words" x="%d" y="%d">%s</text></a>`, from, y, from+60, y+4, template.HTMLEscapeString(words))
			continue
		}
		fmt.Fprintf(&b, `<path class="shaft" d="M%d %d H%d"/><path class="head" d="M%d %d l%d 4.5 l0 -9 z"/><text class="words" x="%d" y="%d">%s</text></a>`,
			from, y, to-head, to, y, -head, (from+to)/2, y-5, template.HTMLEscapeString(words))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()), len(r.Evidence.Messages) - len(list) //nolint:gosec // what comes from outside is escaped
}

// firstLine names a message as a ladder does: "INVITE", "180 Ringing".
func firstLine(m *evidence.Message) string {
	switch {
	case m.Message == nil:
		return "?"
	case m.IsRequest():
		return m.Method
	}
	text := fmt.Sprintf("%d %s", m.Status, m.Reason)
	if cut := []rune(text); len(cut) > 48 {
		text = string(cut[:47]) + "…"
	}
	return text
}

func pageMessages(r *Report) []pageMessage {
	cited := citedBy(r)
	var list []pageMessage
	for _, m := range rungs(r) {
		list = append(list, pageMessage{
			N: m.N, At: fmt.Sprintf("%.3f s", m.Time.Sub(r.Started).Seconds()), First: firstLine(m), Net: m.Net.String(),
			Route: m.From.String() + " → " + m.To.String(), Text: MessageText(m), Cited: cited[m.N],
		})
	}
	return list
}

// BareText writes a message out again, without what proves a password or is one and
// without keys of encrypted sound (capture.Bare): somebody may look over the shoulder, or
// copy the text into a ticket.
func BareText(m *evidence.Message) string {
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
		fmt.Fprintf(&b, "%s: %s\n", h.Name, h.Value)
	}
	if len(m.Body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.ReplaceAll(strings.ToValidUTF8(string(m.Body), "\uFFFD"), "\r", ""))
	}
	return strings.TrimRight(string(capture.Bare([]byte(b.String()))), "\n")
}

// MessageText is BareText with what does not conform below it, and how often the message
// was sent.
func MessageText(m *evidence.Message) string {
	if m.Message == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(BareText(m))
	for _, pr := range m.Problems {
		fmt.Fprintf(&b, "\n! %s: %s", pr.Where, pr.Text)
	}
	if n := len(m.Copies); n > 0 {
		fmt.Fprintf(&b, "\n! sent %d more times, the last after %.3f s", n, m.Last().Sub(m.Time).Seconds())
	}
	return b.String()
}
