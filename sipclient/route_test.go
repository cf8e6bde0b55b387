package sipclient

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// With an outbound proxy everything goes there, by its name's address, and says so in a Route; what is
// asked for stays the domain, which need not resolve. Inside a call the server's own route counts.
func TestOutboundProxy(t *testing.T) {
	n := nameTable{ip: map[string][]netip.Addr{"proxy.test": {netip.MustParseAddr("127.0.0.1")}}}
	ca := newAuthority(t)
	for _, srv := range []*peer{newPeer(t), newStreamPeer(t, ca.config([]string{"proxy.test"}))} {
		t.Run(srv.transport(), func(t *testing.T) {
			port := srv.addr()[strings.LastIndex(srv.addr(), ":"):]
			p := newPhone(t, "pbx.example.com", over(srv, ca), func(c *Config) { c.Proxy, c.Resolver = "sip:proxy.test"+port+";lr", n })
			t.Cleanup(func() { srv.mu.Lock(); srv.kind = true; srv.mu.Unlock() })
			params := ";lr"
			if srv.line != nil {
				params = ";transport=tls;lr"
			}
			route := "<sip:proxy.test" + port + params + ">"
			reg := register(t, p, srv)
			if reg.URI != "sip:pbx.example.com" || reg.Get("Route") != route {
				t.Errorf("REGISTER %s, Route: %s", reg.URI, reg.Get("Route"))
			}
			_, inv := dial(t, p, srv)
			if !strings.HasSuffix(inv.URI, "@pbx.example.com") || inv.Get("Route") != route {
				t.Errorf("INVITE %s, Route: %s", inv.URI, inv.Get("Route"))
			}
			record := "<sip:" + srv.addr() + srv.uriTransport() + ";lr;x=1>"
			srv.reply(inv, 200, "tt", newSound(t).sdp(), "Record-Route: "+record)
			ack := srv.until("ACK")
			if ack.Get("Route") != record || !strings.HasPrefix(ack.URI, "sip:peer@") {
				t.Errorf("ACK %s, Route: %s", ack.URI, ack.Get("Route"))
			}
		})
	}
}

// A strict router (RFC 2543) wants its own name in the request line.
func TestStrictRouter(t *testing.T) {
	srv := newPeer(t)
	p := newPhone(t, srv.addr())
	_, inv := dial(t, p, srv)
	srv.reply(inv, 200, "tt", newSound(t).sdp(), "Record-Route: <sip:far.test;lr>, <sip:"+srv.addr()+">")
	ack := srv.until("ACK")
	if ack.URI != "sip:"+srv.addr() || strings.Join(ack.All("Route"), ", ") != "<sip:far.test;lr>, <sip:peer@"+srv.addr()+">" {
		t.Errorf("ACK %s, Route: %s", ack.URI, ack.All("Route"))
	}
}

func TestProxyForms(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "p.test": "<sip:p.test;lr>", "p.test:5070": "<sip:p.test:5070;lr>", "sip:p.test;transport=udp;lr": "<sip:p.test;lr>",
		"<sip:p.test:99;lr>": "<sip:p.test:99;lr>", "SIPS:p.test": "<sip:p.test;lr>", "2001:db8::1": "<sip:[2001:db8::1];lr>", "[2001:db8::1]:5070": "<sip:[2001:db8::1]:5070;lr>", "p.test:x": "",
	} {
		p := &Phone{net: transports["udp"], cfg: Config{Account: Account{Proxy: in}}}
		if got := p.proxyRoute(); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// The registrar says which way calls shall take (RFC 3608): first to the first of its hops.
func TestServiceRoute(t *testing.T) {
	srv, edge := newPeer(t), newPeer(t)
	p := newPhone(t, srv.addr())
	t.Cleanup(func() { edge.mu.Lock(); edge.kind = true; edge.mu.Unlock() })
	done := background(func() error { return p.Register(context.Background()) })
	req := srv.until("REGISTER")
	if req.Get("Supported") != "path" {
		t.Errorf("Supported: %s", req.Get("Supported"))
	}
	first, second := "<sip:"+edge.addr()+";lr>", "<sip:home.test;lr;x=\"a,b\">"
	srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600", "Service-Route: "+first+", "+second)
	_ = result(t, done)
	_, inv := dial(t, p, edge)
	if got := strings.Join(inv.All("Route"), ", "); got != first+", "+second {
		t.Errorf("Route: %s", got)
	}
	again := background(func() error { return p.Register(context.Background()) })
	req = srv.until("REGISTER") // its own way is the old one
	if req.Has("Route") {
		t.Errorf("REGISTER with Route: %s", req.Get("Route"))
	}
	srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600") // none any more
	_ = result(t, again)
	if _, inv = dial(t, p, srv); inv.Has("Route") {
		t.Errorf("Route: %s", inv.Get("Route"))
	}
}

// With an outbound proxy it comes first, but not twice.
func TestServiceRouteBehindProxy(t *testing.T) {
	for service, want := range map[string]string{
		"<sip:127.0.0.1:PORT;lr;a=1>, <sip:home.test;lr>": "<sip:127.0.0.1:PORT;lr;a=1>, <sip:home.test;lr>",
		"<sip:home.test;lr>":                              "<sip:127.0.0.1:PORT;lr>, <sip:home.test;lr>",
	} {
		srv := newPeer(t)
		port := srv.addr()[strings.LastIndex(srv.addr(), ":")+1:]
		p := newPhone(t, "pbx.example.com", func(c *Config) { c.Proxy, c.Resolver = srv.addr(), nameTable{} })
		t.Cleanup(func() { srv.mu.Lock(); srv.kind = true; srv.mu.Unlock() })
		done := background(func() error { return p.Register(context.Background()) })
		req := srv.until("REGISTER")
		srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600", "Service-Route: "+strings.ReplaceAll(service, "PORT", port))
		_ = result(t, done)
		_, inv := dial(t, p, srv)
		if got := strings.Join(inv.All("Route"), ", "); got != strings.ReplaceAll(want, "PORT", port) {
			t.Errorf("Route: %s", got)
		}
	}
}

// Calls come from where the registrar's Service-Route begins, too; from elsewhere they do not.
func TestServiceRouteLetsIn(t *testing.T) {
	srv, edge := newPeer(t), newPeerAt(t, "127.0.0.2")
	p := newPhone(t, srv.addr())
	ask := edge.build("OPTIONS", "sip:alice@x", "<sip:s@x>;tag=s", "<sip:alice@x>", "o-1", 1, "")
	edge.send(p.Local(), ask)
	edge.silence(100 * time.Millisecond)
	done := background(func() error { return p.Register(context.Background()) })
	req := srv.until("REGISTER")
	srv.reply(req, 200, "x", "", "Contact: <"+contactOf(req)+">;expires=3600", "Service-Route: <sip:"+edge.addr()+";lr>")
	_ = result(t, done)
	eventually(t, "known", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.peers["127.0.0.2"] })
	edge.send(p.Local(), strings.Replace(ask, "z9hG4bK", "z9hG4bKx", 1))
	edge.until("200 OPTIONS")
}
