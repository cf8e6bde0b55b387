package diagnosis

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"softphonedoctor/wizard/evidence"
)

// table is every rule in the order in which equal findings stand.
var table = slices.Concat(
	registrationRules,
	displacedRules,
	lookupRules,
	transportRules,
	serverRules,
	providerRules,
	algRules,
	natRules,
	routerRules,
	networkRules,
	refusalRules,
	codecRules,
	progressRules,
	answeringRules,
	incomingRules,
	onewayInRules,
	onewayOutRules,
	dropRules,
	qualityRules,
	levelRules,
	soundRules,
	usualRules,
)

// Rules lists every rule in table order. The slice is the caller's.
func Rules() []Rule { return slices.Clone(table) }

// Knows tells whether a rule finds this cause.
func Knows(cause string) bool {
	_, ok := tablePlaces[cause]
	return ok
}

// Of judges the evidence. It is pure and never panics: a rule that cannot cope
// with some evidence counts as unchecked.
func Of(e *evidence.Evidence, d Dictionary) Diagnosis { return judge(table, tableExplainers, e, d) }

// tableExplainers is what explains what among all rules.
var tableExplainers = explainers(table)

// judged is a hit with the rule that made it and its place in the table.
type judged struct {
	Hit
	rule    *Rule
	at      int
	symptom bool
}

// group is hits of one rule that say the same thing.
type group []judged

func (j *judged) kind() Kind {
	if j.Kind != 0 {
		return j.Kind
	}
	return j.rule.Kind
}

func (j *judged) place() Where {
	if j.Where != "" {
		return j.Where
	}
	return j.rule.Where
}

func judge(rules []Rule, explained map[string][]string, e *evidence.Evidence, d Dictionary) Diagnosis {
	var out Diagnosis
	if e == nil {
		e = &evidence.Evidence{}
	}
	d.memo = &memo{of: e, calls: make(map[*evidence.Call]decided, len(e.Calls))}
	defer d.memo.judging()()
	var hits []judged
	causes := make([]string, len(rules)) // from the front what is clear, from the back what is not checked
	cleared, unchecked := 0, len(rules)
	for i := range rules {
		r := &rules[i]
		found, checked := r.run(e, d)
		for _, h := range found {
			hits = append(hits, judged{Hit: h, rule: r, at: i})
		}
		switch {
		case len(found) > 0:
		case checked:
			causes[cleared] = r.Cause
			cleared++
		default:
			unchecked--
			causes[unchecked] = r.Cause
		}
	}
	if cleared > 0 {
		out.Clear = causes[:cleared:cleared]
	}
	if unchecked < len(causes) {
		out.Unchecked = causes[unchecked:]
		slices.Reverse(out.Unchecked)
	}
	out.Limits = ownLimits(e)
	hits = out.excuse(hits)
	hits = out.fromHere(hits, e.Vantage)
	markSymptoms(explained, hits, e)
	for _, g := range merge(hits, e.Situation) {
		out.Findings = append(out.Findings, g.finding())
	}
	d.advise(out.Findings)
	out.Provider = d.Provider
	out.Path = safePath(e, out.Findings)
	out.pathFromHere(e.Vantage)
	return out
}

// safePath is pathOf, with an unknown path for evidence that it cannot cope with.
func safePath(e *evidence.Evidence, findings []Finding) (p [4]Segment) {
	defer func() {
		if recover() != nil {
			p = [4]Segment{}
		}
	}()
	return pathOf(e, findings)
}

// applies tells that the evidence holds what the rule looks at.
func (r *Rule) applies(e *evidence.Evidence) bool {
	return e.Have.Has(r.Needs) && (r.Either == 0 || e.Have&r.Either != 0) && r.Check != nil
}

// run gives the rule's real hits, and whether the cause could be looked for at all.
func (r *Rule) run(e *evidence.Evidence, d Dictionary) (hits []Hit, checked bool) {
	if !r.applies(e) {
		return nil, false
	}
	defer func() {
		if recover() != nil {
			hits, checked = nil, false
		}
	}()
	checked = true
	for _, h := range r.Check(e, d) {
		if h.Certainty == 0 {
			checked = false
			continue
		}
		hits = append(hits, h)
	}
	if len(hits) == 0 && checked {
		checked = r.RuledOut != nil && r.RuledOut(e, d)
	}
	return hits, checked
}

// markSymptoms puts hits into the shadow of what explains them. Hits about
// different calls do not explain each other, a mere hint explains nothing, a
// guess does not overrule a proof, and what broke the sign-in explains nothing
// that happened while it held.
func markSymptoms(explained map[string][]string, hits []judged, e *evidence.Evidence) {
	for i := range hits {
		h := &hits[i]
		for j := range hits {
			g := &hits[j]
			if i == j || !slices.Contains(explained[h.rule.Cause], g.rule.Cause) || g.kind() == Hint && h.kind() != Hint {
				continue
			}
			if h.CallID != "" && g.CallID != "" && h.CallID != g.CallID {
				continue
			}
			if g.Certainty == Possible && h.Certainty == Confirmed || h.inSpiteOf(g.rule.Cause, e) {
				continue
			}
			h.symptom = true
			break
		}
	}
}

// inSpiteOf tells that a hit about a call, or about what a person said of one,
// cannot come from a sign-in that failed for this cause: its proof falls into the
// time of one that was accepted. Where the way is in question and not the account,
// an answer has to have come as well.
func (j *judged) inSpiteOf(cause string, e *evidence.Evidence) bool {
	if len(j.Cites) == 0 || !slices.Contains(noService, cause) && cause != "computer-sleeps" {
		return false
	}
	n := j.Cites[0].N
	if _, answered := j.Args["code"]; !answered && slices.Contains(unheardCauses, cause) {
		return false
	}
	if j.CallID == "" && !slices.ContainsFunc(slices.Collect(maps.Values(e.Answers)), func(a evidence.Answer) bool { return a.N == n }) {
		return false
	}
	return signedInAt(e, n)
}

// explainers gives for each cause all causes that explain it, also through
// others. A test holds that no cause explains itself that way.
func explainers(rules []Rule) map[string][]string {
	direct := make(map[string][]string, len(rules))
	for i := range rules {
		direct[rules[i].Cause] = append(direct[rules[i].Cause], rules[i].ExplainedBy...)
	}
	all := make(map[string][]string, len(rules))
	for cause := range direct {
		seen := map[string]bool{cause: true}
		todo := slices.Clone(direct[cause])
		for len(todo) > 0 {
			next := todo[0]
			todo = todo[1:]
			if seen[next] {
				continue
			}
			seen[next] = true
			all[cause] = append(all[cause], next)
			todo = append(todo, direct[next]...)
		}
	}
	return all
}

// sameness is what hits have in common that say the same thing.
type sameness struct {
	cause   string
	symptom bool
	kind    Kind
	where   Where
	dir     evidence.Direction
	code    any
}

// merge puts hits that say the same thing about several calls together, the
// surest first, and brings the groups into the order of findings. Among equals
// what can show itself as the complaint under test comes first.
func merge(hits []judged, situation string) []group {
	var groups []group
	index := map[sameness]int{}
	for _, h := range hits {
		key := sameness{h.rule.Cause, h.symptom, h.kind(), h.place(), h.Direction, plain(h.Args["code"])}
		at, ok := index[key]
		if !ok {
			at = len(groups)
			index[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], h)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b judged) int { return cmp.Compare(b.Certainty, a.Certainty) })
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		x, y := &a[0], &b[0]
		return cmp.Or(
			boolOrder(x.symptom, y.symptom),
			cmp.Compare(x.kind(), y.kind()),
			cmp.Compare(y.Certainty, x.Certainty),
			boolOrder(!complained(x.rule.Cause, situation), !complained(y.rule.Cause, situation)),
			cmp.Compare(x.at, y.at),
		)
	})
	return groups
}

// complained tells that a cause can show itself as this complaint.
func complained(cause, situation string) bool {
	if situation == "" {
		return false
	}
	c, ok := LookupCause(cause)
	return ok && slices.Contains(c.Situations, situation)
}

// plain keeps only what can be a map key: a Check may put anything into Args.
func plain(v any) any {
	switch v.(type) {
	case int, string:
		return v
	}
	return nil
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// maxCites is how many proofs one finding carries: more would hide the first ones.
const maxCites = 24

// finding makes one finding of hits that say the same; the first one speaks.
func (g group) finding() Finding {
	first := g[0]
	f := Finding{Rule: first.rule, Symptom: first.symptom, Hit: first.Hit}
	f.Cites = nil
	seen := map[int]bool{}
	for _, h := range g {
		for _, c := range h.Cites {
			if c.N != 0 && seen[c.N] || len(f.Cites) == maxCites {
				continue
			}
			seen[c.N] = true
			f.Cites = append(f.Cites, c)
		}
	}
	if f.Said != nil {
		f.Sources = []Source{f.Said.Source}
	}
	f.fill()
	if f.Said != nil && !strings.Contains(f.Why, f.Said.Text) { // a rule with words of its own
		f.Why += " " + f.Said.Provider + "'s own documentation says what that means there: " + f.Said.Text + "."
	}
	return f
}
