package session

import (
	"context"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
)

// ServerName is what the name service says of a server.
type ServerName uint8

// What can be said of a server's name.
const (
	NameUnasked ServerName = iota // an address, or nothing could be asked
	NameFound
	NameUnknown // there is no such server
	NameSlow    // found, but it took long, or only some name servers know it
)

// LookUp asks the name service about a server, as a sign-in would, and nobody else:
// nothing is sent to the server itself. It takes a few seconds at most.
func LookUp(ctx context.Context, domain string) ServerName {
	a := Account{Domain: domain}
	if a.checkWay() != nil {
		return NameUnasked
	}
	tape := &capture.Tape{}
	p, err := a.proberOf(tape)
	if err != nil || p.Measure(ctx, wizard.Measurement{Questions: []string{capture.ProbeDNS}}) != nil {
		return NameUnasked
	}
	var b evidence.Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	said, ok := b.Evidence().Probe(capture.ProbeDNS)
	switch {
	case !ok || said.Result != "yes" && said.Result != "no":
		return NameUnasked
	case said.Yes():
		return NameFound
	case said.Text("reason") == "no such host":
		return NameUnknown
	}
	return NameSlow
}
