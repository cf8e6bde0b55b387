package sipclient

import (
	"net/netip"
	"strings"
	"testing"
)

// With an outbound proxy everything goes there, by its name's address, and says so in a Route; what is
// asked for stays the domain, which need not resolve. Inside a call the server's own route counts.
func TestOutboundProxy(t *testing.T) {
	n := names{ip: map[string][]netip.Addr{"proxy.test": {netip.MustParseAddr("127.0.0.1")}}}
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
