package lab

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// verdictLimit is how soon a person gets the verdict, whatever went wrong.
const verdictLimit = 8 * time.Second

// account is an account of the lab's Kamailio.
func account(k *Registrar, user string) session.Account {
	return session.Account{User: user, Domain: k.Domain(), Password: Password(user)}
}

// checked is a finished check and the moments that matter.
type checked struct {
	*report.Report
	check   *session.Check
	took    time.Duration // of the whole run, hanging up and signing out included
	verdict time.Duration // until the report's root was first known; 0: never
	late    time.Duration // by how much this machine woke a sleeper too late, root mean square
}

func check(t *testing.T, r session.Request) checked {
	t.Helper()
	c, err := session.NewCheck(r)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	type moment struct {
		cause string
		at    time.Duration
	}
	var first []moment
	began := time.Now()
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			d := c.Diagnosis()
			cause := ""
			if root := d.Root(); root != nil {
				cause = root.Rule.Cause
			}
			if n := len(first); n == 0 || first[n-1].cause != cause {
				first = append(first, moment{cause, time.Since(began)})
			}
			select {
			case <-ended:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	lateness := measureLateness(ended)
	rep, err := c.Run(ctx)
	took := time.Since(began)
	close(ended)
	<-done
	require.NoError(t, err)
	got := checked{Report: rep, check: c, took: took, late: <-lateness}
	if root := rep.Diagnosis.Root(); root != nil {
		got.verdict = took
		if n := len(first); n > 0 && first[n-1].cause == root.Rule.Cause {
			got.verdict = min(took, first[n-1].at) // since when it did not change any more
		}
	}
	return got
}

// overloaded tells that a run found nothing but packets at the wrong time, and
// that it was right: this machine did not get round to them. Such a run
// proves nothing about a healthy call.
func (c checked) overloaded() bool {
	seen := false
	for i := range c.Diagnosis.Findings {
		switch f := &c.Diagnosis.Findings[i]; f.Rule.Cause {
		case "sender-irregular", "jitter-high", "delay-high", "loss-bursty":
			seen = true
		default:
			if f.Kind() != diagnosis.Hint {
				return false
			}
		}
	}
	return seen && c.late > 3*time.Millisecond
}

// story lists the messages, for the eyes of whoever reads a failure.
func story(e *evidence.Evidence) string {
	text := "messages:"
	for _, m := range e.Messages {
		arrow := "<"
		if m.Out {
			arrow = ">"
		}
		what := m.Method
		if m.Status != 0 {
			what = fmt.Sprint(m.Status)
		}
		text += fmt.Sprintf(" %d%s%s(+%d)", m.N, arrow, what, len(m.Copies))
	}
	return text
}
