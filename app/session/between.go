package session

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/between"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// BetweenPort is where the softphone finds the proxy when nothing else is said.
const BetweenPort = between.DefaultPort

// Standing in the background takes at most this much memory for what it keeps: the last
// ten minutes of two calls at once fit. Judging takes about as much again for a moment.
const (
	RollingCap  = 64 << 20
	RollingKeep = 10 * time.Minute
)

// BetweenRequest says between whom to stand: a softphone on this computer, and its
// provider.
type BetweenRequest struct {
	Server string // the provider's server or domain, host or host:port
	Port   uint16 // of 127.0.0.1, UDP and TCP; 0: any free one
	// Keep is how much is kept: the sound of this last time, and the messages of calls
	// that go on (capture.SignallingFor), within RollingCap. 0 keeps all.
	Keep time.Duration
	// Heard hears each time that something happens; may be nil. It must not block.
	Heard func(BetweenEvent)
}

// BetweenEvent is something that the softphone or its provider did.
type BetweenEvent = between.Event

// The kinds of events (BetweenEvent.What).
const (
	BetweenTrouble    = between.Trouble
	BetweenChallenged = between.Challenged
	BetweenSignedIn   = between.SignedIn
	BetweenRefused    = between.NotSigned
	BetweenCall       = between.CallBegan
	BetweenAnswered   = between.CallAnswered
	BetweenOver       = between.CallEnded
)

// ErrNobodyCame says that a proxy was never used.
var ErrNobodyCame = errors.New("no softphone has sent anything yet: set its outbound proxy as told above, let it sign in again, and make the call that fails")

// ErrNothingRecent says that nothing has passed for as long as is kept.
var ErrNothingRecent = errors.New("nothing has passed in the last minutes: make the call that fails, and say so right after it")

// ErrPortInUse says that the port for the softphone is taken.
var ErrPortInUse = between.ErrPortInUse

// BetweenHides is what a proxy cannot see, or changes by being there: the report of
// what it saw says so.
func BetweenHides() []string { return slices.Clone(betweenHides) }

var betweenHides = []string{
	"The softphone's calls were seen by a proxy on its own computer. What the softphone itself does to reach the network (its own STUN, ICE, TLS, ports, and a firewall that blocks this one program) is not judged: the proxy's addresses stood in place of its own.",
	"Sound is judged as it crossed the network. Whether it was heard, and what the microphone took, only a person can say.",
}

// Between stands between a softphone and its provider. What crosses the network can be
// judged at any moment, as often as wanted.
type Between struct {
	proxy *between.Proxy
	tape  *capture.Tape
	keep  time.Duration
}

// StandBetween opens the proxy's ports; Serve begins to pass on. The error is a sentence.
func StandBetween(ctx context.Context, r BetweenRequest) (*Between, error) {
	if strings.TrimSpace(r.Server) == "" {
		return nil, errors.New("the server is missing: name the provider's server or domain, for example pbx.example.net")
	}
	if err := checkHosts("server", r.Server); err != nil {
		return nil, err
	}
	b := &Between{tape: &capture.Tape{Keep: r.Keep}, keep: r.Keep}
	if r.Keep > 0 {
		b.tape.Cap = RollingCap
	}
	var err error
	b.proxy, err = between.Listen(ctx, between.Config{Tape: b.tape, Server: strings.TrimSpace(r.Server), Port: r.Port, Heard: r.Heard})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// At is where the softphone finds the proxy.
func (b *Between) At() netip.AddrPort { return b.proxy.At() }

// Serve passes on until the context ends, and then lets go of everything.
func (b *Between) Serve(ctx context.Context) { b.proxy.Serve(ctx) }

// Judge judges what crossed the network until now, as if it were a capture taken at the
// phone, and gives the records that it stands on. The error is a sentence.
func (b *Between) Judge() (*report.Report, []capture.Record, error) {
	all := b.tape.From(0)
	records := all
	if b.keep > 0 {
		records = wizard.Recent(all, time.Now().Add(-b.keep))
	}
	crossed := func(r capture.Record) bool { return r.Packet != nil }
	switch {
	case slices.ContainsFunc(records, crossed):
	case slices.ContainsFunc(all, crossed):
		return nil, nil, ErrNothingRecent
	default:
		return nil, nil, ErrNobodyCame
	}
	read, write := io.Pipe()
	go func() {
		_, err := capture.Write(write, slices.Values(records))
		write.CloseWithError(err)
	}()
	rep, err := Examine(read, wizard.Subject{Phone: b.proxy.Phone().Addr()})
	read.Close()
	if errors.Is(err, wizard.ErrNothingSeen) {
		return nil, nil, ErrNobodyCame
	}
	if rep != nil {
		rep.Warnings = append(slices.Clip(rep.Warnings), betweenHides...)
	}
	return rep, records, err
}
