package diagnosis

import (
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// bigRequest is the size above which a request over UDP may be cut in pieces on
// the way (RFC 3261 18.1.1).
const bigRequest = 1300

// reach is up to which size requests were measured to arrive over a transport.
type reach struct {
	evidence.Probe
	net     string
	largest int // that arrived; below failed, where some did not
	failed  int // the smallest that did not arrive, 0: all did
	above   int // a still larger one that arrived, 0: none
	invite  int // bytes of this phone's own INVITE, 0: not known
}

// reachOver gives what was measured over UDP, or over TCP for TCP and TLS.
func reachOver(e *evidence.Evidence, net string) (r reach, ok bool) {
	key := capture.ProbeSizeTCP
	if net == "UDP" || net == "" {
		key, net = capture.ProbeSizeUDP, "UDP"
	}
	p, ok := e.Probe(key)
	number := func(name string) int {
		n, _ := p.Number(name)
		return int(min(max(n, 0), 1<<20))
	}
	r = reach{p, net, number("largest"), number("failed"), number("above"), number("invite")}
	return r, ok && (p.Yes() || r.failed > 0)
}

// carries tells that a request of this size would arrive.
func (r reach) carries(size int) bool {
	return size <= r.largest || r.failed == 0 && size <= 2500 || r.above > 0 && size >= r.above
}

// loses tells that requests of this size were measured to get lost.
func (r reach) loses(size int) bool {
	return r.failed > 0 && size >= r.failed && (r.above == 0 || size < r.above)
}

// mayLose tells that no request of this size was measured to arrive, while shorter ones
// were, and longer ones to get lost.
func (r reach) mayLose(size int) bool {
	return r.failed > 0 && size > r.largest && (r.above == 0 || size < r.above)
}

func (r reach) cites() []Cite {
	label := "measured: " + count(r.largest) + " bytes get through, " + count(r.failed) + " do not"
	if r.failed == 0 {
		label = "measured: " + count(r.largest) + " bytes get through"
	}
	return []Cite{{r.N, label}}
}

// lostBySize tells that a request is at least as large as one that was lost on
// purpose, while a smaller one got through.
func lostBySize(e *evidence.Evidence, t *evidence.Transaction) bool {
	passed, lost := sizes(e)
	return passed != nil && lost != nil && passed.Request.Size < lost.Request.Size && t.Request.Size >= passed.Request.Size
}

// longArrives tells that long messages were measured to arrive over the account's transport.
func longArrives(e *evidence.Evidence, _ Dictionary) bool {
	r, ok := reachOver(e, accountNet(e))
	return ok && r.failed == 0
}

func checkTooBig(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	measured, known := reachOver(e, accountNet(e))
	for _, c := range outCalls(e) {
		waited, other, t := unansweredCall(e, c)
		if waited < silence || other == nil {
			continue
		}
		size := t.Request.Size
		gone := known && measured.mayLose(size)
		if known && measured.carries(size) || !gone && (!overUDP(t.Request) || size <= bigRequest && !lostBySize(e, t)) {
			continue
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Both,
			Args:  args{"size": size, "waited": span(waited), "seen": "", "passes": "yes", "pieces": "yes"},
			Cites: append(unheardCites(t), cite(other, "a smaller request was answered"))}
		if passed, lost := sizes(e); passed != nil && lost != nil && passed.Request.Size < lost.Request.Size {
			h.Certainty = Confirmed
			h.Cites = append(h.Cites, cite(passed.Request, count(passed.Request.Size)+" bytes get through"), cite(lost.Request, count(lost.Request.Size)+" bytes do not"))
		}
		if gone {
			if measured.loses(size) {
				h.Certainty = Confirmed
			}
			h.lostSizes(e, measured)
		}
		hits = append(hits, h)
	}
	if len(hits) > 0 || !known || measured.failed == 0 {
		return hits
	}
	h := Hit{Certainty: Likely, Kind: Hint, Direction: evidence.Out, Args: args{"size": measured.invite, "waited": "", "seen": "", "passes": "yes", "pieces": "yes"}}
	for _, c := range outCalls(e) {
		if t := lastInvite(c); t != nil && len(t.Responses) > 0 && measured.loses(t.Request.Size) {
			return nil // a real call of such a size got through
		}
	}
	h.lostSizes(e, measured)
	fails := ""
	switch w, failed := mainWay(e); {
	case failed && w.net == "TLS" && w.open() && w.reason() == "silent":
		fails = " An encrypted connection begins with messages that long, and none came about."
		h.Cites, h.Direction = append(h.Cites, w.cite()), evidence.Both
	case measured.loses(measured.invite) && len(outCalls(e)) == 0:
		fails = " The phone's own call request has " + count(measured.invite) + " bytes."
	}
	if fails != "" {
		h.Kind = Fault
		h.Args["seen"] = h.Args["seen"].(string) + fails
	}
	return []Hit{h}
}

// lostSizes says which sizes get lost, and what that means for what helps.
func (h *Hit) lostSizes(e *evidence.Evidence, r reach) {
	h.Cites = append(h.Cites, r.cites()...)
	seen := "Test messages of up to " + count(r.largest) + " bytes arrived, one of " + count(r.failed) + " did not"
	if r.above > 0 {
		seen += ", and one of " + count(r.above) + ", which is cut in pieces, did"
		h.Args["pieces"] = ""
	}
	h.Args["seen"] = seen + "."
	if tcp, ok := reachOver(e, "TCP"); ok && tcp.failed > 0 {
		h.Args["passes"], h.Args["pieces"] = "", ""
		if r.net == "UDP" {
			h.Cites = append(h.Cites, tcp.cites()...)
		}
	}
}

// piecesMeasured makes a mere fact of messages to this phone that get lost in pieces,
// where no call is missed yet.
func piecesMeasured(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeFragments)
	if !ok || p.Yes() || p.Text("way") == "out" || accountNet(e) != "UDP" && accountNet(e) != "" {
		return nil
	}
	size, _ := p.Number("size")
	return []Hit{{Certainty: Likely, Kind: Hint, Direction: evidence.In,
		Args:  args{"seen": "An answer of " + count(int(size)) + " bytes did not arrive, while shorter ones did."},
		Cites: []Cite{{p.N, "measured: pieces get lost on the way here"}}}}
}
