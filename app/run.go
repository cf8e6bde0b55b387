package app

import (
	"context"
	"reflect"
	"sync"
	"time"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// run is the bridge between a check's goroutines and a page. The check writes
// into it; a watcher turns what is there into a snapshot and has it shown, one
// at a time and no faster than the window's frame.
type run struct {
	w      *Window
	check  Check
	cancel context.CancelFunc
	ctx    context.Context
	gone   context.Context // done when the page was left: nothing is shown any more
	leave  context.CancelFunc

	dirty chan struct{} // holds one: something changed

	mu    sync.Mutex
	live  snapshot
	until time.Time // when the instruction's waiting ends; zero: open end
}

// snapshot is what a page shows of a check at one moment. It shares nothing that
// changes later.
type snapshot struct {
	steps       []stepView
	instruction string
	left        int    // whole seconds until the instruction's waiting ends, 0 without an end
	asked       *asked // the question that waits for an answer, nil: none
	path        [4]diagnosis.Segment
	figures     figures
	finished    bool
	report      *report.Report
	err         error
}

type stepState uint8

const (
	stepWaiting stepState = iota
	stepRunning
	stepDone
	stepFailed
)

type stepView struct {
	title, note string
	state       stepState
}

// asked is a question with the way back to whoever asked it.
type asked struct {
	wizard.Question
	answer chan wizard.Answer // holds one; the first answer counts
}

func newRun(w *Window, sc wizard.Scenario) *run {
	r := &run{w: w, dirty: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.gone, r.leave = context.WithCancel(context.Background())
	for _, s := range sc.Steps {
		r.live.steps = append(r.live.steps, stepView{title: s.Title})
	}
	return r
}

// start runs a prepared check and shows its snapshots until it is finished or
// abandoned. stopped (may be nil) is called when the check has let go of everything.
func (r *run) start(c Check, show func(snapshot), stopped func()) {
	r.check = c
	r.w.running.Add(1)
	go func() {
		defer r.w.running.Done()
		rep, err := c.Run(r.ctx)
		r.cancel()
		if stopped != nil {
			stopped()
		}
		r.change(func(s *snapshot) { s.finished, s.report, s.err, s.asked = true, rep, err, nil })
	}()
	go r.watch(show)
}

// abandon ends the check and lets nothing more be shown.
func (r *run) abandon() {
	r.leave()
	r.cancel()
}

func (r *run) change(f func(*snapshot)) {
	r.mu.Lock()
	f(&r.live)
	r.mu.Unlock()
	select {
	case r.dirty <- struct{}{}:
	default: // already known
	}
}

// notify takes the check's events; it never blocks.
func (r *run) notify(e wizard.Event) {
	r.change(func(s *snapshot) {
		for e.Step >= len(s.steps) && (e.Kind == wizard.StepBegan || e.Kind == wizard.StepEnded) && len(s.steps) < 50 {
			s.steps = append(s.steps, stepView{title: e.Title})
		}
		switch e.Kind {
		case wizard.StepBegan:
			if e.Step >= 0 && e.Step < len(s.steps) {
				s.steps[e.Step].state = stepRunning
			}
			s.instruction, r.until = "", time.Time{}
		case wizard.StepEnded:
			if e.Step >= 0 && e.Step < len(s.steps) {
				st := &s.steps[e.Step]
				st.state, st.note = stepFailed, e.Note
				if e.OK {
					st.state = stepDone
				}
			}
		case wizard.Instruction:
			s.instruction, r.until = e.Title, e.Until
		}
	})
}

// Ask shows a question and waits for its answer; the page being left or the
// check being stopped is no answer.
func (r *run) Ask(ctx context.Context, q wizard.Question) (wizard.Answer, error) {
	a := &asked{Question: q, answer: make(chan wizard.Answer, 1)}
	r.change(func(s *snapshot) { s.asked = a })
	defer r.change(func(s *snapshot) {
		if s.asked == a {
			s.asked = nil
		}
	})
	select {
	case answer := <-a.answer:
		return answer, nil
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	return wizard.NotAsked, nil
}

// reply answers the question if it still waits.
func (a *asked) reply(answer wizard.Answer) {
	select {
	case a.answer <- answer:
	default:
	}
}

func (r *run) watch(show func(snapshot)) {
	poll := time.NewTicker(r.w.poll)
	defer poll.Stop()
	var last snapshot
	for first := true; ; first = false {
		select {
		case <-r.dirty:
		case <-poll.C:
		case <-r.gone.Done():
			return
		}
		s := r.snapshot()
		if !first && reflect.DeepEqual(s, last) {
			continue
		}
		last = s
		shown := make(chan struct{})
		r.w.post(func() {
			defer close(shown)
			if r.gone.Err() == nil {
				show(s)
			}
		})
		select {
		case <-shown:
		case <-r.gone.Done():
			return
		}
		if s.finished {
			return
		}
		select {
		case <-time.After(r.w.frame):
		case <-r.gone.Done():
			return
		}
	}
}

// snapshot asks the check, outside the lock and off Fyne's goroutine.
func (r *run) snapshot() snapshot {
	path := r.check.Diagnosis().Path
	f := figuresOf(r.check.Evidence())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live.path, r.live.figures, r.live.left = path, f, 0
	if left := time.Until(r.until); !r.until.IsZero() && left > 0 {
		r.live.left = int((left + time.Second - 1) / time.Second)
	}
	s := r.live
	s.steps = append([]stepView(nil), r.live.steps...)
	return s
}

// sourcer is a page that has something for the technical view.
type sourcer interface {
	evidence() *evidence.Evidence
	diagnosis() *diagnosis.Diagnosis
}

func (r *run) evidence() *evidence.Evidence {
	if r == nil || r.check == nil {
		return nil
	}
	return r.check.Evidence()
}

func (r *run) diagnosis() *diagnosis.Diagnosis {
	if r == nil || r.check == nil {
		return nil
	}
	d := r.check.Diagnosis()
	return &d
}
