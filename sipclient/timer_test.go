package sipclient

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// A server that wants longer intervals gets them, once.
func TestSessionIntervalTooSmall(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	if inv.Get("Supported") != "100rel, timer" || inv.Has("Session-Expires") {
		t.Errorf("%v", inv.Headers)
	}
	srv.reply(inv, 407, "x", "", `Proxy-Authenticate: Digest realm="t", nonce="one", qop="auth"`)
	srv.reply(srv.until("INVITE"), 422, "x", "", "Min-SE: 3600")
	inv = srv.until("INVITE")
	if inv.Get("Session-Expires") != "3600" || inv.Get("Min-SE") != "3600" || inv.Has("Proxy-Authorization") {
		t.Errorf("%v", inv.Headers)
	}
	srv.reply(inv, 407, "x", "", `Proxy-Authenticate: Digest realm="t", nonce="two", qop="auth"`)
	if inv = srv.until("INVITE"); !strings.Contains(inv.Get("Proxy-Authorization"), `nonce="two"`) || inv.Get("Session-Expires") != "3600" {
		t.Errorf("%v", inv.Headers)
	}
	srv.reply(inv, 422, "x", "", "Min-SE: 7200") // and again: that is final
	c.Wait(context.Background(), Ended)
	if hasNote(p, capture.PhoneLimit) {
		t.Error("a server that refuses the interval it asked for is no limit of the phone's:", notes(p))
	}
}

// Without it, a server ends the call after 15 or 30 minutes.
func TestSessionRefresh(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 200, "tt", newSound(t).sdp(), "Session-Expires: 1;refresher=uac", "Require: timer", "Allow: INVITE, UPDATE")
	srv.until("ACK")
	for range 2 {
		began := time.Now()
		up := srv.until("UPDATE")
		if took := time.Since(began); took > 900*time.Millisecond || took < 300*time.Millisecond {
			t.Errorf("refreshed after %s of 1 s", took)
		}
		if up.Get("Session-Expires") != "1;refresher=uac" || len(up.Body) != 0 {
			t.Errorf("%v", up.Headers)
		}
		srv.reply(up, 200, "", "", "Session-Expires: 1;refresher=uac")
	}
	srv.reply(srv.until("UPDATE"), 481, "", "") // the server has lost the call
	srv.reply(srv.until("BYE"), 481, "", "")
	if s := c.Wait(context.Background(), Ended); s != Ended {
		t.Error(s)
	}
}

// The other side's refreshes are answered and keep the call; without them it ends.
func TestSessionRefreshed(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.session = time.Second
	snd := newSound(t)
	waiting := background(func() *Call { c, _ := p.Await(context.Background()); return c })
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:bob@x>;tag=bb", "<sip:alice@x>", "in-1", 1, snd.sdp(), "Supported: timer", "Require: timer", "Session-Expires: 1"))
	c := result(t, waiting)
	_ = c.Answer(context.Background())
	ok := srv.until("200 INVITE")
	if ok.Get("Session-Expires") != "1;refresher=uac" || ok.Get("Require") != "timer" {
		t.Errorf("%v", ok.Headers)
	}
	srv.send(p.Local(), srv.build("ACK", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 1, ""))
	for i := range 3 {
		time.Sleep(400 * time.Millisecond)
		srv.send(p.Local(), srv.build("UPDATE", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 2+i, "", "Supported: timer", "Session-Expires: 1;refresher=uac"))
		if up := srv.until("200 UPDATE"); up.Get("Session-Expires") != "1;refresher=uac" {
			t.Errorf("%v", up.Headers)
		}
	}
	srv.reply(srv.until("BYE"), 200, "", "")
	if s := c.Wait(context.Background(), Ended); s != Ended || !hasNote(p, capture.PhoneGaveUp+" UPDATE in-1") {
		t.Error(s, notes(p))
	}
}

func TestSessionIntervalRefused(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:bob@x>;tag=bb", "<sip:alice@x>", "in-1", 1, newSound(t).sdp(), "x: 30;refresher=uac", "Supported: timer"))
	if no := srv.until("422 INVITE"); no.Get("Min-SE") != "90" {
		t.Errorf("%v", no.Headers)
	}
}
