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
		Cause: "sip-alg", Kind: Fault, Where: LocalNetwork, Either: haveAsked | evidence.HaveCallIn | evidence.HaveProbes,
		Title:    "Something on the way, most likely the router, rewrites what the phone sends.",
		Why:      "{{.seen}}",
		Overturn: "A mirror outside of this network that receives what is sent, byte for byte (docs/mirror.md).",
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG in the router's settings (also called SIP helper, SIP transformations or SPI), or set the transport in the phone's account settings to TLS."},
			{ForAdmin, "Switch the SIP helper of the router or firewall off; it changed a part that only the phone may write{{if .parts}}: {{.parts}}{{end}}.{{if .clean}} Unchanged arrived what went over {{.clean}}.{{end}}"},
		},
		Check:    checkALG,
		RuledOut: nothingRewritten,
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

// checkALG takes the surest kind of evidence that there is: a mirror's word, then what
// the phone's own messages show, then what measurements make likely. A good helper
// changes back what comes in, so that messages which look untouched prove nothing.
func checkALG(e *evidence.Evidence, _ Dictionary) []Hit {
	for _, look := range []func(*evidence.Evidence) []Hit{mirrored, viaChanged, contactStored, twoFaces, suspected, lengthsOff} {
		hits := look(e)
		for i := range hits {
			for _, name := range []string{"parts", "clean"} {
				if _, ok := hits[i].Args[name]; !ok {
					hits[i].Args[name] = ""
				}
			}
		}
		if len(hits) > 0 {
			return hits
		}
	}
	return nil
}

// lengthsOff finds a message that came with a wrong length, where nothing was cut off.
func lengthsOff(e *evidence.Evidence) []Hit {
	if len(e.Limits) > 0 {
		return nil
	}
	for _, m := range e.Messages {
		if h, ok := lengthOff(m); ok {
			return []Hit{h}
		}
	}
	return nil
}

// viaChanged finds an answer with another Via than the phone wrote.
func viaChanged(e *evidence.Evidence) []Hit {
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
					Args:  args{"seen": "Proven by the messages themselves: the phone signed what it sent with " + hostPort(sent[0]) + "; when the answer came back, that had become " + hostPort(back) + "."},
					Cites: cites(cite(t.Request, "sent as "+hostPort(sent[0])), cite(m, "came back as "+hostPort(back)))}}
			}
		}
	}
	return nil
}

// contactStored finds sign-ins that were stored under another address than the phone
// gave, by a server that saw no router in between.
func contactStored(e *evidence.Evidence) (hits []Hit) {
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
			Args:  args{"seen": "Suspected from what came back: the phone signed in as " + ours.URI.Host + ", and the server stored " + listed[0].URI.Host + " without having seen a router in between."},
			Cites: cites(cite(s.accepted.Request, "the address that the phone gave"), cite(s.accepted.Final(), "the address that was stored"))})
	}
	return hits
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
				Args:  args{"seen": "Suspected from what came: " + lengths(p.Text)},
				Cites: cites(cite(m, "the length that is announced does not fit"))}, true
		}
	}
	return Hit{}, false
}

// lengths says in plain words what the reader of messages found about a length.
func lengths(found string) string {
	var said, more int
	if n, _ := fmt.Sscanf(found, "Content-Length says %d bytes, but only %d came", &said, &more); n == 2 {
		return fmt.Sprintf("a message from the server announces %d bytes, but only %d came.", said, more)
	}
	if n, _ := fmt.Sscanf(found, "%d more bytes came than the %d", &more, &said); n == 2 {
		return fmt.Sprintf("a message from the server announces %d bytes, but %d came.", said, said+more)
	}
	return "a message from the server announces another length than it has."
}

func hostPort(v sipmsg.Via) string {
	if v.Port == 0 {
		return v.Host
	}
	return v.Host + ":" + strconv.Itoa(v.Port)
}
