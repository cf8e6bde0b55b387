package sipclient

import (
	"context"
	"testing"
)

// Max-Forwards counts the servers that may pass the request on, so it is one less
// than those it may reach.
func TestReachLimitsTheServersOnTheWay(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	for servers, want := range map[int]string{1: "0", 3: "2", 0: "0", 500: "70"} {
		done := background(func() error { return p.Reach(context.Background(), servers) })
		req := srv.until("OPTIONS")
		if got := req.Get("Max-Forwards"); got != want {
			t.Errorf("%d servers: Max-Forwards %s, want %s", servers, got, want)
		}
		srv.reply(req, 483, "Too Many Hops", "")
		if err := result(t, done); err != nil {
			t.Error(err)
		}
	}
}
