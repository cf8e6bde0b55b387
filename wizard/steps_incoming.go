package wizard

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"softphonedoctor/wizard/evidence"
)

// How long somebody has to take another phone and call.
const (
	outsideLimit = 60 * time.Second
	insideLimit  = 45 * time.Second
	againLimit   = 45 * time.Second
	callerLimit  = 60 * time.Second // for the question what the caller heard
	// ringSeen is how long a call that came is left ringing, so that the caller hears
	// that it worked.
	ringSeen = 3 * time.Second
)

// otherDevices looks at who else is signed in to the account: another device may
// take the calls.
var otherDevices = Step{
	Title: "Who else is signed in",
	Do:    func(context.Context, *Session) error { return nil }, // the sign-in's answer has it
	Found: func(e *evidence.Evidence) (string, bool) {
		others, known := devicesBeside(e)
		switch {
		case !known:
			return "the server does not tell", true
		case len(others) == 0:
			return "no other device", true
		case len(others) == 1:
			return "one other device, at " + others[0], true
		case len(others) > namedDevices:
			return fmt.Sprintf("%d other devices, at %s …", len(others), strings.Join(others[:namedDevices], ", ")), true
		}
		return fmt.Sprintf("%d other devices, at %s", len(others), strings.Join(others, ", ")), true
	},
}

// namedDevices is how many devices are named in a few words.
const namedDevices = 4

// devicesBeside gives the hosts of the contacts beside our own in the last list that
// the server gave; known is false when it gave none.
func devicesBeside(e *evidence.Evidence) (others []string, known bool) {
	for _, r := range e.Registrations {
		if !r.Out {
			continue
		}
		for _, t := range r.Transactions {
			f := t.Final()
			if f == nil || f.Status >= 300 {
				continue
			}
			contacts := f.Contacts()
			if len(contacts) == 0 {
				continue
			}
			others, known = nil, true
			for _, c := range contacts {
				if !ours(c.URI.Host, c.URI.Port, t.Request) {
					others = append(others, c.URI.Host)
				}
			}
		}
	}
	return others, known
}

// ours tells whether a contact is where the request came from, as we know it
// ourselves or as a router made it.
func ours(host string, port int, request *evidence.Message) bool {
	for _, c := range request.Contacts() {
		if strings.EqualFold(c.URI.Host, host) && c.URI.Port == port {
			return true
		}
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.Equal(net.IP(request.From.Addr().AsSlice())) && port == int(request.From.Port())
}

// outsideCall waits for a call from outside.
var outsideCall = Step{
	Title: "A call from outside",
	Do: func(ctx context.Context, s *Session) error {
		arrived, err := s.await(ctx, fromOutside, outsideLimit, "Call your own number now, with a mobile phone for example.")
		if err != nil || arrived {
			return enough(err)
		}
		s.askCaller(ctx)
		return nil
	},
	Found: arrivalWords,
}

// insideCall waits for a call from the same telephone system, which tells the
// routing of the number from everything nearer to us.
var insideCall = Step{
	Title: "A call from inside",
	Do: func(ctx context.Context, s *Session) error {
		if s.Person == nil || settled(s.Diagnosis()) {
			return nil
		}
		asking, stop := context.WithCancel(ctx)
		defer stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ask(asking, askInternalRings)
			stop() // an answer ends the waiting: the colleague has called, or cannot
		}()
		_, err := s.await(asking, fromInside, insideLimit, "Let a colleague on the same telephone system call you now.")
		stop()
		<-done
		if err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	},
	Found: arrivalWords,
}

// incomingOtherWay waits once more, reached over another transport: a router that
// holds UDP back lets calls through a connection that we opened.
var incomingOtherWay = Step{
	Title: "Another way in",
	Do: func(ctx context.Context, s *Session) error {
		if s.Again == nil || s.usual() != "udp" || len(incoming(s.Evidence())) > 0 || settled(s.Diagnosis()) || !s.mayStillRing() {
			return nil
		}
		var err error
		s.with(ctx, againTransport, Change{Transport: "tcp"}, func(p Phone) {
			limited, stop := context.WithTimeout(ctx, silenceLimit)
			err = p.Register(limited)
			stop()
			if err != nil || !registered(s.Evidence()) {
				err = nil
				return
			}
			_, err = s.awaitOn(ctx, p, againLimit, "Please call once more. The test phone is now reached in another way.")
		})
		if ctx.Err() != nil {
			return nil
		}
		return err
	},
	Found: arrivalWords,
}

// wayIn measures what may keep calls from coming in, when none came.
var wayIn = Step{
	Title: "The way in",
	Do: func(ctx context.Context, s *Session) error {
		if len(incoming(s.Evidence())) > 0 || settled(s.Diagnosis()) || !s.mayStillRing() {
			return nil
		}
		s.instruct("Measuring what may keep calls out.")
		s.measureNAT(ctx)
		return nil
	},
	Found: networkWords,
}

// mayStillRing tells whether what the caller heard leaves room for a call that was
// sent to us and lost.
func (s *Session) mayStillRing() bool {
	a, ok := s.Evidence().Answers[askCallerHears.ID]
	return ok && (a.Value == "ringing" || a.Value == "silence")
}

// briefIncoming is outsideCall for the check of everything: only a person can call,
// and without one nothing is waited for.
var briefIncoming = Step{
	Title: "A call to you",
	Do: func(ctx context.Context, s *Session) error {
		if s.Person == nil || !registered(s.Evidence()) {
			return nil
		}
		if s.ask(ctx, askCallMe) != "yes" {
			return nil
		}
		arrived, err := s.await(ctx, anyCaller, outsideLimit, "Call your own number now, with a mobile phone for example.")
		if err == nil && !arrived {
			s.askCaller(ctx)
		}
		return err
	},
	Found: arrivalWords,
}

// askCaller asks what the caller heard; a call that comes late ends the question.
func (s *Session) askCaller(ctx context.Context) {
	asking, stop := context.WithTimeout(ctx, callerLimit)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if call, err := s.Phone.Await(asking); err == nil {
			s.taken(ctx, call)
			stop()
		}
	}()
	s.ask(asking, askCallerHears)
	stop()
	<-done
}

// await names the experiment and waits for a call, with a countdown.
func (s *Session) await(ctx context.Context, name string, limit time.Duration, words string) (arrived bool, err error) {
	s.experiment(name, words)
	return s.awaitOn(ctx, s.Phone, limit, words)
}

func (s *Session) awaitOn(ctx context.Context, p Phone, limit time.Duration, words string) (arrived bool, err error) {
	if s.CallWait > 0 {
		limit = s.CallWait
	}
	s.instructUntil(words, limit)
	waiting, stop := context.WithTimeout(ctx, limit)
	defer stop()
	call, err := p.Await(waiting)
	switch {
	case waiting.Err() != nil:
		return false, nil
	case err != nil:
		return false, err
	}
	s.taken(ctx, call)
	return true, nil
}

// taken lets a call that arrived ring for a moment and then ends it.
func (s *Session) taken(ctx context.Context, call LiveCall) {
	s.instruct("The call has arrived. It rings for a moment, then the test phone ends it.")
	ringing, stop := context.WithTimeout(ctx, ringSeen)
	defer stop()
	call.Wait(ringing, Ended)
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer stop()
	_ = call.Hangup(ending)
}

// enough is errEnough unless something did not work.
func enough(err error) error {
	if err != nil {
		return err
	}
	return errEnough
}

// incoming lists the calls that came to us.
func incoming(e *evidence.Evidence) (calls []*evidence.Call) {
	for _, c := range e.Calls {
		if c.Direction == evidence.In {
			calls = append(calls, c)
		}
	}
	return calls
}

// arrivalWords says whether a call came in the last experiment, and how soon.
func arrivalWords(e *evidence.Evidence) (string, bool) {
	if len(e.Experiments) == 0 {
		return "", true
	}
	x := e.Experiments[len(e.Experiments)-1]
	for _, c := range x.Calls {
		if c.Direction == evidence.In && c.First != nil {
			return fmt.Sprintf("a call arrived at %s", c.First.Time.Local().Format("15:04:05")), true
		}
	}
	return "no call arrived", false
}
