package wizard

import (
	"context"
	"fmt"
	"time"

	"softphonedoctor/sipclient/capture"
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
		switch s.askWhile(ctx, earsLimit, Ended, askDigits) {
		case NotAsked, "unsure", testDigits:
		default:
			s.otherWays(ctx)
		}
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		for _, w := range otherWays {
			if e.Answers[askDigits.ID+w.suffix].Value == testDigits {
				return "they arrived only " + byWay[w.by], false
			}
		}
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

// otherWays are tried when keys do not arrive in the way that was agreed; the answers stand
// under the question's id with a suffix.
var otherWays = []struct {
	by     evidence.KeyMethod
	suffix string
}{{evidence.KeysByInfo, capture.AnswerByInfo}, {evidence.KeysInBand, capture.AnswerInBand}}

// otherWays presses the same keys in the other ways, one after the other, until one of them
// arrives: that is the one to choose in the phone.
func (s *Session) otherWays(ctx context.Context) {
	call, able := s.call.(interface {
		SendDigitsBy(ctx context.Context, digits string, by evidence.KeyMethod) error
	})
	for _, w := range otherWays {
		c := lastCall(s.Evidence())
		if !able || s.call.State() == Ended || c == nil || c.KeysBy(evidence.Out, w.by) != nil {
			continue
		}
		s.instruct("The test phone presses the keys 1, 5 and 9.")
		if call.SendDigitsBy(ctx, testDigits, w.by) != nil {
			continue
		}
		q := askDigits
		q.ID += w.suffix
		if a := s.askWhile(ctx, earsLimit, Ended, q); a == NotAsked || a == testDigits {
			return
		}
	}
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
		k := keysThere(e)
		if k == nil {
			return "none came", true
		}
		return fmt.Sprintf("%s arrives here, %s", k.Keys, byWay[k.Method]), true
	},
}

// byWay says how keys come, in words for a person.
var byWay = map[evidence.KeyMethod]string{
	evidence.KeysByEvents: "as signals beside the sound",
	evidence.KeysByInfo:   "as messages",
	evidence.KeysInBand:   "as tones in the sound",
}

// keysThere are the keys that the other side of the last call pressed, in the best way in
// which it sends them; nil when there were none.
func keysThere(e *evidence.Evidence) *evidence.KeyPresses {
	c := lastCall(e)
	if c == nil {
		return nil
	}
	for _, by := range []evidence.KeyMethod{evidence.KeysByEvents, evidence.KeysByInfo, evidence.KeysInBand} {
		if k := c.KeysBy(evidence.In, by); k != nil {
			return k
		}
	}
	return nil
}

// digitsCame tells whether keys of the other side were seen in the last call.
func digitsCame(e *evidence.Evidence) bool {
	k := keysThere(e)
	return k != nil && len(k.Keys) >= len(testDigits)
}
