package diagnosis

import (
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// fewPings is from how many pings on their loss says anything, and manyLost from how
// many lost ones on: one in twenty is chance.
const (
	fewPings = 10
	manyLost = 2
)

// pingsOf reads a series of pings; ok is false where too few were sent.
func pingsOf(e *evidence.Evidence, key string) (p evidence.Probe, lost, sent int, ok bool) {
	p, known := e.Probe(key)
	s, a := p.Number("sent")
	g, b := p.Number("got")
	return p, int(s - g), int(s), known && a && b && s >= fewPings
}

// located says of packets that were lost where that happened, as far as pings to the
// router tell: what is lost on the first stretch is lost in this network.
func located(check func(*evidence.Evidence, Dictionary) []Hit) func(*evidence.Evidence, Dictionary) []Hit {
	return func(e *evidence.Evidence, d Dictionary) []Hit {
		hits := check(e, d)
		p, lost, sent, ok := pingsOf(e, capture.ProbeGateway)
		if !ok {
			return hits
		}
		for i := range hits {
			switch {
			case lost >= manyLost && lost < sent:
				hits[i].Where = LocalNetwork
				hits[i].Cites = append(hits[i].Cites, Cite{p.N, "measured: the router loses packets, too, " + count(lost) + " of " + count(sent)})
			case lost == 0 && hits[i].Where == "":
				hits[i].Where = Internet
				hits[i].Cites = append(hits[i].Cites, Cite{p.N, "measured: the way to the router loses nothing"})
			}
		}
		return hits
	}
}

// locatedInTime says of packets that came unevenly where that happened, as far as the
// times of pings to the router tell.
func locatedInTime(check func(*evidence.Evidence, Dictionary) []Hit) func(*evidence.Evidence, Dictionary) []Hit {
	return func(e *evidence.Evidence, d Dictionary) []Hit {
		hits := check(e, d)
		p, lost, _, ok := pingsOf(e, capture.ProbeGateway)
		usual, a := p.Duration("rtt")
		worst, b := p.Duration("worst")
		if !ok || !a || !b {
			return hits
		}
		for i := range hits {
			switch varies := worst - usual; {
			case varies > jitterBad:
				hits[i].Where = LocalNetwork
				hits[i].Cites = append(hits[i].Cites, Cite{p.N, "measured: the way to the router alone varies by " + millis(varies)})
			case lost == 0 && varies < jitterBad/3 && hits[i].Where == "":
				hits[i].Where = Internet
				hits[i].Cites = append(hits[i].Cites, Cite{p.N, "measured: the way to the router is even"})
			}
		}
		return hits
	}
}

// measuredNameUnknown finds a name without an address where only the probe looked.
func measuredNameUnknown(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeDNS)
	if !ok || p.Yes() || p.Text("reason") == "" {
		return nil
	}
	h := Hit{Certainty: Confirmed, Args: args{"name": quote(p.Text("name")), "reason": quote(p.Text("reason")), "down": ""},
		Cites: []Cite{{p.N, "measured: the name has no address"}}}
	if p.Text("reason") != "no such host" {
		h.Certainty, h.Where, h.Args["down"] = Likely, LocalNetwork, "yes"
	}
	return []Hit{h}
}

// measuredLookup finds slow name servers, and such that do not say the same.
func measuredLookup(e *evidence.Evidence) (hits []Hit) {
	if p, ok := e.Probe(capture.ProbeDNS); ok && !p.Yes() && p.Text("reason") == "" {
		if d, known := p.Duration("slowest"); known && d > 2*time.Second {
			hits = append(hits, Hit{Certainty: Confirmed, Args: args{"name": quote(p.Text("name")), "took": span(d), "differ": "", "dead": ""},
				Cites: []Cite{{p.N, "measured: a look-up took " + span(d)}}})
		}
	}
	if p, ok := e.Probe(capture.ProbeDNSAgree); ok && !p.Yes() {
		name, _ := e.Probe(capture.ProbeDNS)
		hits = append(hits, Hit{Certainty: Likely, Where: LocalNetwork, Args: args{"name": quote(name.Text("name")), "took": "", "differ": p.Text("differ"), "dead": ""},
			Cites: []Cite{{p.N, "measured: two name servers differ"}}})
	}
	return append(hits, deadMachines(e)...)
}

// deadMachines finds machines behind the server's name that do not answer while others
// do: every call waits for them first, or goes astray once in a while.
func deadMachines(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeDNSTargets)
	alive, dead := p.Text("alive"), p.Text("dead")
	if !ok || p.Yes() || alive == "" || dead == "" {
		return nil
	}
	list := func(text string) string { return join(strings.Split(text, ",")) }
	return []Hit{{Kind: Hint, Where: Provider, Certainty: Likely, Args: args{"name": "the server", "took": "", "differ": "", "dead": list(dead), "alive": list(alive)},
		Cites: []Cite{{p.N, "measured: a machine behind the server's name does not answer"}}}}
}

// namesMeasured tells that the name service was looked at from all sides, and is well.
func namesMeasured(e *evidence.Evidence, _ Dictionary) bool {
	noted := map[string]string{}
	for _, p := range e.Probes {
		noted[p.Name] = p.Result
	}
	return noted[capture.ProbeDNS] == "yes" && noted[capture.ProbeDNSAgree] != "" && noted[capture.ProbeDNSAgree] != "no" && noted[capture.ProbeDNSTargets] != ""
}

// throughVPN finds a way to the server that leads through a VPN.
func throughVPN(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeInterfaces)
	if !ok || p.Yes() || p.Text("kind") != "vpn" {
		return nil
	}
	return []Hit{{Certainty: Likely, Args: args{"vpn": "yes", "seen": "What the phone sends leaves through " + quote(p.Text("used")) + ", which is a VPN."},
		Cites: []Cite{{p.N, "measured: the way leads through a VPN"}}}}
}

// pathMeasured draws what pings and small questions have proven: the way to the router
// and, where the server answered, the way to it.
func pathMeasured(p *[4]Segment, e *evidence.Evidence) {
	good := func(seg int) {
		for _, s := range []*State{&p[seg].Out, &p[seg].In} {
			if *s == Unknown {
				*s = Good
			}
		}
	}
	if g, ok := e.Probe(capture.ProbeGateway); ok && g.Yes() {
		good(segRouter)
	}
	if anyWayAnswered(e, Dictionary{}) && e.Situation == networkSituation {
		good(segRouter)
		good(segProvider)
	}
}

// networkSituation is a test of the way alone, where what answers small questions is
// all that the path shows.
const networkSituation = "network"
