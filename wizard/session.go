package wizard

import (
	"context"
	"strconv"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/providers"
)

// Session is one run of a scenario. The exported fields are set before Run and
// not changed.
type Session struct {
	Tape       *capture.Tape
	Phone      Phone
	Probes     Probes // nil: nothing is measured beside the phone
	Sound      Sound  // nil: this computer's microphone and speaker are not looked at
	Person     Person // nil: nobody to ask
	Target     Target
	Registers  bool                 // the account signs in before it calls; false for an allow-listed line
	Dictionary diagnosis.Dictionary // of the account's provider, as far as the account tells it
	// Providers recognises the provider by what the servers say, where the account does
	// not tell; nil: nobody is recognised.
	Providers *providers.Book
	Notify    func(Event) // may be nil; called from running goroutines, must not block
	// Again gives another test phone for the same account on the same tape, with one
	// thing changed; nil: this account cannot be tried in another way.
	Again func(Change) (Phone, error)
	// CallWait is how long to wait for a call that somebody is asked to place; 0 means
	// about a minute.
	CallWait time.Duration
	// Usual is the transport that the account asks for: "udp", "tcp" or "tls".
	Usual string

	mu       sync.Mutex // guards the fold and what was measured
	builder  evidence.Builder
	read     int      // number of the last record that the builder has seen
	measured []string // questions that Probes was asked

	pending *pending // what the phone asked since a step looked last; nil: nothing

	call LiveCall // the call that the steps talk about; only Run's goroutine uses it
	step int
}

// Evidence is what is known so far. Safe to call from any goroutine while Run runs.
func (s *Session) Evidence() *evidence.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.Tape.From(s.read) {
		s.builder.Add(r)
		s.read = r.N
	}
	return s.builder.Evidence()
}

// Diagnosis is the judgement over what is known so far. Safe to call from any
// goroutine. A step stops early when the verdict cannot change.
func (s *Session) Diagnosis() diagnosis.Diagnosis {
	e, d := s.Evidence(), s.Dictionary
	if d.Provider == "" {
		d = s.Providers.Dictionary(e)
	}
	return diagnosis.Of(e, d)
}

// notify tells the front end, if there is one.
func (s *Session) notify(e Event) {
	if s.Notify != nil {
		e.Step, e.Time = s.step, time.Now()
		s.Notify(e)
	}
}

// instruct shows the one thing that the person should know or do now.
func (s *Session) instruct(text string) { s.notify(Event{Kind: Instruction, Title: text}) }

// instructUntil is instruct with a countdown to the end of the waiting.
func (s *Session) instructUntil(text string, limit time.Duration) {
	s.notify(Event{Kind: Instruction, Title: text, Until: time.Now().Add(limit)})
}

// ask puts a question once and writes the answer onto the tape. Nobody there, or
// no answer, leaves no note: the rules then say "not checked".
func (s *Session) ask(ctx context.Context, q Question) Answer {
	if s.Person == nil {
		return NotAsked
	}
	a, err := s.Person.Ask(ctx, q)
	if err != nil || a == NotAsked {
		return NotAsked
	}
	s.Tape.Note(capture.Note{Kind: capture.KindAnswer, Key: q.ID, Text: string(a)})
	return a
}

// askWhile is ask with a limit that also ends when the call reaches a state: a
// question must neither keep a phone ringing nor a person on the line for ever.
func (s *Session) askWhile(ctx context.Context, limit time.Duration, until CallState, q Question) Answer {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.call.Wait(ctx, until) >= until {
			cancel()
		}
	}()
	a := s.ask(ctx, q)
	cancel()
	<-done
	return a
}

// until waits for a condition on the evidence, looked at whenever the tape has
// grown (at most every 50 ms), for at most the given time. It tells whether the
// condition came true.
func (s *Session) until(ctx context.Context, limit time.Duration, cond func(*evidence.Evidence) bool) bool {
	return s.untilEvery(ctx, limit, 50*time.Millisecond, cond)
}

// untilEvery is until with looks that are further apart: what lasts for half a minute
// need not keep the processor busy.
func (s *Session) untilEvery(ctx context.Context, limit, every time.Duration, cond func(*evidence.Evidence) bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		changed := s.Tape.Changed()
		if cond(s.Evidence()) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-deadline.C:
			return cond(s.Evidence())
		case <-changed:
		}
		pause(ctx, every)
	}
}

// pause sleeps, but not beyond the context.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// watch tells the front end about new evidence, ten times a second at most,
// until the context ends.
func (s *Session) watch(ctx context.Context) {
	for {
		changed := s.Tape.Changed()
		select {
		case <-ctx.Done():
			return
		case <-changed:
			s.notifyProgress()
		}
		pause(ctx, 100*time.Millisecond)
	}
}

func (s *Session) notifyProgress() {
	if s.Notify != nil {
		s.Notify(Event{Kind: Progress, Time: time.Now()})
	}
}

// begin and end mark a step on the tape and for the front end.
func (s *Session) begin(i int, step Step) {
	s.step = i
	s.Tape.Note(capture.Note{Kind: capture.KindStep, Key: strconv.Itoa(i + 1), Text: step.Title})
	s.notify(Event{Kind: StepBegan, Title: step.Title})
}

func (s *Session) end(step Step, err error) {
	e := Event{Kind: StepEnded, Title: step.Title, OK: err == nil}
	if step.Found != nil {
		good := true
		e.Note, good = step.Found(s.Evidence())
		e.OK = e.OK && good
	}
	s.notify(e)
}
