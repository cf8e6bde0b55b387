package diagnosis

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

var displacedRules = []Rule{
	{
		Cause: "registration-displaced", Kind: Fault, Where: Account, Needs: evidence.HaveRegistration,
		Title: "{{if .ours}}Another phone has taken this phone's place at the server.{{else}}Signing in here has signed another phone out: the server keeps only one.{{end}}",
		Why: "{{if .ours}}The server had this phone in its list, and {{.seen}}. Calls to this account no longer reach this phone." +
			"{{else}}Before the sign-in the server's list held {{.other}}; {{.seen}}. Calls to this account do not reach that phone until it signs in anew.{{end}}",
		Overturn: "A call to this account making both phones ring.",
		Fix: []Remedy{
			{ForUser, "Two phones use the same account and sign each other out in turn. Sign one of them out, or ask your provider for an account of its own for each phone."},
			{ForUser, "{{if .ours}}Sign in again to get this phone's place back.{{else}}To get the other phone back at once, restart it or sign in on it again; by itself it does so within its registration time.{{end}}"},
			{ForAdmin, "Let the account have several contacts (max contacts), and see whether an old contact is removed when a new one comes."},
		},
		Check:    checkDisplaced,
		RuledOut: nobodyDisplaced,
	},
}

// checkDisplaced compares the lists of phones that the server gave one after the
// other (RFC 3261 10.3 step 8: each 200 holds all that are stored).
func checkDisplaced(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, s := range signIns(e) {
		lists := bindingLists(e, s.aor)
		if h, ok := lostOurs(lists); ok {
			hits = append(hits, h)
		}
		if h, ok := lostOther(lists); ok {
			hits = append(hits, h)
		}
	}
	if len(hits) == 0 {
		hits = toldDisplaced(e)
	}
	return hits
}

// bindingList is one 200 to a REGISTER, or to a question.
type bindingList struct {
	request, answer *evidence.Message
	contacts        []sipmsg.Address // those that live
	ours            *sipmsg.Address  // what our phone signed in with until then, nil when it is signed out
	until           time.Time        // how long the server keeps ours
	query           bool
}

// holds tells whether a list has a contact: the same address, or the same device.
func (l *bindingList) holds(c sipmsg.Address) bool {
	return slices.ContainsFunc(l.contacts, func(have sipmsg.Address) bool { return sameContact(have, c) })
}

// bindingLists gives what the server said of one address, in order of time.
func bindingLists(e *evidence.Evidence, aor string) []*bindingList {
	var txs []*evidence.Transaction
	for _, r := range e.Registrations {
		if r.Out && r.AOR == aor {
			txs = append(txs, r.Transactions...)
		}
	}
	txs = slices.DeleteFunc(txs, func(t *evidence.Transaction) bool { return t == nil || !has(t.Request) })
	slices.SortStableFunc(txs, func(a, b *evidence.Transaction) int { return a.Request.Time.Compare(b.Request.Time) })
	var list []*bindingList
	var ours *sipmsg.Address
	var until time.Time
	for _, t := range txs {
		m := t.Final()
		if !has(m) || m.Status < 200 || m.Status >= 300 {
			if !t.Query() && asked(t.Request) <= 0 {
				ours = nil // signed out, whatever the server said
			}
			continue
		}
		if !t.Query() {
			ours = nil
			if d := grantedBy(t); asked(t.Request) > 0 && d > 0 {
				c := t.Request.Contacts()[0]
				ours, until = &c, m.Time.Add(d)
			}
		}
		l := &bindingList{request: t.Request, answer: m, ours: ours, until: until, query: t.Query()}
		for _, c := range m.Contacts() {
			if left, ok := contactExpires(c); !c.IsAny() && (!ok || left > 0) {
				l.contacts = append(l.contacts, c)
			}
		}
		list = append(list, l)
	}
	return list
}

// lostOurs finds that our contact stood in a list, and that a later one has others only.
func lostOurs(lists []*bindingList) (Hit, bool) {
	var stood *bindingList
	for _, l := range lists {
		switch {
		case l.ours == nil:
			stood = nil
		case l.holds(*l.ours) || mappedOurs(l):
			stood = l
		case stood != nil && len(l.contacts) > 0 && sameContact(*stood.ours, *l.ours) && (!l.query || l.answer.Time.Before(l.until)):
			return Hit{Certainty: Confirmed, Direction: evidence.In,
				Args:  args{"ours": "yes", "other": "", "seen": span(l.answer.Time.Sub(stood.answer.Time)) + " later its list held only " + phones(l.contacts)},
				Cites: cites(cite(stood.answer, "this phone is in the list"), cite(l.answer, "only "+phones(l.contacts)+" in the list"))}, true
		}
	}
	return Hit{}, false
}

// lostOther finds that a phone stood before our sign-in and is gone after it.
func lostOther(lists []*bindingList) (Hit, bool) {
	var before *bindingList
	for i, l := range lists {
		if before == nil || l.query || l.ours == nil || !(l.holds(*l.ours) || mappedOurs(l)) {
			if l.query {
				before = l
			}
			continue
		}
		for _, other := range before.contacts {
			left, told := contactExpires(other)
			if told && left <= l.answer.Time.Sub(before.answer.Time)+2*time.Second || sameContact(other, *l.ours) || l.holds(other) || removedBy(l.request, other) {
				continue
			}
			h := Hit{Certainty: Likely, Direction: evidence.In, Args: args{"ours": "", "other": phones([]sipmsg.Address{other}), "seen": "after it that one was gone"},
				Cites: cites(cite(before.answer, "another phone is in the list"), cite(l.answer, "after the sign-in it is gone"))}
			again := false
			for _, later := range lists[i+1:] {
				if again = again || later.holds(other); later.query && !later.holds(other) {
					h.Certainty = Confirmed
					h.Cites = append(h.Cites, cite(later.answer, "asked once more: still gone"))
				}
			}
			if !again { // some servers list only who asks
				return h, true
			}
		}
		before = nil
	}
	return Hit{}, false
}

// mappedOurs tells that a list has our phone under the address at which the server
// sees it (RFC 3581), as servers store it for phones behind a router.
func mappedOurs(l *bindingList) bool {
	vias := l.answer.Vias()
	return len(vias) > 0 && vias[0].Received != "" && slices.ContainsFunc(l.contacts, func(c sipmsg.Address) bool {
		return sameHost(c.URI.Host, vias[0].Received) && (vias[0].RPort == 0 || portOf(c.URI.Port) == vias[0].RPort)
	})
}

// removedBy tells that a REGISTER itself removed a contact.
func removedBy(request *evidence.Message, c sipmsg.Address) bool {
	return slices.ContainsFunc(request.Contacts(), func(have sipmsg.Address) bool { return sameContact(have, c) })
}

// sameContact compares contacts as RFC 3261 19.1.4 does where it matters, or by the
// device's own name (RFC 5626 4.1).
func sameContact(a, b sipmsg.Address) bool {
	if id := a.Params.Get("+sip.instance"); id != "" && id == b.Params.Get("+sip.instance") {
		return true
	}
	return a.URI.User == b.URI.User && sameHost(a.URI.Host, b.URI.Host) && portOf(a.URI.Port) == portOf(b.URI.Port)
}

// phones names contacts by where they are.
func phones(list []sipmsg.Address) string {
	var where []string
	for _, c := range list {
		where = append(where, c.URI.Host)
	}
	slices.Sort(where)
	where = slices.Compact(where)
	more := ""
	if len(where) > 3 {
		where, more = where[:3], " and others"
	}
	if len(where) == 1 && more == "" {
		return "a phone at " + plainHost(where[0])
	}
	for i := range where {
		where[i] = plainHost(where[i])
	}
	return "phones at " + strings.Join(where, ", ") + more
}

// plainHost bounds foreign text.
func plainHost(s string) string {
	q := quote(s)
	return q[1 : len(q)-1]
}

// reginfo is the part of a registration event (RFC 3680 5) that tells of an end.
type reginfo struct {
	Registrations []struct {
		Contacts []struct {
			State string `xml:"state,attr"`
			Event string `xml:"event,attr"`
			URI   string `xml:"uri"`
		} `xml:"contact"`
	} `xml:"registration"`
}

// toldDisplaced reads the server's own word, a NOTIFY of the reg event, that it ended
// our binding. "rejected" and "deactivated" are its own doing (RFC 3680 5.1).
func toldDisplaced(e *evidence.Evidence) []Hit {
	for _, t := range e.Others {
		if t == nil || t.Out || t.Method != "NOTIFY" || !has(t.Request) || !strings.Contains(strings.ToLower(t.Request.Get("Content-Type")), "reginfo+xml") {
			continue
		}
		var info reginfo
		if xml.Unmarshal(t.Request.Body, &info) != nil {
			continue
		}
		for _, s := range signIns(e) {
			if s.accepted == nil || !s.accepted.Final().Time.Before(t.Request.Time) {
				continue
			}
			ours, others, gone := s.accepted.Request.Contacts()[0], 0, ""
			for _, r := range info.Registrations {
				for _, c := range r.Contacts {
					switch mine := strings.TrimSpace(c.URI) == ours.URI.Raw; {
					case mine && c.State == "terminated" && (c.Event == "rejected" || c.Event == "deactivated" || c.Event == "unregistered"):
						gone = c.Event
					case !mine && c.State == "active":
						others++
					}
				}
			}
			if gone != "" && others > 0 && !signedOut(e, s, t.Request.Time) {
				return []Hit{{Certainty: Confirmed, Direction: evidence.In,
					Args:  args{"ours": "yes", "other": "", "seen": "it then said itself that it had removed it, while another phone stays"},
					Cites: cites(cite(t.Request, "the server removed this phone"), cite(s.accepted.Final(), "this phone was signed in"))}}
			}
		}
	}
	return nil
}

// signedOut tells that our phone had asked to be removed before a moment.
func signedOut(e *evidence.Evidence, s *signIn, before time.Time) bool {
	for _, r := range e.Registrations {
		for _, t := range r.Transactions {
			if r.Out && r.AOR == s.aor && t != nil && has(t.Request) && !t.Query() && asked(t.Request) <= 0 &&
				t.Request.Time.After(s.accepted.Request.Time) && t.Request.Time.Before(before) {
				return true
			}
		}
	}
	return false
}

// nobodyDisplaced tells that a sign-in was renewed and both times in the list, or
// that all who stood before it still stand.
func nobodyDisplaced(e *evidence.Evidence, _ Dictionary) bool {
	return all(signIns(e), func(s *signIn) bool {
		listed, asked := 0, false
		for _, l := range bindingLists(e, s.aor) {
			switch {
			case l.query && l.ours == nil:
				asked = true
			case l.ours != nil && (l.holds(*l.ours) || mappedOurs(l)):
				listed++
			}
		}
		return s.last == s.accepted && (listed > 1 || asked && listed > 0)
	})
}
