// Package report is the document of a diagnosis: one struct that the window, the
// command line, JSON and saved files all print.
package report

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// Verdict is the outcome of a diagnosis in one word.
type Verdict string

// The verdicts.
const (
	Healthy      Verdict = "healthy"      // everything looked at was in range
	Outcome      Verdict = "outcome"      // a call properly ended: busy, declined
	Problem      Verdict = "problem"      // a fault was found
	Inconclusive Verdict = "inconclusive" // too little was seen to say anything
)

// Network is the situation in which nothing but the way to a server was measured.
const Network = "network"

// Report is a finished diagnosis with the evidence it rests on.
type Report struct {
	Situation string
	Verdict   Verdict
	Started   time.Time
	Took      time.Duration
	Evidence  *evidence.Evidence
	Diagnosis diagnosis.Diagnosis
	Warnings  []string // about the tape itself: cut in mid-packet, packets dropped
	Stopped   []string // why the test ended early, a sentence each; they stand among Warnings, too
	// Rows are the calls of a capture that holds several, in order, each with a verdict of
	// its own; nil otherwise.
	Rows []CallRow
	// Released counts the calls that Rows has and Evidence has no more, because the
	// capture is long.
	Released int
	// Loose are streams of no call that Evidence has no more, the first of them.
	Loose []StreamDoc
	// In is the language of Text and HTML. Whoever prints the report says it.
	In Tongue
}

// maxLoose bounds the streams of no call that are listed beside the evidence.
const maxLoose = 4096

// AddStream lists a stream of no call that the evidence holds no more, and tells whether
// there was room for it.
func AddStream(list []StreamDoc, s *evidence.Stream) ([]StreamDoc, bool) {
	if len(list) >= maxLoose {
		return list, false
	}
	return append(list, streamDoc(s)), true
}

// Add gives the report of a capture the rows of its calls. Released says how many of
// these the evidence holds no more.
func (r *Report) Add(rows []CallRow, released int) {
	JoinLegs(rows)
	r.Rows, r.Released = rows, released
	if released > 0 && r.Verdict == Inconclusive && len(r.Diagnosis.Limits)+len(r.Diagnosis.Unseen) == 0 &&
		slices.ContainsFunc(rows, func(c CallRow) bool { return c.Verdict == Healthy }) {
		r.Verdict = Healthy
	}
}

// New makes the report of some evidence and its diagnosis.
func New(situation string, e *evidence.Evidence, d diagnosis.Diagnosis) *Report {
	r := &Report{
		Situation: situation,
		Started:   e.Began,
		Took:      e.Until.Sub(e.Began),
		Evidence:  e,
		Diagnosis: d,
		Warnings:  slices.Concat(e.Limits, mutedWords(e), ownLimits(e), heldBack(e), unseen(e, d)),
	}
	r.Verdict = judge(e, d)
	if r.Verdict == Healthy && situation == "everything" && len(heldBack(e)) > 0 {
		r.Verdict = Inconclusive // the sign-in was to be checked, too
	}
	return r
}

// mutedWords says what was left out of the capture on purpose.
func mutedWords(e *evidence.Evidence) []string {
	if e.Muted == "" {
		return nil
	}
	return []string{e.Muted}
}

// heldBack says that the test did not sign in for another phone's sake.
func heldBack(e *evidence.Evidence) []string {
	for _, ev := range e.Phone {
		if ev.Key == capture.PhoneHeldBack {
			return []string{"Not checked: the sign-in. Another phone is signed in with this account, and the test did not want to take its place. " +
				"Calls are tried without it, which some providers refuse. To sign in all the same, answer the question with yes (on the command line: --answer sign_in_anyway=yes)."}
		}
	}
	return nil
}

// ownLimits says what the test phone itself could not do: never a fault of
// somebody else.
func ownLimits(e *evidence.Evidence) []string {
	var list []string
	for _, l := range e.PhoneLimits {
		list = append(list, "This test phone could not do everything: "+l)
	}
	return list
}

// judge turns findings into one word. Only hints, or nothing at all, is healthy
// when something was really seen to work; a tape that shows neither a finished
// registration nor a call that got anywhere proves nothing.
func judge(e *evidence.Evidence, d diagnosis.Diagnosis) Verdict {
	root := d.Root()
	if root != nil {
		switch root.Kind() {
		case diagnosis.Fault:
			return Problem
		case diagnosis.Outcome:
			return Outcome
		}
	}
	if sawItWork(e) && len(d.Limits)+len(d.Unseen) == 0 {
		return Healthy
	}
	return Inconclusive
}

// sawItWork tells whether at least one thing was followed to a good end: an
// accepted registration, or an answered call of which the INVITE, or else the
// sound of both ways, was seen.
func sawItWork(e *evidence.Evidence) bool {
	for _, r := range e.Registrations {
		if !r.Out {
			continue // another phone's, or what somebody asks of us, proves nothing for ours
		}
		for _, t := range r.Transactions {
			if f := t.Final(); f != nil && f.Status < 300 && !t.Query() {
				return true
			}
		}
	}
	if e.Situation == Network {
		return wayOpen(e)
	}
	for _, c := range e.Calls {
		if c.Answer != nil && (c.Invite != nil || c.In != nil && c.Out != nil) {
			return true
		}
	}
	return false
}

// wayOpen tells whether the server answered in any way that was measured.
func wayOpen(e *evidence.Evidence) bool {
	for _, key := range []string{capture.ProbeUDP, capture.ProbeUDPPort, capture.ProbeTCP, capture.ProbeTLS} {
		if p, ok := e.Probe(key); ok && p.Yes() {
			return true
		}
	}
	return false
}

// Interrupt adds a warning that the test ended early. What was healthy so far is
// inconclusive then, and so is a call's ending that the stop itself brought about;
// a fault that was found stays found.
func (r *Report) Interrupt(why string) {
	r.Warnings, r.Stopped = append(slices.Clip(r.Warnings), why), append(slices.Clip(r.Stopped), why)
	if r.Verdict != Problem {
		r.Verdict = Inconclusive
	}
}

// Headline is the verdict's sentence: the root finding's title, or what a clean
// or empty result means.
func (r *Report) Headline() string {
	if f := r.Root(); f != nil {
		return f.Title
	}
	if r.Verdict == Healthy {
		return "No fault found: everything that was checked works."
	}
	if l := r.OwnLimits(); len(l) > 0 {
		return strings.Join(l, " ") + " The call could not be tested; that is nobody else's fault."
	}
	return "Too little was seen to say what is wrong."
}

// OwnLimits says what this test phone cannot do and a call needed, a sentence
// each, when that is all that stood in the way: "This test phone cannot do Opus."
func (r *Report) OwnLimits() []string {
	if r.Verdict != Inconclusive {
		return nil
	}
	var list []string
	for _, l := range r.Diagnosis.Limits {
		if s := l.String(); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// Root is the finding that the verdict rests on, nil when it is healthy or
// inconclusive. A hint on its own is no reason for a verdict.
func (r *Report) Root() *diagnosis.Finding {
	if r.Verdict == Healthy || r.Verdict == Inconclusive {
		return nil
	}
	return r.Diagnosis.Root()
}

// ExitStatus is the command line's: 0 no fault, 1 a fault was found, 3
// inconclusive. (2, nothing could be examined, never gets as far as a report.)
func (r *Report) ExitStatus() int {
	switch r.Verdict {
	case Problem:
		return 1
	case Inconclusive:
		return 3
	}
	return 0
}
