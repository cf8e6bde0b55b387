package diagnosis

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/wizard/evidence"
)

// Why a TLS handshake failed, as the test phone's notes spell it (capture.PhoneTLS).
const (
	tlsVersion    = "protocol-version"
	tlsNotTLS     = "not-tls"
	tlsTimeout    = "timeout"
	tlsClosed     = "closed"
	tlsReset      = "reset"
	tlsClientCert = "client-certificate"
	tlsRefused    = "refused: " // and the other side's own word
)

// hop is a transport and an address.
type hop struct {
	net  string
	addr netip.AddrPort
}

// failures lists the connections, over the account's own transport, that could not
// be made, or not be secured.
func failures(e *evidence.Evidence) []evidence.Connection {
	var list []evidence.Connection
	for _, c := range e.Connections {
		if !c.Open() && byAccount(e, c.Net.String()) {
			list = append(list, c)
		}
	}
	return list
}

// byAccount tells that a transport is the one that the account asks for. Over the
// others the test phone only tries what else there is, and nobody promised that
// anything answers there. In a capture of other phones every transport counts.
func byAccount(e *evidence.Evidence, net string) bool {
	for _, ev := range e.Phone {
		if ev.Key == phoneAccount {
			words := strings.Fields(ev.Text)
			return len(words) == 0 || strings.EqualFold(words[len(words)-1], net)
		}
	}
	return true
}

// faulty tells whether a handshake failed for one of these reasons, or for one
// that begins like it.
func faulty(c evidence.Connection, reasons ...string) bool {
	return c.TLS != nil && slices.ContainsFunc(c.TLS.Faults, func(f string) bool {
		return slices.ContainsFunc(reasons, func(r string) bool {
			return f == r || strings.HasSuffix(r, " ") && strings.HasPrefix(f, r)
		})
	})
}

// heardFrom tells that a SIP message came from an address over a transport, since
// a moment; the zero time is any.
func heardFrom(e *evidence.Evidence, at hop, since time.Time) bool {
	return slices.ContainsFunc(e.Messages, func(m *evidence.Message) bool {
		return has(m) && !m.Out && m.From == at.addr && m.Net.String() == at.net && !m.Time.Before(since)
	})
}

// mended tells that a way which failed did no harm: it worked later, or the phone
// took another way in its place, and that one answered.
func mended(e *evidence.Evidence, at hop, since time.Time) bool {
	tried := []hop{at}
	for i := 0; i < len(tried); i++ {
		if heardFrom(e, tried[i], since) {
			return true
		}
		for _, f := range e.Fallbacks {
			to := hop{f.Instead.String(), f.To}
			if (hop{f.Net.String(), f.From}) == tried[i] && !slices.Contains(tried, to) {
				tried = append(tried, to)
			}
		}
	}
	return false
}

func hopOf(c evidence.Connection) hop { return hop{c.Net.String(), c.Addr} }

// soften makes a hit about a way that failed a mere fact, where another way did.
func soften(e *evidence.Evidence, h Hit, at hop, since time.Time) Hit {
	if mended(e, at, since) {
		h.Kind = Hint
	}
	return h
}

// unanswered finds connections on which nothing ever came back: the attempt to
// connect, or to agree on encryption, ran out of time, or the network knows no way.
func unanswered(e *evidence.Evidence) (hits []Hit) {
	for _, c := range failures(e) {
		u := evidence.Unreachable{Reason: c.Failed}
		if heardFrom(e, hopOf(c), time.Time{}) {
			continue // it was there before: something was lost, see registration-lost-later
		}
		h := Hit{Direction: evidence.Both, Args: args{"asked": "The attempt to connect to", "server": c.Addr.String(), "seen": "", "elsewhere": ""}}
		switch {
		case c.Failed == tlsTimeout:
			h.Certainty = Likely
			h.Cites = []Cite{{c.N, "no answer to the attempt to connect"}}
		case c.Failed != "" && noWay(u):
			h.Certainty, h.Args["seen"] = Confirmed, "except the network's own word "+quote(c.Failed)
			h.Cites = []Cite{{c.N, "the network says " + quote(c.Failed)}}
		case faulty(c, tlsTimeout):
			// Something took the connection, so the way there is open.
			h.Certainty, h.Where, h.Args["asked"] = Likely, Provider, "The attempt to agree on encryption with"
			h.Cites = []Cite{{c.N, "the connection was taken, then nothing came"}}
		default:
			continue
		}
		hits = append(hits, soften(e, h, hopOf(c), c.Time))
	}
	return append(hits, noWayThere(e)...)
}

// noWayThere finds places to which this computer knows no way at all, so that it
// never sent anything there.
func noWayThere(e *evidence.Evidence) (hits []Hit) {
	for _, u := range toSignalling(e, noWay) {
		if u.Net.String() != "UDP" || u.Source.IsValid() || !e.Have.Has(evidence.HaveLive) ||
			slices.ContainsFunc(e.Messages, func(m *evidence.Message) bool { return has(m) && (m.To == u.Target || m.From == u.Target) }) {
			continue
		}
		h := Hit{Certainty: Confirmed, Direction: evidence.Both, Args: args{"asked": "The attempt to send to", "server": u.Target.String(), "seen": "except this computer's own word " + quote(u.Reason), "elsewhere": ""},
			Cites: []Cite{{u.N, "this computer says " + quote(u.Reason)}}}
		hits = append(hits, soften(e, h, hop{u.Net.String(), u.Target}, u.Time))
	}
	return hits
}

// noIPv6Here finds a server that has IPv6 addresses only, in a network that has
// none: this computer knows no way to any of them, and nothing ever came.
func noIPv6Here(e *evidence.Evidence) []Hit {
	list := toSignalling(e, noWay)
	for _, u := range list {
		if !u.Target.Addr().Is6() || u.Target.Addr().Is4In6() || u.Source.IsValid() {
			return nil
		}
	}
	if len(list) == 0 || !e.Have.Has(evidence.HaveLive) || slices.ContainsFunc(e.Messages, func(m *evidence.Message) bool { return has(m) && !m.Out }) {
		return nil
	}
	u := list[0]
	return []Hit{{Certainty: Likely, Where: LocalNetwork, Direction: evidence.Both,
		Args:  args{"seen": "The server has only the address " + u.Target.Addr().String() + " (IPv6), and this computer knows no way there: " + quote(u.Reason) + "."},
		Cites: []Cite{{u.N, "no way to " + u.Target.String()}}}}
}

// cutShort finds handshakes that the other side broke off without saying why.
func cutShort(e *evidence.Evidence) (hits []Hit) {
	for _, c := range failures(e) {
		if heardFrom(e, hopOf(c), time.Time{}) || !faulty(c, tlsClosed, tlsReset, tlsRefused) || outdated(c) || nameRefused(c) {
			continue
		}
		if spokenAt(e, hopOf(c)) {
			continue // the service is there, only not for this transport: see blockedConnection
		}
		reason := "the connection was closed before anything was said"
		for _, f := range c.TLS.Faults {
			if why, ok := strings.CutPrefix(f, tlsRefused); ok {
				reason = quote(why)
			}
		}
		h := Hit{Certainty: Likely, Direction: evidence.Both, Args: args{"server": c.Addr.String(), "reason": reason},
			Cites: []Cite{{c.N, "turned back: " + reason}}}
		hits = append(hits, soften(e, h, hopOf(c), c.Time))
	}
	return hits
}

// foreign finds servers that answered the attempt to agree on encryption with
// something else.
func foreign(e *evidence.Evidence) (hits []Hit) {
	for _, c := range failures(e) {
		if !faulty(c, tlsNotTLS) {
			continue
		}
		h := Hit{Certainty: Likely, Direction: evidence.Both, Args: args{"server": c.Addr.String(), "count": "1", "one": "yes"},
			Cites: []Cite{{c.N, "an answer that cannot be read"}}}
		hits = append(hits, soften(e, h, hopOf(c), c.Time))
	}
	return hits
}

// spokenAt tells that something came over another transport from the very address and
// port of a hop: what runs there does not speak this one.
func spokenAt(e *evidence.Evidence, at hop) bool {
	return slices.ContainsFunc([]string{"TLS", "TCP", "UDP"}, func(net string) bool {
		return net != at.net && heardFrom(e, hop{net, at.addr}, time.Time{})
	})
}

// blockedConnection finds connections that could not be made to a server that
// answers over another transport.
func blockedConnection(e *evidence.Evidence) (hits []Hit) {
	for _, c := range failures(e) {
		other := c.TLS != nil && spokenAt(e, hopOf(c))
		shut := other && faulty(c, tlsClosed)
		if c.Failed != tlsTimeout && !faulty(c, tlsTimeout, tlsReset) && !shut || mended(e, hopOf(c), c.Time) {
			continue
		}
		waited, label := "some seconds", "no answer to the attempt to connect"
		if shut {
			waited, label = "", "the connection was closed before anything was said"
		}
		for _, s := range servers(e) {
			bad := c.Net.String()
			if s.addr != c.Addr.Addr() || s.reachable[bad] {
				continue
			}
			for _, good := range []string{"TLS", "TCP", "UDP"} {
				if s.reachable[good] {
					where := Where("")
					if other {
						where = Account // the very port that was asked for is there, for another transport
					}
					return []Hit{{Certainty: Likely, Where: where, Direction: evidence.Both, Args: args{"good": good, "bad": bad, "server": s.addr.String(), "waited": waited},
						Cites: []Cite{{c.N, label}}}}
				}
			}
		}
	}
	return hits
}

// cutOff finds a sign-in whose connection was closed in place of an answer.
func cutOff(e *evidence.Evidence, s *signIn) (Hit, bool) {
	if len(s.last.Responses) > 0 || s.accepted != nil {
		return Hit{}, false
	}
	m := s.last.Request
	c, ok := closedUnder(e, m)
	if !ok {
		return Hit{}, false
	}
	h := Hit{Certainty: Possible, Args: args{"waited": "", "while": "The server took the connection and closed it " + span(c.Closed.Time.Sub(m.Time)) + " after the sign-in, without an answer."},
		Cites: append(cites(cite(m, "a sign-in without any answer")), Cite{c.Closed.N, "the connection was closed instead"})}
	if c.TLS != nil || heardFrom(e, hopOf(c), time.Time{}) {
		h.Certainty = Likely // it proved who it is, or answered before
	}
	return h, true
}

// closedUnder gives the connection that ended while a message of ours was waiting
// for its answer.
func closedUnder(e *evidence.Evidence, m *evidence.Message) (evidence.Connection, bool) {
	for _, c := range e.Connections {
		if has(m) && c.Closed != nil && hopOf(c) == (hop{m.Net.String(), m.To}) && !c.Closed.Time.Before(m.Time) &&
			(c.Closed.After == 0 || !c.Closed.Time.Add(-c.Closed.After-settled).After(m.Time)) {
			return c, true
		}
	}
	return evidence.Connection{}, false
}
