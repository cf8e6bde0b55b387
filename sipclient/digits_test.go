package sipclient

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/media"
)

func TestDigitsInACall(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	c, inv := connect(t, p, srv, snd.sdp())
	sent := background(func() error { return c.SendDigits(context.Background(), "7") })
	eventually(t, "an event", func() bool { b := mustRead(t, snd.rtp, "RTP"); return b[1]&0x7f == 101 && b[12] == 7 })
	if err := result(t, sent); err != nil {
		t.Error(err)
	}
	// Agreed anew without telephone-event, the tones are left.
	srv.send(p.Local(), srv.within(inv, "INVITE", "tt", 2, strings.Replace(snd.sdp(), "8 101", "8", 1)))
	srv.until("200 INVITE")
	srv.send(p.Local(), srv.within(inv, "ACK", "tt", 2, ""))
	if err := c.SendDigits(context.Background(), "7"); !errors.Is(err, media.ErrNoEvents) {
		t.Error(err)
	}
	if err := c.SendTones(context.Background(), "7"); err != nil {
		t.Error(err)
	}
	out, _ := dial(t, p, srv)
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if out.SendDigits(ctx, "7") == nil {
		t.Error("digits in a call that is not up")
	}
}

// A hold of ours in an encrypted call offers the same key, and plain sound never.
func TestEncryptedHold(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.Encryption = "sdes" })
	const key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	secure := strings.Replace(snd.sdp(key), "RTP/AVP", "RTP/SAVP", 1)
	c, inv := connect(t, p, srv, secure)
	first, _, _ := strings.Cut(string(inv.Body[strings.Index(string(inv.Body), "a=crypto:1 "):]), "\r\n")
	hold := background(func() error { return c.Hold(context.Background()) })
	re := srv.until("INVITE")
	if body := string(re.Body); !strings.Contains(body, " RTP/SAVP ") || !strings.Contains(body, first+"\r\n") || !strings.Contains(body, "a=sendonly") {
		t.Errorf("%s, the key was %s", body, first)
	}
	srv.reply(re, 200, "", strings.Replace(secure, "a=crypto", "a=recvonly\r\na=crypto", 1))
	srv.until("ACK")
	if err := result(t, hold); err != nil {
		t.Fatal(err)
	}
	for _, n := range notes(p) {
		if strings.Contains(n, "inline:") {
			t.Error("a note holds a key")
		}
	}
	if _, err := New(context.Background(), Config{Account: Account{User: "a", Domain: "127.0.0.1:9", Encryption: "dtls"}}); err == nil {
		t.Error("an unknown word for encryption")
	}
}
