package diagnosis

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// measuredHandshake is the measured attempt to agree on encryption in which the server's
// certificate was not accepted, in the form of one that the phone made; false where
// there was none, or the phone's own shows the same.
func measuredHandshake(e *evidence.Evidence) (evidence.Connection, bool) {
	p, ok := e.Probe(capture.ProbeCertificate)
	if !ok || p.Yes() {
		return evidence.Connection{}, false
	}
	c := evidence.Connection{N: p.N, Time: p.Time, Net: capture.TLS, Addr: p.AddrPort("server"),
		TLS: &evidence.Handshake{Name: p.Text("name"), Faults: strings.Split(p.Text("faults"), ", "), Chain: p.Certificates()}}
	if slices.ContainsFunc(e.Connections, func(x evidence.Connection) bool { return x.TLS != nil && hopOf(x) == hopOf(c) }) {
		return evidence.Connection{}, false
	}
	return c, true
}

// certificateMeasured tells that the certificate was looked at, and accepted.
func certificateMeasured(e *evidence.Evidence, d Dictionary) bool {
	for _, c := range e.Connections {
		if c.TLS != nil && len(c.TLS.Faults) > 0 {
			return false
		}
	}
	return probed(capture.ProbeCertificate, true)(e, d)
}

// outdatedMeasured adds to the hits about outdated encryption what the server was
// measured to take, or makes the hit where the phone itself has not tried.
func outdatedMeasured(e *evidence.Evidence, hits []Hit) []Hit {
	p, ok := e.Probe(capture.ProbeTLSVersions)
	if !ok || p.Yes() {
		return hits
	}
	reason := "the server takes nothing that this computer knows"
	if takes := p.Text("takes"); takes != "" {
		reason = "the server takes only " + quote(strings.ReplaceAll(takes, ",", ", "))
		if c := p.Text("cipher"); c != "" {
			reason += " with " + quote(c)
		}
	}
	proof := Cite{p.N, "measured: " + reason}
	if len(hits) > 0 {
		for i := range hits {
			hits[i].Certainty, hits[i].Args["reason"] = Confirmed, reason
			hits[i].Cites = append(hits[i].Cites, proof)
		}
		return hits
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.Both, Args: args{"server": p.Text("server"), "reason": reason}, Cites: []Cite{proof}}
	if accountNet(e) != "TLS" {
		h.Kind = Hint
	}
	return []Hit{h}
}

// clockMeasured adds the measured difference of the clocks. It becomes a fault where a
// server was not trusted for its dates alone, which by its own clock would fit.
func clockMeasured(e *evidence.Evidence, hits []Hit) []Hit {
	p, ok := e.Probe(capture.ProbeClock)
	off, known := p.Duration("off")
	theirs, err := time.Parse(time.RFC3339, p.Text("server"))
	if !ok || p.Yes() || !known || err != nil {
		return hits
	}
	h := Hit{Certainty: Likely, Args: args{"by": apart(off.Abs()), "theirs": theirs.UTC().Format(time.DateTime), "ours": theirs.Add(off).UTC().Format(time.DateTime), "proof": ""},
		Cites: []Cite{{p.N, "measured: the clocks differ by " + apart(off.Abs())}}}
	if here, there := p.Text("tls-here"), p.Text("tls-there"); there == "fits" && here != "" && here != "fits" {
		h.Certainty = Confirmed
		h.Args["proof"] = " By the server's clock its proof of who it is would be valid, by this computer's it is not."
		if n, dates := untrustedForDates(e); dates {
			h.Kind = Fault
			h.Cites = append(h.Cites, Cite{n, "the server was not trusted because of its dates"})
		}
	}
	if len(hits) > 0 && hits[0].Kind == Fault {
		hits[0].Cites = append(hits[0].Cites, h.Cites...)
		return hits
	}
	return append([]Hit{h}, hits...)
}

// untrustedForDates tells that the account's own server was refused, each time only
// because of dates.
func untrustedForDates(e *evidence.Evidence) (n int, all bool) {
	if accountNet(e) != "TLS" {
		return 0, false
	}
	list := failures(e)
	if c, ok := measuredHandshake(e); ok {
		list = append(list, c)
	}
	for _, c := range list {
		if c.TLS == nil || !onlyDates(c) {
			return 0, false
		}
		n = c.N
	}
	return n, len(list) > 0
}
