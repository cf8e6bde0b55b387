// Package report is the document of a diagnosis: the same one for the window, the
// command line, JSON and files.
package report

import (
	"time"

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
	Inconclusive Verdict = "inconclusive" // too little was seen
)

// Report is a finished diagnosis with the evidence it rests on.
type Report struct {
	Situation string
	Verdict   Verdict
	Started   time.Time
	Took      time.Duration
	Evidence  *evidence.Evidence
	Diagnosis diagnosis.Diagnosis
	Warnings  []string // about the tape itself: cut in mid-packet, packets dropped
}
