package probe

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// changed names what of a request came back otherwise than it was sent, of what RFC
// 3261 8.2.6.2 wants back unchanged; "" for nothing.
func (a *answered) changed() string {
	sent, back := a.sent.Vias()[0], a.back.Vias()[0]
	switch {
	case !sameAddress(sent.Host, back.Host), sent.Port != back.Port:
		return "via"
	case a.sent.CallID() != a.back.CallID():
		return "call-id"
	case !sameURI(a.sent.FromAddr().URI, a.back.FromAddr().URI):
		return "from"
	case !sameURI(a.sent.ToAddr().URI, a.back.ToAddr().URI):
		return "to"
	}
	return ""
}

// pair gives the lines that changed names, as sent and as they came back.
func (a *answered) pair(what string) (sent, back string) {
	name := sipmsg.CanonicalName(what)
	if what == "call-id" {
		name = "Call-ID"
	}
	return a.sent.Get(name), a.back.Get(name)
}

func sameURI(a, b sipmsg.URI) bool { return sameAddress(a.Host, b.Host) && a.Port == b.Port }

// sameAddress compares addresses as numbers where both are, as names otherwise.
func sameAddress(a, b string) bool {
	x, e1 := netip.ParseAddr(a)
	y, e2 := netip.ParseAddr(b)
	if e1 == nil && e2 == nil {
		return x.Unmap() == y.Unmap()
	}
	return strings.EqualFold(a, b)
}

// sayEcho answers whether what came back is what was sent. Signs, by how much they say:
//
//	bait       our outside address was sent, our inside one came back
//	changed    a line that the server must echo came back changed
//	two-faces  to one request the server says that it sees this very socket here, in
//	           this network, and to another that it sees it outside
//	stun       a STUN server sees this computer outside, the server here
//	unseen     the server does not say where it sees this socket, though this address
//	           is one of a private network and its own is not
func (b *Bench) sayEcho(ways []*echo) {
	var signs []sign
	var over, baited []string
	for _, w := range ways {
		if w.plain == nil || w.over == capture.TLS {
			continue
		}
		over = append(over, w.name)
		if len(w.baits) > 0 {
			baited = append(baited, w.name)
		}
		signs = append(signs, w.signs()...)
		signs = append(signs, b.againstSTUN(w)...)
	}
	if len(over) == 0 {
		b.NotChecked(capture.ProbeALGEcho, "no answer came from the server")
		return
	}
	if len(signs) == 0 {
		b.Say(capture.ProbeALGEcho, true, "over", over, "baited", baited)
		return
	}
	slices.SortStableFunc(signs, func(a, b sign) int { return slices.Index(signOrder, a.name) - slices.Index(signOrder, b.name) })
	var names []string
	for _, s := range signs {
		names = appendNew(names, s.name)
	}
	b.Say(capture.ProbeALGEcho, false, append([]any{"signs", names}, signs[0].details...)...)
}

// sign is something that came back and should not have.
type sign struct {
	name    string
	details []any
}

// signOrder is what says most first.
var signOrder = []string{"bait", "changed", "two-faces", "stun", "unseen"}

// signs gives the details of what one way shows, the strongest sign first.
func (w *echo) signs() (list []sign) {
	add := func(name string, more ...any) {
		list = append(list, sign{name, append(more, "over", w.overName(), "local", w.local, "server", w.server)})
	}
	if what := w.plain.changed(); what != "" {
		sent, back := w.plain.pair(what)
		add("changed", "what", what, "sent", sent, "back", back)
	}
	for _, bait := range w.baits {
		if what := bait.changed(); what != "" {
			sent, back := bait.pair(what)
			add("bait", "what", what, "sent", sent, "back", back)
		}
	}
	here, plain, blind := w.local.Addr(), w.plain.seen(), w.blind.seen()
	switch {
	case plain.Addr() == here && blind.IsValid() && blind.Addr() != here:
		add("two-faces", "what", "received", "sent", plain.Addr(), "back", blind.Addr())
	case !plain.IsValid() && blind.IsValid() && blind.Addr() != here:
		add("two-faces", "what", "received", "sent", "nothing", "back", blind.Addr())
	case !plain.IsValid() && !blind.IsValid() && w.blind == nil && private(here) && !private(w.server.Addr()):
		add("unseen", "what", "received")
	}
	return list
}

// againstSTUN compares with what a STUN server saw of the same network connection: when
// that saw this computer outside, and the server in the internet sees it here, one of
// the two was rewritten.
func (b *Bench) againstSTUN(w *echo) []sign {
	nat := b.Answer(capture.ProbeNAT)
	mapped, here := nat.addr("mapped"), w.local.Addr()
	if !nat.Known() || nat.Yes() || nat.addr("local") != here || !mapped.IsValid() || mapped == here || w.plain.seen().Addr() != here || private(w.server.Addr()) {
		return nil
	}
	return []sign{{"stun", []any{"what", "received", "sent", here, "back", mapped, "over", w.overName(), "local", w.local, "server", w.server}}}
}

func (w *echo) overName() string {
	return strings.ToLower(w.over.String()) + "/" + strconv.Itoa(int(w.server.Port()))
}

// private tells addresses that nobody outside their own network can reach.
func private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || carrierNet.Contains(a)
}

var carrierNet = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
