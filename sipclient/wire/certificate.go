package wire

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// CertificateFaults judges the chain that a server showed, its own certificate first:
// all that is wrong with it, none where it is accepted. Each fault is looked for by
// itself, so that one does not hide the others. The words are those of
// capture.PhoneTLS; name is whom the certificate must name (RFC 5922 7), roots the
// authorities to trust, nil for the system's.
func CertificateFaults(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) []string {
	if len(chain) == 0 {
		return []string{"no-certificate"}
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
	return faults
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
	return "invalid: " + shortened(err.Error())
}

// DescribeCertificate writes one certificate as capture.PhoneCertificate has it, from
// "subject=" on.
func DescribeCertificate(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return fmt.Sprintf("subject=%q issuer=%q names=%q from=%s until=%s sha256=%s",
		shortened(c.Subject.String()), shortened(c.Issuer.String()), shortened(strings.Join(CertificateNames(c), " ")),
		c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), hex.EncodeToString(sum[:]))
}

// CertificateNames lists whom a certificate names (RFC 5922 7.1).
func CertificateNames(c *x509.Certificate) []string {
	list := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	for _, u := range c.URIs {
		list = append(list, u.String())
	}
	return list
}

func shortened(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
