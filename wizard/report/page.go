package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"iter"
	"strings"
	"time"

	"softphonedoctor/assets"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
)

// pageTemplate is the report as one page that needs nothing else: no script, no font,
// no address outside itself.
//
//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

var pageParsed = template.Must(template.New("report").Funcs(template.FuncMap{"value": func(v *float64) float64 { return *v }}).Parse(pageTemplate))

// page is what the template shows.
type page struct {
	Program, Version string
	Style            template.CSS
	in               Tongue
	Report           *Report
	Label, Tone      string // the verdict in words; ok, warn, bad or off
	Sure             string
	Situation        string
	Started          string
	View             string
	Headline         string
	Particular       string // the headline in English, where that says more
	Path             template.HTML
	Root             *diagnosis.Finding
	Fixes            []pageFixes
	Others           []pageOther
	Hint             string // where there is no finding
	Provider         string // ready for the provider
	Steps            []pageStep
	Answers          []pageStep
	Figures          Document
	Streams          []pageStream
	Measured         []Measured
	Charts           []template.HTML
	Ladder           template.HTML
	Left             int // messages that the ladder leaves out
	Messages         []pageMessage
	Clear, Unchecked []string
	Code             string
	Redacted         bool
}

// Say gives a word in the page's language, Way that for a direction, Lang its code, and
// EN the mark of what is English in all languages.
func (p *page) Say(key string) string       { return p.in.say(key) }
func (p *page) Way(direction string) string { return p.in.way(direction) }
func (p *page) Lang() string                { return p.in.code() }
func (p *page) EN() template.HTML {
	if !p.in.foreign() {
		return ""
	}
	return template.HTML(`<span class="en" title="` + template.HTMLEscapeString(p.in.say("english.only")) + `">EN</span>`) //nolint:gosec // escaped
}

type pageFixes struct {
	For   string
	Texts []pageText
}

// pageText is a text, marked where it is English in another language.
type pageText struct {
	Text    string
	English bool
}

type pageOther struct{ Title, Why, Role string }

type pageStep struct {
	At, Text string
	English  bool
}

type pageStream struct {
	Way, Route, Codec, Packets, Lost, Jitter, Gap, Level, Delay, Quality string
}

// HTML writes the report in its language as one self-contained page, light or dark as the
// reader's system is, and fit for printing. records are those that the report rests on;
// with nil there are no steps and no charts. Messages stand in it as the records of the evidence
// have them: whoever wants secrets out hands over a report of a masked tape.
func (r *Report) HTML(w io.Writer, records iter.Seq[capture.Record]) error {
	p := page{
		Program: assets.Name, Version: assets.Version, Style: template.CSS(pageStyle), Report: r, //nolint:gosec // our own file
		in: r.In, Label: r.In.verdict(r.Verdict), Tone: tones[r.Verdict], Situation: r.In.situation(r.Situation), Started: stamp(r.Started),
		View: ViewWords(r.Evidence), Path: r.In.pathStrip(r.Diagnosis.Path), Root: r.Root(),
		Provider: r.ForProvider(), Figures: r.Document(), Measured: Measurements(r.Evidence),
		Clear: r.In.causes(r.Diagnosis.Clear), Unchecked: r.In.causes(r.Diagnosis.Unchecked), Code: r.SupportCode().String(),
	}
	p.Headline, p.Particular = r.Heading()
	if r.Started.IsZero() {
		p.Started = "–"
	}
	if p.Root != nil {
		p.Sure = p.in.sure(p.Root.Certainty)
		if p.Root.Place() != diagnosis.Nowhere {
			p.Sure += " · " + p.in.place(p.Root.Place())
		}
		p.Fixes = p.in.fixes(p.Root)
	} else {
		p.Hint = p.in.say("page.hint")
	}
	for i := range r.Diagnosis.Findings {
		if f := &r.Diagnosis.Findings[i]; f != p.Root {
			p.Others = append(p.Others, pageOther{p.in.title(f), f.Why, p.in.role(f) + ", " + p.in.sure(f.Certainty)})
		}
	}
	for _, s := range p.Figures.Streams {
		p.Streams = append(p.Streams, p.in.stream(s))
	}
	if records != nil {
		p.notes(r.Started, records)
		p.Charts = r.In.charts(r.Evidence, records)
	}
	p.Ladder, p.Left = ladder(r)
	p.Messages = pageMessages(r)
	return pageParsed.Execute(w, &p)
}

var tones = map[Verdict]string{Healthy: "ok", Outcome: "ok", Problem: "bad", Inconclusive: "off"}

func (t Tongue) fixes(f *diagnosis.Finding) []pageFixes {
	var list []pageFixes
	for _, who := range []struct {
		audience diagnosis.Audience
		title    string
	}{{diagnosis.ForUser, ""}, {diagnosis.ForAdmin, t.say("page.admin")}, {diagnosis.ForProvider, t.say("page.for-provider")}} {
		x := pageFixes{For: who.title}
		for _, fix := range f.Fix {
			if fix.For == who.audience {
				text, english := t.remedy(f, who.audience, len(x.Texts), fix.Text)
				x.Texts = append(x.Texts, pageText{text, english})
			}
		}
		if len(x.Texts) > 0 {
			list = append(list, x)
		}
	}
	return list
}

func (t Tongue) causes(ids []string) []string {
	var list []string
	for _, id := range ids {
		if c, ok := diagnosis.LookupCause(id); ok {
			list = append(list, strings.TrimSuffix(t.cause(id, c.Title), ".")+" ("+id+")")
		} else {
			list = append(list, id)
		}
	}
	return list
}

// notes takes the steps, what a person said, and whether anything was left out.
func (p *page) notes(began time.Time, records iter.Seq[capture.Record]) {
	for rec := range records {
		n := rec.Note
		if n == nil {
			continue
		}
		at := fmt.Sprintf("%.1f s", n.Time.Sub(began).Seconds())
		switch n.Kind {
		case capture.KindStep:
			text, english := p.in.step(n.Text)
			p.Steps = append(p.Steps, pageStep{at, text, english})
		case capture.KindExperiment:
			p.Steps = append(p.Steps, pageStep{at, strings.TrimSpace(p.in.say("page.experiment") + ": " + n.Key + " " + n.Text), p.in.foreign()})
		case capture.KindAnswer:
			p.Answers = append(p.Answers, pageStep{At: n.Key, Text: n.Text})
		case capture.KindLimit:
			p.Redacted = p.Redacted || n.Key == capture.LimitMuted
		}
	}
}

func (t Tongue) stream(s StreamDoc) pageStream {
	figure := func(format string, v *float64) string {
		if v == nil {
			return "–"
		}
		return fmt.Sprintf(format, *v)
	}
	lost := 0.0
	if s.Expected > 0 {
		lost = 100 * float64(s.Lost) / float64(s.Expected)
	}
	row := pageStream{
		Way: t.way(s.Direction), Route: s.From + " → " + s.To, Codec: "–", Packets: fmt.Sprint(s.Packets), Lost: fmt.Sprintf("%d (%.1f %%)", s.Lost, lost),
		Jitter: figure("%.1f ms", s.JitterMS), Gap: figure("%.0f ms", s.LongestGapMS), Level: figure("%.0f dBFS", s.LevelDBFS),
		Delay: figure("%.0f ms", s.RTTMS), Quality: "–",
	}
	if s.Codec != nil {
		row.Codec = *s.Codec
	}
	if s.Quality != nil {
		row.Quality = fmt.Sprintf("%s (MOS %.2f, %s)", t.either("page."+*s.Quality, *s.Quality), *s.MOS, row.Codec)
	} else if s.RTTMS == nil {
		row.Quality = t.say("page.no-delay")
	}
	return row
}
