package sipclient

import (
	"context"
	"fmt"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// refuser answers every request of phones with a challenge and a fresh nonce, for ever.
func refuser(t *testing.T, srv *peer, refusal func(m heard) (code int, header string)) (stop func()) {
	t.Helper()
	quit, done := make(chan struct{}), make(chan struct{})
	n := 0
	go func() {
		defer close(done)
		for {
			select {
			case m := <-srv.got:
				if m.IsRequest() && m.Method != "ACK" {
					n++
					code, header := refusal(m)
					srv.reply(m, code, "x", "", fmt.Sprintf(header, n))
				}
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

func always401(heard) (int, string) {
	return 401, `WWW-Authenticate: Digest realm="test", nonce="n%d", qop="auth"`
}

// credentials counts the requests with credentials that phones have sent, each
// request once however often it was repeated.
func credentials(phones ...*Phone) int {
	seen := map[string]bool{}
	for _, p := range phones {
		for _, method := range []string{"REGISTER", "INVITE"} {
			for _, m := range sent(p, method) {
				if auth := m.Get("Authorization") + m.Get("Proxy-Authorization"); auth != "" {
					seen[m.Branch()] = true
				}
			}
		}
	}
	return len(seen)
}

// However it is tried, a password that the server refuses is sent three times at most.
func TestThreeTriesOnEveryPath(t *testing.T) {
	ctx := context.Background()
	ask := func(t *testing.T, p *Phone) { _, _ = p.Bindings(ctx) }
	register := func(t *testing.T, p *Phone) { _ = p.Register(ctx) }
	call := func(t *testing.T, p *Phone) {
		c, err := p.Dial(ctx, "200")
		if err != nil {
			t.Fatal(err)
		}
		c.Wait(ctx, Ended)
	}
	for name, c := range map[string]struct {
		paths   []func(*testing.T, *Phone)
		refusal func(heard) (int, string)
	}{
		"asking who is signed in": {[]func(*testing.T, *Phone){ask}, always401},
		"signing in":              {[]func(*testing.T, *Phone){register}, always401},
		"calling":                 {[]func(*testing.T, *Phone){call}, always401},
		"all of them":             {[]func(*testing.T, *Phone){ask, register, call}, always401},
		"a proxy asks": {[]func(*testing.T, *Phone){call, ask, register}, func(heard) (int, string) {
			return 407, `Proxy-Authenticate: Digest realm="test", nonce="n%d", qop="auth"`
		}},
		"the server says 403": {[]func(*testing.T, *Phone){ask, register}, func(m heard) (int, string) {
			if m.Get("Authorization") != "" {
				return 403, "X-Count: %d"
			}
			return always401(m)
		}},
		"the realm changes": {[]func(*testing.T, *Phone){ask, register, call}, func(heard) (int, string) {
			return 401, `WWW-Authenticate: Digest realm="test%[1]d", nonce="n%[1]d"`
		}},
		"the nonce stays": {[]func(*testing.T, *Phone){ask, register, call}, func(heard) (int, string) {
			return 401, `WWW-Authenticate: Digest realm="test", nonce="n", x=%d`
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newPeer(t)
			tries := &Tries{}
			var phones []*Phone
			for range 2 { // the person tries again: another phone, the same password
				p := newPhone(t, srv.addr(), func(c *Config) { c.Tries = tries })
				phones = append(phones, p)
			}
			stop := refuser(t, srv, c.refusal)
			defer stop()
			for _, p := range phones {
				for range 3 {
					for _, do := range c.paths {
						do(t, p)
					}
				}
			}
			if n := credentials(phones...); n != maxRefused {
				t.Errorf("the password was sent %d times, want %d", n, maxRefused)
			}
			if !hasNote(phones[1], capture.PhoneWithheld+" ") {
				t.Error("no note that the password is withheld:", notes(phones[1]))
			}
		})
	}
}

// Other addresses of the same server are no excuse for more tries. A 503 to
// credentials is no word on them, and leads to the next address once.
func TestThreeTriesOverAllAddresses(t *testing.T) {
	a, b := newPeer(t), newPeer(t)
	p := several(t, "udp", a.addr(), b.addr())
	defer refuser(t, a, func(m heard) (int, string) {
		if m.Get("Authorization") != "" {
			return 503, "X-Count: %d"
		}
		return always401(m)
	})()
	defer refuser(t, b, always401)()
	for range 5 {
		_, _ = p.Bindings(context.Background())
		_ = p.Register(context.Background())
	}
	if n := credentials(p); n != maxRefused+1 || !p.auth.tries.Spent() {
		t.Errorf("the password was sent %d times", n)
	}
}

// A refused password is not sent again by the phone itself: no timer, no keep-alive
// and no new connection repeats the registration.
func TestARefusedPasswordIsNotRepeatedByItself(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.retry, p.timing.rejoin = 1, 1
	stop := refuser(t, srv, always401)
	_ = p.Register(context.Background())
	stop()
	p.rejoin(0)
	p.reg.mu.Lock()
	armed := p.reg.timer != nil
	p.reg.mu.Unlock()
	if armed {
		t.Error("another try is set")
	}
	if n := credentials(p); n != 1 {
		t.Errorf("sent %d times", n)
	}
}
