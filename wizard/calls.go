package wizard

import (
	"io"
	"net/netip"
	"strconv"

	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// Rows judges every call of some evidence on its own, in order, each as its own
// provider means it. Further legs of a call that a server passed on say so.
func Rows(e *evidence.Evidence, subject Subject) []report.CallRow {
	rows := make([]report.CallRow, 0, len(e.Calls))
	for _, one := range e.NarrowAll() {
		rows = append(rows, subject.judged(finishedCall{e: one}).row)
	}
	report.JoinLegs(rows)
	return rows
}

// callID finds the call that a person means: by its Call-ID, else by its number in
// the list of calls. It is "" when there is none.
func callID(e *evidence.Evidence, said string) string {
	for _, c := range e.Calls {
		if c.ID == said {
			return said
		}
	}
	n, err := strconv.Atoi(said)
	for _, c := range e.Calls {
		if err == nil && c.Order == n {
			return c.ID
		}
	}
	return ""
}

// progress tells how much of a reader was taken, every now and then.
type progress struct {
	r    io.Reader
	tell func(read int64)
	n    int64
	said int64
}

// progressStep is how many bytes are read between two words about it.
const progressStep = 4 << 20

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	if p.n-p.said >= progressStep {
		p.said = p.n
		p.tell(p.n)
	}
	return n, err
}

// chosen asks whose capture it is when several phones could be meant, and tells
// whether the answer changes anything.
func (s *Subject) chosen(e *evidence.Evidence) (netip.Addr, bool) {
	if s.Phone.IsValid() || s.Choose == nil || e.Subject.How == "told" {
		return netip.Addr{}, false
	}
	phones := evidence.Phones(e)
	if len(phones) < 2 {
		return netip.Addr{}, false
	}
	a := s.Choose(phones)
	return a, a.IsValid() && a != e.Subject.Addr.Addr()
}
