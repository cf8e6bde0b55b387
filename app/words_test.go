package app

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/look"
	"softphonedoctor/app/words"
	"softphonedoctor/assets"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/report"
)

// TestMain sees to it that the machine's own language is not that of the tests.
func TestMain(m *testing.M) {
	words.Choose("en")
	m.Run()
}

// Every key of the plain pages has its text in every language, and so have the titles
// and first remedies of all causes and what steps and questions say. The technical
// view stays English.
func TestNoTextIsMissing(t *testing.T) {
	keys := uiKeys(t)
	value := regexp.MustCompile(`\{\{\.\w+\}\}`)
	for _, l := range words.Languages() {
		if l.Code == "en" {
			continue
		}
		data, err := assets.Translations.ReadFile("translations/" + l.Code + ".json")
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]string{}
		if err := json.Unmarshal(data, &have); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		need := func(key, english string) {
			used[key] = true
			text, ok := have[key]
			if !ok {
				t.Errorf("%s: no text for %q (%s)", l.Code, key, english)
				return
			}
			for _, v := range value.FindAllString(english, -1) {
				if !strings.Contains(text, v) {
					t.Errorf("%s: %q lacks %s", l.Code, key, v)
				}
			}
		}
		for k, english := range keys {
			if !strings.HasPrefix(k, "tech.") {
				need(k, english)
			}
		}
		for k, english := range report.Words() {
			if was, ok := keys[k]; ok && was != english {
				t.Errorf("%q says both %q and %q", k, was, english)
			}
			need(k, english)
		}
		for _, k := range []string{"page.packets", "page.missing", "page.wait"} {
			if n := utf8.RuneCountInString(have[k]); n > 14 {
				t.Errorf("%s: %q is %d letters long, and has room for 14 beside a chart", l.Code, have[k], n)
			}
		}
		for _, c := range diagnosis.Causes() {
			need("cause."+c.ID, "")
			need("cause."+c.ID+".do", "")
		}
		for _, f := range (real{}).Faults() {
			if strings.Contains(f.Cause, "--") || f.Cause == "healthy" {
				need(f.Title, f.Title)
			}
		}
		for _, text := range slices.Concat(saidByTheWizard(t), saidElsewhere, saidOfDevices(t)) {
			if text != "" {
				need(text, text)
			}
		}
		for k := range have {
			if !used[k] {
				t.Errorf("%s: nobody says %q", l.Code, k)
			}
		}
	}
}

// In every language nothing is cut in the smallest window, and everything can be reached.
func TestEveryLanguageFits(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	for _, l := range words.Languages() {
		if l.Code == "en" {
			continue // TestNothingIsClippedInTheSmallestWindow
		}
		d := newDesk(t)
		d.w.app.Preferences().SetString(keepLanguage, l.Code)
		d.w.applyLook()
		d.w.relabel()
		d.w.account.status = signInWorks
		d.signedIn()
		for name, make := range everyPage(d) {
			d.w.show(make())
			d.w.win.Resize(Smallest)
			d.fits(l.Code+" "+name, Smallest)
		}
	}
}

// fits fails where something reaches over the edge, or is cut. In other languages than
// English (name is then "de calls") a row of the list of calls may be cut.
func (d *desk) fits(name string, size fyne.Size) {
	d.t.Helper()
	foot := look.Footer(d.w.now.footer()).MinSize()
	if body := d.w.now.body().MinSize(); body.Width > size.Width || foot.Width > size.Width {
		d.t.Errorf("%s at %v: the least width is %v, of the footer %v", name, size, body.Width, foot.Width)
	}
	walk(d.w.win.Content(), func(o fyne.CanvasObject) {
		p, ok := o.(*look.Prose)
		if !ok {
			return
		}
		at := d.w.app.Driver().AbsolutePositionForObject(p)
		if right := at.X + p.Size().Width; at.X < 0 || right > size.Width+0.5 {
			d.t.Errorf("%s at %v: %q reaches from %v to %v", name, size, p.Text(), at.X, right)
		}
		if p.Broken() && !strings.ContainsAny(p.Text(), "/@;") {
			d.t.Errorf("%s at %v: a word of %q is broken", name, size, p.Text())
		}
		if p.Cut() && !strings.HasSuffix(name, "open") && !strings.HasSuffix(name, " calls") && !strings.Contains(p.Text(), "example.net") {
			d.t.Errorf("%s at %v: %q is cut", name, size, p.Text())
		}
	})
}

// What is not translated is marked.
func TestEnglishIsMarkedInOtherLanguages(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	d := newDesk(t)
	words.Choose("de")
	d.w.show(newResultPage(d.w, problem(), &liveRequest{}))
	d.mustSay("Ton verlässt diesen Computer und kommt nicht an.", "EN: The other side cannot hear you", "Auf Englisch", "Lassen Sie die Firewall den Ton")
	words.Choose("en")
	d.w.show(newResultPage(d.w, problem(), &liveRequest{}))
	d.mustNotSay("In English", "EN:")
}

// The language can be chosen, and is spoken at once and after the next start.
func TestTheLanguageIsChosenInTheSettings(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	d := newDesk(t)
	d.key(fyne.KeyF9)
	p := d.w.now.(*settingsPage)
	test.Tap(p.language.Tiles[2])
	d.mustSay("Einstellungen", "Sprache", "Noch kein Konto", "Seite 14")
	d.key(fyne.KeyEscape)
	d.mustSay("Was geht nicht?")
	words.Choose("en")
	again := newWindow(d.w.app, d.back, func(func()) {})
	if got := strings.Join(texts(again.win.Content()), "\n"); !strings.Contains(got, "Was geht nicht?") {
		t.Errorf("after the next start:\n%s", got)
	}
}

// forbidden are words that only the technical view may say: a person who is upset need
// not know them. PCMU, TCP and the like may stand in a remedy, as the name of a setting.
var forbidden = regexp.MustCompile(`\b(SIP|RTP|RTCP|SDP|NAT|STUN|INVITE|REGISTER|ACK|codec|codecs|jitter|ALG|UDP|packet loss|payload|registrar|SRTP|Unauthorized|Forbidden|100 Trying|18[0-3]|200 OK|40[1-9]|48[0-9]|50[0-4]|60[03])\b`)

// Plain pages say none of it, in no language.
func TestPlainPagesSayNoJargon(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	for _, l := range words.Languages() {
		d := newDesk(t)
		words.Choose(l.Code)
		d.signedIn()
		for name, make := range everyPage(d) {
			if name == "account with everything" || name == "crash" || name == "open" {
				continue // the server's own code stands small below its explanation; paths
			}
			d.w.show(make())
			for _, text := range texts(d.w.win.Content()) {
				if m := forbidden.FindString(text); m != "" && !strings.Contains(text, "2001") {
					t.Errorf("%s %s says %s: %q", l.Code, name, m, text)
				}
			}
		}
	}
	for k, english := range uiKeys(t) {
		if strings.HasPrefix(k, "tech.") || strings.HasSuffix(k, ".set") || strings.HasPrefix(k, "save.packets") {
			continue // a setting is called by its name, after plain words
		}
		if m := forbidden.FindString(english); m != "" {
			t.Errorf("%s says %s: %q", k, m, english)
		}
	}
	for _, c := range diagnosis.Causes() {
		if m := forbidden.FindString(c.Title); m != "" {
			t.Errorf("the title of %s says %s: %q", c.ID, m, c.Title)
		}
	}
}
