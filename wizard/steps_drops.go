package wizard

import (
	"context"
	"fmt"
	"time"

	"softphonedoctor/wizard/evidence"
)

// How long a call is kept up, by when the person's calls break off. Longer patterns
// (15 minutes and more) are session refreshes, which the call's own setup announces
// and which show at half their time; nobody waits for them.
var dropWatch = map[Answer]time.Duration{
	"at-once":            12 * time.Second,
	"half-a-minute":      50 * time.Second,
	"minutes":            150 * time.Second,
	"quarter-of-an-hour": 40 * time.Second,
	"any-time":           60 * time.Second,
	"unsure":             60 * time.Second,
}

const usualWatch = 40 * time.Second

// whenDropped asks after how long the calls break off.
var whenDropped = Step{
	Title: "When it happens",
	Do: func(ctx context.Context, s *Session) error {
		s.ask(ctx, askDropsAfter)
		return nil
	},
}

// keepUp keeps the call up and watches what ends it: a hanging-up, sound that stops,
// an answer that nobody confirms, a refresh that fails.
var keepUp = Step{
	Title: "Keeping the call up",
	Do: func(ctx context.Context, s *Session) error {
		limit, ok := dropWatch[Answer(s.Evidence().Answers[askDropsAfter.ID].Value)]
		if !ok {
			limit = usualWatch
		}
		if c := lastCall(s.Evidence()); c != nil {
			if half := refreshTime(c); half > 0 && half+dropMargin > limit && half <= maxRefresh {
				limit = half + dropMargin
			}
		}
		s.instructUntil("Please keep the call up until the time is over.", limit)
		s.until(ctx, limit, func(e *evidence.Evidence) bool {
			return s.call.State() == Ended || settled(s.Diagnosis())
		})
		return nil
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		c := lastCall(e)
		switch {
		case c == nil || c.Answer == nil:
			return "", true
		case c.Bye != nil && !c.ByeOut:
			return fmt.Sprintf("ended by the other side after %.0f s", c.Duration().Seconds()), false
		}
		return fmt.Sprintf("up for %.0f s", c.Duration().Seconds()), true
	},
}

const (
	maxRefresh = 100 * time.Second // the longest wait for a session refresh
	dropMargin = 12 * time.Second
)

// refreshTime is when the call's session is refreshed (RFC 4028: at half the
// interval), 0 without a session timer.
func refreshTime(c *evidence.Call) time.Duration {
	if c.Answer == nil {
		return 0
	}
	var n int
	if _, err := fmt.Sscanf(c.Answer.Get("Session-Expires"), "%d", &n); err != nil || n <= 0 {
		return 0
	}
	return time.Duration(n) * time.Second / 2
}
