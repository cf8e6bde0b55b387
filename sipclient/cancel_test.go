package sipclient

import (
	"context"
	"testing"
	"time"
)

// A CANCEL that is lost comes again for as long as the other phone may ring, also
// after the call is over for this side.
func TestCancelLost(t *testing.T) {
	srv := newPeer(t)
	srv.setRaw(true)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 100, "", "")
	waitFor(t, c, Trying) // between 100 and 180
	done := background(func() error { return c.Hangup(context.Background()) })
	began := time.Now()
	for range 3 { // at 0, 0.5 and 1.5 s
		srv.until("CANCEL")
	}
	_ = result(t, done)
	cancel := srv.until("CANCEL") // at 3.5 s
	if took := time.Since(began); took < 2500*time.Millisecond || c.State() != Ended {
		t.Error(took, c.State())
	}
	srv.reply(cancel, 200, "tt", "")
	srv.reply(inv, 487, "tt", "")
	srv.until("ACK")
}

// The call is answered at the moment it is hung up: it is taken, and ended.
func TestCancelAndAnswerCross(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", "")
	waitFor(t, c, Ringing)
	done := background(func() error { return c.Hangup(context.Background()) })
	cancel := srv.until("CANCEL")
	srv.reply(inv, 200, "tt", newSound(t).sdp())
	srv.reply(cancel, 200, "tt", "")
	srv.until("ACK")
	srv.reply(srv.until("BYE"), 200, "", "")
	_ = result(t, done)
	if c.State() != Ended {
		t.Error(c.State())
	}
}

// A call that is hung up while the server asks for credentials is not placed once more.
func TestCancelAtChallenge(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	done := background(func() error { return c.Hangup(context.Background()) })
	<-c.hang
	srv.reply(inv, 407, "x", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	srv.until("ACK")
	_ = result(t, done)
	srv.silence(200 * time.Millisecond)
	// With credentials on the way, it is that INVITE that is cancelled.
	c, inv = dial(t, p, srv)
	srv.reply(inv, 407, "x", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	inv = srv.until("INVITE")
	srv.reply(inv, 180, "tt", "")
	waitFor(t, c, Ringing)
	done = background(func() error { return c.Hangup(context.Background()) })
	cancel := srv.until("CANCEL")
	if cancel.Get("CSeq") != "2 CANCEL" || cancel.Get("Via") != inv.Get("Via") {
		t.Errorf("%v", cancel.Headers)
	}
	srv.reply(cancel, 200, "tt", "")
	srv.reply(inv, 487, "tt", "")
	srv.until("ACK")
	_ = result(t, done)
}

// While a PRACK waits for its answer, the call is hung up; what still comes reliably
// is confirmed, or the server would repeat it in place of its 487.
func TestCancelDuringPrack(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", "", "Require: 100rel", "RSeq: 1")
	prack := srv.until("PRACK")
	done := background(func() error { return c.Hangup(context.Background()) })
	cancel := srv.until("CANCEL")
	srv.reply(prack, 200, "", "")
	srv.reply(inv, 183, "tt", "", "Require: 100rel", "RSeq: 2")
	srv.reply(srv.until("PRACK"), 200, "", "")
	srv.reply(cancel, 200, "tt", "")
	srv.reply(inv, 487, "tt", "")
	srv.until("ACK")
	_ = result(t, done)
	if c.State() != Ended {
		t.Error(c.State())
	}
}

// The phone closes before the server said a word: it will not be there to cancel later.
func TestCancelAtClose(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	_, inv := dial(t, p, srv)
	done := background(func() error { return p.Close(context.Background()) })
	cancel := srv.until("CANCEL")
	if cancel.Get("Via") != inv.Get("Via") {
		t.Errorf("%v", cancel.Headers)
	}
	srv.reply(cancel, 200, "tt", "")
	_ = result(t, done)
}

// An INVITE that another server got meanwhile is not repeated at the first: the phone
// there would ring for a call that is answered elsewhere.
func TestAbandonedInviteIsNotRepeated(t *testing.T) {
	silent, good := newPeer(t), newPeer(t)
	silent.setRaw(true)
	p := several(t, "udp", silent.addr(), good.addr())
	_, _ = dial(t, p, silent)
	inv := good.until("INVITE")
	good.reply(inv, 180, "tt", "")
	silent.silence(1800 * time.Millisecond) // the stack would repeat it at 0.5 and 1.5 s
}
