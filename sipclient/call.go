package sipclient

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
)

// State is how far a call has come. It only ever grows.
type State uint8

// The states of a call.
const (
	Dialing  State = iota + 1 // INVITE sent
	Trying                    // the server took it (100)
	Ringing                   // any 18x, or it rings here
	Answered                  // 2xx; sound flows as far as this phone is concerned
	Ended                     // hung up, refused or given up
)

// String gives the state in a word.
func (s State) String() string {
	switch s {
	case Dialing:
		return "dialing"
	case Trying:
		return "trying"
	case Ringing:
		return "ringing"
	case Answered:
		return "answered"
	case Ended:
		return "ended"
	}
	return "unknown"
}

// Call is a call in progress, out or in. All methods are safe for concurrent use.
type Call struct {
	phone    *Phone
	id       string
	incoming bool
	localTag string
	callee   sip.Uri // of an outgoing call: who was dialled, wherever it is sent on

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed and replaced at each change
	dialog  *dialog
	media   *media.Line
	hearing *hearing // of the known test sound; nil: nobody listens
	lastAck *sip.Request
	forks   map[string]*sip.Request // ACKs of answers of other branches, by To tag

	branches map[string]*branch // early dialogs, by the other side's tag
	ringing  *ringing           // our 180, where the caller insists on a PRACK

	hang     chan struct{} // closed: our side wants to end it
	hangOnce sync.Once
	gone     chan struct{} // closed: the other side ended it
	goneOnce sync.Once
	answer   chan struct{} // closed: Answer was called
	ansOnce  sync.Once
	acks     map[uint32]*ackWait // ACKs that our 200s wait for, by CSeq number
	names    atomic.Int32        // looked up for its sound
	offers   turns               // one re-INVITE of ours at a time
	timer    chan sessionTimer   // what was agreed last; nil without a session timer
	over     chan struct{}       // closed when the call's goroutine is through
}

func (p *Phone) newCall(id string, incoming bool) *Call {
	return &Call{
		phone: p, id: id, incoming: incoming, localTag: randomHex(6),
		changed: make(chan struct{}), forks: map[string]*sip.Request{}, branches: map[string]*branch{},
		hang: make(chan struct{}), gone: make(chan struct{}), answer: make(chan struct{}),
		acks: map[uint32]*ackWait{}, offers: make(turns, 1), over: make(chan struct{}),
	}
}

// ID is the Call-ID.
func (c *Call) ID() string { return c.id }

// State gives the state now.
func (c *Call) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Wait returns when the call has reached the state, or ended, or the context is
// done, and gives the state it then has.
func (c *Call) Wait(ctx context.Context, want State) State {
	for {
		c.mu.Lock()
		now, changed := c.state, c.changed
		c.mu.Unlock()
		if now >= want || now == Ended {
			return now
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return c.State()
		}
	}
}

// Hangup ends the call in whatever way its state asks for (CANCEL, BYE, 486). It
// returns when the call has ended, at the latest after 3 s.
func (c *Call) Hangup(ctx context.Context) error {
	c.hangup(ctx, 3*time.Second)
	return nil
}

func (c *Call) hangup(ctx context.Context, patience time.Duration) {
	c.hangOnce.Do(func() { close(c.hang) })
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	c.Wait(ctx, Ended)
	select {
	case <-c.over:
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond): // the goroutine may linger for late answers
	}
}

// reach moves the state forward, never back.
func (c *Call) reach(s State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s <= c.state {
		return
	}
	c.state = s
	close(c.changed)
	c.changed = make(chan struct{})
}

// line gives the call's media, nil while there is none.
func (c *Call) line() *media.Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.media
}

// established gives the call's dialog, nil before the answer.
func (c *Call) established() *dialog {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialog
}

// remoteEnded records that the other side ended the call.
func (c *Call) remoteEnded() { c.goneOnce.Do(func() { close(c.gone) }) }

// talk holds an answered call until one side ends it, and then says goodbye.
func (c *Call) talk() {
	p := c.phone
	select {
	case <-c.gone:
	case <-c.hang:
		c.awaitAck(time.Second)
		c.bye(c.established())
	case <-p.ctx.Done():
	}
	if m := c.line(); m != nil {
		m.Stop()
	}
	c.reach(Ended)
}

// bye ends a dialog of ours. It never waits longer than 2 s for the answer (trap 11):
// the BYE is out, and nothing hangs on it.
func (c *Call) bye(d *dialog) {
	if d == nil {
		return
	}
	ctx, stop := context.WithTimeout(c.phone.ctx, 2*time.Second)
	defer stop()
	_, last, err := c.phone.converse(ctx, c.phone.inDialog(d, sip.BYE))
	d.used(last)
	if err != nil && c.phone.ctx.Err() == nil {
		c.phone.note(capture.PhoneGaveUp, "BYE "+c.id)
	}
}

// finish frees what the call holds; it is the last thing its goroutine does.
func (c *Call) finish() {
	if r := recover(); r != nil {
		c.phone.note(capture.PhoneLimit, "this test phone stumbled over a message of the call and ended it")
	}
	if m := c.line(); m != nil {
		m.Close()
	}
	c.reach(Ended)
	close(c.over)
	c.phone.forget(c)
}

// call finds a call by Call-ID, nil when unknown.
func (p *Phone) call(id string) *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[id]
}

// keep enters a call; it fails when the phone is closed or has too many.
func (p *Phone) keep(c *Call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if len(p.calls) >= p.cfg.MaxCalls {
		return errBusy
	}
	p.calls[c.id] = c
	p.wg.Add(1)
	return nil
}

func (p *Phone) forget(c *Call) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.id)
	for id, ended := range p.past {
		if now.Sub(ended) > lateTime {
			delete(p.past, id)
		}
	}
	p.past[c.id] = now
}

// Join lets the call's sound come from a voice (nil: the test sound) and go to an ear
// (nil: nobody); see media.Line. It does nothing while the call has no sound yet.
func (c *Call) Join(voice codec.Source, ear func(media.Heard)) {
	c.mu.Lock()
	m := c.media
	c.mu.Unlock()
	if m != nil {
		m.Join(voice, ear)
	}
}
