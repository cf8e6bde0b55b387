package diagnosis

import (
	"net/netip"
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// twoFaces finds a server that saw the same phone inside the phone's own network, and
// outside of it over a way that cannot be read on the way: what it said the first time
// was changed back.
func twoFaces(e *evidence.Evidence) []Hit {
	type ends struct{ here, there netip.Addr }
	inside, outside := map[ends]*evidence.Message{}, map[ends]*evidence.Message{}
	var order []ends
	for _, t := range asking(e) {
		if len(t.Request.Vias()) != 1 {
			continue
		}
		key := ends{t.Request.From.Addr().Unmap(), t.Request.To.Addr().Unmap()}
		for _, m := range t.Responses {
			via, ok := ourVia(m)
			at := host(via.Received)
			if !ok || m.Out || !at.IsValid() || !private(key.here) || !public(key.there) {
				continue
			}
			if !slices.Contains(order, key) {
				order = append(order, key)
			}
			switch {
			case at == key.here && m.Net != capture.TLS && inside[key] == nil:
				inside[key] = m
			case at != key.here && outside[key] == nil:
				outside[key] = m
			}
		}
	}
	for _, key := range order {
		in, out := inside[key], outside[key]
		if in == nil || out == nil || in.Net == out.Net {
			continue
		}
		seen := host(out.Vias()[0].Received).String()
		h := Hit{Certainty: Likely, Direction: evidence.Both,
			Args:  args{"seen": "Suspected from what came back: over " + quote(in.Net.String()) + " the server seems to see the phone at " + key.here.String() + ", inside this network, and over " + quote(out.Net.String()) + " at " + seen + "."},
			Cites: cites(cite(in, "seen at "+key.here.String()), cite(out, "seen at "+seen))}
		h.harmlessUnless(e)
		return []Hit{h}
	}
	return nil
}

// What measurements without a mirror show, and in which words; strong ones are likely
// by themselves, weak ones only together.
var algSigns = []struct {
	key, detail, sign string
	strong            bool
	words             func(evidence.Probe) string
}{
	{capture.ProbeALGEcho, "signs", "bait", true, func(p evidence.Probe) string {
		return "a question that named only the outside address (" + shortLine(p.Text("sent")) + ") came back with this computer's own (" + shortLine(p.Text("back")) + "), which stood nowhere in it"
	}},
	{capture.ProbeALGEcho, "signs", "changed", true, func(p evidence.Probe) string {
		return "a line that the server has to return as it is was sent as " + shortLine(p.Text("sent")) + " and came back as " + shortLine(p.Text("back"))
	}},
	{capture.ProbeALGEcho, "signs", "two-faces", true, func(p evidence.Probe) string {
		return "to one question the server seems to see this computer inside this network, and to the next one outside of it"
	}},
	{capture.ProbeALGPorts, "differs", "seen", true, func(p evidence.Probe) string {
		return "the server seems to see this computer inside this network over " + quote(wayWords(p.Text("inside"))) + ", and outside of it over " + quote(wayWords(p.Text("outside")))
	}},
	{capture.ProbeALGEcho, "signs", "stun", false, func(p evidence.Probe) string {
		return "the phone's server seems to see this computer inside this network, and another one sees it outside"
	}},
	{capture.ProbeALGEcho, "signs", "unseen", false, func(evidence.Probe) string {
		return "the server does not say that it sees another address than the private one that the phone gave"
	}},
	{capture.ProbeALGPorts, "differs", "silent", false, func(evidence.Probe) string {
		return "what leaves where phones usually do (\"port 5060\") is not answered, and what leaves elsewhere is"
	}},
	{capture.ProbeALGPorts, "differs", "forced", false, func(evidence.Probe) string {
		return "wherever this computer sends from, the server sees the same place (\"port 5060\")"
	}},
}

// wayWords are the words for one of the ways of capture.ProbeALGPorts.
func wayWords(way string) string {
	return orElse(map[string]string{"5060": "UDP", "other": "UDP", "tcp": "TCP", "tls": "TLS"}[way], "another way")
}

// suspected judges what was measured without a mirror: one strong sign or two weak ones
// make a helper likely, one weak one possible. None is a proof.
func suspected(e *evidence.Evidence) []Hit {
	var words []string
	var proof []Cite
	strong, weak := 0, 0
	for _, s := range algSigns {
		p, ok := e.Probe(s.key)
		if !ok || p.Yes() || !slices.Contains(strings.Split(p.Text(s.detail), ","), s.sign) {
			continue
		}
		if s.strong {
			strong++
		} else {
			weak++
		}
		if !slices.ContainsFunc(proof, func(c Cite) bool { return c.N == p.N }) { // its details are about the strongest sign
			words = append(words, s.words(p))
			proof = append(proof, Cite{p.N, "measured: " + s.words(p)})
		}
	}
	p, known := e.Probe(capture.ProbeALGMirror)
	switch {
	case strong+weak == 0, strong == 0 && known && p.Yes():
		return nil
	}
	h := Hit{Certainty: Possible, Direction: evidence.Both, Kind: Hint, Cites: proof,
		Args: args{"seen": "Suspected from what came back: " + strings.Join(words, "; ") + "."}}
	if strong > 0 || weak > 1 {
		h.Certainty = Likely
		h.harmlessUnless(e)
	}
	return []Hit{h}
}

// shortLine keeps what matters of a line of a message: the address in it.
func shortLine(line string) string {
	if via, err := sipmsg.ParseVia(line); err == nil && via.Host != "" {
		return hostPort(via)
	}
	line, _, _ = strings.Cut(line, ";")
	return quote(line)
}

// harmlessUnless makes a hint of a helper that changes messages where nothing fails
// that it can have broken: many only do the router's work a second time.
func (h *Hit) harmlessUnless(e *evidence.Evidence) {
	if h.Kind = Hint; brokenByRewriting(e) {
		h.Kind = Fault
	}
}

// brokenByRewriting tells that something fails as it does when messages are changed on
// the way.
func brokenByRewriting(e *evidence.Evidence) bool {
	for _, c := range e.Calls {
		if !has(c.Invite) || c.Answer == nil {
			continue
		}
		if cause, _ := silenceIn(e, c); cause != "" {
			return true
		}
		out := mainOut(c)
		if said(e, "they_hear", "no") && out != nil && !reportsArrive(c) && !(out.Level.Known && out.Level.DBFS < silentBelow) {
			return true
		}
	}
	for _, t := range asking(e) {
		switch m := t.Final(); {
		case pending(e, t) >= silence:
			return true
		case status(m) == 400, status(m) == 481:
			return true
		}
	}
	for _, look := range []check{checkAckMissing, checkReplyLost, checkOutLost} {
		if slices.ContainsFunc(look(e, Dictionary{}), func(h Hit) bool { return h.Certainty != 0 }) {
			return true
		}
	}
	return e.Situation == "no-incoming" && len(inCalls(e)) == 0
}
