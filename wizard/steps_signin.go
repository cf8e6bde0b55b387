package wizard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/wizard/evidence"
)

// Silence is judged within these bounds so that a person waits no longer than
// eight seconds: enough copies of the request have gone out by then (RFC 3261
// timer E: 0, 0.5, 1.5, 3.5, 7.5 s) and a small OPTIONS has had its own chance.
const (
	silenceLimit  = 6500 * time.Millisecond
	optionsBeside = 1500 * time.Millisecond
	// Measuring takes four and a half seconds where nothing answers: it has to begin
	// early for an unreachable server to be named within six.
	measureBeside = 800 * time.Millisecond
)

// signIn registers, after a look at who is signed in already. While nothing comes
// back, a small OPTIONS goes beside it: an answer to that tells "this message" from
// "the network".
var signIn = Step{
	Title: "Signing in",
	Do: func(ctx context.Context, s *Session) error {
		var others []Device
		if s.Registers {
			s.instruct("Looking which phones are signed in with your account.")
			var settled bool
			var err error
			if others, settled, err = s.look(ctx); err != nil {
				return err
			}
			if settled || ctx.Err() != nil {
				s.narrow(ctx)
				return errEnough
			}
			if !s.mayJoin(ctx, others) {
				return s.holdBack(others)
			}
			s.instruct("Signing in with your account.")
		}
		limited, cancel := context.WithTimeout(ctx, silenceLimit)
		defer cancel()
		err := s.besideOptions(limited, signInAnswered, s.Phone.Register)
		if err != nil && ctx.Err() == nil && limited.Err() == nil {
			return err
		}
		if s.Registers && !registered(s.Evidence()) {
			s.narrow(ctx)
			return errEnough // without a sign-in there is no call to test
		}
		s.lookAgain(ctx, others)
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		if heldBack(e) {
			return "not signed in: another phone is", true
		}
		if len(e.Registrations) == 0 {
			return "", true
		}
		r := e.Registrations[len(e.Registrations)-1]
		t := r.SignIn()
		if t == nil {
			t = r.Last() // the question was refused already
		}
		f := t.Final()
		switch {
		case f == nil:
			return "no answer", false
		case f.Status < 300:
			return fmt.Sprintf("accepted in %d ms", f.Time.Sub(r.Transactions[0].Request.Time).Milliseconds()), true
		}
		return "refused", false
	},
}

// signInAgain refreshes the registration: it shows whether the server still
// takes us and whether the address it sees stays the same.
var signInAgain = Step{
	Title: "Staying signed in",
	Do: func(ctx context.Context, s *Session) error {
		if !registered(s.Evidence()) {
			return nil
		}
		s.instruct("Checking that the sign-in lasts.")
		limited, cancel := context.WithTimeout(ctx, silenceLimit)
		defer cancel()
		err := s.Phone.Register(limited)
		if ctx.Err() != nil || limited.Err() != nil {
			return nil
		}
		return err
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		if registered(e) {
			return "still accepted", true
		}
		return "", true
	},
}

// besideOptions runs a request and, when no answer has come after optionsBeside, sends
// an OPTIONS beside it and measures how far packets come. When no way to the server
// answers, waiting longer for this one is in vain: then the request's context ends.
// It returns when all is done.
func (s *Session) besideOptions(ctx context.Context, answered func(*evidence.Evidence) bool, request func(context.Context) error) error {
	waiting, stop := context.WithCancel(ctx)
	asking, giveUp := context.WithCancel(ctx)
	defer giveUp()
	done := make(chan struct{})
	var measuring atomic.Bool
	go func() {
		defer close(done)
		silent := func(after time.Duration) bool {
			return !s.until(waiting, after, answered) && waiting.Err() == nil
		}
		var beside sync.WaitGroup
		beside.Go(func() {
			if silent(optionsBeside) {
				_ = s.Phone.Options(asking, Probe{Name: "beside"})
			}
		})
		beside.Go(func() {
			if !silent(measureBeside) {
				return
			}
			measuring.Store(true)
			s.measure(waiting, wayQuestions...)
			if e := s.Evidence(); noWayLeft(e) && !heardAnything(e) && s.usual() != "tls" {
				giveUp()
			}
		})
		beside.Wait()
	}()
	err := request(asking)
	if !measuring.Load() || answered(s.Evidence()) {
		stop() // else what is being measured tells why nothing came
	}
	<-done
	stop()
	if asking.Err() != nil && ctx.Err() == nil {
		return nil // the silence is the answer
	}
	return err
}

// registerAnswered tells whether any answer to a REGISTER of ours has come.
func registerAnswered(e *evidence.Evidence) bool {
	return anyRegister(e, func(t *evidence.Transaction) bool { return len(t.Responses) > 0 })
}

// signInAnswered is registerAnswered for those that sign in.
func signInAnswered(e *evidence.Evidence) bool {
	return anyRegister(e, func(t *evidence.Transaction) bool { return !t.Query() && len(t.Responses) > 0 })
}

func anyRegister(e *evidence.Evidence, cond func(*evidence.Transaction) bool) bool {
	for _, r := range e.Registrations {
		if slices.ContainsFunc(r.Transactions, cond) {
			return true
		}
	}
	return false
}

// registered tells whether the last word on our registration was yes.
func registered(e *evidence.Evidence) bool {
	for i := len(e.Registrations) - 1; i >= 0; i-- {
		if r := e.Registrations[i]; r.Out {
			t := r.SignIn()
			if t == nil {
				continue
			}
			f := t.Final()
			return f != nil && f.Status < 300
		}
	}
	return false
}
