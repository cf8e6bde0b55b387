package diagnosis

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"softphonedoctor/wizard/evidence"
)

// Keys of the test phone's notes, as package capture defines them; a test holds
// that they are the same. (This package sees evidence only, never the tape.)
const (
	phoneAccount  = "account"
	phoneLookup   = "lookup"
	phoneGaveUp   = "gave-up"
	phoneDigest   = "digest-unsupported"
	phoneWithheld = "password-withheld"
	phoneHeldBack = "sign-in-held-back"
)

// overUDP tells that a message travelled without a connection: it can get lost,
// and is sent again until it is answered.
func overUDP(m *evidence.Message) bool { return m.Net.String() == "UDP" }

// server is everything that our phone asked one server, outside of calls or to
// begin one.
type server struct {
	addr      netip.Addr
	requests  []*evidence.Transaction // in the order of the evidence: registrations, OPTIONS, calls
	answered  bool                    // it answered something, over any transport, if only when it was measured
	waited    time.Duration           // how long nothing came to a request that is still without an answer
	unheard   *evidence.Transaction   // that request, the first of them
	reachable map[string]bool         // transports over which it answered
}

// servers groups our requests by where they went.
func servers(e *evidence.Evidence) []*server {
	known, ok := judging.Load(e)
	if !ok {
		return readServers(e)
	}
	m := known.(*memo)
	m.serversOnce.Do(func() { m.servers = readServers(e) })
	return m.servers
}

func readServers(e *evidence.Evidence) []*server {
	var list []*server
	index := map[netip.Addr]*server{}
	for _, t := range asking(e) {
		addr := t.Request.To.Addr()
		s := index[addr]
		if s == nil {
			s = &server{addr: addr, reachable: map[string]bool{}}
			index[addr] = s
			list = append(list, s)
		}
		s.requests = append(s.requests, t)
		if len(t.Responses) > 0 {
			s.answered = true
			s.reachable[t.Request.Net.String()] = true
		}
		if w := pending(e, t); w > s.waited {
			s.waited, s.unheard = w, t
		}
	}
	for _, m := range e.Messages {
		if m == nil || m.Out || m.From.Addr() == m.To.Addr() {
			continue // on one computer the address does not tell who it was
		}
		if s := index[m.From.Addr()]; s != nil {
			s.answered = true
		}
	}
	for _, w := range waysTo(e) {
		if s := index[w.server.Addr()]; s != nil && w.Yes() {
			s.answered, s.reachable[w.net] = true, true
		}
	}
	return list
}

// asking lists the requests of our phone that a server has to answer: sign-ins,
// OPTIONS and the INVITEs that begin calls.
func asking(e *evidence.Evidence) []*evidence.Transaction {
	var list []*evidence.Transaction
	for _, r := range e.Registrations {
		if r.Out {
			list = append(list, r.Transactions...)
		}
	}
	list = append(list, e.Options...)
	for _, c := range outCalls(e) {
		list = append(list, dialling(c)...)
	}
	return slices.DeleteFunc(list, func(t *evidence.Transaction) bool { return t == nil || !has(t.Request) })
}

// dialling gives the INVITE transactions that set a call up, the last one last.
func dialling(c *evidence.Call) []*evidence.Transaction {
	var list []*evidence.Transaction
	for _, t := range c.Transactions {
		if t != nil && t.Method == "INVITE" && has(t.Request) && t.Out == (c.Direction == evidence.Out) && !slices.Contains(c.Reinvites, t) {
			list = append(list, t)
		}
	}
	return list
}

// lastInvite is the transaction that decided the call, nil when it was not seen.
func lastInvite(c *evidence.Call) *evidence.Transaction {
	list := dialling(c)
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// closed are the errors that a closed port gives, by ICMP or by the operating system.
func closed(u evidence.Unreachable) bool {
	return u.Reason == "port unreachable" || strings.Contains(u.Reason, "refused") || strings.Contains(u.Reason, "connection reset")
}

// denied are errors with which this computer itself keeps a packet back.
func denied(u evidence.Unreachable) bool {
	return strings.Contains(u.Reason, "not permitted") || strings.Contains(u.Reason, "permission denied") ||
		strings.Contains(u.Reason, "forbidden by its access permissions")
}

// noWay are errors of a network that knows no way to the target.
func noWay(u evidence.Unreachable) bool {
	return u.Reason != "timeout" && !closed(u) && !denied(u) && !strings.Contains(u.Reason, "too big") && !strings.Contains(u.Reason, "too long")
}

// errorsTo lists the network errors about a server's signalling ports, or where
// nothing was sent because of them.
func errorsTo(e *evidence.Evidence, s *server, kind func(evidence.Unreachable) bool) []evidence.Unreachable {
	var list []evidence.Unreachable
	for _, u := range e.ICMP {
		if u.Target.Addr() != s.addr || !kind(u) || isMedia(e, u.Target) || !byAccount(e, u.Net.String()) {
			continue
		}
		if slices.ContainsFunc(s.requests, func(t *evidence.Transaction) bool { return t.Request.To.Port() == u.Target.Port() }) {
			list = append(list, u)
		}
	}
	return list
}

// isMedia tells that an address takes sound or the reports about it, not
// signalling: packets went there, or a description named it. The port beside
// counts too, since reports go there (RFC 3550 11), often a moment after the
// other side has closed it.
func isMedia(e *evidence.Evidence, a netip.AddrPort) bool {
	for _, c := range e.Calls {
		for _, s := range callStreams(c) {
			if s.To == a || s.To.Addr() == a.Addr() && s.To.Port()+1 == a.Port() {
				return true
			}
		}
		for _, m := range []*evidence.Media{c.Offer, c.Agreed, c.ByReinvite} {
			if m == nil || m.Port == 0 || m.Addr != a.Addr().String() {
				continue
			}
			if port := int(a.Port()); port == m.Port || port == m.Port+1 || port == m.RTCPPort {
				return true
			}
		}
	}
	return false
}

// toSignalling lists errors of a kind about any target that takes no sound; the
// phone may not even have got a request out.
func toSignalling(e *evidence.Evidence, kind func(evidence.Unreachable) bool) []evidence.Unreachable {
	var list []evidence.Unreachable
	for _, u := range e.ICMP {
		if kind(u) && !isMedia(e, u.Target) && byAccount(e, u.Net.String()) {
			list = append(list, u)
		}
	}
	return list
}
