package sipclient

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
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
	host, port, err := splitHostPort(name)
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
