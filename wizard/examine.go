package wizard

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

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
	// Progress is told now and then how many bytes of the capture were read; nil: nobody.
	Progress func(read int64)
}

// dictionary is the one of the provider that the evidence shows.
func (s Subject) dictionary(e *evidence.Evidence) diagnosis.Dictionary {
	if s.Providers == nil {
		return providers.Built().Dictionary(e)
	}
	return s.Providers.Dictionary(e)
}

// ErrNothingSeen says that a file is a capture but holds nothing that this
// program could judge.
var ErrNothingSeen = errors.New("there is no SIP and no phone sound in this capture: take it on the phone's computer while the fault happens, and include the start of the call")

// Examine judges a capture file. A file that is cut in mid-packet is judged as
// far as it goes, with a warning in the report.
func Examine(r io.Reader, subject Subject) (*report.Report, error) {
	var b evidence.Builder
	if subject.Phone.IsValid() {
		b.SetSubject(netip.AddrPortFrom(subject.Phone, 0))
	}
	if subject.Progress != nil {
		r = &progress{r: r, tell: subject.Progress}
	}
	for rec, err := range capture.Read(r) {
		if err != nil {
			return nil, err
		}
		b.Add(rec)
	}
	e := b.Evidence()
	if a, other := subject.chosen(e); other {
		b.SetSubject(netip.AddrPortFrom(a, 0))
		e = b.Evidence()
	}
	if subject.Phone.IsValid() && !involved(e, subject.Phone) {
		return nil, fmt.Errorf("no packet of this capture comes from or goes to %s; leave --phone out to have the phone found", subject.Phone)
	}
	if subject.CallID != "" {
		id := callID(e, subject.CallID)
		if id == "" {
			return nil, fmt.Errorf("no call with the id or number %q in this capture", subject.CallID)
		}
		e = e.Narrow(id)
	}
	// A tape of our own may hold notes alone: a server's name that does not resolve.
	if len(e.Messages)+len(e.Streams)+len(e.Phone)+len(e.Probes) == 0 {
		return nil, ErrNothingSeen
	}
	situation := e.Situation
	if situation == "" {
		situation = "capture"
	}
	return report.New(situation, e, diagnosis.Of(e, subject.dictionary(e))), nil
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

// PerCall judges every call of a report's evidence on its own, in order: what a
// capture with several calls is listed as. Each is read as its own provider means it.
func PerCall(e *evidence.Evidence, subject Subject) []*report.Report {
	var reports []*report.Report
	for _, c := range e.Calls {
		narrow := e.Narrow(c.ID)
		reports = append(reports, report.New("capture", narrow, diagnosis.Of(narrow, subject.dictionary(narrow))))
	}
	return reports
}
