package probe

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// TestDoorTLS: what is wrong with a server's proof is said with the phone's own words,
// and no message goes over such a connection.
func TestDoorTLS(t *testing.T) {
	t.Parallel()
	ca, other := newIssuer(t), newIssuer(t)
	const day = 24 * time.Hour
	past := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-2*day), time.Now().Add(-day) }
	future := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(day), time.Now().Add(2*day) }
	named := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.test"} }
	asks := ca.config(t)
	asks.ClientAuth, asks.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	old := ca.config(t)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	weak := ca.config(t)
	weak.MaxVersion, weak.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}
	newest := ca.config(t)
	newest.MinVersion = tls.VersionTLS13
	var self *issuer
	ok := []string{"certificates=2", `subject="CN=sip server"`, `issuer="CN=Test authority"`, "names=127.0.0.1", `subject-2="CN=Test authority"`}
	for what, c := range map[string]struct {
		config                    *tls.Config
		way, certificate, version []string
	}{
		"good":    {ca.config(t), []string{"yes", "code=200", `version="TLS 1.3"`}, append([]string{"yes"}, ok...), []string{"yes", `takes="TLS 1.3,TLS 1.2"`, `refuses="TLS 1.1,TLS 1.0"`}},
		"newest":  {newest, []string{"yes", `version="TLS 1.3"`}, []string{"yes"}, []string{"yes", `takes="TLS 1.3"`}},
		"name":    {ca.config(t, named), []string{"no", "reason=certificate", "faults=name-mismatch", "open=yes"}, []string{"no", "faults=name-mismatch", "names=other.test"}, []string{"yes"}},
		"expired": {ca.config(t, past), []string{"no", "reason=certificate", "faults=expired"}, []string{"no", "faults=expired"}, []string{"yes"}},
		"future":  {ca.config(t, future), []string{"no", "faults=not-yet-valid"}, []string{"no", "faults=not-yet-valid"}, []string{"yes"}},
		"nobody":  {other.config(t), []string{"no", "faults=unknown-authority"}, []string{"no", "faults=unknown-authority"}, []string{"yes"}},
		"self":    {self.config(t), []string{"no", "faults=self-signed"}, []string{"no", "faults=self-signed", "certificates=1"}, []string{"yes"}},
		"all":     {other.config(t, past, named), []string{"no", `faults="name-mismatch, expired, unknown-authority"`}, []string{"no", `faults="name-mismatch, expired, unknown-authority"`}, []string{"yes"}},
		"old":     {old, []string{"no", "reason=protocol-version", "open=yes"}, []string{"not-checked"}, []string{"no", `takes="TLS 1.0"`, `refuses="TLS 1.3,TLS 1.2,TLS 1.1"`}},
		"weak":    {weak, []string{"no", "reason=handshake", `said="handshake failure"`}, []string{"not-checked"}, []string{"no", `takes="TLS 1.2"`, "cipher=TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"}},
		"client":  {asks, []string{"no", "reason=handshake", "faults=client-certificate"}, []string{"yes"}, []string{"yes"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveTCP(t, overTLS(c.config, speakSIP(func(r []byte) []byte {
				if c.way[0] == "no" {
					t.Errorf("sent in spite of it: %s", r)
				}
				return okTo(r, 200)
			})))
			got := measured(t, Config{Server: at.String(), Transport: capture.TLS, Roots: ca.pool()}, 0, "tls", "tls-versions")
			for key, want := range map[string][]string{capture.ProbeTLS: c.way, capture.ProbeCertificate: c.certificate, capture.ProbeTLSVersions: c.version} {
				if !has(got[key], want...) {
					t.Errorf("%s: %q lacks one of %q", key, got[key], want)
				}
			}
		})
	}
}

// TestDoorNotTLS: servers that are no TLS servers, or stop in the middle.
func TestDoorNotTLS(t *testing.T) {
	t.Parallel()
	reads := func(c net.Conn) { _, _ = c.Read(make([]byte, 16000)) }
	for what, c := range map[string]struct {
		serve func(net.Conn)
		want  []string
	}{
		"plain SIP": {func(c net.Conn) {
			reads(c)
			_, _ = io.WriteString(c, "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		}, []string{"no", "reason=not-tls"}},
		"closes": {reads, []string{"no", "reason=closed"}},
		"stalls": {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, []string{"no", "reason=silent", "open=yes"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			at := serveTCP(t, c.serve)
			got := measured(t, Config{Server: at.String(), Transport: capture.TLS}, 700*time.Millisecond, "tls", "tls-versions")
			if !has(got[capture.ProbeTLS], c.want...) || !has(got[capture.ProbeCertificate], "not-checked") || !has(got[capture.ProbeTLSVersions], "not-checked") {
				t.Error(got)
			}
		})
	}
}
