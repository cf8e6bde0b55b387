package wizard

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// maxHeld is how many calls that are over are kept with all that they were. When more
// are, the first are judged and forgotten: a capture may be longer than memory.
const maxHeld = 32

// survey reads a capture and judges its calls, those that are over while it reads.
type survey struct {
	subject Subject
	most    int // calls that are held, below 0: all
	b       evidence.Builder
	held    []*evidence.Finished

	// What is left of the calls that were forgotten.
	rows     map[int]report.CallRow // by the call's order
	released int
	tally    diagnosis.Tally
	loose    []report.StreamDoc
	overflow int  // streams of no call that are not listed
	involved bool // the phone that was told had a part in one of them
	asked    bool

	work   chan []finishedCall // for judge, to which rows and tally belong while it runs
	ready  []finishedCall      // that go there next
	judged sync.WaitGroup
}

// finishedCall is a call to be judged, and judgedCall what came of it.
type finishedCall struct {
	order int
	e     *evidence.Evidence
}

type judgedCall struct {
	finishedCall
	row report.CallRow
	d   diagnosis.Diagnosis
}

// judgeTogether is how many calls are handed over to be judged beside the reading: to wake
// somebody for each costs a part of what judging does. maxJudging is how many times as many
// wait at most.
const (
	judgeTogether = 8
	maxJudging    = 2
)

func newSurvey(subject Subject, most int) *survey {
	s := &survey{subject: subject, most: most, rows: map[int]report.CallRow{}}
	if subject.Phone.IsValid() {
		s.b.SetSubject(netip.AddrPortFrom(subject.Phone, 0))
	}
	if most >= 0 {
		s.b.OnFinished(s.finished)
		s.b.OnStream(s.stream)
	}
	return s
}

// read takes the whole capture.
func (s *survey) read(records func(yield func([]capture.Record, error) bool)) error {
	s.work = make(chan []finishedCall, maxJudging)
	s.judged.Go(s.judge)
	defer func() {
		s.work <- s.ready
		s.ready = nil
		close(s.work)
		s.judged.Wait()
	}()
	for batch, err := range records {
		if err != nil {
			return err
		}
		for _, r := range batch {
			s.b.Add(r)
		}
	}
	return nil
}

// finished takes a call that is over.
func (s *survey) finished(f *evidence.Finished) {
	s.held = append(s.held, f)
	for len(s.held) > s.most {
		first := s.held[0]
		s.held = slices.Delete(s.held, 0, 1)
		switch {
		case first.WentOn(): // it comes again
		case s.wanted(first):
		default:
			s.forget(first)
		}
	}
}

// wanted tells that a call is the one that a person asked for; it stays.
func (s *survey) wanted(f *evidence.Finished) bool {
	said := s.subject.CallID
	return said != "" && (said == f.ID || said == strconv.Itoa(f.Order))
}

// forget has a call judged and released.
func (s *survey) forget(f *evidence.Finished) {
	if !s.asked && s.subject.Choose != nil {
		// Whose capture it is has to be known before the first call is judged.
		s.asked = true
		if a, other := s.subject.chosen(s.b.Evidence()); other {
			s.b.SetSubject(netip.AddrPortFrom(a, 0))
		}
	}
	e := f.Evidence()
	s.involved = s.involved || involved(e, s.subject.Phone)
	s.released++
	s.b.Release(f)
	if s.subject.CallID != "" {
		return
	}
	if s.ready = append(s.ready, finishedCall{f.Order, e}); len(s.ready) == judgeTogether {
		s.work <- s.ready
		s.ready = make([]finishedCall, 0, judgeTogether)
	}
}

// judge judges calls beside the reading.
func (s *survey) judge() {
	for calls := range s.work {
		for _, f := range calls {
			s.add(s.subject.judged(f))
		}
	}
}

func (s *Subject) judged(f finishedCall) judgedCall {
	rep := s.report(f.e)
	return judgedCall{f, report.Row(f.e.Calls[0], rep), rep.Diagnosis}
}

// judgedAll judges all calls of e, some beside others, and gives them in order.
func (s *Subject) judgedAll(e *evidence.Evidence) []judgedCall {
	calls := e.NarrowAll()
	list := make([]judgedCall, len(calls))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(calls), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(calls); i = int(next.Add(1)) - 1 {
				list[i] = s.judged(finishedCall{e.Calls[i].Order, calls[i]})
			}
		})
	}
	all.Wait()
	return list
}

// report judges one call, as its own provider means it.
func (s *Subject) report(e *evidence.Evidence) *report.Report {
	return report.New("capture", e, diagnosis.Of(e, s.dictionary(e)))
}

func (s *survey) add(j judgedCall) {
	s.rows[j.order] = j.row
	s.tally.Add(j.order, j.e, j.d)
}

// stream takes a stream of no call that is forgotten.
func (s *survey) stream(st *evidence.Stream) {
	var fits bool
	if s.loose, fits = report.AddStream(s.loose, st); !fits {
		s.overflow++
	}
	s.involved = s.involved || st.From.Addr() == s.subject.Phone || st.To.Addr() == s.subject.Phone
}

// report is the document about all of the capture.
func (s *survey) report() (*report.Report, error) {
	e := s.b.Evidence()
	if s.released == 0 {
		if a, other := s.subject.chosen(e); other {
			s.b.SetSubject(netip.AddrPortFrom(a, 0))
			e = s.b.Evidence()
		}
	}
	if s.subject.Phone.IsValid() && !s.involved && !involved(e, s.subject.Phone) {
		return nil, fmt.Errorf("no packet of this capture comes from or goes to %s; leave --phone out to have the phone found", s.subject.Phone)
	}
	if s.subject.CallID != "" {
		id := callID(e, s.subject.CallID)
		if id == "" {
			return nil, fmt.Errorf("no call with the id or number %q in this capture", s.subject.CallID)
		}
		e = e.Narrow(id)
		s.released, s.loose = 0, nil
	}
	// A tape of our own may hold notes alone: a server's name that does not resolve.
	if s.released+len(e.Messages)+len(e.Streams)+len(e.Phone)+len(e.Probes)+len(s.loose) == 0 {
		return nil, ErrNothingSeen
	}
	situation := e.Situation
	if situation == "" {
		situation = "capture"
	}
	if s.released == 0 {
		rep := report.New(situation, e, diagnosis.Of(e, s.subject.dictionary(e)))
		if len(e.Calls) > 1 {
			rep.Add(Rows(e, s.subject), 0)
		}
		rep.Loose = s.loose
		return rep, nil
	}
	for _, j := range s.subject.judgedAll(e) {
		s.add(j)
	}
	// What belongs to no call is judged as well, behind all calls.
	rest := e.WithoutCalls()
	s.tally.Add(s.b.Calls()+1, rest, diagnosis.Of(rest, s.subject.dictionary(rest)))
	rep := report.New(situation, e, s.tally.Diagnosis())
	rep.Loose = s.loose
	rep.Add(s.inOrder(), s.released)
	if s.overflow > 0 {
		rep.Warnings = append(rep.Warnings, fmt.Sprintf("%d more streams of sound belong to no call and are not listed.", s.overflow))
	}
	return rep, nil
}

// inOrder lists the rows in the order in which the calls began.
func (s *survey) inOrder() []report.CallRow {
	rows := make([]report.CallRow, 0, len(s.rows))
	for order := 1; order <= s.b.Calls(); order++ {
		if row, ok := s.rows[order]; ok {
			rows = append(rows, row)
		}
	}
	return rows
}
