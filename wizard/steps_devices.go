package wizard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Device is a phone that the server has signed in to the account.
type Device struct {
	Host      string        // where it is: host, with its port where the server names one
	Name      string        // what it calls itself, "" when the server does not say
	Expires   time.Duration // how long its sign-in still lives, 0 when the server does not say
	Ours      bool          // this test phone, or what an earlier run of it left behind
	TestPhone bool          // some test phone of this program
}

// String describes the device for people.
func (d Device) String() string {
	what := "a phone"
	switch {
	case d.TestPhone:
		what = "another test phone of this program"
	case d.Name != "":
		what = fmt.Sprintf("%q", d.Name)
	}
	if d.Host != "" {
		what += " at " + d.Host
	}
	if d.Expires > 0 {
		what += ", signed in for another " + forHowLong(d.Expires)
	}
	return what
}

func forHowLong(d time.Duration) string {
	switch m := int(d.Round(time.Minute) / time.Minute); {
	case d < 90*time.Second:
		return fmt.Sprintf("%d seconds", int(d/time.Second))
	case m < 120:
		return fmt.Sprintf("%d minutes", m)
	default:
		return fmt.Sprintf("%d hours", (m+30)/60)
	}
}

// look asks the server which phones are signed in, before our own sign-in could
// displace one. It gives those that are not ours; settled tells that the answer, or
// silence, was the last word on the sign-in as well.
func (s *Session) look(ctx context.Context) (others []Device, settled bool, err error) {
	limited, cancel := context.WithTimeout(ctx, silenceLimit)
	defer cancel()
	var all []Device
	err = s.besideOptions(limited, registerAnswered, func(ctx context.Context) (err error) {
		all, err = s.Phone.Bindings(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil && limited.Err() == nil {
		return nil, false, err
	}
	for _, d := range all {
		if !d.Ours {
			others = append(others, d)
		}
	}
	t := lastQuestion(s.Evidence())
	switch {
	case t == nil: // nothing was asked: no server, or a line without sign-in
	case t.Final() == nil:
		return nil, true, nil
	case t.Final().Status >= 300:
		return nil, evidence.Settles(t.Final().Status), nil
	}
	return others, false, nil
}

// lastQuestion is the latest REGISTER of ours that only asked, nil without one.
func lastQuestion(e *evidence.Evidence) *evidence.Transaction {
	var last *evidence.Transaction
	for _, r := range e.Registrations {
		if t := r.Asked(); r.Out && t != nil && (last == nil || !t.Request.Time.Before(last.Request.Time)) {
			last = t
		}
	}
	return last
}

// mayJoin tells the person who else is signed in and whether the test may sign in
// all the same. Without an answer it does so only at a server that keeps several
// phones, as it shows by having more than one already.
func (s *Session) mayJoin(ctx context.Context, others []Device) bool {
	if len(others) == 0 {
		return true
	}
	q := askSignInAnyway
	q.Text = displaceText(others)
	switch s.ask(ctx, q) {
	case "yes":
		return true
	case "no":
		return false
	}
	return len(others) > 1
}

// displaceText is the warning before a sign-in that may displace a phone.
func displaceText(others []Device) string {
	var list []string
	for i, d := range others {
		if i == 3 {
			list = append(list, fmt.Sprintf("%d more", len(others)-i))
			break
		}
		list = append(list, d.String())
	}
	who := strings.Join(list, "; ")
	if len(others) == 1 {
		return "Already signed in with this account: " + who + ". Some providers keep one phone only: the test could then sign that phone out, and it gets no calls until it signs in again. Sign in all the same?"
	}
	return fmt.Sprintf("%d phones are already signed in with this account: %s. If the provider allows no more, the test could sign one of them out until it signs in again. Sign in all the same?", len(others), who)
}

// holdBack leaves the sign-in out, and writes down why. A call can be tried without.
func (s *Session) holdBack(others []Device) error {
	s.Tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindPhone, Key: capture.PhoneHeldBack, Text: fmt.Sprintf("devices=%d", len(others))})
	if s.Target.To == "" {
		return errEnough
	}
	s.instruct("Not signing in, so that the other phone keeps its place.")
	return nil
}

// heldBack tells whether the sign-in was left out for another phone's sake.
func heldBack(e *evidence.Evidence) bool {
	for _, ev := range e.Phone {
		if ev.Key == capture.PhoneHeldBack {
			return true
		}
	}
	return false
}

// lookAgain asks once more when a phone that stood before is missing in the answer
// to our sign-in: some servers list only the phone that asks.
func (s *Session) lookAgain(ctx context.Context, before []Device) {
	if len(before) == 0 || listed(s.Evidence()) > len(before) {
		return
	}
	limited, cancel := context.WithTimeout(ctx, silenceLimit/2)
	defer cancel()
	_, _ = s.Phone.Bindings(limited) // its answer stands on the tape
}

// listed counts the contacts in the answer to our last sign-in.
func listed(e *evidence.Evidence) int {
	for i := len(e.Registrations) - 1; i >= 0; i-- {
		if t := e.Registrations[i].SignIn(); e.Registrations[i].Out && t != nil && t.Final() != nil {
			return len(t.Final().Contacts())
		}
	}
	return 0
}
