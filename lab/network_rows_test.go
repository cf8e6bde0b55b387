package lab

import (
	"slices"
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// netRow is a row of the tables of network faults: what lies between, what is wrong
// with it, what the person complains of, and what the program must say of it.
type netRow struct {
	name string
	nat  natKind // "": port-restricted
	help help    // of the provider; 0: withNATHelp and withRelay
	set  func(*testing.T, *Network, *Registrar)

	transport string // "": UDP
	situation string // "": one-way-audio
	answers   session.Answers
	account   func(*Network, *Registrar, *session.Account)
	to        string // "": bob, a baresip that is there for the asking
	phone     PhoneOptions
	calls     time.Duration // bob calls alice, again and again from so long after the start on; 0: never

	cause     string // "": healthy
	where     string
	direction string
	hint      string   // a hint that must be there, as "CAUSE WHERE DIRECTION"
	others    []string // causes that may stand beside it; symptoms and hints are free
	more      func(*testing.T, *Network, answer)
}

// noProvider is help of nobody at all.
const noProvider help = 1 << 7

// runRows runs a family of rows, each in a network of its own; with -short the first one.
func runRows(t *testing.T, rows []netRow) {
	t.Helper()
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			r.run(t)
		})
	}
}

func (r netRow) run(t *testing.T) {
	if r.nat == "" {
		r.nat = natPortRestricted
	}
	n := newNetwork(t, r.nat)
	if _, err := doctor(); err != nil { // before anything waits for it
		t.Fatal(err)
	}
	if r.help == 0 {
		r.help = withNATHelp | withRelay
	}
	k := n.registrar(t, r.help)
	q := question{Account: n.account(k, "alice", r.transport), Situation: r.situation, To: r.to, Answers: r.answers}
	if q.Situation == "" {
		q.Situation = "one-way-audio"
	}
	if q.To == "" && q.Situation != "registration" && r.calls == 0 {
		q.To = "bob"
		if r.phone.RingFor == 0 {
			r.phone.RingFor = 300 * time.Millisecond
		}
		n.phone(t, k, "bob", r.phone)
	}
	if r.account != nil {
		r.account(n, k, &q.Account)
	}
	if r.set != nil {
		r.set(t, n, k)
	}
	if r.calls > 0 {
		q.To, q.Limit = "", 5*time.Minute
		defer callAgain(t, n.phone(t, k, "bob", r.phone), "sip:alice@"+k.Domain(), r.calls)()
	}
	a := n.check(t, q)
	for again := 0; again < 4 && r.overloaded(a); again++ {
		t.Logf("this machine is %v late and the program says so; once more", a.Late)
		a = n.check(t, q)
	}
	t.Logf("%v", a)
	r.judge(t, a)
	if r.more != nil {
		r.more(t, n, a)
	}
}

// callAgain lets a phone call until the function that it gives is called.
func callAgain(t *testing.T, p *Phone, to string, after time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for wait := after; ; wait = 3 * time.Second {
			select {
			case <-done:
				return
			case <-time.After(wait):
			}
			// It refuses where the last call still rings.
			_, _ = p.control.command("dial", to)
		}
	}()
	return func() { close(done); <-ended }
}

// judge compares what the program says with what the row wants.
func (r netRow) judge(t *testing.T, a answer) {
	t.Helper()
	root := a.root()
	if r.cause == "" {
		if a.Verdict != report.Healthy || a.Status != 0 {
			t.Errorf("it is healthy, the program says %s", a.Verdict)
		}
	} else {
		if root == nil {
			t.Fatalf("no finding, want %s", r.cause)
		}
		if slices.Contains(r.others, root.Cause) { // two faults at a time: either may be the surer one
			at := slices.IndexFunc(a.Findings, func(f report.FindingDoc) bool { return f.Cause == r.cause && !f.Symptom })
			if at >= 0 {
				root = &a.Findings[at]
			}
		}
		if root.Cause != r.cause || root.Where != r.where || root.Direction != r.direction {
			t.Errorf("found %s at %s, direction %s; want %s at %s, direction %s", root.Cause, root.Where, root.Direction, r.cause, r.where, r.direction)
		}
		if a.Verdict != report.Problem || a.Status != 1 {
			t.Errorf("verdict %s, exit status %d", a.Verdict, a.Status)
		}
	}
	hinted := r.hint == ""
	for _, f := range a.Findings {
		hinted = hinted || f.Kind == "hint" && r.hint == f.Cause+" "+f.Where+" "+f.Direction
		if !f.Symptom && f.Kind != "hint" && f.Cause != r.cause && !slices.Contains(r.others, f.Cause) && !(a.busy() && slices.Contains(timing, f.Cause)) {
			t.Errorf("beside it: %s %s (%s): %s", f.Kind, f.Cause, f.Certainty, f.Why)
		}
	}
	if !hinted {
		t.Errorf("no hint %s", r.hint)
	}
}

// timing are the causes that a busy machine has itself.
var timing = []string{"sender-irregular", "jitter-high", "delay-high", "loss-bursty"}

// busy tells that this machine did not get round to what it had to do in time.
func (a answer) busy() bool { return a.Late >= 3*time.Millisecond }

// overloaded tells that what a run found in place of what the row wants are packets at
// the wrong time, and that it was right: this machine was too busy for them. Such a run
// proves nothing.
func (r netRow) overloaded(a answer) bool {
	root := a.root()
	return a.busy() && root != nil && root.Cause != r.cause && slices.Contains(timing, root.Cause)
}
