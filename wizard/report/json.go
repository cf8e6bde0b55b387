package report

import (
	"math"
	"strconv"
	"time"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

var pathNodes = [5]string{"microphone", "computer", "router", "provider", "other-side"}

// callDocs lists the calls, with their verdicts where there are several.
func (r *Report) callDocs() []CallDoc {
	docs := []CallDoc{}
	for i := range r.Rows {
		docs = append(docs, r.Rows[i].Document())
	}
	if len(docs) == 0 {
		for _, c := range r.Evidence.Calls {
			docs = append(docs, callDoc(c))
		}
	}
	return docs
}

// streamDocs lists the streams: of a long capture those of its calls in their order, and
// then those of no call.
func (r *Report) streamDocs() []StreamDoc {
	docs := []StreamDoc{}
	if r.Released > 0 {
		for i := range r.Rows {
			docs = append(docs, r.Rows[i].Streams...)
		}
		docs = append(docs, r.Loose...)
	}
	for _, s := range r.Evidence.Streams {
		if r.Released == 0 || s.CallID == "" {
			docs = append(docs, streamDoc(s))
		}
	}
	return docs
}

func findingDocs(findings []diagnosis.Finding) []FindingDoc {
	docs := []FindingDoc{}
	for i := range findings {
		f := &findings[i]
		doc := FindingDoc{
			Cause: f.Rule.Cause, Kind: f.Kind().String(), Where: string(f.Place()),
			Direction: f.Direction.String(), Certainty: f.Certainty.String(), Symptom: f.Symptom,
			Title: f.Title, Why: f.Why, Overturn: f.Overturn,
			Fix: []RemedyDoc{}, Cites: []CiteDoc{}, Args: f.Args, Sources: f.Sources,
		}
		if f.Said != nil {
			doc.ProviderSays = (*SaysDoc)(f.Said)
		}
		if doc.Sources == nil {
			doc.Sources = []diagnosis.Source{}
		}
		if doc.Args == nil {
			doc.Args = map[string]any{}
		}
		for _, x := range f.Fix {
			doc.Fix = append(doc.Fix, RemedyDoc{For: string(x.For), Text: x.Text})
		}
		for _, c := range f.Cites {
			doc.Cites = append(doc.Cites, CiteDoc(c))
		}
		docs = append(docs, doc)
	}
	return docs
}

func registrationDoc(g *evidence.Registration) RegistrationDoc {
	doc := RegistrationDoc{Server: g.Server.String(), Transport: g.Net.String(), Codes: g.Codes()}
	if doc.Codes == nil {
		doc.Codes = []int{}
	}
	if len(g.Transactions) == 0 {
		return doc
	}
	first, last := g.Transactions[0], g.Last()
	final := last.Final()
	if final == nil {
		return doc
	}
	doc.MS = ms(final.Time.Sub(first.Request.Time))
	if final.Status >= 300 {
		return doc
	}
	if g, ok := granted(g); ok {
		s := g.Seconds()
		doc.GrantedS = &s
	}
	n := len(final.Contacts())
	doc.Bindings = &n
	return doc
}

func callDoc(c *evidence.Call) CallDoc {
	doc := CallDoc{ID: c.ID, Direction: c.Direction.String(), Codes: []int{}, Answered: c.Answer != nil, From: c.From, To: c.To}
	if t := Began(c); !t.IsZero() {
		t = t.UTC()
		doc.Started = &t
	}
	if c.Answer != nil {
		s := math.Round(c.Duration().Seconds()*1000) / 1000
		doc.Seconds = &s
	}
	for _, t := range c.Transactions {
		if t.Method != "INVITE" {
			continue
		}
		for _, m := range t.Responses {
			doc.Codes = append(doc.Codes, m.Status)
		}
	}
	if d, ok := c.PostDialDelay(); ok {
		doc.PostDialDelayMS = ms(d)
	}
	if c.Progress != nil {
		doc.RingingMS = ms(c.RingingTime())
	}
	return doc
}

func streamDoc(s *evidence.Stream) StreamDoc {
	doc := StreamDoc{
		Direction: s.Direction.String(), From: s.From.String(), To: s.To.String(), SSRC: s.SSRC,
		Packets: s.Packets, Expected: s.Expected, Lost: s.Lost, Late: s.Late,
		Duplicate: s.Duplicate, Reordered: s.Reordered,
	}
	if s.Codec.Name != "" {
		name := s.Codec.Name
		doc.Codec = &name
	}
	if s.Packets > 1 {
		doc.JitterMS, doc.MaxJitterMS = known(s.Jitter), known(s.MaxJitter)
		doc.LongestGapMS = known(s.LongestGap)
	}
	level := s.Level
	if !level.Known {
		level = s.EarlyLevel
	}
	if level.Known {
		v := math.Round(level.DBFS*10) / 10
		doc.LevelDBFS = &v
	}
	doc.RTTMS = ms(s.RTT)
	if s.PlayoutDelay > 0 {
		n := s.Unplayed // a row must not hold on to the stream
		doc.Unplayed, doc.PlayoutDelayMS = &n, ms(s.PlayoutDelay)
	}
	if q := s.Quality; q.Known {
		r, mos, word := math.Round(q.R*10)/10, math.Round(q.MOS*100)/100, q.Word()
		doc.RFactor, doc.MOS, doc.Quality = &r, &mos, &word
	}
	return doc
}

// ms gives milliseconds to the microsecond, nil for 0: not measured.
func ms(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return known(d)
}

// known is ms where 0 is a measurement too.
func known(d time.Duration) *float64 {
	v := math.Round(float64(d)/float64(time.Microsecond)) / 1000
	return &v
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// granted is the lifetime that the server gave our binding with its last answer:
// the expires parameter of our Contact, else the Expires header (RFC 3261 10.2.4).
func granted(r *evidence.Registration) (time.Duration, bool) {
	t := r.Last()
	f := t.Final()
	if f == nil || f.Status >= 300 {
		return 0, false
	}
	ours := t.Request.Contacts()
	for _, c := range f.Contacts() {
		if len(ours) > 0 && c.URI.User == ours[0].URI.User {
			if s, err := strconv.Atoi(c.Params.Get("expires")); err == nil {
				return time.Duration(s) * time.Second, true
			}
		}
	}
	return f.Expires()
}
