package sipclient

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/names"
)

// proxyHost is host or host:port of the account's outbound proxy, "" without one.
// People write it as a URI, too, with parameters that say what we know already.
func (p *Phone) proxyHost() string {
	s := strings.Trim(strings.TrimSpace(p.cfg.Proxy), "<>")
	for _, scheme := range []string{"sips:", "sip:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	s, _, _ = strings.Cut(s, ";")
	return s
}

// serverName is what the account names as the place where requests go first.
func (p *Phone) serverName() string {
	if s := p.proxyHost(); s != "" {
		return s
	}
	return p.cfg.Domain
}

// proxyRoute is the Route value of the outbound proxy (RFC 3261 8.1.2), "" without one.
func (p *Phone) proxyRoute() string {
	name := p.proxyHost()
	if name == "" {
		return ""
	}
	host, port, err := names.SplitHostPort(name)
	if err != nil {
		return ""
	}
	uri := sip.Uri{Scheme: "sip", Host: host, Port: int(port)}
	text := uri.String()
	if p.net != capture.UDP {
		text += ";transport=" + network(p.net)
	}
	return "<" + text + ";lr>"
}

// preset gives the Route of a REGISTER: the outbound proxy, if any.
func (p *Phone) preset() []string {
	if r := p.proxyRoute(); r != "" {
		return []string{r}
	}
	return nil
}

// maxServiceRoute is how many Service-Route URIs are believed.
const maxServiceRoute = 16

// serviceRoute reads the route that the registrar wants requests outside dialogs to
// take (RFC 3608 6.1), nil when it names none.
func serviceRoute(res *sip.Response) []string {
	var list []string
	for _, line := range headerValues(res, "Service-Route") {
		for _, value := range splitList(line) {
			if _, ok := routeURI(value); ok && len(list) < maxServiceRoute {
				list = append(list, value)
			}
		}
	}
	return list
}

// befriend lets calls in from the first hop of the registrar's Service-Route.
func (p *Phone) befriend(service []string) {
	p.trust(p.nextHop(p.leaving, &dialog{head: head{route: service}}))
}

// trust makes an address one of the account's.
func (p *Phone) trust(at hop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.peers) < 1024 {
		p.peers[at.addr.Addr().String()] = true
	}
}

// routes gives the Route of other requests outside dialogs: the outbound proxy and
// what the registrar's last 200 says, the proxy once if both name it.
func (p *Phone) routes() []string {
	p.reg.mu.Lock()
	service := p.reg.service
	p.reg.mu.Unlock()
	route := p.preset()
	if len(route) > 0 && len(service) > 0 {
		mine, _ := routeURI(route[0])
		theirs, _ := routeURI(service[0])
		if strings.EqualFold(mine.Host, theirs.Host) && mine.Port == theirs.Port {
			route = nil
		}
	}
	return append(route, service...)
}

// first opens the way for a request outside dialogs: to the first URI of the
// registrar's Service-Route where no outbound proxy comes before it, else to the
// server. What cannot be reached directly goes to the server, too, as all phones
// behind a router do.
func (p *Phone) first(ctx context.Context) (way, error) {
	route := p.routes()
	if len(route) == 0 || p.proxyHost() != "" {
		return p.out(ctx)
	}
	next := p.nextHop(ctx, &dialog{head: head{route: route}})
	p.trust(next) // the registrar named it, maybe a moment ago
	if server := p.toServer(); next != server {
		part, stop := context.WithTimeout(ctx, dialPatience/2)
		defer stop()
		w, err := p.way(part, next)
		if err == nil {
			return w, nil
		}
		if why := failure(nil, err); why != "" {
			p.note(capture.PhoneFallback, network(next.net)+" "+next.addr.String()+": "+why+", using "+network(server.net)+" "+server.addr.String())
		}
	}
	return p.out(ctx)
}

// loose sorts out a route set: where its first URI is a strict router's, which
// lacks lr, the request names that URI, and its own target is the last Route
// (RFC 3261 12.2.1.1).
func loose(target sip.Uri, route []string) (sip.Uri, []string) {
	if len(route) == 0 {
		return target, nil
	}
	first, ok := routeURI(route[0])
	if !ok {
		return target, route
	}
	if _, lr := first.UriParams.Get("lr"); lr {
		return target, route
	}
	rest := append(append([]string(nil), route[1:]...), "<"+target.String()+">")
	first.Headers = sip.NewParams()
	return first, rest
}
