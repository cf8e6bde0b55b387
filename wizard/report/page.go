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
	Report           *Report
	Label, Tone      string // the verdict in words; ok, warn, bad or off
	Sure             string
	Situation        string
	Started          string
	View             string
	Headline         string
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

type pageFixes struct {
	For   string
	Texts []string
}

type pageOther struct{ Title, Why, Role string }

type pageStep struct{ At, Text string }

type pageStream struct {
	Way, Route, Codec, Packets, Lost, Jitter, Gap, Level, Delay, Quality string
}

// HTML writes the report as one self-contained page, light or dark as the reader's
// system is, and fit for printing. records are those that the report rests on; with nil
// there are no steps and no charts. Messages stand in it as the records of the evidence
// have them: whoever wants secrets out hands over a report of a masked tape.
func (r *Report) HTML(w io.Writer, records iter.Seq[capture.Record]) error {
	p := page{
		Program: assets.Name, Version: assets.Version, Style: template.CSS(pageStyle), Report: r, //nolint:gosec // our own file
		Label: verdictWords[r.Verdict], Tone: tones[r.Verdict], Situation: SituationWords(r.Situation), Started: stamp(r.Started),
		View: ViewWords(r.Evidence), Headline: r.Headline(), Path: pathStrip(r.Diagnosis.Path), Root: r.Root(),
		Provider: r.ForProvider(), Figures: r.Document(), Measured: Measurements(r.Evidence),
		Clear: causeTitles(r.Diagnosis.Clear), Unchecked: causeTitles(r.Diagnosis.Unchecked), Code: r.SupportCode().String(),
	}
	if p.Root != nil {
		p.Sure = p.Root.Certainty.String()
		if p.Root.Place() != diagnosis.Nowhere {
			p.Sure += " · " + PlaceWords(p.Root.Place())
		}
		p.Fixes = pageFixesOf(p.Root)
	} else {
		p.Hint = "Run the check while the fault happens, with an account and a number to call, or examine a capture taken at that time: only then can it be seen."
	}
	for i := range r.Diagnosis.Findings {
		if f := &r.Diagnosis.Findings[i]; f != p.Root {
			role := f.Kind().String()
			if f.Symptom {
				role = "a consequence"
			}
			p.Others = append(p.Others, pageOther{f.Title, f.Why, role + ", " + f.Certainty.String()})
		}
	}
	for _, s := range p.Figures.Streams {
		p.Streams = append(p.Streams, pageStreamOf(s))
	}
	if records != nil {
		p.notes(r.Started, records)
		p.Charts = charts(r.Evidence, records)
	}
	p.Ladder, p.Left = ladder(r)
	p.Messages = pageMessages(r)
	return pageParsed.Execute(w, p)
}

var tones = map[Verdict]string{Healthy: "ok", Outcome: "ok", Problem: "bad", Inconclusive: "off"}

func pageFixesOf(f *diagnosis.Finding) []pageFixes {
	var list []pageFixes
	for _, who := range []struct {
		audience diagnosis.Audience
		title    string
	}{{diagnosis.ForUser, ""}, {diagnosis.ForAdmin, "For the administrator"}, {diagnosis.ForProvider, "For the provider"}} {
		x := pageFixes{For: who.title}
		for _, fix := range f.Fix {
			if fix.For == who.audience {
				x.Texts = append(x.Texts, fix.Text)
			}
		}
		if len(x.Texts) > 0 {
			list = append(list, x)
		}
	}
	return list
}

func causeTitles(ids []string) []string {
	var list []string
	for _, id := range ids {
		if c, ok := diagnosis.LookupCause(id); ok {
			list = append(list, strings.TrimSuffix(c.Title, ".")+" ("+id+")")
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
			p.Steps = append(p.Steps, pageStep{at, n.Text})
		case capture.KindExperiment:
			p.Steps = append(p.Steps, pageStep{at, strings.TrimSpace("Experiment: " + n.Key + " " + n.Text)})
		case capture.KindAnswer:
			p.Answers = append(p.Answers, pageStep{n.Key, n.Text})
		case capture.KindLimit:
			p.Redacted = p.Redacted || n.Key == capture.LimitMuted
		}
	}
}

func pageStreamOf(s StreamDoc) pageStream {
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
		Way: s.Direction, Route: s.From + " → " + s.To, Codec: "–", Packets: fmt.Sprint(s.Packets), Lost: fmt.Sprintf("%d (%.1f %%)", s.Lost, lost),
		Jitter: figure("%.1f ms", s.JitterMS), Gap: figure("%.0f ms", s.LongestGapMS), Level: figure("%.0f dBFS", s.LevelDBFS),
		Delay: figure("%.0f ms", s.RTTMS), Quality: "–",
	}
	if s.Codec != nil {
		row.Codec = *s.Codec
	}
	if s.Quality != nil {
		row.Quality = fmt.Sprintf("%s (MOS %.2f for %s)", *s.Quality, *s.MOS, row.Codec)
	} else if s.RTTMS == nil {
		row.Quality = "unknown: no report told the delay"
	}
	return row
}
