package wizard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// How long the parts of a call are watched. A network that says "trying" may
// take its time to find a mobile phone; a person needs time to pick up.
const (
	tryingLimit = 12 * time.Second
	ringLimit   = 10 * time.Second // ringing that nobody answers, when only ringing is under test
	pickUpLimit = 40 * time.Second // when a person is asked to answer
	askLimit    = 30 * time.Second // for a question while a phone rings at the other side
	earsLimit   = 60 * time.Second // for a question to the person who answered
	soundTime   = 6500 * time.Millisecond
	reportTime  = 9500 * time.Millisecond // where reports from the other side are slow to come
	shortSound  = 3500 * time.Millisecond
)

// dial places the call and waits for the first sign of it: ringing, an answer,
// or a refusal. Silence gets an OPTIONS beside it.
var dial = Step{
	Title: "Calling",
	Do: func(ctx context.Context, s *Session) error {
		s.instruct("Calling " + s.Target.To + ".")
		call, err := s.Phone.Dial(ctx, s.Target)
		if err != nil {
			return err
		}
		s.call = call
		waiting, cancel := context.WithTimeout(ctx, silenceLimit)
		defer cancel()
		state := Dialing
		err = s.besideOptions(waiting, inviteAnswered, func(ctx context.Context) error {
			state = call.Wait(ctx, Trying)
			return nil
		})
		for more := state == Trying; more; more = state == Trying && s.askedMeanwhile(ctx) {
			longer, cancel := context.WithTimeout(ctx, tryingLimit)
			state = call.Wait(longer, Ringing)
			cancel()
		}
		if state != Ringing && state != Answered {
			s.narrow(ctx)
			return errEnough
		}
		return err
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		c := lastCall(e)
		if c == nil {
			return "", true
		}
		d, ok := c.PostDialDelay()
		switch {
		case !ok:
			return "no answer", false
		case c.Progress != nil:
			return fmt.Sprintf("ringing after %.1f s", d.Seconds()), true
		case c.Answer != nil:
			return fmt.Sprintf("answered after %.1f s", d.Seconds()), true
		}
		return fmt.Sprintf("refused after %.1f s", d.Seconds()), false
	},
}

// ringing watches the ringing phase and asks whether it can be heard; an answer
// from the other side ends it. Ringing that goes on is cancelled: enough was seen.
var ringing = ring("Ringing", "It should be ringing at the other side. Nobody needs to answer.", ringLimit, true)

// pickUp waits for a person (or an echo service) to answer.
var pickUp = ring("Waiting for an answer", "Please let somebody answer the call at the other side.", pickUpLimit, false)

// ringAndPickUp does both, for the check of everything.
var ringAndPickUp = ring("Ringing", "Please let somebody answer the call at the other side.", pickUpLimit, true)

// ring makes a step of the ringing phase: what to tell the person, how long to
// let it ring, and whether to ask about the ringing tone.
func ring(title, instruction string, limit time.Duration, ask bool) Step {
	return Step{
		Title: title,
		Do: func(ctx context.Context, s *Session) error {
			if s.call.State() == Ringing {
				s.instruct(instruction)
				if ask {
					s.askWhile(ctx, askLimit, Answered, askHeardRinging)
				}
			}
			waiting, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			if s.call.Wait(waiting, Answered) != Answered {
				return errEnough
			}
			return nil
		},
		Found: ringWords,
	}
}

// ringWords says in a few words how the ringing of the last call ended.
func ringWords(e *evidence.Evidence) (string, bool) {
	c := lastCall(e)
	switch {
	case c == nil:
		return "", true
	case c.Answer != nil:
		return "answered", true
	case c.Final != nil:
		return "ended without an answer", false
	}
	return "nobody answered", false
}

// briefSound listens just long enough to tell sound that was missing only while
// it rang from sound that never comes.
var briefSound = Step{
	Title: "Listening",
	Do: func(ctx context.Context, s *Session) error {
		s.instruct("Listening to the call for a moment.")
		waiting, cancel := context.WithTimeout(ctx, shortSound)
		defer cancel()
		s.call.Wait(waiting, Ended)
		s.noteHeard()
		return nil
	},
	Found: soundWords,
}

// soundBothWays watches the sound for long enough to see loss, gaps, a hold, and
// at least one report from the other side about what reaches it.
var soundBothWays = Step{
	Title: "Sound in both directions",
	Do: func(ctx context.Context, s *Session) error {
		s.instruct("Measuring the sound in both directions.")
		began := time.Now()
		ended := func(time.Duration) bool { return s.call.State() == Ended }
		s.until(ctx, soundTime, func(*evidence.Evidence) bool { return ended(soundTime) })
		s.until(ctx, reportTime-time.Since(began), func(e *evidence.Evidence) bool {
			c := lastCall(e)
			return ended(0) || c == nil || c.Out == nil || c.Out.PeerSays != nil || settled(s.Diagnosis())
		})
		s.noteHeard()
		return nil
	},
	Found: soundWords,
}

// hearer is a call that listens for its own test sound in what comes back.
type hearer interface {
	// NoteHeard puts onto the tape what it heard so far; asked tells that an echo
	// service was called.
	NoteHeard(asked bool)
}

// noteHeard notes what came back of the test sound in the present call.
func (s *Session) noteHeard() { s.noteHeardFrom(s.Target.To) }

// noteHeardFrom is noteHeard for a call to another number than the one under test.
func (s *Session) noteHeardFrom(to string) {
	if h, ok := s.call.(hearer); ok {
		h.NoteHeard(to != "" && to == s.Dictionary.EchoNumber)
	}
}

// otherWay calls once more over another transport when no sound arrives: sound that
// then comes shows that something on the way spoils the first way of calling.
var otherWay = Step{
	Title: "The same call in another way",
	Do: func(ctx context.Context, s *Session) error {
		c := lastCall(s.Evidence())
		if s.Again == nil || c == nil || c.Answer == nil || c.In != nil && c.In.Packets > 0 || settled(s.Diagnosis()) || s.usual() != "udp" {
			return nil
		}
		s.instruct("No sound arrives. Looking for another way to the server.")
		s.otherTransport(ctx)
		for _, transport := range []string{"tcp", "tls"} {
			if s.answeredOver(transport) {
				// Who is on the line now can still tell.
				if s.call.State() != Ended {
					s.askWhile(ctx, earsLimit, Ended, askTheyHear)
				}
				_ = s.call.Hangup(ctx)
				s.instructUntil("Calling once more in another way. Please let somebody answer again.", pickUpLimit)
				return s.callAgain(ctx, Change{Transport: transport})
			}
		}
		return nil
	},
	Found: soundWords,
}

// lostSound measures what stands between this computer and the server when sound is
// missing: the router's ways, and helpers that rewrite addresses.
var lostSound = Step{
	Title: "What is on the way",
	Do: func(ctx context.Context, s *Session) error {
		c := lastCall(s.Evidence())
		if c == nil || c.Answer == nil || !soundMissing(c) || settled(s.Diagnosis()) {
			return nil
		}
		s.instruct("Sound is missing. Measuring what is on the way.")
		s.measureNAT(ctx)
		return nil
	},
	Found: networkWords,
}

// soundMissing tells whether sound fails to come in, or is not known to arrive there.
func soundMissing(c *evidence.Call) bool {
	return c.In == nil || c.In.Packets == 0 || c.Out == nil || c.Out.PeerSays == nil
}

// ears asks what no packet can show, and only if the packets have not settled it.
var ears = Step{
	Title: "Your ears",
	Do: func(ctx context.Context, s *Session) error {
		if settled(s.Diagnosis()) {
			return nil
		}
		if s.call.State() != Ended && !s.answered(askTheyHear.ID) {
			s.askWhile(ctx, earsLimit, Ended, askTheyHear)
		}
		_ = s.call.Hangup(ctx) // nobody is kept on the line for what needs no line
		if !s.answered(askHeard.ID) {
			s.ask(ctx, askHeard)
		}
		return nil
	},
}

// settled tells whether a fault is proven, so that asking can add nothing.
func settled(d diagnosis.Diagnosis) bool {
	root := d.Root()
	return root != nil && root.Kind() == diagnosis.Fault && root.Certainty == diagnosis.Confirmed
}

// inviteAnswered tells whether any answer to the last INVITE of ours has come. The one
// that proves the password is another than the one that was challenged, and longer.
func inviteAnswered(e *evidence.Evidence) bool {
	c := lastCall(e)
	if c == nil {
		return false
	}
	for _, t := range slices.Backward(c.Transactions) {
		if t.Method == "INVITE" {
			return len(t.Responses) > 0
		}
	}
	return false
}

func lastCall(e *evidence.Evidence) *evidence.Call {
	if len(e.Calls) == 0 {
		return nil
	}
	return e.Calls[len(e.Calls)-1]
}

// soundWords says in a few words what was heard of the last call.
func soundWords(e *evidence.Evidence) (string, bool) {
	c := lastCall(e)
	switch {
	case c == nil || c.Answer == nil:
		return "", true
	case c.In == nil || c.In.Packets == 0:
		return "nothing arrives", false
	case c.In.Level.Known && c.In.Level.DBFS < -60:
		return "only silence arrives", false
	case c.In.LossPercent() >= 3:
		return fmt.Sprintf("%.0f %% is lost on the way in", c.In.LossPercent()), false
	}
	return "sound arrives", true
}
