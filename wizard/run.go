package wizard

import (
	"context"
	"errors"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Scenario is one complaint and the steps that narrow it down.
type Scenario struct {
	ID        string // "no-ringback"
	Complaint string // as a person would say it
	Calls     bool   // it places a call, so it needs a target
	Awaits    bool   // it is about a call that comes
	Steps     []Step
}

// Step is one experiment of a scenario. Do returns early when it learned enough,
// and errEnough when the verdict cannot change any more.
type Step struct {
	Title string
	Do    func(context.Context, *Session) error
	// Found says in a few plain words what the step found, and whether that is
	// good; may be nil.
	Found func(*evidence.Evidence) (words string, good bool)
}

// errEnough ends a scenario before its last step: nothing further can change
// the verdict.
var errEnough = errors.New("the verdict cannot change any more")

// closeTime is what hanging up and signing out may take at the end.
const closeTime = 4 * time.Second

// Run goes through the scenario's steps and reports. A cancelled context ends
// the calls and still gives a report of what was seen. An error means that the
// program could not work and nothing was seen that explains it.
func Run(ctx context.Context, sc Scenario, s *Session) (*report.Report, error) {
	s.Tape.Note(capture.Note{Kind: capture.KindSituation, Key: sc.ID})
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); s.watch(watching) }()

	err := runSteps(ctx, sc, s)

	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if s.call != nil {
		_ = s.call.Hangup(ending) // what it met stands on the tape
	}
	_ = s.Phone.Close(ending)
	if s.Sound != nil {
		s.Sound.Close()
	}
	s.Tape.Note(capture.Note{Kind: capture.KindStep, Key: "end", Text: "end of the test"})
	stop()
	<-done

	rep := report.New(sc.ID, s.Evidence(), s.Diagnosis())
	if err != nil && rep.Verdict != report.Problem {
		return nil, err // an experiment could not run, and nothing seen explains it
	}
	switch {
	case ctx.Err() != nil:
		rep.Interrupt("The test was stopped before its end: what it had seen until then stands here.")
	case sc.Calls && rep.Verdict == report.Healthy && !s.heardOut():
		rep.Interrupt("The call did not come far enough to test its sound.")
	case sc.Awaits && rep.Verdict == report.Healthy && len(incoming(s.Evidence())) == 0:
		rep.Interrupt("No call arrived while the test waited for one, and nobody said what the caller heard.")
	}
	s.notify(Event{Kind: Finished})
	return rep, nil
}

// heardOut tells whether the call was up long enough to judge it, or rang as
// long as the scenario wanted.
func (s *Session) heardOut() bool {
	c := lastCall(s.Evidence())
	return c != nil && (c.Answer != nil && c.Duration() >= time.Second || c.Progress != nil && c.Answer == nil)
}

// runSteps gives the error of a step that could not work; a cancelled context
// and errEnough are proper endings.
func runSteps(ctx context.Context, sc Scenario, s *Session) error {
	for i, step := range sc.Steps {
		if ctx.Err() != nil {
			return nil
		}
		s.begin(i, step)
		err := step.Do(ctx, s)
		s.end(step, err)
		switch {
		case errors.Is(err, errEnough), ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}
