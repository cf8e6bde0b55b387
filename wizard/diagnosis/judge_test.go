package diagnosis

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// TestNobodyExplainsHimself: a cause that explains itself through others would
// leave a diagnosis without a root.
func TestNobodyExplainsHimself(t *testing.T) {
	known := map[string]bool{}
	for _, r := range table {
		if known[r.Cause] {
			t.Errorf("%s stands twice in the table", r.Cause)
		}
		known[r.Cause] = true
	}
	direct := map[string][]string{}
	for _, r := range table {
		for _, by := range r.ExplainedBy {
			if !known[by] {
				t.Errorf("%s is explained by %s, which no rule finds", r.Cause, by)
			}
		}
		direct[r.Cause] = r.ExplainedBy
	}
	var walk func(cause string, path []string)
	walk = func(cause string, path []string) {
		if slices.Contains(path, cause) {
			t.Fatalf("a circle of explanations: %v", append(path, cause))
		}
		for _, by := range direct[cause] {
			walk(by, append(path, cause))
		}
	}
	for _, r := range table {
		walk(r.Cause, nil)
	}
}

// TestRulesAreWhole: every rule says what it has to say.
func TestRulesAreWhole(t *testing.T) {
	for _, r := range table {
		if r.Kind == 0 || r.Where == "" || r.Title == "" || r.Why == "" || r.Overturn == "" || len(r.Fix) == 0 || r.Check == nil || r.RuledOut == nil {
			t.Errorf("%s lacks something", r.Cause)
		}
		if r.Needs|r.Either == 0 {
			t.Errorf("%s needs nothing: it would be ruled out without a look", r.Cause)
		}
	}
}

// TestRulesMatchTheList compares ids, kinds and places with the list of causes.
func TestRulesMatchTheList(t *testing.T) {
	f, err := os.Open(filepath.FromSlash("../../../shared/knowledge/causes.csv"))
	if os.IsNotExist(err) {
		if _, err := os.Stat(filepath.FromSlash("../../../shared")); err == nil && os.Getenv("CI") == "true" {
			t.Fatal("the shared folder is there, but its list of causes is not")
		}
		t.Skip("the shared list of causes is not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ kind, where string }
	list := map[string]row{}
	for _, r := range rows[1:] {
		list[r[1]] = row{r[2], r[3]}
	}
	for _, c := range Causes() {
		if c.Number > lastListed {
			list[c.ID] = row{c.Kind.String(), string(c.Where)}
		}
	}
	for _, r := range table {
		want, ok := list[r.Cause]
		if got := (row{r.Kind.String(), string(r.Where)}); !ok || got != want {
			t.Errorf("%s: the rule says %v, the list %v", r.Cause, got, want)
		}
	}
	if len(table) < 80 {
		t.Errorf("%d rules, at least 80 causes are promised", len(table))
	}
}

// TestKeysAreTheTapes: the keys that are spelt here again are the tape's own.
func TestKeysAreTheTapes(t *testing.T) {
	if phoneAccount != capture.PhoneAccount || phoneLookup != capture.PhoneLookup || phoneGaveUp != capture.PhoneGaveUp || phoneDigest != capture.PhoneDigest ||
		phoneWithheld != capture.PhoneWithheld || phoneHeldBack != capture.PhoneHeldBack {
		t.Error("a key of the test phone's notes has changed")
	}
	if !overUDP(&evidence.Message{Net: capture.UDP}) || overUDP(&evidence.Message{Net: capture.TCP}) {
		t.Error("the name of UDP has changed")
	}
}

func fake(cause string, hit Hit, by ...string) Rule {
	return Rule{Cause: cause, Kind: Fault, Where: Provider, Title: cause, ExplainedBy: by,
		RuledOut: func(*evidence.Evidence, Dictionary) bool { return true },
		Check: func(*evidence.Evidence, Dictionary) []Hit {
			if hit.Certainty == 0 {
				return nil
			}
			return []Hit{hit}
		}}
}

// judgeAll judges with other rules than those of the table.
func judgeAll(rules []Rule, e *evidence.Evidence, d Dictionary) Diagnosis {
	return judge(rules, explainers(rules), e, d)
}

func causes(d Diagnosis) (roots, symptoms []string) {
	for _, f := range d.Findings {
		if f.Symptom {
			symptoms = append(symptoms, f.Rule.Cause)
		} else {
			roots = append(roots, f.Rule.Cause)
		}
	}
	return roots, symptoms
}

func TestSymptomsThroughOthers(t *testing.T) {
	rules := []Rule{
		fake("c", Hit{Certainty: Likely}, "b"), // explained by b, which is not found, which is explained by a
		fake("b", Hit{}, "a"),
		fake("a", Hit{Certainty: Likely}),
	}
	roots, symptoms := causes(judgeAll(rules, &evidence.Evidence{}, Dictionary{}))
	if !slices.Equal(roots, []string{"a"}) || !slices.Equal(symptoms, []string{"c"}) {
		t.Errorf("roots %v, symptoms %v", roots, symptoms)
	}
}

func TestShadowsHaveLimits(t *testing.T) {
	for name, rules := range map[string][]Rule{
		"another call":              {fake("a", Hit{Certainty: Likely, CallID: "1"}), fake("b", Hit{Certainty: Likely, CallID: "2"}, "a")},
		"a guess against a proof":   {fake("a", Hit{Certainty: Possible}), fake("b", Hit{Certainty: Confirmed}, "a")},
		"a hint explains no faults": {fake("a", Hit{Certainty: Likely, Kind: Hint}), fake("b", Hit{Certainty: Likely}, "a")},
	} {
		if _, symptoms := causes(judgeAll(rules, &evidence.Evidence{}, Dictionary{})); len(symptoms) > 0 {
			t.Errorf("%s: symptoms %v", name, symptoms)
		}
	}
}

func TestOrderOfFindings(t *testing.T) {
	rules := []Rule{
		fake("symptom", Hit{Certainty: Confirmed}, "likely"),
		fake("hint", Hit{Certainty: Confirmed, Kind: Hint}),
		fake("outcome", Hit{Certainty: Confirmed, Kind: Outcome}),
		fake("possible", Hit{Certainty: Possible}),
		fake("likely", Hit{Certainty: Likely}),
		fake("likely-too", Hit{Certainty: Likely}),
		fake("confirmed", Hit{Certainty: Confirmed}),
	}
	d := judgeAll(rules, &evidence.Evidence{}, Dictionary{})
	var got []string
	for _, f := range d.Findings {
		got = append(got, f.Rule.Cause)
	}
	want := []string{"confirmed", "likely", "likely-too", "possible", "outcome", "hint", "symptom"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if d.Root().Rule.Cause != "confirmed" {
		t.Error(d.Root())
	}
}

func TestUncheckedIsNotClear(t *testing.T) {
	panics := fake("panics", Hit{})
	panics.Check = func(*evidence.Evidence, Dictionary) []Hit { panic("no") }
	needs := fake("needs", Hit{Certainty: Likely})
	needs.Needs = evidence.HaveMedia
	either := fake("either", Hit{Certainty: Likely})
	either.Either = evidence.HaveMedia | evidence.HaveOptions
	blind := fake("blind", Hit{})
	blind.Check = func(*evidence.Evidence, Dictionary) []Hit { return notTold() }
	d := judgeAll([]Rule{panics, needs, either, blind, fake("clear", Hit{})}, &evidence.Evidence{}, Dictionary{})
	if !slices.Equal(d.Unchecked, []string{"panics", "needs", "either", "blind"}) || !slices.Equal(d.Clear, []string{"clear"}) || len(d.Findings) > 0 {
		t.Errorf("unchecked %v, clear %v, findings %v", d.Unchecked, d.Clear, d.Findings)
	}
	d = judgeAll([]Rule{either}, &evidence.Evidence{Have: evidence.HaveOptions}, Dictionary{})
	if len(d.Findings) != 1 {
		t.Error("one of the alternatives is enough")
	}
}

func TestSameCauseInSeveralCalls(t *testing.T) {
	r := fake("a", Hit{})
	r.Title = "{{.n}}"
	r.Check = func(*evidence.Evidence, Dictionary) []Hit {
		return []Hit{
			{Certainty: Possible, CallID: "1", Cites: []Cite{{1, "one"}, {2, "two"}}, Args: map[string]any{"n": "first"}},
			{Certainty: Confirmed, CallID: "2", Cites: []Cite{{2, "two"}, {3, "three"}}, Args: map[string]any{"n": "second"}},
		}
	}
	d := judgeAll([]Rule{r}, &evidence.Evidence{}, Dictionary{})
	if len(d.Findings) != 1 {
		t.Fatal(d.Findings)
	}
	f := d.Findings[0]
	if f.Title != "second" || f.Certainty != Confirmed || !slices.Equal(f.Cites, []Cite{{2, "two"}, {3, "three"}, {1, "one"}}) {
		t.Errorf("%+v", f)
	}
}
