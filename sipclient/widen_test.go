package sipclient

import (
	"context"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
)

var longNumber = strings.Repeat("9", 600)

// Without it, a large INVITE is cut into fragments, which many routers drop.
func TestLargeRequestOverTCP(t *testing.T) {
	srv := newPeer(t)
	wide := newStreamPeerAt(t, srv.addr(), nil)
	peers.Store(srv.addr(), srv) // what closing the phone sends is small
	p := newPhone(t, srv.addr())
	register(t, p, srv) // small: stays on UDP
	c, err := p.Dial(context.Background(), longNumber)
	if err != nil {
		t.Fatal(err)
	}
	inv := wide.until("INVITE")
	if via := inv.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/TCP "+inv.from.String()+";") {
		t.Errorf("Via: %s from %s", via, inv.from)
	}
	if contact := contactOf(inv); contact != "sip:"+p.token+"@"+p.Local().String() {
		t.Errorf("Contact %s is not where we are reached", contact)
	}
	wide.reply(inv, 180, "tt", "")
	c.Wait(context.Background(), Ringing)
	done := background(func() error { return c.Hangup(context.Background()) })
	cancel := wide.until("CANCEL") // by the way of its INVITE
	if cancel.Get("Via") != inv.Get("Via") {
		t.Errorf("Via: %s", cancel.Get("Via"))
	}
	wide.reply(cancel, 200, "tt", "")
	wide.reply(inv, 487, "tt", "")
	_ = result(t, done)
	opts := background(func() error { return p.Options(context.Background(), 1500) })
	srv.reply(srv.until("OPTIONS"), 200, "x", "") // a size that is being tried stays on UDP
	_ = result(t, opts)
	if hasNote(p, capture.PhoneFallback) {
		t.Error(notes(p))
	}
}

// A server without TCP gets it over UDP after all, and TCP is not tried each time.
func TestLargeRequestFallsBack(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for range 2 {
		c, err := p.Dial(context.Background(), longNumber)
		if err != nil {
			t.Fatal(err)
		}
		inv := srv.until("INVITE")
		if !strings.HasPrefix(inv.Get("Via"), "SIP/2.0/UDP "+p.Local().String()+";") {
			t.Errorf("Via: %s", inv.Get("Via"))
		}
		srv.reply(inv, 486, "x", "")
		c.Wait(context.Background(), Ended)
	}
	n := 0
	for _, note := range notes(p) {
		if note == capture.PhoneFallback+" tcp "+srv.addr()+": connection refused, using udp "+srv.addr() {
			n++
		}
	}
	if n != 1 || hasNote(p, capture.PhoneUnreachable) {
		t.Error(notes(p))
	}
}

// A server that closes the connection after its challenge gets the credentials on a new one.
func TestConnectionGoneMeanwhile(t *testing.T) {
	srv := newStreamPeer(t, nil)
	p := newPhone(t, srv.addr(), overTCP)
	w, err := p.out(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	req := p.registerRequest(0, w)
	srv.line.drop()
	eventually(t, "the phone sees it", func() bool { return p.standing(p.toServer()) == nil })
	done := background(func() error { _, err := p.transact(context.Background(), req); return err })
	got := srv.until("REGISTER")
	if got.from == w.local || !strings.Contains(got.Get("Via"), got.from.String()) || !strings.Contains(contactOf(got), got.from.String()) {
		t.Errorf("from %s, Via: %s, Contact: %s", got.from, got.Get("Via"), got.Get("Contact"))
	}
	srv.reply(got, 200, "x", "")
	if err := result(t, done); err != nil {
		t.Error(err)
	}
}
