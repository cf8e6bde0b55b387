package docs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/providers"
	"softphonedoctor/wizard/report"
)

var update = flag.Bool("update", false, "write the pages of docs/guide anew")

// made stands at the head of every page that this test writes.
const made = "<!-- Made from the scenarios, the rules and intro/%s by docs/guide_test.go: go test ./docs -update -->\n\n"

// TestGuide holds the pages for support against the program: one page for each
// situation, an index, and the one on provider files.
func TestGuide(t *testing.T) {
	w := readWizard(t)
	pages := map[string]string{"README.md": index(t), "providers.md": providerPage(t)}
	for _, sc := range wizard.Scenarios() {
		pages[sc.ID+".md"] = w.page(t, sc)
	}
	for name, want := range pages {
		path := filepath.Join("guide", name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("docs/guide/%s is not up to date; run go test ./docs -run TestGuide -update and read what changed (%v)", name, err)
		}
	}
	files, err := filepath.Glob("guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := pages[filepath.Base(f)]; !ok {
			t.Errorf("docs/%s belongs to no situation", f)
		}
	}
}

// TestGuideNamesEverything: no cause and no question is missing from the guide.
func TestGuideNamesEverything(t *testing.T) {
	w := readWizard(t)
	var all strings.Builder
	asked := map[string]bool{}
	for _, sc := range wizard.Scenarios() {
		if len(w.scenarios[sc.ID]) != len(sc.Steps) {
			t.Fatalf("the steps of %s cannot be read: %v", sc.ID, w.scenarios[sc.ID])
		}
		all.WriteString(w.page(t, sc))
		for _, s := range w.scenarios[sc.ID] {
			for _, q := range w.step(s).questions {
				asked[q] = true
			}
		}
	}
	for _, r := range diagnosis.Rules() {
		if !strings.Contains(all.String(), "`"+r.Cause+"`") {
			t.Errorf("no page tells what to do about %s", r.Cause)
		}
	}
	for name := range w.questions {
		if !asked[name] && name != "askFollowRedirect" { // that one the phone asks, in every call
			t.Errorf("no page has the question %s", name)
		}
	}
	if strings.Contains(all.String(), "<no value>") || strings.Contains(all.String(), "{{") {
		t.Error("a template is not filled")
	}
}

func intro(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("guide", "intro", name))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(made, name) + strings.TrimSpace(string(b)) + "\n\n"
}

func index(t *testing.T) string {
	var b strings.Builder
	b.WriteString(intro(t, "index.md"))
	b.WriteString("| what people say | page | on the command line |\n|---|---|---|\n")
	for _, sc := range wizard.Scenarios() {
		fmt.Fprintf(&b, "| “%s” | [%s](%s.md) | `%s` |\n", sc.Complaint, report.SituationWords(sc.ID), sc.ID, command(sc))
	}
	b.WriteString("\nHow to add what your own provider means by its codes: [provider files](providers.md).\n")
	return b.String()
}

func command(sc wizard.Scenario) string {
	c := "softphone-doctor check " + sc.ID + " --account office.toml"
	if sc.Calls {
		c += " --to 2002"
	}
	return c
}

// page is the page of one situation.
func (w *wizardSource) page(t *testing.T, sc wizard.Scenario) string {
	var b strings.Builder
	b.WriteString(intro(t, sc.ID+".md"))
	b.WriteString("## What the program does and asks\n\nIt stops as soon as the verdict cannot change any more.\n\n")
	var questions []string
	for i, s := range sc.Steps {
		fmt.Fprintf(&b, "%d. **%s**\n", i+1, s.Title)
		told := w.step(w.scenarios[sc.ID][i])
		for _, s := range told.sayings {
			fmt.Fprintf(&b, "   - %s\n", s)
		}
		for _, name := range told.questions {
			q := w.questions[name]
			fmt.Fprintf(&b, "   - asks: %s\n", q.text())
			if !slices.Contains(questions, name) {
				questions = append(questions, name)
			}
		}
	}
	b.WriteString("\nIf the sign-in or the call fails, it looks further by itself:\n\n")
	for _, s := range w.step(narrowing).sayings {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	fmt.Fprintf(&b, "\n## On the command line\n\n```\n%s\n```\n\n", command(sc))
	if len(questions) > 0 {
		b.WriteString("Without somebody to ask, the answers can be given beforehand:\n\n| question | `--answer` |\n|---|---|\n")
		for _, name := range questions {
			q := w.questions[name]
			var values []string
			for _, o := range q.Options {
				values = append(values, fmt.Sprintf("`%s=%s` %s", q.ID, o[0], o[1]))
			}
			fmt.Fprintf(&b, "| %s | %s |\n", q.text(), strings.Join(values, "<br>"))
		}
		b.WriteString("\n")
	}
	b.WriteString(verdicts(t, sc.ID))
	return b.String()
}

// text is what is asked. Two questions are put together while the check runs.
func (q question) text() string {
	if s := map[string]string{
		"sign_in_anyway":  "Another phone is signed in with this account. Sign in all the same?",
		"follow_redirect": "The call is sent on to another number. Call there?",
	}[q.ID]; s != "" {
		return s
	}
	return q.Text
}

// everywhere are the situations whose page names the causes of all others.
const everywhere = "everything"

// verdicts lists what can come out, by place.
func verdicts(t *testing.T, situation string) string {
	var b strings.Builder
	b.WriteString("## The verdicts\n\n")
	if situation == everywhere {
		b.WriteString("Everything that the other pages name can come out; each links to what to say and to send.\n\n| verdict | what is wrong | page |\n|---|---|---|\n")
		for _, c := range diagnosis.Causes() {
			if page := pageOf(c); page != "" && ruled(c.ID) != nil {
				fmt.Fprintf(&b, "| `%s` | %s | [%s](%s.md#%s) |\n", c.ID, c.Title, report.SituationWords(page), page, c.ID)
			}
		}
		return b.String()
	}
	fmt.Fprintf(&b, "Words in ‹angle quotes› stand for what the report fills in.\n\n")
	for _, where := range []diagnosis.Where{diagnosis.Account, diagnosis.Provider, diagnosis.LocalNetwork, diagnosis.Internet, diagnosis.ThisComputer,
		diagnosis.SoundDevice, diagnosis.OtherSoftphone, diagnosis.OtherSide, diagnosis.OtherNetwork, diagnosis.Nowhere} {
		first := true
		for _, c := range diagnosis.Causes() {
			r := ruled(c.ID)
			if r == nil || c.Where != where || !slices.Contains(c.Situations, situation) && !(slices.Contains(c.Situations, "all") && situation == "registration") {
				continue
			}
			if first {
				fmt.Fprintf(&b, "### The fault is %s\n\n", report.PlaceWords(where))
				first = false
			}
			verdict(&b, c, r)
		}
	}
	if sc, _ := wizard.ScenarioByID(situation); sc.Calls && situation != "no-ringback" {
		b.WriteString("Where the call itself fails, [calling out](no-ringback.md) has the verdicts. ")
	}
	if situation != "registration" {
		b.WriteString("Where the sign-in fails, [signing in](registration.md) has them.\n")
	}
	return strings.TrimRight(b.String(), "\n ") + "\n"
}

// verdict is what one cause means, what to say and what to send.
func verdict(b *strings.Builder, c diagnosis.Cause, r *diagnosis.Rule) {
	fmt.Fprintf(b, "<a id=\"%s\"></a>\n#### %s\n\n`%s` (%s)\n\n", c.ID, c.Title, c.ID, map[diagnosis.Kind]string{
		diagnosis.Fault: "a fault", diagnosis.Outcome: "no fault: a call that properly ended", diagnosis.Hint: "a hint, which is a fault only where something fails for it"}[r.Kind])
	fmt.Fprintf(b, "- **Say:** %s\n", c.Tell)
	for _, who := range []struct {
		audience diagnosis.Audience
		title    string
	}{{diagnosis.ForUser, "They do"}, {diagnosis.ForAdmin, "The administrator does"}, {diagnosis.ForProvider, "Send to the provider"}} {
		for _, x := range r.Fix {
			if x.For == who.audience {
				fmt.Fprintf(b, "- **%s:** %s\n", who.title, filled(x.Text))
			}
		}
	}
	fmt.Fprintf(b, "- **It rests on:** %s\n", c.Proof)
	if r.Overturn != "" {
		fmt.Fprintf(b, "- **It would be wrong if you saw this:** %s\n", filled(r.Overturn))
	}
	b.WriteString("\n")
}

// pageOf is the first page that a cause stands on.
func pageOf(c diagnosis.Cause) string {
	for _, s := range c.Situations {
		if _, ok := wizard.ScenarioByID(s); ok {
			return s
		}
		if s == "all" {
			return "registration"
		}
	}
	return ""
}

func ruled(cause string) *diagnosis.Rule {
	for _, r := range diagnosis.Rules() {
		if r.Cause == cause {
			return &r
		}
	}
	return nil
}

var argument = regexp.MustCompile(`\.([a-z_]+)`)

// filled puts the names of a text's arguments where the report has their values.
func filled(text string) string {
	args := map[string]any{}
	for _, action := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(text, -1) {
		for _, m := range argument.FindAllStringSubmatch(action, -1) {
			args[m[1]] = "‹" + m[1] + "›"
		}
	}
	var b strings.Builder
	t, err := template.New("").Parse(text)
	if err != nil || t.Execute(&b, args) != nil {
		return text
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func providerPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(intro(t, "providers.md"))
	b.WriteString("## What a meaning may name as its cause\n\n")
	for _, m := range []struct{ method, title string }{{"REGISTER", "When signing in (`method = \"REGISTER\"`)"}, {"INVITE", "For a call (`method = \"INVITE\"`)"}} {
		fmt.Fprintf(&b, "%s: %s.\n\n", m.title, ticks(diagnosis.MeaningCauses(m.method)))
	}
	fmt.Fprintf(&b, "While a call is up (`moment = \"mid-call\"`): %s.\n\n", ticks(diagnosis.MidCallCauses()))
	b.WriteString("## What is built in\n\n| `provider` | name | recognised by | looked up at |\n|---|---|---|---|\n")
	for _, p := range providers.Built().All() {
		by := slices.Concat(p.Domains)
		for _, s := range p.Servers {
			by = append(by, "Server: "+s)
		}
		if len(by) == 0 {
			by = []string{"its name in the account"}
		}
		var sources []string
		for _, s := range p.Sources {
			sources = append(sources, s.At)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.ID, p.Name, strings.Join(by, ", "), strings.Join(sources, "<br>"))
	}
	return b.String()
}

// TestTheExampleIsAFile: what the page shows can be put into a folder as it stands.
func TestTheExampleIsAFile(t *testing.T) {
	_, rest, _ := strings.Cut(intro(t, "providers.md"), "```toml\n")
	example, _, found := strings.Cut(rest, "```")
	p, err := providers.Parse("ourtel", []byte(example))
	if !found || err != nil || len(p.Dictionary.Meanings) != 1 || p.Dictionary.EchoNumber == "" {
		t.Errorf("%v\n%+v", err, p)
	}
}

func ticks(list []string) string { return "`" + strings.Join(list, "`, `") + "`" }
