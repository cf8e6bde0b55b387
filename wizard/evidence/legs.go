package evidence

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// legWait is how soon a server passes a call on: queues and announcements take their
// time, but another call of the same people comes later.
const legWait = 30 * time.Second

// Legs finds the calls that a server made out of others: a B2BUA takes a call with one
// Call-ID and places it again with another. It gives the earlier call for each further
// leg. A leg begins where the earlier call arrived, while that one was being set up, and
// names the same people, the same Session-ID (RFC 7989), or the same description of
// sound.
func Legs(calls []*Call) map[*Call]*Call {
	legs := make(map[*Call]*Call)
	arrived := make(map[string][]*Call) // by where an INVITE came to, and what it was about
	for _, c := range calls {
		for _, m := range invites(c) {
			for _, key := range legKeys(m.To.Addr(), m) {
				if list := arrived[key]; len(list) == 0 || list[len(list)-1] != c {
					arrived[key] = append(list, c)
				}
			}
		}
	}
	for _, c := range calls {
		for _, m := range invites(c) {
			for _, key := range legKeys(m.From.Addr(), m) {
				list := arrived[key]
				for i := len(list) - 1; i >= max(0, len(list)-maxLegs) && legs[c] == nil; i-- {
					if first := list[i]; first != c && legs[first] != c && passedOn(first, m) {
						legs[c] = first
					}
				}
			}
		}
	}
	// A leg of a leg belongs to the first one.
	for c, first := range legs {
		for n := 0; legs[first] != nil && n < maxLegs; n++ {
			first = legs[first]
		}
		legs[c] = first
	}
	return legs
}

// maxLegs bounds how many earlier calls of the same people are looked at.
const maxLegs = 64

// legKeys are what an INVITE at a server can be recognised by.
func legKeys(at netip.Addr, m *Message) (keys []string) {
	add := func(kind, what string) {
		if what != "" {
			if key := at.String() + kind + what; !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	id, _, _ := strings.Cut(m.Get("Session-ID"), ";")
	add(" session ", strings.ToLower(strings.TrimSpace(id)))
	add(" origin ", origin(m))
	if from := m.FromAddr().URI.User; from != "" {
		for _, to := range [2]string{m.ToAddr().URI.User, userOf(m.URI)} {
			if to != "" {
				add(" people ", from+">"+to)
			}
		}
	}
	return keys
}

// invites are the requests that set a call up, one for each hop.
func invites(c *Call) (list []*Message) {
	for _, group := range [2][]*Transaction{c.Transactions, c.OtherHops} {
		for _, t := range group {
			if t.Method == "INVITE" && t.Request.ToTag() == "" {
				list = append(list, t.Request)
			}
		}
	}
	return list
}

// passedOn tells whether an INVITE came while a call was being set up, and from where
// that one had arrived: on one computer the ports tell the ends apart.
func passedOn(first *Call, m *Message) bool {
	came := invites(first)
	wait := m.Time.Sub(came[0].Time)
	if wait < 0 || wait > legWait || first.Final != nil && m.Time.After(first.Final.Time.Add(time.Second)) {
		return false
	}
	return slices.ContainsFunc(came, func(one *Message) bool {
		return one.To == m.From || one.To.Addr() == m.From.Addr() && one.From.Addr() != one.To.Addr()
	})
}

// origin is the line by which a description names its session (RFC 8866 5.2), "" where
// there is none.
func origin(m *Message) string {
	for line := range strings.Lines(string(m.Body)) {
		if strings.HasPrefix(line, "o=") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// userOf is the user part of a request's target.
func userOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, found := strings.Cut(rest, "@")
	if !found {
		return ""
	}
	return user
}
