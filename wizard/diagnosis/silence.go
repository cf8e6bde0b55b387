package diagnosis

import (
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// silent is why no sound comes in during an answered call.
type silent struct {
	cause     string
	certainty Certainty
	basis     string // a sentence on what decided
	cites     []Cite
}

// silenceIn gives the one cause of missing inbound sound; "" when sound came, when
// it is too early to say, or when the call is on hold.
func silenceIn(e *evidence.Evidence, c *evidence.Call) (cause string, certainty Certainty) {
	s := judgeSilence(e, c)
	return s.cause, s.certainty
}

func judgeSilence(e *evidence.Evidence, c *evidence.Call) silent {
	if c.Partial || !has(c.Answer) || up(e, c) < soundAfter || !visibleIn(e, c) || proxied(c) ||
		lastPacket(c, evidence.In).After(c.Answer.Time.Add(500*time.Millisecond)) {
		return silent{}
	}
	if onHoldNow(c) || onHold(c.Agreed) == "other" || onHold(c.Agreed) == "here" && c.Agreed.Local {
		return silent{}
	}
	if a, ok := helped(e, c, heardThere); ok {
		return silent{"no-audio-in-blocked", Confirmed, "In the same call " + changeWords(a.change) + " sound came in.",
			cites(cite(c.Answer, "answered, and no sound comes"), Cite{mainIn(a.call).FirstN, "sound comes " + changeWords(a.change)})}
	}
	reports := peerReports(c)
	mirror := mirrorSays(e, c)
	s := neverHeard(e, c)
	if s.cause == "" {
		s = senderSays(e, c, reports)
	}
	if s.cause != "" {
		if mirror.cause != "" && (s.cause == mirror.cause || s.cause == "no-audio-in-blocked") {
			return silent{mirror.cause, Confirmed, s.basis + " " + mirror.basis, append(s.cites, mirror.cites...)}
		}
		return s
	}
	if held := portHeldBack(e, c); held.cause != "" {
		return held
	}
	s = wrongAddress(e, c)
	if mirror.cause != "" && s.certainty != Confirmed {
		return mirror
	}
	// A private address alone keeps nobody from hearing us.
	if (s.cause == "" || s.certainty == Possible) && said(e, "they_hear", "no") && len(reports) == 0 && mainOut(c) != nil {
		return silent{"media-blocked-both-ways", Likely, "The other side hears nothing either.",
			[]Cite{answered(e, "they_hear", "the other side hears nothing")}}
	}
	if s.cause != "" {
		return s
	}
	if muteToAll(e, c) {
		return silent{"no-audio-in-not-sent", Possible, "This recording shows no sound from that machine to anybody, although others send to it: either it sends none, or the recording was made where that cannot be seen.", nil}
	}
	s = silent{cause: "no-audio-in", certainty: Likely}
	if said(e, "heard", "no") {
		s.cites = []Cite{answered(e, "heard", "nothing is heard")}
	}
	return s
}

// mirrorTest begins what a test of sound with a mirror says.
const mirrorTest = "In a test with a mirror outside of this network, "

// mirrorSays takes such a test for what the call lacks: this network holds back what
// comes in, or both ways. It proves the direction, whoever is called.
func mirrorSays(e *evidence.Evidence, c *evidence.Call) silent {
	in, knownIn := e.Probe(capture.ProbeMirrorIn)
	out, knownOut := e.Probe(capture.ProbeMirrorOut)
	inDead, outDead := knownIn && !in.Yes(), knownOut && !out.Yes()
	noneIn := Cite{in.N, "measured: test sound from a mirror does not arrive"}
	switch {
	case outDead && (inDead || !knownIn) && mainOut(c) != nil && !reportsArrive(c):
		s := silent{"media-blocked-both-ways", Confirmed, mirrorTest + mirrorGot(out) + " arrived there", []Cite{{out.N, "measured: test sound does not reach a mirror"}}}
		if inDead {
			s.basis += ", and " + mirrorGot(in) + " came back"
			s.cites = append(s.cites, noneIn)
		}
		s.basis += "."
		return s
	case inDead:
		return silent{"no-audio-in-blocked", Confirmed, mirrorTest + mirrorGot(in) + " that it sent came in.", []Cite{noneIn}}
	}
	return silent{}
}

// mirrorGot counts what came of a test's sound: "0 of 150 sound packets".
func mirrorGot(p evidence.Probe) string {
	return orElse(p.Text("got"), "none") + " of " + orElse(p.Text("sent"), "all") + " sound packets"
}

// muteToAll tells that a recording shows sound of several machines for the one that
// a call's sound should come from, and none from it to anybody: nothing between it
// and our phone explains that.
func muteToAll(e *evidence.Evidence, c *evidence.Call) bool {
	m := remoteMedia(c)
	if e.Have.Has(evidence.HaveLive) || m == nil || !host(m.Addr).IsValid() {
		return false
	}
	there, others := host(m.Addr), false
	for _, s := range e.Streams {
		if s.From.Addr().Unmap() == there {
			return false
		}
		others = others || s.To.Addr().Unmap() == there && s.CallID != c.ID && s.Packets >= fewPackets && s.From.Addr().Unmap() != ourAddress(c)
	}
	return others
}

// peerReports are the RTCP packets of the other side.
func peerReports(c *evidence.Call) []*evidence.Report {
	var list []*evidence.Report
	for _, r := range c.Reports {
		if !r.Out {
			list = append(list, r)
		}
	}
	return list
}

// senderSays reads what the other side itself says about its sending: sender
// reports that grow mean that the sound was lost on the way; ones that stand
// still, a bare receiver report or a good-bye mean that it never left.
func senderSays(e *evidence.Evidence, c *evidence.Call, reports []*evidence.Report) silent {
	if n := len(c.PeerSenders); n > 0 {
		a, b := c.PeerSenders[0], c.PeerSenders[n-1]
		proof := []Cite{{b.N, "the other side says: " + count(int(b.Packets)) + " packets sent"}}
		switch {
		case n > 1 && b.Packets > a.Packets:
			return silent{"no-audio-in-blocked", Confirmed, "It reports " + count(int(b.Packets)) + " packets sent.",
				append([]Cite{{a.N, "the other side says: " + count(int(a.Packets)) + " packets sent"}}, proof...)}
		case b.Packets > 25:
			return silent{"no-audio-in-blocked", Likely, "It reports " + count(int(b.Packets)) + " packets sent.", proof}
		case n > 1:
			return silent{"no-audio-in-not-sent", Confirmed, "Its reports stand at " + count(int(b.Packets)) + " packets sent.",
				append([]Cite{{a.N, "the other side says: " + count(int(a.Packets)) + " packets sent"}}, proof...)}
		default:
			return silent{"no-audio-in-not-sent", Likely, "It reports " + count(int(b.Packets)) + " packets sent.", proof}
		}
	}
	if m := remoteMedia(c); m != nil && m.Direction == "recvonly" {
		return silent{"no-audio-in-not-sent", Confirmed, "It says itself that it only listens.", cites(cite(m.Message, "the other side only listens"))}
	}
	// What is said behind the end is no word on the call.
	reports = slices.DeleteFunc(slices.Clone(reports), func(r *evidence.Report) bool { return r.Time.After(end(e, c)) })
	if len(reports) == 0 {
		return silent{}
	}
	last := reports[len(reports)-1]
	switch {
	case c.RTCPBye || last.Bye:
		return silent{"no-audio-in-not-sent", Likely, "It said good-bye to its sound while the call was up.", []Cite{{last.N, "the other side says good-bye to its sound"}}}
	case last.Time.Sub(c.Answer.Time) > time.Second && !last.Sender:
		return silent{"no-audio-in-not-sent", Likely, "Its own report says that it sends none.", []Cite{{last.N, "a report of a side that sends nothing"}}}
	}
	return silent{}
}

// neverHeard: behind a translation the server learns from our sound where to send its
// own. Where it is known that ours does not arrive, the silence says nothing more.
func neverHeard(e *evidence.Evidence, c *evidence.Call) silent {
	out, ours := mainOut(c), localMedia(c)
	if out == nil || ours == nil || !private(host(ours.Addr)) || !public(peerAddress(c)) || said(e, "they_hear", "yes") {
		return silent{}
	}
	_, proof, _ := lostOut(c, out)
	if u, ok := turnedBack(e, c, out); ok {
		proof = []Cite{{u.N, "our sound is turned back: " + quote(u.Reason)}}
	}
	if len(proof) == 0 {
		return silent{}
	}
	return silent{"media-blocked-both-ways", Likely, "The server cannot know where to send its own before ours arrives.", proof}
}

// portHeldBack takes a measurement from the sound's own socket: where a server answers other
// ports of this computer and not this one, packets of the sound are held back here,
// whatever the other side does.
func portHeldBack(e *evidence.Evidence, c *evidence.Call) silent {
	p, ok := e.Probe(capture.ProbeNATMedia)
	if m := localMedia(c); !ok || p.Yes() || p.Text("reason") != "silent" || m == nil || !sentFrom(c, p.Text("local")) {
		return silent{}
	}
	s := silent{"no-audio-in", Confirmed, "A server outside answered this computer, but not where this call's sound comes from.",
		[]Cite{{p.N, "measured: no answer comes to where the sound leaves"}}}
	if said(e, "they_hear", "no") && mainOut(c) != nil {
		s.cause = "media-blocked-both-ways"
		s.cites = append(s.cites, answered(e, "they_hear", "the other side hears nothing"))
	}
	return s
}

// sentFrom tells that a call's sound leaves from a socket.
func sentFrom(c *evidence.Call, socket string) bool {
	out := mainOut(c)
	return out != nil && out.From.String() == socket
}

// getsOut tells that packets of a call's sound leave this network, and that what answers
// them comes back to it: a server outside answered the very socket, or the other side
// hears the sound.
func getsOut(e *evidence.Evidence, c *evidence.Call) (Cite, bool) {
	if p, ok := e.Probe(capture.ProbeNATMedia); ok && p.Yes() && sentFrom(c, p.Text("local")) {
		return Cite{p.N, "measured: an answer comes to where the sound leaves"}, true
	}
	if said(e, "they_hear", "yes") {
		return answered(e, "they_hear", "the other side hears this phone"), true
	}
	return Cite{}, false
}

// wrongAddress looks at the address at which our own description asks for sound.
func wrongAddress(e *evidence.Evidence, c *evidence.Call) silent {
	ours := localMedia(c)
	if ours == nil || ours.Port == 0 {
		return silent{}
	}
	addr, here, peer := host(ours.Addr), ourAddress(c), peerAddress(c)
	proof := cites(cite(ours.Message, "sound is asked for at "+ours.Addr))
	s := silent{cause: "no-audio-in-wrong-address", certainty: Likely, cites: proof}
	switch {
	case !addr.IsValid():
		return silent{}
	case addr.IsUnspecified():
		s.certainty, s.basis = Confirmed, "No one can send to "+ours.Addr+"."
		return s
	case addr != here && private(addr) && !heardAt(c, addr):
		s.basis = "The phone itself speaks from " + here.String() + "."
		return s
	case noNAT(e):
		return silent{} // it was asked: the address is known outside as it is
	case private(addr) && public(peer) && !reportsArrive(c):
		s.certainty, s.basis = Possible, "That address is known in its own network only, while the server is in the internet."
		p, measured := e.Probe(capture.ProbeNAT)
		if out, ok := getsOut(e, c); ok && measured && !p.Yes() {
			// Packets pass, also those that answer: what nothing answers goes elsewhere.
			s.certainty = Likely
			s.basis = "That address is known in its own network only; from outside this computer is seen at " + orElse(addrText(p.Addr("mapped")), "another one") + "."
			s.cites = append(s.cites, Cite{p.N, "measured: another address is seen from outside"}, out)
		}
		return s
	}
	return silent{}
}

// reportsArrive tells that the other side receives our sound, so that it could
// answer to where it comes from.
func reportsArrive(c *evidence.Call) bool {
	for _, s := range streams(c, evidence.Out) {
		if peerReceives(s) {
			return true
		}
	}
	return false
}
