package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

func versionName(v uint16) string { return tls.VersionName(v) }

func cipherName(c uint16) string { return tls.CipherSuiteName(c) }

// nameRefused is the server's own word that it does not go by the name (RFC 6066 3).
const nameRefused = "refused: unrecognized name"

// sayCertificate notes whether the server's certificate was accepted, with its chain.
func (b *Bench) sayCertificate(d door) {
	switch h := d.TLS; {
	case !d.Open:
		b.NotChecked(capture.ProbeCertificate, "no connection for TLS was made")
	case h == nil:
		b.NotChecked(capture.ProbeCertificate, "the handshake was not begun")
	case !h.Shown && !slices.Contains(h.Faults, nameRefused):
		b.NotChecked(capture.ProbeCertificate, "the handshake did not come so far: %s", strings.Join(h.Faults, ", "))
	default:
		var faults []string
		for _, f := range h.Faults {
			if reason, _ := insecure([]string{f}); reason == "certificate" || f == nameRefused {
				faults = append(faults, f)
			}
		}
		b.Say(capture.ProbeCertificate, len(faults) == 0, append([]any{"server", d.Server, "name", b.Host(), "faults", strings.Join(faults, ", ")}, chainDetails(h.Chain)...)...)
	}
}

// chainDetails describes the certificates that a server showed, its own first: the
// names of the details of the second end in "-2".
func chainDetails(chain []*x509.Certificate) []any {
	const most, long = 4, 200
	short := func(s string) string { return s[:min(len(s), long)] }
	list := []any{"certificates", len(chain)}
	for i, c := range chain[:min(len(chain), most)] {
		n := ""
		if i > 0 {
			n = "-" + strconv.Itoa(i+1)
		}
		list = append(list, "subject"+n, short(c.Subject.String()), "issuer"+n, short(c.Issuer.String()), "names"+n, short(strings.Join(wire.CertificateNames(c), " ")),
			"from"+n, c.NotBefore.UTC().Format(time.RFC3339), "until"+n, c.NotAfter.UTC().Format(time.RFC3339))
	}
	return list
}

// patienceTLS bounds one handshake of askVersions.
const patienceTLS = 1500 * time.Millisecond

// askVersions tries every version of TLS by itself, with every cipher that there is and
// a first message that fits into one packet. Nothing but the handshake is sent.
func askVersions(ctx context.Context, b *Bench) {
	d, err := b.visit(ctx, capture.ProbeTLS)
	if err != nil || !d.Open || d.TLS == nil {
		b.NotChecked(capture.ProbeTLSVersions, "no connection for TLS was made")
		return
	}
	var takes, refuses, unknown []string
	var newest wire.Handshaken
	today := d.TLS.Shown
	for _, v := range []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10} {
		seen := *d.TLS
		if !seen.Shown || seen.Version != v {
			seen = b.handshake(ctx, d, v)
		}
		switch {
		case seen.Shown:
			takes = append(takes, versionName(v))
			today = today || v >= tls.VersionTLS12 && safeCipher(seen.Cipher)
			if !newest.Shown {
				newest = seen
			}
		case turnedDown(seen.Faults):
			refuses = append(refuses, versionName(v))
		default:
			unknown = append(unknown, versionName(v))
		}
	}
	if ctx.Err() != nil && len(takes) == 0 {
		return
	}
	details := []any{"server", d.Server, "takes", takes, "refuses", refuses, "unknown", unknown}
	if newest.Shown {
		details = append(details, "cipher", cipherName(newest.Cipher))
	}
	reason, said := insecure(append(slices.Clone(d.TLS.Faults), ""))
	definite := reason == "protocol-version" || strings.HasPrefix(said, "handshake failure") || strings.HasPrefix(said, "insufficient security")
	switch {
	case today:
		b.Say(capture.ProbeTLSVersions, true, details...)
	case definite:
		b.Say(capture.ProbeTLSVersions, false, details...)
	case reason == "not-tls":
		b.NotChecked(capture.ProbeTLSVersions, "what answers there does not speak TLS")
	default:
		b.NotChecked(capture.ProbeTLSVersions, "the attempt to agree on encryption brought no clear answer: %s", strings.Join(d.TLS.Faults, ", "))
	}
}

// safeCipher tells that a cipher is held to be safe.
func safeCipher(id uint16) bool {
	return slices.ContainsFunc(tls.CipherSuites(), func(c *tls.CipherSuite) bool { return c.ID == id })
}

// turnedDown tells that the server gave an answer to a handshake, and that it was no.
func turnedDown(faults []string) bool {
	reason, _ := insecure(faults)
	return slices.Contains([]string{"protocol-version", "handshake", "closed", "reset"}, reason)
}

// handshake tries one version on a connection of its own.
func (b *Bench) handshake(ctx context.Context, d door, version uint16) wire.Handshaken {
	ctx, stop := context.WithTimeout(ctx, patienceTLS)
	defer stop()
	conn, err := b.dialTCP(ctx, d.Server)
	if err != nil {
		return wire.Handshaken{Faults: []string{"timeout"}} // it took one a moment ago: that says nothing
	}
	defer conn.Close()
	_, seen := wire.Handshake{Name: b.Host(), Roots: b.Roots, Min: version, Max: version, Ciphers: allCiphers(), Short: true}.Secure(ctx, conn)
	return seen
}

// allCiphers is every cipher suite that this program could use, the broken ones among
// them: what a server takes is looked at, and nothing is entrusted to it.
func allCiphers() []uint16 {
	var list []uint16
	for _, c := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		list = append(list, c.ID)
	}
	return list
}
