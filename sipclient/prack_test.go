package sipclient

import (
	"context"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// setRaw lets the peer hear retransmissions, too.
func (p *peer) setRaw(raw bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw = raw
}

// waitFor fails the test unless the call reaches the state.
func waitFor(t *testing.T, c *Call, want State) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if s := c.Wait(ctx, want); s != want {
		t.Fatalf("the call is %s, not %s: %v", s, want, notes(c.phone))
	}
}

// A server that insists on PRACK repeats its ringing and in the end gives the call up
// when none comes.
func TestPrack(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	c, inv := dial(t, p, srv)
	if inv.Get("Supported") != "100rel, timer" || !strings.Contains(inv.Get("Allow"), "PRACK") {
		t.Errorf("%v", inv.Headers)
	}
	srv.reply(inv, 100, "", "")
	srv.reply(inv, 183, "tt", snd.sdp(), "Require: 100rel", "RSeq: 7001", "Record-Route: <sip:"+srv.addr()+";lr>")
	prack := srv.until("PRACK")
	if prack.Get("RAck") != "7001 1 INVITE" || prack.Get("CSeq") != "2 PRACK" || !strings.HasSuffix(prack.Get("To"), "tag=tt") ||
		prack.URI != "sip:peer@"+srv.addr() || prack.Get("Route") != "<sip:"+srv.addr()+";lr>" {
		t.Errorf("%s %v", prack.URI, prack.Headers)
	}
	mustRead(t, snd.rtp, "early RTP")
	srv.reply(prack, 401, "", "", challengeMD5)
	prack = srv.until("PRACK")
	if prack.Get("Authorization") == "" || prack.Get("RAck") != "7001 1 INVITE" || prack.Get("CSeq") != "3 PRACK" {
		t.Errorf("%v", prack.Headers)
	}
	srv.reply(prack, 200, "", "")
	srv.reply(inv, 183, "tt", snd.sdp(), "Require: 100rel", "RSeq: 7001", "X: copy")
	srv.reply(inv, 180, "tt", "", "Require: 100rel", "RSeq: 7003") // ahead of its turn
	srv.silence(150 * time.Millisecond)
	srv.reply(inv, 180, "tt", "", "Require: 100rel", "RSeq: 7002")
	if prack = srv.until("PRACK"); prack.Get("RAck") != "7002 1 INVITE" || prack.Get("CSeq") != "4 PRACK" {
		t.Errorf("%v", prack.Headers)
	}
	srv.reply(prack, 500, "", "") // refused: that is evidence, not the end
	srv.reply(inv, 200, "tt", "")
	srv.until("ACK")
	waitFor(t, c, Answered)
	mustRead(t, snd.rtp, "RTP")
	done := background(func() error { return c.Hangup(context.Background()) })
	bye := srv.until("BYE")
	if bye.Get("CSeq") != "5 BYE" {
		t.Error(bye.Get("CSeq"))
	}
	srv.reply(bye, 200, "", "")
	_ = result(t, done)
}

// A PRACK that is lost is repeated, and the call lives without its answer.
func TestPrackLost(t *testing.T) {
	srv := newPeer(t)
	srv.setRaw(true)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", "", "Require: 100rel", "RSeq: 1")
	first, second := srv.until("PRACK"), srv.until("PRACK")
	if first.Get("Via") != second.Get("Via") {
		t.Errorf("not a repetition: %s, %s", first.Get("Via"), second.Get("Via"))
	}
	srv.reply(inv, 200, "tt", newSound(t).sdp())
	srv.until("ACK")
	waitFor(t, c, Answered)
}

// Two phones ring: each counts for itself. The sound follows the one that answers,
// though it said where its sound goes only while it rang, and the other spoke last.
func TestPrackForks(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	a, b := newSound(t), newSound(t)
	c, inv := dial(t, p, srv)
	for _, f := range []struct {
		tag, rseq string
		snd       *sound
	}{{"a", "500", a}, {"b", "20", b}} {
		srv.reply(inv, 183, f.tag, f.snd.sdp(), "Require: 100rel", "RSeq: "+f.rseq)
		prack := srv.until("PRACK")
		if !strings.HasSuffix(prack.Get("To"), "tag="+f.tag) || prack.Get("RAck") != f.rseq+" 1 INVITE" || prack.Get("CSeq") != "2 PRACK" {
			t.Errorf("%v", prack.Headers)
		}
		srv.reply(prack, 200, "", "")
	}
	srv.reply(inv, 200, "a", "")
	srv.until("ACK")
	waitFor(t, c, Answered)
	for read(a.rtp, time.Millisecond) != nil || read(b.rtp, time.Millisecond) != nil {
	}
	mustRead(t, a.rtp, "RTP at the phone that answered")
	for read(b.rtp, 30*time.Millisecond) != nil { // what was under way
	}
	if read(b.rtp, 100*time.Millisecond) != nil {
		t.Error("the phone that only rang hears the call")
	}
	for _, tag := range []string{"b", "c"} { // all other answers end
		srv.reply(inv, 200, tag, newSound(t).sdp())
		if ack := srv.until("ACK"); !strings.HasSuffix(ack.Get("To"), "tag="+tag) {
			t.Error(ack.Get("To"))
		}
		bye := srv.until("BYE")
		if !strings.HasSuffix(bye.Get("To"), "tag="+tag) {
			t.Error(bye.Get("To"))
		}
		srv.reply(bye, 200, "", "")
	}
	if c.State() != Answered {
		t.Error(c.State())
	}
}

// The other side changes its sound before it answers.
func TestEarlyUpdate(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	old, moved := newSound(t), newSound(t)
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", "", "Require: 100rel", "RSeq: 1")
	srv.reply(srv.until("PRACK"), 200, "", "")
	update := func(seq int, body string) heard {
		srv.send(p.Local(), srv.within(inv, "UPDATE", "tt", seq, body))
		for {
			if m := srv.next(); strings.HasSuffix(m.Get("CSeq"), " UPDATE") {
				return m
			}
		}
	}
	if m := update(1, moved.sdp()); m.Status != 491 { // our offer has no answer yet
		t.Error(m.Status)
	}
	if m := update(2, ""); m.Status != 200 || m.Get("Contact") == "" || len(m.Body) > 0 {
		t.Error(m.Status, m.Headers)
	}
	srv.reply(inv, 183, "tt", old.sdp(), "Require: 100rel", "RSeq: 2")
	srv.reply(srv.until("PRACK"), 200, "", "")
	if m := update(3, moved.sdp()); m.Status != 200 || !strings.Contains(string(m.Body), "m=audio") {
		t.Errorf("%d %s", m.Status, m.Body)
	}
	srv.reply(inv, 200, "tt", old.sdp()) // the old answer once more changes nothing
	srv.until("ACK")
	waitFor(t, c, Answered)
	mustRead(t, moved.rtp, "RTP")
	for read(old.rtp, time.Millisecond) != nil {
	}
	if read(old.rtp, 100*time.Millisecond) != nil {
		t.Error("the sound goes to the old address")
	}
	if m := update(3, moved.sdp()); m.Status != 500 { // numbers go on in the answered call
		t.Error(m.Status)
	}
}

// A caller that insists gets its ringing again and again until the PRACK comes, and no answer before it.
func TestReliableRinging(t *testing.T) {
	srv := newPeer(t)
	srv.setRaw(true)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "rel", 1, snd.sdp(), "Require: 100rel", "Supported: timer"))
	ring := srv.until("180 INVITE")
	again := srv.until("180 INVITE")
	if ring.Get("RSeq") == "" || ring.Get("Require") != "100rel" || again.Get("RSeq") != ring.Get("RSeq") {
		t.Errorf("%v", ring.Headers)
	}
	c, err := p.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	answered := background(func() error { return c.Answer(context.Background()) })
	ack := func(rack string) {
		srv.send(p.Local(), srv.build("PRACK", contactOf(ring), ring.Get("From"), ring.Get("To"), "rel", 2, "", "RAck: "+rack))
	}
	ack("77 1 INVITE")
	srv.until("481 PRACK")
	for len(srv.got) > 0 {
		if m := <-srv.got; m.Status == 200 {
			t.Fatal("answered before the PRACK")
		}
	}
	if c.State() != Ringing {
		t.Error(c.State())
	}
	ack(ring.Get("RSeq") + " 1 INVITE")
	for seen := map[string]bool{}; !seen["200 PRACK"] || !seen["200 INVITE"]; {
		seen[name(srv.next())] = true
	}
	ack(ring.Get("RSeq") + " 1 INVITE") // another one, not a copy
	srv.until("481 PRACK")
	srv.send(p.Local(), srv.build("ACK", contactOf(ring), ring.Get("From"), ring.Get("To"), "rel", 1, ""))
	if err := result(t, answered); err != nil {
		t.Error(err)
	}
	mustRead(t, snd.rtp, "RTP")
}

// Without an offer in the INVITE, the reliable ringing carries ours, and the PRACK the answer.
func TestReliableOffer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd, moved := newSound(t), newSound(t)
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "rel", 1, "", "Require: 100rel"))
	ring := srv.until("180 INVITE")
	if !strings.Contains(string(ring.Body), "m=audio") {
		t.Fatalf("%s", ring.Body)
	}
	in := func(method string, seq int, body string, extra ...string) {
		srv.send(p.Local(), srv.build(method, contactOf(ring), ring.Get("From"), ring.Get("To"), "rel", seq, body, extra...))
	}
	in("UPDATE", 2, moved.sdp())
	if m := srv.until("500 UPDATE"); m.Get("Retry-After") == "" {
		t.Error(m.Headers)
	}
	in("PRACK", 3, snd.sdp(), "RAck: "+ring.Get("RSeq")+" 1 INVITE")
	srv.until("200 PRACK")
	in("UPDATE", 4, moved.sdp())
	if m := srv.until("200 UPDATE"); !strings.Contains(string(m.Body), "m=audio") {
		t.Errorf("%s", m.Body)
	}
	in("INVITE", 5, moved.sdp())
	srv.until("500 INVITE")
	c, err := p.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Answer(context.Background())
	if ok := srv.until("200 INVITE"); len(ok.Body) > 0 {
		t.Errorf("offer and answer are done, the 200 has %s", ok.Body)
	}
	in("ACK", 1, "")
	mustRead(t, moved.rtp, "RTP")
}

// A caller that insists on PRACK and sends none is refused, and it is known why.
func TestReliableRingingGivenUp(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.ack = 100 * time.Millisecond
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "rel", 1, newSound(t).sdp(), "Require: 100rel"))
	srv.until("504 INVITE")
	if !hasNote(p, capture.PhoneGaveUp+" PRACK rel") {
		t.Error(notes(p))
	}
	// Who only supports it gets a plain 180.
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "plain", 1, newSound(t).sdp(), "Supported: 100rel"))
	if ring := srv.until("180 INVITE"); ring.Has("RSeq") || ring.Has("Require") {
		t.Errorf("%v", ring.Headers)
	}
}

// A server that refuses every phone without an extension is at fault (rules name the
// cause extension-unsupported), and not this phone.
func TestExtensionRequired(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 421, "tt", "", "Require: 100rel, gruu")
	waitFor(t, c, Ended)
	if hasNote(p, capture.PhoneLimit) {
		t.Error(notes(p))
	}
}
