package diagnosis

import (
	"cmp"
	"slices"

	"softphonedoctor/wizard/evidence"
)

// Tally puts the judgements of many calls together, one after the other, so that none of
// their evidence has to be kept: what Of says of all evidence at once, but that nothing of
// one call explains or excuses another. The zero value is ready.
type Tally struct {
	groups   map[sameness]*tallied
	clear    map[string]bool
	open     map[string]bool // could have been looked for in some call, and was not told
	path     [2][4]Segment   // of calls in which our phone has no part, and of those in which it has
	ours     int             // 1: there are such
	broken   [4]Segment      // by what was found in any call
	limits   []Limit
	unseen   map[sameness]*tallied
	provider string
	from     int // the place of whose provider it is
}

// tallied is what several calls have in common.
type tallied struct {
	Finding
	from  int // the place of the call that speaks
	cites []talliedCite
}

type talliedCite struct {
	Cite
	from int
}

// maxLimits is how many calls are named that failed for lacks of our own phone.
const maxLimits = 64

// Add takes the judgement of one call, or of what belongs to none. The place, its number
// among all, decides what speaks where several say the same; they may come in any order.
func (t *Tally) Add(place int, e *evidence.Evidence, d Diagnosis) {
	if t.groups == nil {
		t.groups, t.unseen = map[sameness]*tallied{}, map[sameness]*tallied{}
		t.clear, t.open = map[string]bool{}, map[string]bool{}
	}
	for i := range d.Findings {
		addFinding(t.groups, place, &d.Findings[i])
	}
	for i := range d.Unseen {
		addFinding(t.unseen, place, &d.Unseen[i])
	}
	for _, cause := range d.Clear {
		t.clear[cause] = true
	}
	for _, cause := range d.Unchecked {
		if i, ok := tablePlaces[cause]; ok && table[i].applies(e) {
			t.open[cause] = true
		}
	}
	ours := 0
	if slices.ContainsFunc(e.Calls, func(c *evidence.Call) bool { return c.Touches }) {
		ours, t.ours = 1, 1
	}
	path := &t.path[ours]
	for i, s := range d.Path {
		path[i].Out, path[i].In = worse(path[i].Out, s.Out), worse(path[i].In, s.In)
		if s.Out == Broken {
			t.broken[i].Out = Broken
		}
		if s.In == Broken {
			t.broken[i].In = Broken
		}
	}
	if len(t.limits) < maxLimits {
		t.limits = append(t.limits, d.Limits...)
	}
	if d.Provider != "" && (t.provider == "" || place < t.from) {
		t.provider, t.from = d.Provider, place
	}
}

// worse is what two calls together show of a segment.
func worse(a, b State) State { return max(a, b) }

func addFinding(groups map[sameness]*tallied, place int, f *Finding) {
	key := sameness{f.Rule.Cause, f.Symptom, f.Kind(), f.Place(), f.Direction, plain(f.Args["code"])}
	g := groups[key]
	switch {
	case g == nil:
		g = &tallied{Finding: *f, from: place}
		groups[key] = g
	case f.Certainty > g.Certainty || f.Certainty == g.Certainty && place < g.from:
		g.Finding, g.from = *f, place
	}
	for _, c := range f.Cites {
		if !slices.ContainsFunc(g.cites, func(o talliedCite) bool { return c.N != 0 && o.N == c.N }) {
			g.cites = append(g.cites, talliedCite{c, place})
		}
	}
	if len(g.cites) > 2*maxCites {
		g.trim()
	}
}

// trim keeps the first proofs.
func (g *tallied) trim() {
	slices.SortStableFunc(g.cites, func(a, b talliedCite) int {
		return cmp.Or(boolOrder(a.from != g.from, b.from != g.from), cmp.Compare(a.from, b.from))
	})
	g.cites = g.cites[:min(len(g.cites), maxCites)]
}

// Diagnosis is the judgement of all that was added.
func (t *Tally) Diagnosis() Diagnosis {
	d := Diagnosis{Findings: inOrder(t.groups), Unseen: inOrder(t.unseen), Path: t.path[t.ours], Limits: t.limits, Provider: t.provider}
	for i, s := range t.broken {
		d.Path[i].Out, d.Path[i].In = worse(d.Path[i].Out, s.Out), worse(d.Path[i].In, s.In)
	}
	found := map[string]bool{}
	for _, f := range d.Findings {
		found[f.Rule.Cause] = true
	}
	for i := range table {
		switch cause := table[i].Cause; {
		case found[cause]:
		case t.clear[cause] && !t.open[cause]:
			d.Clear = append(d.Clear, cause)
		default:
			d.Unchecked = append(d.Unchecked, cause)
		}
	}
	return d
}

// inOrder gives the findings of groups as merge orders them.
func inOrder(groups map[sameness]*tallied) []Finding {
	list := make([]*tallied, 0, len(groups))
	for _, g := range groups {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *tallied) int {
		return cmp.Or(
			boolOrder(a.Symptom, b.Symptom),
			cmp.Compare(a.Kind(), b.Kind()),
			cmp.Compare(b.Certainty, a.Certainty),
			cmp.Compare(tablePlaces[a.Rule.Cause], tablePlaces[b.Rule.Cause]),
			cmp.Compare(a.from, b.from),
			cmp.Compare(a.Place(), b.Place()),
			cmp.Compare(a.Direction, b.Direction),
		)
	})
	var out []Finding
	for _, g := range list {
		g.trim()
		f := g.Finding
		f.Cites = nil
		for _, c := range g.cites {
			f.Cites = append(f.Cites, c.Cite)
		}
		out = append(out, f)
	}
	return out
}

// tablePlaces is where each cause stands in the table.
var tablePlaces = func() map[string]int {
	places := make(map[string]int, len(table))
	for i := range table {
		places[table[i].Cause] = i
	}
	return places
}()
