package evidence

import (
	"hash/maphash"
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
	ends := make([]Leg, len(calls))
	for i, c := range calls {
		ends[i] = LegOf(c)
	}
	legs := make(map[*Call]*Call)
	for i, first := range JoinLegs(ends) {
		if first >= 0 {
			legs[calls[i]] = calls[first]
		}
	}
	return legs
}

// Leg is what has to be known of a call to find its further legs: little enough to be
// kept for each call of a long capture.
type Leg struct {
	came  []reached
	final time.Time // of the last answer to its INVITE, zero without one
}

// reached is one INVITE of a call on one hop.
type reached struct {
	at               time.Time
	from, to         netip.AddrPort
	fromKeys, toKeys []legKey
}

// LegOf notes what JoinLegs needs of a call.
func LegOf(c *Call) Leg {
	var l Leg
	for _, m := range invites(c) {
		l.came = append(l.came, reached{m.Time, m.From, m.To, legKeys(m.From.Addr(), m), legKeys(m.To.Addr(), m)})
	}
	if c.Final != nil {
		l.final = c.Final.Time
	}
	return l
}

// JoinLegs is Legs for calls in their order: for each the place of the earlier one, -1
// for a call of its own.
func JoinLegs(calls []Leg) []int {
	legs := make([]int, len(calls))
	arrived := make(map[legKey][]int) // by where an INVITE came to, and what it was about
	for i := range calls {
		legs[i] = -1
		for _, m := range calls[i].came {
			for _, key := range m.toKeys {
				if list := arrived[key]; len(list) == 0 || list[len(list)-1] != i {
					arrived[key] = append(list, i)
				}
			}
		}
	}
	for c := range calls {
		for j := range calls[c].came {
			m := &calls[c].came[j]
			for _, key := range m.fromKeys {
				list := arrived[key]
				for i := len(list) - 1; i >= max(0, len(list)-maxLegs) && legs[c] < 0; i-- {
					if first := list[i]; first != c && legs[first] != c && calls[first].passedOn(m) {
						legs[c] = first
					}
				}
			}
		}
	}
	// A leg of a leg belongs to the first one.
	for c, first := range legs {
		for n := 0; first >= 0 && legs[first] >= 0 && n < maxLegs; n++ {
			first = legs[first]
		}
		legs[c] = first
	}
	return legs
}

// maxLegs bounds how many earlier calls of the same people are looked at.
const maxLegs = 64

// legKey is a hash of what an INVITE at a server can be recognised by.
type legKey uint64

var legSeed = maphash.MakeSeed()

// legKeys are what an INVITE at a server can be recognised by.
func legKeys(at netip.Addr, m *Message) (keys []legKey) {
	var h maphash.Hash
	h.SetSeed(legSeed)
	add := func(kind string, what ...string) {
		if what[0] == "" {
			return
		}
		h.Reset()
		addr := at.As16()
		_, _ = h.Write(addr[:])
		_, _ = h.WriteString(kind)
		for _, w := range what {
			_, _ = h.WriteString(w)
		}
		if key := legKey(h.Sum64()); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	id, _, _ := strings.Cut(m.Get("Session-ID"), ";")
	add(" session ", strings.ToLower(strings.TrimSpace(id)))
	add(" origin ", origin(m))
	if from := m.FromAddr().URI.User; from != "" {
		for _, to := range [2]string{m.ToAddr().URI.User, userOf(m.URI)} {
			if to != "" {
				add(" people ", from, ">", to)
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
func (first *Leg) passedOn(m *reached) bool {
	wait := m.at.Sub(first.came[0].at)
	if wait < 0 || wait > legWait || !first.final.IsZero() && m.at.After(first.final.Add(time.Second)) {
		return false
	}
	return slices.ContainsFunc(first.came, func(one reached) bool {
		return one.to == m.from || one.to.Addr() == m.from.Addr() && one.from.Addr() != one.to.Addr()
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
