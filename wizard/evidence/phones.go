package evidence

import (
	"cmp"
	"net/netip"
	"slices"
)

// PhoneSeen is an address that behaves like a phone, with what it did.
type PhoneSeen struct {
	Addr      netip.Addr
	AOR       string // whom it signs in as, "" when it does not
	SignIns   int    // REGISTER requests
	Calls     int    // calls that it began or that came to it
	first     int
	isSubject bool
}

// Phones lists the addresses that a capture may be about: those that sign in, and
// the ends of calls, without the servers that other phones sign in at or whose
// requests come from elsewhere. The one whose view was taken is the first, the busiest
// come next.
func Phones(e *Evidence) []PhoneSeen {
	seen := map[netip.Addr]*PhoneSeen{}
	at := func(m *Message, a netip.Addr) *PhoneSeen {
		p := seen[a]
		if p == nil {
			p = &PhoneSeen{Addr: a, first: m.N, isSubject: a == e.Subject.Addr.Addr()}
			seen[a] = p
		}
		return p
	}
	servers := map[netip.Addr]bool{}
	counted := map[string]map[netip.Addr]bool{}
	for _, m := range e.Messages {
		switch from, to := m.From.Addr(), m.To.Addr(); {
		case m.Method == "REGISTER":
			servers[to] = true
			if len(m.Vias()) > 1 {
				servers[from] = true // it passes on what others sent
				continue
			}
			p := at(m, from)
			p.SignIns++
			p.AOR = cmp.Or(p.AOR, aor(m))
		case m.Method == "INVITE" && m.ToTag() == "":
			ends := counted[m.CallID()]
			if ends == nil {
				ends = map[netip.Addr]bool{}
				counted[m.CallID()] = ends
			}
			if len(m.Vias()) > 1 {
				servers[from] = true
			}
			for _, a := range [2]netip.Addr{from, to} {
				if !ends[a] {
					ends[a] = true
					at(m, a).Calls++
				}
			}
		}
	}
	var list []PhoneSeen
	for a, p := range seen {
		if !servers[a] || p.isSubject {
			list = append(list, *p)
		}
	}
	slices.SortFunc(list, func(a, b PhoneSeen) int {
		switch {
		case a.isSubject != b.isSubject:
			if a.isSubject {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.SignIns+b.Calls, a.SignIns+a.Calls), cmp.Compare(a.first, b.first))
	})
	return list
}
