package sipclient

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Trap 18. Without the cure: UPDATE and MESSAGE draw 405, INFO 406, and a server's unasked NOTIFY
// 400, which servers take for a phone that is broken or gone.
func TestTrap18Methods(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, inv := connect(t, p, srv, newSound(t).sdp())
	in := func(method, body string, extra ...string) string {
		text := srv.within(inv, method, "tt", 100, "")
		for _, e := range extra {
			text = strings.Replace(text, "Content-Length:", e+"\r\nContent-Length:", 1)
		}
		return strings.Replace(text, "Content-Length: 0\r\n\r\n", "Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body, 1)
	}
	out := func(method, body string, extra ...string) string {
		text := srv.build(method, "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "m-"+randomHex(4), 1, "", extra...)
		return strings.Replace(text, "Content-Length: 0\r\n\r\n", "Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body, 1)
	}
	lost := func(method string, extra ...string) string {
		return srv.build(method, "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>;tag=nobody", "l-"+randomHex(4), 1, "", extra...)
	}
	for _, test := range []struct {
		what, text string
		want       int
		header     string // "Name: part of its value"
	}{
		{"keys by INFO", in("INFO", "Signal=5\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay"), 200, ""},
		{"a key by INFO, plain", in("INFO", "5", "Content-Type: Application/DTMF;x=y"), 200, ""},
		{"INFO as a sign of life", in("INFO", ""), 200, ""},
		{"INFO about a picture", in("INFO", "<x/>", "Content-Type: application/media_control+xml"), 415, "Accept: application/dtmf-relay"},
		{"INFO without a type", in("INFO", "abc"), 415, "Accept: application/dtmf"},
		{"INFO outside a call", out("INFO", ""), 481, ""},
		{"a text", out("MESSAGE", "hello", "Content-Type: text/plain;charset=utf-8"), 200, ""},
		{"a text in a call", in("MESSAGE", "hello", "c: text/plain"), 200, ""},
		{"a picture", out("MESSAGE", "GIF89a", "Content-Type: image/gif"), 415, "Accept: text/plain"},
		{"a text without a type", out("MESSAGE", "hello"), 415, "Accept: text/plain"},
		{"a text in a call that is gone", lost("MESSAGE"), 481, ""},
		{"a transfer", in("REFER", "", "Refer-To: <sip:300@x>"), 603, ""},
		{"a transfer outside a call", out("REFER", "", "Refer-To: <sip:300@x>"), 603, ""},
		{"a transfer of a call that is gone", lost("REFER", "Refer-To: <sip:300@x>"), 481, ""},
		{"message waiting", out("NOTIFY", "Messages-Waiting: no\r\n", "Event: message-summary", "Content-Type: application/simple-message-summary"), 200, ""},
		{"settings have changed", out("NOTIFY", "", "Event: check-sync;reboot=false"), 200, ""},
		{"a sign of life", out("NOTIFY", "", "Event: keep-alive"), 200, ""},
		{"a sign of life without an event", out("NOTIFY", ""), 200, ""},
		{"news in a call", in("NOTIFY", "", "o: message-summary"), 200, ""},
		{"news nobody asked for", out("NOTIFY", "", "Event: presence"), 489, "Allow-Events: message-summary"},
		{"the fate of a transfer that never was", in("NOTIFY", "SIP/2.0 200 OK\r\n", "Event: refer", "Content-Type: message/sipfrag"), 489, "Allow-Events: message-summary"},
		{"news of a subscription that is gone", lost("NOTIFY", "Event: message-summary"), 481, ""},
		{"are you there", out("OPTIONS", ""), 200, "Allow: PRACK, NOTIFY, MESSAGE"},
		{"are you there, in a call", in("OPTIONS", ""), 200, "Supported: 100rel, timer"},
		{"what do you take", in("OPTIONS", ""), 200, "Accept: application/sdp, application/dtmf-relay"},
		{"are you there, in a call that is gone", lost("OPTIONS"), 481, ""},
		{"a subscription", out("SUBSCRIBE", "", "Event: dialog"), 489, "Allow-Events: message-summary"},
		{"a state", out("PUBLISH", "", "Event: presence"), 405, "Allow: INVITE"},
		{"a sign-in", out("REGISTER", ""), 405, "Allow: INVITE"},
		{"a method nobody knows", out("FOO", ""), 501, "Allow: INVITE"},
	} {
		t.Run(test.what, func(t *testing.T) {
			srv.t = t
			srv.send(p.Local(), test.text)
			m := srv.next()
			if m.Status != test.want {
				t.Fatalf("%d, want %d", m.Status, test.want)
			}
			if head, part, ok := strings.Cut(test.header, ": "); ok && !strings.Contains(m.Get(head), part) {
				t.Errorf("%v lacks %s", m.Headers, test.header)
			}
		})
	}
	srv.t = t
	if c.State() != Answered || !hasNote(p, capture.PhoneLimit+" this test phone transfers no calls") {
		t.Error(c.State(), notes(p))
	}
	if inv.Has("Refer-To") || strings.Contains(inv.Get("Allow"), "REFER") {
		t.Error("the phone says that it could transfer")
	}
	// What it can do, where the question wants to know: no port, so nothing begins.
	srv.send(p.Local(), out("OPTIONS", "", "Accept: application/sdp"))
	ok := srv.until("200 OPTIONS")
	s, err := sipmsg.ParseSDP(ok.Body)
	if err != nil || len(s.Media) != 1 || s.Media[0].Port != 0 || len(s.Media[0].Codecs) < 3 || ok.Get("Content-Type") != "application/sdp" {
		t.Errorf("%v %s", err, ok.Body)
	}
	if m := s.Media[0].Codecs; m[0].Name != "PCMU" || m[1].Name != "PCMA" || m[2].Name != "telephone-event" {
		t.Error(m)
	}
}

func TestInfoDTMF(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	c, _ := connect(t, p, srv, newSound(t).sdp())
	done := background(func() error { return c.SendInfoDTMF(context.Background(), "1#d") })
	info := srv.until("INFO")
	srv.reply(info, 407, "", "", `Proxy-Authenticate: Digest realm="t", nonce="one"`)
	for i, want := range []string{"Signal=1\r\nDuration=160\r\n", "Signal=#\r\nDuration=160\r\n", "Signal=D\r\nDuration=160\r\n"} {
		info = srv.until("INFO")
		if string(info.Body) != want || info.Get("Content-Type") != "application/dtmf-relay" || info.Get("CSeq") != strconv.Itoa(i+3)+" INFO" {
			t.Errorf("%v %q", info.Headers, info.Body)
		}
		srv.reply(info, 200, "", "")
	}
	if err := result(t, done); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "12x", "1 2"} {
		if c.SendInfoDTMF(context.Background(), bad) == nil {
			t.Errorf("%q was sent", bad)
		}
	}
	done = background(func() error { return c.SendInfoDTMF(context.Background(), "55") })
	srv.reply(srv.until("INFO"), 415, "", "")
	if err := result(t, done); err == nil || !strings.Contains(err.Error(), "415") || c.State() != Answered {
		t.Error(err, c.State())
	}
	done = background(func() error { return c.SendInfoDTMF(context.Background(), "5") })
	srv.reply(srv.until("INFO"), 481, "", "") // the server has lost the call
	if err := result(t, done); err == nil {
		t.Error("no error")
	}
	srv.reply(srv.until("BYE"), 481, "", "")
	waitFor(t, c, Ended)
	if c.SendInfoDTMF(context.Background(), "5") == nil {
		t.Error("a key in a call that is over")
	}
}
