package diagnosis

import (
	"net/textproto"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// networkRules are about this computer's place in its networks.
var networkRules = []Rule{
	{
		Cause: "vpn-or-several-interfaces", Kind: Hint, Where: ThisComputer,
		Either:   evidence.HaveCallOut | evidence.HaveCallIn | evidence.HaveProbes,
		Title:    "{{if .vpn}}The way to the server leads through a VPN.{{else}}The phone speaks from one network connection and names another.{{end}}",
		Why:      "{{.seen}}",
		Overturn: "{{if .vpn}}The same trouble with the VPN switched off.{{else}}Sound arriving at the address that was named.{{end}}",
		Fix: []Remedy{
			{ForUser, "Disconnect the VPN, or choose one network connection in the phone's settings."},
		},
		ExplainedBy: []string{"no-audio-in-wrong-address", "sip-alg"},
		Check:       checkInterfaces,
		RuledOut:    ownAddressSeen,
	},
	{
		Cause: "address-family-mismatch", Kind: Fault, Where: Account,
		Either:   evidence.HaveMedia | evidence.HaveRinging | evidence.HaveConnections,
		Title:    "One side uses the new internet addresses (IPv6), the other the old ones (IPv4).",
		Why:      "{{.seen}}",
		Overturn: "Sound passing in such a call.",
		Fix: []Remedy{
			{ForUser, "Set the phone to use IPv4 only, or IPv6 only if your provider says so."},
			{ForAdmin, "Offer both families, or relay the sound between them."},
		},
		Check:    checkFamily,
		RuledOut: sameFamily,
	},
	{
		Cause: "clock-wrong", Kind: Hint, Where: ThisComputer,
		Either:   haveAsked | evidence.HaveProbes,
		Title:    "This computer's clock and the server's differ by {{.by}}.",
		Why:      "The server wrote {{.theirs}} when it was {{.ours}} here.{{.proof}}",
		Overturn: "This computer's clock agreeing with another clock; then the server's is wrong.",
		Fix:      []Remedy{{ForUser, "Let the computer set date and time by itself."}},
		Check:    checkClock,
		RuledOut: or(clockSeen, probed(capture.ProbeClock, true)),
	},
}

func checkInterfaces(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		if c.Partial || !has(c.Invite) || c.Direction != evidence.In && c.Direction != evidence.Out {
			continue
		}
		m := localMedia(c)
		if m == nil || m.Port == 0 {
			continue
		}
		at, here := host(m.Addr), ourAddress(c)
		if !at.IsValid() || at.IsUnspecified() || at == here || !private(at) || !private(here) || heardAt(c, at) || proxied(c) {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In, Args: args{"here": here.String(), "named": m.Addr, "vpn": "", "seen": "The phone speaks from " + here.String() + ", but asks for its sound at " + m.Addr + "."},
			Cites: cites(cite(m.Message, "sound is asked for at "+m.Addr))})
	}
	return append(hits, throughVPN(e)...)
}

func checkFamily(e *evidence.Evidence, d Dictionary) []Hit {
	hits := append(callRefused("address-family-mismatch")(e, d), noIPv6Here(e)...)
	for i := range hits {
		if hits[i].CallID != "" {
			hits[i].Args["seen"] = say(whyRefused, hits[i].Args)
		}
	}
	for _, c := range answeredCalls(e) {
		ours, theirs := localMedia(c), remoteMedia(c)
		if ours == nil || theirs == nil || ours.Port == 0 || theirs.Port == 0 {
			continue
		}
		a, b := host(ours.Addr), host(theirs.Addr)
		if !a.IsValid() || !b.IsValid() || a.Is4() == b.Is4() || b.IsUnspecified() || mainIn(c) != nil {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Both,
			Args:  args{"seen": "This phone takes sound at " + ours.Addr + " and the other side at " + theirs.Addr + "; no sound came in."},
			Cites: cites(cite(ours.Message, "this phone: "+ours.Addr), cite(theirs.Message, "the other side: "+theirs.Addr))})
	}
	return hits
}

// clockOff is the difference between two clocks that counts: messages may be
// minutes old in a queue, clocks that set themselves differ by less than a second.
const clockOff = 3 * time.Minute

func checkClock(e *evidence.Evidence, d Dictionary) (hits []Hit) {
	hits = append(hits, refused("clock-wrong")(e, d)...)
	for i := range hits {
		hits[i].Kind = Fault
		hits[i].Args["by"], hits[i].Args["theirs"], hits[i].Args["ours"] = "too much", quote("Stale Date"), hits[i].Args["time"]
		hits[i].Args["proof"] = ""
	}
	dates := 0
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			date := textproto.TrimString(m.Get("Date"))
			if date == "" {
				continue
			}
			dates++
			theirs, err := time.Parse(time.RFC1123, date)
			if err != nil {
				continue
			}
			by := m.Time.Sub(theirs)
			if by.Abs() < clockOff || len(hits) > 0 {
				continue
			}
			hits = append(hits, Hit{Certainty: Likely, Args: args{"by": apart(by.Abs()), "theirs": theirs.UTC().Format(time.DateTime), "ours": m.Time.UTC().Format(time.DateTime), "proof": ""},
				Cites: cites(cite(m, "the server's clock: "+date))})
		}
	}
	hits = clockMeasured(e, hits)
	if _, measured := e.Probe(capture.ProbeClock); dates == 0 && len(hits) == 0 && !measured {
		return notTold()
	}
	return hits
}
