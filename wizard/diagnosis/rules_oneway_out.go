package diagnosis

import (
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

var onewayOutRules = []Rule{
	{
		Cause: "no-audio-out-not-sent", Kind: Fault, Where: ThisComputer, Needs: evidence.HaveMedia,
		Title:    "This phone sends no sound.",
		Why:      "The call was up for {{.up}}, and {{.sent}} sound packets {{.seen}}.",
		Overturn: "Sound packets leaving this computer in a recording of its network traffic.",
		Fix: []Remedy{
			{ForUser, "Check that the call is not on hold or muted and that the phone may use the microphone; restart the phone."},
		},
		ExplainedBy: []string{"call-on-hold", "codec-mismatch", "encryption-mismatch", "ack-missing", "address-family-mismatch", "sound-device-unavailable"},
		Check:       checkOutNotSent,
		RuledOut:    eachCall(sentOut),
	},
	{
		Cause: "no-audio-out-lost", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Title:    "Your voice leaves this computer, but does not reach the other side.",
		Why:      "{{.sent}} sound packets left, {{.seen}}.",
		Overturn: "The other person hearing you, or a report that counts your packets.",
		Fix: []Remedy{
			{ForUser, "Try another network or switch a VPN off: something here holds outgoing sound back."},
			{ForAdmin, "Allow outgoing UDP to the provider's sound ports."},
		},
		ExplainedBy: []string{"no-audio-out-private-target", "no-audio-out-port-closed", "sip-alg", "no-audio-out-not-sent",
			"encryption-mismatch", "codec-mismatch", "address-family-mismatch", "call-on-hold"},
		Check:    checkOutLost,
		RuledOut: eachCall(arrivesThere),
	},
	{
		Cause: "no-audio-out-private-target", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "Your voice is sent to an address that cannot be reached from here.",
		Why:      "The other side asks for sound at {{.addr}}, an address of a private network that this computer is not in.",
		Overturn: "The other side's reports counting your packets.",
		Fix: []Remedy{
			{ForProvider, "Announce your public sound address in the answer; Call-ID {{.callid}} named {{.addr}}."},
			{ForUser, "Tell your provider that its answer names the private address {{.addr}}."},
		},
		ExplainedBy: []string{"sip-alg", "ack-missing"},
		Check:       checkPrivateTarget,
		RuledOut:    eachCall(targetFine),
	},
	{
		Cause: "no-audio-out-port-closed", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "Your voice arrives at a closed door: nothing takes it at the address that was named.",
		Why:      "Sound sent to {{.addr}} was turned back {{.count}}: {{.reason}}.",
		Overturn: "The other side's reports counting your packets after that.",
		Fix: []Remedy{
			{ForProvider, "Open the sound port before naming it; Call-ID {{.callid}} named {{.addr}}."},
			{ForUser, "Hang up and call again; if it stays, tell your provider."},
		},
		Check:    checkPortRefused,
		RuledOut: eachCall(arrivesThere),
	},
	{
		Cause: "no-audio-out-beyond-provider", Kind: Fault, Where: OtherNetwork,
		Needs:    evidence.HaveMedia | evidence.HaveReports | evidence.HaveTheyHear,
		Title:    "Your voice reaches the provider, but not the other person.",
		Why:      "The reports show that your sound arrives ({{.lost}} lost), and the other person hears nothing.",
		Overturn: "The other person hearing you in a call to another phone of theirs; then it is that phone.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to check speaker and volume, then call another number. If only this one fails, tell your provider."},
			{ForProvider, "Follow the sound of Call-ID {{.callid}} beyond your gateway: {{.sent}} packets reached it."},
		},
		ExplainedBy: []string{"microphone-muted-or-denied", "microphone-too-quiet"},
		Check:       checkBeyondProvider,
		RuledOut:    theyHear,
	},
	{
		Cause: "microphone-muted-or-denied", Kind: Fault, Where: SoundDevice, Either: evidence.HaveTheyHear | evidence.HaveSound,
		Title:    "The microphone gives nothing but silence.",
		Why:      "{{.seen}}",
		Overturn: "The microphone's level moving in another program; then the phone uses another microphone.",
		Fix: []Remedy{
			{ForUser, "Look for a mute key on the headset, allow the phone to use the microphone, and choose the right one."},
		},
		ExplainedBy: []string{"call-on-hold", "sound-device-unavailable"},
		Check:       microphone(true),
		RuledOut:    microphoneFine,
	},
	{
		Cause: "microphone-too-quiet", Kind: Fault, Where: SoundDevice, Either: evidence.HaveTheyHear | evidence.HaveSound,
		Title:    "The microphone is far too quiet.",
		Why:      "{{.seen}} Speech has about -30 dB.",
		Overturn: "Nobody having spoken during the test.",
		Fix: []Remedy{
			{ForUser, "Raise the microphone's level in the computer's sound settings, or choose the headset."},
		},
		ExplainedBy: []string{"call-on-hold", "sound-device-unavailable"},
		Check:       microphone(false),
		RuledOut:    microphoneFine,
	},
}

// answeredCalls are the calls whose sound can be judged.
func answeredCalls(e *evidence.Evidence) []*evidence.Call {
	var list []*evidence.Call
	for _, c := range e.Calls {
		if !c.Partial && has(c.Invite) && has(c.Answer) && up(e, c) >= soundAfter {
			list = append(list, c)
		}
	}
	return list
}

func checkOutNotSent(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if !mediaVisible(e) {
		return notTold()
	}
	for _, c := range answeredCalls(e) {
		sent, came := uint64(0), uint64(0)
		for _, s := range streams(c, evidence.Out) {
			sent += s.Packets
		}
		for _, s := range streams(c, evidence.In) {
			came += s.Packets
		}
		// A capture that shows next to nothing of the call's sound shows nothing of this either.
		if sent >= 10 || onHoldNow(c) || onHold(c.Agreed) != "" ||
			!e.Have.Has(evidence.HaveLive) && came < 10 || proxied(c) {
			continue
		}
		certainty := certain(e.Have.Has(evidence.HaveLive))
		if m := localMedia(c); certainty != Confirmed && (m == nil || host(m.Addr) != ourAddress(c)) {
			continue // the sound of this call takes another way than the signalling
		}
		seen := "left this phone"
		if at := takenAt(e); at.IsValid() && at != ourAddress(c) {
			certainty, seen = Possible, "of this phone came to "+at.String()+", where the recording was made: they were not sent, or lost on the way"
		}
		hits = append(hits, Hit{Certainty: certainty, CallID: c.ID, Direction: evidence.Out,
			Args:  args{"up": span(up(e, c)), "sent": noneOr(int(sent)), "seen": seen},
			Cites: cites(cite(c.Answer, "answered, and no sound leaves after it"))})
	}
	return hits
}

func noneOr(n int) string {
	if n == 0 {
		return "no"
	}
	return "only " + count(n)
}

func checkOutLost(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	_, tested := e.Probe(capture.ProbeMirrorOut)
	_, called := e.Probe(capture.SoundReturn)
	if !tested && !called && !e.Have.Has(evidence.HaveReports) && len(e.ICMP) == 0 {
		return notTold()
	}
	for _, c := range answeredCalls(e) {
		s := mainOut(c)
		if s == nil || s.Packets < 50 || said(e, "they_hear", "yes") {
			continue
		}
		seen, proof, certainty := lostOut(c, s)
		if seen != "" {
			seen = "while the other side's reports " + seen
		} else if u, ok := turnedBack(e, c, s); ok && !closed(u) {
			seen, certainty = "and the network turned them back "+times(u.Count)+": "+quote(u.Reason), Confirmed
			proof = []Cite{{u.N, "turned back: " + quote(u.Reason)}}
		} else if cites, ok := echoOfNothing(e, c); ok {
			seen, proof, certainty = "and the echo service sent back silence in place of them, without a report that they arrive", cites, Likely
		}
		if p, known := e.Probe(capture.ProbeMirrorOut); known && !p.Yes() && !reportsArrive(c) && !deadBothWays(e, c) {
			if seen += ";"; seen == ";" {
				seen = "while"
			}
			seen += " in a test with a mirror outside of this network " + mirrorGot(p) + " arrived there"
			certainty, proof = Confirmed, append(proof, Cite{p.N, "measured: test sound does not reach a mirror"})
		}
		if seen == "" {
			continue
		}
		if said(e, "they_hear", "no") {
			certainty = Confirmed
		}
		hits = append(hits, Hit{Certainty: certainty, CallID: c.ID, Direction: evidence.Out,
			Args:  args{"sent": count(int(s.Packets)), "seen": seen},
			Cites: cites(append([]Cite{{s.FirstN, "our sound leaves"}, answeredNo(e, "they_hear", "the other side hears nothing")}, proof...)...)})
	}
	return hits
}

// deadBothWays tells that a mirror's sound does not come in either, as in the call:
// then it is not about the way out.
func deadBothWays(e *evidence.Evidence, c *evidence.Call) bool {
	in, known := e.Probe(capture.ProbeMirrorIn)
	return known && !in.Yes() && mainIn(c) == nil
}

// lostOut reads the other side's reports about our stream: a report made well
// after we began that does not know us, a count that stands still, or all lost.
func lostOut(c *evidence.Call, s *evidence.Stream) (seen string, proof []Cite, certainty Certainty) {
	if n := len(s.Reported); n > 0 {
		last := s.Reported[n-1]
		if last.FractionLost >= 240 && n > 1 {
			return "say that all of them are lost", []Cite{{last.N, "their report: all lost"}}, Confirmed
		}
		if n < 2 {
			return "", nil, 0
		}
		before := s.Reported[n-2]
		if last.Highest == before.Highest && last.Time.Sub(before.Time) > time.Second && s.Last.After(last.Time.Add(-time.Second)) {
			return "stand still", []Cite{{before.N, "their report"}, {last.N, "their next report: nothing more arrived"}}, Likely
		}
		return "", nil, 0
	}
	unknown := 0
	for _, r := range peerReports(c) {
		if r.Time.Sub(s.First) < 2*time.Second || r.Bye {
			continue
		}
		unknown++
		if len(proof) < 2 {
			proof = append(proof, Cite{r.N, "their report knows nothing of our sound"})
		}
	}
	if unknown == 0 {
		return "", nil, 0
	}
	return "know nothing of them", proof, Likely
}

func checkPrivateTarget(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		m := remoteMedia(c)
		if m == nil || m.Port == 0 || onHold(m) != "" {
			continue
		}
		target, here := host(m.Addr), ourAddress(c)
		if !target.IsValid() || target.IsUnspecified() || !private(target) || target == peerAddress(c) || sameNet(target, here) || reportsArrive(c) || said(e, "they_hear", "yes") {
			continue
		}
		sent, reached := false, false
		for _, s := range callStreams(c) {
			sent = sent || s.Direction == evidence.Out && s.To.Addr().Unmap() == target
			reached = reached || s.Direction == evidence.In && s.From.Addr().Unmap() == target
		}
		if reached || !sent && mainOut(c) != nil || !visibleIn(e, c) || proxied(c) {
			continue // it answers from there, our phone sends elsewhere, or nothing can be seen
		}
		if sameBlock(target, here) && !said(e, "they_hear", "no") {
			continue // large networks route between their private parts
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Out, Args: args{"addr": m.Addr, "callid": c.ID},
			Cites: cites(cite(m.Message, "sound is asked for at "+addrPort(m)), answeredNo(e, "they_hear", "the other side hears nothing"))}
		if said(e, "they_hear", "no") {
			h.Certainty = Confirmed
		}
		hits = append(hits, h)
	}
	return hits
}

// turnedBack gives the network's word that our sound in a call does not get through:
// errors during the call. A port that opens late, or closes with the call, refuses a
// packet or two.
func turnedBack(e *evidence.Evidence, c *evidence.Call, s *evidence.Stream) (evidence.Unreachable, bool) {
	if peerReceives(s) {
		return evidence.Unreachable{}, false
	}
	for _, u := range e.ICMP {
		last := u.Last
		if last.IsZero() {
			last = u.Time
		}
		// A packet still on its way when the other side hangs up is turned back,
		// too, and a call before this one may have used the same port.
		if u.Target == s.To && u.Count >= 2 && (closed(u) || noWay(u)) && !u.Time.After(end(e, c)) && !u.Time.Before(first(c).Time) &&
			last.Sub(c.Answer.Time) >= time.Second && last.Sub(u.Time) >= 500*time.Millisecond {
			return u, true
		}
	}
	return evidence.Unreachable{}, false
}

func checkPortRefused(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		for _, s := range streams(c, evidence.Out) {
			u, ok := turnedBack(e, c, s)
			if !ok || !closed(u) {
				continue
			}
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.Out,
				Args:  args{"count": times(u.Count), "addr": u.Target.String(), "reason": quote(u.Reason), "callid": c.ID},
				Cites: []Cite{{u.N, "turned back: " + quote(u.Reason)}, {s.FirstN, "our sound leaves"}}})
		}
	}
	return hits
}

func checkBeyondProvider(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if !said(e, "they_hear", "no") {
		return nil
	}
	for _, c := range answeredCalls(e) {
		s := mainOut(c)
		if s == nil || !peerReceives(s) || s.Packets < 50 || s.Level.Known && s.Level.DBFS < silentBelow {
			continue
		}
		r := s.PeerSays
		if r == nil {
			r = &s.Reported[len(s.Reported)-1]
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Out,
			Args:  args{"lost": max(0, int(r.Lost)), "sent": count(int(s.Packets)), "callid": c.ID},
			Cites: cites(Cite{r.N, "their report: our sound arrives"}, answered(e, "they_hear", "the other side hears nothing"))})
	}
	return hits
}

// microphone judges the level of our own sound: as the device gave it while the
// person was asked to speak, else as it left once the other side said that it
// hears nothing.
func microphone(mute bool) check {
	return func(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
		if h, ok := deviceLevel(e, mute); ok {
			return h
		}
		if !said(e, "they_hear", "no") {
			return nil
		}
		for _, c := range answeredCalls(e) {
			s := mainOut(c)
			if s == nil {
				continue
			}
			if !s.Level.Known {
				hits = append(hits, notTold()...)
				continue
			}
			nothing := s.Level.Constant || s.Level.DBFS <= noInput
			if s.Packets < someSound || s.Level.DBFS >= silentBelow && !s.Level.Constant || nothing != mute {
				continue
			}
			seen := "Your sound leaves with a level of " + trimZero(s.Level.DBFS, 0) + " dB."
			if mute {
				seen = count(int(s.Packets)) + " sound packets left, and all of them hold silence; the other person hears nothing."
			}
			hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Out, Args: args{"seen": seen},
				Cites: cites(Cite{s.FirstN, "our sound leaves"}, answered(e, "they_hear", "the other side hears nothing"))})
		}
		return hits
	}
}

// deviceLevel judges the microphone's own level; ok is false where nobody measured it.
func deviceLevel(e *evidence.Evidence, mute bool) (hits []Hit, ok bool) {
	p, ok := e.Probe(capture.SoundMicLevel)
	level, known := p.Number("level")
	if !ok || !known {
		return nil, false
	}
	nothing := level <= noInput || p.Text("constant") == "yes"
	if p.Yes() || level >= silentBelow && !nothing || nothing != mute {
		return nil, true
	}
	seen := "While you were asked to speak, the microphone gave a level of " + trimZero(level, 0) + " dB."
	if mute {
		seen = "While you were asked to speak, the microphone gave not the least sound."
	}
	return []Hit{{Certainty: Confirmed, Direction: evidence.Out, Args: args{"seen": seen}, Cites: []Cite{{p.N, "the microphone's level while speaking was asked for"}}}}, true
}
