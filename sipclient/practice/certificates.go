package practice

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certFault is what is wrong with the server's certificate.
type certFault uint8

const (
	goodCert certFault = iota
	otherName
	expired
	notYetValid
	selfSigned
	strangeAuthority
)

// certify makes an authority that lives as long as this PBX, in memory only, and a
// server certificate with the fault. The pool holds the authority, for the phone.
func certify(fault certFault) (*tls.Config, *x509.CertPool, error) {
	authority, authorityKey, err := newAuthority()
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	if fault == strangeAuthority { // another one, which the phone does not know
		if authority, authorityKey, err = newAuthority(); err != nil {
			return nil, nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	const day = 24 * time.Hour
	now := time.Now()
	own := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Practice PBX"},
		NotBefore: now.Add(-30 * day), NotAfter: now.Add(30 * day),
		IPAddresses: []net.IP{loopback.AsSlice()},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signer, signerKey := authority, authorityKey
	chain := [][]byte{authority.Raw}
	switch fault {
	case otherName:
		own.IPAddresses, own.DNSNames = nil, []string{"sip.another-provider.invalid"}
	case expired:
		own.NotAfter = now.Add(-day)
	case notYetValid:
		own.NotBefore = now.Add(day)
	case selfSigned:
		signer, signerKey, chain = own, key, nil
	}
	der, err := x509.CreateCertificate(rand.Reader, own, signer, &key.PublicKey, signerKey)
	if err != nil {
		return nil, nil, fmt.Errorf("making a certificate: %w", err)
	}
	cert := tls.Certificate{Certificate: append([][]byte{der}, chain...), PrivateKey: key}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, roots, nil
}

func newAuthority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Practice authority " + token(3)},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("making an authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("reading an authority: %w", err)
	}
	return cert, key, nil
}
