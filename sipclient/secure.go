package sipclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
	"softphonedoctor/sipclient/wire"
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
	host, _, err := names.SplitHostPort(name)
	if err != nil {
		return name
	}
	return host
}

// secure does the TLS handshake. The certificates and what is wrong with them go
// onto the tape, and a connection with anything wrong is not used.
func (p *Phone) secure(ctx context.Context, conn net.Conn, to hop) (net.Conn, error) {
	name := p.peerName()
	secure, seen := wire.Handshake{Name: name, Roots: p.cfg.Roots}.Secure(ctx, conn)
	p.noteChain(to.addr, seen.Chain)
	if seen.OK() {
		asked := ""
		if seen.ClientCert {
			asked = ", asked for a client certificate"
		}
		p.note(capture.PhoneTLS, fmt.Sprintf("%s %s: ok, %s, %s%s", to.addr, name, tls.VersionName(seen.Version), tls.CipherSuiteName(seen.Cipher), asked))
		return secure, nil
	}
	if p.ctx.Err() != nil {
		return nil, ErrClosed
	}
	why := strings.Join(seen.Faults, ", ")
	if why == "client-certificate" {
		p.noteOnce(capture.PhoneLimit, noClientCert, 0)
	}
	p.note(capture.PhoneTLS, fmt.Sprintf("%s %s: %s", to.addr, name, why))
	return nil, handshakeError{why}
}

// noteChain puts the certificates on the tape, the server's own first.
func (p *Phone) noteChain(from netip.AddrPort, chain []*x509.Certificate) {
	const most = 8
	for i, c := range chain[:min(len(chain), most)] {
		p.note(capture.PhoneCertificate, fmt.Sprintf("%s %d/%d %s", from, i+1, len(chain), wire.DescribeCertificate(c)))
	}
}
