package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"softphonedoctor/wizard/diagnosis"
)

// Text writes the report for a terminal or a ticket: the verdict first, then
// what to do, why, and what was not looked at. Lines are wrapped at width
// columns (0: 78). It is in the report's language; the titles of what is English in all
// languages end in (EN).
func (r *Report) Text(w io.Writer, width int) error {
	return r.write(w, &printer{width: width, in: r.In})
}

// Brief is Text for a person at a terminal: it says how many causes were ruled
// out or not checked, and leaves their list to Text.
func (r *Report) Brief(w io.Writer, width int) error {
	return r.write(w, &printer{width: width, in: r.In, brief: true})
}

func (r *Report) write(w io.Writer, p *printer) error {
	if p.width <= 0 {
		p.width = 78
	}
	p.heading(r)
	if f := r.Root(); f != nil {
		p.finding(f)
	} else {
		p.clean(r)
	}
	p.others(r)
	p.path(r)
	p.figures(r)
	p.measured(r)
	p.forProvider(r)
	p.scope(r)
	p.line("\n%s: %s", p.in.say("support.code"), r.SupportCode())
	_, err := io.WriteString(w, p.b.String())
	return err
}

type printer struct {
	b     strings.Builder
	width int
	brief bool
	in    Tongue
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// para writes wrapped text with a first-line prefix; further lines are indented
// to the same column.
func (p *printer) para(prefix, text string) {
	indent := strings.Repeat(" ", len([]rune(prefix)))
	column, start := 0, prefix
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if column > 0 && column+1+n > p.width {
			p.b.WriteString("\n")
			column, start = 0, indent
		}
		if column == 0 {
			p.b.WriteString(start)
			column = len([]rune(start))
		} else {
			p.b.WriteString(" ")
			column++
		}
		p.b.WriteString(word)
		column += n
	}
	p.b.WriteString("\n")
}

var verdictWords = map[Verdict]string{
	Healthy: "HEALTHY", Outcome: "AS IT SHOULD BE", Problem: "PROBLEM FOUND", Inconclusive: "NOT ENOUGH SEEN",
}

func (p *printer) heading(r *Report) {
	for _, w := range r.Warnings {
		p.para(p.in.marked("page.note")+": ", w)
	}
	if view := ViewWords(r.Evidence); view != "" {
		p.para(p.in.mark(), view)
		p.line("")
	}
	label := p.in.verdict(r.Verdict)
	if f := r.Root(); f != nil {
		label += ", " + p.in.sure(f.Certainty)
		if f.Place() != diagnosis.Nowhere {
			label += " · " + p.in.place(f.Place())
		}
	}
	p.line("%s  (%s, %.1f s)", label, p.in.situation(r.Situation), r.Took.Seconds())
	p.line("")
	heading, particular := r.Heading()
	p.para("", heading)
	if particular != "" {
		p.para(p.in.mark(), particular)
	}
}

func (p *printer) finding(f *diagnosis.Finding) {
	for _, who := range []struct {
		audience diagnosis.Audience
		title    string
	}{
		{diagnosis.ForUser, p.in.say("result.todo")},
		{diagnosis.ForAdmin, p.in.say("page.admin")},
		{diagnosis.ForProvider, p.in.say("page.for-provider")},
	} {
		n := 0
		for _, x := range f.Fix {
			if x.For != who.audience {
				continue
			}
			text, english := p.in.remedy(f, who.audience, n, x.Text)
			if english {
				text = p.in.mark() + text
			}
			if n++; n == 1 {
				p.line("\n%s", who.title)
			}
			p.para(fmt.Sprintf("  %d. ", n), text)
		}
	}
	p.line("\n%s", p.in.marked("result.why"))
	p.para("  ", f.Why)
	for _, c := range f.Cites {
		if c.N > 0 {
			p.para("  - ", fmt.Sprintf("%s (#%d)", c.Label, c.N))
		} else {
			p.para("  - ", c.Label)
		}
	}
	if f.Overturn != "" {
		p.para("  "+p.in.say("page.overturn")+": ", f.Overturn)
	}
	for _, s := range f.Sources {
		if !p.brief {
			p.para("  "+p.in.say("page.source")+": ", s.At+" ("+p.in.say("page.looked-up")+" "+s.Looked+")")
		}
	}
	p.line("  %s: %s", p.in.say("page.cause"), f.Rule.Cause)
}

func (p *printer) clean(r *Report) {
	p.line("")
	if r.Verdict == Healthy {
		p.para("", p.in.say("page.again"))
		return
	}
	if len(r.OwnLimits()) > 0 {
		p.para(p.in.mark(), "Try the call with a phone that can do it, and let this program examine a capture of that; or allow a way that this test phone knows, in the account or at the server.")
		for _, l := range r.Diagnosis.Limits {
			for _, c := range l.Cites {
				p.para("  - ", fmt.Sprintf("%s (#%d)", c.Label, c.N))
			}
		}
		return
	}
	p.para("", p.in.say("page.hint"))
}

// others lists findings beside the root, each with what it is.
func (p *printer) others(r *Report) {
	root := r.Root()
	n := 0
	for i := range r.Diagnosis.Findings {
		f := &r.Diagnosis.Findings[i]
		if f == root {
			continue
		}
		if n++; n == 1 {
			p.line("\n%s", p.in.say("page.also"))
		}
		p.para("  - ", fmt.Sprintf("%s (%s, %s, %s)", p.in.title(f), f.Rule.Cause, p.in.role(f), p.in.sure(f.Certainty)))
		if r.Situation == Network && !f.Symptom { // where only the way was measured, such facts are what it is about
			p.para("    "+p.in.mark(), f.Why)
		}
	}
}

var arrows = map[diagnosis.State][2]string{
	diagnosis.Good:    {"──>", "<──"},
	diagnosis.Broken:  {"─X>", "<X─"},
	diagnosis.Unknown: {"··>", "<··"},
}

func (p *printer) path(r *Report) {
	var nodes [5]string
	for i, key := range [...]string{"page.microphone", "page.computer", "page.router", "page.provider-node", "page.other-side"} {
		nodes[i] = strings.ToLower(p.in.say(key))
	}
	var top, bottom strings.Builder
	for i, s := range r.Diagnosis.Path {
		gap := strings.Repeat(" ", len([]rune(nodes[i])))
		fmt.Fprintf(&top, "%s %s ", nodes[i], arrows[s.Out][0])
		fmt.Fprintf(&bottom, "%s %s ", gap, arrows[s.In][1])
	}
	p.line("\n%s  (%s)", p.in.say("page.way"), p.in.say("page.legend.text"))
	p.line("  %s%s", top.String(), nodes[4])
	p.line("  %s", strings.TrimRight(bottom.String(), " "))
}

// maxSignIns is how many sign-ins a page has room for.
const maxSignIns = 20

func (p *printer) figures(r *Report) {
	if len(r.Evidence.Registrations)+len(r.Evidence.Calls)+len(r.Rows) == 0 {
		return // nothing but measurements, if any
	}
	p.line("\n%s", p.in.marked("page.figures"))
	p.signIns(r)
	if text := hopsText(r.Evidence); text != "" {
		p.para("  ", text)
	}
	if r.Released > 0 {
		p.para("  ", fmt.Sprintf("%d calls: --call NUMBER shows the figures of one, --json those of all", len(r.Rows)))
		return
	}
	for _, c := range r.Evidence.Calls {
		text := fmt.Sprintf("call %s, answers %s", map[bool]string{true: "in", false: "out"}[c.Direction.String() == "in"], numbers(callDoc(c).Codes))
		if d, ok := c.PostDialDelay(); ok {
			text += fmt.Sprintf(", first sign after %s", short(d))
		}
		p.para("  ", text)
		for _, s := range c.Streams {
			d := streamDoc(s)
			text := fmt.Sprintf("sound %s: %d packets, %d lost (%.1f %%)", d.Direction, d.Packets, d.Lost, s.LossPercent())
			if d.JitterMS != nil {
				text += fmt.Sprintf(", jitter %.1f ms, longest gap %.0f ms", *d.JitterMS, *d.LongestGapMS)
			}
			if d.LevelDBFS != nil {
				text += fmt.Sprintf(", level %.0f dBFS", *d.LevelDBFS)
			}
			if d.RTTMS != nil {
				text += fmt.Sprintf(", there and back %.1f ms", *d.RTTMS)
			}
			if d.MOS != nil {
				text += fmt.Sprintf(", %s (R %.1f, MOS %.2f for %s)", *d.Quality, *d.RFactor, *d.MOS, *d.Codec)
			} else if d.RTTMS == nil {
				text += ", quality unknown: no report told the delay"
			}
			p.para("    ", text)
		}
	}
}

// signIns writes a line for each sign-in, one line for all that went the same way.
func (p *printer) signIns(r *Report) {
	var lines []string
	times := map[string]int{}
	for _, g := range r.Evidence.Registrations {
		d := registrationDoc(g)
		line := fmt.Sprintf("sign-in at %s over %s: answers %s", d.Server, d.Transport, numbers(d.Codes))
		if times[line]++; times[line] == 1 {
			lines = append(lines, line)
		}
	}
	written := 0
	for i, line := range lines {
		if i == maxSignIns && len(lines)-i > 1 {
			p.para("  ", fmt.Sprintf("and %d more sign-ins, which --json lists", len(r.Evidence.Registrations)-written))
			break
		}
		written += times[line]
		if n := times[line]; n > 1 {
			line += fmt.Sprintf(" (%d times)", n)
		}
		p.para("  ", line)
	}
}

// forProvider is the text for the provider, in full only: who is at a terminal asks for it.
func (p *printer) forProvider(r *Report) {
	text := r.ForProvider()
	if p.brief || text == "" {
		return
	}
	p.line("\n%s", p.in.marked("page.ready"))
	for i, part := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.line("")
		}
		p.para("  ", part)
	}
}

// scope says how far the check looked: a list where it is short, else how many.
func (p *printer) scope(r *Report) {
	for _, s := range []struct {
		title  string
		causes []string
	}{{p.in.say("page.clear"), r.Diagnosis.Clear}, {p.in.say("page.unchecked"), r.Diagnosis.Unchecked}} {
		if len(s.causes) == 0 {
			continue
		}
		p.line("")
		if p.brief {
			p.para("", p.in.count(s.title, len(s.causes)))
			continue
		}
		p.para(fmt.Sprintf("%s (%d): ", s.title, len(s.causes)), strings.Join(s.causes, ", "))
	}
}

func numbers(codes []int) string {
	if len(codes) == 0 {
		return "none"
	}
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = fmt.Sprint(c)
	}
	return strings.Join(words, " ")
}

func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
