package sipclient

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// takeCall has the phone take a call of the peer, and gives it with the 200.
func takeCall(t *testing.T, p *Phone, srv *peer, id, body string, extra ...string) (*Call, heard) {
	t.Helper()
	return takeCallAs(t, p, srv, "sip:alice@x", id, body, extra...)
}

// takeCallAs is takeCall with a Request-URI.
func takeCallAs(t *testing.T, p *Phone, srv *peer, uri, id, body string, extra ...string) (*Call, heard) {
	t.Helper()
	srv.send(p.Local(), srv.build("INVITE", uri, "<sip:b@x>;tag=b", "<sip:alice@x>", id, 1, body, extra...))
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	c, err := p.Await(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Answer(ctx)
	return c, srv.until("200 INVITE")
}

// A call without an offer gets ours in the 200, and the ACK says what was chosen.
func TestLateOffer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd, moved := newSound(t), newSound(t)
	c, ok := takeCall(t, p, srv, "late", "")
	if !strings.Contains(string(ok.Body), "m=audio") || !strings.Contains(string(ok.Body), "PCMA") {
		t.Fatalf("%s", ok.Body)
	}
	in := func(method string, seq int, body string) {
		srv.send(p.Local(), srv.build(method, contactOf(ok), ok.Get("From"), ok.Get("To"), "late", seq, body))
	}
	in("ACK", 1, snd.sdp())
	mustRead(t, snd.rtp, "RTP")
	in("INVITE", 2, "") // and once more, inside the call
	if again := srv.until("200 INVITE"); !strings.Contains(string(again.Body), "m=audio") {
		t.Errorf("%s", again.Body)
	}
	in("ACK", 2, moved.sdp())
	mustRead(t, moved.rtp, "RTP at the new place")
	if c.State() != Answered {
		t.Error(c.State())
	}
}

// The ACK owes the answer to our offer: without it nobody hears anything, and the call ends.
// That is the caller's fault, and no limit of this phone.
func TestLateOfferWithoutAnswer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, ok := takeCall(t, p, srv, "late", "")
	srv.send(p.Local(), srv.build("ACK", contactOf(ok), ok.Get("From"), ok.Get("To"), "late", 1, ""))
	srv.reply(srv.until("BYE"), 200, "", "")
	waitFor(t, c, Ended)
	if hasNote(p, capture.PhoneLimit) {
		t.Error(notes(p))
	}
}

// A missing ACK shows within 4 s of our answer: its copies are on the tape by then.
func TestMissingAckShowsSoon(t *testing.T) {
	t.Parallel()
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	takeCall(t, p, srv, "na", newSound(t).sdp())
	var sent []time.Time
	eventually(t, "three copies", func() bool {
		sent = sent[:0]
		for _, r := range p.tape.From(0) {
			if r.Packet != nil && r.Packet.Src == p.Local() && strings.HasPrefix(string(r.Packet.Data), "SIP/2.0 200") {
				sent = append(sent, r.Packet.Time)
			}
		}
		return len(sent) > 3
	})
	if took := sent[3].Sub(sent[0]); took < 3400*time.Millisecond || took > 3950*time.Millisecond {
		t.Errorf("the third copy came after %s", took)
	}
}

// The other side has lost the call, and says so to our re-INVITE: the call is over here, too.
func TestLostCallEnds(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for _, code := range []int{481, 408} {
		c, _ := connect(t, p, srv, newSound(t).sdp())
		hold := background(func() error { return c.Hold(context.Background()) })
		srv.reply(srv.until("INVITE"), code, "", "")
		srv.reply(srv.until("BYE"), code, "", "")
		waitFor(t, c, Ended)
		if result(t, hold) == nil {
			t.Error("the hold went through")
		}
	}
}

// A router has changed the port: requests ask for answers to where they came from, and
// our answers go back to where the request came from, naming it (RFC 3581).
func TestRport(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	_, inv := dial(t, p, srv)
	if via := inv.Get("Via"); !strings.HasSuffix(via, ";rport") && !strings.Contains(via, ";rport;") {
		t.Error(via)
	}
	text := srv.build("OPTIONS", "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "r-1", 1, "")
	srv.send(p.Local(), strings.Replace(text, "UDP "+srv.addr(), "UDP 192.0.2.1:5099", 1))
	ok := srv.until("200 OPTIONS")
	port := netip.MustParseAddrPort(srv.addr()).Port()
	if via := ok.Get("Via"); !strings.Contains(via, "received=127.0.0.1") || !strings.Contains(via, "rport="+strconv.Itoa(int(port))) {
		t.Error(via)
	}
}
