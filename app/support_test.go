package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
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
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}}))
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

	ticket := r.ticket()
	for _, want := range []string{code, "2001@pbx.example.net", "REGISTER", "200 OK", "Softphone Doctor"} {
		if !strings.Contains(ticket, want) {
			t.Errorf("the ticket lacks %q", want)
		}
	}
	if strings.Contains(ticket, "not-in-any-report") || strings.Contains(ticket, "0123456789abcdef") {
		t.Error("the ticket holds what proves the password")
	}
}

func TestSpelling(t *testing.T) {
	if got := spelled("k4-p0"); got != "Kilo · 4 · Papa · 0" {
		t.Errorf("got %q", got)
	}
}

// A capture with several calls is a list; each is judged alone, and the way back leads
// to the list.
func TestListOfCalls(t *testing.T) {
	d := newDesk(t)
	d.w.show(newCallsPage(d.w, "day.pcap", problem(), callRows()))
	p := d.w.now.(*callsPage)
	d.mustSay("2 calls in this capture", "Problem found", "All well")
	d.key(fyne.KeyDown)
	d.key(fyne.KeyReturn)
	if !onPage[*resultPage](d) {
		t.Fatalf("Enter leads to %T", d.w.now)
	}
	d.key(fyne.KeyEscape)
	if !onPage[*callsPage](d) {
		t.Fatalf("Escape leads to %T", d.w.now)
	}
	d.w.now.(*callsPage).list.Select(0)
	if !onPage[*resultPage](d) {
		t.Fatalf("a press leads to %T", d.w.now)
	}
	d.w.show(p)
	test.Tap(p.all)
	d.mustSay("Problem found")
}

// Saving makes the file, tells where, and asks before it replaces another one.
func TestSaving(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	d.signedIn()
	check, err := d.back.NewCheck(session.Request{Situation: "one-way-audio"})
	if err != nil {
		t.Fatal(err)
	}
	d.w.show(newResultPage(d.w, problem(), &liveRequest{Request: session.Request{Account: account()}, check: check}))
	test.Tap(d.w.now.(*resultPage).save)
	p := d.w.now.(*savePage)
	path := filepath.Join(dir, "report.zip")
	p.path.Entry.SetText(dir)
	p.do()
	d.mustSay("This is a folder")
	p.path.Entry.SetText(path)
	p.do()
	d.mustSay("Saved: " + path)
	if b, err := os.ReadFile(path); err != nil || string(b) != "one-way-audio" {
		t.Errorf("saved %q, %v", b, err)
	}
	p.mask.Choose(1)
	p.do()
	if b, err := os.ReadFile(path); err != nil || string(b) != "everything" {
		t.Errorf("saved %q, %v", b, err)
	}
	p.mask.Choose(0)
	other := filepath.Join(dir, "other.zip")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.path.Entry.SetText(other)
	p.do()
	d.mustSay("There is a file of this name.")
	if b, _ := os.ReadFile(other); string(b) != "mine" {
		t.Error("another file was replaced without asking")
	}
	p.do()
	if b, _ := os.ReadFile(other); string(b) != "one-way-audio" {
		t.Error("the second press replaces it")
	}
	p.path.Entry.SetText(filepath.Join(dir, "no", "such", "folder", "x"))
	p.do()
	if p.path.Complaint() == "" {
		t.Error("what cannot be saved is told")
	}
	d.key(fyne.KeyEscape)
	if !onPage[*resultPage](d) {
		t.Errorf("Escape leads to %T", d.w.now)
	}

	d.w.technical(true)
	test.Tap(d.w.tech.saves)
	p = d.w.now.(*savePage)
	p.path.Entry.SetText(filepath.Join(dir, "call.pcapng"))
	p.do()
	if b, err := os.ReadFile(filepath.Join(dir, "call.pcapng")); err != nil || string(b) != "packets" {
		t.Errorf("saved %q, %v", b, err)
	}
}

// A crash leaves a file that the next start offers; a program that ended well leaves none.
func TestCrashIsOffered(t *testing.T) {
	dir := t.TempDir()
	end := watchCrash(dir)
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 {
		t.Fatalf("files: %v", files)
	}
	if got := crashes(dir); len(got) != 0 {
		t.Errorf("a running program is no crash: %v", got)
	}
	end()
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
	old := filepath.Join(dir, "2020-01-01-000000-1.txt")
	if err := os.WriteFile(old, []byte(crashHead()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Now(), time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(dir, "2026-01-01-000000-2.txt")
	if err := os.WriteFile(crashed, []byte(crashHead()+"panic: something that should not be\n\ngoroutine 1 [running]:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found := crashes(dir)
	if len(found) != 1 || found[0] != crashed {
		t.Fatalf("found %v", found)
	}
	d := newDesk(t)
	d.w.show(newCrashPage(d.w, found))
	d.mustNotSay("goroutine 1")
	p := d.w.now.(*crashPage)
	test.Tap(p.show)
	d.mustSay("something that should not be")
	d.key(fyne.KeyReturn)
	if !onPage[*homePage](d) || len(crashes(dir)) != 0 {
		t.Error("it is offered once")
	}
}

// The ladder shows what was sent again, pauses, and streams, in the order of time.
func TestLadderRows(t *testing.T) {
	e := someEvidence()
	ask := e.Messages[0]
	ask.Copies = []evidence.Copy{{N: 5, Time: ask.Time.Add(500 * time.Millisecond)}, {N: 6, Time: ask.Time.Add(4500 * time.Millisecond)}}
	e.Streams[0].First = ask.Time.Add(6 * time.Second)
	var got []look.RungKind
	for _, r := range ladderRows(e, map[int]bool{2: true}) {
		got = append(got, r.kind)
	}
	want := []look.RungKind{look.RungMessage, look.RungMessage, look.RungCopy, look.RungGap, look.RungCopy, look.RungStream}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// A message is explained where it stands: every Via and every line of the description.
func TestMessagesAreExplainedInPlace(t *testing.T) {
	d := newDesk(t)
	d.w.show(newResultPage(d.w, problem(), nil))
	d.w.technical(true)
	d.mustSay("Via: SIP/2.0/UDP 192.0.2.7:5060", "The address to which this answer goes back")
	d.w.tech.mode.Choose(modeOffer)
	d.w.tech.showMessage()
	d.mustSay("No description of the sound was seen")
	c := d.w.tech.shown.Calls[0]
	c.Offer = &evidence.Media{Local: true, Addr: "192.0.2.7", Port: 4000, Proto: "RTP/AVP", Direction: "sendrecv", Codecs: []evidence.Codec{{PayloadType: 8, Name: "PCMA"}, {PayloadType: 0, Name: "PCMU"}}}
	c.Agreed = &evidence.Media{Addr: "198.51.100.20", Port: 5000, Proto: "RTP/AVP", Direction: "inactive", Codecs: []evidence.Codec{{PayloadType: 0, Name: "PCMU"}}}
	d.w.tech.showMessage()
	d.mustSay("Offer", "Answer", "198.51.100.20 port 5000", "≠ inactive", "Both sides know: PCMU.")
	d.w.tech.copyOne()
	if got := d.w.app.Clipboard().Content(); !strings.Contains(got, "#2") || !strings.Contains(got, "200 OK") {
		t.Errorf("copied %q", got)
	}
}

// Charts count packets over time, keep half a minute, and know nothing before the first sound.
func TestLiveCharts(t *testing.T) {
	newDesk(t)
	c := newLiveCharts()
	at := began
	c.tick(at, figures{})
	if c.began {
		t.Error("there is no sound yet")
	}
	f := figures{in: way{ok: true, told: true, expected: 100}, out: way{ok: true}}
	for i := range 200 {
		f.in.packets = uint64(25 * i)
		c.tick(at.Add(time.Duration(i)*chartStep), f)
	}
	if got := c.packets.figures[0].Text(); got != "50" {
		t.Errorf("%s packets a second", got)
	}
	if got := c.packets.figures[1].Text(); got != "0" {
		t.Errorf("%s packets a second", got)
	}
	if n := len(c.packets.course[0]); n != int(chartShows/chartStep) {
		t.Errorf("%d values are kept", n)
	}
	if in, out := c.flowing(); !in || out {
		t.Error("packets flow in only")
	}
	if in, out := c.flow(); in < 0 || out >= 0 {
		t.Error("what flows is shown to flow")
	}
	if c.quality.figures[0].Text() != unknownFigure {
		t.Error("what is not known is a dash")
	}
}

// The bands have the limits of the rules.
func TestChartLimitsExist(t *testing.T) {
	for _, name := range []string{"lossSome", "lossBad", "jitterBad"} {
		if limit(name) <= 0 {
			t.Errorf("there is no limit named %s", name)
		}
	}
}

// Settings are kept, and forgetting leaves nothing of the account.
func TestSettings(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.keepNumber("2002")
	d.key(fyne.KeyF9)
	p := d.w.now.(*settingsPage)
	test.Tap(p.theme.Tiles[2])
	if got := d.w.app.Preferences().String(keepTheme); got != "dark" {
		t.Errorf("kept %q", got)
	}
	if th, ok := d.w.app.Settings().Theme().(look.Theme); !ok || !th.Fixed {
		t.Error("the theme is not used")
	}
	test.Tap(p.forget)
	if d.w.account.User == "" {
		t.Error("one press forgets nothing yet")
	}
	test.Tap(p.forget)
	if d.w.account.User != "" || d.w.app.Preferences().String(keepUser) != "" || d.w.app.Preferences().String(keepNumber) != "" {
		t.Error("something is left")
	}
	d.mustSay("It is forgotten.")
}

func TestScale(t *testing.T) {
	t.Setenv(scaleVariable, "")
	newDesk(t)
	setScale(1.3)
	if got := os.Getenv(scaleVariable); got != "1.30" {
		t.Errorf("got %q", got)
	}
	setScale(1)
	if got := os.Getenv(scaleVariable); got != "" {
		t.Errorf("got %q", got)
	}
}

// An account can be brought along from another softphone: the form is filled, the person
// confirms, and what worked differently is shown in the end.
func TestImport(t *testing.T) {
	d := newDesk(t)
	d.w.show(newImportPage(d.w, "one-way-audio"))
	p := d.w.now.(*importPage)
	p.take("")
	d.mustSay("Name a file, or enter an address.")
	p.take("nonsense")
	d.mustSay("This is no file of accounts that can be read.")
	p.take("linphonerc")
	form := d.w.now.(*accountPage)
	d.mustSay("Taken from Linphone.", "Its ringtone stays there.")
	d.mustNotSay("not-in-any-report")
	if form.user.Entry.Text != "3001" || form.password.Entry.Text != "not-in-any-report" {
		t.Errorf("the form holds %q", form.user.Entry.Text)
	}
	form.accept()
	d.w.now.(*readyPage).number.Entry.SetText("2002")
	d.back.script = func(context.Context, session.Request) (*report.Report, error) { return healthy(), nil }
	d.w.now.(*readyPage).begin()
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	if got := d.back.requests()[0].Account.Transport; got != "tcp" {
		t.Errorf("tested over %q", got)
	}
	d.mustSay("What your softphone has set differently", "TCP")
}

// The password is kept only where the person asked for it, and where the system can.
func TestRememberingThePassword(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newAccountPage(d.w, ""))
	d.w.now.(*accountPage).accept()
	d.until("it is done", d.idle)
	if len(d.back.kept) != 0 {
		t.Fatal("the password was kept without being asked to")
	}
	d.w.show(newAccountPage(d.w, ""))
	p := d.w.now.(*accountPage)
	p.remember.SetChecked(true)
	p.accept()
	d.until("it is kept", func() bool { got, _ := d.back.Recall("2001@pbx.example.net"); return got == "not-in-any-report" })
	d.until("it is done", d.idle)

	again := newWindow(d.w.app, d.back, func(f func()) { d.queue <- f })
	d.until("it is recalled", func() bool { return again.account.Password == "not-in-any-report" })
	if err := again.forget(); err != nil || len(d.back.kept) != 0 {
		t.Errorf("forgetting leaves %d passwords, %v", len(d.back.kept), err)
	}

	d.back.noStore = errors.New("this computer has no password store")
	d.w.remember(true, nil)
	d.until("it is not claimed", func() bool { return !d.w.app.Preferences().Bool(keepSecret) })
}

// What a test left that was cut off is offered once, and can be examined.
func TestACutOffTestIsOffered(t *testing.T) {
	d := newDesk(t)
	path := filepath.Join(t.TempDir(), "2026-03-01-120000.000-1.pcapng")
	if err := os.WriteFile(path, []byte("trace"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.back.examine = func(r io.Reader) (*report.Report, error) {
		if b, err := io.ReadAll(r); string(b) != "trace" || err != nil {
			t.Errorf("read %q, %v", b, err)
		}
		return problem(), nil
	}
	d.w.show(newCutOffPage(d.w, []string{path}))
	d.mustSay("A test was cut off last time")
	d.key(fyne.KeyReturn)
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	if _, err := os.Stat(path); err == nil {
		t.Error("the trace is still there")
	}
}
