package session

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxCAFile is more than all authorities of an operating system need, in bytes.
const maxCAFile = 4 << 20

// checkTransport looks at how the server is reached.
func (a Account) checkTransport() error {
	switch strings.ToLower(a.Transport) {
	case "", "udp", "tcp", "tls":
	default:
		return &Field{Name: "transport", Text: fmt.Sprintf("transport %q is not known: use udp, tcp or tls", a.Transport)}
	}
	if _, err := a.authorities(); err != nil {
		return &Field{Name: "ca_file", Text: err.Error(), Cause: err}
	}
	return nil
}

// authorities gives whom the phone trusts when a server shows its certificate: the
// system's authorities, and those of ca_file beside them. nil means the system's
// alone. There is no way to switch the check off: a test that trusts anybody
// could not tell what is wrong.
func (a Account) authorities() (*x509.CertPool, error) {
	if a.roots != nil || a.CAFile == "" {
		return a.roots, nil
	}
	f, err := os.Open(a.CAFile)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("cannot read ca_file %s: %w", a.CAFile, err)
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, maxCAFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read ca_file %s: %w", a.CAFile, errors.Unwrap(err))
	case len(pem) > maxCAFile:
		return nil, fmt.Errorf("ca_file %s is larger than any list of certificates: name the file with the authority's certificate", a.CAFile)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without a list of its own
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no certificate: it must be a text file with -----BEGIN CERTIFICATE----- in it (PEM)", a.CAFile)
	}
	return pool, nil
}

// checkTarget is CheckNumber for this account: a sips address asks for TLS all the way.
func (a Account) checkTarget(target string) error {
	if err := a.CheckNumber(target); err != nil {
		return err
	}
	if t := strings.TrimSpace(target); len(t) > 5 && strings.EqualFold(t[:5], "sips:") && !strings.EqualFold(a.Transport, "tls") {
		return &Field{Name: "target", Text: "a sips address is called over TLS only: set the account's transport to tls, or call the address as sip"}
	}
	return nil
}
