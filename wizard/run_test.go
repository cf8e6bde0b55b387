package wizard

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

func newFake(register, invite []int) (*fakePhone, *Session) {
	tape := &capture.Tape{}
	tape.Note(capture.Note{Kind: capture.KindSubject, Key: "sip", Text: phoneAddr.String()})
	tape.Note(capture.Note{Kind: capture.KindPhone, Key: capture.PhoneAccount, Text: "2001 pbx.example.net udp"})
	p := &fakePhone{tape: tape, register: register, invite: invite}
	return p, &Session{Tape: tape, Phone: p, Registers: true, Target: Target{To: "2002"}}
}

func scenario(t *testing.T, id string) Scenario {
	t.Helper()
	sc, ok := ScenarioByID(id)
	require.True(t, ok, id)
	return sc
}

func TestRefusedSignInEndsTheScenarioEarly(t *testing.T) {
	p, s := newFake([]int{404}, nil)
	rep, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Equal(t, report.Problem, rep.Verdict)
	require.Equal(t, "account-unknown", rep.Root().Rule.Cause)
	require.Zero(t, p.dialled, "a call was placed without a sign-in")
	require.True(t, p.closed)
}

func TestRefusedCall(t *testing.T) {
	p, s := newFake(nil, []int{100, 404})
	rep, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Equal(t, report.Outcome, rep.Verdict)
	require.Equal(t, "number-unknown", rep.Root().Rule.Cause)
	require.Equal(t, 0, rep.ExitStatus())
	require.True(t, p.calls[0].hung)
}

// An experiment that could not run is no proof of health.
func TestACallThatCannotBeMadeIsAnError(t *testing.T) {
	p, s := newFake(nil, nil)
	p.dialErr = errors.New("there is no number in this")
	_, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.ErrorIs(t, err, p.dialErr)
}

// A call that ends as it is answered says nothing about its sound.
func TestACallTooShortToJudgeIsInconclusive(t *testing.T) {
	p, s := newFake(nil, []int{100, 200})
	p.gone = true
	rep, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Equal(t, report.Inconclusive, rep.Verdict)
	require.NotEmpty(t, rep.Warnings)
}

// A line without sign-in calls at once, whatever its address looks like.
func TestALineWithoutSignInStillCalls(t *testing.T) {
	p, s := newFake(nil, []int{100, 404})
	s.Registers = false
	p.quiet = true
	_, err := Run(t.Context(), scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Equal(t, 1, p.dialled)
}

// Ringing that nobody answers is cancelled, and the question is asked while it rings.
func TestQuestionIsAskedWhileItRingsAndAnsweredOnTheTape(t *testing.T) {
	_, s := newFake(nil, []int{100, 180})
	asked := 0
	s.Person = personFunc(func(_ context.Context, q Question) (Answer, error) {
		asked++
		require.Equal(t, "heard_ringing", q.ID)
		return "yes", nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	rep, err := Run(ctx, scenario(t, "no-ringback"), s)
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	require.Equal(t, "yes", rep.Evidence.Answers["heard_ringing"].Value)
}

func TestSilenceGetsAnOptionsBeside(t *testing.T) {
	p, s := newFake(nil, nil)
	p.wedge = true
	ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	_, err := Run(ctx, scenario(t, "registration"), s)
	require.NoError(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Equal(t, 1, p.options)
}

func TestCancelledRunStillReports(t *testing.T) {
	p, s := newFake(nil, []int{100, 180, 200})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	rep, err := Run(ctx, scenario(t, "one-way-audio"), s)
	require.NoError(t, err)
	require.NotNil(t, rep)
	require.True(t, p.calls[0].hung, "the call was left up")
	require.True(t, p.closed)
}

// A question that nobody answers leaves no trace: "not checked" is not "no".
func TestUnansweredQuestionIsNotChecked(t *testing.T) {
	_, s := newFake(nil, nil)
	s.Person = personFunc(func(context.Context, Question) (Answer, error) { return NotAsked, nil })
	require.Equal(t, NotAsked, s.ask(t.Context(), askHeard))
	s.Person = personFunc(func(context.Context, Question) (Answer, error) { return "", errors.New("the page was left") })
	require.Equal(t, NotAsked, s.ask(t.Context(), askHeard))
	require.Empty(t, s.Evidence().Answers)
}

// Front ends may ask for evidence and a diagnosis at any time.
func TestEvidenceIsSafeWhileRunning(t *testing.T) {
	_, s := newFake(nil, []int{100, 180, 200})
	var events []EventKind
	var mu sync.Mutex
	s.Notify = func(e Event) { mu.Lock(); events = append(events, e.Kind); mu.Unlock() }
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = s.Evidence().Calls
			_ = s.Diagnosis()
		}
	}()
	_, err := Run(ctx, scenario(t, "one-way-audio"), s)
	require.NoError(t, err)
	<-done
	require.Contains(t, events, StepBegan)
	require.Contains(t, events, Finished)
}

func TestScenariosAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, sc := range Scenarios() {
		require.False(t, seen[sc.ID], sc.ID)
		seen[sc.ID] = true
		require.NotEmpty(t, sc.Complaint, sc.ID)
		for _, st := range sc.Steps {
			require.NotEmpty(t, st.Title, sc.ID)
			require.NotNil(t, st.Do, sc.ID)
		}
	}
	for _, id := range []string{"registration", "no-ringback", "one-way-audio", "everything"} {
		require.True(t, seen[id], id)
	}
}

type personFunc func(context.Context, Question) (Answer, error)

func (f personFunc) Ask(ctx context.Context, q Question) (Answer, error) { return f(ctx, q) }
