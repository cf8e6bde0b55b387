package wizard

import (
	"context"
	"time"

	"softphonedoctor/wizard/evidence"
)

const (
	testDigits  = "159" // three keys whose tones have nothing in common
	digitsPause = 1500 * time.Millisecond
	digitsIn    = 15 * time.Second
)

// pressKeys sends three digits and asks whether they arrived.
var pressKeys = Step{
	Title: "Pressing keys",
	Do: func(ctx context.Context, s *Session) error {
		s.instruct("The test phone presses the keys 1, 5 and 9.")
		waiting, stop := context.WithTimeout(ctx, digitsPause)
		s.call.Wait(waiting, Ended) // a menu needs a moment before it listens
		stop()
		if s.call.State() == Ended {
			return errEnough
		}
		_ = s.call.SendDigits(ctx, testDigits) // no way to send them is what the rules look for
		if settled(s.Diagnosis()) {
			return nil
		}
		s.askWhile(ctx, earsLimit, Ended, askDigits)
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		switch e.Answers[askDigits.ID].Value {
		case "", "unsure":
			return "sent", true
		case testDigits:
			return "they arrived", true
		case "none":
			return "they did not arrive", false
		}
		return "they arrived wrong", false
	},
}

// hearKeys waits for digits that the other side presses.
var hearKeys = Step{
	Title: "Keys from the other side",
	Do: func(ctx context.Context, s *Session) error {
		if s.Person == nil || s.call.State() != Answered || settled(s.Diagnosis()) {
			return nil
		}
		s.instructUntil("Ask the other side to press the keys 1, 5 and 9 now. Nobody there to do so? Just wait.", digitsIn)
		s.until(ctx, digitsIn, func(e *evidence.Evidence) bool {
			return s.call.State() == Ended || digitsCame(e)
		})
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		if digitsCame(e) {
			return "they arrive here", true
		}
		return "none came", true
	},
}

// digitsCame tells whether keys of the other side were seen in the last call.
func digitsCame(e *evidence.Evidence) bool {
	c := lastCall(e)
	return c != nil && c.In != nil && c.In.Events > 0
}
