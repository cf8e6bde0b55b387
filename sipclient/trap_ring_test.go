package sipclient

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// Without the cure: Answer after a CANCEL sends 200 into a dead call and hangs.
func TestTrap10Cancelled(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	inv := srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "cx", 1, newSound(t).sdp())
	srv.send(p.Local(), inv)
	c, err := p.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ring := srv.until("180 INVITE")
	cancel := strings.Replace(strings.Replace(inv, "INVITE sip", "CANCEL sip", 1), "1 INVITE", "1 CANCEL", 1)
	srv.send(p.Local(), cancel)
	srv.until("200 CANCEL")
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if s := c.Wait(ctx, Ended); s != Ended {
		t.Error("after the CANCEL the call is", s)
	}
	gone := srv.until("487 INVITE")
	if gone.Get("To") != ring.Get("To") {
		t.Errorf("180 has To %s, 487 %s", ring.Get("To"), gone.Get("To"))
	}
	done := background(func() error { return c.Answer(context.Background()) })
	if err := result(t, done); err != nil || c.State() != Ended {
		t.Error(err, c.State())
	}
	for len(srv.got) > 0 {
		if m := <-srv.got; m.Status == 200 && strings.Contains(m.Get("CSeq"), "INVITE") {
			t.Error("200 after the CANCEL")
		}
	}
}

// Without the cure: hanging up before any answer blocks for 32 s, and a call that is
// answered then stays up at the other side.
func TestTrap10HangupBeforeAnswer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	began := time.Now()
	done := background(func() error { return c.Hangup(context.Background()) })
	_ = result(t, done)
	if took := time.Since(began); took > 3*time.Second || c.State() != Ended {
		t.Errorf("Hangup took %s, the call is %s", took, c.State())
	}
	srv.reply(inv, 180, "tt", "") // late: now it can be cancelled
	srv.reply(srv.until("CANCEL"), 200, "tt", "")
	srv.reply(inv, 200, "tt", newSound(t).sdp()) // crossing with the CANCEL
	srv.until("ACK")
	srv.reply(srv.until("BYE"), 200, "", "")
	if c.State() != Ended {
		t.Error(c.State())
	}
}

func TestHangupWhileRinging(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", "")
	c.Wait(context.Background(), Ringing)
	done := background(func() error { return c.Hangup(context.Background()) })
	cancel := srv.until("CANCEL")
	if cancel.Get("Via") != inv.Get("Via") || cancel.URI != inv.URI || cancel.Get("CSeq") != "1 CANCEL" {
		t.Errorf("CANCEL does not match its INVITE: %v", cancel.Headers)
	}
	srv.reply(cancel, 200, "tt", "")
	srv.reply(inv, 487, "tt", "")
	srv.until("ACK")
	_ = result(t, done)
	if c.State() != Ended {
		t.Error(c.State())
	}
}

// Without the cure: a silent server holds a call, and its hang-up, for 32 s each.
func TestTrap11Silence(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer stop()
	c, err := p.Dial(ctx, "200")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if s := c.Wait(context.Background(), Ended); s != Ended || time.Since(began) > 2*time.Second {
		t.Error(s, time.Since(began))
	}
	if !hasNote(p, capture.PhoneGaveUp+" INVITE "+c.ID()) {
		t.Error(notes(p))
	}
	// A copy at 1.5 s would ring at a call that nobody makes any more.
	time.Sleep(time.Until(began.Add(1600 * time.Millisecond)))
	copies := 0
	for _, r := range p.tape.From(0) {
		if r.Packet != nil && strings.HasPrefix(string(r.Packet.Data), "INVITE") {
			copies++
		}
	}
	if copies > 2 {
		t.Errorf("the INVITE of the call that was given up went out %d times", copies)
	}
	srv.until("INVITE")
	c, _ = connect(t, p, srv, newSound(t).sdp())
	began = time.Now()
	_ = c.Hangup(context.Background()) // the BYE is never answered
	if took := time.Since(began); took > 3*time.Second {
		t.Error("Hangup took", took)
	}
	p.timing.options = 200 * time.Millisecond
	began = time.Now()
	if err := p.Options(context.Background(), 0); err != nil || time.Since(began) > time.Second {
		t.Error(err, time.Since(began))
	}
	if !hasNote(p, capture.PhoneGaveUp+" OPTIONS ") {
		t.Error(notes(p))
	}
}
