package diagnosis

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

var update = flag.Bool("update", false, "write what the cases give into their want files")

// caseFolders lists testdata: a folder per case, with a capture and what is wanted.
func caseFolders(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.FromSlash("testdata/*/capture"))
	if err != nil || len(list) == 0 {
		t.Fatal("no cases in testdata", err)
	}
	for i := range list {
		list[i] = filepath.Dir(list[i])
	}
	return list
}

func readCase(t testing.TB, dir string) *evidence.Evidence {
	t.Helper()
	return fold(caseRecords(t, dir))
}

func caseRecords(t testing.TB, dir string) []capture.Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "capture"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := readScript(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// TestCases judges every case of testdata.
func TestCases(t *testing.T) {
	fired := map[string]bool{}
	for _, dir := range caseFolders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			d := Of(readCase(t, dir), Dictionary{})
			for i := range d.Findings {
				f := &d.Findings[i]
				fired[f.Rule.Cause] = true
				checkTexts(t, f)
			}
			// A folder is named for the root that it shows: CAUSE, or CAUSE--VARIANT;
			// or for all that are wrong at once, the root first: combined--CAUSE+CAUSE.
			root, variant, _ := strings.Cut(filepath.Base(dir), "--")
			expected := []string{root}
			if root == "combined" {
				expected = strings.Split(variant, "+")
				root = expected[0]
			}
			if f := d.Root(); root == "healthy" && len(d.Findings) > 0 || root != "healthy" && (f == nil || f.Rule.Cause != root) {
				t.Errorf("this is no %s:\n%s", root, describe(d))
			}
			for _, f := range d.Findings[min(len(d.Findings), 1):] {
				if !f.Symptom && f.Kind() == Fault && d.Root().Kind() == Fault && !slices.Contains(expected, f.Rule.Cause) {
					t.Errorf("one more root beside %s: %s", join(expected), f.Rule.Cause)
				}
			}
			for _, cause := range expected[1:] {
				if f := finding(d, cause); f == nil || f.Symptom {
					t.Errorf("%s is not named in its own right:\n%s", cause, describe(d))
				}
			}
			got := describe(d)
			path := filepath.Join(dir, "want")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	for _, r := range table {
		if !fired[r.Cause] {
			t.Errorf("no case shows %s", r.Cause)
		}
	}
}

// describe is what a want file holds.
func describe(d Diagnosis) string {
	var b strings.Builder
	for i := range d.Findings {
		f := &d.Findings[i]
		symptom := ""
		if f.Symptom {
			symptom = " symptom"
		}
		fmt.Fprintf(&b, "%s %s %s %s %s%s\n", f.Rule.Cause, f.Kind(), f.Place(), f.Certainty, f.Direction, symptom)
	}
	out, in := "path out", "path in"
	for _, s := range d.Path {
		out += " " + s.Out.String()
		in += " " + s.In.String()
	}
	return b.String() + out + "\n" + in + "\n"
}

// checkTexts holds that every text of a finding can be filled and reads as one.
func checkTexts(t *testing.T, f *Finding) {
	t.Helper()
	texts := []string{f.Rule.Title, f.Rule.Why, f.Rule.Overturn}
	for _, r := range f.Rule.Fix {
		texts = append(texts, r.Text)
	}
	for _, text := range texts {
		s, err := render(text, f.Args)
		if err != nil {
			t.Errorf("%s: %v", f.Rule.Cause, err)
			continue
		}
		s = tidy(s)
		if s == "" || strings.Contains(s, "{{") || strings.Contains(s, "<no value>") || strings.Contains(s, "%!") || strings.Contains(s, "..") && !strings.Contains(s, "...") {
			t.Errorf("%s: %q", f.Rule.Cause, s)
		}
		if last := s[len(s)-1]; !slices.Contains([]byte(".?!"), last) {
			t.Errorf("%s: no sentence: %q", f.Rule.Cause, s)
		}
	}
	for k, v := range f.Args {
		switch v.(type) {
		case string, int, float64:
		default:
			t.Errorf("%s: argument %s is neither text nor number", f.Rule.Cause, k)
		}
	}
	if len(f.Cites) == 0 {
		t.Errorf("%s cites no proof", f.Rule.Cause)
	}
	for _, c := range f.Cites {
		if c.N <= 0 || c.Label == "" {
			t.Errorf("%s: an empty cite %+v", f.Rule.Cause, c)
		}
	}
	if f.Certainty == Confirmed && f.Direction > evidence.Both {
		t.Errorf("%s: direction %d", f.Rule.Cause, f.Direction)
	}
}

// TestEveryComplaintHasACase: whatever a person may say about the sound, some case shows
// a fault that explains it.
func TestEveryComplaintHasACase(t *testing.T) {
	explained := map[string][]string{
		"choppy": {"loss-in", "loss-bursty", "jitter-high", "bufferbloat"}, "robotic": {"jitter-high", "loss-in"}, "delay": {"delay-high"},
		"echo-here": {"echo-heard-here"}, "echo-there": {"echo-heard-there"}, "quiet": {"sound-too-quiet"},
		"distorted": {"clipping", "audio-in-undecodable"}, "muffled": {"sound-muffled"}, "words-cut": {"words-cut"},
	}
	shown := map[string]bool{}
	for _, dir := range caseFolders(t) {
		e := readCase(t, dir)
		d := Of(e, Dictionary{})
		if root := d.Root(); root != nil && root.Kind() == Fault && slices.Contains(explained[e.Answers["symptom"].Value], root.Rule.Cause) {
			shown[e.Answers["symptom"].Value] = true
		}
	}
	for symptom := range explained {
		if !shown[symptom] {
			t.Errorf("no case explains the complaint %q", symptom)
		}
	}
}
