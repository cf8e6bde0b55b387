package app

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
)

// From the start page to the verdict about the person's own softphone: what to set there,
// what was seen of it, and the button; the watching goes on until it is stopped.
func TestOwnSoftphone(t *testing.T) {
	d := newDesk(t)
	test.Tap(d.w.now.(*homePage).own)
	p := d.w.now.(*betweenPage)
	p.server.Entry.SetText("no.such.example")
	test.Tap(p.start)
	d.until("the fault is shown", func() bool { return d.says("The server's name cannot be looked up.") })
	p.server.Entry.SetText("pbx.example.net")
	d.key(fyne.KeyReturn)
	watched := func() *betweenPage {
		p, ok := d.w.now.(*betweenPage)
		if !ok || p.happened == nil {
			return nil
		}
		return p
	}
	d.until("it is watched", func() bool { return watched() != nil })
	d.mustSay("127.0.0.1:5066", "outbound proxy", "Nothing came from your softphone yet.", "It has not signed in yet.", "No call yet.")
	test.Tap(watched().copied)
	if got := d.w.app.Clipboard().Content(); got != "127.0.0.1:5066" {
		t.Errorf("copied %q", got)
	}

	test.Tap(watched().happened)
	d.until("nobody came", func() bool { return d.says("enter the address above") })

	hear := func(what session.BetweenEvent, says string) {
		d.back.standing.heard(what)
		d.until(says, func() bool { return d.says(says) })
	}
	hear(session.BetweenEvent{What: session.BetweenChallenged}, "Your softphone comes this way.")
	hear(session.BetweenEvent{What: session.BetweenRefused}, "Your provider does not accept its sign-in.")
	hear(session.BetweenEvent{What: session.BetweenSignedIn}, "It is signed in.")
	at := time.Date(2026, 3, 1, 12, 30, 7, 0, time.Local)
	hear(session.BetweenEvent{What: session.BetweenCall, Time: at}, "A call is running since 12:30:07.")
	hear(session.BetweenEvent{What: session.BetweenOver, Time: at.Add(time.Minute)}, "The last call began at 12:30:07.")

	d.key(fyne.KeyEscape) // it goes on while other pages are shown
	d.mustSay("My own softphone is watched")
	test.Tap(d.w.now.(*homePage).own)
	d.mustSay("It is signed in.")

	d.back.standing.err = errors.New("the disk is full")
	test.Tap(watched().happened)
	d.until("the trouble is told", func() bool { return d.says("The disk is full.") })
	d.back.standing.err = session.ErrNothingRecent
	test.Tap(watched().happened)
	d.until("nothing is recent", func() bool { return d.says("Nothing has passed in the last ten minutes.") })
	d.back.standing.err = nil
	d.key(fyne.KeyReturn)
	d.until("there is a result", func() bool { return onPage[*resultPage](d) })
	d.mustSay("Your softphone's calls were judged as they crossed the network.", "Keep watching")
	d.mustNotSay("STUN")
	result := d.w.now.(*resultPage)
	test.Tap(result.save)
	if d.w.now.(*savePage).mask == nil {
		t.Error("nobody is asked whether to mask")
	}
	d.key(fyne.KeyEscape)
	test.Tap(d.w.now.(*resultPage).again)
	test.Tap(watched().stop)
	<-d.back.standing.served
	if d.w.own != nil || d.w.now.(*betweenPage).start == nil {
		t.Error("it is still watched")
	}
}

// A test that found nothing leads on to the person's own softphone; the window's end ends
// the watching.
func TestFromAHealthyTestToTheOwnSoftphone(t *testing.T) {
	d := newDesk(t)
	d.signedIn()
	d.w.show(newResultPage(d.w, healthy(), &liveRequest{}))
	test.Tap(d.w.now.(*resultPage).own)
	p := d.w.now.(*betweenPage)
	if p.server.Entry.Text != "pbx.example.net" {
		t.Errorf("the server is %q, not that of the account", p.server.Entry.Text)
	}
	test.Tap(p.start)
	d.until("it is watched", func() bool { return d.w.own != nil })
	d.w.close()
	<-d.back.standing.served
}

// The real proxy behind the page: what a phone does through it is heard, judged and saved.
func TestOwnSoftphoneForReal(t *testing.T) {
	p, err := session.StartPractice("account-credentials-wrong")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, stop := context.WithCancel(t.Context())
	heard := make(chan session.BetweenEvent, 100)
	s, err := real{}.StandBetween(ctx, p.Account.Domain, func(e session.BetweenEvent) { heard <- e })
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); s.Serve(ctx) }()
	defer func() { stop(); <-served }()
	if _, _, err := s.Judge(); !errors.Is(err, session.ErrNobodyCame) {
		t.Errorf("before anybody came: %v", err)
	}
	a := p.Account
	a.Proxy = s.At()
	c, err := session.NewCheck(session.Request{Account: a, Situation: "registration", Passing: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := false
	for len(heard) > 0 {
		e := <-heard
		refused = refused || e.What == session.BetweenRefused
	}
	r, save, err := s.Judge()
	if err != nil || r.Root() == nil || r.Root().Rule.Cause != "account-credentials-wrong" {
		t.Fatalf("%v %v", r, err)
	}
	if !refused {
		t.Error("nobody was told that the password is refused")
	}
	path := filepath.Join(t.TempDir(), "own.zip")
	if err := save.Save(path, r); err != nil {
		t.Fatal(err)
	}
	again, err := session.ExamineFile(path, wizard.Subject{})
	if err != nil || again.Root() == nil || again.Root().Rule.Cause != "account-credentials-wrong" {
		t.Errorf("from the file: %v %v", again, err)
	}
}
