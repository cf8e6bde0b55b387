package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/session"
	"softphonedoctor/app/words"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Every page has a number of its own, which stands in the header, and a name on the
// about page.
func TestEveryPageHasANumber(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	owner := map[int]string{}
	for _, make := range everyPage(d) {
		p := make()
		d.w.show(p)
		n := p.pageNumber()
		d.mustSay("Page " + digits(n))
		kind := typeName(p)
		if was := owner[n]; was != "" && was != kind {
			t.Errorf("page %d is both %s and %s", n, was, kind)
		}
		owner[n] = kind
		if n < 1 || n > len(pageNames()) {
			t.Errorf("page %d (%s) has no name", n, kind)
		}
	}
	for i := range pageNames() {
		if owner[i+1] == "" && i+1 != (*technicalPage)(nil).pageNumber() {
			t.Errorf("no page has the number %d", i+1)
		}
	}
}

// typeName is the kind of a page: "live" for *livePage and for one that stands still.
func typeName(p page) string {
	kind := fmt.Sprintf("%T", p)
	kind = kind[strings.LastIndex(kind, ".")+1:]
	return strings.TrimSuffix(strings.TrimSuffix(kind, "Page"), "Still")
}

// Each question of the program has a number, and each step of a test.
func TestQuestionsAndStepsHaveNumbers(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range questionNumbers {
		if seen[id] {
			t.Errorf("%s has two numbers", id)
		}
		seen[id] = true
	}
	src, err := os.ReadFile("../wizard/questions.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(src)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ID:"); ok {
			if id = strings.Trim(id, " \",\n"); questionNumber(id) == 0 {
				t.Errorf("the question %s has no number: add it at the end of questionNumbers", id)
			}
		}
	}
	d := newDesk(t)
	got := make(chan wizard.Answer, 1)
	d.back.script = asking(got)
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	d.until("the question stands", func() bool { return d.says("Can they hear you?") })
	d.mustSay("Question 3", "5.1 · accepted in 84 ms")
}

// From the first start to a verdict on the built-in PBX: two clicks.
func TestClicksToAVerdictOnPractice(t *testing.T) {
	d := newDesk(t)
	clicks := 0
	click := func(o fyne.Tappable) {
		clicks++
		test.Tap(o)
	}
	click(d.w.now.(*homePage).practise)
	click(d.w.now.(*practicePage).tiles["callee-busy"])
	d.until("the verdict stands", func() bool { return onPage[*resultPage](d) })
	if clicks > 4 {
		t.Errorf("%d clicks", clicks)
	}
}

// On a real account: three fields, a number, and at most five clicks.
func TestClicksToAVerdictOnARealAccount(t *testing.T) {
	d := newDesk(t)
	clicks := 0
	click := func(o fyne.Tappable) {
		clicks++
		test.Tap(o)
	}
	click(d.w.now.(*homePage).cards["no-ringback"])
	p := d.w.now.(*accountPage)
	test.Type(p.user.Entry, "2001")
	test.Type(p.domain.Entry, "pbx.example.net")
	test.Type(p.password.Entry, "not-in-any-report")
	click(p.use)
	test.Type(d.w.now.(*readyPage).number.Entry, "2002")
	click(d.w.now.(*readyPage).start)
	d.until("the verdict stands", func() bool { return onPage[*resultPage](d) })
	if clicks > 5 {
		t.Errorf("%d clicks", clicks)
	}
}

// What the program can do itself is offered, tried after the confirmation, and stands
// beside what was found before.
func TestDoItForMe(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.keepNumber("2002")
	d.back.script = func(_ context.Context, r session.Request) (*report.Report, error) {
		if r.Account.Transport == "tls" {
			return healthy(), nil
		}
		p := problem()
		p.Diagnosis.Findings[0].Rule = &diagnosis.Rule{Cause: "sip-alg", Kind: diagnosis.Fault}
		return p, nil
	}
	d.w.begin("one-way-audio")
	test.Tap(d.w.now.(*readyPage).start)
	d.until("the first result stands", func() bool { return onPage[*resultPage](d) })
	first := d.w.now.(*resultPage)
	if first.doIt == nil {
		t.Fatal("nothing is offered")
	}
	test.Tap(first.doIt)
	d.mustSay("over an encrypted connection", "Only the test phone is changed", "Nothing has been sent yet.")
	test.Tap(d.w.now.(*readyPage).start)
	d.until("the second result stands", func() bool { return onPage[*resultPage](d) })
	d.mustSay("Before and after", "Problem found", "All well", "With this change it works.", "Choose TLS as the connection")
	asked := d.back.requests()
	if n := len(asked); n != 2 || asked[0].Account.Transport != "" || asked[1].Account.Transport != "tls" {
		t.Errorf("asked for %d checks", n)
	}
	if d.w.account.Transport != "" {
		t.Error("the person's account was changed")
	}
}

func TestRemediesThatTheProgramCanTry(t *testing.T) {
	e := someEvidence()
	ask := message(9, true, "OPTIONS sip:pbx.example.net SIP/2.0\nVia: SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bKy\nFrom: <sip:a@b>;tag=a\nTo: <sip:b@b>\nCall-ID: o\nCSeq: 1 OPTIONS\nMax-Forwards: 70")
	ask.Net = 2
	e.Options = []*evidence.Transaction{{Method: "OPTIONS", Out: true, Request: ask, Responses: []*evidence.Message{ask}}}
	for _, c := range []struct {
		cause string
		e     *evidence.Evidence
		a     session.Account
		want  string
	}{
		{"sip-alg", nil, account(), "transport tls"},
		{"transport-blocked", nil, session.Account{Transport: "tls"}, "transport tcp"},
		{"encryption-mismatch", nil, account(), "encryption srtp"},
		{"encryption-mismatch", nil, session.Account{Encryption: "srtp"}, "encryption none"},
		{"codec-mismatch", nil, session.Account{Codecs: []string{"G722"}}, "codecs PCMA PCMU G722"},
		{"callee-busy", nil, account(), ""},
		{"account-credentials-wrong", nil, account(), ""},
	} {
		got := ""
		if r := remedyFor(c.cause, c.e, c.a); r != nil {
			got = r.Change.String()
			if r.does == "" || r.set == "" {
				t.Errorf("%s: no words", c.cause)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.cause, got, c.want)
		}
	}
}

// The support view stays beside each result until it is switched off; the ticket holds
// the code and every message, and no password.
func TestSupportView(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}, check: &fakeCheck{}}))
	r := d.w.now.(*resultPage)
	code := r.report.SupportCode().String()
	d.mustSay(code, spelled(code))
	test.Tap(r.pin)
	d.mustSay("What to do", "Audio streams", "Test phone", "Page 6")
	d.w.win.Resize(Smallest)
	d.fits("support view", Smallest)
	d.w.win.Resize(Usual)
	d.fits("support view", Usual)
	d.w.show(newResultPage(d.w, healthy(), nil))
	d.mustSay("All well", "Audio streams")
	d.w.technical(false)
	d.mustNotSay("Audio streams")
	d.w.show(newResultPage(d.w, problem(), nil))
	d.mustNotSay("Audio streams")

	ticket, err := r.ticket()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{code, "REGISTER", "200 OK", "Softphone Doctor"} {
		if !strings.Contains(ticket, want) {
			t.Errorf("the ticket lacks %q", want)
		}
	}
	if strings.Contains(ticket, "not-in-any-report") || strings.Contains(ticket, "0123456789abcdef") {
		t.Error("the ticket holds what proves the password")
	}
}

// What is copied after a check is the report as somebody else may see it.
func TestTicketIsMasked(t *testing.T) {
	d := newDesk(t)
	r := newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}, check: &fakeCheck{masked: healthy()}})
	ticket, err := r.ticket()
	if err != nil || strings.Contains(ticket, "no-audio-out-lost") || !strings.Contains(ticket, healthy().Headline()) {
		t.Errorf("not the masked report, %v:\n%s", err, ticket)
	}
}

// What is saved is written in the language of the window; what is copied for support stays
// English, as what is shown is not changed by saving it.
func TestSavedInTheWindowsLanguage(t *testing.T) {
	t.Cleanup(func() { words.Choose("en") })
	words.Choose("fr")
	d := newDesk(t)
	words.Choose("fr")
	check := &fakeCheck{}
	shown := problem()
	d.w.show(newResultPage(d.w, shown, &liveRequest{Request: session.Request{Account: account()}, check: check}))
	test.Tap(d.w.now.(*resultPage).save)
	p := d.w.now.(*savePage)
	p.path.Entry.SetText(filepath.Join(t.TempDir(), "report.zip"))
	p.do()
	if check.saved == nil {
		t.Fatal("nothing was saved")
	}
	var page strings.Builder
	if err := check.saved.HTML(&page, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="fr">`, "Que faire", `class="en"`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if shown.In.Code != "" {
		t.Error("what is shown was changed")
	}
}

func TestSpelling(t *testing.T) {
	if got := spelled("k4-p0"); got != "Kilo · 4 · Papa · 0" {
		t.Errorf("got %q", got)
	}
}

// A support code that somebody reads out is said in words on the about page.
func TestASupportCodeIsReadOnTheAboutPage(t *testing.T) {
	d := newDesk(t)
	d.w.show(newAboutPage(d.w))
	p := d.w.now.(*aboutPage)
	d.w.focus(p.code.Entry)
	test.Type(p.code.Entry, strings.ToLower(problem().SupportCode().String()))
	d.mustSay("Sound leaves this computer and does not arrive.", "likely", "in your network or router")
	test.Type(p.code.Entry, "x")
	d.mustNotSay("Sound leaves", "This is no support code")
	p.code.Entry.OnSubmitted("")
	d.mustSay("This is no support code.")
}

// What a refused sign-in is about is told beside its field.
func TestARefusedSignInPointsAtItsField(t *testing.T) {
	d := newDesk(t)
	d.w.show(newAccountPage(d.w, ""))
	p := d.w.now.(*accountPage)
	f := &diagnosis.Finding{Rule: &diagnosis.Rule{Cause: "account-credentials-wrong"}, Title: "The password is wrong."}
	p.pointOut(f)
	if p.password.Complaint() != f.Title || d.w.win.Canvas().Focused() != fyne.Focusable(p.password.Entry) {
		t.Errorf("beside the password stands %q", p.password.Complaint())
	}
}
