package session

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Request says what to check.
type Request struct {
	Account   Account
	Situation string // a scenario's id
	Target    string // number or address to call, "" when the scenario calls nobody
	Person    wizard.Person
	Notify    func(wizard.Event) // called from the check's goroutines; must not block
	// Journal is the folder that remembers what a crash leaves behind; "" is JournalFolder.
	Journal string

	// Sound is this computer's microphone and speaker; nil: the remembered ones.
	Sound *SoundChoice

	// Trace is the folder in which the check keeps a trace of itself while it runs, for
	// what a crash leaves; "": none is kept.
	Trace string

	// Passing: the server does not outlive this program, so that a crash leaves nothing.
	Passing bool
	// Providers is what is known of providers; nil: LoadProviders("").
	Providers *Providers
	// CallWait is how long to wait for a call that the person is asked to place; 0
	// means about a minute.
	CallWait time.Duration
}

// Check is one diagnosis of one account: it owns the phone and the tape for as
// long as it runs.
type Check struct {
	request  Request
	scenario wizard.Scenario
	tape     *capture.Tape
	session  *wizard.Session
	lazy     *lazyPhone
	named    string   // the id of the provider that the account names, "" for none
	warnings []string // about provider files, for the report
}

// registration is the situation that is about signing in alone.
const registration = "registration"

// NewCheck prepares a check; nothing is sent yet. The error is a sentence for the
// person: what is missing and what to do. It may be a *Field.
func NewCheck(r Request) (*Check, error) {
	var err error
	sc, ok := wizard.ScenarioByID(r.Situation)
	if !ok {
		var ids []string
		for _, s := range wizard.Scenarios() {
			ids = append(ids, s.ID)
		}
		return nil, fmt.Errorf("there is no situation %q; choose one of %s", r.Situation, strings.Join(ids, ", "))
	}
	if err := r.Account.Check(); err != nil {
		return nil, err
	}
	if r.Providers == nil {
		if r.Providers, err = LoadProviders(""); err != nil {
			return nil, err
		}
	}
	known := providersOf(r)
	if r.Situation == registration && !r.Account.Registers() {
		return nil, &Field{Name: "register", Text: "this account has register = false, so there is no sign-in to check: choose another situation, or take that line out"}
	}
	if sc.Calls {
		if r.Target, err = known.target(r.Target); err != nil {
			return nil, err
		}
		if err := r.Account.checkTarget(r.Target); err != nil {
			return nil, err
		}
	}
	roots, err := r.Account.authorities()
	if err != nil {
		return nil, err
	}
	c := &Check{request: r, scenario: sc, tape: &capture.Tape{}, named: known.named, warnings: known.warnings}
	c.lazy = &lazyPhone{config: sipclient.Config{Account: phoneAccount(r.Account), Tape: c.tape, Tries: triesOf(r.Account), Roots: roots, PreferIPv6: r.Account.PreferIPv6,
		KeepAliveOptions: strings.EqualFold(r.Account.KeepAlive, "options"), ChallengeStrangers: r.Account.ChallengeCallers}}
	if r.Account.Registers() && !r.Passing {
		c.keepJournal()
	}
	measures, err := r.Account.proberOf(c.tape)
	if err != nil {
		return nil, err
	}
	c.session = &wizard.Session{
		Probes:     measures,
		Sound:      &sound{tape: c.tape, choice: r.soundChoice()},
		Tape:       c.tape,
		Phone:      c.lazy,
		Person:     r.Person,
		Registers:  r.Account.Registers(),
		Target:     wizard.Target{To: strings.TrimSpace(r.Target)},
		Dictionary: known.dictionary,
		Providers:  r.Providers.Book,
		Usual:      c.lazy.config.Transport,
		CallWait:   r.CallWait,
		Again:      c.again,
		Notify:     r.Notify,
	}
	c.lazy.config.Redirect = func(ctx context.Context, to []string) (string, bool) {
		return to[0], c.session.FollowRedirect(ctx, to[0])
	}
	return c, nil
}

// With is the account with what a change sets in it.
func (a Account) With(change wizard.Change) Account {
	if change.Transport != "" {
		a.Transport = change.Transport
	}
	if len(change.Codecs) > 0 {
		a.Codecs = change.Codecs
	}
	if change.Encryption != "" {
		a.Encryption = change.Encryption
	}
	return a
}

// again gives a second test phone on the same tape, with one thing changed.
func (c *Check) again(change wizard.Change) (wizard.Phone, error) {
	a := c.request.Account.With(change)
	if err := a.Check(); err != nil {
		return nil, err
	}
	cfg := c.lazy.config
	cfg.Account = phoneAccount(a)
	if change.KeepAlive != 0 {
		cfg.KeepAlive = change.KeepAlive
	}
	return &lazyPhone{config: cfg}, nil
}

// keepJournal lets the phone note what a crash would leave behind.
func (c *Check) keepJournal() {
	dir := c.request.Journal
	if dir == "" {
		var err error
		if dir, err = JournalFolder(); err != nil {
			return // nowhere to write: nothing is noted, and nothing was
		}
	}
	c.lazy.journal = newJournal(dir, c.request.Account, func(text string) {
		if c.request.Notify != nil {
			c.request.Notify(wizard.Event{Kind: wizard.Instruction, Title: text, Time: time.Now()})
		}
	})
	c.lazy.config.Journal = c.lazy.journal
}

// Run does the check. Cancelling the context hangs up and still gives a report.
// An error is a sentence: the program could not work at all.
func (c *Check) Run(ctx context.Context) (*report.Report, error) {
	if c.named != "" {
		c.tape.Note(capture.Note{Kind: capture.KindPhone, Key: capture.PhoneProvider, Text: c.named})
	}
	if c.request.Trace != "" && !c.request.Passing {
		defer trace(c.request.Trace, c.tape)()
	}
	rep, err := wizard.Run(ctx, c.scenario, c.session)
	if rep != nil {
		rep.Warnings = append(slices.Clip(rep.Warnings), c.warnings...)
	}
	return rep, err
}

// Scenario gives the scenario under way, for its step titles.
func (c *Check) Scenario() wizard.Scenario { return c.scenario }

// Evidence gives what is known so far, from any goroutine.
func (c *Check) Evidence() *evidence.Evidence { return c.session.Evidence() }

// Diagnosis gives the judgement so far, from any goroutine.
func (c *Check) Diagnosis() diagnosis.Diagnosis { return c.session.Diagnosis() }

// WriteCapture writes what crossed the wire as pcapng, sign-in proofs blanked.
func (c *Check) WriteCapture(w io.Writer) error {
	_, err := c.tape.WriteTo(w)
	return err
}

// phoneAccount turns what the person entered into what the phone needs.
func phoneAccount(a Account) sipclient.Account {
	codecs := make([]string, len(a.Codecs))
	for i, c := range a.Codecs {
		codecs[i] = strings.ToUpper(c)
	}
	return sipclient.Account{
		User: a.User, Domain: a.Domain, Login: a.Login, Password: a.Password,
		CallerID: a.CallerID, Proxy: a.Proxy, Transport: strings.ToLower(a.Transport),
		Codecs: codecs, Encryption: strings.ToLower(a.Encryption), Register: a.Registers(),
	}
}
