package sipclient

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Who is called can name any address in Contact and ask there for the password of the
// BYE that we send. The answer to that challenge would be worth the account to whoever
// guesses passwords, or repeats the server's own nonce: it goes to no address but the
// account's.
func TestPasswordStaysWithTheServer(t *testing.T) {
	for _, route := range []string{"", "Record-Route: <sip:%s;lr>"} {
		srv, other := newPeer(t), newPeerAt(t, "127.0.0.2")
		p := newPhone(t, srv.addr())
		c, inv := dial(t, p, srv)
		answer := srv.answer(inv, 200, "tt", newSound(t).sdp())
		if route != "" {
			route = strings.Replace(route, "%s", other.addr(), 1) + "\r\n"
		}
		srv.send(inv.from, strings.Replace(answer, "Contact: <sip:peer@"+srv.addr(), route+"Contact: <sip:peer@"+other.addr(), 1))
		other.until("ACK")
		waitFor(t, c, Answered)
		done := background(func() error { return c.Hangup(context.Background()) })
		other.reply(other.until("BYE"), 401, "", "", challengeMD5)
		_ = result(t, done)
		other.silence(100 * time.Millisecond)
		for _, m := range sent(p, "BYE") {
			if m.Has("Authorization") {
				t.Error("the answer to a stranger's challenge was sent")
			}
		}
	}
}

// The registrar's Service-Route leads to a server of the account's, which gets what it asks for.
func TestPasswordOnTheServiceRoute(t *testing.T) {
	srv, edge := newPeer(t), newPeerAt(t, "127.0.0.2")
	p := newPhone(t, srv.addr())
	done := background(func() error { return p.Register(context.Background()) })
	srv.reply(srv.until("REGISTER"), 200, "r", "", "Service-Route: <sip:"+edge.addr()+";lr>")
	_ = result(t, done)
	_, inv := dial(t, p, edge)
	edge.reply(inv, 407, "tt", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	if next := edge.until("INVITE"); !next.Has("Proxy-Authorization") {
		t.Error("an edge of the account's own server gets no credentials")
	}
}

// A line without a password says so on the tape, for the reader would wait for an answer
// to the challenge that never comes.
func TestNoPasswordIsNoted(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.Password, c.Register = "", false })
	c, inv := dial(t, p, srv)
	srv.reply(inv, 407, "tt", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	waitFor(t, c, Ended)
	if !hasNote(p, capture.PhoneWithheld+" "+c.ID()+" none") {
		t.Error(notes(p))
	}
}

// Letters beyond ASCII stand in addresses in their escaped form, and in the answer to a
// challenge as they are.
func TestUmlauts(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.User = "jörg" })
	done := background(func() error { return p.Register(context.Background()) })
	req := srv.until("REGISTER")
	srv.reply(req, 401, "r", "", challengeMD5)
	next := srv.until("REGISTER")
	srv.reply(next, 200, "r", "")
	_ = result(t, done)
	if !strings.HasPrefix(req.Get("To"), "<sip:j%C3%B6rg@") || !strings.HasPrefix(req.Get("From"), "<sip:j%C3%B6rg@") || !strings.Contains(next.Get("Authorization"), `username="jörg"`) {
		t.Errorf("%s %s %s", req.Get("To"), req.Get("From"), next.Get("Authorization"))
	}
	for _, to := range []string{"zoë", "zoë@pbx.example"} {
		if uri, ok := p.target(to); !ok || uri.User != "zo%C3%AB" {
			t.Errorf("%q: %s", to, uri.String())
		}
	}
}
