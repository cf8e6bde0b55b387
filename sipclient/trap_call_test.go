package sipclient

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// dial calls 200 at the peer and gives the call with its INVITE.
func dial(t *testing.T, p *Phone, srv *peer) (*Call, heard) {
	t.Helper()
	c, err := p.Dial(context.Background(), "200")
	if err != nil {
		t.Fatal(err)
	}
	return c, srv.until("INVITE")
}

// connect has a call answered by the peer.
func connect(t *testing.T, p *Phone, srv *peer, body string) (*Call, heard) {
	t.Helper()
	c, inv := dial(t, p, srv)
	srv.reply(inv, 200, "tt", body)
	srv.until("ACK")
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if s := c.Wait(ctx, Answered); s != Answered {
		t.Fatalf("the call is %s: %v", s, notes(p))
	}
	return c, inv
}

// alive fails unless the phone still answers the peer's OPTIONS.
func alive(t *testing.T, p *Phone, srv *peer) {
	t.Helper()
	srv.send(p.Local(), srv.build("OPTIONS", "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "o-"+randomHex(4), 1, ""))
	srv.until("200 OPTIONS")
}

// Without the cure (the stack's own transport): in-dialog requests leave from a
// second socket with "Via: 0.0.0.0", past the tape, and o= ids exceed 63 bits, which draws 488.
func TestTrap05OneSocket(t *testing.T) {
	srv, elsewhere := newPeer(t), newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	answer := srv.answer(inv, 200, "tt", newSound(t).sdp())
	srv.send(inv.from, strings.ReplaceAll(answer, "<sip:peer@"+srv.addr(), "<sip:peer@"+elsewhere.addr()))
	ack := elsewhere.until("ACK")
	done := background(func() error { return c.Hangup(context.Background()) })
	bye := elsewhere.until("BYE")
	elsewhere.reply(bye, 200, "", "")
	_ = result(t, done)
	for _, m := range []heard{inv, ack, bye} {
		if m.from != p.Local() || !strings.Contains(m.Get("Via"), p.Local().String()) {
			t.Errorf("%s from %s, Via %s", m.Method, m.from, m.Get("Via"))
		}
	}
	for _, field := range strings.Fields(originOf(string(inv.Body)))[1:3] {
		if n, err := strconv.ParseInt(field, 10, 64); err != nil || n < 0 {
			t.Error("o= id:", field)
		}
	}
}

func originOf(sdp string) string {
	for _, line := range strings.Split(sdp, "\r\n") {
		if strings.HasPrefix(line, "o=") {
			return line
		}
	}
	return ""
}

// Without the cure (diago's dialog): the eleventh answer drops the call, without a CANCEL.
func TestTrap07ManyProvisionals(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	for i := range 40 {
		srv.reply(inv, 180+3*(i%2), "tt", "", fmt.Sprint("X-N: ", i))
		time.Sleep(2 * time.Millisecond) // or the 200 overtakes them inside the stack
	}
	srv.reply(inv, 200, "tt", newSound(t).sdp())
	srv.until("ACK")
	if s := c.Wait(context.Background(), Answered); s != Answered {
		t.Fatal(s)
	}
	srv.send(p.Local(), srv.within(inv, "BYE", "tt", 1, ""))
	srv.until("200 BYE")
	c.Wait(context.Background(), Ended)
}

// Without the cure: a 200 without SDP gets neither ACK nor BYE, and the other side
// repeats it for 32 s.
func TestTrap08AnswerWithoutSDP(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 200, "tt", "")
	srv.until("ACK")
	srv.reply(srv.until("BYE"), 200, "", "")
	if s := c.Wait(context.Background(), Ended); s != Ended {
		t.Fatal(s)
	}
	// With a description before, the 200 needs none.
	c, inv = dial(t, p, srv)
	srv.reply(inv, 183, "tt", newSound(t).sdp())
	eventually(t, "ringing", func() bool { return c.State() == Ringing })
	srv.reply(inv, 200, "tt", "")
	srv.until("ACK")
	if s := c.Wait(context.Background(), Answered); s != Answered {
		t.Fatal(s)
	}
}

// Without the cure: a BYE right behind our ACK (or before it) finds no dialog, gets
// 481, and the call stays up for ever.
func TestTrap09EarlyBye(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	for i := range 40 {
		c, inv := dial(t, p, srv)
		srv.reply(inv, 200, "tt", snd.sdp())
		if i%2 == 0 {
			srv.until("ACK")
		}
		srv.send(p.Local(), srv.within(inv, "BYE", "tt", 1, ""))
		for m := srv.next(); m.Status != 200; m = srv.next() {
			if m.Status > 200 {
				t.Fatalf("call %d: BYE answered %d", i, m.Status)
			}
		}
		ctx, stop := context.WithTimeout(context.Background(), patience)
		if s := c.Wait(ctx, Ended); s != Ended {
			t.Fatal(s)
		}
		stop()
	}
}

// Without the cure: what exceeds 1300 bytes is refused inside the stack, and nothing
// is on the wire.
func TestTrap13LargeMessages(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for _, size := range []int{0, 1290, 1501, 4000} {
		done := background(func() error { return p.Options(context.Background(), size) })
		req := srv.until("OPTIONS")
		srv.reply(req, 200, "x", "")
		_ = result(t, done)
		got := 0
		for _, r := range p.tape.From(0) {
			if r.Packet != nil && strings.HasPrefix(string(r.Packet.Data), "OPTIONS") {
				got = len(r.Packet.Data)
			}
		}
		if size > 0 && got != size {
			t.Errorf("OPTIONS of %d bytes, want %d", got, size)
		}
	}
}

// Without the cure: nobody notices that the ACK is missing, and the call stays up.
func TestTrap19NoAck(t *testing.T) {
	srv := newPeer(t)
	srv.raw = true
	p := newPhone(t, srv.addr())
	p.timing.ack = 1200 * time.Millisecond
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "na", 1, newSound(t).sdp()))
	c, err := p.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Answer(context.Background())
	srv.until("200 INVITE")
	srv.until("200 INVITE") // repeated
	srv.reply(srv.until("BYE"), 200, "", "")
	if !hasNote(p, capture.PhoneGaveUp+" ACK na") {
		t.Error(notes(p))
	}
	c.Wait(context.Background(), Ended)
}

// Without the cure: anybody on the net can make the phone ring, and it answers.
func TestTrap20Stranger(t *testing.T) {
	srv, stranger := newPeer(t), newPeerAt(t, "127.0.0.2")
	p := newPhone(t, srv.addr())
	for _, method := range []string{"INVITE", "OPTIONS", "BYE", "MESSAGE"} {
		stranger.send(p.Local(), stranger.build(method, "sip:alice@"+p.Local().String(), "<sip:scanner@x>;tag=s", "<sip:alice@x>", "st-"+method, 1, ""))
		note := capture.PhoneStranger + " " + method + " " + stranger.addr()
		eventually(t, note, func() bool { return hasNote(p, note) })
	}
	stranger.silence(300 * time.Millisecond)
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if c, err := p.Await(ctx); err == nil {
		t.Error("the stranger's call rings:", c.ID())
	}
	// The BYE of a call of ours may come straight from the other phone.
	c, inv := connect(t, p, srv, newSound(t).sdp())
	stranger.send(p.Local(), stranger.build("BYE", "sip:x", inv.Get("To")+";tag=tt", inv.Get("From"), inv.Get("Call-ID"), 1, ""))
	stranger.until("200 BYE")
	if s := c.Wait(context.Background(), Ended); s != Ended {
		t.Error(s)
	}
}

// Forked answers: the first one counts, the second is acknowledged and ended; a
// repeated 200 gets its ACK again.
func TestForks(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "a", "")
	srv.reply(inv, 183, "b", snd.sdp())
	srv.reply(inv, 200, "a", snd.sdp())
	if ack := srv.until("ACK"); !strings.Contains(ack.Get("To"), "tag=a") {
		t.Fatal(ack.Get("To"))
	}
	srv.reply(inv, 200, "b", newSound(t).sdp())
	if ack := srv.until("ACK"); !strings.Contains(ack.Get("To"), "tag=b") {
		t.Fatal(ack.Get("To"))
	}
	bye := srv.until("BYE")
	if !strings.Contains(bye.Get("To"), "tag=b") {
		t.Fatal("the wrong branch is ended")
	}
	srv.reply(bye, 200, "", "")
	srv.mu.Lock()
	srv.raw = true
	srv.mu.Unlock()
	srv.reply(inv, 200, "a", snd.sdp())
	if ack := srv.until("ACK"); !strings.Contains(ack.Get("To"), "tag=a") {
		t.Fatal(ack.Get("To"))
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if s := c.Wait(ctx, Answered); s != Answered {
		t.Error(s)
	}
}
