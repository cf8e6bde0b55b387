package between

import (
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// fromNear passes on what a softphone sent.
func (p *Proxy) fromNear(f flow, data []byte) {
	m, err := sipmsg.Parse(data)
	if err != nil || !sipmsg.LooksLikeSIP(data) {
		p.locked(func() { p.last = f })
		p.send(f, p.server, data) // a sign of life, or what only the server can judge
		return
	}
	var to netip.AddrPort
	ok := true
	p.locked(func() {
		if p.last = f; m.IsRequest() {
			to = p.outgoing(f, m)
			return
		}
		f, to, ok = p.answerOut(f, m)
	})
	if ok { // else it is an answer to nothing that was asked
		p.send(f, to, m.Bytes())
		p.noticed(m, true)
	}
}

// locked does something with what the proxy remembers.
func (p *Proxy) locked(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock() // also when a message is too odd for us
	f()
}

// send writes to the network, on the way that belongs to the softphone.
func (p *Proxy) send(f flow, to netip.AddrPort, data []byte) {
	if f.stream != nil {
		f.stream.out(p, data)
		return
	}
	p.far.Write(data, to)
}

// outside is the address under which a softphone's messages leave.
func (p *Proxy) outside(f flow) netip.AddrPort {
	if f.stream != nil {
		return f.stream.local
	}
	return p.far.Local()
}

// outgoing makes a softphone's request one of ours. p.mu is held.
func (p *Proxy) outgoing(f flow, m *sipmsg.Message) (to netip.AddrPort) {
	us := hostPort(p.outside(f))
	_, method, _ := m.CSeq()
	p.withoutUs(m, "Route")
	to = p.nextHop(m)
	if vias := m.List("Via"); len(vias) > 0 {
		// What belongs to an INVITE goes where that went (RFC 3261 9.1, 17.1.1.3).
		if of, ok := p.seen.asked[keyOf(m.Branch(), "INVITE")]; ok && (method == "ACK" || method == "CANCEL") {
			to = of.to
		}
		if method != "ACK" {
			p.seen.asked[keyOf(m.Branch(), method)] = asked{vias[0], f, to, time.Now(), m.Has("Authorization")}
		}
		vias[0] = sentBy(vias[0], us)
		setValues(m, "Via", vias)
	}
	p.hideContacts(f, m)
	p.seen.calls[m.CallID()] = heard{f, time.Now()}
	describe(m, p.relayed(m.CallID(), true))
	return to
}

// nextHop is where a request within a call goes (RFC 3261 12.2.1.1); everything else goes
// to the server.
func (p *Proxy) nextHop(m *sipmsg.Message) netip.AddrPort {
	if m.ToTag() == "" {
		return p.server
	}
	uri, err := sipmsg.ParseURI(m.URI)
	if routes := m.Routes(); len(routes) > 0 {
		uri, err = routes[0].URI, nil
	}
	a, bad := netip.ParseAddr(uri.Host)
	if err != nil || bad != nil || a.IsUnspecified() || a.IsMulticast() {
		return p.server
	}
	port := uint16(uri.Port)
	if port == 0 {
		port = 5060
	}
	if to := netip.AddrPortFrom(a, port); to != p.far.Local() && to != p.At() {
		if len(p.trusted) < 1000 {
			p.trusted[a] = true
		}
		return to
	}
	return p.server
}

// withoutUs takes the proxy's own address out of a header.
func (p *Proxy) withoutUs(m *sipmsg.Message, name string) {
	list := m.List(name)
	if len(list) == 0 {
		return
	}
	us := p.At()
	var rest []string
	for _, v := range list {
		a, _ := sipmsg.ParseAddress(v)
		port := a.URI.Port
		if port == 0 {
			port = 5060
		}
		if (a.URI.Host == us.Addr().String() || strings.EqualFold(a.URI.Host, "localhost")) && port == int(us.Port()) {
			continue
		}
		rest = append(rest, v)
	}
	setValues(m, name, rest)
}

// hideContacts writes our address where a softphone says how it is reached, and keeps
// what stood there. In a sign-in, what is not the softphone's own stays: it may be another
// phone that is signed off.
func (p *Proxy) hideContacts(f flow, m *sipmsg.Message) {
	list := m.List("Contact")
	if len(list) == 0 || m.Status >= 300 {
		return
	}
	us := hostPort(p.outside(f))
	for i, v := range list {
		a, err := sipmsg.ParseAddress(v)
		if err != nil || a.IsAny() || a.URI.Scheme != "sip" && a.URI.Scheme != "sips" {
			continue
		}
		if m.Method == "REGISTER" && a.Params.Get("expires") == "0" && !p.isHere(a.URI.Host, f) {
			continue
		}
		shown := withHost(a.URI.Raw, us)
		p.seen.contacts[contactKey(shown)] = contact{a.URI.Raw, f, time.Now()}
		list[i] = uriIn(v, a.URI.Raw, shown)
	}
	setValues(m, "Contact", list)
}

// isHere tells that a host is this computer.
func (p *Proxy) isHere(name string, f flow) bool {
	a, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && (a.IsLoopback() || a == p.out || a == f.addr.Addr())
}

// contactKey is what a server sends back of a Contact: user, host and port. Parameters
// may be gone.
func contactKey(uri string) string {
	u, err := sipmsg.ParseURI(uri)
	if err != nil {
		return uri
	}
	port := u.Port
	if port == 0 {
		port = 5060
	}
	a, err := netip.ParseAddr(u.Host)
	if err != nil {
		return uri
	}
	return u.User + "@" + netip.AddrPortFrom(a, uint16(port)).String()
}

// answerOut makes a softphone's answer one of ours, and gives where the request came
// from. p.mu is held.
func (p *Proxy) answerOut(f flow, m *sipmsg.Message) (flow, netip.AddrPort, bool) {
	vias := m.List("Via")
	_, method, _ := m.CSeq()
	in, ok := p.seen.incoming[keyOf(m.Branch(), method)]
	if !ok || len(vias) < 2 {
		return f, netip.AddrPort{}, false
	}
	setValues(m, "Via", vias[1:])
	p.withoutUs(m, "Record-Route")
	f.stream = in.stream
	p.hideContacts(f, m)
	describe(m, p.relayed(m.CallID(), true))
	return f, in.from, true
}

// fromFar passes on what came from the network. f has the connection that it came on.
func (p *Proxy) fromFar(f flow, data []byte, from netip.AddrPort) {
	m, err := sipmsg.Parse(data)
	known, to := false, f
	p.locked(func() {
		switch known = p.trusted[from.Addr()]; {
		case !known: // a stranger: it is on the tape
		case err != nil || !sipmsg.LooksLikeSIP(data):
			if m = nil; f.stream == nil {
				to = p.last
			}
		case m.IsRequest():
			to = p.incoming(f, m, from)
		default:
			to = p.answerIn(m)
		}
	})
	switch {
	case !known:
	case m == nil:
		p.give(to, data)
	default:
		p.give(to, m.Bytes())
		p.noticed(m, false)
	}
}

// give hands something to a softphone.
func (p *Proxy) give(f flow, data []byte) {
	switch {
	case f.stream != nil:
		f.stream.in(data)
	case f.addr.IsValid():
		_, _ = p.near.WriteToUDPAddrPort(data, f.addr) // as lost as on any other way
	}
}

// incoming makes a request of the network one for the softphone that it is for. p.mu is
// held.
func (p *Proxy) incoming(f flow, m *sipmsg.Message, from netip.AddrPort) (to flow) {
	if c, ok := p.seen.contacts[contactKey(m.URI)]; ok {
		to = c.flow
		m.URI = c.uri
	} else if h, ok := p.seen.calls[m.CallID()]; ok {
		to = h.flow
	} else {
		to = p.last
	}
	if f.stream != nil {
		to.stream = f.stream
	}
	if !to.known() {
		return to
	}
	us := p.At()
	word, transport := "UDP", ""
	if to.stream != nil {
		word, transport = "TCP", ";transport=tcp"
	}
	_, method, _ := m.CSeq()
	branch := branchFor(m.Branch(), m.CallID())
	p.seen.incoming[keyOf(branch, method)] = incoming{from, f.stream, time.Now()}
	setValues(m, "Via", append([]string{"SIP/2.0/" + word + " " + us.String() + ";branch=" + branch}, m.List("Via")...))
	setValues(m, "Record-Route", append([]string{"<sip:" + us.String() + ";lr" + transport + ">"}, m.List("Record-Route")...))
	p.seen.calls[m.CallID()] = heard{to, time.Now()}
	describe(m, p.relayed(m.CallID(), false))
	return to
}

// answerIn makes an answer of the network one to the softphone's own request. p.mu is
// held.
func (p *Proxy) answerIn(m *sipmsg.Message) (to flow) {
	_, method, _ := m.CSeq()
	a, ok := p.seen.asked[keyOf(m.Branch(), method)]
	if !ok {
		return p.seen.calls[m.CallID()].flow
	}
	vias := m.List("Via")
	if len(vias) == 0 {
		return a.flow
	}
	back := a.via
	if a.flow.stream == nil {
		back = restored(a.via, a.flow.addr)
	}
	setValues(m, "Via", append([]string{back}, vias[1:]...))
	p.showContacts(m)
	if method != "REGISTER" && m.Status < 300 && m.ToTag() != "" {
		transport := ""
		if a.flow.stream != nil {
			transport = ";transport=tcp"
		}
		// The first on the way is the last in the list (RFC 3261 12.1.2).
		setValues(m, "Record-Route", append(m.List("Record-Route"), "<sip:"+p.At().String()+";lr"+transport+">"))
	}
	describe(m, p.relayed(m.CallID(), false))
	return a.flow
}

// showContacts puts back what the softphone had written, so that it finds its own sign-in
// among those that the server lists.
func (p *Proxy) showContacts(m *sipmsg.Message) {
	list := m.List("Contact")
	for i, v := range list {
		a, err := sipmsg.ParseAddress(v)
		if err != nil {
			continue
		}
		if c, ok := p.seen.contacts[contactKey(a.URI.Raw)]; ok {
			list[i] = uriIn(v, a.URI.Raw, c.uri)
		}
	}
	if len(list) > 0 {
		setValues(m, "Contact", list)
	}
}

// noticed tells a person what happens, and lets the sound of calls that end go.
func (p *Proxy) noticed(m *sipmsg.Message, out bool) {
	_, method, _ := m.CSeq()
	id := m.CallID()
	over := method == "BYE" && (m.Status >= 200 || m.IsRequest()) || method == "INVITE" && m.Status >= 300
	p.mu.Lock()
	proved := p.seen.asked[keyOf(m.Branch(), method)].proved
	first := method == "INVITE" && m.IsRequest() && m.ToTag() == "" && !p.ringing[id]
	if first && len(p.ringing) < mostKept {
		p.ringing[id] = true
	}
	if s := p.media[id]; s != nil && over {
		s.ended.Store(true)
	}
	p.mu.Unlock()
	switch {
	case first && out:
		p.tell(CallBegan, "The softphone calls %s.", m.ToAddr().URI.User)
	case first:
		p.tell(CallBegan, "%s calls the softphone.", m.FromAddr().URI.User)
	case m.Status == 401 || m.Status == 407: // it asks for the password, which comes next
		switch {
		case out || method != "REGISTER":
		case proved && !strings.Contains(strings.ToLower(strings.Join(m.List("WWW-Authenticate"), ",")), "stale=true"):
			p.tell(NotSigned, "Sign-in: the server does not take the password (%d %s).", m.Status, m.Reason)
		default:
			p.tell(Challenged, "Sign-in: the server asks for the password.")
		}
	case !out && method == "REGISTER" && m.Status >= 200:
		what := SignedIn
		if m.Status >= 300 {
			what = NotSigned
		}
		p.tell(what, "Sign-in: the server answers %d %s.", m.Status, m.Reason)
	case method == "INVITE" && m.Status >= 200 && m.Status < 300:
		p.tell(CallAnswered, "The call is answered with %d %s.", m.Status, m.Reason)
	case method == "INVITE" && m.Status >= 300:
		p.tell(CallEnded, "The call is answered with %d %s.", m.Status, m.Reason)
	case method == "BYE" && m.IsRequest():
		p.tell(CallEnded, "The call is ended.")
	}
}
