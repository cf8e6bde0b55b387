package diagnosis

import (
	"fmt"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// networkRules are what routers and networks do to signalling on the way.
var networkRules = []Rule{
	{
		Cause: "sip-alg", Kind: Fault, Where: LocalNetwork, Either: haveAsked | evidence.HaveCallIn,
		Title:    "Something on the way, most likely the router, rewrites what the phone sends.",
		Why:      "{{.seen}}",
		Overturn: "The same message coming back unchanged in this network.",
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG in the router's settings (also called SIP helper, SIP transformations or SPI), or set the transport in the phone's account settings to TLS."},
			{ForAdmin, "Switch the SIP helper of the router or firewall off; it changed a part that only the phone may write."},
		},
		Check:    checkALG,
		RuledOut: sameOnReturn,
	},
	{
		Cause: "nat-binding-changes", Kind: Fault, Where: LocalNetwork, Either: haveAsked,
		Title:    "The router keeps changing the door through which calls have to come in.",
		Why:      "The phone always sent from the same place, but the server saw it at {{.number}} different addresses: {{.list}}.",
		Overturn: "The same address being seen for minutes on end.",
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to TCP or TLS. Else switch off a second internet line or load balancing in the router."},
			{ForAdmin, "Use a NAT with endpoint-independent mapping and a UDP timeout above the keep-alive interval."},
		},
		ExplainedBy: []string{"sip-alg"},
		Check:       checkBinding,
		RuledOut:    seenTwice,
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
		Cause: "vpn-or-several-interfaces", Kind: Hint, Where: ThisComputer,
		Either:   evidence.HaveCallOut | evidence.HaveCallIn,
		Title:    "The phone speaks from one network connection and names another.",
		Why:      "The phone speaks from {{.here}}, but asks for its sound at {{.named}}.",
		Overturn: "Sound arriving at the address that was named.",
		Fix: []Remedy{
			{ForUser, "Disconnect the VPN, or choose one network connection in the phone's settings."},
		},
		ExplainedBy: []string{"no-audio-in-wrong-address", "sip-alg"},
		Check:       checkInterfaces,
		RuledOut:    ownAddressSeen,
	},
	{
		Cause: "address-family-mismatch", Kind: Fault, Where: Account,
		Either:   evidence.HaveMedia | evidence.HaveRinging,
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
	{
		Cause: "clock-wrong", Kind: Hint, Where: ThisComputer,
		Either:   haveAsked,
		Title:    "This computer's clock and the server's differ by {{.by}}.",
		Why:      "The server wrote {{.theirs}} when it was {{.ours}} here.",
		Overturn: "This computer's clock agreeing with another clock; then the server's is wrong.",
		Fix:      []Remedy{{ForUser, "Let the computer set date and time by itself."}},
		Check:    checkClock,
		RuledOut: clockSeen,
	},
}

// ourVia is the one Via of an answer that came back to us: what is left of the
// Via that we sent.
func ourVia(m *evidence.Message) (sipmsg.Via, bool) {
	if !has(m) {
		return sipmsg.Via{}, false
	}
	list := m.Vias()
	if len(list) != 1 {
		return sipmsg.Via{}, false
	}
	return list[0], true
}

// unchanged tells that an answer to us carries our Via as we sent it.
func unchanged(m *evidence.Message, sent sipmsg.Via) bool {
	back, ok := ourVia(m)
	return ok && !m.Out && sameHost(back.Host, sent.Host) && portOf(back.Port) == portOf(sent.Port)
}

func checkALG(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, t := range asking(e) {
		sent := t.Request.Vias()
		if len(sent) != 1 {
			continue // captured behind a proxy: what we compare is not the phone's own
		}
		if slices.ContainsFunc(t.Responses, func(m *evidence.Message) bool { return unchanged(m, sent[0]) }) {
			continue // the way back leaves it alone: the server wrote the others so
		}
		for _, m := range t.Responses {
			back, ok := ourVia(m)
			if !ok || m.Out {
				continue
			}
			if !unchanged(m, sent[0]) {
				return []Hit{{Certainty: Confirmed, Direction: evidence.Both,
					Args:  args{"seen": "The phone signed what it sent with " + hostPort(sent[0]) + "; when the answer came back, that had become " + hostPort(back) + "."},
					Cites: cites(cite(t.Request, "sent as "+hostPort(sent[0])), cite(m, "came back as "+hostPort(back)))}}
			}
		}
	}
	for _, s := range signIns(e) {
		if s.accepted == nil {
			continue
		}
		ours, listed := s.accepted.Request.Contacts()[0], s.accepted.Final().Contacts()
		via, ok := ourVia(s.accepted.Final())
		if !ok || len(listed) != 1 || listed[0].URI.User != ours.URI.User || listed[0].URI.User == "" {
			continue
		}
		if via.Received != "" && !sameHost(via.Received, via.Host) || sameHost(listed[0].URI.Host, ours.URI.Host) || !host(listed[0].URI.Host).IsValid() {
			continue // the server itself saw a NAT and may have stored what it saw
		}
		hits = append(hits, Hit{Certainty: Likely, Direction: evidence.Both,
			Args:  args{"seen": "The phone signed in as " + ours.URI.Host + ", and the server stored " + listed[0].URI.Host + " without having seen a router in between."},
			Cites: cites(cite(s.accepted.Request, "the address that the phone gave"), cite(s.accepted.Final(), "the address that was stored"))})
	}
	if len(hits) > 0 || len(e.Limits) > 0 {
		return hits
	}
	for _, m := range e.Messages {
		if h, ok := lengthOff(m); ok {
			return []Hit{h}
		}
	}
	return nil
}

// lengthOff tells a message whose Content-Length no longer fits its body, as it
// happens when addresses are replaced by longer or shorter ones.
func lengthOff(m *evidence.Message) (Hit, bool) {
	if !has(m) || m.Out || !overUDP(m) || !m.IsSDP() || len(m.Body) == 0 {
		return Hit{}, false
	}
	for _, p := range m.Problems {
		if p.Where == "body" && !p.Minor {
			return Hit{Certainty: Likely, Direction: evidence.In,
				Args:  args{"seen": lengths(p.Text)},
				Cites: cites(cite(m, "the length that is announced does not fit"))}, true
		}
	}
	return Hit{}, false
}

// lengths says in plain words what the reader of messages found about a length.
func lengths(found string) string {
	var said, more int
	if n, _ := fmt.Sscanf(found, "Content-Length says %d bytes, but only %d came", &said, &more); n == 2 {
		return fmt.Sprintf("A message from the server announces %d bytes, but only %d came.", said, more)
	}
	if n, _ := fmt.Sscanf(found, "%d more bytes came than the %d", &more, &said); n == 2 {
		return fmt.Sprintf("A message from the server announces %d bytes, but %d came.", said, said+more)
	}
	return "A message from the server announces another length than it has."
}

func hostPort(v sipmsg.Via) string {
	if v.Port == 0 {
		return v.Host
	}
	return v.Host + ":" + strconv.Itoa(v.Port)
}

func checkBinding(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	type socket struct {
		from netip.AddrPort
		to   netip.Addr
	}
	seen := map[socket][]string{}
	proof := map[socket][]Cite{}
	var order []socket
	for _, t := range asking(e) {
		for _, m := range t.Responses {
			via, ok := ourVia(m)
			if !ok || via.RPort == 0 || !overUDP(t.Request) {
				continue
			}
			at := via.Received
			if at == "" {
				at = via.Host
			}
			at = netip.AddrPortFrom(host(at), uint16(via.RPort)).String()
			key := socket{t.Request.From, t.Request.To.Addr()}
			if seen[key] == nil {
				order = append(order, key)
			}
			if !slices.Contains(seen[key], at) {
				seen[key] = append(seen[key], at)
				proof[key] = append(proof[key], cite(m, "seen at "+at))
			}
		}
	}
	for _, key := range order {
		list := seen[key]
		if len(list) < 2 {
			continue
		}
		hits = append(hits, Hit{Certainty: certain(len(list) > 2), Direction: evidence.In,
			Args: args{"number": len(list), "list": join(list[:min(len(list), 4)])}, Cites: proof[key][:min(len(list), 6)]})
	}
	return hits
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
	if len(hits) > 0 {
		return hits
	}
	for _, s := range signIns(e) {
		if s.accepted == nil || !public(s.accepted.Request.To.Addr()) {
			continue
		}
		ours := s.accepted.Request.Contacts()[0]
		via, ok := ourVia(s.accepted.Final())
		if !ok || via.Received != "" || via.RPort != 0 || !private(host(ours.URI.Host)) || !host(ours.URI.Host).IsValid() {
			continue
		}
		for _, c := range s.accepted.Final().Contacts() {
			if sameHost(c.URI.Host, ours.URI.Host) {
				hits = append(hits, Hit{Certainty: Likely, Direction: evidence.In,
					Args:  args{"seen": "The server stored " + c.URI.Host + ", an address of this phone's own network, and did not say that it saw another one."},
					Cites: cites(cite(s.accepted.Final(), "stored as "+c.URI.Host))})
				break
			}
		}
	}
	return hits
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
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In, Args: args{"here": here.String(), "named": m.Addr},
			Cites: cites(cite(m.Message, "sound is asked for at "+m.Addr))})
	}
	return hits
}

func checkFamily(e *evidence.Evidence, d Dictionary) []Hit {
	hits := callRefused("address-family-mismatch")(e, d)
	for i := range hits {
		hits[i].Args["seen"] = say(whyRefused, hits[i].Args)
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

func checkHairpin(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	mine := host(strings.TrimSpace(mappedAddress(e)))
	if !mine.IsValid() {
		return notTold()
	}
	for _, c := range answeredCalls(e) {
		m := remoteMedia(c)
		if m == nil || host(m.Addr) != mine || ourAddress(c) == mine {
			continue
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In, Args: args{"addr": m.Addr, "failed": ""},
			Cites: cites(cite(m.Message, "the other side's sound: "+m.Addr))}
		if cause, _ := silenceIn(e, c); cause != "" {
			h.Kind, h.Args["failed"] = Fault, " No sound came through."
		}
		hits = append(hits, h)
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
			hits = append(hits, Hit{Certainty: Likely, Args: args{"by": span(by.Abs()), "theirs": theirs.UTC().Format(time.DateTime), "ours": m.Time.UTC().Format(time.DateTime)},
				Cites: cites(cite(m, "the server's clock: "+date))})
		}
	}
	if dates == 0 && len(hits) == 0 {
		return notTold()
	}
	return hits
}
