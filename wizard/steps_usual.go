package wizard

import (
	"context"

	"softphonedoctor/wizard/evidence"
)

// usualPhone asks about the phone of every day once the test phone has met no fault:
// what works here and fails there lies in that phone's settings.
var usualPhone = Step{
	Title: "Your usual phone",
	Do: func(ctx context.Context, s *Session) error {
		if s.call != nil {
			_ = s.call.Hangup(ctx) // nobody is kept on the line for this
		}
		if d := s.Diagnosis(); d.Root() != nil {
			return nil
		}
		s.ask(ctx, askUsual)
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		switch e.Answers[askUsual.ID].Value {
		case "yes":
			return "it still fails", false
		case "no":
			return "it works, too", true
		}
		return "", true
	},
}
