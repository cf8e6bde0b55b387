package app

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
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

// calls finds the calls of a function in the sources of a folder, with what its
// arguments say where they are plain strings.
func calls(t *testing.T, folder string, is func(fun string) bool, found func(args []string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources in %s: %v", folder, err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !is(name(call.Fun)) {
				return true
			}
			var args []string
			for _, a := range call.Args {
				args = append(args, literal(a))
			}
			found(args)
			return true
		})
	}
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return name(e.X) + "." + e.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
	}
	return ""
}

// uiKeys are all keys that the window asks for, with their English.
func uiKeys(t *testing.T) map[string]string {
	keys := map[string]string{}
	for _, folder := range []string{".", "look"} {
		calls(t, folder, func(f string) bool { return f == "tr" || f == "words.T" }, func(args []string) {
			if len(args) < 2 || args[0] == "" {
				return // causes, whose key is made from their id
			}
			if was, ok := keys[args[0]]; ok && was != args[1] {
				t.Errorf("%q says both %q and %q", args[0], was, args[1])
			}
			keys[args[0]] = args[1]
		})
	}
	if len(keys) < 200 {
		t.Fatalf("only %d keys were found", len(keys))
	}
	return keys
}

// saidByTheWizard are the English sentences that steps and questions show, with letters
// in the places of their values, as the catalogues have them.
func saidByTheWizard(t *testing.T) []string {
	var said []string
	for _, s := range (real{}).Scenarios() {
		for _, step := range s.Steps {
			said = append(said, step.Title)
		}
	}
	files, err := filepath.Glob("../wizard/*.go")
	if err != nil {
		t.Fatal(err)
	}
	tells := map[string]int{"s.instruct": 0, "s.instructUntil": 0, "ring": 1, "s.await": 3, "s.awaitOn": 3}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if at, ok := tells[name(n.Fun)]; ok && at < len(n.Args) {
					said = append(said, sentenceOf(n.Args[at]))
				}
			case *ast.ValueSpec:
				if len(n.Names) == 1 && n.Names[0].Name == "words" && len(n.Values) == 1 {
					said = append(said, sentenceOf(n.Values[0]))
				}
			case *ast.AssignStmt:
				if name(n.Lhs[0]) == "q.Text" {
					said = append(said, sentenceOf(n.Rhs[0]))
				}
			case *ast.FuncDecl:
				if n.Name.Name == "displaceText" || n.Name.Name == "forHowLong" || notes(n.Type) {
					said = append(said, returned(n.Body)...)
				}
			case *ast.FuncLit:
				if notes(n.Type) {
					said = append(said, returned(n.Body)...)
				}
			case *ast.CompositeLit:
				if filepath.Base(path) != "questions.go" {
					return true
				}
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && (name(kv.Key) == "Text" || name(kv.Key) == "Hint") {
						said = append(said, literal(kv.Value))
					}
				}
			}
			return true
		})
	}
	return said
}

// notes tells whether a function gives the note of a step: func(*evidence.Evidence) (string, bool).
func notes(f *ast.FuncType) bool {
	if f.Params.NumFields() != 1 || f.Results.NumFields() != 2 {
		return false
	}
	star, ok := f.Params.List[0].Type.(*ast.StarExpr)
	return ok && name(star.X) == "evidence.Evidence" && name(f.Results.List[0].Type) == "string"
}

// returned are the sentences that a function gives, or that it chooses among.
func returned(body *ast.BlockStmt) (said []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			if len(n.Results) > 0 {
				said = append(said, sentenceOf(n.Results[0]))
			}
		case *ast.CompositeLit:
			if len(n.Elts) == 2 && name(n.Elts[0]) != "" {
				said = append(said, literal(n.Elts[1]))
			}
		}
		return true
	})
	return said
}

// verb is a place for a value in a format.
var verb = regexp.MustCompile(`%(\.\d)?[dsfqv]`)

// sentenceOf gives the sentence of an expression, with letters in the places of its
// values; "" where it is nothing but a value.
func sentenceOf(e ast.Expr) string {
	parts := 0
	place := func(string) string { parts++; return "{{." + string(rune('A'+parts-1)) + "}}" }
	var of func(ast.Expr) string
	of = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			return literal(e)
		case *ast.BinaryExpr:
			return of(e.X) + of(e.Y)
		case *ast.CallExpr:
			if name(e.Fun) == "fmt.Sprintf" {
				return strings.ReplaceAll(verb.ReplaceAllStringFunc(literal(e.Args[0]), place), "%%", "%")
			}
		}
		return place("")
	}
	if s := of(e); s != "{{.A}}" {
		return s
	}
	return ""
}

// saidElsewhere are sentences whose English stands in other packages: which phones are
// signed in (wizard.Device), and why a number is not called (session.Field).
var saidElsewhere = []string{
	"{{.A}} more", "{{.A}}, signed in for another {{.B}}", "a phone", "a phone at {{.A}}", `"{{.A}}" at {{.B}}`,
	"another test phone of this program", "another test phone of this program at {{.A}}",
	"This check places a call: enter the number or address to call.",
	"{{.A}} is an emergency number; a test never calls one.",
	"{{.A}} has a price of its own (a premium service or a satellite phone); a test never calls such a number.",
	"as signals beside the sound", "as messages", "as tones in the sound", // keys
	"The server {{.A}} takes no connection.", // the proxy for the person's own softphone
	"The number to call holds a character that cannot be part of it: enter only the number or the address.",
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
		for _, text := range append(saidByTheWizard(t), saidElsewhere...) {
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
