package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The server certificates of the lab, by what is wrong with them.
const (
	CertGood       = "good"
	CertWrongName  = "wrong-name"
	CertExpired    = "expired"
	CertNotYet     = "not-yet-valid"
	CertSelfSigned = "self-signed"
	CertStranger   = "unknown-authority"
)

// Certificates writes an authority (ca.pem) and server certificates with their keys
// (NAME.pem, NAME.key) into a folder. They are good for 127.0.0.1, ::1, the
// server of a Network and pbx.lab.test, but for what their name says.
func Certificates(t testing.TB, dir string) {
	t.Helper()
	ca, caKey := newAuthority(t)
	stranger, strangerKey := newAuthority(t)
	writePEM(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", ca.Raw)
	const day = 24 * time.Hour
	now := time.Now()
	for _, name := range []string{CertGood, CertWrongName, CertExpired, CertNotYet, CertSelfSigned, CertStranger} {
		key := newKey(t)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "lab registrar"}, NotBefore: now.Add(-30 * day), NotAfter: now.Add(30 * day),
			DNSNames: []string{"pbx.lab.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.ParseIP(serverAddr)},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		signer, signerKey := ca, caKey
		switch name {
		case CertWrongName:
			c.DNSNames, c.IPAddresses = []string{"other.lab.test"}, nil
		case CertExpired:
			c.NotAfter = now.Add(-day)
		case CertNotYet:
			c.NotBefore = now.Add(day)
		case CertSelfSigned:
			signer, signerKey = c, key
		case CertStranger:
			signer, signerKey = stranger, strangerKey
		}
		der, err := x509.CreateCertificate(rand.Reader, c, signer, &key.PublicKey, signerKey)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", secret)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab authority"}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
