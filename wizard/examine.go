package wizard

import (
	"errors"
	"io"
	"net/netip"
	"sync"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/providers"
	"softphonedoctor/wizard/report"
)

// Subject says whose view a capture is to be judged from.
type Subject struct {
	Phone  netip.Addr // our phone's address; invalid: inferred from REGISTER, else from the INVITE
	CallID string     // judge only this call, by its Call-ID or its number in the list; "": all
	// Providers is who can be recognised; nil: those that are part of the program.
	Providers *providers.Book
	// Choose is asked when the capture may be about one of several phones, the likeliest
	// first; an invalid address leaves it at that one. nil: nobody is asked.
	Choose func([]evidence.PhoneSeen) netip.Addr
	// Whole keeps the evidence of all calls, however long the capture is: for those who
	// look at any of them.
	Whole bool
	// Progress is told now and then how many bytes of the capture were read; nil: nobody.
	Progress func(read int64)
}

var builtIn = sync.OnceValue(providers.Built)

// dictionary is the one of the provider that the evidence shows.
func (s Subject) dictionary(e *evidence.Evidence) diagnosis.Dictionary {
	if s.Providers == nil {
		return builtIn().Dictionary(e)
	}
	return s.Providers.Dictionary(e)
}

// ErrNothingSeen says that a file is a capture but holds nothing that this
// program could judge.
var ErrNothingSeen = errors.New("there is no SIP and no phone sound in this capture: take it on the phone's computer while the fault happens, and include the start of the call")

// Examine judges a capture file. A file that is cut in mid-packet is judged as
// far as it goes, with a warning in the report. Of a long capture the report has the
// verdict of each call, and the evidence of the last ones only.
func Examine(r io.Reader, subject Subject) (*report.Report, error) {
	if subject.Whole {
		return examine(r, subject, -1)
	}
	return examine(r, subject, maxHeld)
}

func examine(r io.Reader, subject Subject, most int) (*report.Report, error) {
	if subject.Progress != nil {
		r = &progress{r: r, tell: subject.Progress}
	}
	s := newSurvey(subject, most)
	if err := s.read(capture.Batches(r)); err != nil {
		return nil, err
	}
	return s.report()
}

// involved tells whether an address takes part in what the evidence shows.
func involved(e *evidence.Evidence, a netip.Addr) bool {
	for _, m := range e.Messages {
		if m.From.Addr() == a || m.To.Addr() == a {
			return true
		}
	}
	for _, s := range e.Streams {
		if s.From.Addr() == a || s.To.Addr() == a {
			return true
		}
	}
	return false
}
