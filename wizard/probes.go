package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Probes measures what lies between this computer and the server, beside the phone.
// Each answer is a note on the session's tape; "not checked" is an answer, too.
type Probes interface {
	// Measure answers the questions (capture.Probe keys) of m. It returns when each
	// has its answer, after about 10 s at most, or what the slow ones announce; an
	// ended context ends it sooner.
	Measure(ctx context.Context, m Measurement) error
}

// Measurement says what Probes is to measure.
type Measurement struct {
	Questions []string // capture.Probe keys; empty: all that are quick
	// ThirdParty: the person agreed that a public server is asked under which address
	// it sees this computer.
	ThirdParty bool
	// UpTo is the longest silence that a measurement of the router's memory tries, 0: 5 minutes.
	UpTo time.Duration
	// InUse has the person put the line to full use, for capture.ProbeLoadDelay, and returns
	// when it is; without it that question is not checked.
	InUse func(context.Context) error
	// Progress hears how many of the measurements have ended; may be nil.
	Progress func(done, of int)
	// Call is the call that is up, where a question is about its sound; else nil.
	Call LiveCall
}

// Network is the situation in which nothing but the way to a server was measured.
const Network = report.Network

// Judge reports on a finished tape of that situation.
func Judge(tape *capture.Tape) *report.Report {
	var b evidence.Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	e := b.Evidence()
	return report.New(Network, e, diagnosis.Of(e, diagnosis.Dictionary{}))
}

// What is measured when something fails, each as far as it can split what is left.
var (
	// wayQuestions ask how far packets come when nothing comes back.
	wayQuestions = []string{
		capture.ProbeInterfaces, capture.ProbeGateway, capture.ProbeServerPath, capture.ProbeInternet, capture.ProbeCaptivePortal,
		capture.ProbeDNS, capture.ProbeDNSTargets, capture.ProbeUDP, capture.ProbeUDPPort, capture.ProbeTCP, capture.ProbeTLS, capture.ProbeCertificate,
	}
	// sizeQuestions ask whether long messages are lost.
	sizeQuestions = []string{capture.ProbeSizeUDP, capture.ProbeSizeTCP, capture.ProbeFragments}
	// natQuestions ask what stands between this computer and who is to reach it.
	natQuestions = []string{
		capture.ProbeInterfaces, capture.ProbeNAT, capture.ProbeNATMapping, capture.ProbeNATFiltering, capture.ProbeWANAddress, capture.ProbeHairpin,
		capture.ProbeALGEcho, capture.ProbeALGPorts, capture.ProbeALGMirror, capture.ProbeMirrorOut, capture.ProbeMirrorIn,
	}
	// lossQuestions ask where packets are lost.
	lossQuestions = []string{capture.ProbeInterfaces, capture.ProbeGateway, capture.ProbeServerPath}
)

// measure answers those of the questions that have no answer yet.
func (s *Session) measure(ctx context.Context, questions ...string) {
	if s.Probes == nil {
		return
	}
	s.mu.Lock()
	var open []string
	for _, q := range questions {
		if !slices.Contains(s.measured, q) {
			open = append(open, q)
		}
	}
	s.measured = append(s.measured, open...)
	s.mu.Unlock()
	if len(open) == 0 && len(questions) > 0 || ctx.Err() != nil {
		return
	}
	// What cannot be measured stands on the tape as not checked.
	_ = s.Probes.Measure(ctx, Measurement{Questions: open, ThirdParty: s.mayAskOthers(), Call: s.callUp(), Progress: func(done, of int) {
		if done < of {
			s.instruct(fmt.Sprintf("Measuring the network: %d of %d.", done, of))
		}
	}})
	if ctx.Err() != nil { // an answer came meanwhile: what was cut short may be asked again
		s.mu.Lock()
		s.measured = slices.DeleteFunc(s.measured, func(q string) bool { return slices.Contains(open, q) })
		s.mu.Unlock()
	}
}

// measureNAT answers the questions about the router, and where a call is up what comes
// back to the very socket of its sound. Where nobody but a public server could tell, the
// person is asked first.
func (s *Session) measureNAT(ctx context.Context) {
	questions := natQuestions
	if s.callUp() != nil {
		questions = append(slices.Clone(questions), capture.ProbeNATMedia)
	}
	s.measure(ctx, questions...)
	if s.Probes == nil || ctx.Err() != nil || settled(s.Diagnosis()) {
		return
	}
	e := s.Evidence()
	if _, known := e.Probe(capture.ProbeNATMapping); known || !behindNAT(e) || s.ask(ctx, askThirdParty) != "yes" {
		return
	}
	questions = []string{capture.ProbeNAT, capture.ProbeNATMapping, capture.ProbeNATFiltering, capture.ProbeHairpin}
	call := s.callUp()
	if call != nil {
		questions = append(questions, capture.ProbeNATMedia)
	}
	_ = s.Probes.Measure(ctx, Measurement{ThirdParty: true, Questions: questions, Call: call})
}

// callUp is the call that is up, nil if none is.
func (s *Session) callUp() LiveCall {
	if s.call == nil || s.call.State() == Ended {
		return nil
	}
	return s.call
}

// mayAskOthers tells whether the person agreed to ask a public server.
func (s *Session) mayAskOthers() bool { return s.said(askThirdParty.ID, "yes") }

// said tells whether the person gave this answer to a question.
func (s *Session) said(question, value string) bool {
	a, ok := s.Evidence().Answers[question]
	return ok && a.Value == value
}

// answered tells that a question has its answer, from a person or by a proof.
func (s *Session) answered(question string) bool {
	_, ok := s.Evidence().Answers[question]
	return ok
}

// noWayLeft tells that the measuring is through and no way to the server answered.
func noWayLeft(e *evidence.Evidence) bool {
	for _, key := range []string{capture.ProbeUDP, capture.ProbeTCP, capture.ProbeTLS} {
		if p, ok := e.Probe(key); !ok || p.Yes() {
			return false
		}
	}
	return true
}

// theNetwork measures everything between this computer and the server, for the check
// of everything.
var theNetwork = Step{
	Title: "The network between",
	Do: func(ctx context.Context, s *Session) error {
		if s.Probes == nil {
			return nil
		}
		s.instruct("Measuring the network.")
		s.measure(ctx, slices.Concat(wayQuestions, sizeQuestions, natQuestions, restQuestions)...)
		s.measureNAT(ctx)
		return nil
	},
	Found: networkWords,
}

// restQuestions are those that no single complaint needs.
var restQuestions = []string{capture.ProbeDNSAgree, capture.ProbeTLSVersions, capture.ProbeClock, capture.ProbeNATStable}

// networkWords counts what was measured.
func networkWords(e *evidence.Evidence) (string, bool) {
	known := 0
	for _, p := range e.Probes {
		if p.Result == "yes" || p.Result == "no" {
			known++
		}
	}
	switch {
	case len(e.Probes) == 0:
		return "", true
	case known == 0:
		return "nothing could be measured", true
	}
	return fmt.Sprintf("%d of %d questions answered", known, len(e.Probes)), true
}

// routerMemory measures how long the router remembers this phone, where the complaint
// fits and the person wants to wait for it.
var routerMemory = Step{
	Title: "How long the router remembers",
	Do: func(ctx context.Context, s *Session) error {
		if s.Probes == nil || s.usual() != "udp" || settled(s.Diagnosis()) || !behindNAT(s.Evidence()) {
			return nil
		}
		upTo := map[Answer]time.Duration{"short": time.Minute, "long": 5 * time.Minute}[s.ask(ctx, askLifetime)]
		if upTo == 0 {
			return nil
		}
		s.instructUntil("Measuring how long the router remembers this phone. Nothing needs to be done.", upTo)
		return s.Probes.Measure(ctx, Measurement{Questions: []string{capture.ProbeNATLifetime}, UpTo: upTo, ThirdParty: s.mayAskOthers()})
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		p, ok := e.Probe(capture.ProbeNATLifetime)
		gone, ends := p.Duration("gone")
		lives, known := p.Duration("lives")
		switch {
		case !ok:
			return "", true
		case ends:
			return "less than " + forHowLong(gone), p.Yes()
		case known:
			return "longer than " + forHowLong(lives), p.Yes()
		}
		return "", true
	},
}

// lineInUse compares the line at rest with the line in full use, where nothing else explains
// sound that is bad now and then, and the person wants to.
var lineInUse = Step{
	Title: "The line in full use",
	Do: func(ctx context.Context, s *Session) error {
		heard := s.Evidence().Answers[askSymptom.ID].Value
		if s.Probes == nil || faulty(s.Diagnosis()) || !slices.Contains([]Answer{"choppy", "robotic", "delay"}, Answer(heard)) || s.ask(ctx, askFullUse) != "yes" {
			return nil
		}
		if s.call != nil {
			_ = s.call.Hangup(ctx) // a call that suffers on purpose proves nothing
		}
		s.instruct("Measuring the line at rest. Nothing needs to be done.")
		return s.Probes.Measure(ctx, Measurement{Questions: []string{capture.ProbeLoadDelay}, InUse: func(ctx context.Context) error {
			s.instruct("") // there is something to do now
			if s.ask(ctx, askLineInUse) != "yes" {
				return errNotInUse
			}
			s.instruct("Measuring the line in full use. Let it run on.")
			return nil
		}})
	},
	Found: func(e *evidence.Evidence) (string, bool) {
		p, ok := e.Probe(capture.ProbeLoadDelay)
		idle, before := p.Duration("idle")
		loaded, after := p.Duration("loaded")
		switch {
		case !ok:
			return "", true
		case !before || !after:
			return "nothing could be measured", true
		case p.Yes():
			return fmt.Sprintf("%d ms slower", (loaded - idle).Milliseconds()), false
		}
		return "no slower", true
	},
}

// errNotInUse ends the measuring where the person could not put the line to use.
var errNotInUse = errors.New("the line is not in use")

// behindNAT tells whether the server sees this phone under another address than its own.
func behindNAT(e *evidence.Evidence) bool {
	if p, ok := e.Probe(capture.ProbeNAT); ok {
		return !p.Yes()
	}
	for _, m := range e.Messages {
		if v := m.Vias(); !m.Out && len(v) == 1 && v[0].Received != "" && v[0].Received != v[0].Host {
			return true
		}
	}
	return false
}
