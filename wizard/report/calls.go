package report

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// CallRow is one of several calls with its own verdict, small enough to be kept for
// each call of a long capture.
type CallRow struct {
	Call     CallDoc     // without what the fields below hold
	Streams  []StreamDoc // its sound
	Verdict  Verdict
	Headline string
	Findings []diagnosis.Finding
	// Cause is what the verdict rests on, "" without one.
	Cause string
	// Code is the final answer by which the call failed, from By; 0 when it was answered
	// or ended without an answer.
	Code int
	By   netip.Addr
	// On is the Call-ID of the earlier call of which this is a further leg: a server took
	// that one and made this one out of it. "" for a call of its own.
	On string

	leg evidence.Leg
}

// Row makes the row of a call from the report about it alone. It holds nothing of the
// evidence.
func Row(c *evidence.Call, r *Report) CallRow {
	row := CallRow{Call: callDoc(c), Verdict: r.Verdict, Headline: same(r.Headline()), leg: evidence.LegOf(c)}
	row.Call.ID, row.Call.Direction = strings.Clone(c.ID), same(row.Call.Direction)
	row.Call.From, row.Call.To = same(c.From), same(c.To)
	for _, s := range c.Streams {
		d := streamDoc(s)
		d.From, d.To, d.Direction = same(d.From), same(d.To), same(d.Direction)
		if d.Codec != nil {
			codec := same(*d.Codec)
			d.Codec = &codec
		}
		row.Streams = append(row.Streams, d)
	}
	for _, f := range r.Diagnosis.Findings {
		row.Findings = append(row.Findings, ownFinding(f))
	}
	if f := r.Root(); f != nil {
		row.Cause = f.Rule.Cause
	}
	if f := c.Final; c.Answer == nil && f != nil && f.Status >= 300 {
		row.Code, row.By = f.Status, f.From.Addr()
	}
	return row
}

// same gives a text that many calls share once for all of them, and never as a part of
// a message, which would then be kept.
func same(s string) string {
	slot := &shared[maphash.String(sharedSeed, s)%uint64(len(shared))]
	if known := slot.Load(); known != nil && *known == s {
		return *known
	}
	own := strings.Clone(s)
	slot.Store(&own)
	return own
}

// shared holds the texts that came last, one in each place: more than that is not worth
// a search.
var (
	shared     [1024]atomic.Pointer[string]
	sharedSeed = maphash.MakeSeed()
)

// ownFinding is a finding that holds on to no message.
func ownFinding(f diagnosis.Finding) diagnosis.Finding {
	f.Title, f.Why, f.Overturn, f.CallID = same(f.Title), same(f.Why), same(f.Overturn), strings.Clone(f.CallID)
	f.Cites = slices.Clone(f.Cites)
	for i := range f.Cites {
		f.Cites[i].Label = same(f.Cites[i].Label)
	}
	f.Fix = slices.Clone(f.Fix)
	for i := range f.Fix {
		f.Fix[i].Text = same(f.Fix[i].Text)
	}
	f.Args = maps.Clone(f.Args)
	for k, v := range f.Args {
		if text, ok := v.(string); ok {
			f.Args[k] = same(text)
		}
	}
	return f
}

// JoinLegs tells of rows, in the order of their calls, which are further legs of others.
func JoinLegs(rows []CallRow) {
	legs := make([]evidence.Leg, len(rows))
	for i := range rows {
		legs[i] = rows[i].leg
	}
	for i, first := range evidence.JoinLegs(legs) {
		if first >= 0 {
			rows[i].On = rows[first].Call.ID
		}
	}
}

// Whole says in one or two sentences how several calls went: "7 of 9 calls fail with
// 503 from 198.51.100.20." It is "" for less than two calls.
func Whole(rows []CallRow) string {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r CallRow) bool { return r.On != "" })
	if len(rows) < 2 {
		return ""
	}
	of := map[Verdict][]CallRow{}
	for _, r := range rows {
		of[r.Verdict] = append(of[r.Verdict], r)
	}
	rest := []struct {
		verdict   Verdict
		one, many string
	}{
		{Healthy, "went well", "went well"},
		{Outcome, "ended as it should", "ended as they should"},
		{Inconclusive, "shows too little to say", "show too little to say"},
	}
	for _, x := range rest { // all alike
		if n := len(of[x.verdict]); n == len(rows) {
			return fmt.Sprintf("All %d calls %s.", n, x.many)
		}
	}
	var parts []string
	for _, x := range rest {
		if n := len(of[x.verdict]); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, plural(n, x.one, x.many)))
		}
	}
	others := strings.Join(parts, ", ") + "."
	faults := of[Problem]
	switch {
	case len(faults) == 0:
		return fmt.Sprintf("Of %d calls %s", len(rows), others)
	case len(faults) == len(rows):
		return alike(faults, len(rows))
	}
	return alike(faults, len(rows)) + " Of the others " + others
}

// maxAlike is how many kinds of faults are told apart in words.
const maxAlike = 3

// alike tells what calls have in common that have faults, the most frequent first.
func alike(faults []CallRow, all int) string {
	type kind struct {
		first int // in order, to settle a tie
		n     int
		row   CallRow
	}
	kinds := map[string]*kind{}
	for i, r := range faults {
		key := fmt.Sprint(r.Code, r.By, r.Headline)
		if r.Code != 0 {
			key = fmt.Sprint(r.Code, r.By)
		}
		if kinds[key] == nil {
			kinds[key] = &kind{first: i, row: r}
		}
		kinds[key].n++
	}
	list := make([]*kind, 0, len(kinds))
	for _, k := range kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *kind) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.first, b.first)) })
	var b strings.Builder
	for i, k := range list {
		if i == maxAlike {
			left := 0
			for _, x := range list[i:] {
				left += x.n
			}
			fmt.Fprintf(&b, "; %d %s", left, plural(left, "has another fault", "have other faults"))
			break
		}
		count := fmt.Sprint(k.n)
		switch {
		case i > 0:
			b.WriteString("; ")
		case k.n == all:
			count = fmt.Sprintf("All %d calls", all)
		default:
			count = fmt.Sprintf("%d of %d calls", k.n, all)
		}
		if k.row.Code != 0 {
			fmt.Fprintf(&b, "%s %s with %d from %s", count, plural(k.n, "fails", "fail"), k.row.Code, k.row.By)
		} else {
			fmt.Fprintf(&b, "%s %s this fault: %s", count, plural(k.n, "has", "have"), strings.TrimSuffix(k.row.Headline, "."))
		}
	}
	return b.String() + "."
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Document gives the row's JSON form.
func (r *CallRow) Document() CallDoc {
	d := r.Call
	findings := findingDocs(r.Findings)
	d.Verdict, d.Headline, d.Findings = r.Verdict, r.Headline, &findings
	if r.Code != 0 {
		d.FailedWith, d.FailedBy = &r.Code, r.By.String()
	}
	d.LegOf = r.On
	return d
}

// Began is when the call's first message was seen, zero when that is not known.
func (r *CallRow) Began() time.Time {
	if r.Call.Started == nil {
		return time.Time{}
	}
	return *r.Call.Started
}

// Line writes the row for a terminal: what happened, between whom, and how it ended.
func (r *CallRow) Line() string {
	c := &r.Call
	at := "        "
	if c.Started != nil {
		at = c.Started.Format(time.TimeOnly)
	}
	text := fmt.Sprintf("%s  %-12s  %-4s %s → %s  %s", at, r.Verdict, c.Direction, c.From, c.To, r.Headline)
	if r.On != "" {
		text += fmt.Sprintf("  (a further leg of %s)", r.On)
	}
	return text
}

// Began is when a call's first message was seen, zero when that is not known.
func Began(c *evidence.Call) time.Time {
	if c.First != nil {
		return c.First.Time
	}
	for _, m := range []*evidence.Message{c.Trying, c.Progress, c.Final} {
		if m != nil {
			return m.Time
		}
	}
	return time.Time{}
}
