package session

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"

	"softphonedoctor/sipclient/probe"
)

// The ports of a mirror that the other end expects when nothing else is said.
const (
	MirrorPort      = probe.MirrorPort
	MirrorOtherPort = probe.MirrorOther
	MirrorSoundPort = probe.MirrorSound
	MirrorTLSPort   = probe.MirrorTLS
)

// MirrorRequest says where a mirror listens.
type MirrorRequest struct {
	Listen  []string // addresses of this computer; none: all
	Port    uint16   // of SIP over UDP and TCP; 0: any free one, as for the others
	Other   uint16   // of SIP over UDP once more
	Sound   uint16   // of the sound of tests, UDP
	TLSPort uint16   // of SIP over TLS, with a certificate only
	// CertFile and KeyFile are PEM files of a certificate for TLS, both or none.
	CertFile, KeyFile string
	// Ready hears once where it listens, Heard each time that it did something for
	// somebody; both may be nil.
	Ready func(MirrorPlace)
	Heard func(from, text string)
}

// MirrorPlace is where a mirror listens.
type MirrorPlace struct {
	Addresses               []netip.Addr
	Port, Other, Sound, TLS uint16 // TLS is 0 without a certificate
}

// Mirror tells others what arrives here until the context ends. The error is a
// sentence: what keeps it from beginning.
func Mirror(ctx context.Context, r MirrorRequest) error {
	cfg := probe.MirrorConfig{Port: r.Port, Other: r.Other, Sound: r.Sound, TLS: r.TLSPort}
	for _, l := range r.Listen {
		a, err := netip.ParseAddr(strings.Trim(l, "[]"))
		if err != nil || a.Zone() != "" {
			return fmt.Errorf("--listen %q: name an IP address of this computer, for example 192.0.2.7", l)
		}
		cfg.Listen = append(cfg.Listen, a)
	}
	switch {
	case r.CertFile == "" && r.KeyFile == "":
	case r.CertFile == "" || r.KeyFile == "":
		return fmt.Errorf("for TLS a mirror needs a certificate and its key: name both, --cert and --key")
	default:
		pair, err := tls.LoadX509KeyPair(r.CertFile, r.KeyFile)
		if err != nil {
			return fmt.Errorf("the certificate for TLS cannot be used: %w", err)
		}
		cfg.Certificate = &pair
	}
	if r.Heard != nil {
		cfg.Heard = func(e probe.MirrorEvent) { r.Heard(e.From.Addr().String(), e.Text) }
	}
	m, err := probe.ListenMirror(cfg)
	if err != nil {
		return err
	}
	if r.Ready != nil {
		p := MirrorPlace{Addresses: m.Addresses()}
		p.Port, p.Other, p.Sound, p.TLS = m.Ports()
		r.Ready(p)
	}
	m.Serve(ctx)
	return nil
}
