package diagnosis

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// A near miss is a case that a rule just does not fire at: testdata/near/CAUSE--REASON
// changes one fact of a case that it does fire at. Its lines are, in this order:
//
//	# why it is none, in a sentence
//	from FOLDER             the case that is changed
//	- LINE                  this line of it goes
//	= LINE                  this line stays; what follows comes behind it
//	+ LINE                  this line comes here; at the end, if neither stands before it
//	want                    the diagnosis that follows, as in a want file
type nearMiss struct {
	path, cause, base string
	why               string
	edits             []string
	want              string
}

// maxEdits bounds what a near miss may take away, and what it may add: one fact.
const maxEdits = 4

func nearMisses(t testing.TB) []nearMiss {
	t.Helper()
	paths, err := filepath.Glob(filepath.FromSlash("testdata/near/*"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no near misses in testdata/near", err)
	}
	var list []nearMiss
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		n := nearMiss{path: p}
		n.cause, _, _ = strings.Cut(filepath.Base(p), "--")
		head, want, ok := strings.Cut(string(text), "\nwant\n")
		if !ok {
			t.Fatalf("%s: no want", p)
		}
		n.want = want
		for _, l := range strings.Split(head, "\n") {
			switch {
			case strings.HasPrefix(l, "# "):
				n.why = l[2:]
			case strings.HasPrefix(l, "from "):
				n.base = filepath.Join("testdata", l[len("from "):])
			default:
				n.edits = append(n.edits, l)
			}
		}
		list = append(list, n)
	}
	return list
}

// script is the base's script with the edits.
func (n nearMiss) script() (string, error) {
	text, err := os.ReadFile(filepath.Join(n.base, "capture"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	at, removed, added := len(lines), 0, 0
	for _, edit := range n.edits {
		kind, line, ok := strings.Cut(edit, " ")
		if !ok {
			return "", fmt.Errorf("%q is no edit", edit)
		}
		switch kind {
		case "-", "=":
			i := slices.Index(lines, line)
			if i < 0 {
				return "", fmt.Errorf("%s has no line %q", n.base, line)
			}
			if at = i + 1; kind == "-" {
				lines, at = slices.Delete(lines, i, i+1), i
				removed++
			}
		case "+":
			lines = slices.Insert(lines, at, line)
			at++
			added++
		default:
			return "", fmt.Errorf("%q is no edit", edit)
		}
	}
	if removed > maxEdits || added > maxEdits || removed+added == 0 {
		return "", fmt.Errorf("%d lines removed and %d added: a near miss changes one fact", removed, added)
	}
	return strings.Join(lines, "\n"), nil
}

func (n nearMiss) records(t testing.TB) []capture.Record {
	t.Helper()
	text, err := n.script()
	if err != nil {
		t.Fatalf("%s: %v", n.path, err)
	}
	records, err := readScript(text)
	if err != nil {
		t.Fatalf("%s: %v", n.path, err)
	}
	return records
}

// TestNearMisses: one fact changed, and the rule does not fire.
func TestNearMisses(t *testing.T) {
	for _, n := range nearMisses(t) {
		t.Run(filepath.Base(n.path), func(t *testing.T) {
			if n.why == "" {
				t.Error("it does not say what makes the difference")
			}
			if finding(Of(readCase(t, n.base), Dictionary{}), n.cause) == nil {
				t.Errorf("%s shows no %s to miss", n.base, n.cause)
			}
			d := Of(fold(n.records(t)), Dictionary{})
			if f := finding(d, n.cause); f != nil {
				t.Errorf("still %s: %s", n.cause, f.Why)
			}
			for i := range d.Findings {
				f := &d.Findings[i]
				checkTexts(t, f)
				plainWords(t, f.Rule.Cause, "title", f.Title)
				plainWords(t, f.Rule.Cause, "why", f.Why)
			}
			got := describe(d)
			if *update {
				text, err := os.ReadFile(n.path)
				if err != nil {
					t.Fatal(err)
				}
				head, _, _ := strings.Cut(string(text), "\nwant\n")
				if err := os.WriteFile(n.path, []byte(head+"\nwant\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != n.want {
				t.Errorf("got\n%s\nwant\n%s", got, n.want)
			}
		})
	}
}

// TestEveryRuleHasBothSides refuses a rule without a case at which it fires and a
// near miss at which it does not.
func TestEveryRuleHasBothSides(t *testing.T) {
	fires, misses, known := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, dir := range caseFolders(t) {
		for _, f := range Of(readCase(t, dir), Dictionary{}).Findings {
			fires[f.Rule.Cause] = true
		}
	}
	for _, n := range nearMisses(t) {
		misses[n.cause] = true
	}
	for _, r := range table {
		known[r.Cause] = true
		if !fires[r.Cause] {
			t.Errorf("%s: no case in testdata shows it", r.Cause)
		}
		if !misses[r.Cause] {
			t.Errorf("%s: no near miss in testdata/near (a case of it with one fact changed, see nearMiss)", r.Cause)
		}
	}
	for cause := range misses {
		if !known[cause] {
			t.Errorf("testdata/near has a near miss of %s, which no rule finds", cause)
		}
	}
}
