package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// dropRules are calls and sounds that stop by themselves.
var dropRules = []Rule{
	{
		Cause: "audio-stops-midcall", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Title:    "The other side's sound stops in the middle of the call.",
		Why:      "Sound came for {{.lasted}} and then stopped, while the call stayed up for another {{.rest}}.{{.round}}",
		Overturn: "The other side having put the call on hold or muted at that moment.",
		Fix: []Remedy{
			{ForUser, "Try another network or cable in place of Wi-Fi; if the time is always the same, raise the UDP timeout in the router's settings."},
			{ForAdmin, "Look for a NAT or firewall timeout of {{.lasted}} for UDP, and for media keep-alive."},
		},
		ExplainedBy: []string{"call-on-hold", "audio-stops-after-reinvite", "ack-missing", "session-refresh-failed"},
		Check:       checkStops,
		RuledOut:    eachCall(keepsOn),
	},
	{
		Cause: "audio-stops-after-reinvite", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "The sound stops as the call is moved to another address.",
		Why:      "{{.after}} after the answer the call was moved from {{.old}} to {{.new}}; from then on no sound came for {{.rest}}.",
		Overturn: "Sound arriving from the new address.",
		Fix: []Remedy{
			{ForProvider, "Switch direct media (re-INVITE to the other end's address) off for this account; Call-ID {{.callid}}."},
			{ForUser, "Tell your provider that the sound stops when the call is moved."},
		},
		ExplainedBy: []string{"call-on-hold", "sip-alg"},
		Check:       checkStopsAfterReinvite,
		RuledOut:    eachCall(notMoved),
	},
	{
		Cause: "dropped-no-audio-seen", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia | evidence.HaveReports,
		Title:       "The provider ended the call because it received no sound from here.",
		Why:         "The other side hung up {{.after}} after the answer, and its reports know nothing of the sound that this phone sent.",
		Overturn:    "The other person saying that they hung up.",
		ExplainedBy: []string{"no-audio-out-lost", "no-audio-out-not-sent", "no-audio-out-port-closed", "no-audio-out-private-target"},
		Fix: []Remedy{
			{ForUser, "See why your sound does not get through: try another network and check mute."},
			{ForProvider, "Call-ID {{.callid}} was ended for missing sound; see where it was expected."},
		},
		Check:    checkDroppedUnheard,
		RuledOut: eachCall(notDropped),
	},
	{
		Cause: "session-refresh-failed", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:       "The call ended because its regular renewal failed.",
		Why:         "{{.seen}}",
		Overturn:    "Calls ending at other times too.",
		ExplainedBy: []string{"sip-alg"},
		Fix: []Remedy{
			{ForUser, "Switch session timers off in the phone's settings, or set the transport in its account settings to TCP or TLS."},
			{ForAdmin, "See why the renewal after {{.half}} fails: Contact, NAT timeout, or a missing UPDATE."},
		},
		Check:    checkRefresh,
		RuledOut: refreshed,
	},
}

// stopTail is how long a call has to go on in silence before its sound counts as stopped.
const stopTail = 4 * time.Second

func checkStops(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		last := lastPacket(c, evidence.In)
		if !last.After(c.Answer.Time.Add(500*time.Millisecond)) || onHoldNow(c) || c.RTCPBye || streams(c, evidence.In)[0].Untimed {
			continue
		}
		rest := end(e, c).Sub(last)
		if rest < stopTail {
			continue
		}
		// A side that fell silent by itself (silence suppression) says so with
		// comfort noise; a capture may have lost all sound at once.
		s := mainIn(c)
		if s == nil || s.Comfort > 0 || !outGoesOn(c, last) && !e.Have.Has(evidence.HaveLive) {
			continue
		}
		lasted := last.Sub(s.First)
		round, certainty := "", Possible
		if lasted >= 10*time.Second || rest >= 10*time.Second {
			certainty = Likely
		}
		for _, n := range []time.Duration{30, 60, 90, 120, 180, 300} {
			if d := lasted - n*time.Second; d.Abs() < 3*time.Second {
				round, certainty = " A round time like this is typical of a timeout in a router.", Likely
			}
		}
		if n := len(s.Sender); n > 1 && s.Sender[n-1].Time.Sub(last) > 2*time.Second && s.Sender[n-1].Packets > s.Sender[0].Packets {
			certainty = Confirmed
		}
		hits = append(hits, Hit{Certainty: certainty, CallID: c.ID, Direction: evidence.In,
			Args:  args{"lasted": span(lasted), "rest": span(rest), "round": round},
			Cites: cites(Cite{s.FirstN, "the first sound packet"}, cite(c.Answer, "answered"), cite(c.Bye, "the call ends only here"))})
	}
	return hits
}

// outGoesOn tells that our own sound was still seen after a moment.
func outGoesOn(c *evidence.Call, at time.Time) bool {
	return lastPacket(c, evidence.Out).Sub(at) > 2*time.Second
}

func checkStopsAfterReinvite(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		before := firstRemote(c)
		for _, t := range c.Reinvites {
			m := t.Final()
			if code := status(m); code < 200 || code > 299 || before == nil {
				continue
			}
			described := audioOf(m) // the remote answer to our request, or the remote offer
			if !t.Out {
				described = audioOf(t.Request)
			}
			if described == nil || described.Held() || described.Port == 0 || described.Direction == "recvonly" || described.Direction == "inactive" {
				continue
			}
			was, is := before.Addr+":"+trimZero(float64(before.Port), 0), described.Connection+":"+trimZero(float64(described.Port), 0)
			last, rest := lastPacket(c, evidence.In), end(e, c).Sub(m.Time)
			if was == is || rest < 3*time.Second || !last.After(c.Answer.Time.Add(200*time.Millisecond)) || last.Sub(m.Time) > time.Second {
				continue
			}
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.In,
				Args:  args{"after": span(m.Time.Sub(c.Answer.Time)), "old": was, "new": is, "rest": span(rest), "callid": c.ID},
				Cites: cites(cite(t.Request, "the call is moved"), cite(m, "accepted; no sound after it"))})
			break
		}
	}
	return hits
}

// firstRemote is the other side's description at the call's beginning.
func firstRemote(c *evidence.Call) *evidence.Media {
	for _, m := range []*evidence.Media{c.Agreed, c.Offer} {
		if m != nil && !m.Local {
			return m
		}
	}
	return nil
}

func checkDroppedUnheard(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		if !has(c.Bye) || c.ByeOut {
			continue
		}
		after := c.Bye.Time.Sub(c.Answer.Time)
		if after < 9*time.Second || after > 65*time.Second {
			continue
		}
		proof := cites(cite(c.Bye, "the other side hangs up"))
		if s := mainOut(c); s != nil {
			seen, more, _ := lostOut(c, s)
			if seen == "" {
				continue
			}
			proof = append(proof, more...)
		} else if len(peerReports(c)) == 0 {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Out, Args: args{"after": span(after), "callid": c.ID}, Cites: proof})
	}
	return hits
}

// checkRefresh knows the times of RFC 4028: the renewal is due at half the
// session's time, and without one the other side hangs up shortly before its end.
func checkRefresh(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		session, _, ok := c.Answer.SessionExpires()
		if !ok || session < 60*time.Second {
			continue
		}
		half := args{"half": span(session / 2)}
		if t := failedRefresh(e, c, session); t != nil {
			h := Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.Both, Args: half, Cites: cites(cite(t.Request, "the renewal"), cite(t.Final(), "the answer: "+inWords(t.Final())))}
			got := "got no answer"
			if m := t.Final(); m != nil {
				got = "was refused: " + inWords(m)
			}
			half["seen"] = "The call has to be renewed within " + span(session) + "; the renewal " + span(t.Request.Time.Sub(c.Answer.Time)) + " after the answer " + got + "."
			hits = append(hits, h)
			continue
		}
		if !has(c.Bye) || len(c.Reinvites) > 0 {
			continue
		}
		after := c.Bye.Time.Sub(c.Answer.Time)
		for _, due := range []time.Duration{session, session - min(32*time.Second, session/3)} {
			if d := after - due; d.Abs() < 2*time.Second {
				half["seen"] = "The call had to be renewed within " + span(session) + ", nobody did so, and it was ended " + span(after) + " after the answer."
				hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Both, Args: half,
					Cites: cites(cite(c.Answer, "to be renewed within "+span(session)), cite(c.Bye, "ended without a renewal"))})
				break
			}
		}
	}
	return hits
}

func failedRefresh(e *evidence.Evidence, c *evidence.Call, session time.Duration) *evidence.Transaction {
	for _, t := range c.Reinvites {
		at := t.Request.Time.Sub(c.Answer.Time)
		if at < session/2-session/10 || at > session+2*time.Second {
			continue
		}
		switch code := status(t.Final()); {
		case code == 408, code == 481, code == 405, code == 500, code == 501, code == 503:
			return t
		case code == 0 && pending(e, t) >= silence:
			return t
		}
	}
	return nil
}
