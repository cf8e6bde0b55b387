package diagnosis

import (
	"fmt"
	"slices"
	"strconv"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// algRules are about helpers in routers that rewrite what phones send.
var algRules = []Rule{
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
