package sipclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// consent collects what a person is asked about redirections, and agrees to the first.
type consent struct {
	mu   sync.Mutex
	list [][]string
}

func (a *consent) yes(_ context.Context, to []string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, to)
	return to[0], true
}

func (a *consent) all() [][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

// A call that is sent on goes where the person agreed to, and is the same call.
func TestRedirect(t *testing.T) {
	srv, other := newPeer(t), newPeer(t)
	var a consent
	p := newPhone(t, srv.addr(), func(c *Config) { c.Redirect = a.yes })
	c, inv := dial(t, p, srv)
	srv.reply(inv, 302, "tt", "", "Contact: <sip:third@"+srv.addr()+">;q=0.1, <sip:112@"+srv.addr()+">, <sips:secret@x>;q=0.9",
		"Contact: <sip:200@"+srv.addr()+">;q=1, <tel:+49-30-555>;q=0.5, <sip:best@"+other.addr()+";method=BYE?Subject=x>;q=0.7")
	if ack := srv.until("ACK"); ack.Get("CSeq") != "1 ACK" {
		t.Error(ack.Get("CSeq"))
	}
	next := other.until("INVITE")
	if next.URI != "sip:best@"+other.addr() || next.Get("CSeq") != "2 INVITE" || next.Get("Call-ID") != inv.Get("Call-ID") ||
		next.Get("From") != inv.Get("From") || next.Get("To") != inv.Get("To") || next.Get("Via") == inv.Get("Via") {
		t.Errorf("%s %v", next.URI, next.Headers)
	}
	want := [][]string{{"sip:best@" + other.addr(), "sip:+4930555@" + srv.addr(), "sip:third@" + srv.addr()}}
	if got := a.all(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked about %q, want %q", got, want)
	}
	if !hasNote(p, capture.PhoneLimit+" this test phone never calls 112,") {
		t.Error(notes(p))
	}
	snd := newSound(t)
	other.reply(next, 200, "uu", snd.sdp())
	other.until("ACK")
	waitFor(t, c, Answered)
	mustRead(t, snd.rtp, "RTP")
	done := background(func() error { return c.Hangup(context.Background()) })
	other.reply(other.until("BYE"), 200, "", "")
	_ = result(t, done)
}

// The account's own server is asked with credentials, another one never gets any.
func TestRedirectKeepsPassword(t *testing.T) {
	srv, other := newPeer(t), newPeerAt(t, "127.0.0.2")
	var a consent
	p := newPhone(t, srv.addr(), func(c *Config) { c.Redirect = a.yes })
	c, inv := dial(t, p, srv)
	srv.reply(inv, 301, "tt", "", "Contact: sip:300@"+srv.addr())
	inv = srv.until("INVITE")
	srv.reply(inv, 407, "tt", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	inv = srv.until("INVITE")
	if inv.Get("Proxy-Authorization") == "" || inv.URI != "sip:300@"+srv.addr() {
		t.Errorf("%s %v", inv.URI, inv.Headers)
	}
	srv.reply(inv, 302, "tt", "", "Contact: sip:300@"+other.addr())
	inv = other.until("INVITE")
	if inv.Has("Proxy-Authorization") {
		t.Error("credentials of the first server go to the second")
	}
	other.reply(inv, 401, "uu", "", challengeMD5)
	other.until("ACK")
	waitFor(t, c, Ended)
	other.silence(100 * time.Millisecond)
}

func TestRedirectsEnd(t *testing.T) {
	srv := newPeer(t)
	var a consent
	p := newPhone(t, srv.addr(), func(c *Config) { c.Redirect = a.yes })
	c, inv := dial(t, p, srv)
	for i := range maxRedirects {
		srv.reply(inv, 302, "tt", "", fmt.Sprintf("Contact: <sip:hop%d@%s>", i, srv.addr()))
		inv = srv.until("INVITE")
	}
	srv.reply(inv, 302, "tt", "", "Contact: <sip:hop9@"+srv.addr()+">")
	waitFor(t, c, Ended)
	if !hasNote(p, capture.PhoneLimit+" this test phone follows a call that is sent on 5 times at most") || len(a.all()) != maxRedirects {
		t.Error(notes(p), a.all())
	}
	// In a circle: nobody is asked about a place that was called already.
	c, inv = dial(t, p, srv)
	srv.reply(inv, 302, "tt", "", "Contact: <sip:200@"+strings.ToUpper(srv.addr())+";x=y>")
	waitFor(t, c, Ended)
	if len(a.all()) != maxRedirects {
		t.Error(a.all())
	}
}

func TestRedirectNotFollowed(t *testing.T) {
	for what, say := range map[string]func(context.Context, []string) (string, bool){
		"nobody to ask":     nil,
		"no":                func(_ context.Context, to []string) (string, bool) { return to[0], false },
		"somewhere else":    func(context.Context, []string) (string, bool) { return "sip:mallory@x", true },
		"hung up meanwhile": func(ctx context.Context, to []string) (string, bool) { <-ctx.Done(); return to[0], true },
	} {
		t.Run(what, func(t *testing.T) {
			srv := newPeer(t)
			p := newPhone(t, srv.addr(), func(c *Config) { c.Redirect = say })
			c, inv := dial(t, p, srv)
			srv.reply(inv, 302, "tt", "", "Contact: <sip:300@"+srv.addr()+">")
			srv.until("ACK")
			if what == "hung up meanwhile" {
				waitFor(t, c, Trying)
				_ = c.Hangup(context.Background())
			}
			waitFor(t, c, Ended)
			srv.silence(50 * time.Millisecond)
		})
	}
	srv := newPeer(t)
	for _, code := range []int{305, 380} {
		var a consent
		p := newPhone(t, srv.addr(), func(c *Config) { c.Redirect = a.yes })
		c, inv := dial(t, p, srv)
		srv.reply(inv, code, "tt", "", "Contact: <sip:300@"+srv.addr()+">")
		waitFor(t, c, Ended)
		if len(a.all()) > 0 {
			t.Errorf("%d was to be followed", code)
		}
	}
}
