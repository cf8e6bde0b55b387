package sipclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// listening is the TCP or TLS side of a peer.
type listening struct {
	net.Listener
	name  string // "TCP" or "TLS"
	mu    sync.Mutex
	conns map[netip.AddrPort]net.Conn
	count int           // connections that came
	chunk chan string   // what came that is no message
	came  chan net.Conn // each new connection
}

// newStreamPeer is a peer on TCP, or on TLS when config is given.
func newStreamPeer(t *testing.T, config *tls.Config) *peer {
	return newStreamPeerAt(t, "127.0.0.1:0", config)
}

func newStreamPeerAt(t *testing.T, at string, config *tls.Config) *peer {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	line := &listening{Listener: l, name: "TCP", conns: map[netip.AddrPort]net.Conn{}, chunk: make(chan string, 100), came: make(chan net.Conn, 100)}
	if config != nil {
		line.name = "TLS"
	}
	p := &peer{t: t, got: make(chan heard, 1000), seen: map[string]bool{}, line: line}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if config != nil {
				conn = tls.Server(conn, config)
			}
			from := tcpAddrPort(conn.RemoteAddr())
			line.mu.Lock()
			line.conns[from] = conn
			line.count++
			line.mu.Unlock()
			line.came <- conn
			work.Go(func() { p.serve(conn, from) })
		}
	})
	peers.Store(p.addr(), p)
	t.Cleanup(func() { l.Close(); line.drop(); work.Wait() })
	return p
}

func (p *peer) serve(conn net.Conn, from netip.AddrPort) {
	var framer sipmsg.Framer
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			conn.Close()
			return
		}
		if framer.Pending() == 0 && n <= 4 {
			p.line.chunk <- string(buf[:n])
			continue
		}
		_, _ = framer.Write(buf[:n])
		for {
			msg, ok := framer.Next()
			if !ok {
				break
			}
			if answer := p.hear(msg, from); answer != "" {
				_, _ = conn.Write([]byte(answer))
			}
		}
	}
}

// drop closes all connections, and gives how many ever came.
func (l *listening) drop() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for from, c := range l.conns {
		c.Close()
		delete(l.conns, from)
	}
	return l.count
}

func (l *listening) write(t *testing.T, to netip.AddrPort, text string) {
	t.Helper()
	l.mu.Lock()
	conn := l.conns[to]
	l.mu.Unlock()
	if conn == nil {
		t.Fatalf("no connection from %s", to)
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) transport() string {
	if p.line != nil {
		return p.line.name
	}
	return "UDP"
}

func (p *peer) uriTransport() string {
	switch p.transport() {
	case "TCP":
		return ";transport=tcp"
	case "TLS":
		return ";transport=tls"
	}
	return ""
}

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-10 * 365 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, cert, key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// config gives a server's side of TLS with a certificate for names, changed by the functions.
func (a *authority) config(names []string, change ...func(*x509.Certificate)) *tls.Config {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "sip server"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else if u, err := url.Parse(n); err == nil && u.Scheme != "" {
			tmpl.URIs = append(tmpl.URIs, u)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	for _, f := range change {
		f(tmpl)
	}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw, a.cert.Raw}, PrivateKey: key}}}
}
