package diagnosis

import (
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// lookupRules are about finding the server by its name.
var lookupRules = []Rule{
	{
		Cause: "server-name-unknown", Kind: Fault, Where: Account, Either: evidence.HaveLookup | evidence.HaveProbes,
		Title:    "{{if .down}}The server's name {{.name}} cannot be looked up: the name service does not answer.{{else}}There is no server by the name {{.name}}.{{end}}",
		Why:      "Looking up {{.name}} gave no address: {{.reason}}.",
		Overturn: "The same name leading to an address on this computer.",
		Fix: []Remedy{
			{ForUser, "Check the spelling of the server's name. If it is right, try another network or set another DNS server in this computer's network settings: the name service may be at fault."},
			{ForAdmin, "Check that the name has an A, AAAA or SRV record that is visible from outside."},
		},
		ExplainedBy: []string{"captive-portal"},
		Check:       checkNameUnknown,
		RuledOut:    or(lookedUp, probed(capture.ProbeDNS, true)),
	},
	{
		Cause: "dns-slow-or-wrong", Kind: Fault, Where: Internet, Either: evidence.HaveLookup | evidence.HaveProbes,
		Title:    "{{if .dead}}The server's name also leads to a machine that does not answer.{{else if .differ}}The name servers of this computer do not agree on where the server is.{{else}}Looking up the server's name takes very long.{{end}}",
		Why:      "{{if .dead}}Of the machines behind the name, {{.dead}} gave no answer for 4 s, while {{.alive}} did. Phones that try the silent one first lose that time.{{else if .differ}}Asked for {{.name}}, {{.differ}}.{{else}}Looking up {{.name}} took {{.took}}; usual is less than 0.1 s.{{end}}",
		Overturn: "{{if .dead}}An answer from that machine.{{else if .differ}}All of them giving the same answer a few minutes later.{{else}}Quick look-ups of other names at the same time; then only this name is slow.{{end}}",
		Fix: []Remedy{
			{ForUser, "{{if .dead}}Tell your provider. Until then calls may begin slowly, but they work.{{else}}Restart the router, or set another DNS server in this computer's network settings.{{end}}"},
			{ForProvider, "{{if .dead}}Take {{.dead}} out of the name's SRV and address records, or bring it back.{{else}}Check that all name servers of the domain give the same records, soon.{{end}}"},
		},
		Check:    checkLookupSlow,
		RuledOut: or(lookedUp, namesMeasured),
	},
}

// lookup is a phoneLookup note.
type lookup struct {
	n      int
	name   string
	failed string // the reason, "" when an address was found
	took   time.Duration
}

func lookups(e *evidence.Evidence) []lookup {
	var list []lookup
	for _, ev := range e.Phone {
		if ev.Key != phoneLookup {
			continue
		}
		name, result, ok := strings.Cut(ev.Text, " -> ")
		if !ok {
			continue
		}
		l := lookup{n: ev.N, name: name}
		if i := strings.LastIndex(result, " in "); i >= 0 {
			if d, err := time.ParseDuration(result[i+len(" in "):]); err == nil {
				l.took, result = d, result[:i]
			}
		}
		if reason, bad := strings.CutPrefix(result, "failed:"); bad {
			l.failed = strings.TrimSpace(reason)
			if l.failed == "" {
				l.failed = "no reason given"
			}
		}
		list = append(list, l)
	}
	return list
}

func checkNameUnknown(e *evidence.Evidence, _ Dictionary) []Hit {
	bad := map[string]lookup{}
	var order []string
	for _, l := range lookups(e) {
		if l.failed == "" {
			delete(bad, l.name)
			continue
		}
		if _, known := bad[l.name]; !known {
			order = append(order, l.name)
		}
		bad[l.name] = l
	}
	for _, name := range order {
		if l, still := bad[name]; still {
			h := Hit{Certainty: Confirmed, Args: args{"name": quote(name), "reason": quote(l.failed), "down": ""},
				Cites: []Cite{{l.n, "look-up of " + name + " failed"}}}
			for _, word := range []string{"timeout", "timed out", "temporary", "server misbehaving", "refused", "unreachable", "no answer", "name server answered", "no name server"} {
				if strings.Contains(strings.ToLower(l.failed), word) {
					// The name may be right: this network's name service is at fault.
					h.Certainty, h.Where, h.Args["down"] = Likely, LocalNetwork, "yes"
				}
			}
			return []Hit{h}
		}
	}
	if len(order) > 0 {
		return nil
	}
	return measuredNameUnknown(e)
}

func checkLookupSlow(e *evidence.Evidence, _ Dictionary) []Hit {
	for _, l := range lookups(e) {
		if l.failed == "" && l.took > 2*time.Second {
			return []Hit{{Certainty: Confirmed, Args: args{"name": quote(l.name), "took": span(l.took), "differ": "", "dead": ""},
				Cites: []Cite{{l.n, "look-up took " + span(l.took)}}}}
		}
	}
	return measuredLookup(e)
}
