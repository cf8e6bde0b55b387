package wizard

import (
	"context"
	"fmt"
	"time"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// How long the sound is measured when its quality is in question: loss is judged
// from ten seconds on, so that a fault that shows by enoughTime is believed; a
// drifting clock needs twenty and some to be told from jitter.
const (
	enoughTime  = 12 * time.Second
	qualityTime = 26 * time.Second
)

// symptom asks what is wrong before anything is measured: it says what to look for.
var symptom = Step{
	Title: "What you hear",
	Do: func(ctx context.Context, s *Session) error {
		s.ask(ctx, askSymptom)
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		a, ok := e.Answers[askSymptom.ID]
		if !ok {
			return "", true
		}
		for _, o := range askSymptom.Options {
			if o.Value == a.Value {
				return o.Text, true
			}
		}
		return "", true
	},
}

// longSound measures for longer than soundBothWays, and stops once a fault that
// explains the complaint is proven.
var longSound = Step{
	Title: "Measuring the sound",
	Do: func(ctx context.Context, s *Session) error {
		end := s.talkOverCall(ctx)
		defer end()
		s.instructUntil("Measuring the sound. Please talk with each other.", qualityTime)
		began := time.Now()
		s.untilEvery(ctx, qualityTime, 500*time.Millisecond, func(e *evidence.Evidence) bool {
			passed := time.Since(began)
			return s.call.State() == Ended || passed > soundTime && settled(s.Diagnosis()) || passed > enoughTime && faulty(s.Diagnosis())
		})
		s.noteHeard()
		return nil
	},
	Found: qualityWords,
}

// lossyWay measures where packets are lost or late, when some are.
var lossyWay = Step{
	Title: "Where it is lost",
	Do: func(ctx context.Context, s *Session) error {
		if !faulty(s.Diagnosis()) {
			return nil
		}
		s.instruct("Measuring where the sound suffers.")
		s.measure(ctx, lossQuestions...)
		return nil
	},
	Found: networkWords,
}

// againstEcho calls the provider's echo number, if it is known: a fault that it has,
// too, is not the other person's.
var againstEcho = Step{
	Title: "The same with the echo service",
	Do: func(ctx context.Context, s *Session) error {
		to := s.Dictionary.EchoNumber
		d := s.Diagnosis()
		if to == "" || to == s.Target.To || d.Root() == nil {
			return nil
		}
		_ = s.call.Hangup(ctx)
		s.experiment(echoCall, to)
		s.instruct("Calling the provider's echo service for comparison.")
		err := s.listen(ctx, s.Phone, Target{To: to})
		s.noteHeardFrom(to)
		return err
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		if len(e.Experiments) == 0 || e.Experiments[len(e.Experiments)-1].Name != echoCall {
			return "", true
		}
		return qualityWords(e)
	},
}

// faulty tells whether a fault is at least likely.
func faulty(d diagnosis.Diagnosis) bool {
	root := d.Root()
	return root != nil && root.Kind() == diagnosis.Fault && root.Certainty >= diagnosis.Likely
}

// qualityWords says in a few words how good the sound of the last call was.
func qualityWords(e *evidence.Evidence) (string, bool) {
	words, good := soundWords(e)
	if c := lastCall(e); good && c != nil && c.In != nil {
		return fmt.Sprintf("%.1f %% lost, %d ms unsteady", c.In.LossPercent(), c.In.Jitter.Milliseconds()), true
	}
	return words, good
}
