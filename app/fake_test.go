package app

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"softphonedoctor/app/look"
	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// fakeBackend stands for everything below the window. Its checks do what script
// says; what it was asked for is kept.
type fakeBackend struct {
	mu       sync.Mutex
	asked    []session.Request
	script   func(ctx context.Context, r session.Request) (*report.Report, error)
	refuse   error // of NewCheck
	stopped  int   // practices that were stopped
	examine  func(io.Reader) (*report.Report, error)
	sound    SoundDesk
	prefs    session.Preferences
	kept     map[string]string // passwords by the name of the account
	noStore  error             // of the password store
	standing *fakeStanding     // the last that was opened
	all      bool              // offer the checks of the real program
	real     bool              // practise and check as the real program does
}

func (b *fakeBackend) Scenarios() []wizard.Scenario {
	if b.all || b.real {
		return wizard.Scenarios()
	}
	steps := []wizard.Step{{Title: "Signing in"}, {Title: "Calling"}, {Title: "Sound in both directions"}}
	return []wizard.Scenario{
		{ID: "no-ringback", Complaint: "I call, but hear no ringing", Calls: true, Steps: steps},
		{ID: "one-way-audio", Complaint: "One side hears nothing", Calls: true, Steps: steps},
		{ID: "registration", Complaint: "My phone does not sign in", Steps: steps[:1]},
	}
}

func (b *fakeBackend) OpenSound(context.Context) (SoundDesk, error) {
	if b.sound == nil {
		return nil, errors.New("there is no sound system here")
	}
	return b.sound, nil
}

func (b *fakeBackend) LookUp(_ context.Context, domain string) (session.ServerName, []string) {
	if domain == "pbx.example.net" {
		return session.NameFound, []string{"TLS", "UDP"}
	}
	return session.NameUnknown, nil
}

func (b *fakeBackend) Import(source string) ([]session.Imported, error) {
	if source != "linphonerc" {
		return nil, errors.New("this is no file of accounts that can be read")
	}
	a := session.Account{User: "3001", Domain: "pbx.example.net", Password: "not-in-any-report", Transport: "tcp"}
	return []session.Imported{{Account: a, Origin: session.Origin{From: "Linphone", Account: a}, Notes: []string{"Its ringtone stays there."}}}, nil
}

func (b *fakeBackend) StandBetween(_ context.Context, server string, heard func(session.BetweenEvent)) (Standing, error) {
	if server != "pbx.example.net" {
		return nil, errors.New("the server's name cannot be looked up")
	}
	b.standing = &fakeStanding{heard: heard, err: session.ErrNobodyCame, served: make(chan struct{})}
	return b.standing, nil
}

// fakeStanding is a proxy that nobody uses; what it sees the test says.
type fakeStanding struct {
	heard  func(session.BetweenEvent)
	err    error // of Judge; nil: a problem
	served chan struct{}
}

func (s *fakeStanding) At() string { return "127.0.0.1:5066" }

func (s *fakeStanding) Serve(ctx context.Context) {
	<-ctx.Done()
	close(s.served)
}

func (s *fakeStanding) Judge() (*report.Report, Saver, error) {
	if s.err != nil {
		return nil, nil, s.err
	}
	r := problem()
	r.Warnings = session.BetweenHides()
	return r, &fakeCheck{}, nil
}

func (b *fakeBackend) Remember(a session.Account, _ *session.Origin) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[string]string{}
	}
	b.kept[a.Name] = a.Password
	return b.noStore
}

func (b *fakeBackend) Recall(name string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[name], nil
}

func (b *fakeBackend) Forget(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.kept, name)
	return nil
}

func (b *fakeBackend) Preferences() (session.Preferences, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.prefs, nil
}

func (b *fakeBackend) SavePreferences(p session.Preferences) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prefs = p
	return nil
}

func (b *fakeBackend) NewCheck(r session.Request) (Check, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.real {
		return Session().NewCheck(r)
	}
	if b.refuse != nil {
		return nil, b.refuse
	}
	b.asked = append(b.asked, r)
	return &fakeCheck{r: r, script: b.script}, nil
}

func (b *fakeBackend) requests() []session.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]session.Request(nil), b.asked...)
}

func (b *fakeBackend) Faults() []Fault {
	if b.real {
		return Session().Faults()
	}
	return []Fault{{"healthy", "one-way-audio", "Everything works"}, {"callee-busy", "no-ringback", "The other side is busy"},
		{"account-credentials-wrong", "registration", "The password is wrong"}}
}

func (b *fakeBackend) Practise(cause string) (*Practice, error) {
	if b.real {
		return Session().Practise(cause)
	}
	for _, f := range b.Faults() {
		if f.Cause == cause {
			return &Practice{Fault: f, Account: account(), Target: "2002", Answers: map[string]string{"heard": "yes"}, Stop: func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.stopped++
			}}, nil
		}
	}
	return nil, errors.New("no such fault")
}

func (b *fakeBackend) Examine(r io.Reader) (*report.Report, error) { return b.examine(r) }

type fakeCheck struct {
	r      session.Request
	script func(context.Context, session.Request) (*report.Report, error)
	masked *report.Report // nil: nothing is to be masked
	saved  *report.Report // the last one
}

func (c *fakeCheck) Run(ctx context.Context) (*report.Report, error) { return c.script(ctx, c.r) }
func (c *fakeCheck) Evidence() *evidence.Evidence                    { return someEvidence() }
func (c *fakeCheck) Save(path string, r *report.Report) error {
	c.saved = r
	return os.WriteFile(path, []byte(r.Situation), 0o600)
}
func (c *fakeCheck) Masked(r *report.Report) (*report.Report, error) {
	if c.masked != nil {
		return c.masked, nil
	}
	return r, nil
}
func (c *fakeCheck) SaveEverything(path string, r *report.Report) error {
	return os.WriteFile(path, []byte("everything"), 0o600)
}
func (c *fakeCheck) WriteCapture(w io.Writer) error {
	_, err := io.WriteString(w, "packets")
	return err
}
func (c *fakeCheck) Diagnosis() diagnosis.Diagnosis {
	return diagnosis.Diagnosis{Path: [4]diagnosis.Segment{{Out: diagnosis.Good, In: diagnosis.Good}}}
}

func account() session.Account {
	return session.Account{User: "2001", Domain: "pbx.example.net", Password: "not-in-any-report"}
}

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func message(n int, out bool, text string) *evidence.Message {
	m, err := sipmsg.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n"))
	if err != nil {
		panic(err)
	}
	return &evidence.Message{N: n, Time: began.Add(time.Duration(n) * 20 * time.Millisecond), Net: 1, Out: out, Message: m,
		From: netip.MustParseAddrPort("192.0.2.7:5060"), To: netip.MustParseAddrPort("198.51.100.20:5060")}
}

func someEvidence() *evidence.Evidence {
	common := "\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKx\nFrom: <sip:2001@pbx.example.net>;tag=a\nTo: <sip:2001@pbx.example.net>\nCall-ID: c1\nCSeq: 2 REGISTER\nMax-Forwards: 70"
	ask := message(1, true, "REGISTER sip:pbx.example.net SIP/2.0"+common+
		"\nContact: <sip:2001@192.0.2.7:5060>;expires=300\nAuthorization: Digest username=\"2001\", response=\"0123456789abcdef0123456789abcdef\", uri=\"sip:pbx.example.net\"")
	ok := message(2, false, "SIP/2.0 200 OK"+common)
	reg := &evidence.Registration{CallID: "c1", AOR: "2001@pbx.example.net", Server: netip.MustParseAddrPort("198.51.100.20:5060"), Out: true,
		Transactions: []*evidence.Transaction{{Method: "REGISTER", Out: true, Request: ask, Responses: []*evidence.Message{ok}}}}
	in := &evidence.Stream{Direction: evidence.In, Packets: 409, Expected: 410, Lost: 1, Jitter: 3 * time.Millisecond,
		Level: evidence.Level{Known: true, DBFS: -22}, Codec: evidence.Codec{Name: "PCMU"}}
	e := &evidence.Evidence{Began: began, Until: began.Add(48 * time.Second), Messages: []*evidence.Message{ask, ok},
		Registrations: []*evidence.Registration{reg}, Streams: []*evidence.Stream{in},
		Calls: []*evidence.Call{{ID: "c2", Direction: evidence.Out, To: "2002", Answer: ok, In: in}}}
	e.Subject.Addr = netip.MustParseAddrPort("192.0.2.7:5060")
	return e
}

func problem() *report.Report {
	f := diagnosis.Finding{Rule: &diagnosis.Rule{Cause: "no-audio-out-lost", Kind: diagnosis.Fault},
		Title: "The other side cannot hear you: your voice gets lost behind your router.", Why: "We sent 412 packets and they received none.",
		Overturn: "The other side reports that it receives our packets.",
		Fix: []diagnosis.Remedy{{For: diagnosis.ForUser, Text: "Restart the router, then test again."},
			{For: diagnosis.ForAdmin, Text: "Open the firewall."}, {For: diagnosis.ForProvider, Text: "Look at the relay."}}}
	f.Certainty, f.Where = diagnosis.Likely, diagnosis.LocalNetwork
	f.Cites = []diagnosis.Cite{{N: 2, Label: "accepted"}, {Label: "you said they hear nothing"}}
	r := report.New("one-way-audio", someEvidence(), diagnosis.Diagnosis{Findings: []diagnosis.Finding{f},
		Clear: []string{"account-credentials-wrong"}, Unchecked: []string{"microphone-too-quiet"},
		Path: [4]diagnosis.Segment{{Out: diagnosis.Good, In: diagnosis.Good}, {Out: diagnosis.Good, In: diagnosis.Good}, {Out: diagnosis.Broken, In: diagnosis.Good}, {In: diagnosis.Good}}})
	return r
}

func healthy() *report.Report {
	return report.New("one-way-audio", someEvidence(), diagnosis.Diagnosis{Clear: []string{"account-credentials-wrong"}})
}

// desk is the one goroutine of the widgets in a test: what checks post waits
// until the test takes it.
type desk struct {
	t     *testing.T
	w     *Window
	back  *fakeBackend
	queue chan func()
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	a := test.NewTempApp(t)
	d := &desk{t: t, back: &fakeBackend{}, queue: make(chan func(), 1000)}
	d.back.script = func(context.Context, session.Request) (*report.Report, error) { return problem(), nil }
	d.w = newWindow(a, d.back, func(f func()) { d.queue <- f })
	d.w.frame, d.w.poll = time.Millisecond, 5*time.Millisecond
	d.w.win.Resize(Usual)
	t.Cleanup(func() {
		d.w.now.leave()
		d.until("the checks end", func() bool { return d.idle() })
	})
	return d
}

func (d *desk) idle() bool {
	done := make(chan struct{})
	go func() {
		d.w.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// until takes what is posted until something is so.
func (d *desk) until(what string, so func() bool) {
	d.t.Helper()
	d.untilWithin(10*time.Second, what, so)
}

// untilWithin is until, for what takes longer.
func (d *desk) untilWithin(most time.Duration, what string, so func() bool) {
	d.t.Helper()
	limit := time.After(most)
	for !so() {
		select {
		case f := <-d.queue:
			f()
		case <-limit:
			d.t.Fatalf("waited in vain: %s (the page is %T)", what, d.w.now)
		case <-time.After(time.Millisecond):
		}
	}
}

func (d *desk) signedIn() { d.w.keepAccount(account()) }

// key presses a key where the focus is, as the driver would.
func (d *desk) key(name fyne.KeyName) {
	ev := &fyne.KeyEvent{Name: name}
	if f := d.w.win.Canvas().Focused(); f != nil {
		f.TypedKey(ev)
		return
	}
	d.w.win.Canvas().OnTypedKey()(ev)
}

// walk visits everything that can be seen, in order.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		children = o.Objects
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	}
	for _, child := range children {
		walk(child, visit)
	}
}

// texts are all words that a page shows, in order.
func texts(o fyne.CanvasObject) []string {
	var all []string
	walk(o, func(o fyne.CanvasObject) {
		if p, ok := o.(*look.Prose); ok {
			all = append(all, p.Text())
		}
	})
	return all
}

func (d *desk) says(words string) bool {
	return strings.Contains(strings.Join(texts(d.w.win.Content()), "\n"), words)
}

func (d *desk) mustSay(words ...string) {
	d.t.Helper()
	for _, w := range words {
		if !d.says(w) {
			d.t.Errorf("%T does not say %q; it says:\n%s", d.w.now, w, strings.Join(texts(d.w.win.Content()), "\n"))
		}
	}
}

func (d *desk) mustNotSay(words ...string) {
	d.t.Helper()
	for _, w := range words {
		if d.says(w) {
			d.t.Errorf("%T says %q", d.w.now, w)
		}
	}
}

func onPage[P page](d *desk) bool {
	_, ok := d.w.now.(P)
	return ok
}
