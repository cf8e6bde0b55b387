package between

import (
	"net/netip"
	"time"
)

// flow is a way to a softphone: a datagram's source, or a connection.
type flow struct {
	addr   netip.AddrPort
	stream *stream // nil: UDP
}

func (f flow) known() bool { return f.stream != nil || f.addr.IsValid() }

// table is what has to be put back: which softphone asked, and what it had written where
// the proxy's address stands now. It is bounded by time and by number.
type table struct {
	asked    map[string]asked    // by branch and method, requests of softphones
	incoming map[string]incoming // by our branch and method, requests to softphones
	contacts map[string]contact  // by what the server is told
	calls    map[string]heard    // by Call-ID
}

// asked is a softphone's request that is out.
type asked struct {
	via  string // its topmost Via as it wrote it
	flow flow
	to   netip.AddrPort // where it went
	at   time.Time
	// proved: it carried what the password makes
	proved bool
}

// incoming is a request that was passed to a softphone.
type incoming struct {
	from   netip.AddrPort
	stream *stream // nil: UDP
	at     time.Time
}

// contact is where a softphone said that it can be reached.
type contact struct {
	uri  string // as it wrote it
	flow flow
	at   time.Time
}

type heard struct {
	flow flow
	at   time.Time
}

// mostKept bounds each part of a table.
const mostKept = 5000

func newTable() table {
	return table{map[string]asked{}, map[string]incoming{}, map[string]contact{}, map[string]heard{}}
}

// How long what is remembered counts: a transaction of an INVITE rings for three minutes
// at most (RFC 3261 13.3.1.1), a call and a sign-in last for hours.
const (
	keepTransaction = 4 * time.Minute
	keepCall        = 24 * time.Hour
)

func (t *table) forget(now time.Time) {
	drop(t.asked, func(a asked) bool { return now.Sub(a.at) > keepTransaction })
	drop(t.incoming, func(i incoming) bool { return now.Sub(i.at) > keepTransaction })
	drop(t.contacts, func(c contact) bool { return now.Sub(c.at) > keepCall })
	drop(t.calls, func(h heard) bool { return now.Sub(h.at) > keepCall })
}

func drop[V any](m map[string]V, old func(V) bool) {
	for k, v := range m {
		if old(v) || len(m) > mostKept {
			delete(m, k)
		}
	}
}
