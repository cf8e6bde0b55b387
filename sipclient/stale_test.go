package sipclient

import (
	"context"
	"net"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// A server that closes the connection under a request gets it once more over a new
// one, with a higher CSeq number; when that is closed, too, it stays at that.
func TestRequestOnDyingConnection(t *testing.T) {
	srv := newStreamPeer(t, nil)
	p := newPhone(t, srv.addr(), overTCP)
	register(t, p, srv)
	done := background(func() error { return p.Register(context.Background()) })
	first := srv.until("REGISTER")
	srv.line.drop()
	second := srv.until("REGISTER")
	n, _, _ := first.CSeq()
	if m, _, _ := second.CSeq(); m <= n || second.Branch() == first.Branch() || contactOf(second) == contactOf(first) {
		t.Errorf("CSeq %d after %d, branch %s after %s, Contact %s after %s", m, n, second.Branch(), first.Branch(), contactOf(second), contactOf(first))
	}
	srv.line.drop() // it brought nothing: the end is the answer
	if err := result(t, done); err != nil {
		t.Error(err)
	}
	if len(srv.line.came) > 4 {
		t.Errorf("%d connections", len(srv.line.came))
	}
}

// A server that swallows the handshake is waited for once, not by each request again.
func TestSwallowedOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		var held []net.Conn // taken, and never spoken to
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range held {
					c.Close()
				}
				return
			}
			held = append(held, c)
		}
	}()
	p := newPhone(t, l.Addr().String(), func(c *Config) { c.Transport = "tls" })
	began := time.Now()
	ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer stop()
	_ = p.Register(ctx)
	if err := p.Options(context.Background(), 0); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("waited %s for a server that swallows connections", took)
	}
	if !hasNote(p, capture.PhoneTLS+" "+l.Addr().String()+" 127.0.0.1: timeout") {
		t.Error(notes(p))
	}
}
