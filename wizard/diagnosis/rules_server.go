package diagnosis

import (
	"net/netip"
	"slices"
	"time"

	"softphonedoctor/wizard/evidence"
)

// asked for something, or tried to: the kinds that show whether a server answers.
const haveAsked = evidence.HaveRegistration | evidence.HaveOptions | evidence.HaveCallOut | evidence.HaveConnections

// serverRules are about whether the server can be reached, and what answers there.
var serverRules = []Rule{
	{
		Cause: "server-unreachable", Kind: Fault, Where: LocalNetwork, Either: haveAsked | evidence.HaveProbes,
		Title:    "{{if .elsewhere}}Nothing comes back from one of the servers, {{.server}}.{{else}}Nothing comes back from the server.{{end}}",
		Why:      "{{.asked}} {{.server}} got no answer {{.seen}}, and nothing else ever came from there.{{if .elsewhere}} Meanwhile {{.elsewhere}} did answer.{{end}} {{.far}}",
		Overturn: "Any answer from this server, in whatever way it was reached.",
		Fix: []Remedy{
			{ForUser, "{{if .elsewhere}}Compare the server's name and port in the phone's account settings with what your provider names. The network works, since {{.elsewhere}} answered; if nobody needs this account any more, remove it from the phone.{{else}}Check that the internet works on this computer, then the server's name and port. Try another network, for example a phone's hotspot: if it works there, this network blocks calls.{{end}}"},
			{ForAdmin, "Allow SIP to {{.server}} in the firewall, and see whether the server is running."},
		},
		ExplainedBy: []string{"server-port-closed", "firewall-on-this-computer", "server-name-unknown", "transport-blocked", "captive-portal", "address-family-mismatch", "tls-certificate-invalid", "tls-version-mismatch", "message-too-big"},
		Check:       checkUnreachable,
		RuledOut:    or(reachable, anyWayAnswered),
	},
	{
		Cause: "server-not-sip", Kind: Fault, Where: Account, Either: haveAsked | evidence.HaveProbes,
		Title:    "Something answers at the server's address, but it is no telephone service.",
		Why:      "{{if .one}}One answer came back from {{.server}}, and it is not in the language of phones.{{else}}{{.count}} answers came back from {{.server}}, and none of them is in the language of phones.{{end}}",
		Overturn: "One readable answer from this very address.",
		Fix: []Remedy{
			{ForUser, "Compare the server's name and port in the account settings with what your provider names. If they are right, try another network: something on the way may answer in the server's place."},
			{ForAdmin, "See which service listens at {{.server}}, and whether a middlebox changes what it sends."},
		},
		ExplainedBy: []string{"captive-portal"},
		Check:       checkNotSIP,
		RuledOut:    or(serversAnswer, mainWayAnswered),
	},
	{
		Cause: "server-port-closed", Kind: Fault, Where: Provider, Either: haveAsked | evidence.HaveProbes,
		Title:    "The server is there, but its telephone service does not run where the phone looks for it.",
		Why:      "What the phone sent to {{.server}} was turned back: {{.reason}}.",
		Overturn: "An answer of the telephone service from this very address.",
		Fix: []Remedy{
			{ForUser, "{{if .compare}}Compare port and transport (UDP, TCP or TLS) in the phone's account settings with what your provider names; usual are 5060 for UDP and TCP, 5061 for TLS." +
				"{{else if .usual}}Set the port in the phone's account settings to {{.usual}}: there the server answered." +
				"{{else}}Set the transport in the phone's account settings to {{.works}}{{if .port}}, port {{.port}}{{end}}: that way the server answered.{{end}}"},
			{ForAdmin, "See whether the server's SIP service runs and listens on that port and transport."},
		},
		ExplainedBy: []string{"captive-portal"},
		Check:       checkPortClosed,
		RuledOut:    or(serversAnswer, mainWayAnswered),
	},
	{
		Cause: "transport-blocked", Kind: Fault, Where: LocalNetwork, Either: haveAsked | evidence.HaveProbes,
		Title:    "One way of reaching the server is blocked, another one works.",
		Why:      "Over {{.bad}} nothing came back from {{.server}}{{if .waited}} for {{.waited}}{{end}}; over {{.good}} the same server answered.",
		Overturn: "An answer over {{.bad}} from this network.",
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to {{.good}}{{if .alone}}.{{else}}, port {{.port}}.{{end}}"},
			{ForAdmin, "The firewall or router holds back {{.bad}} to {{.server}}: allow it, or use {{.good}}."},
		},
		ExplainedBy: []string{"server-port-closed", "captive-portal", "message-too-big"},
		Check:       checkTransportBlocked,
		RuledOut:    or(transportsAnswer, mainWayAnswered),
	},
	{
		Cause: "registration-unanswered-or-banned", Kind: Fault, Where: Provider, Needs: evidence.HaveRegistration,
		Title:    "The server is there, but it does not answer this account's sign-in.",
		Why:      "{{if .waited}}The sign-in got no answer for {{.waited}}, {{.while}}.{{else}}{{.while}}{{end}}",
		Overturn: "Another account getting no answer from here either, or this one getting one from another network.",
		Fix: []Remedy{
			{ForUser, "Stop all phones that may use an old password, wait 10 to 60 minutes and try again. If it works from another network, your address is banned."},
			{ForProvider, "Look for a ban of this address or account (fail2ban, pike) and lift it."},
		},
		ExplainedBy: []string{"transport-blocked", "message-too-big", "firewall-on-this-computer", "registration-lost-later", "captive-portal"},
		Check:       checkBanned,
		RuledOut:    signInAnswered,
	},
	{
		Cause: "firewall-on-this-computer", Kind: Fault, Where: ThisComputer, Either: haveAsked | evidence.HaveProbes,
		Title:    "This computer itself does not let the phone send.",
		Why:      "Sending to {{.server}} failed on this computer: {{.reason}}.",
		Overturn: "Another program sending to the same address from this computer.",
		Fix: []Remedy{
			{ForUser, "Allow this program in the computer's firewall or security program, then try again."},
		},
		Check:    checkDenied,
		RuledOut: or(serversAnswer, mainWayAnswered),
	},
}

func checkUnreachable(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range servers(e) {
		if _, odd := nonsense(e, s); s.answered || odd > 0 || len(errorsTo(e, s, closed)) > 0 {
			continue
		}
		if list := errorsTo(e, s, noWay); len(list) > 0 {
			hits = append(hits, besideOthers(e, s, s.requests[0], Hit{Certainty: Confirmed, Direction: evidence.Both,
				Args:  args{"asked": upper(thing(s.requests[0].Method)) + " sent to", "server": s.requests[0].Request.To.String(), "seen": "except the network's own word " + quote(list[0].Reason)},
				Cites: []Cite{{list[0].N, "the network says " + quote(list[0].Reason)}}}))
			continue
		}
		if s.waited < silence || !slices.ContainsFunc(s.requests, func(t *evidence.Transaction) bool { return byAccount(e, t.Request.Net.String()) }) {
			continue
		}
		hits = append(hits, besideOthers(e, s, s.unheard, Hit{Certainty: sure(s.waited), Direction: evidence.Both,
			Where: silentWhere(e, s.unheard),
			Args:  args{"asked": upper(thing(s.unheard.Method)) + " sent to", "server": s.unheard.Request.To.String(), "seen": "for " + span(s.waited)},
			Cites: unheardCites(s.unheard)}))
	}
	return measuredSilence(e, append(hits, unanswered(e)...))
}

// silentWhere: what took our phone's connection and then says nothing is at the end
// of the way, not on it.
func silentWhere(e *evidence.Evidence, t *evidence.Transaction) Where {
	if e.Have.Has(evidence.HaveLive) && !overUDP(t.Request) {
		return Provider
	}
	return ""
}

// besideOthers weighs a server's silence against what other servers said while it
// lasted: when one of them answered, the network works and the account is in
// question; when a call came to its proper end as well, or the phone took another
// way by itself, it is a mere fact.
func besideOthers(e *evidence.Evidence, s *server, unheard *evidence.Transaction, h Hit) Hit {
	h.Args["elsewhere"] = ""
	m := answerElsewhere(e, s, unheard.Request.Time)
	if m == nil {
		return h
	}
	h.Args["elsewhere"] = m.From.String()
	h.Where, h.Certainty = Account, min(h.Certainty, Likely)
	h.Cites = append(h.Cites, cite(m, "another machine answers"))
	if slices.ContainsFunc(e.Calls, endedWell) {
		h.Kind = Hint
	}
	return soften(e, h, hop{unheard.Request.Net.String(), unheard.Request.To}, unheard.Request.Time)
}

// answerElsewhere gives the first answer since a moment that our phone got from
// another machine than this server, nil without one.
func answerElsewhere(e *evidence.Evidence, s *server, since time.Time) *evidence.Message {
	for _, m := range e.Messages {
		if has(m) && !m.Out && !m.IsRequest() && m.From.Addr() != s.addr && m.From.Addr() != m.To.Addr() && !m.Time.Before(since) &&
			slices.ContainsFunc(s.requests, func(t *evidence.Transaction) bool { return t.Request.From.Addr() == m.To.Addr() }) {
			return m
		}
	}
	return nil
}

// endedWell tells that a call of our phone was answered, or came to an end that
// is no fault: busy, declined, cancelled, nobody there.
func endedWell(c *evidence.Call) bool {
	if c == nil || !c.Touches && c.Direction != evidence.In && c.Direction != evidence.Out {
		return false
	}
	switch status(c.Final) {
	case 480, 486, 487, 600, 603:
		return true
	}
	return has(c.Answer)
}

// checkNotSIP finds servers that answer only what no phone can read.
func checkNotSIP(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range servers(e) {
		list, n := nonsense(e, s)
		if n == 0 || slices.ContainsFunc(s.requests, func(t *evidence.Transaction) bool { return len(t.Responses) > 0 }) {
			continue
		}
		if e.Short {
			return notTold() // readable answers that the capture cut look the same
		}
		asked, one := s.requests[0].Request, ""
		if n == 1 {
			one = "yes"
		}
		hits = append(hits, Hit{Certainty: Likely, Direction: evidence.Both,
			Args:  args{"server": asked.To.String(), "count": count(n), "one": one},
			Cites: append(cites(cite(asked, "asked")), list[:min(len(list), 3)]...)})
	}
	return append(append(hits, foreign(e)...), measuredNonsense(e)...)
}

// nonsense lists what came from the address and port of a server and answers
// nothing, data that is no SIP or an answer that names no request, and counts it.
func nonsense(e *evidence.Evidence, s *server) (list []Cite, n int) {
	from := func(a netip.AddrPort) bool {
		return slices.ContainsFunc(s.requests, func(t *evidence.Transaction) bool { return t.Request.To == a })
	}
	for _, o := range e.Odd {
		if from(o.From) {
			list = append(list, Cite{o.N, "an answer that cannot be read"})
			n += max(1, o.Count)
		}
	}
	for _, m := range e.Messages {
		if !has(m) || m.Out || m.IsRequest() || !from(m.From) || m.CallID() != "" {
			continue
		}
		if _, _, ok := m.CSeq(); !ok {
			continue // stands among the odd ones
		}
		list = append(list, Cite{m.N, "an answer that belongs to nothing"})
		n++
	}
	return list, n
}

func unheardCites(t *evidence.Transaction) []Cite {
	return append(cites(cite(t.Request, thing(t.Method)+" without any answer")), copiesOf(t.Request, "repeated, still no answer")...)
}

// checkPortClosed takes the network's word for a port that refused all that was
// sent there, or to which no connection could be made, or not be secured.
func checkPortClosed(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	told := map[netip.AddrPort]bool{}
	for _, u := range toSignalling(e, closed) {
		sent, heard := false, false
		for _, t := range asking(e) {
			if t.Request.To == u.Target {
				sent = true
				heard = heard || len(t.Responses) > 0
			}
		}
		if !heard && (sent || e.Have.Has(evidence.HaveLive)) {
			if told[u.Target] {
				continue
			}
			told[u.Target] = true
			hits = append(hits, soften(e, closedHit(u), hop{u.Net.String(), u.Target}, u.Time))
		}
	}
	hits = append(append(hits, cutShort(e)...), measuredClosed(e)...)
	for i := range hits {
		hits[i].Args = with(hits[i].Args, worksInstead(e, hits[i].Args["server"]))
	}
	return hits
}

func closedHit(u evidence.Unreachable) Hit {
	return Hit{Certainty: Confirmed, Direction: evidence.Both, Args: args{"server": u.Target.String(), "reason": quote(u.Reason)},
		Cites: []Cite{{u.N, "turned back: " + quote(u.Reason)}}}
}

func checkTransportBlocked(e *evidence.Evidence, _ Dictionary) []Hit {
	for _, s := range servers(e) {
		for _, t := range s.requests {
			waited := pending(e, t)
			if waited < silence || s.reachable[t.Request.Net.String()] {
				continue
			}
			for _, good := range []string{"TLS", "TCP", "UDP"} {
				if s.reachable[good] {
					return blockedMeasured(e, []Hit{{Certainty: sure(waited), Direction: evidence.Both, Args: args{"good": good, "bad": t.Request.Net.String(),
						"server": s.addr.String(), "waited": span(waited)}, Cites: unheardCites(t)}})
				}
			}
		}
	}
	return blockedMeasured(e, blockedConnection(e))
}

// checkBanned: silence to REGISTER from a server that answers other things over
// the same transport, or that refused passwords before it fell silent.
func checkBanned(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		if h, ok := cutOff(e, s); ok {
			hits = append(hits, h)
			continue
		}
		waited := pending(e, s.last)
		if waited < silence || s.accepted != nil {
			continue
		}
		while, proof := "", Cite{}
		for _, t := range s.tries {
			if m := t.Final(); challenge(m) {
				while, proof = "although the server had asked for a password before", cite(m, "the server was there before")
				if t.Authorized() {
					while = "after the password had been refused before"
				}
			}
		}
		for _, t := range asking(e) {
			if t.Method != "REGISTER" && t.Request.To.Addr() == s.last.Request.To.Addr() && t.Request.Net == s.last.Request.Net && len(t.Responses) > 0 {
				while, proof = "while the same server answered "+thing(t.Method), cite(t.Responses[0], thing(t.Method)+" was answered")
				break
			}
		}
		if w, ok := wayOver(e, s.last.Request.Net.String()); while == "" && ok && w.Yes() && w.server.Addr() == s.last.Request.To.Addr() {
			while, proof = "while the same server answered a short question", w.cite()
		}
		if while == "" {
			continue
		}
		hits = append(hits, Hit{Certainty: sure(waited), Args: args{"waited": span(waited), "while": while},
			Cites: append(unheardCites(s.last), cites(proof)...)})
	}
	return hits
}

func checkDenied(e *evidence.Evidence, _ Dictionary) []Hit {
	for _, u := range toSignalling(e, denied) {
		return []Hit{{Certainty: Confirmed, Direction: evidence.Out, Args: args{"server": u.Target.String(), "reason": quote(u.Reason)},
			Cites: []Cite{{u.N, "this computer says " + quote(u.Reason)}}}}
	}
	return measuredDenied(e)
}
