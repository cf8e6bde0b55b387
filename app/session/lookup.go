package session

import (
	"context"
	"strings"

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
// nothing is sent to the server itself. ways are the transports that the name service
// announces for it, the best first; most servers announce none. It takes a few seconds
// at most.
func LookUp(ctx context.Context, domain string) (name ServerName, ways []string) {
	a := Account{Domain: domain}
	if a.checkWay() != nil {
		return NameUnasked, nil
	}
	tape := &capture.Tape{}
	p, err := a.proberOf(tape)
	if err != nil || p.Measure(ctx, wizard.Measurement{Questions: []string{capture.ProbeDNS}}) != nil {
		return NameUnasked, nil
	}
	var b evidence.Builder
	for _, r := range tape.From(0) {
		b.Add(r)
	}
	said, ok := b.Evidence().Probe(capture.ProbeDNS)
	return judged(said, ok), announced(said)
}

func judged(said evidence.Probe, ok bool) ServerName {
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

// announced are the transports with service records, the best first: TLS keeps a call
// private, and TCP carries messages of any size.
func announced(said evidence.Probe) (ways []string) {
	for _, way := range []string{"TLS", "TCP", "UDP"} {
		if n := said.Text("srv-" + strings.ToLower(way)); n != "" && n != "0" && n != "failed" {
			ways = append(ways, way)
		}
	}
	return ways
}
