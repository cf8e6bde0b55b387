package app

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

var theyHear = wizard.Question{ID: "they_hear", Text: "Can they hear you?", Hint: "Ask them.",
	Options: []wizard.Option{{Value: "yes", Text: "Yes"}, {Value: "no", Text: "No"}, {Value: "unsure", Text: "I don't know"}}}

// asking is a check that goes through its steps and asks one question; the
// answer is sent to got.
func asking(got chan<- wizard.Answer) func(context.Context, session.Request) (*report.Report, error) {
	return func(ctx context.Context, r session.Request) (*report.Report, error) {
		r.Notify(wizard.Event{Kind: wizard.StepBegan, Step: 0, Title: "Signing in"})
		r.Notify(wizard.Event{Kind: wizard.StepEnded, Step: 0, OK: true, Note: "accepted in 84 ms"})
		r.Notify(wizard.Event{Kind: wizard.StepBegan, Step: 1, Title: "Calling"})
		r.Notify(wizard.Event{Kind: wizard.Instruction, Title: "Please wait for the ringing."})
		a, err := r.Person.Ask(ctx, theyHear)
		if err != nil {
			return nil, err
		}
		got <- a
		return problem(), nil
	}
}

func TestFromTheComplaintToTheVerdict(t *testing.T) {
	d := newDesk(t)
	got := make(chan wizard.Answer, 1)
	d.back.script = asking(got)
	d.mustSay("What is going wrong?", "No account yet", "Not in this version yet")

	test.Tap(d.w.now.(*homePage).cards["one-way-audio"])
	p := d.w.now.(*accountPage)
	p.accept()
	d.mustSay("Enter the user name")
	test.Type(p.user.Entry, "sip:2001@pbx.example.net")
	p.accept() // the domain was taken out of the address; the password is still missing
	d.mustSay("Enter the password")
	if p.domain.Entry.Text != "pbx.example.net" {
		t.Errorf("the domain is %q", p.domain.Entry.Text)
	}
	test.Type(p.password.Entry, "not-in-any-report")
	p.accept()

	ready := d.w.now.(*readyPage)
	d.mustSay("Nothing has been sent yet.", "2001@pbx.example.net", "your usual phone may go offline")
	ready.begin()
	d.mustSay("Enter the number to call")
	test.Type(ready.number.Entry, "2002")
	if n := len(d.back.requests()); n != 0 {
		t.Fatalf("%d checks were made before the number was confirmed", n)
	}
	test.Tap(ready.start)

	d.until("the question stands", func() bool { return d.says("Can they hear you?") })
	d.mustSay("accepted in 84 ms", "Please wait for the ringing.", "−22 dB", "Calling")
	live := d.w.now.(*livePage)
	test.Tap(live.question.choices[1])
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	if a := <-got; a != "no" {
		t.Errorf("the answer was %q", a)
	}
	r := d.back.requests()[0]
	if r.Target != "2002" || r.Situation != "one-way-audio" || r.Account.User != "2001" {
		t.Errorf("asked for %+v", r.Target)
	}
	d.mustSay("Problem found", "likely", "your voice gets lost behind your router", "Restart the router", "You said they hear nothing",
		"The fault is in your network or router.", "breaks off between your router and the provider", "Sign-in works")
	d.mustNotSay("Open the firewall.", "200 OK", "NAT", "RTCP", "SIP")
}

func TestEscapeIsIDontKnow(t *testing.T) {
	d := newDesk(t)
	got := make(chan wizard.Answer, 1)
	d.back.script = asking(got)
	d.signedIn()
	d.w.keepNumber("2002")
	d.w.begin("one-way-audio")
	d.key(fyne.KeyReturn) // the primary button, without any focus
	d.until("the question stands", func() bool { return d.says("Can they hear you?") })
	d.key(fyne.KeyEscape)
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
	if a := <-got; a != "unsure" {
		t.Errorf("Escape answered %q", a)
	}
	d.key(fyne.KeyEscape)
	if !onPage[*homePage](d) {
		t.Errorf("Escape on the result leads to %T", d.w.now)
	}
}

func TestNoEmergencyCall(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.begin("no-ringback")
	ready := d.w.now.(*readyPage)
	for _, n := range []string{"112", " 9-1-1 ", "+112", "0112", "999"} {
		ready.number.Entry.SetText(n)
		ready.begin()
		if !onPage[*readyPage](d) {
			t.Fatalf("%q would have been called", n)
		}
		d.mustSay("emergency number")
	}
	if len(d.back.requests()) != 0 {
		t.Error("a check was made")
	}
	d.key(fyne.KeyEscape)
}

func TestASignInNeedsNoNumber(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.begin("registration")
	if d.w.now.(*readyPage).number != nil {
		t.Error("a number is asked for although nobody is called")
	}
	test.Tap(d.w.now.(*readyPage).start)
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
}

func TestStopStillGivesAResult(t *testing.T) {
	d := newDesk(t)
	d.back.script = func(ctx context.Context, r session.Request) (*report.Report, error) {
		<-ctx.Done()
		return problem(), nil
	}
	d.signedIn()
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	live := d.w.now.(*livePage)
	d.until("it began", func() bool { return d.says("One moment.") })
	test.Tap(live.stop)
	if live.stop.Enabled() {
		t.Error("Stop can be pressed twice")
	}
	d.until("the result stands", func() bool { return onPage[*resultPage](d) })
}

func TestLeavingStopsEverything(t *testing.T) {
	d := newDesk(t)
	ignore := goleak.IgnoreCurrent()
	late := make(chan struct{})
	ended := make(chan struct{})
	d.back.script = func(ctx context.Context, r session.Request) (*report.Report, error) {
		defer close(ended)
		<-ctx.Done()
		<-late // the phone still hangs up, and its events still come
		for i := range 200 {
			r.Notify(wizard.Event{Kind: wizard.StepBegan, Step: i, Title: "late"})
			r.Notify(wizard.Event{Kind: wizard.Instruction, Title: "late"})
		}
		if a, err := r.Person.Ask(context.Background(), theyHear); a != wizard.NotAsked || err != nil {
			t.Errorf("a question after leaving got %q, %v", a, err)
		}
		return problem(), nil
	}
	d.signedIn()
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	d.until("it began", func() bool { return d.says("One moment.") })
	d.w.home()
	close(late)
	<-ended
	d.until("the check is gone", d.idle)
	for {
		select {
		case f := <-d.queue:
			f()
			continue
		default:
		}
		break
	}
	if !onPage[*homePage](d) || d.says("late") {
		t.Errorf("the page is %T", d.w.now)
	}
	goleak.VerifyNone(t, ignore)
}

func TestAQuestionThatIsLeftIsNotAsked(t *testing.T) {
	d := newDesk(t)
	got := make(chan wizard.Answer, 1)
	d.back.script = asking(got)
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	d.until("the question stands", func() bool { return d.says("Can they hear you?") })
	d.w.home()
	d.until("the question ended", func() bool { return len(got) == 1 })
	if a := <-got; a != wizard.NotAsked {
		t.Errorf("the answer was %q", a)
	}
}

func TestWhatCannotStartIsASentence(t *testing.T) {
	d := newDesk(t)
	d.back.refuse = errors.New("there is no network interface")
	d.signedIn()
	d.w.show(newLivePage(d.w, liveRequest{Request: session.Request{Situation: "registration", Account: account()}}))
	d.mustSay("The test could not start", "There is no network interface.")
	d.key(fyne.KeyReturn)
	if !onPage[*homePage](d) {
		t.Error("Enter leads back to the start")
	}
}

func TestTheSignInIsCheckedBesideTheForm(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newAccountPage(d.w, ""))
	p := d.w.now.(*accountPage)
	p.checkSignIn()
	d.mustSay("Signing in…")
	d.until("it says what is wrong", func() bool { return d.says("your voice gets lost") })
	d.mustSay("Restart the router", "The server's answer: 200")
	d.back.script = func(context.Context, session.Request) (*report.Report, error) { return healthy(), nil }
	p.checkSignIn()
	d.until("it says that it works", func() bool { return d.says("The sign-in works.") })
	d.back.refuse = &session.Field{Name: "proxy", Text: "proxy \"a b\": enter only the name"}
	p.checkSignIn()
	if !p.more.Open() || !strings.Contains(p.proxy.Complaint(), "enter only the name") {
		t.Errorf("the proxy field says %q", p.proxy.Complaint())
	}
}

func TestThePasswordIsNeverKept(t *testing.T) {
	d := newDesk(t)
	d.w.keepAccount(session.Account{User: "2001", Domain: "pbx.example.net", Password: "not-in-any-report", Login: "x", Proxy: "p", CallerID: "+49"})
	kept := []string{}
	prefs := d.w.app.Preferences()
	for _, k := range []string{keepUser, keepDomain, keepLogin, keepProxy, keepCaller, keepNumber, "account.password", "password"} {
		kept = append(kept, prefs.String(k))
	}
	if strings.Contains(strings.Join(kept, " "), "not-in-any-report") {
		t.Error("the password is in the preferences")
	}
	if !d.w.account.complete() {
		t.Error("the account is not complete")
	}
	p := newAccountPage(d.w, "")
	if !p.password.Entry.Password {
		t.Error("the password can be read on the screen")
	}
	d.w.show(p)
	d.mustNotSay("not-in-any-report")
}

// The hint below the server tells a slip of the pen before anything is tried.
func TestTheServerIsLookedUpWhenItsFieldIsLeft(t *testing.T) {
	d := newDesk(t)
	d.w.show(newAccountPage(d.w, ""))
	p := d.w.now.(*accountPage)
	d.w.focus(p.domain.Entry)
	test.Type(p.domain.Entry, "pbx.exmaple.net")
	d.w.focus(p.password.Entry)
	d.until("the slip is told", func() bool { return d.says("No server of this name was found.") })
	p.domain.Entry.SetText("sip:pbx.example.net")
	d.w.focus(p.domain.Entry)
	d.w.focus(p.password.Entry)
	d.until("the server is found", func() bool { return d.says("This server exists. It announces: TLS (the best), UDP.") })
	if len(d.back.requests()) != 0 {
		t.Error("a check was made")
	}
}
