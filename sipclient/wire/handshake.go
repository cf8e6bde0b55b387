package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Handshake says whom to expect behind a connection and how to agree on encryption.
type Handshake struct {
	Name  string         // whom the certificate must name: a host name or an address
	Roots *x509.CertPool // authorities to trust; nil: the system's
	// Min and Max are the TLS versions to take (tls.VersionTLS12 ...). A Min of 0 is
	// TLS 1.2, as phones of today want it, a Max of 0 the newest.
	Min, Max uint16
	Ciphers  []uint16 // of TLS 1.2 and older; nil: those that are held to be safe
	// Short keeps the first message below what one packet carries: without keys against
	// quantum computers, which alone have more than 1,200 bytes.
	Short bool
}

// Handshaken is what a handshake showed, whether or not it succeeded.
type Handshaken struct {
	Shown  bool // the server chose a version and a cipher and showed its certificates
	Chain  []*x509.Certificate
	Faults []string // as of capture.PhoneTLS; none when it succeeded
	// Version and Cipher are what the server chose, 0 unless Shown.
	Version, Cipher uint16
	ClientCert      bool // the server asked for a certificate of ours, and got an empty one
}

// OK tells that the connection is secured and may be used.
func (h *Handshaken) OK() bool { return len(h.Faults) == 0 }

// Secure does the TLS handshake over a connection and judges the certificates
// (CertificateFaults). The connection that it gives is nil unless there is no fault
// at all; then only the caller's own connection is left to close.
func (h Handshake) Secure(ctx context.Context, conn net.Conn) (*tls.Conn, Handshaken) {
	var seen Handshaken
	if h.Min == 0 {
		h.Min = tls.VersionTLS12
	}
	config := &tls.Config{
		ServerName: h.Name, MinVersion: h.Min, MaxVersion: h.Max, CipherSuites: h.Ciphers,
		// Verification is ours, below, because the standard one keeps the chain to
		// itself when it refuses it; nothing is skipped.
		InsecureSkipVerify: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			seen.Shown, seen.Chain, seen.Version, seen.Cipher = true, cs.PeerCertificates, cs.Version, cs.CipherSuite
			if seen.Faults = CertificateFaults(cs.PeerCertificates, h.Name, h.Roots, time.Now()); len(seen.Faults) > 0 {
				return errors.New(strings.Join(seen.Faults, ", "))
			}
			return nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.ClientCert = true
			return new(tls.Certificate), nil
		},
	}
	if h.Short {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}
	if _, err := netip.ParseAddr(h.Name); err == nil {
		config.ServerName = "" // SNI takes no addresses (RFC 6066 3)
	}
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	if err == nil {
		return secure, seen
	}
	if len(seen.Faults) == 0 {
		fault := handshakeReason(ctx, err)
		if seen.ClientCert && strings.HasPrefix(fault, "refused: ") {
			fault = "client-certificate"
		}
		seen.Faults = []string{fault}
	}
	return nil, seen
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
	return "failed: " + shortened(text)
}

// wsaReset is what Windows calls a reset; other systems have no such number.
const wsaReset = syscall.Errno(10054)

// StreamReason says in words why a connection failed or ended: "timeout",
// "connection reset", or as Reason does.
func StreamReason(err error) string {
	var timeout net.Error
	var no syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, wsaReset):
		return "connection reset"
	case errors.As(err, &no):
		return Reason(no)
	}
	return err.Error()
}
