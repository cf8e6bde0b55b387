package diagnosis

import (
	"net/netip"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// routerRules are about the router and the line behind it, mostly as probes
// measured them. Without a probe's word they are not checked.
var routerRules = []Rule{
	{
		Cause: "captive-portal", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveProbes,
		Title:    "This network wants you to log in on its web page first.",
		Why:      "In place of the internet {{.by}} answered.",
		Overturn: "Web pages opening in the browser without any log-in page.",
		Fix: []Remedy{
			{ForUser, "Open a web page in the browser, log in to this network there, then run the check again."},
		},
		Check:    checkPortal,
		RuledOut: probed(capture.ProbeCaptivePortal, false),
	},
	{
		Cause: "nat-binding-expires", Kind: Fault, Where: LocalNetwork,
		Either:   haveAsked | evidence.HaveProbes,
		Title:    "The router forgets this phone as soon as it is silent for a while.",
		Why:      "{{.seen}} From then on no call finds the way in.",
		Overturn: "A call coming in after a longer silence than that.",
		Fix: []Remedy{
			{ForUser, "Set a sign of life (keep-alive) every {{.pause}} in the phone's network settings, or set the transport in its account settings to TCP or TLS."},
			{ForAdmin, "Raise the router's timeout for UDP to 2 minutes or more (RFC 4787 REQ-5), or let the server ask the phone every {{.pause}}."},
		},
		ExplainedBy: []string{"sip-alg", "computer-sleeps"},
		Check:       checkBindingExpires,
		RuledOut:    remembersLong,
	},
	{
		Cause: "nat-symmetric", Kind: Hint, Where: LocalNetwork, Needs: evidence.HaveProbes,
		Title:    "The router shows every partner another address of this phone.",
		Why:      "One server saw the phone at {{.one}} and another at {{.two}}.{{.failed}}",
		Overturn: "Two servers seeing the same address at the same moment.",
		Fix: []Remedy{
			{ForUser, "Switch STUN off in the phone's network settings, and ask your provider to relay the sound."},
			{ForAdmin, "Use endpoint-independent mapping (full cone), or a relay: TURN, or symmetric RTP at the server."},
		},
		Check:    checkSymmetric,
		RuledOut: probed(capture.ProbeNATMapping, true),
	},
	{
		Cause: "double-nat", Kind: Hint, Where: LocalNetwork, Needs: evidence.HaveProbes,
		Title:    "{{if .two}}Two routers stand one behind the other between this computer and the internet.{{else}}The internet provider shares one address among many customers.{{end}}",
		Why:      "{{.seen}}{{.failed}}",
		Overturn: "The router's status page showing the address that the internet sees.",
		Fix: []Remedy{
			{ForUser, "{{if .two}}Let one of the two routers only pass everything through (bridge mode). If the second one belongs to your internet provider, set the transport in the phone's account settings to TCP or TLS.{{else}}Set the transport in the phone's account settings to TCP or TLS, or ask the internet provider for a public address.{{end}}"},
			{ForAdmin, "Avoid port forwarding and UPnP here: they end at the inner router."},
		},
		Check:    checkDoubleNAT,
		RuledOut: probed(capture.ProbeWANAddress, true),
	},
	{
		Cause: "bufferbloat", Kind: Hint, Where: LocalNetwork, Needs: evidence.HaveProbes,
		Title:    "The internet line becomes slow as soon as it is in full use.",
		Why:      "A packet took {{.idle}} there and back on the idle line, and {{.loaded}} while it was in full use.{{.failed}}",
		Overturn: "The same delay with all other traffic in this network stopped.",
		Fix: []Remedy{
			{ForUser, "Stop uploads, backups and video while you talk."},
			{ForAdmin, "Switch on queue management (SQM, fq_codel, CAKE) in the router, with a little less than the line's speed."},
		},
		Check:    checkBloat,
		RuledOut: probed(capture.ProbeLoadDelay, false),
	},
}

// probed rules a cause out by a probe that found nothing wrong; good is the
// answer that says so.
func probed(key string, good bool) ruling {
	return func(e *evidence.Evidence, _ Dictionary) bool {
		p, ok := e.Probe(key)
		return ok && p.Yes() == good
	}
}

// orElse gives a detail, or other words where it was not noted.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func checkPortal(e *evidence.Evidence, _ Dictionary) []Hit {
	p, ok := e.Probe(capture.ProbeCaptivePortal)
	if !ok || !p.Yes() {
		return nil
	}
	by := "a log-in page"
	if name := p.Text("by"); name != "" {
		by = quote(name)
	}
	return []Hit{{Certainty: Confirmed, Direction: evidence.Both, Args: args{"by": by}, Cites: []Cite{{p.N, "measured: " + by + " answers in place of the internet"}}}}
}

// checkBindingExpires takes the measured lifetime, or the same seen in sign-ins: the
// address held while they were close together, and was another after a silence.
func checkBindingExpires(e *evidence.Evidence, _ Dictionary) []Hit {
	if p, ok := e.Probe(capture.ProbeNATLifetime); ok {
		return forgets(e, p)
	}
	if e.KeepAlives > 0 {
		return nil // it was not silent, and when it was not is not known
	}
	for _, list := range sightings(e) {
		held := false
		for i := 1; i < len(list); i++ {
			before, now := list[i-1], list[i]
			if now.addr == before.addr {
				held = held || now.asked.Sub(before.message.Time) <= shortSilence
				continue
			}
			quiet := quietBetween(e, before.message.Time, now.asked)
			switch {
			case quiet <= shortSilence:
				return nil // it changes without any silence: that is another trouble
			case held:
				return []Hit{{Certainty: Likely, Direction: evidence.In,
					Args: args{"pause": span(usualSign),
						"seen": "The server saw the phone at " + before.addr + ", and after " + span(quiet) + " of silence at " + now.addr + "."},
					Cites: cites(cite(before.message, "seen at "+before.addr), cite(now.message, "seen at "+now.addr))}}
			}
		}
	}
	return nil
}

// usualSign is a pause between two signs of life that every router outlives.
const usualSign = 20 * time.Second

// longMemory is what RFC 4787 REQ-5 asks of a router.
const longMemory = 2 * time.Minute

// forgets judges a measured memory. It is a fault where the phone is known to be silent
// for longer, or where a call was tried in vain; else a fact about the router.
func forgets(e *evidence.Evidence, p evidence.Probe) []Hit {
	gone, measured := p.Duration("gone")
	lives, outlived := p.Duration("lives")
	if !measured {
		if p.Yes() || !outlived {
			return nil // it outlived all that was tried
		}
		gone = lives
	}
	every, known := p.Duration("every")
	if !known {
		every = usualSign
	}
	h := Hit{Certainty: Confirmed, Kind: Hint, Direction: evidence.In, Args: args{"pause": span(every)}, Cites: []Cite{{p.N, "measured: the way back does not stay open"}}}
	seen := "The way back to the phone closed after " + span(gone) + " of silence"
	keeps, told := p.Duration("keepalive")
	_, vain, waits := waitsForCalls(e)
	switch {
	case told && keeps > 0 && !p.Yes():
		h.Kind = Fault
		seen += ", while the phone gives a sign of life every " + span(keeps)
	case told && keeps > 0:
		return nil // it speaks often enough
	case waits && gone < longMemory:
		h.Kind, h.Certainty = Fault, Likely
		h.Cites = append(h.Cites, Cite{vain.N, "a caller tried in vain"})
	case gone >= longMemory:
		return nil
	}
	h.Args["seen"] = seen + "."
	return []Hit{h}
}

// remembersLong rules out that the router forgets too soon: what was measured outlives
// the phone's own pauses, or where those are not known, two minutes.
func remembersLong(e *evidence.Evidence, _ Dictionary) bool {
	p, ok := e.Probe(capture.ProbeNATLifetime)
	if !ok || !p.Yes() {
		return false
	}
	keeps, told := p.Duration("keepalive")
	lives, known := p.Duration("lives")
	_, ends := p.Duration("gone")
	return told && keeps > 0 || known && lives >= longMemory || !known && !ends
}

// shortSilence is what every router lives through: home gateways keep a way open
// for 30 s at least.
const shortSilence = 25 * time.Second

// quietBetween is the longest time without a message between two moments.
func quietBetween(e *evidence.Evidence, from, until time.Time) time.Duration {
	longest, last := time.Duration(0), from
	for _, m := range e.Messages {
		if has(m) && m.Time.After(from) && m.Time.Before(until) {
			longest, last = max(longest, m.Time.Sub(last)), m.Time
		}
	}
	return max(longest, until.Sub(last))
}

// sighting is where a server saw us, as it says in an answer.
type sighting struct {
	addr    string
	asked   time.Time // when the request left
	message *evidence.Message
}

// sightings lists where each server saw each of our UDP sockets, in order of time.
func sightings(e *evidence.Evidence) [][]sighting {
	type socket struct {
		from netip.AddrPort
		to   netip.Addr
	}
	index := map[socket]int{}
	var lists [][]sighting
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			via, ok := ourVia(m)
			if !ok || via.RPort <= 0 || via.RPort > 65535 || !overUDP(t.Request) {
				continue
			}
			key := socket{t.Request.From, t.Request.To.Addr()}
			at, known := index[key]
			if !known {
				at = len(lists)
				index[key] = at
				lists = append(lists, nil)
			}
			seen := netip.AddrPortFrom(host(orElse(via.Received, via.Host)), uint16(via.RPort)).String()
			lists[at] = append(lists[at], sighting{seen, t.Request.Time, m})
		}
	}
	for _, list := range lists {
		slices.SortStableFunc(list, func(a, b sighting) int { return a.message.Time.Compare(b.message.Time) })
	}
	return lists
}

func checkSymmetric(e *evidence.Evidence, _ Dictionary) []Hit {
	p, ok := e.Probe(capture.ProbeNATMapping)
	if !ok || p.Yes() {
		return nil
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.In, Args: args{"one": orElse(p.Text("mapped"), "one address"), "two": orElse(p.Text("other"), "another one"), "failed": ""},
		Cites: []Cite{{p.N, "measured: each server sees another address"}}}
	h.silencedAt(e, p.Addr("mapped"))
	return []Hit{h}
}

func checkDoubleNAT(e *evidence.Evidence, _ Dictionary) []Hit {
	p, ok := e.Probe(capture.ProbeWANAddress)
	if !ok || p.Yes() {
		return nil
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.In, Args: args{"two": "yes", "failed": ""}}
	mapped := orElse(addrText(p.Addr("mapped")), "another address")
	wan, hop := p.Addr("wan"), p.Addr("hop")
	switch {
	case !wan.IsValid() && hop.IsValid():
		// The router itself did not tell. Machines without translation have such
		// addresses, too, but hardly there.
		h.Certainty = Likely
		h.Args["seen"] = "The machine behind the router has " + hop.String() + carrierWord(hop) + ", while the internet sees " + mapped + "."
		h.Cites = []Cite{{p.N, "measured: the machine behind the router has no public address"}}
	case public(wan) || !wan.IsValid():
		return nil // two internet lines, or a VPN: no second router
	case p.Text("by") == "own":
		h.Args["two"] = ""
		h.Args["seen"] = "This computer's own address " + wan.String() + " is one of an internet provider's network, while the internet sees " + mapped + "."
		h.Cites = []Cite{{p.N, "measured: the internet sees another address"}}
	default:
		h.Args["seen"] = "The router's outside address is " + wan.String() + carrierWord(wan) + ", while the internet sees " + mapped + "."
		h.Cites = []Cite{{p.N, "measured: the router's outside address is not the public one"}}
	}
	h.silencedAt(e, wan)
	return []Hit{h}
}

// carrierWord explains an address of RFC 6598.
func carrierWord(a netip.Addr) string {
	if sharedSpace.Contains(a) {
		return " (an internet provider's own network)"
	}
	return ""
}

// addrText writes an address, "" for none.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// silencedAt raises a hint to a fault where a call stayed silent and the phone had
// asked for its sound at the address in question.
func (h *Hit) silencedAt(e *evidence.Evidence, named netip.Addr) {
	for _, c := range answeredCalls(e) {
		m := localMedia(c)
		if m == nil || !named.IsValid() || host(m.Addr) != named || ourAddress(c) == named {
			continue
		}
		if cause, _ := silenceIn(e, c); cause == "" {
			continue
		}
		h.Kind, h.CallID = Fault, c.ID
		h.Args["failed"] = " The phone asked for its sound at such an address, and none came."
		h.Cites = append(h.Cites, cites(cite(m.Message, "sound is asked for at "+m.Addr))...)
		return
	}
}

func checkBloat(e *evidence.Evidence, _ Dictionary) []Hit {
	p, ok := e.Probe(capture.ProbeLoadDelay)
	idle, known := p.Duration("idle")
	loaded, both := p.Duration("loaded")
	if !ok || !p.Yes() || !known || !both || loaded-idle < bloat {
		return nil
	}
	h := Hit{Certainty: Confirmed, Direction: evidence.Both, Args: args{"idle": millis(idle), "loaded": millis(loaded), "failed": ""},
		Cites: []Cite{{p.N, "measured: " + millis(loaded) + " under load"}}}
	for _, symptom := range []string{"choppy", "robotic", "delay"} {
		if said(e, "symptom", symptom) {
			h.Kind, h.Certainty = Fault, Likely
			h.Args["failed"] = " That fits what you hear."
			h.Cites = append(h.Cites, answered(e, "symptom", "the sound suffers"))
		}
	}
	return []Hit{h}
}
