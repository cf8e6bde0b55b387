package app

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/words"
	"softphonedoctor/wizard/report"
)

// Outside of the table of words may stand: what the person or the provider wrote
// (accounts, numbers, names of files and of products), units, and figures.
var notTranslated = []*regexp.Regexp{
	regexp.MustCompile(`^[^\s]*@[^\s]*$|^Built-in PBX$`),                          // an account
	regexp.MustCompile(`^\w{5}-\w{5}-[0-9A-Z*~$=]$|^\w( · ([\w-]+|[*~$=])){10}$`), // the support code and its letters
	regexp.MustCompile(`^(Tab|Enter|Esc|F\d)$`),                                   // keys
	regexp.MustCompile(`^(/home/somebody/.*|call\.pcap)$`),                        // files
	regexp.MustCompile(`pbx\.example\.net|\b127\.0\.0\.1\b|\b\d{4}\b`),            // a server, a number
	regexp.MustCompile(`[-−]?\d+(\.\d+)? ?(ms|s|min|dB|kB|MB|%)( |$|·)`),          // a figure
}

// TestNoEnglishRemains goes through all plain pages in a language in which everything
// that comes from the table of words stands between marks. What stands outside of them
// would stay English in all languages. The technical view and what is marked as English
// (why, further remedies, what proves it) are English on purpose.
func TestNoEnglishRemains(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	d := newDesk(t)
	d.back.all = true
	d.w.account.status = signInWorks
	d.signedIn()
	words.Choose(words.Pseudo)
	d.w.relabel()
	pages := everyPage(d)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if name == "open" || name == "trouble" {
			continue // a folder; an error of the test's own
		}
		d.w.show(pages[name]())
		d.remains(name, problem())
	}
}

// TestNoEnglishRemainsInACall does the same in the middle of real checks against the
// built-in PBX: instructions, notes of steps, verdicts.
func TestNoEnglishRemainsInACall(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	d := newDesk(t)
	d.w.back = Session()
	words.Choose(words.Pseudo)
	d.w.relabel()
	for _, cause := range []string{"callee-busy", "account-credentials-wrong", "inbound-forwarded-or-dnd", "dtmf-not-negotiated"} {
		d.w.show(newPracticePage(d.w))
		d.remains("practice", nil)
		test.Tap(d.w.now.(*practicePage).tiles[cause])
		d.untilWithin(2*time.Minute, "the verdict on "+cause, func() bool {
			if !onPage[*resultPage](d) {
				d.remains(cause, nil)
			}
			return onPage[*resultPage](d)
		})
		d.remains(cause, d.w.now.(*resultPage).report)
	}
}

// remains fails on every text of the page that would stay English.
func (d *desk) remains(name string, r *report.Report) {
	d.t.Helper()
	english := map[string]bool{}
	if r != nil {
		for _, w := range r.Warnings {
			english[sentence(plainError(w))] = false
		}
		for _, f := range r.Diagnosis.Findings {
			english[f.Why] = true
			for _, x := range f.Fix {
				english[x.Text] = true
			}
			for _, c := range f.Cites {
				english[upperFirst(c.Label)] = true
			}
			english[lowerFirst(f.Overturn)] = true
		}
	}
	for _, l := range words.Languages() {
		english[l.Name] = true // each in itself
	}
	for _, own := range []string{"One side hears nothing", "Ask the person who answered.", "Yes", "No", "No fault found.",
		"The report and the packets that prove it, in one file.", "Enter the user name: often the extension or the number."} {
		english[own] = true // put there by the tests
	}
	for _, text := range texts(d.w.win.Content()) {
		out := outside(text)
		if strings.HasPrefix(text, "EN: ") || english[text] || english[strings.TrimSpace(out)] {
			continue
		}
		for _, may := range notTranslated {
			out = may.ReplaceAllString(out, "")
		}
		if strings.IndexFunc(out, unicode.IsLetter) >= 0 {
			d.t.Errorf("%s: not from the table of words: %q", name, text)
		}
	}
}

// outside is what does not stand between marks.
func outside(text string) string {
	var b strings.Builder
	depth := 0
	for _, r := range text {
		switch r {
		case '⟦':
			depth++
		case '⟧':
			depth--
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

func TestOutside(t *testing.T) {
	if got := fmt.Sprint(outside("a⟦b⟦c⟧d⟧e")); got != "ae" {
		t.Error(got)
	}
}
