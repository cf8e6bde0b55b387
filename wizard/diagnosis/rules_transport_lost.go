package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// soonClosed is how quickly a server closes that does not want a connection to
// last; timeouts of routers are longer.
const soonClosed = 10 * time.Second

// lostUnder lists the unwanted ends of connections over which a sign-in stood: calls
// come in through that very connection (RFC 5626 1).
func lostUnder(e *evidence.Evidence, s *signIn) []evidence.Connection {
	var list []evidence.Connection
	for _, c := range e.Connections {
		if c.Closed == nil {
			continue
		}
		if t := lastOn(e, c); t != nil && asked(t.Request) > 0 && status(t.Final()) >= 200 && status(t.Final()) < 300 && containsTry(s, t) {
			list = append(list, c)
		}
	}
	return list
}

// lastOn gives the last REGISTER, sign-offs among them, that was sent to where a
// connection led before it ended.
func lastOn(e *evidence.Evidence, c evidence.Connection) (last *evidence.Transaction) {
	for _, r := range e.Registrations {
		if !r.Out {
			continue
		}
		for _, t := range r.Transactions {
			if t != nil && has(t.Request) && (hop{t.Request.Net.String(), t.Request.To}) == hopOf(c) && t.Request.Time.Before(c.Closed.Time) &&
				(last == nil || !t.Request.Time.Before(last.Request.Time)) {
				last = t
			}
		}
	}
	return last
}

func containsTry(s *signIn, t *evidence.Transaction) bool {
	for _, x := range s.tries {
		if x == t {
			return true
		}
	}
	return false
}

// regained tells that a sign-in was accepted after a moment.
func regained(s *signIn, since time.Time) bool {
	for _, t := range s.tries {
		if m := t.Final(); status(m) >= 200 && status(m) < 300 && m.Time.After(since) {
			return true
		}
	}
	return false
}

// checkConnectionLost: one loss that the phone mended at once is a mere fact. It is
// a fault when it comes again, when a request was lost in it, or when missing calls
// are the complaint.
func checkConnectionLost(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		list := lostUnder(e, s)
		if len(list) == 0 {
			continue
		}
		c := list[len(list)-1]
		how := lostHow(c)
		h := Hit{Certainty: Confirmed, Kind: Hint, Direction: evidence.In, Where: lostWhere(c),
			Args: args{"server": c.Addr.String(), "seen": "The connection to " + c.Addr.String() + " " + how + "; until the phone had signed in anew, no call could reach it."}}
		for _, l := range list {
			h.Cites = append(h.Cites, Cite{l.Closed.N, "the connection ended"})
		}
		switch call := cutCall(e); {
		case call != nil:
			h.Kind, h.CallID = Fault, call.CallID()
			h.Args["seen"] = "The connection to " + c.Addr.String() + " " + how + ", while a call was waiting for its answer."
			h.Cites = append(h.Cites, cite(call, "no answer came any more"))
		case len(list) > 1:
			h.Kind = Fault
			h.Args["seen"] = upper(times(len(list))) + " the connection to " + c.Addr.String() + " was cut, the last time it " + how + "."
		case e.Situation == "no-incoming":
			h.Kind = Fault
		}
		hits = append(hits, h)
	}
	return hits
}

// lostHow says how a connection ended, to stand behind its name.
func lostHow(c evidence.Connection) string {
	after := ""
	if c.Closed.After > 0 {
		after = " after " + span(c.Closed.After)
	}
	switch c.Closed.Reason {
	case "closed by the other side":
		return "was closed by the other side" + after
	case "connection reset":
		return "was broken off" + after
	case "no answer to the keep-alive", "timeout":
		return "went silent" + after
	}
	return "ended" + after + " with the word " + quote(c.Closed.Reason)
}

// lostWhere: a server that says goodbye does it itself; what goes silent or is torn
// is lost on the way.
func lostWhere(c evidence.Connection) Where {
	if c.Closed.Reason == "closed by the other side" || c.Closed.After > 0 && c.Closed.After < soonClosed {
		return Provider
	}
	return LocalNetwork
}

// cutCall gives an INVITE of ours whose connection ended before any final answer.
func cutCall(e *evidence.Evidence) *evidence.Message {
	for _, c := range outCalls(e) {
		if t := lastInvite(c); t != nil && t.Final() == nil && !has(c.Cancel) {
			if _, ok := closedUnder(e, t.Request); ok {
				return t.Request
			}
		}
	}
	return nil
}

// lostWithConnection finds a sign-in whose connection ended and could not be made again.
func lostWithConnection(e *evidence.Evidence, s *signIn) (Hit, bool) {
	list := lostUnder(e, s)
	if len(list) == 0 {
		return Hit{}, false
	}
	c := list[len(list)-1]
	if regained(s, c.Closed.Time) {
		return Hit{}, false
	}
	later := "the connection to the server " + lostHow(c)
	h := Hit{Certainty: Confirmed, Cites: []Cite{{c.Closed.N, "the connection ended"}}}
	switch failed := failedSince(e, c); {
	case failed != nil:
		later += " and could not be made again"
		if failed.Failed != "" {
			later += " (" + quote(failed.Failed) + ")"
		}
		h.Cites = append(h.Cites, Cite{failed.N, "no new connection"})
	case e.Until.Sub(c.Closed.Time) >= soonClosed:
		later += ", and the phone was not signed in again for " + span(e.Until.Sub(c.Closed.Time))
	default:
		return Hit{}, false // it may yet be mended
	}
	h.Args = args{"later": later}
	h.Cites = append(h.Cites, cites(cite(s.accepted.Final(), "the sign-in was accepted"))...)
	return h, true
}

// failedSince gives the first failed attempt to connect anew.
func failedSince(e *evidence.Evidence, lost evidence.Connection) *evidence.Connection {
	for _, c := range failures(e) {
		if hopOf(c) == hopOf(lost) && !c.Time.Before(lost.Closed.Time) {
			return &c
		}
	}
	return nil
}

// connectionStood tells that connections were there for longer than a router would
// forget them, and none was lost.
func connectionStood(e *evidence.Evidence, _ Dictionary) bool {
	stood := false
	for _, r := range e.Registrations {
		if !r.Out || r.Net.String() == "UDP" || len(r.Transactions) == 0 {
			continue
		}
		begin, last := r.Transactions[0].Request, r.Last().Final()
		stood = stood || has(begin) && has(last) && last.To == begin.From && last.Time.Sub(begin.Time) >= time.Minute
	}
	return stood
}
