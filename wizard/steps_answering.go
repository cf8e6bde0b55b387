package wizard

import (
	"context"
	"fmt"
	"time"

	"softphonedoctor/wizard/evidence"
)

const (
	// answerLimit is how long a person has to answer before the test phone does.
	answerLimit = 12 * time.Second
	// ringOut is how long a call may ring when it is left to: longer than providers
	// do before they send it elsewhere.
	ringOut = 45 * time.Second
	// ackTime is how long a missing confirmation takes to show (RFC 3261 13.3.1.4:
	// the answer goes out again after 0.5, 1.5 and 3.5 s).
	ackTime = 4 * time.Second
)

// anyCall waits for a call, from wherever it comes.
var anyCall = Step{
	Title: "Waiting for a call",
	Do: func(ctx context.Context, s *Session) error {
		const words = "Have somebody call your number now."
		s.experiment(anyCaller, words)
		limit := outsideLimit
		if s.CallWait > 0 {
			limit = s.CallWait
		}
		s.instructUntil(words, limit)
		waiting, stop := context.WithTimeout(ctx, limit)
		defer stop()
		call, err := s.Phone.Await(waiting)
		switch {
		case ctx.Err() != nil:
			return nil
		case waiting.Err() != nil:
			s.askCaller(ctx)
			return errEnough
		case err != nil:
			return err
		}
		s.call = call
		return nil
	},
	Found: arrivalWords,
}

// letAnswer lets the person answer; without a word the test phone does it itself.
var letAnswer = Step{
	Title: "Answering",
	Do: func(ctx context.Context, s *Session) error {
		s.instructUntil("The call rings here. Answer it, or wait a moment.", answerLimit)
		switch s.askWhile(ctx, answerLimit, Answered, askAnswer) {
		case "no":
			_ = s.call.Hangup(ctx)
			return errEnough
		case "wait":
			s.instructUntil("Letting it ring, to see who ends it and when.", ringOut)
			waiting, stop := context.WithTimeout(ctx, ringOut)
			s.call.Wait(waiting, Ended)
			stop()
		}
		if s.call.State() == Ended {
			return errEnough // the caller gave up, or another device took it
		}
		if err := s.call.Answer(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if s.call.State() != Answered {
			return errEnough
		}
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		c := lastCall(e)
		switch {
		case c == nil:
			return "", true
		case c.Answer != nil:
			return "answered", true
		case c.Cancel != nil:
			return "the call ended before it was answered", false
		}
		return "not answered", false
	},
}

// confirmed watches whether the other side takes our answer: its confirmation, and
// a hanging-up right behind it.
var confirmed = Step{
	Title: "Is the answer taken",
	Do: func(ctx context.Context, s *Session) error {
		s.instruct("Watching whether the other side takes the answer.")
		s.until(ctx, ackTime, func(e *evidence.Evidence) bool {
			c := lastCall(e)
			return c == nil || c.Ack != nil || c.Bye != nil
		})
		if c := lastCall(s.Evidence()); c != nil && c.Ack == nil {
			return errEnough // sound would prove nothing either way
		}
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		c := lastCall(e)
		switch {
		case c == nil || c.Answer == nil:
			return "", true
		case c.Ack != nil:
			return fmt.Sprintf("taken after %d ms", c.Ack.Time.Sub(c.Answer.Time).Milliseconds()), true
		}
		return "the other side does not confirm it", false
	},
}
