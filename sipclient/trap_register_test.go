package sipclient

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// noNames is a resolver that knows nothing, or waits for ever.
type noNames struct{ hang bool }

func (n noNames) LookupSRV(ctx context.Context, _, _, name string) (string, []*net.SRV, error) {
	return "", nil, n.fail(ctx, name)
}

func (n noNames) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return nil, n.fail(ctx, host)
}

func (n noNames) fail(ctx context.Context, name string) error {
	if n.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// Without the cure (diago's Register): a registrar that never answers, or whose
// name is unknown, ends the program with a nil dereference.
func TestTrap01DeadRegistrar(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.register = 300 * time.Millisecond
	done := background(func() error { return p.Register(context.Background()) })
	id := srv.until("REGISTER").Get("Call-ID")
	if err := result(t, done); err != nil {
		t.Error("silence is evidence, not an error:", err)
	}
	if !hasNote(p, capture.PhoneGaveUp+" REGISTER "+id) {
		t.Error("no note that the phone gave up")
	}
}

func TestTrap01UnknownName(t *testing.T) {
	for what, n := range map[string]noNames{"no such host": {}, "no answer from the name server": {hang: true}} {
		began := time.Now()
		p := newPhone(t, "pbx.example.com", func(c *Config) { c.Resolver = n })
		if took := time.Since(began); took > names.Time+time.Second {
			t.Errorf("the lookup took %s", took)
		}
		if !hasNote(p, capture.PhoneLookup+" pbx.example.com -> failed: "+what+" in ") {
			t.Error(notes(p))
		}
		if err := p.Register(context.Background()); !errors.Is(err, ErrNoServer) {
			t.Error("Register:", err)
		}
		if err := p.Options(context.Background(), 0); !errors.Is(err, ErrNoServer) {
			t.Error("Options:", err)
		}
		if _, err := p.Dial(context.Background(), "100"); !errors.Is(err, ErrNoServer) {
			t.Error("Dial:", err)
		}
		if _, err := p.Await(context.Background()); !errors.Is(err, ErrNoServer) {
			t.Error("Await:", err)
		}
	}
}

// Without the cure (diago's Unregister): "Contact: *" signs off the person's other
// phones at Close, also when our own sign-in was never confirmed.
func TestTrap01OnlyOurContact(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.register = 200 * time.Millisecond
	_ = p.Register(context.Background()) // no answer: the binding may stand
	srv.until("REGISTER")
	closed := background(func() error { return p.Close(context.Background()) })
	gone := srv.until("REGISTER")
	if c := gone.Get("Contact"); !strings.Contains(c, p.token) || !strings.HasSuffix(c, ";expires=0") {
		t.Errorf("Contact: %s", c)
	}
	srv.reply(gone, 200, "x", "")
	_ = result(t, closed)
}

// Without the cure (diago's Register): a 423 is never repeated with Min-Expires,
// and 4xx are repeated for ever.
func TestTrap01IntervalTooBrief(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	done := background(func() error { return p.Register(context.Background()) })
	for range 2 {
		srv.reply(srv.until("REGISTER"), 423, "x", "", "Min-Expires: 1800")
		if req := srv.until("REGISTER"); !strings.HasSuffix(req.Get("Contact"), ";expires=1800") {
			t.Errorf("repeated with Contact: %s", req.Get("Contact"))
		} else {
			srv.reply(req, 423, "x", "", "Min-Expires: 3600") // and again: that is final
		}
		if err := result(t, done); err != nil {
			t.Error(err)
		}
		srv.silence(50 * time.Millisecond)
		done = background(func() error { return p.Register(context.Background()) })
	}
	srv.reply(srv.until("REGISTER"), 403, "x", "")
	_ = result(t, done)
}

// Without the cure a registrar locks the account: a password that it refuses is
// sent no more than three times in the phone's life, whatever is tried.
func TestTrap01RefusedPassword(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	sent := 0
	for range 6 {
		done := background(func() error { return p.Register(context.Background()) })
		for over := false; !over; {
			select {
			case m := <-srv.got:
				if m.Get("Authorization") != "" {
					sent++
				}
				srv.reply(m, 401, "x", "", challengeMD5)
			case err := <-done:
				if err != nil {
					t.Error("a refusal is evidence, not an error:", err)
				}
				over = true
			case <-time.After(patience):
				t.Fatal("it hangs")
			}
		}
	}
	for range 2 { // calls count, too
		c, err := p.Dial(context.Background(), "100")
		if err != nil {
			t.Fatal(err)
		}
		for c.State() != Ended {
			select {
			case m := <-srv.got:
				if m.Get("Authorization") != "" {
					sent++
				}
				if m.Method == "INVITE" {
					srv.reply(m, 401, "x", "", challengeMD5)
				}
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	if sent != maxRefused {
		t.Errorf("the password was sent %d times, want %d", sent, maxRefused)
	}
}

func TestStaleNonceIsNoRefusal(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for range 5 {
		done := background(func() error { return p.Register(context.Background()) })
		srv.reply(srv.until("REGISTER"), 401, "x", "", challengeMD5)
		srv.reply(srv.until("REGISTER"), 401, "x", "", `WWW-Authenticate: Digest realm="test", nonce="new", stale=TRUE, qop="auth-int,auth"`)
		last := srv.until("REGISTER")
		if !strings.Contains(last.Get("Authorization"), `nonce="new"`) {
			t.Fatal("not repeated with the new nonce")
		}
		srv.reply(last, 200, "x", "", "Contact: <"+contactOf(last)+">;expires=600")
		if err := result(t, done); err != nil {
			t.Fatal(err)
		}
	}
	if p.auth.tries.refused != 0 || p.auth.tries.underway != 0 {
		t.Errorf("refused %d, underway %d", p.auth.tries.refused, p.auth.tries.underway)
	}
}

// After 503 the refresh waits as long as Retry-After says, and Register does not wait for it.
func TestRetryAfter(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	done := background(func() error { return p.Register(context.Background()) })
	srv.reply(srv.until("REGISTER"), 503, "x", "", "Retry-After: 1 (maintenance)")
	began := time.Now()
	if err := result(t, done); err != nil || time.Since(began) > time.Second/2 {
		t.Fatal(err, time.Since(began))
	}
	req := srv.until("REGISTER")
	if took := time.Since(began); took < 900*time.Millisecond || took > 2*time.Second {
		t.Errorf("again after %s", took)
	}
	srv.reply(req, 302, "x", "", "Contact: <sip:127.0.0.1:9>") // not followed
	srv.silence(200 * time.Millisecond)
}

// A closed port: noted from the system's word, and Register does not wait in vain.
func TestTrap15ClosedPort(t *testing.T) {
	srv := newPeer(t)
	addr := srv.addr()
	srv.conn.Close()
	p := newPhone(t, addr)
	began := time.Now()
	if err := p.Register(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("Register took %s", took)
	}
	if !hasNote(p, capture.PhoneUnreachable+" udp "+addr+": connection refused") {
		t.Error(notes(p))
	}
}

// The same for systems that tell connected sockets only.
func TestTrap15Probe(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	done := background(func() error { p.probePort(context.Background()); return nil })
	srv.reply(srv.until("OPTIONS"), 200, "x", "")
	_ = result(t, done)
	if hasNote(p, capture.PhoneUnreachable) {
		t.Error(notes(p))
	}
	srv.conn.Close()
	p.probePort(context.Background())
	if !hasNote(p, capture.PhoneUnreachable+" udp "+srv.addr()+": connection refused") {
		t.Error(notes(p))
	}
}
