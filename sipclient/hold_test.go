package sipclient

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestHoldAndResume(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	c, _ := connect(t, p, srv, snd.sdp())
	mustRead(t, snd.rtp, "RTP")
	hold := background(func() error { return c.Hold(context.Background()) })
	re := srv.until("INVITE")
	if !strings.Contains(string(re.Body), "a=sendonly\r\n") || !strings.Contains(re.Get("To"), "tag=") {
		t.Errorf("%v %s", re.Headers, re.Body)
	}
	// An INVITE of theirs at the same time has to wait.
	srv.send(p.Local(), srv.build("INVITE", contactOf(re), re.Get("To"), re.Get("From"), re.Get("Call-ID"), 50, snd.sdp()))
	srv.until("491 INVITE")
	srv.reply(re, 401, "", "", challengeMD5)
	re = srv.until("INVITE")
	if re.Get("Authorization") == "" {
		t.Fatal("no credentials")
	}
	srv.reply(re, 200, "", snd.sdp("a=recvonly"))
	ack := srv.until("ACK")
	if n, _, _ := ack.CSeq(); strings.TrimSuffix(re.Get("CSeq"), " INVITE") != strings.TrimSuffix(ack.Get("CSeq"), " ACK") {
		t.Errorf("ACK %d of %s", n, re.Get("CSeq"))
	}
	if err := result(t, hold); err != nil {
		t.Fatal(err)
	}
	for read(snd.rtp, 60*time.Millisecond) != nil {
	}
	if read(snd.rtp, 200*time.Millisecond) != nil {
		t.Error("sound on hold")
	}
	setRaw := func(raw bool) { srv.mu.Lock(); srv.raw = raw; srv.mu.Unlock() }
	setRaw(true)
	srv.reply(re, 200, "", snd.sdp("a=recvonly")) // our ACK was lost
	srv.until("ACK")
	setRaw(false)
	resume := background(func() error { return c.Resume(context.Background()) })
	re = srv.until("INVITE")
	if !strings.Contains(string(re.Body), "a=sendrecv\r\n") {
		t.Errorf("%s", re.Body)
	}
	srv.reply(re, 200, "", snd.sdp())
	srv.until("ACK")
	if err := result(t, resume); err != nil {
		t.Fatal(err)
	}
	mustRead(t, snd.rtp, "RTP")
	if c.State() != Answered {
		t.Error(c.State())
	}
}

func TestHoldRefused(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	c, _ := connect(t, p, srv, snd.sdp())
	hold := background(func() error { return c.Hold(context.Background()) })
	srv.reply(srv.until("INVITE"), 488, "", "")
	if err := result(t, hold); err == nil || !strings.Contains(err.Error(), "488") || c.State() != Answered {
		t.Error(err, c.State())
	}
	for read(snd.rtp, time.Millisecond) != nil {
	}
	mustRead(t, snd.rtp, "RTP after a refused hold")
	// Both at once: ours comes again.
	hold = background(func() error { return c.Hold(context.Background()) })
	srv.reply(srv.until("INVITE"), 491, "", "")
	began := time.Now()
	re := srv.until("INVITE")
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("again after %s", took)
	}
	srv.reply(re, 200, "", snd.sdp("a=inactive"))
	srv.until("ACK")
	if err := result(t, hold); err != nil {
		t.Error(err)
	}
	out, _ := dial(t, p, srv)
	if err := out.Hold(context.Background()); err == nil {
		t.Error("a call that is not up was held")
	}
}

// A server that knows no UPDATE gets its sign of life by re-INVITE.
func TestSessionRefreshByOffer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	c, inv := dial(t, p, srv)
	srv.reply(inv, 200, "tt", snd.sdp(), "Session-Expires: 2;refresher=uac")
	srv.until("ACK")
	srv.reply(srv.until("UPDATE"), 405, "", "")
	re := srv.until("INVITE")
	if re.Get("Session-Expires") != "2;refresher=uac" || !strings.Contains(string(re.Body), "a=sendrecv") {
		t.Errorf("%v %s", re.Headers, re.Body)
	}
	srv.reply(re, 200, "", snd.sdp(), "Session-Expires: 2;refresher=uac")
	srv.until("ACK")
	if c.State() != Answered {
		t.Error(c.State())
	}
}
