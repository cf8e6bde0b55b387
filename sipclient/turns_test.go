package sipclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// serve answers the INVITEs that come to a peer until the test ends: a challenge
// without credentials, proven with them; proven may be nil for silence.
func serve(t *testing.T, srv *peer, proven func(invite heard)) {
	t.Helper()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case m := <-srv.got:
				switch {
				case m.Method == "CANCEL":
					srv.reply(m, 200, "x", "")
				case m.Method != "INVITE":
				case m.Get("Proxy-Authorization") == "":
					srv.reply(m, 407, "x", "", fmt.Sprintf(`Proxy-Authenticate: Digest realm="test", nonce="n%d", qop="auth"`, n))
				case proven != nil:
					proven(m)
				}
			case <-quit:
				return
			}
		}
	}()
	t.Cleanup(func() { close(quit); <-done })
}

func dialAll(t *testing.T, ctx context.Context, p *Phone, n int) (calls []*Call) {
	t.Helper()
	for range n {
		c, err := p.Dial(ctx, "200")
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	return calls
}

// Of ten calls dialled at the same moment each gets its turn to send the password,
// though none of them has been answered yet.
func TestManyCallsAtOnceEachProveThemselves(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	serve(t, srv, func(m heard) {
		srv.reply(m, 100, "", "")
		srv.reply(m, 180, "x", "")
	})
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	calls := dialAll(t, ctx, p, 10)
	for i, c := range calls {
		if s := c.Wait(ctx, Ringing); s != Ringing {
			t.Errorf("call %d is %v", i, s)
		}
	}
	for _, c := range calls {
		_ = c.Hangup(ctx)
	}
	if n := credentials(p); n != 10 {
		t.Errorf("%d INVITEs with credentials", n)
	}
}

// Calls at once are no way around three tries, whether the server refuses at once or
// lets the call ring first.
func TestThreeTriesOfManyCallsAtOnce(t *testing.T) {
	for _, first := range []int{100, 180} {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			srv := newPeer(t)
			p := newPhone(t, srv.addr())
			serve(t, srv, func(m heard) {
				srv.reply(m, first, "x", "")
				srv.reply(m, 407, "x", "", `Proxy-Authenticate: Digest realm="test", nonce="new", qop="auth"`)
			})
			for _, c := range dialAll(t, context.Background(), p, 10) {
				waitFor(t, c, Ended)
			}
			// An answer that rings lets the next one go before it is refused.
			if n := credentials(p); first == 100 && n != maxRefused || n > 10 || !p.auth.tries.Spent() {
				t.Errorf("the password was sent %d times", n)
			}
			before := credentials(p)
			for _, c := range dialAll(t, context.Background(), p, 3) {
				waitFor(t, c, Ended)
			}
			if n := credentials(p); n != before {
				t.Errorf("the password was sent %d times more after it was spent", n-before)
			}
			if n := strings.Count(strings.Join(notes(p), "\n"), capture.PhoneWithheld+" "); first == 100 && n != 10 {
				t.Errorf("%d notes that the password is withheld, want one for each other call", n)
			}
		})
	}
}

// A server that never says what it thinks of the password keeps others waiting, but
// they can be hung up, given up and closed meanwhile.
func TestWaitingForATurnEnds(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	serve(t, srv, nil)
	ctx, giveUp := context.WithCancel(context.Background())
	calls := dialAll(t, ctx, p, 3)
	eventually(t, "three passwords under way", func() bool { return credentials(p) == 3 })
	waiting := func(n int) func() bool {
		return func() bool {
			p.auth.tries.mu.Lock()
			defer p.auth.tries.mu.Unlock()
			return len(p.auth.tries.queue) == n
		}
	}
	hung := dialAll(t, context.Background(), p, 2)
	given := dialAll(t, ctx, p, 2)
	eventually(t, "the queue", waiting(4))
	for _, c := range hung {
		_ = c.Hangup(context.Background())
		waitFor(t, c, Ended)
	}
	eventually(t, "the queue", waiting(2))
	giveUp()
	for _, c := range given {
		waitFor(t, c, Ended)
	}
	for _, c := range slices.Concat(hung, given) {
		if !hasNote(p, capture.PhoneGaveUp+" INVITE "+c.ID()) {
			t.Error("no note that the call was given up")
		}
	}
	if hasNote(p, capture.PhoneWithheld) || credentials(p) != 3 {
		t.Error(notes(p))
	}
	for _, c := range calls {
		waitFor(t, c, Ended)
	}
}
