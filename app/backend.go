// Package app is the window of Softphone Doctor: a header, one page at a time,
// and a footer with the one thing to do next. It never touches a packet: it asks
// a Backend for checks and shows what comes back.
//
// All widgets are touched on Fyne's goroutine only. What a check reports from
// its own goroutines becomes a plain snapshot, of which at most one waits to be
// shown (see run.go). The package does not import fyne.io/fyne/v2/app, so that
// its tests need neither a display nor cgo.
package app

import (
	"context"
	"io"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Backend is what the window needs from the rest of the program.
type Backend interface {
	// Scenarios lists the checks of this version in the order to offer them.
	Scenarios() []wizard.Scenario
	// NewCheck prepares a check; nothing is sent before its Run. The error is a
	// sentence for the person, and a *session.Field where it is about a field.
	NewCheck(session.Request) (Check, error)
	// Faults lists what the built-in PBX can be practised with.
	Faults() []Fault
	// Practise starts the built-in PBX with the fault of a cause.
	Practise(cause string) (*Practice, error)
	// Examine judges a capture file. The error is a sentence for the person.
	Examine(r io.Reader) (*report.Report, error)
	// OpenSound opens the sound system for the sound check. The error is a sentence.
	OpenSound(context.Context) (SoundDesk, error)
	// LookUp asks the name service about a server, and which transports it announces, the
	// best first; nothing is sent to the server itself.
	LookUp(ctx context.Context, domain string) (name session.ServerName, ways []string)
	// StandBetween opens a proxy for the person's own softphone on this computer; heard
	// hears what happens and must not block. The error is a sentence.
	StandBetween(ctx context.Context, server string, heard func(session.BetweenEvent)) (Standing, error)
	// Import reads accounts out of another softphone's file, a picture, or an address.
	Import(source string) ([]session.Imported, error)
	// Remember keeps an account with its password in the system's password store, and
	// Recall gives the password back, "" where none is kept. Forget removes both.
	Remember(session.Account, *session.Origin) error
	Recall(name string) (string, error)
	Forget(name string) error
	// Preferences and SavePreferences are what the program remembers beside accounts.
	Preferences() (session.Preferences, error)
	SavePreferences(session.Preferences) error
}

// Check is one diagnosis under way. Evidence and Diagnosis can be asked from any
// goroutine while Run runs.
type Check interface {
	Run(context.Context) (*report.Report, error)
	Evidence() *evidence.Evidence
	Diagnosis() diagnosis.Diagnosis
	// Save writes the report and the packets that prove it into one file, numbers, names
	// and addresses masked and without sound; SaveEverything masks nothing. WriteCapture
	// writes the packets alone. All leave out what proves the password.
	Saver
	WriteCapture(io.Writer) error
}

// Fault is one thing that the built-in PBX can do wrong.
type Fault struct {
	Cause     string
	Situation string // id of the check that should find it
	Title     string // in plain words
}

// Practice is the built-in PBX at work on loopback.
type Practice struct {
	Fault
	Account session.Account
	Target  string
	Answers map[string]string
	// CallWait is how long to wait for a call: the built-in PBX calls soon, or never.
	CallWait time.Duration
	Stop     func()
}
