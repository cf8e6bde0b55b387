package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/report"
)

// Standing stands between the person's own softphone and its provider, see
// session.Between.
type Standing interface {
	At() string // what to enter in the softphone
	Serve(context.Context)
	// Judge judges what passed in the last minutes. The error is a sentence.
	Judge() (*report.Report, Saver, error)
}

// Saver writes a report and the packets that prove it into one file, see Check. Masked
// gives the report as somebody else may see it.
type Saver interface {
	Masked(r *report.Report) (*report.Report, error)
	Save(path string, r *report.Report) error
	SaveEverything(path string, r *report.Report) error
}

// ownWatch is the person's own softphone being watched. It goes on until it is stopped.
type ownWatch struct {
	w        *Window
	standing Standing
	at       string
	stop     context.CancelFunc

	mu   sync.Mutex
	seen ownSeen
}

// ownSeen is what was seen of the softphone.
type ownSeen struct {
	came    bool
	signIn  signInStatus
	running bool
	call    time.Time // when the last call began, zero: there was none
	trouble string
}

func (o *ownWatch) state() ownSeen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen
}

// heard takes what happens, from any goroutine; it never blocks.
func (o *ownWatch) heard(e session.BetweenEvent) {
	o.mu.Lock()
	s := &o.seen
	s.came = true
	switch e.What {
	case session.BetweenTrouble:
		s.trouble = e.Text
	case session.BetweenSignedIn:
		s.signIn, s.trouble = signInWorks, ""
	case session.BetweenRefused:
		s.signIn = signInFails
	case session.BetweenCall:
		s.running, s.call = true, e.Time
	case session.BetweenOver:
		s.running = false
	}
	o.mu.Unlock()
	o.w.post(func() {
		if p, ok := o.w.now.(*betweenPage); ok && o.w.own == o {
			p.refresh()
		}
	})
}

// ownTrouble says why nothing can be judged.
func ownTrouble(err error) string {
	switch {
	case errors.Is(err, session.ErrNobodyCame):
		return tr("between.nobody", "Nothing came from your softphone yet: enter the address above, let it sign in again, and make the call that fails.")
	case errors.Is(err, session.ErrNothingRecent):
		return tr("between.nothing-recent", "Nothing has passed in the last ten minutes. Make the call that fails, and press the button right after it.")
	}
	return sentence(err)
}
