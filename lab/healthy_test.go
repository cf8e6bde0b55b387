package lab

import (
	"fmt"
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// TestHealthyCalls is a call to a real phone that rings and answers, twenty
// times: healthy every time, and no fault.
func TestHealthyCalls(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	runs, phones := 20, 4
	if testing.Short() {
		runs, phones = 1, 1
	}
	callees := make([]*Phone, phones)
	for i := range callees {
		callees[i] = Baresip(t, k, fmt.Sprintf("callee%d", i), ByItself, PhoneOptions{RingFor: 500 * time.Millisecond})
	}
	situations := []string{"no-ringback", "one-way-audio", "everything"}
	for i, callee := range callees {
		t.Run(callee.User, func(t *testing.T) {
			t.Parallel()
			for n := range runs / phones {
				situation := situations[n%len(situations)]
				call := func() checked {
					return check(t, session.Request{
						Account: account(k, fmt.Sprintf("caller%d", i)), Situation: situation, Target: callee.User,
						Person: session.Answers{"heard_ringing": "yes", "heard": "yes", "they_hear": "yes"},
					})
				}
				got := call()
				for again := 0; again < 4 && got.overloaded(); again++ {
					t.Logf("%s, run %d: this machine is %v late and the program says so; once more", situation, n+1, got.late)
					got = call()
				}
				requireHealthy(t, fmt.Sprintf("%s, run %d", situation, n+1), got)
			}
		})
	}
}

func requireHealthy(t *testing.T, what string, got checked) {
	t.Helper()
	for i := range got.Diagnosis.Findings {
		if f := &got.Diagnosis.Findings[i]; f.Kind() != diagnosis.Hint {
			t.Errorf("%s: %s %s (%s): %s", what, f.Kind(), f.Rule.Cause, f.Certainty, f.Why)
		}
	}
	if got.Verdict != report.Healthy {
		t.Errorf("%s: verdict %s; %s", what, got.Verdict, story(got.Evidence))
	}
	calls := got.Evidence.Calls
	if len(calls) != 1 || calls[0].Answer == nil || calls[0].Ringing == nil || calls[0].Bye == nil {
		t.Errorf("%s: not one call that rang, was answered and ended; %s", what, story(got.Evidence))
		return
	}
	for name, s := range map[string]*evidence.Stream{"in": calls[0].In, "out": calls[0].Out} {
		if s == nil || s.Packets < 50 || s.Lost != 0 {
			t.Errorf("%s: the stream %s is %+v", what, name, s)
		}
	}
	requireWitness(t, what, got)
}
