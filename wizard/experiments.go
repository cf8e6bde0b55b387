package wizard

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// The experiments that separate causes. Each is named on the tape before it begins,
// so that what follows stands beside what came before: evidence.Experiment.
const (
	againSize      = capture.ExperimentSize
	againTransport = capture.ExperimentTransport
	againHops      = capture.ExperimentHops
	againCall      = capture.ExperimentAgain
	fromOutside    = capture.ExperimentOutside
	fromInside     = capture.ExperimentInside
	anyCaller      = capture.ExperimentCaller
	echoCall       = capture.ExperimentEcho
)

// experiment names an experiment on the tape; what follows belongs to it.
func (s *Session) experiment(name, change string) {
	s.Tape.Note(capture.Note{Kind: capture.KindExperiment, Key: name, Text: change})
}

// sizes asks with growing requests until one stays unanswered: the way may lose
// what is longer than one packet carries (RFC 3261 18.1.1). The sizes lie below and
// above the usual limits of 1300, 1500 less headers, and one fragment more.
func (s *Session) sizes(ctx context.Context) {
	for _, n := range []int{600, 1250, 1700} {
		if ctx.Err() != nil {
			return
		}
		s.experiment(againSize, "padded to "+strconv.Itoa(n)+" bytes")
		before := len(s.Evidence().Options)
		limited, stop := context.WithTimeout(ctx, optionsWait)
		_ = s.Phone.Options(limited, Probe{Name: againSize, Pad: n})
		stop()
		if e := s.Evidence(); len(e.Options) > before && len(e.Options[len(e.Options)-1].Responses) == 0 {
			return // larger ones will not do better
		}
	}
}

// hops asks each server on the way by letting a request pass through one more of
// them each time (RFC 3261 11: Max-Forwards, the answer at its end is 483).
func (s *Session) hops(ctx context.Context) {
	for n := 1; n <= maxHops && ctx.Err() == nil; n++ {
		s.experiment(againHops, "through at most "+strconv.Itoa(n))
		limited, stop := context.WithTimeout(ctx, optionsWait)
		before := len(s.Evidence().Options)
		_ = s.Phone.Options(limited, Probe{Name: againHops, Reach: n})
		stop()
		e := s.Evidence()
		if len(e.Options) == before {
			return
		}
		f := e.Options[len(e.Options)-1].Final()
		if f == nil || f.Status != 483 {
			return // the last one has answered, or nobody did
		}
	}
}

const (
	maxHops     = 6
	optionsWait = 2 * time.Second
	retryWait   = 3500 * time.Millisecond
)

// otherTransport asks the same server over the transports that the account does not
// use: does it answer there, what is asked in vain here?
func (s *Session) otherTransport(ctx context.Context) {
	if s.Again == nil {
		return
	}
	for _, transport := range []string{"tcp", "tls", "udp"} {
		if transport == s.usual() || ctx.Err() != nil || s.measuredShut(transport) {
			continue
		}
		change := Change{Transport: transport}
		s.with(ctx, againTransport, change, func(p Phone) {
			limited, stop := context.WithTimeout(ctx, retryWait)
			defer stop()
			_ = p.Options(limited, Probe{Name: againTransport})
		})
		if s.answeredOver(transport) {
			return
		}
	}
}

// measuredShut tells that a measurement got no answer over a transport.
func (s *Session) measuredShut(transport string) bool {
	p, ok := s.Evidence().Probe("transport-" + transport)
	// An account for TLS may name a port that takes the others; they were measured at theirs.
	return ok && !p.Yes() && s.usual() != "tls"
}

func (s *Session) usual() string {
	if s.Usual == "" {
		return "udp"
	}
	return s.Usual
}

// with does something with a phone that has one thing changed, and closes it.
func (s *Session) with(ctx context.Context, name string, change Change, f func(Phone)) {
	p, err := s.Again(change)
	if err != nil {
		return // not possible with this account: then it was not tried
	}
	s.experiment(name, change.String())
	f(p)
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer stop()
	_ = p.Close(ending)
}

// answeredOver tells whether the last OPTIONS over a transport was answered.
func (s *Session) answeredOver(transport string) bool {
	e := s.Evidence()
	for _, t := range slices.Backward(e.Options) {
		if strings.EqualFold(t.Request.Net.String(), transport) {
			return len(t.Responses) > 0
		}
	}
	return false
}

// narrow looks for what splits the causes that are left when the server stays
// silent to a sign-in or a call: over another transport, or with a smaller request.
func (s *Session) narrow(ctx context.Context) {
	e := s.Evidence()
	if handshakeStalls(e) {
		s.measure(ctx, capture.ProbeSizeTCP) // it begins with messages that fill whole packets
	}
	switch {
	case ctx.Err() != nil:
	case soundRefused(e) && s.Again != nil:
		s.instruct("The call was refused over its sound. Trying it once more with other sound settings.")
		for _, change := range []Change{{Encryption: "srtp"}, {Codecs: []string{"PCMA", "PCMU", "G722"}}} {
			if err := s.callAgain(ctx, change); err != nil || !soundRefused(s.Evidence()) {
				return
			}
		}
	case settled(s.Diagnosis()) && !turnedAway(e):
	case !heardAnything(e):
		s.instruct("Nothing comes back. Trying other ways to reach the server.")
		s.measure(ctx, wayQuestions...)
		if handshakeStalls(s.Evidence()) {
			s.measure(ctx, capture.ProbeSizeTCP)
		}
		s.otherTransport(ctx)
	case unansweredInvite(e):
		s.instruct("The server answers, but not to the call. Finding out what is different.")
		if s.usual() == "udp" { // over a connection nothing passes what is stuck before it
			s.sizes(ctx)
		}
		s.measure(ctx, sizeQuestions...)
	case triedInVain(e):
		s.instruct("The call got stuck on its way. Asking how far it comes.")
		s.hops(ctx)
	}
}

// turnedAway tells that a firewall said that it lets this transport not pass: it may let
// another one.
func turnedAway(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.ICMP, func(u evidence.Unreachable) bool { return u.Reason == "admin prohibited" })
}

// handshakeStalls tells that a connection for TLS was made, and then nothing came.
func handshakeStalls(e *evidence.Evidence) bool {
	p, ok := e.Probe(capture.ProbeTLS)
	return ok && p.Text("wanted") == "yes" && p.Text("open") == "yes" && p.Text("reason") == "silent"
}

// heardAnything tells whether any SIP message came to our phone.
func heardAnything(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.Messages, func(m *evidence.Message) bool { return !m.Out })
}

// unansweredInvite tells whether the last call got no answer at all.
func unansweredInvite(e *evidence.Evidence) bool {
	return lastCall(e) != nil && !inviteAnswered(e)
}

// triedInVain tells whether the last call got no further than "trying", or was sent
// around in circles.
func triedInVain(e *evidence.Evidence) bool {
	c := lastCall(e)
	if c == nil || c.Trying == nil {
		return c != nil && c.Final != nil && (c.Final.Status == 482 || c.Final.Status == 483)
	}
	return c.Final == nil && c.Progress == nil
}

// soundRefused tells whether the last call was refused over its description: 415,
// 488, 606 (RFC 3261 21.4.13, 21.4.26, 21.6.4).
func soundRefused(e *evidence.Evidence) bool {
	c := lastCall(e)
	return c != nil && c.Final != nil && slices.Contains([]int{415, 488, 606}, c.Final.Status)
}

// callAgain places the same call after one change and listens for a moment, so that
// before and after stand side by side.
func (s *Session) callAgain(ctx context.Context, change Change) error {
	if s.Again == nil {
		return nil
	}
	var failed error
	s.with(ctx, againCall, change, func(p Phone) {
		limited, stop := context.WithTimeout(ctx, silenceLimit)
		defer stop()
		if s.Registers && !heldBack(s.Evidence()) {
			_ = p.Register(limited)
		}
		failed = s.listen(ctx, p, s.Target)
	})
	return failed
}

// listen calls, waits for an answer and hears the sound for a moment.
func (s *Session) listen(ctx context.Context, p Phone, to Target) error {
	call, err := p.Dial(ctx, to)
	if err != nil {
		return err
	}
	defer func() {
		ending, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer stop()
		_ = call.Hangup(ending)
	}()
	waiting, stop := context.WithTimeout(ctx, tryingLimit)
	defer stop()
	if call.Wait(waiting, Answered) != Answered {
		return nil
	}
	hearing, stop := context.WithTimeout(ctx, shortSound)
	defer stop()
	call.Wait(hearing, Ended)
	return nil
}
