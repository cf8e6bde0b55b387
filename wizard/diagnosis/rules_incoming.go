package diagnosis

import (
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// incomingRules are about calls that should reach this account.
var incomingRules = []Rule{
	{
		Cause: "call-reached-this-phone", Kind: Fault, Where: OtherSoftphone, Needs: evidence.HaveLive | evidence.HaveCallIn,
		Title:    "Calls do reach this account: your usual softphone does not take them.",
		Why:      "With this test phone signed in, the call from {{.caller}} arrived.",
		Overturn: "Your usual softphone ringing for the same call.",
		Fix: []Remedy{
			{ForUser, "In your usual softphone look for do-not-disturb, call filters, sleep and power saving, and whether it is signed in."},
		},
		ExplainedBy: []string{"ack-missing", "reply-lost", "inbound-filtered-by-nat", "computer-sleeps"},
		Check:       checkReached,
		RuledOut:    notComplaint,
	},
	{
		Cause: "computer-sleeps", Kind: Fault, Where: ThisComputer, Either: evidence.HaveRegistration | evidence.HaveLive,
		Title:    "This computer slept, and while it sleeps no call can come in.",
		Why:      "{{.seen}}",
		Overturn: "Calls coming in during such a time.",
		Fix: []Remedy{
			{ForUser, "Switch sleep and the power saving of the Wi-Fi off while you wait for calls."},
		},
		Check:    checkSleeps,
		RuledOut: neverSlept,
	},
	{
		Cause: "inbound-filtered-by-nat", Kind: Fault, Where: LocalNetwork,
		Needs:    evidence.HaveRegistration,
		Either:   evidence.HaveCallerHears | evidence.HaveInternalRings,
		Title:    "The router lets no calls in over the way that the phone is signed in by.",
		Why:      "{{.seen}}",
		Overturn: "A call coming in over UDP.",
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to TCP or TLS."},
			{ForAdmin, "Let UDP from all addresses of the provider in, not only from the one that the phone signed in to."},
		},
		ExplainedBy: append([]string{"sip-alg", "nat-binding-expires", "computer-sleeps"}, noService...),
		Check:       checkFiltered,
		RuledOut:    cameOverUDP,
	},
	{
		Cause: "inbound-fragmented", Kind: Fault, Where: Internet, Either: evidence.HaveRegistration | evidence.HaveProbes,
		Title:    "Long messages to this phone are cut in pieces, and pieces get lost.",
		Why:      "{{.seen}}",
		Overturn: "A long message arriving whole in this network.",
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to TCP or TLS."},
			{ForProvider, "Offer fewer sound formats in calls to this account, or send them over TCP."},
			{ForAdmin, "Let IP fragments through the firewall."},
		},
		Check:    checkFragmented,
		RuledOut: piecesArrive,
	},
	{
		Cause: "inbound-number-not-routed", Kind: Fault, Where: Provider,
		Needs:    evidence.HaveRegistration,
		Either:   evidence.HaveCallerHears | evidence.HaveInternalRings,
		Title:    "Calls from outside are not led to this account.",
		Why:      "{{.seen}}",
		Overturn: "A call from outside arriving here.",
		Fix: []Remedy{
			{ForProvider, "Route the outside number to this account."},
			{ForUser, "Ask your provider to which account your number is routed."},
		},
		ExplainedBy: append([]string{"inbound-filtered-by-nat"}, noService...),
		Check:       checkNotRouted,
		RuledOut:    cameFromOutside,
	},
	{
		Cause: "inbound-forwarded-or-dnd", Kind: Fault, Where: Provider, Needs: evidence.HaveRegistration | evidence.HaveCallerHears,
		Title:    "The provider takes the calls away before they ring here: forwarding, voicemail or do-not-disturb.",
		Why:      "The caller heard {{.heard}} and no call arrived at this phone.",
		Overturn: "The forwarding settings being empty at the provider.",
		Fix: []Remedy{
			{ForUser, "Switch forwarding, do-not-disturb and time plans off in your provider's portal."},
		},
		ExplainedBy: noService,
		Check:       checkForwarded,
		RuledOut:    cameFromOutside,
	},
}

func checkReached(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if e.Situation != "no-incoming" {
		return nil
	}
	for _, c := range inCalls(e) {
		if fromInside(e, c) {
			continue // what is missing are calls from outside
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Args: args{"caller": quote(c.From)}, Cites: cites(cite(c.Invite, "the call arrives"))})
	}
	return hits
}

func checkNotRouted(e *evidence.Evidence, _ Dictionary) []Hit {
	if e.Situation != "no-incoming" {
		return nil
	}
	if inside := tried(e, capture.ExperimentInside); len(inside) > 0 && len(inCalls(e)) == len(inside) && outsideTried(e) {
		return []Hit{{Certainty: Confirmed, Args: args{"seen": "A call from inside the same telephone system arrived, one from outside did not."},
			Cites: cites(cite(inside[0].Invite, "the call from inside arrives"))}}
	}
	switch {
	case said(e, "caller_hears", "not-in-service") && len(inCalls(e)) == 0:
		return []Hit{{Certainty: Likely, Args: args{"seen": "The caller was told that the number is not in service, and no call arrived."},
			Cites: cites(answered(e, "caller_hears", "number not in service"))}}
	case said(e, "internal_rings", "yes") && said(e, "caller_hears", "silence"):
		return []Hit{{Certainty: Likely, Args: args{"seen": "A call from inside the same provider arrives, one from outside does not."},
			Cites: cites(answered(e, "internal_rings", "an internal call rings"), answered(e, "caller_hears", "the outside caller hears nothing"))}}
	}
	return nil
}

// fromInside tells that a call came when somebody inside had been asked to call.
func fromInside(e *evidence.Evidence, c *evidence.Call) bool {
	return slices.Contains(tried(e, capture.ExperimentInside), c)
}

// outsideTried tells that somebody outside had been asked to call.
func outsideTried(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.Experiments, func(x evidence.Experiment) bool { return x.Name == capture.ExperimentOutside })
}

func checkForwarded(e *evidence.Evidence, _ Dictionary) []Hit {
	if len(inCalls(e)) > 0 {
		return nil
	}
	for value, heard := range map[string]string{"voicemail": "a voicemail", "busy": "the busy tone"} {
		if said(e, "caller_hears", value) {
			return []Hit{{Certainty: Likely, Args: args{"heard": heard}, Cites: cites(answered(e, "caller_hears", "the caller hears "+heard))}}
		}
	}
	return nil
}

// checkSleeps takes the phone's own word, or a hole in the records in which its
// sign-in ran out and after which the very same phone went on. The test phone
// renews in time whenever it is awake; another phone may just renew too late.
func checkSleeps(e *evidence.Evidence, _ Dictionary) []Hit {
	for _, ev := range e.Phone {
		if ev.Key != capture.PhoneSlept {
			continue
		}
		if d, err := time.ParseDuration(ev.Text); err == nil && d > 0 {
			return []Hit{{Certainty: Confirmed, Direction: evidence.In, Args: args{"seen": "The phone's own clockwork stood still for " + span(d) + "."},
				Cites: []Cite{{ev.N, "the phone stood still"}}}}
		}
	}
	if !e.Have.Has(evidence.HaveLive) {
		return nil
	}
	for _, r := range e.Registrations {
		if !r.Out {
			continue
		}
		for i := 1; i < len(r.Transactions); i++ {
			before, now := r.Transactions[i-1], r.Transactions[i]
			if before == nil || now == nil || !has(before.Final()) || !has(now.Request) || status(before.Final()) > 299 || asked(now.Request) <= 0 {
				continue
			}
			least := grantedBy(before)
			if least <= 0 {
				continue
			}
			if h, ok := holeOver(e, before.Final(), now.Request, least); ok {
				return []Hit{{Certainty: Likely, Direction: evidence.In,
					Args:  args{"seen": "For " + span(h.Lasted()) + " this computer neither sent nor received anything, its sign-in ran out meanwhile, and then the same phone went on."},
					Cites: cites(cite(before.Final(), "signed in for "+span(least)), cite(now.Request, "goes on only here"))}}
			}
		}
	}
	return nil
}

// holeOver finds a hole between an accepted sign-in and the next one in which the
// first ran out and should have been renewed.
func holeOver(e *evidence.Evidence, from, until *evidence.Message, granted time.Duration) (evidence.Hole, bool) {
	for _, h := range e.Holes {
		runsOut := from.Time.Add(granted)
		if h.From.Before(from.Time) || h.Until.After(until.Time.Add(time.Second)) {
			continue
		}
		if h.From.Before(runsOut) && h.Until.After(runsOut.Add(10*time.Second)) && until.Time.Sub(h.Until) < 10*time.Second {
			return h, true
		}
	}
	return evidence.Hole{}, false
}

// neverSlept tells that a sign-in was renewed in time, so that the phone was awake.
func neverSlept(e *evidence.Evidence, d Dictionary) bool { return renewed(e, d) }

// waitsForCalls tells that the phone had signed in over UDP, and that a caller
// tried in vain: nothing came in over UDP.
func waitsForCalls(e *evidence.Evidence) (accepted *evidence.Message, tried evidence.Answer, ok bool) {
	for _, s := range signIns(e) {
		if s.accepted != nil && overUDP(s.accepted.Request) {
			accepted = s.accepted.Final()
		}
		for _, t := range s.tries {
			if code := status(t.Final()); code >= 200 && code < 300 && overUDP(t.Request) {
				accepted = t.Final()
			}
		}
	}
	for _, c := range inCalls(e) {
		if overUDP(c.Invite) {
			return nil, evidence.Answer{}, false
		}
	}
	tried, asked := e.Answers["caller_hears"]
	return accepted, tried, accepted != nil && asked && (tried.Value == "ringing" || tried.Value == "silence")
}

func checkFiltered(e *evidence.Evidence, _ Dictionary) []Hit {
	accepted, vain, ok := waitsForCalls(e)
	if !ok {
		return nil
	}
	failed := Cite{vain.N, "a caller tried in vain"}
	for _, c := range inCalls(e) {
		return []Hit{{Certainty: Confirmed, Direction: evidence.In, CallID: c.ID,
			Args:  args{"seen": "Over UDP no call came in although somebody called; over " + c.Invite.Net.String() + " the next one did."},
			Cites: cites(cite(accepted, "signed in over UDP"), failed, cite(c.Invite, "over "+c.Invite.Net.String()+" a call comes in"))}}
	}
	if p, known := e.Probe(capture.ProbeNATFiltering); known && !p.Yes() && e.Situation == "no-incoming" {
		return []Hit{{Certainty: Possible, Direction: evidence.In,
			Args:  args{"seen": "Somebody called and no call came in, and the router lets in only what comes from an address that this phone has written to."},
			Cites: cites(cite(accepted, "signed in over UDP"), failed, Cite{p.N, "measured: strangers are not let in"})}}
	}
	return nil
}

func cameOverUDP(e *evidence.Evidence, _ Dictionary) bool {
	for _, c := range inCalls(e) {
		if overUDP(c.Invite) {
			return true
		}
	}
	return false
}

// checkFragmented needs calls that do not come while shorter requests do, and
// pieces that do not come either.
func checkFragmented(e *evidence.Evidence, _ Dictionary) []Hit {
	if p, ok := e.Probe(capture.ProbeFragments); ok && !p.Yes() && p.Text("way") != "out" {
		if _, vain, waits := waitsForCalls(e); waits {
			size := "longer than one packet"
			if p.Text("size") != "" {
				size = "of " + p.Text("size") + " bytes"
			}
			return []Hit{{Certainty: Likely, Direction: evidence.In, Args: args{"seen": "Somebody called and no call came in, and a message " + size + " did not arrive either."},
				Cites: cites(Cite{vain.N, "a caller tried in vain"}, Cite{p.N, "measured: pieces get lost"})}}
		}
	}
	if e.Fragments == 0 || len(e.OptionsIn) == 0 || len(inCalls(e)) > 0 {
		return piecesMeasured(e)
	}
	m := e.OptionsIn[0].Request
	if !has(m) {
		return nil
	}
	return []Hit{{Certainty: certainOr(e.Situation == "no-incoming", Likely, Possible), Direction: evidence.In,
		Args:  args{"seen": "The server's short messages arrive, but no call does, and " + count(e.Fragments) + " longer ones came with pieces missing."},
		Cites: cites(cite(m, "a short message of the server arrives"))}}
}

func piecesArrive(e *evidence.Evidence, _ Dictionary) bool {
	p, ok := e.Probe(capture.ProbeFragments)
	return ok && p.Yes() && p.Text("way") != "out" || len(inCalls(e)) > 0
}
