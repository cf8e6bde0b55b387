package sipclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// What is wrong with a server's certificate is said in words, with the chain as
// evidence, and nothing is sent over such a connection.
func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	past := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	future := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
	}
	self := other.config([]string{"pbx.test"})
	self.Certificates[0] = tls.Certificate{Certificate: [][]byte{other.cert.Raw}, PrivateKey: other.key}
	old := ca.config([]string{"pbx.test"})
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	asks := ca.config([]string{"pbx.test"})
	asks.ClientAuth, asks.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	n := nameTable{ip: map[string][]netip.Addr{"pbx.test": {netip.MustParseAddr("127.0.0.1")}}}
	for what, c := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"good":       {ca.config([]string{"pbx.test"}), "ok, TLS 1.3, TLS_"},
		"sip uri":    {ca.config([]string{"sip:pbx.test"}), "ok, TLS 1.3, TLS_"},
		"wildcard":   {ca.config([]string{"*.test"}), "ok, TLS 1.3, TLS_"},
		"name":       {ca.config([]string{"other.test"}), "name-mismatch"},
		"address":    {ca.config([]string{"127.0.0.1"}), "name-mismatch"},
		"expired":    {ca.config([]string{"pbx.test"}, past), "expired"},
		"long past":  {ca.config([]string{"pbx.test"}, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Unix(1, 0) }), "expired"},
		"future":     {ca.config([]string{"pbx.test"}, future), "not-yet-valid"},
		"authority":  {other.config([]string{"pbx.test"}), "unknown-authority"},
		"self":       {self, "name-mismatch, self-signed"},
		"everything": {other.config([]string{"other.test"}, past), "name-mismatch, expired, unknown-authority"},
		"usage":      {ca.config([]string{"pbx.test"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }), "wrong-usage"},
		"version":    {old, "protocol-version"},
		"client":     {asks, "client-certificate"},
	} {
		t.Run(what, func(t *testing.T) {
			srv := newStreamPeer(t, c.config)
			_, port, _ := net.SplitHostPort(srv.addr())
			p := newPhone(t, "pbx.test:"+port, over(srv, ca), func(c *Config) { c.Resolver = n })
			p.timing.register = patience
			done := background(func() error { return p.Register(context.Background()) })
			good := strings.HasPrefix(c.want, "ok")
			if good {
				srv.reply(srv.until("REGISTER"), 403, "x", "")
			}
			if err := result(t, done); err != nil {
				t.Error(err)
			}
			if note := capture.PhoneTLS + " " + srv.addr() + " pbx.test: " + c.want; !hasNote(p, note) || !good && !slices.Contains(notes(p), note) {
				t.Errorf("no note %q in %q", note, notes(p))
			}
			chain := capture.PhoneCertificate + " " + srv.addr() + " 1/"
			if what != "version" && !hasNote(p, chain) {
				t.Error("no certificate noted")
			}
			if what == "good" && (!strings.Contains(strings.Join(notes(p), "\n"), `1/2 subject="CN=sip server" issuer="CN=Test authority" names="pbx.test" from=2`) || !hasNote(p, capture.PhoneCertificate+" "+srv.addr()+" 2/2 subject=\"CN=Test authority\"")) {
				t.Error(notes(p))
			}
			for _, r := range p.tape.From(0) {
				if r.Packet != nil && !good {
					t.Errorf("sent in spite of it: %s", r.Packet.Data)
				}
			}
			if hasNote(p, capture.PhoneUnreachable) {
				t.Error(notes(p))
			}
		})
	}
}

// Servers that are no TLS servers, or stop in the middle of the handshake.
func TestHandshakes(t *testing.T) {
	for what, c := range map[string]struct {
		act  func(net.Conn)
		want string
	}{
		"plain SIP": {func(c net.Conn) {
			_, _ = c.Read(make([]byte, 16000))
			_, _ = c.Write([]byte("SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
		}, "not-tls"},
		"closes": {func(c net.Conn) { _, _ = c.Read(make([]byte, 16000)) }, "closed"},
		"resets": {func(c net.Conn) {
			_, _ = c.Read(make([]byte, 16000))
			_ = c.(*net.TCPConn).SetLinger(0)
		}, "reset"},
		"stalls":  {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "timeout"},
		"refuses": {func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 40}); _, _ = io.Copy(io.Discard, c) }, "refused: handshake failure"},
	} {
		t.Run(what, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				if conn, err := l.Accept(); err == nil {
					c.act(conn)
					conn.Close()
				}
			}()
			defer func() { l.Close(); <-served }()
			p := newPhone(t, l.Addr().String(), func(c *Config) { c.Transport = "tls" })
			p.timing.register = 300 * time.Millisecond
			_ = p.Register(context.Background())
			if note := capture.PhoneTLS + " " + l.Addr().String() + " 127.0.0.1: " + c.want; !hasNote(p, note) {
				t.Errorf("no note %q in %q", note, notes(p))
			}
		})
	}
}

// Closing does not wait for a server that stalls in the handshake.
func TestCloseInHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newPhone(t, l.Addr().String(), func(c *Config) { c.Transport = "tls" })
	done := background(func() error { return p.Register(context.Background()) })
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Read(make([]byte, 1))
	began := time.Now()
	_ = p.Close(context.Background())
	if took := time.Since(began); took > time.Second {
		t.Errorf("Close took %s", took)
	}
	_ = result(t, done)
}
