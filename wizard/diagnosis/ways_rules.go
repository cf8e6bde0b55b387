package diagnosis

import (
	"fmt"
	"maps"
	"net/netip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// or rules a cause out where one of two rulings does.
func or(a, b ruling) ruling {
	return func(e *evidence.Evidence, d Dictionary) bool { return a(e, d) || b(e, d) }
}

// with adds arguments to those that are there.
func with(a, more args) args {
	all := maps.Clone(a)
	for k, v := range more {
		if _, ok := all[k]; !ok {
			all[k] = v
		}
	}
	return all
}

// yesIf is a condition for a template.
func yesIf(ok bool) string {
	if ok {
		return "yes"
	}
	return ""
}

// mainWayAnswered tells that the account's own way was measured, and open.
func mainWayAnswered(e *evidence.Evidence, _ Dictionary) bool {
	w, ok := wayOver(e, accountNet(e))
	return ok && w.Yes()
}

// anyWayAnswered tells that at least one way was measured, and open.
func anyWayAnswered(e *evidence.Evidence, _ Dictionary) bool {
	for _, w := range waysTo(e) {
		if w.Yes() {
			return true
		}
	}
	return false
}

// told tells that somebody named the transport: a server that lacks one which nobody
// asked for lacks nothing.
func told(e *evidence.Evidence, w way) bool {
	for _, ev := range e.Phone {
		if ev.Key == phoneAccount {
			return true
		}
	}
	return w.Text("wanted") == "yes"
}

// measuredSilence adds what was measured to the hits about servers that stay silent,
// or makes the hit where the phone itself has not asked yet.
func measuredSilence(e *evidence.Evidence, hits []Hit) []Hit {
	for i := range hits {
		hits[i].Args = with(hits[i].Args, args{"far": ""})
	}
	w, ok := mainWay(e)
	if !ok || w.reason() != "silent" && w.reason() != "unreachable" || anyWayAnswered(e, Dictionary{}) {
		return hits
	}
	for _, m := range e.Messages {
		if has(m) && !m.Out && m.From.Addr() == w.server.Addr() && m.To.Addr() != w.server.Addr() {
			return hits
		}
	}
	h := Hit{Certainty: Likely, Direction: evidence.Both, Args: args{"asked": "A short question sent to", "server": w.server.String(), "seen": "for " + span(w.waited()), "elsewhere": ""}}
	if w.reason() == "unreachable" {
		h.Certainty, h.Args["seen"] = Confirmed, "except the network's own word "+w.said()
	}
	far, where, proof := howFar(e)
	mute := 0
	for _, x := range waysTo(e) {
		h.Cites = append(h.Cites, x.cite())
		switch {
		case x.open():
			far, where = "It takes connections and then says nothing on them.", Provider
		case x.reason() == "refused":
			far = orElse(far, "By another way of connecting the attempt was turned away.")
		default:
			mute++
		}
	}
	if mute > 2 {
		h.Certainty = Confirmed // no way at all
	}
	h.Cites = append(h.Cites, proof...)
	h.Where, h.Args["far"] = where, far
	for i := range hits {
		if a, err := netip.ParseAddrPort(fmt.Sprint(hits[i].Args["server"])); err != nil || a.Addr() != w.server.Addr() {
			continue
		}
		hits[i].Certainty, hits[i].Args["far"] = max(hits[i].Certainty, h.Certainty), far
		hits[i].Cites = append(hits[i].Cites, h.Cites...)
		if hits[i].Where == "" {
			hits[i].Where = where
		}
		return hits
	}
	return append(hits, h)
}

// howFar says how far packets came on the way to the server, and so where they were lost.
func howFar(e *evidence.Evidence) (text string, where Where, proof []Cite) {
	if p, ok := e.Probe(capture.ProbeServerPath); ok {
		proof = []Cite{{p.N, "measured: how far packets come"}}
		reached := p.Addr("reached")
		switch hops, _ := p.Number("hops"); {
		case p.Yes():
			return "The server's machine itself can be reached.", Provider, proof
		case !reached.IsValid():
			if g, ok := e.Probe(capture.ProbeGateway); ok && !g.Yes() {
				return "The router at " + g.Text("gateway") + " does not answer either.", LocalNetwork, append(proof, Cite{g.N, "measured: the router does not answer"})
			}
		case hops > 1:
			return "Packets come as far as " + reached.String() + ", " + count(int(hops)) + " machines from here.", Internet, proof
		default:
			return "Packets come no farther than " + reached.String() + ", the first machine on the way.", LocalNetwork, proof
		}
	}
	if p, ok := e.Probe(capture.ProbeInternet); ok && !p.Yes() {
		return "Nothing else behind the router answers either.", "", []Cite{{p.N, "measured: nothing behind the router answers"}}
	}
	return "", "", nil
}

// blockedMeasured adds what was measured to the hits about a blocked way, or makes the
// hit where the phone itself has not asked yet.
func blockedMeasured(e *evidence.Evidence, hits []Hit) []Hit {
	w, ok := mainWay(e)
	good, other := goodWay(e, w)
	blocked := ok && other && (w.reason() == "silent" || w.reason() == "reset" || w.reason() == "unreachable")
	for i := range hits {
		port := ""
		if blocked && hits[i].Args["bad"] == w.net {
			hits[i].Certainty = Confirmed // asked twice, by the phone and by itself
			hits[i].Args["good"], port = good.net, unusualPort(good.server, good.net)
			hits[i].Cites = append(hits[i].Cites, w.cite(), good.cite())
		}
		hits[i].Args = with(hits[i].Args, args{"port": port, "alone": yesIf(port == "")})
	}
	if len(hits) > 0 || !blocked {
		return hits
	}
	port := unusualPort(good.server, good.net)
	h := Hit{Certainty: Likely, Direction: evidence.Both, Args: args{"good": good.net, "bad": w.net, "server": w.server.Addr().String(), "waited": span(w.waited()),
		"port": port, "alone": yesIf(port == "")}, Cites: []Cite{w.cite(), good.cite()}}
	if !told(e, w) && notOffered(e, w.net) {
		h.Kind = Hint
	}
	return []Hit{h}
}

// notOffered tells that the name service names servers for other transports, and none
// for this one (RFC 3263 4.1).
func notOffered(e *evidence.Evidence, net string) bool {
	p, ok := e.Probe(capture.ProbeDNS)
	if !ok {
		return false
	}
	this, others := 0.0, 0.0
	for key, name := range map[string]string{"srv-udp": "UDP", "srv-tcp": "TCP", "srv-tls": "TLS"} {
		n, _ := p.Number(key)
		if name == net {
			this += n
		} else {
			others += n
		}
	}
	return this == 0 && others > 0
}

// measuredClosed finds the account's way turned back at the server's door.
func measuredClosed(e *evidence.Evidence) []Hit {
	w, ok := mainWay(e)
	if !ok || spokenAt(e, hop{w.net, w.server}) {
		return nil // or what runs there does not speak this transport: see blockedConnection
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.Both, Args: args{"server": w.server.String(), "reason": w.said()}, Cites: []Cite{w.cite()}}
	good, other := goodWay(e, w)
	switch reason := w.reason(); {
	case reason == "refused":
		h.Args["reason"] = quote("connection refused")
	case reason == "closed", reason == "reset" && !other:
		h.Certainty, h.Args["reason"] = Likely, "the connection was closed before anything was said"
	default:
		return nil
	}
	if other {
		h.Cites = append(h.Cites, good.cite())
		if !told(e, w) {
			h.Kind = Hint
		}
	}
	return []Hit{h}
}

// worksInstead gives the arguments for a remedy that names what was measured to work in
// place of a way to a server: the transport, with its port where that is no usual one,
// or another port of the same transport.
func worksInstead(e *evidence.Evidence, server any) args {
	a := args{"compare": "yes", "works": "", "port": "", "usual": ""}
	at, err := netip.ParseAddrPort(fmt.Sprint(server))
	if err != nil {
		return a
	}
	w, ok := mainWay(e)
	if !ok || w.server.Addr() != at.Addr() {
		return a
	}
	if good, ok := goodWay(e, w); ok {
		a["compare"], a["works"], a["port"] = "", good.net, unusualPort(good.server, good.net)
	}
	if u := w.AddrPort("usual"); u.IsValid() {
		a["compare"], a["usual"] = "", fmt.Sprint(u.Port())
	}
	return a
}

// measuredNonsense finds what answers in no language of phones where the account looks
// for its server.
func measuredNonsense(e *evidence.Evidence) []Hit {
	w, ok := mainWay(e)
	if !ok || w.reason() != "garbage" && w.reason() != "not-tls" {
		return nil
	}
	return []Hit{{Certainty: Likely, Direction: evidence.Both, Args: args{"server": w.server.String(), "count": "1", "one": "yes"}, Cites: []Cite{w.cite()}}}
}

// measuredDenied finds this computer itself keeping the account's way shut.
func measuredDenied(e *evidence.Evidence) []Hit {
	w, ok := mainWay(e)
	if !ok || w.reason() != "denied" {
		return nil
	}
	return []Hit{{Certainty: Confirmed, Direction: evidence.Out, Args: args{"server": w.server.String(), "reason": w.said()}, Cites: []Cite{w.cite()}}}
}
