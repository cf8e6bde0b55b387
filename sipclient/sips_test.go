package sipclient

import (
	"context"
	"strings"
	"testing"
)

// Who calls a sips address, or is called as one, says that it is reached the same way
// (RFC 3261 8.1.1.8, 12.1.1): strict servers refuse anything else.
func TestSipsContact(t *testing.T) {
	ca := newAuthority(t)
	srv := newStreamPeer(t, ca.config([]string{"127.0.0.1"}))
	p := newPhone(t, srv.addr(), over(srv, ca))
	c, err := p.Dial(context.Background(), "sips:200@"+srv.addr())
	if err != nil {
		t.Fatal(err)
	}
	inv := srv.until("INVITE")
	want := "sips:" + p.token + "@" + p.Local().String()
	if got := contactOf(inv); got != want || !strings.HasPrefix(inv.URI, "sips:200@") {
		t.Errorf("%s: Contact %s, want %s", inv.URI, got, want)
	}
	srv.reply(inv, 486, "tt", "")
	waitFor(t, c, Ended)
	_, ok := takeCallAs(t, p, srv, "sips:alice@x", "in-sips", newSound(t).sdp())
	if got := contactOf(ok); got != want {
		t.Errorf("Contact of the answer %s, want %s", got, want)
	}
	_, ok = takeCallAs(t, p, srv, "sip:alice@x", "in-sip", newSound(t).sdp())
	if got := contactOf(ok); got != "sip:"+p.token+"@"+p.Local().String()+";transport=tls" {
		t.Errorf("Contact of the answer to a sip request: %s", got)
	}
	_, ok = takeCallAs(t, p, srv, "sip:alice@x", "in-way", newSound(t).sdp(), "Record-Route: <sips:edge.test;lr>, <sip:core.test;lr>")
	if got := contactOf(ok); got != want {
		t.Errorf("Contact of the answer by a sips way: %s", got)
	}
}
