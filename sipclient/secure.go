package sipclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"softphonedoctor/sipclient/capture"
)

// handshakeError is a TLS handshake that failed; its note is on the tape.
type handshakeError struct{ why string }

func (e handshakeError) Error() string { return "TLS failed: " + e.why }

// noClientCert stands on the tape where a server wants to see a certificate of ours.
const noClientCert = "this test phone cannot do client certificates: the server asks for one"

// peerName is whom the server's certificate must name: the host that the account
// names, whatever the name service made of it (RFC 5922 4, RFC 3263 4.1).
func (p *Phone) peerName() string {
	name := p.serverName()
	host, _, err := splitHostPort(name)
	if err != nil {
		return name
	}
	return host
}

// secure does the TLS handshake. The certificates and what is wrong with them go
// onto the tape, and a connection with anything wrong is not used.
func (p *Phone) secure(ctx context.Context, conn net.Conn, to hop) (net.Conn, error) {
	name := p.peerName()
	verdict, asked := "", ""
	config := &tls.Config{
		ServerName: name,
		MinVersion: tls.VersionTLS12,
		// Verification is ours, below, because the standard one keeps the chain to
		// itself when it refuses it; nothing is skipped.
		InsecureSkipVerify: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			p.noteChain(to.addr, cs.PeerCertificates)
			if verdict = verify(cs.PeerCertificates, name, p.cfg.Roots, time.Now()); verdict != "ok" {
				return errors.New(verdict)
			}
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = ", asked for a client certificate"
			return new(tls.Certificate), nil
		},
	}
	if _, err := netip.ParseAddr(name); err == nil {
		config.ServerName = "" // SNI takes no addresses (RFC 6066 3)
	}
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	if err == nil {
		cs := secure.ConnectionState()
		p.note(capture.PhoneTLS, fmt.Sprintf("%s %s: ok, %s, %s%s", to.addr, name, tls.VersionName(cs.Version), tls.CipherSuiteName(cs.CipherSuite), asked))
		return secure, nil
	}
	if p.ctx.Err() != nil {
		return nil, ErrClosed
	}
	if verdict == "" || verdict == "ok" {
		verdict = handshakeReason(ctx, err)
		if asked != "" && strings.HasPrefix(verdict, "refused: ") {
			verdict = "client-certificate"
			p.noteOnce(capture.PhoneLimit, noClientCert, 0)
		}
	}
	p.note(capture.PhoneTLS, fmt.Sprintf("%s %s: %s", to.addr, name, verdict))
	return nil, handshakeError{verdict}
}

// noteChain puts the certificates on the tape, the server's own first.
func (p *Phone) noteChain(from netip.AddrPort, chain []*x509.Certificate) {
	const most = 8
	for i, c := range chain[:min(len(chain), most)] {
		sum := sha256.Sum256(c.Raw)
		p.note(capture.PhoneCertificate, fmt.Sprintf("%s %d/%d subject=%q issuer=%q names=%q from=%s until=%s sha256=%s", from, i+1, len(chain),
			short(c.Subject.String()), short(c.Issuer.String()), short(strings.Join(namesOf(c), " ")),
			c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), hex.EncodeToString(sum[:])))
	}
}

// namesOf lists whom a certificate names (RFC 5922 7.1).
func namesOf(c *x509.Certificate) []string {
	list := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	for _, u := range c.URIs {
		list = append(list, u.String())
	}
	return list
}

func short(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// verify judges a chain: "ok", or all that is wrong with it, joined by ", ". Each
// fault is looked for by itself, so that one does not hide the others.
func verify(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) string {
	if len(chain) == 0 {
		return "no-certificate"
	}
	leaf := chain[0]
	var faults []string
	if !bears(leaf, name) {
		faults = append(faults, "name-mismatch")
	}
	switch {
	case now.After(leaf.NotAfter):
		faults = append(faults, "expired")
	case now.Before(leaf.NotBefore):
		faults = append(faults, "not-yet-valid")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	at, dated := now, now.After(leaf.NotAfter) || now.Before(leaf.NotBefore)
	if dated {
		at = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2) // the dates are judged already
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at}); err != nil {
		if fault := chainFault(leaf, err); fault != "chain-expired" || !dated {
			faults = append(faults, fault) // an authority need not have existed at that other time
		}
	}
	if len(faults) == 0 {
		return "ok"
	}
	return strings.Join(faults, ", ")
}

// bears tells whether a certificate is for the name: as any TLS server's, or with
// a SIP URI of the domain (RFC 5922 7.2).
func bears(c *x509.Certificate, name string) bool {
	if c.VerifyHostname(name) == nil {
		return true
	}
	for _, u := range c.URIs {
		if strings.EqualFold(u.Scheme, "sip") && strings.EqualFold(u.Opaque, name) {
			return true
		}
	}
	return false
}

func chainFault(leaf *x509.Certificate, err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			return "self-signed"
		}
		return "unknown-authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "chain-expired" // not the server's own: one above it
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "wrong-usage"
	}
	return "invalid: " + short(err.Error())
}

// handshakeReason says in a word why a handshake failed before any certificate was judged.
func handshakeReason(ctx context.Context, err error) string {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	var timeout net.Error
	text := err.Error()
	switch {
	case strings.Contains(text, "protocol version"):
		return "protocol-version"
	case errors.As(err, &header):
		return "not-tls"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, wsaReset):
		return "reset"
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &alert), strings.Contains(text, "remote error"):
		return "refused: " + text[strings.LastIndex(text, ": ")+2:]
	}
	return "failed: " + short(text)
}
