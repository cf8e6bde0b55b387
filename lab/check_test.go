package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
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

// measureLateness sleeps 20 ms at a time, as a phone does between two packets,
// until done, and then tells how much too late it was woken.
func measureLateness(done <-chan struct{}) <-chan time.Duration {
	result := make(chan time.Duration, 1)
	go func() {
		var squares float64
		var n int
		for {
			select {
			case <-done:
				result <- time.Duration(math.Sqrt(squares/float64(max(n, 1))) * float64(time.Second))
				return
			default:
			}
			asleep := time.Now()
			time.Sleep(20 * time.Millisecond)
			late := (time.Since(asleep) - 20*time.Millisecond).Seconds()
			squares += late * late
			n++
		}
	}()
	return result
}

// overloaded tells that a run found nothing but irregular packets, and that it
// was right: this machine did not get round to sending them in time. Such a run
// proves nothing about a healthy call.
func (c checked) overloaded() bool {
	seen := false
	for i := range c.Diagnosis.Findings {
		switch f := &c.Diagnosis.Findings[i]; f.Rule.Cause {
		case "sender-irregular", "jitter-high":
			seen = true
		default:
			if f.Kind() != diagnosis.Hint {
				return false
			}
		}
	}
	return seen && c.late > 3*time.Millisecond
}

// TestRefusals gives the whole program every refusal that a real registrar can
// be told to make, and asks for the right cause, place and proof in time.
func TestRefusals(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	tests := []struct {
		name, user, password, target string
		cause                        string
		where                        diagnosis.Where
		status                       int // of the cited answer; 0: the cited message is our own request
		certainty                    diagnosis.Certainty
		verdict                      report.Verdict
	}{
		{"wrong password", "gina", "wrong", "", "account-credentials-wrong", diagnosis.Account, 401, diagnosis.Likely, report.Problem},
		{"401 loop", "reg-401loop", "", "", "account-credentials-wrong", diagnosis.Account, 401, diagnosis.Likely, report.Problem},
		{"REGISTER 403", "reg-403plain", "", "", "account-not-allowed", diagnosis.Provider, 403, diagnosis.Likely, report.Problem},
		// After a challenge some registrars say 403 for a wrong password: the wire cannot tell.
		{"REGISTER 403 after a challenge", "reg-403", "", "", "account-credentials-wrong", diagnosis.Account, 403, diagnosis.Possible, report.Problem},
		{"REGISTER 404", "reg-404", "", "", "account-unknown", diagnosis.Account, 404, diagnosis.Likely, report.Problem},
		{"REGISTER 423", "reg-423", "", "", "registration-interval-too-short", diagnosis.Account, 423, diagnosis.Confirmed, report.Healthy},
		{"REGISTER 503 with Retry-After", "reg-503", "", "", "provider-overloaded", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
		{"REGISTER 503", "reg-503plain", "", "", "provider-unavailable", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
		{"REGISTER 302", "reg-302", "", "", "redirected", diagnosis.Provider, 302, diagnosis.Likely, report.Problem},
		{"302", "henry", "", "code-302", "redirected", diagnosis.Provider, 302, diagnosis.Likely, report.Problem},
		{"403", "henry", "", "code-403", "no-credit-or-barred", diagnosis.Provider, 403, diagnosis.Possible, report.Problem},
		{"404", "henry", "", "code-404", "number-unknown", diagnosis.OtherSide, 404, diagnosis.Likely, report.Outcome},
		{"480", "henry", "", "code-480", "callee-not-registered", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
		{"nobody registered", "henry", "", "ida", "callee-not-registered", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
		{"480 after ringing", "henry", "", "ring-480", "callee-no-answer", diagnosis.OtherSide, 480, diagnosis.Likely, report.Outcome},
		{"486", "henry", "", "code-486", "callee-busy", diagnosis.OtherSide, 486, diagnosis.Confirmed, report.Outcome},
		{"488", "henry", "", "code-488", "codec-mismatch", diagnosis.Account, 488, diagnosis.Possible, report.Problem},
		{"503 with Retry-After", "henry", "", "code-503", "provider-overloaded", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
		{"503", "henry", "", "code-503plain", "provider-unavailable", diagnosis.Provider, 503, diagnosis.Likely, report.Problem},
		{"603", "henry", "", "code-603", "no-credit-or-barred", diagnosis.Provider, 603, diagnosis.Possible, report.Problem},
		{"603 after ringing", "henry", "", "ring-603", "callee-declined", diagnosis.OtherSide, 603, diagnosis.Likely, report.Outcome},
		{"407 loop", "henry", "", "loop407", "account-credentials-wrong", diagnosis.Account, 407, diagnosis.Likely, report.Problem},
		{"silence", "henry", "", "silent", "invite-unanswered", diagnosis.Provider, 0, diagnosis.Likely, report.Problem},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := session.Request{Account: account(k, tt.user), Situation: "registration", Target: tt.target}
			if tt.password != "" {
				r.Account.Password = tt.password
			}
			if tt.target != "" {
				r.Situation = "no-ringback"
			}
			got := check(t, r)
			root := got.Diagnosis.Root()
			if root == nil {
				t.Fatalf("no finding, verdict %s, %s", got.Verdict, story(got.Evidence))
			}
			if root.Rule.Cause != tt.cause || root.Place() != tt.where || got.Verdict != tt.verdict {
				t.Errorf("found %s at %s, verdict %s; want %s at %s, %s; %s", root.Rule.Cause, root.Place(), got.Verdict, tt.cause, tt.where, tt.verdict, story(got.Evidence))
			}
			if root.Certainty < tt.certainty {
				t.Errorf("only %s, want %s", root.Certainty, tt.certainty)
			}
			if got.verdict > verdictLimit {
				t.Errorf("the verdict took %v", got.verdict)
			}
			requireCited(t, got.Evidence, root, tt.status)
			t.Logf("%s after %v, the run took %v", root.Certainty, got.verdict.Round(10*time.Millisecond), got.took.Round(10*time.Millisecond))
		})
	}
}

// requireCited wants one of a finding's cites to be an answer with a status, or
// (status 0) a request of our own.
func requireCited(t *testing.T, e *evidence.Evidence, f *diagnosis.Finding, status int) {
	t.Helper()
	if len(f.Cites) == 0 {
		t.Error("the finding cites nothing")
		return
	}
	for _, cite := range f.Cites {
		for _, m := range e.Messages {
			same := m.N == cite.N
			for _, c := range m.Copies {
				same = same || c.N == cite.N
			}
			if same && (m.Status == status && !m.Out || status == 0 && m.Out && m.Method == "INVITE") {
				return
			}
		}
	}
	t.Errorf("no cite of %+v is the message with status %d; %s", f.Cites, status, story(e))
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

// TestSHA256 signs in and calls where the digest is SHA-256. (The second phone
// cannot do that, so the call ends with a proper "busy".)
func TestSHA256(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{SHA256: true})
	got := check(t, session.Request{Account: account(k, "jack"), Situation: "no-ringback", Target: "code-486"})
	root := got.Diagnosis.Root()
	if root == nil || root.Rule.Cause != "callee-busy" || got.Verdict != report.Outcome {
		t.Errorf("verdict %s; %s", got.Verdict, story(got.Evidence))
	}
	if codes := got.Evidence.Registrations[0].Codes(); len(codes) < 2 || codes[0] != 401 || codes[1] != 200 {
		t.Errorf("registration answered %v", codes)
	}
}

// TestHealthyCalls is a call to a real phone that rings and answers, twenty
// times: healthy every time, and no fault.
func TestHealthyCalls(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	const runs, phones = 20, 4
	var callees [phones]*Phone
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
				for again := 0; again < 2 && got.overloaded(); again++ {
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

// requireWitness writes the tape and lets others read it: tshark must measure
// what we measured live, and our own reading of the file must say the same.
func requireWitness(t *testing.T, what string, got checked) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tape.pcapng")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, got.check.WriteCapture(f))

	var ports []int
	for _, r := range got.Evidence.Registrations {
		ports = append(ports, int(r.Server.Port()))
	}
	readings := map[uint32]StreamReading{}
	for _, r := range Tshark(t, file, ports...) {
		readings[r.SSRC] = r
	}
	for _, s := range got.Evidence.Streams {
		r, ok := readings[s.SSRC]
		switch {
		case !ok:
			t.Errorf("%s: tshark does not see the stream %08x from %v; it sees %+v", what, s.SSRC, s.From, readings)
		case uint64(r.Packets) != s.Packets+s.Duplicate || r.Lost != int(s.Lost):
			t.Errorf("%s: %d packets, %d lost; tshark reads %d and %d", what, s.Packets, s.Lost, r.Packets, r.Lost)
		case apart(r.MaxJitter, s.MaxJitter) > time.Millisecond:
			t.Errorf("%s: jitter up to %v; tshark reads %v", what, s.MaxJitter, r.MaxJitter)
		case apart(r.MaxDelta, s.LongestGap) > 2*time.Millisecond:
			t.Errorf("%s: longest gap %v; tshark reads %v", what, s.LongestGap, r.MaxDelta)
		}
	}

	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	again, err := wizard.Examine(f, wizard.Subject{})
	require.NoError(t, err)
	if live, read := causes(got.Report), causes(again); live != read || got.Verdict != again.Verdict {
		t.Errorf("%s: live %s (%s), from the file %s (%s)", what, live, got.Verdict, read, again.Verdict)
	}
}

func apart(a, b time.Duration) time.Duration { return (a - b).Abs() }

func causes(r *report.Report) string {
	var list []string
	for i := range r.Diagnosis.Findings {
		list = append(list, r.Diagnosis.Findings[i].Rule.Cause)
	}
	return strings.Join(list, " ")
}
