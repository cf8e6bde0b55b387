package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// measured runs probes by ID with a deadline of their own and gives the answers by key.
func measured(t *testing.T, cfg Config, limit time.Duration, ids ...string) map[string]string {
	t.Helper()
	tape := &capture.Tape{}
	cfg.Tape = tape
	list, err := choose(ids)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if limit > 0 {
			list[i].Limit = limit
		}
	}
	if err := run(context.Background(), cfg, list); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for _, r := range tape.From(0) {
		answers[r.Note.Key] = r.Note.Text
	}
	return answers
}

// has tells whether an answer has all these words.
func has(answer string, words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(" "+answer+" ", " "+w+" ") })
}

// without tells that an answer has no detail with a name.
func without(answer, name string) bool { return !strings.Contains(answer, " "+name+"=") }

// okTo is the answer of a server that echoes what it has to, changed by more headers.
func okTo(request []byte, code int, headers ...string) []byte {
	m, err := sipmsg.Parse(request)
	if err != nil {
		return nil
	}
	r := sipmsg.NewResponse(m, code, "x")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Add(headers[i], headers[i+1])
	}
	return r.Bytes()
}

// lacking ends a test for which this machine lacks something: a failure in CI, where
// nothing may be missing.
func lacking(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// serveUDP answers datagrams: nothing where the function gives nothing.
func serveUDP(t *testing.T, at string, answer func(request []byte) []byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp4", at)
	if err != nil {
		lacking(t, "no such address here: %v", err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := answer(slices.Clone(buf[:n])); out != nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	})
	t.Cleanup(func() { _ = conn.Close(); work.Wait() })
	return wire.AddrPort(conn.LocalAddr())
}

// serveTCP hands each connection to a function and closes it behind it.
func serveTCP(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	ended := make(chan struct{})
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(closing(ended), func() { _ = conn.Close() })()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() { close(ended); _ = l.Close(); work.Wait() })
	return wire.Unmap(l.Addr().(*net.TCPAddr).AddrPort())
}

// closing is a context that ends with a channel.
func closing(ended <-chan struct{}) context.Context {
	ctx, stop := context.WithCancel(context.Background())
	go func() { <-ended; stop() }()
	return ctx
}

// speakSIP answers what comes over a connection.
func speakSIP(answer func(request []byte) []byte) func(net.Conn) {
	return func(conn net.Conn) {
		var framer sipmsg.Framer
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			_, _ = framer.Write(buf[:n])
			for raw, ok := framer.Next(); ok; raw, ok = framer.Next() {
				out := answer(raw)
				if out == nil {
					return
				}
				_, _ = conn.Write(out)
			}
			if err != nil {
				return
			}
		}
	}
}

// overTLS is a server's side of TLS in front of serve.
func overTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() == nil {
			serve(secure)
		}
	}
}

// closedPort is one on which nobody listens, neither over UDP nor over TCP.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// issuer signs certificates of test servers.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-5, 0, 0), NotAfter: time.Now().AddDate(5, 0, 0), KeyUsage: x509.KeyUsageCertSign}
	key, raw := signed(t, c, nil)
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert, key}
}

// signed makes a key and a certificate for it; without an issuer it signs itself.
func signed(t *testing.T, c *x509.Certificate, by *issuer) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, raw
}

func (i *issuer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	return pool
}

// config is a server's side of TLS for 127.0.0.1, its certificate changed by the functions.
func (i *issuer) config(t *testing.T, change ...func(*x509.Certificate)) *tls.Config {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "sip server"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, f := range change {
		f(c)
	}
	key, raw := signed(t, c, i)
	chain := [][]byte{raw}
	if i != nil {
		chain = append(chain, i.cert.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}}
}
