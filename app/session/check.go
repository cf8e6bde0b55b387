package session

import (
	"context"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Check is one diagnosis of one account: it owns the phone, the tape and the
// wizard's session for as long as it runs.
type Check struct{}

// Request says what to check.
type Request struct {
	Account   Account
	Situation string // a scenario's id
	Target    string // number or address to call, "" when the scenario calls nobody
	Person    wizard.Person
	Notify    func(wizard.Event) // called from the check's goroutine; must not block
}

// NewCheck prepares a check; nothing is sent yet. The error is a sentence for the
// person: what is missing and what to do.
func NewCheck(r Request) (*Check, error) { return &Check{}, nil }

// Run does the check. Cancelling the context hangs up and still gives a report.
func (c *Check) Run(ctx context.Context) (*report.Report, error) { return nil, nil }

// Evidence and Diagnosis give what is known so far, from any goroutine.
func (c *Check) Evidence() *evidence.Evidence { return nil }

// Diagnosis gives the judgement so far, from any goroutine.
func (c *Check) Diagnosis() diagnosis.Diagnosis { return diagnosis.Diagnosis{} }

// Practice starts the built-in PBX on loopback with the fault of a cause ("" or
// "healthy": none) and gives an account and a number for it, the situation to
// check, prepared answers, and a function that stops it.
func Practice(cause string) (a Account, target, situation string, answers map[string]string, stop func(), err error) {
	return
}
