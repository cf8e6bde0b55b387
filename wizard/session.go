package wizard

import (
	"context"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Scenario is one complaint and the steps that narrow it down.
type Scenario struct {
	ID        string // "no-ringback"
	Complaint string // as a person would say it
	Steps     []Step
}

// Step is one experiment of a scenario. Do returns early when it learned enough.
type Step struct {
	Title string
	Do    func(context.Context, *Session) error
}

// Session is one run of a scenario. Fields are set before Run and not changed.
type Session struct {
	Tape       *capture.Tape
	Phone      Phone
	Person     Person
	Target     Target
	Dictionary diagnosis.Dictionary
	Notify     func(Event) // may be nil; called from the running goroutine, must not block
}

// Evidence is what is known so far. Safe to call from any goroutine while Run runs.
func (s *Session) Evidence() *evidence.Evidence { return nil }

// Diagnosis is the judgement over what is known so far. Safe to call from any goroutine.
func (s *Session) Diagnosis() diagnosis.Diagnosis { return diagnosis.Diagnosis{} }

// Run goes through the scenario's steps and reports. A cancelled context ends
// the calls and still gives a report of what was seen.
func Run(ctx context.Context, sc Scenario, s *Session) (*report.Report, error) { return nil, nil }
