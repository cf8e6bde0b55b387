// Package wizard runs the guided scenarios: it drives a test phone through small
// experiments, asks a person what no packet can show, and hands the evidence to
// the diagnosis. It also examines captures with the very same rules.
package wizard

import (
	"context"
	"strings"
	"time"
)

// Phone is the test phone as scenarios see it. A refusal is evidence and stands
// on the tape; an error means that the program itself could not do its work
// (no socket, no address for the server's name).
type Phone interface {
	// Bindings asks the server which phones are signed in to the account, which
	// changes nothing there. It returns when the server gave a final word, or after
	// about 8 s of silence. A server that does not tell gives an empty list.
	Bindings(context.Context) ([]Device, error)
	// Register signs in and keeps the registration alive until Close. It returns
	// when the server gave a final word, or when waiting longer cannot teach
	// anything (about 8 s of silence). Calling it again refreshes.
	Register(context.Context) error
	// Options sends one OPTIONS and returns when it is answered or 4 s have passed.
	Options(context.Context, Probe) error
	// Dial sends an INVITE and returns at once; the call tells the rest.
	Dial(context.Context, Target) (LiveCall, error)
	// Await returns the next incoming call, or the context's error. The call is
	// ringing: nothing but 180 has been sent.
	Await(context.Context) (LiveCall, error)
	// Close ends all calls, removes our own registration (never another's) and
	// frees the sockets. It takes at most 3 s.
	Close(context.Context) error
}

// Target is whom to call: a number, a user of the account's domain, or a SIP URI.
type Target struct {
	To string
}

// Probe says what an OPTIONS is to look like.
type Probe struct {
	Name  string // for the tape, e.g. "options"
	Pad   int    // add a header so that the message has this many bytes; 0: as it is
	Reach int    // how many servers it may pass through, itself the last: Max-Forwards is Reach-1; 0: as far as usual
}

// Change is one setting in which a second test phone differs from the account, for
// a test again after one change. Its zero fields stay as the account has them.
type Change struct {
	Transport  string        // "udp", "tcp", "tls"
	Codecs     []string      // what to offer
	Encryption string        // "srtp" or "none"
	KeepAlive  time.Duration // longest pause between two signs of life
}

// String says what was changed, for the tape: "transport tcp".
func (c Change) String() string {
	switch {
	case c.Transport != "":
		return "transport " + c.Transport
	case len(c.Codecs) > 0:
		return "codecs " + strings.Join(c.Codecs, " ")
	case c.Encryption != "":
		return "encryption " + c.Encryption
	case c.KeepAlive != 0:
		return "keep-alive " + c.KeepAlive.String()
	}
	return "nothing"
}

// CallState only ever grows.
type CallState uint8

// The states of a live call.
const (
	Dialing  CallState = iota + 1 // INVITE sent
	Trying                        // the server took it (100)
	Ringing                       // any 18x, or it rings here
	Answered                      // 2xx; sound is flowing as far as this phone is concerned
	Ended                         // hung up, refused or given up
)

// LiveCall is a call in progress.
type LiveCall interface {
	ID() string // Call-ID
	State() CallState
	// Wait returns when the call has reached the state, or ended, or the context
	// is done, and gives the state it then has.
	Wait(context.Context, CallState) CallState
	// Answer takes an incoming call.
	Answer(context.Context) error
	// SendDigits presses keys on an answered call. An error says that the call knows
	// no way to send them, which is evidence, too.
	SendDigits(ctx context.Context, digits string) error
	// Hangup ends the call in whatever way its state asks for (CANCEL, BYE, 486).
	Hangup(context.Context) error
}

// Person answers questions: a page, a prompt, or fixed answers.
type Person interface {
	// Ask returns NotAsked when nobody can answer; it never hangs.
	Ask(context.Context, Question) (Answer, error)
}

// Question is one plain question with a few plain answers. ID and the Options'
// values are the answer keys of the command line.
type Question struct {
	ID      string
	Text    string
	Hint    string
	Options []Option
}

// Option is one possible answer.
type Option struct{ Value, Text string }

// Answer is the value of the chosen option, or NotAsked.
type Answer string

// NotAsked stands for a question that nobody answered: it is "not checked".
const NotAsked Answer = ""

// Event tells a front end what is going on.
type Event struct {
	Kind  EventKind
	Step  int    // of StepBegan and StepEnded, from 0
	Title string // of a step, or the one instruction of the moment
	Note  string // what a finished step found, in a few plain words
	OK    bool   // of StepEnded
	Time  time.Time
	// Until is when the waiting of an Instruction ends, for a countdown; zero: open end.
	Until time.Time
}

// EventKind says what an Event is about.
type EventKind uint8

// The kinds of events.
const (
	StepBegan EventKind = iota + 1
	StepEnded
	Instruction // Title is what the person should do or know now
	Progress    // evidence has grown: ask Session.Evidence or Diagnosis
	Finished
)
