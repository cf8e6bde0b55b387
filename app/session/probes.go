package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/probe"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/report"
)

// prober adapts package probe to the wizard: it measures the way to an account's server.
type prober struct{ config probe.Config }

// proberOf is what measures for an account, on a tape.
func (a Account) proberOf(tape *capture.Tape) (*prober, error) {
	roots, err := a.authorities()
	if err != nil {
		return nil, err
	}
	return &prober{probe.Config{
		Tape: tape, Server: a.Domain, Proxy: a.Proxy, User: a.User, Roots: roots, Transport: transportNet(a.Transport),
		STUN: a.STUN, Mirror: a.Mirror,
	}}, nil
}

// transportNet reads an account's word for its transport; without one it is UDP.
func transportNet(word string) capture.Net {
	switch strings.ToLower(word) {
	case "tcp":
		return capture.TCP
	case "tls":
		return capture.TLS
	}
	return capture.UDP
}

// Measure implements wizard.Probes.
func (p *prober) Measure(ctx context.Context, m wizard.Measurement) error {
	cfg := p.config
	cfg.ThirdParty = m.ThirdParty
	cfg.UpTo = m.UpTo
	cfg.InUse = m.InUse
	cfg.Sound, _ = m.Call.(probe.Sound) // nil where there is none
	if m.Progress != nil {
		cfg.Progress = func(g probe.Progress) { m.Progress(g.Count, g.Of) }
	}
	questions := slices.DeleteFunc(slices.Clone(m.Questions), func(q string) bool { return !probe.Answers(q) })
	if len(questions) == 0 && len(m.Questions) > 0 {
		return nil
	}
	return probe.Run(ctx, cfg, questions...)
}

// ProbeRequest says which way is to be measured without signing in or calling.
type ProbeRequest struct {
	Server     string   // host or host:port
	Transport  string   // "udp", "tcp" or "tls"; "": udp
	STUN       []string // servers to ask for our outside address, beside the provider's own
	ThirdParty bool     // a public server may be asked, too
	Mirror     string   // a softphone-doctor mirror, host or host:port
	CAFile     string   // PEM file of authorities to trust beside the system's
	// Lifetime: measure how long the router remembers, up to this silence; 0: not.
	Lifetime time.Duration
	// InUse has somebody put the line to full use, after which the delay is compared with
	// that of before; nil: that is not measured.
	InUse func(context.Context) error
	// Progress hears what is being measured, and when it is done; may be nil.
	Progress func(title string, done bool, count, of int)
}

// Probe measures the way to a server and reports. Nothing is signed in or called. The
// error is a sentence: what is missing, or why nothing could be measured.
func Probe(ctx context.Context, r ProbeRequest) (*report.Report, *capture.Tape, error) {
	a := Account{Domain: r.Server, Transport: r.Transport, CAFile: r.CAFile, STUN: r.STUN, Mirror: r.Mirror}
	if err := a.checkWay(); err != nil {
		return nil, nil, err
	}
	tape := &capture.Tape{}
	p, err := a.proberOf(tape)
	if err != nil {
		return nil, nil, err
	}
	p.config.User, p.config.ThirdParty = "", r.ThirdParty
	if r.Transport == "" {
		p.config.Transport = 0 // a server without UDP is no fault where nobody asked for UDP
	}
	if r.Progress != nil {
		p.config.Progress = func(g probe.Progress) { r.Progress(g.Title, g.Done, g.Count, g.Of) }
	}
	tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindSituation, Key: wizard.Network})
	if err := probe.Run(ctx, p.config); err != nil {
		return nil, nil, err
	}
	if r.Lifetime > 0 && ctx.Err() == nil {
		p.config.UpTo = r.Lifetime
		if err := probe.Run(ctx, p.config, capture.ProbeNATLifetime); err != nil {
			return nil, nil, err
		}
	}
	if r.InUse != nil && ctx.Err() == nil {
		p.config.InUse = r.InUse
		if err := probe.Run(ctx, p.config, capture.ProbeLoadDelay); err != nil {
			return nil, nil, err
		}
	}
	rep := wizard.Judge(tape)
	if ctx.Err() != nil {
		rep.Interrupt("The measuring was stopped before its end: what it had found until then stands here.")
	}
	return rep, tape, nil
}

// checkWay looks for what is wrong with what leads to the server.
func (a Account) checkWay() error {
	if strings.TrimSpace(a.Domain) == "" {
		return &Field{Name: "domain", Text: "the server is missing: name the provider's server or domain, for example pbx.example.net"}
	}
	if err := checkHosts("server", a.Domain); err != nil {
		return err
	}
	if err := a.checkHelpers(); err != nil {
		return err
	}
	return a.checkTransport()
}

// checkHelpers looks at the servers that measurements may ask.
func (a Account) checkHelpers() error {
	if err := checkHosts("stun", a.STUN...); err != nil {
		return err
	}
	if a.Mirror == "" {
		return nil
	}
	return checkHosts("mirror", a.Mirror)
}

func checkHosts(name string, hosts ...string) error {
	for _, h := range hosts {
		if err := checkHost(h); err != nil {
			return &Field{Name: name, Text: fmt.Sprintf("%s %q: %v", name, h, err)}
		}
	}
	return nil
}
