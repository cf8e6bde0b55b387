package session

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// places limits how many calls are made at a time: more than eight and the
// machine, not the program, would decide about jitter.
var places = make(chan struct{}, 8)

// takePlace lets a test that makes calls run beside others. A test that has tests of
// its own takes none, or they would wait for it.
func takePlace(t *testing.T) {
	t.Helper()
	t.Parallel()
	places <- struct{}{}
	t.Cleanup(func() { <-places })
}

// TestEveryFaultIsNamedAsItself runs the whole program against the built-in PBX,
// fault by fault, and then examines the tape of each: live equals file.
func TestEveryFaultIsNamedAsItself(t *testing.T) {
	t.Parallel()
	for _, f := range Practices() {
		t.Run(f.ID(), func(t *testing.T) {
			takePlace(t)
			res := practiseOnTime(t, f.ID())
			require.NoError(t, res.Err)
			if !res.Right {
				var text bytes.Buffer
				require.NoError(t, res.Report.Text(&text, 100))
				t.Errorf("found %s (%v)\n%s", res.Found, res.Others, &text)
			}
			requireSameFromFile(t, res)
			packed, err := Pack(res.Report, res.Check.Records(), false)
			require.NoError(t, err)
			require.Equal(t, causes(res.Report), causes(packed.Report), "masked, it is judged otherwise")
			if f.Cause == "dtmf-not-negotiated" {
				keys := res.Report.Evidence.Calls[0].KeysBy(evidence.Out, evidence.KeysByInfo)
				require.NotNil(t, keys, "without events, keys go out as messages")
				require.Equal(t, "159", keys.Keys)
			}
		})
	}
}

// practiseOnTime tries a fault, and again when the wrong thing was found while
// this machine itself stumbled: the program rightly blames a computer that keeps
// it waiting, which is no answer to the question of this test.
func practiseOnTime(t *testing.T, cause string) Result {
	t.Helper()
	for try := 1; ; try++ {
		stop := watchLateness()
		res := Practise(t.Context(), cause, nil)
		late := stop()
		if res.Err != nil || res.Right || late < 10*time.Millisecond || try == 3 {
			return res
		}
		t.Logf("found %s, but this machine was up to %s late: once more", res.Found, late)
	}
}

// watchLateness measures how late this machine wakes a sleeper, until it is stopped.
func watchLateness() (stop func() time.Duration) {
	done, result := make(chan struct{}), make(chan time.Duration)
	go func() {
		var worst time.Duration
		for {
			select {
			case <-done:
				result <- worst
				return
			default:
			}
			began := time.Now()
			time.Sleep(5 * time.Millisecond)
			worst = max(worst, time.Since(began)-5*time.Millisecond)
		}
	}()
	return func() time.Duration { close(done); return <-result }
}

// requireSameFromFile writes the tape, reads it and compares the findings.
func requireSameFromFile(t *testing.T, res Result) {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, res.Check.WriteCapture(&file))
	rep, err := wizard.Examine(&file, wizard.Subject{})
	require.NoError(t, err)
	require.Equal(t, res.Report.Verdict, rep.Verdict)
	require.Equal(t, gist(res.Report), gist(rep), "the file tells another story than the live call")
}

// gist is what must not change between live and file.
func gist(r *report.Report) []string {
	var lines []string
	for i := range r.Diagnosis.Findings {
		f := &r.Diagnosis.Findings[i]
		lines = append(lines, fmt.Sprint(f.Rule.Cause, f.Certainty, f.Place(), f.Symptom, f.Cites, f.Title))
	}
	lines = append(lines, fmt.Sprint("clear", r.Diagnosis.Clear), fmt.Sprint("unchecked", r.Diagnosis.Unchecked), fmt.Sprint(r.Diagnosis.Path))
	for _, s := range r.Evidence.Streams {
		lines = append(lines, fmt.Sprint(s.SSRC, s.Direction, s.Packets, s.Lost, s.Jitter, s.LongestGap, s.Level))
	}
	return lines
}

// TestPasswordsStayOut looks for the password in everything that a check leaves behind.
func TestPasswordsStayOut(t *testing.T) {
	p, err := StartPractice("healthy")
	require.NoError(t, err)
	defer p.Close()
	c, err := NewCheck(Request{Account: p.Account, Situation: "registration"})
	require.NoError(t, err)
	rep, err := c.Run(t.Context())
	require.NoError(t, err)
	var all bytes.Buffer
	require.NoError(t, rep.Text(&all, 0))
	require.NoError(t, c.WriteCapture(&all))
	require.NotEmpty(t, p.Account.Password)
	require.NotContains(t, all.String(), p.Account.Password)
	for _, m := range rep.Evidence.Messages {
		require.NotContains(t, fmt.Sprint(m.Headers), p.Account.Password)
	}
}
