package diagnosis

import (
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
		ExplainedBy: []string{"ack-missing", "reply-lost"},
		Check:       checkReached,
		RuledOut:    notComplaint,
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
		ExplainedBy: noService,
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
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Args: args{"caller": quote(c.From)}, Cites: cites(cite(c.Invite, "the call arrives"))})
	}
	return hits
}

func checkNotRouted(e *evidence.Evidence, _ Dictionary) []Hit {
	if e.Situation != "no-incoming" {
		return nil
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
