package app

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

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
