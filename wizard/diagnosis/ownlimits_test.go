package diagnosis

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"softphonedoctor/wizard/evidence"
)

// TestOwnLimits judges calls that failed for lacks of our own test phone, and near
// misses whose names begin with "none": those have a cause. A file is a script and,
// behind "want", each limit and the findings that stay.
func TestOwnLimits(t *testing.T) {
	paths, err := filepath.Glob(filepath.FromSlash("testdata/limits/*"))
	if err != nil || len(paths) < 10 {
		t.Fatal("no cases in testdata/limits", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			script, want, _ := strings.Cut(string(text), "\nwant\n")
			records, err := readScript(script)
			if err != nil {
				t.Fatal(err)
			}
			d := Of(fold(records), Dictionary{})
			var b strings.Builder
			for _, l := range d.Limits {
				fmt.Fprintln(&b, l)
				if len(l.Cites) == 0 || l.CallID == "" {
					t.Errorf("%s proves nothing: %+v", l, l)
				}
			}
			for i := range d.Findings {
				f := &d.Findings[i]
				fmt.Fprintf(&b, "%s %s %s\n", f.Rule.Cause, f.Kind(), f.Certainty)
				checkTexts(t, f)
			}
			if root := d.Root(); strings.HasPrefix(filepath.Base(path), "none") != (root != nil && root.Kind() != Hint) {
				t.Errorf("the root is %v", root)
			}
			if *update {
				if err := os.WriteFile(path, []byte(script+"\nwant\n"+b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if b.String() != want {
				t.Errorf("got\n%swant\n%s", b.String(), want)
			}
		})
	}
}

// Evidence without its parts, as a damaged capture gives it, has no limits and
// stops nothing.
func TestOwnLimitsOfNothing(t *testing.T) {
	for _, e := range []*evidence.Evidence{{Have: evidence.HaveLive}, {Have: evidence.HaveLive, Calls: []*evidence.Call{nil}},
		{Have: evidence.HaveLive, Calls: []*evidence.Call{{Touches: true}}}} {
		if d := Of(e, Dictionary{}); len(d.Limits) != 0 {
			t.Errorf("%+v", d.Limits)
		}
	}
}
