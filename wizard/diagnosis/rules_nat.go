package diagnosis

import (
	"net/netip"
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// natRules are about routers that hide the phone behind another address.
var natRules = []Rule{
	{
		Cause: "nat-binding-changes", Kind: Fault, Where: LocalNetwork, Either: haveAsked | evidence.HaveProbes,
		Title:    "The router keeps changing the door through which calls have to come in.",
		Why:      "{{.seen}}",
		Overturn: "The same address being seen for minutes on end.",
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to TCP or TLS. Else switch off a second internet line or load balancing in the router."},
			{ForAdmin, "Use a NAT with endpoint-independent mapping and a UDP timeout above the keep-alive interval."},
		},
		ExplainedBy: []string{"sip-alg", "nat-binding-expires", "computer-sleeps"},
		Check:       checkBinding,
		RuledOut:    or(seenTwice, probed(capture.ProbeNATStable, true)),
	},
	{
		Cause: "contact-unroutable", Kind: Hint, Where: Account,
		Either:   evidence.HaveRegistration | evidence.HaveCallIn,
		Title:    "The phone gave the server an address at which it cannot be reached from outside.",
		Why:      "{{.seen}}",
		Overturn: "Calls reaching this phone in spite of it.",
		Fix: []Remedy{
			{ForUser, "Switch on rport or STUN in the phone's network settings, or set its transport to TCP or TLS."},
			{ForAdmin, "Switch the server's NAT handling on for this account, so that it uses the address it sees."},
		},
		ExplainedBy: []string{"sip-alg"},
		Check:       checkContact,
		RuledOut:    contactReached,
	},
	{
		Cause: "hairpin-not-supported", Kind: Hint, Where: LocalNetwork,
		Either:   evidence.HaveCallOut | evidence.HaveCallIn,
		Title:    "Both phones sit behind the same router, and the sound has to turn round in it.",
		Why:      "The other side names {{.addr}} for its sound, which is this network's own public address.{{.failed}}",
		Overturn: "Sound passing between the two phones.",
		Fix: []Remedy{
			{ForUser, "Ask your provider to relay the sound of such calls."},
			{ForAdmin, "Use a router that loops such packets back (hairpin), or relay on the server."},
		},
		Check:    checkHairpin,
		RuledOut: farAddressSeen,
	},
}

func checkBinding(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, list := range sightings(e) {
		var seen []string
		var proof []Cite
		for _, x := range list {
			if !slices.Contains(seen, x.addr) {
				seen = append(seen, x.addr)
				proof = append(proof, cite(x.message, "seen at "+x.addr))
			}
		}
		if len(seen) < 2 {
			continue
		}
		hits = append(hits, Hit{Certainty: certain(len(seen) > 2), Direction: evidence.In,
			Args:  args{"seen": "The phone always sent from the same place, but the server saw it at " + count(len(seen)) + " different addresses: " + join(seen[:min(len(seen), 4)]) + "."},
			Cites: proof[:min(len(seen), 6)]})
	}
	return append(hits, wanders(e)...)
}

// wanders is an address that changed while a socket was watched that was never silent:
// no router forgets anything then.
func wanders(e *evidence.Evidence) []Hit {
	p, ok := e.Probe(capture.ProbeNATStable)
	if !ok || p.Yes() {
		return nil
	}
	after := "a moment"
	if d, known := p.Duration("after"); known {
		after = span(d)
	}
	return []Hit{{Certainty: Confirmed, Direction: evidence.In,
		Args:  args{"seen": "A server saw this computer at " + orElse(p.Text("first"), "one address") + ", and " + after + " later at " + orElse(p.Text("then"), "another one") + ", although nothing had been silent."},
		Cites: []Cite{{p.N, "measured: the address seen from outside changes"}}}}
}

// checkContact: a private contact that a server in the internet stored as it
// was, without taking note of where it came from.
func checkContact(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		a := c.Answer
		if !has(a) || c.Ack != nil || len(a.Copies) == 0 || !public(peerAddress(c)) || end(e, c).Sub(a.Time) < soundAfter {
			continue
		}
		for _, contact := range a.Contacts() {
			if at := host(contact.URI.Host); at.IsValid() && private(at) {
				hits = append(hits, Hit{Certainty: Likely, Kind: Fault, CallID: c.ID, Direction: evidence.In,
					Args:  args{"seen": "This phone answered a call as " + contact.URI.Host + ", an address of its own network, and nothing came back from the server."},
					Cites: cites(cite(a, "answered as "+contact.URI.Host))})
				break
			}
		}
	}
	if len(hits) > 0 || noNAT(e) {
		return hits
	}
	_, vain, waits := waitsForCalls(e)
	for _, s := range signIns(e) {
		if s.accepted == nil || !public(s.accepted.Request.To.Addr()) {
			continue
		}
		ours := s.accepted.Request.Contacts()[0]
		via, ok := ourVia(s.accepted.Final())
		if !ok || !private(host(ours.URI.Host)) || !host(ours.URI.Host).IsValid() {
			continue
		}
		if via.Received != "" || via.RPort != 0 {
			hits = append(hits, storedInVain(e, s)...)
			continue
		}
		for _, c := range s.accepted.Final().Contacts() {
			if !sameHost(c.URI.Host, ours.URI.Host) {
				continue
			}
			h := Hit{Certainty: Likely, Direction: evidence.In,
				Args:  args{"seen": "The server stored " + c.URI.Host + ", an address of this phone's own network, and did not say that it saw another one."},
				Cites: cites(cite(s.accepted.Final(), "stored as "+c.URI.Host))}
			if waits {
				h.Kind = Fault
				h.Args["seen"] = h.Args["seen"].(string) + " Somebody called, and no call came."
				h.Cites = append(h.Cites, Cite{vain.N, "a caller tried in vain"})
			}
			hits = append(hits, h)
			break
		}
	}
	return hits
}

// storedInVain: the server answers to where it sees the phone, and still has stored the
// private address. Most send calls to where they saw it all the same; where a call was
// awaited in vain, this one seems to be none of them.
func storedInVain(e *evidence.Evidence, s *signIn) []Hit {
	c, ok := storedAsPrivate(s)
	if !ok || len(inCalls(e)) > 0 || !outsideTried(e) || !said(e, "caller_hears", "silence") && !said(e, "caller_hears", "ringing") {
		return nil
	}
	return []Hit{{Certainty: Possible, Kind: Fault, Direction: evidence.In,
		Args:  args{"seen": "A call was made and did not arrive. The server stored " + c.URI.Host + ", an address of this phone's own network, and does not say that it will call elsewhere."},
		Cites: cites(cite(s.accepted.Final(), "stored as "+c.URI.Host))}}
}

// storedAsPrivate gives our contact as the server listed it, where that is a private
// address and nothing stands beside it (as the received of some servers).
func storedAsPrivate(s *signIn) (sipmsg.Address, bool) {
	if s.accepted == nil || !public(s.accepted.Request.To.Addr()) {
		return sipmsg.Address{}, false
	}
	ours := s.accepted.Request.Contacts()
	for _, c := range s.accepted.Final().Contacts() {
		if at := host(c.URI.Host); len(ours) > 0 && sameHost(c.URI.Host, ours[0].URI.Host) && c.URI.Port == ours[0].URI.Port && at.IsValid() && private(at) && c.Params.Get("received") == "" {
			return c, true
		}
	}
	return sipmsg.Address{}, false
}

// noNAT tells that a server was asked and sees this computer as it is.
func noNAT(e *evidence.Evidence) bool {
	p, ok := e.Probe(capture.ProbeNAT)
	return ok && p.Yes()
}

// outsideAddress is where this computer is seen from outside: as the SIP server said in
// the course of things, else as it was measured. Invalid where nobody told, or where
// there is no NAT.
func outsideAddress(e *evidence.Evidence) netip.Addr {
	if a := host(strings.TrimSpace(mappedAddress(e))); a.IsValid() {
		return a
	}
	p, ok := e.Probe(capture.ProbeNAT)
	if !ok || p.Yes() {
		return netip.Addr{}
	}
	return p.Addr("mapped")
}

func checkHairpin(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	mine := outsideAddress(e)
	if !mine.IsValid() {
		return notTold()
	}
	for _, c := range answeredCalls(e) {
		m := remoteMedia(c)
		if m == nil || host(m.Addr) != mine || ourAddress(c) == mine {
			continue
		}
		loops, measured := e.Probe(capture.ProbeHairpin)
		if measured && loops.Yes() {
			continue
		}
		h := Hit{Certainty: certain(measured), CallID: c.ID, Direction: evidence.In, Args: args{"addr": m.Addr, "failed": ""},
			Cites: cites(cite(m.Message, "the other side's sound: "+m.Addr))}
		if cause, _ := silenceIn(e, c); cause != "" {
			h.Kind, h.Args["failed"] = Fault, " No sound came through."
		}
		hits = append(hits, h)
	}
	return hits
}
