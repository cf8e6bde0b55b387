package diagnosis

import (
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// mirrorParts are the names of what a mirror found changed.
var mirrorParts = map[string]string{
	"via": "Via", "contact": "Contact", "sdp": "SDP", "call-id": "Call-ID", "content-length": "Content-Length",
	"body": "the body", "request-line": "the first line", "form": "the spelling", "report": "the mirror's own report",
}

// mirrored takes the word of a mirror: what it received is not what was sent.
func mirrored(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeALGMirror)
	if !ok || p.Yes() {
		return nil
	}
	var parts []string
	for what := range strings.SplitSeq(p.Text("what"), ",") {
		parts = append(parts, orElse(mirrorParts[what], what))
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.Both, Kind: Hint, Cites: []Cite{{p.N, "measured: what the mirror received is not what was sent"}}}
	seen := "Proven with a mirror outside of this network: what was sent did not arrive as it was"
	switch sent, received := p.Text("sent"), p.Text("received"); {
	case p.Text("what") == "report":
		seen = "Proven with a mirror outside of this network: what it sent back did not come as it was"
	case sent != "" && received != "":
		seen = "Proven with a mirror outside of this network: " + shortHeader(sent) + " arrived there as " + shortHeader(received)
	case sent != "":
		seen = "Proven with a mirror outside of this network: " + shortHeader(sent) + " did not arrive"
	case received != "":
		seen = "Proven with a mirror outside of this network: " + shortHeader(received) + " arrived, which was not sent"
	}
	seen += h.whose(e, p)
	if p.Text("back") == "hidden" {
		seen += ", and what comes back hides it"
	}
	seen += "."
	damaged := p.Text("length") == "wrong"
	if damaged {
		seen += " The length that such a message announces is wrong then, and servers refuse it."
	}
	if damaged || e.Situation == "network" || brokenByRewriting(e) {
		h.Kind = Fault // something suffers from it, or the way itself is what is examined
	}
	clean := ""
	if list := p.Text("clean"); list != "" {
		clean = ways(list)
	}
	h.Args = args{"seen": seen, "parts": join(parts), "clean": clean}
	return []Hit{h}
}

// whose says whose address was written in place of the phone's, which tells who did it.
func (h *Hit) whose(e *evidence.Evidence, p evidence.Probe) string {
	to, outside := p.Addr("to"), p.Addr("outside")
	if !to.IsValid() {
		return ""
	}
	wan, ok := e.Probe(capture.ProbeWANAddress)
	behind := ok && !wan.Yes() && wan.Addr("wan").IsValid()
	switch {
	case behind && wan.Addr("wan") == to, private(to) && to != outside:
		return " (" + to.String() + " is the outside address of the router here, which stands behind another one)"
	case behind && to == outside:
		h.Where = Internet
		return " (" + to.String() + " is the address of a second router, mostly the internet provider's)"
	case to == outside:
		return " (" + to.String() + " is this network's outside address: it was the router)"
	}
	return ""
}

// shortHeader keeps the name of a header and the address in it.
func shortHeader(line string) string {
	name, value, ok := strings.Cut(line, ": ")
	if ok && strings.EqualFold(name, "Via") {
		return quote(name + " " + shortLine(value))
	}
	line, _, _ = strings.Cut(line, ";")
	return quote(line)
}

// ways puts the ways of a mirror into words: "udp/5080,tcp/5060".
func ways(list string) string {
	var words []string
	for w := range strings.SplitSeq(list, ",") {
		over, port, _ := strings.Cut(w, "/")
		words = append(words, strings.ToUpper(over)+" port "+port)
	}
	return join(words)
}

// nothingRewritten rules a helper out: a mirror received everything over the account's
// transport as it was sent, or the account's messages are encrypted so that nobody on
// the way can read them. What comes back unchanged would not do.
func nothingRewritten(e *evidence.Evidence, _ Dictionary) bool {
	list := asking(e)
	answered, open := false, false
	for _, t := range list {
		answered = answered || len(t.Responses) > 0
		open = open || t.Request.Net != capture.TLS
	}
	if len(list) > 0 && answered && !open {
		return true
	}
	p, ok := e.Probe(capture.ProbeALGMirror)
	return ok && p.Yes() && strings.Contains(p.Text("clean"), "udp/")
}
