package session

import (
	"bytes"
	"context"
	"errors"
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

// BetweenRequest says between whom to stand: a softphone on this computer, and its
// provider.
type BetweenRequest struct {
	Server string // the provider's server or domain, host or host:port
	Port   uint16 // of 127.0.0.1, UDP and TCP; 0: any free one
	// Ready hears once where the softphone finds the proxy, Heard each time that something
	// happens; both may be nil.
	Ready func(at netip.AddrPort)
	Heard func(at time.Time, text string)
}

// errNobodyCame says that a proxy was never used.
var errNobodyCame = errors.New("no softphone has sent anything: set its outbound proxy as told above, let it sign in again, make the call that fails, and only then end this")

// betweenHides is what a proxy cannot see, or changes by being there.
var betweenHides = []string{
	"The softphone's calls were seen by a proxy on its own computer. What the softphone itself does to reach the network (its own STUN, ICE, TLS, ports, and a firewall that blocks this one program) is not judged: the proxy's addresses stood in place of its own.",
	"Sound is judged as it crossed the network. Whether it was heard, and what the microphone took, only a person can say.",
}

// Between stands between a softphone and its provider until the context ends, and then
// judges what crossed the network. The error is a sentence.
func Between(ctx context.Context, r BetweenRequest) (*report.Report, *capture.Tape, error) {
	if strings.TrimSpace(r.Server) == "" {
		return nil, nil, errors.New("the server is missing: name the provider's server or domain, for example pbx.example.net")
	}
	if err := checkHosts("server", r.Server); err != nil {
		return nil, nil, err
	}
	tape := &capture.Tape{}
	cfg := between.Config{Tape: tape, Server: r.Server, Port: r.Port}
	if r.Heard != nil {
		cfg.Heard = func(e between.Event) { r.Heard(e.Time, e.Text) }
	}
	p, err := between.Listen(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if r.Ready != nil {
		r.Ready(p.At())
	}
	p.Serve(ctx)
	rep, err := judgeBetween(tape, p.Phone().Addr())
	return rep, tape, err
}

// judgeBetween judges what a proxy put onto a tape, as if it were a capture taken at the
// phone.
func judgeBetween(tape *capture.Tape, phone netip.Addr) (*report.Report, error) {
	if !slices.ContainsFunc(tape.From(0), func(r capture.Record) bool { return r.Packet != nil }) {
		return nil, errNobodyCame
	}
	var file bytes.Buffer
	if _, err := tape.WriteTo(&file); err != nil {
		return nil, err
	}
	rep, err := Examine(&file, wizard.Subject{Phone: phone})
	if errors.Is(err, wizard.ErrNothingSeen) {
		return nil, errNobodyCame
	}
	if rep != nil {
		rep.Warnings = append(slices.Clip(rep.Warnings), betweenHides...)
	}
	return rep, err
}
