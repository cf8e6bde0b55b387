package sipclient

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// hop is where a request goes next: a transport and an address.
type hop struct {
	net  capture.Net // UDP, TCP or TLS
	addr netip.AddrPort
}

// way is a hop with our own end of it: what Via names and what the stack must use.
type way struct {
	hop
	local netip.AddrPort
}

// transports maps an account's transport to the wire's.
var transports = map[string]capture.Net{"udp": capture.UDP, "tcp": capture.TCP, "tls": capture.TLS}

// network gives the transport as URIs and the stack write it.
func network(n capture.Net) string { return strings.ToLower(n.String()) }

// Local is the address from which the phone speaks to its server now. On TCP and
// TLS it changes with each connection, and has port 0 before the first; it is
// invalid when the server has no address.
func (p *Phone) Local() netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.home
}

// Server is where the phone sends requests; invalid when the lookup failed.
func (p *Phone) Server() netip.AddrPort { return p.toServer().addr }

func (p *Phone) toServer() hop {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

// settle makes an address the one where we say that we are reached.
func (p *Phone) settle(home netip.AddrPort) {
	p.mu.Lock()
	known := p.home == home
	p.home = home
	p.mu.Unlock()
	if !known {
		p.tape.Note(capture.Note{Kind: capture.KindSubject, Key: "sip", Text: home.String()})
	}
}

// way opens the way to a hop: on UDP the socket is there, on TCP and TLS a
// connection is taken or made. The error says why there is none; the tape has it.
func (p *Phone) way(ctx context.Context, to hop) (way, error) {
	if to.net == capture.UDP {
		c := p.socket(to.addr.Addr())
		if c == nil {
			return way{to, p.Local()}, errNoWay
		}
		return way{to, c.Local()}, nil
	}
	s, err := p.connect(ctx, to)
	if err != nil {
		return way{to, p.Local()}, err
	}
	return way{to, s.local}, nil
}

// socket gives our UDP socket for an address, nil when there is none.
func (p *Phone) socket(to netip.Addr) *sipConn {
	for _, c := range p.conns {
		if c.Local().Addr().Is4() == to.Is4() {
			return c
		}
	}
	return nil
}

// out opens the way to the server. Why there is none goes onto the tape.
func (p *Phone) out(ctx context.Context) (way, error) {
	to := p.toServer()
	w, err := p.way(ctx, to)
	p.noteRefused(to, err)
	return w, err
}

// inside opens the way of a dialog. Where its own next hop takes no connection,
// as behind a router, the server's connection is the only one left to try.
func (p *Phone) inside(next hop) way {
	ctx, stop := context.WithTimeout(p.ctx, dialPatience/2)
	defer stop()
	w, err := p.way(ctx, next)
	if server := p.toServer(); err != nil && server != next {
		p.note(capture.PhoneFallback, network(next.net)+" "+next.addr.String()+": "+err.Error()+", using "+network(server.net)+" "+server.addr.String())
		w, _ = p.way(p.ctx, server)
	}
	return w
}

// wayOf gives the way that a request takes already.
func wayOf(req *sip.Request) way {
	local, _ := netip.ParseAddrPort(req.Laddr.String())
	to, _ := netip.ParseAddrPort(req.Destination())
	return way{hop{transports[strings.ToLower(req.Transport())], to}, local}
}

// contact is where we are reached. Its user part is random per phone, so that our
// binding is told from those of the person's other phones.
func (p *Phone) contact() sip.Uri { return p.contactAt(p.Local()) }

// contactFor is the Contact of a request, or of the answer to one. Where that goes to
// a sips address, or by one, it is a sips address itself (RFC 3261 8.1.1.8, 12.1.1).
func (p *Phone) contactFor(req *sip.Request) string {
	uri := p.contact()
	if p.net == capture.TLS && secured(req) {
		uri.Scheme = "sips"
		uri.UriParams.Remove("transport") // sips says it
	}
	return "<" + uri.String() + ">"
}

// secured tells whether a request goes to a sips address, or by one.
func secured(req *sip.Request) bool {
	if req.Recipient.IsEncrypted() {
		return true
	}
	for _, name := range []string{"Route", "Record-Route"} {
		for _, value := range splitList(firstValue(req, name)) {
			first, ok := routeURI(value)
			return ok && first.IsEncrypted()
		}
	}
	return false
}

func (p *Phone) contactAt(home netip.AddrPort) sip.Uri {
	uri := sip.Uri{Scheme: "sip", User: p.token, Host: home.Addr().String(), Port: int(home.Port()), UriParams: sip.NewParams(), Headers: sip.NewParams()}
	if p.net != capture.UDP {
		uri.UriParams.Add("transport", network(p.net))
	}
	return uri
}

// nextHop finds where requests inside a dialog go: the first Route, else the other
// side's Contact (RFC 3261 8.1.2), by the transport that it names, else by ours. A
// name that does not resolve leads to the server.
func (p *Phone) nextHop(ctx context.Context, d *dialog) hop {
	uri := d.target
	if len(d.head.route) > 0 {
		if route, ok := routeURI(d.head.route[0]); ok {
			uri = route
		}
	}
	server := p.toServer()
	net, named := p.net, false
	if text, ok := uri.UriParams.Get("transport"); ok {
		if n, ok := transports[strings.ToLower(text)]; ok && p.net != capture.TLS && (n != capture.UDP || p.conn != nil) {
			net, named = n, true
		}
	}
	if uri.IsEncrypted() {
		net, named = capture.TLS, true
	}
	host := strings.Trim(uri.Host, "[]")
	if uri.Port > 0 && uri.Port < 65536 {
		host = joinHostPort(host, uri.Port)
	}
	ctx, stop := context.WithTimeout(ctx, names.Time)
	defer stop()
	for _, a := range p.lookup(ctx, host, net, false) {
		switch {
		case !single(a.Addr()) || net == capture.UDP && p.socket(a.Addr()) == nil:
		case !named && net != capture.UDP && a.Addr() == server.addr.Addr():
			return server // a bare address means the connection that we have
		default:
			return hop{net, a}
		}
	}
	return server
}

// single tells whether an address is one computer's: what is sent to any other
// reaches many, or nobody knows whom.
func single(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// routeURI reads the URI of a Route or Record-Route value.
func routeURI(value string) (sip.Uri, bool) {
	var uri sip.Uri
	params := sip.NewParams()
	_, err := sip.ParseAddressValue(value, &uri, &params)
	return uri, err == nil && uri.Host != ""
}

// dialPatience bounds how long a connection, its handshake included, may take.
const dialPatience = 5 * time.Second
