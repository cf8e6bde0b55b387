package sipclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
)

const challengeMD5 = `WWW-Authenticate: Digest realm="test", nonce="abc", algorithm=MD5, qop="auth"`

func TestRegisterRefreshRemove(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	p.timing.refresh = 0
	done := background(func() error { return p.Register(context.Background()) })
	first := srv.until("REGISTER")
	if got := first.Get("Contact"); !strings.Contains(got, p.Local().String()) || !strings.Contains(got, p.token) {
		t.Errorf("Contact %q is not our socket's address", got)
	}
	srv.reply(first, 401, "x", "", challengeMD5)
	second := srv.until("REGISTER")
	if second.Get("Authorization") == "" || second.Get("Call-ID") != first.Get("Call-ID") {
		t.Fatal("no credentials in the second REGISTER of the same registration")
	}
	// Contact;expires beats Expires; the other phone's binding is not ours.
	srv.reply(second, 200, "x", "", `Contact: <sip:other@10.0.0.9>;expires=3000, <`+contactOf(second)+`>;expires=2`, "Expires: 1000")
	if err := result(t, done); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	third := srv.until("REGISTER")
	if took := time.Since(began); took < time.Second || took > 1900*time.Millisecond {
		t.Errorf("refreshed after %s, want 1.5 s of a registration of 2 s", took)
	}
	srv.reply(third, 200, "x", "", "Contact: <"+contactOf(third)+">;expires=600")
	closing := background(func() error { return p.Close(context.Background()) })
	last := srv.until("REGISTER")
	if c := last.Get("Contact"); strings.Contains(c, "*") || !strings.Contains(c, p.token) || !strings.HasSuffix(c, ";expires=0") {
		t.Errorf("removal has Contact %q", c)
	}
	srv.reply(last, 200, "x", "")
	if err := result(t, closing); err != nil {
		t.Fatal(err)
	}
}

// A registrar that keeps a sign-in for a second only is not asked every 0.75 s.
func TestRefreshIsNotForcedOnTheServer(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for _, c := range []struct {
		granted, least, most time.Duration
		noted                bool
	}{
		{time.Minute, 44 * time.Second, 46 * time.Second, false},
		{8 * time.Second, 5900 * time.Millisecond, 6100 * time.Millisecond, false},
		{time.Second, 4900 * time.Millisecond, 5100 * time.Millisecond, true},
	} {
		if after := p.refreshIn(c.granted); after < c.least || after > c.most {
			t.Errorf("granted %s, it is renewed after %s", c.granted, after)
		}
		if hasNote(p, capture.PhoneLimit+" this test phone renews its sign-in every 5s at most: the server keeps it for 1s") != c.noted {
			t.Error(notes(p))
		}
	}
	p.timing.refresh = 1200 * time.Millisecond
	done := background(func() error { return p.Register(context.Background()) })
	first := srv.until("REGISTER")
	began := time.Now()
	srv.reply(first, 200, "x", "", "Contact: <"+contactOf(first)+">;expires=1")
	if err := result(t, done); err != nil {
		t.Fatal(err)
	}
	srv.until("REGISTER")
	if took := time.Since(began); took < p.timing.refresh {
		t.Errorf("renewed after %s", took)
	}
}

func contactOf(m heard) string {
	c := m.Get("Contact")
	return c[strings.Index(c, "<")+1 : strings.Index(c, ">")]
}

func TestCallOut(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.Source = func() codec.Source { return codec.Tone(440, -10) } })
	snd := newSound(t)
	c, err := p.Dial(context.Background(), "+49 30 123-456")
	if err != nil {
		t.Fatal(err)
	}
	inv := srv.until("INVITE")
	if !strings.HasPrefix(inv.URI, "sip:+4930123456@127.0.0.1:") {
		t.Errorf("INVITE goes to %s", inv.URI)
	}
	srv.reply(inv, 407, "x", "", `Proxy-Authenticate: Digest realm="test", nonce="abc", algorithm=SHA-256, qop="auth"`)
	if ack := srv.until("ACK"); ack.Get("CSeq") != "1 ACK" {
		t.Error("407 not acknowledged")
	}
	inv = srv.until("INVITE")
	if !strings.Contains(inv.Get("Proxy-Authorization"), "algorithm=SHA-256") || inv.Get("CSeq") != "2 INVITE" {
		t.Fatal("no credentials")
	}
	srv.reply(inv, 100, "", "")
	srv.reply(inv, 180, "tt", "")
	if s := c.Wait(context.Background(), Ringing); s != Ringing {
		t.Fatal(s)
	}
	srv.reply(inv, 200, "tt", snd.sdp())
	ack := srv.until("ACK")
	if ack.Get("Proxy-Authorization") == "" {
		t.Error("the ACK lacks the INVITE's credentials")
	}
	if s := c.Wait(context.Background(), Answered); s != Answered {
		t.Fatal(s)
	}
	var pkt rtp.Packet
	var meter codec.Meter
	for i := range 30 {
		if err := pkt.Unmarshal(mustRead(t, snd.rtp, "RTP")); err != nil {
			t.Fatal(err)
		}
		if pkt.PayloadType != 8 || len(pkt.Payload) != 160 || pkt.Marker != (i == 0) {
			t.Fatalf("packet %d: pt %d, %d bytes, marker %v", i, pkt.PayloadType, len(pkt.Payload), pkt.Marker)
		}
		meter.Add("PCMA", pkt.Payload)
	}
	if level := fmt.Sprintf("%.0f", meter.Level().DBFS); level != "-10" {
		t.Errorf("the sound has %s dBFS, want -10", level)
	}
	list, err := rtcp.Unmarshal(mustRead(t, snd.rtcp, "RTCP"))
	if err != nil {
		t.Fatal(err)
	}
	if sr, ok := list[0].(*rtcp.SenderReport); !ok || sr.PacketCount < 30 || sr.SSRC != pkt.SSRC {
		t.Errorf("first report %v", list[0])
	}
	ended := background(func() error { return c.Hangup(context.Background()) })
	bye := srv.until("BYE")
	srv.reply(bye, 200, "", "")
	if err := result(t, ended); err != nil || c.State() != Ended {
		t.Fatal(err, c.State())
	}
	list, err = rtcp.Unmarshal(mustRead(t, snd.rtcp, "RTCP BYE"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := list[len(list)-1].(*rtcp.Goodbye); !ok {
		t.Errorf("the last report has no BYE: %v", list)
	}
}

func TestCallIn(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	snd := newSound(t)
	waiting := background(func() *Call { c, _ := p.Await(context.Background()); return c })
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@"+p.Local().String(), "<sip:bob@x>;tag=bb", "<sip:alice@x>", "in-1", 1, snd.sdp()))
	ring := srv.next()
	if ring.Status != 180 {
		t.Fatalf("first answer %d, want 180", ring.Status)
	}
	c := result(t, waiting)
	if c.State() != Ringing || c.ID() != "in-1" {
		t.Fatal(c.State(), c.ID())
	}
	if err := c.Answer(context.Background()); err != nil || c.State() != Answered {
		t.Fatal(err, c.State())
	}
	ok := srv.until("200 INVITE")
	if ok.Get("To") != ring.Get("To") {
		t.Error("180 and 200 have different tags")
	}
	srv.send(p.Local(), srv.build("ACK", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 1, ""))
	mustRead(t, snd.rtp, "RTP")
	srv.send(p.Local(), srv.build("BYE", contactOf(ok), ok.Get("From"), ok.Get("To"), "in-1", 2, ""))
	srv.until("200 BYE")
	if s := c.Wait(context.Background(), Ended); s != Ended {
		t.Fatal(s)
	}
}

func TestEmergency(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for _, to := range []string{"112", "911", " 1-1-0 ", "sip:999@example.com", "SIP:112@example.com;user=phone", "tel:000", "tel:+112", "08", "15", "17", "18", "113", "115", "1%312", "sip:%31%31%32@x", "urn:service:sos.police", "112@example.com", "sips:911@x", "sip:112:pw@x", "112#", "*31#112", "#31#110", "#31# 1-1-2#", "*67911", "*31112"} {
		if _, err := p.Dial(context.Background(), to); !errors.Is(err, ErrEmergency) {
			t.Errorf("Dial(%q): %v", to, err)
		}
	}
	srv.silence(100 * time.Millisecond)
	for _, to := range []string{"116117", "1120", "alice", "echo", "tel:+49301234567", "9196", "*43", "*21#", "*8215", "#", "*", "*31#2002", "*67", "sip:2002:112@x"} {
		if IsEmergency(to) {
			t.Errorf("%q is no emergency number", to)
		}
	}
}
