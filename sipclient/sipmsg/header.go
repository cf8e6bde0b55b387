package sipmsg

import "strings"

// canonical holds every header name this program meets, by its lower-case long
// form, and the compact forms of RFC 3261 7.3.3 and the later RFCs.
var canonical = func() map[string]string {
	names := map[string]string{
		// Compact forms: RFC 3261, 3515 (r), 3841 (a d j), 3892 (b), 4028 (x),
		// 6665 (o u), 8224 (y), 4474 (n).
		"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
		"e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
		"l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To",
		"s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
	}
	for _, n := range strings.Fields(`Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow
		Allow-Events Answer-Mode Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition
		Content-Encoding Content-ID Content-Language Content-Length Content-Type CSeq Date Diversion Encryption
		Error-Info Event Expires Flow-Timer From Geolocation Hide History-Info Identity Identity-Info In-Reply-To
		Join Max-Breadth Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info
		P-Asserted-Identity P-Associated-URI P-Called-Party-ID P-Charging-Vector P-Early-Media P-Preferred-Identity
		Path Priority Priv-Answer-Mode Privacy Proxy-Authenticate Proxy-Authentication-Info Proxy-Authorization
		Proxy-Require RAck Reason Record-Route Recv-Info Refer-Sub Refer-To Referred-By Reject-Contact
		Remote-Party-ID Replaces Reply-To Request-Disposition Require Response-Key Retry-After Route RSeq
		Security-Client Security-Server Security-Verify Server Service-Route Session-Expires Session-ID SIP-ETag
		SIP-If-Match Subject Subscription-State Supported Target-Dialog Timestamp To Unsupported User-Agent
		User-to-User Via Warning WWW-Authenticate`) {
		names[strings.ToLower(n)] = n
	}
	return names
}()

// longestName bounds the names that can be in the table.
const longestName = 32

// CanonicalName gives the usual long spelling of a header name in any case or
// compact form. An unknown name comes back as it is.
func CanonicalName(name string) string {
	if len(name) > longestName {
		return name
	}
	spellings := spelled[len(name)]
	for i := range spellings { // as nearly everybody writes them
		if spellings[i].usual == name {
			return spellings[i].usual
		}
	}
	for i := range spellings {
		if foldsTo(name, spellings[i].lower) {
			return spellings[i].usual
		}
	}
	return name
}

// spelling is a name in lower case, which may be its compact form, and as it is usual.
type spelling struct{ lower, usual string }

// spelled holds the spellings by their length: few have the same, and to compare them is
// quicker than to look one up.
var spelled = func() (table [longestName + 1][]spelling) {
	for l, n := range canonical {
		table[len(l)] = append(table[len(l)], spelling{l, n})
	}
	return table
}()

// foldsTo tells that s, of the same length, is lower in any case.
func foldsTo(s, lower string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != lower[i] && (c < 'A' || c > 'Z' || c+'a'-'A' != lower[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Get returns the first value of a header (any case, compact form allowed), ""
// if absent. The value is the whole header line; a comma list stays together.
func (m *Message) Get(name string) string {
	name = CanonicalName(name)
	for i := range m.Headers {
		if sameName(m.Headers[i].Name, name) {
			return m.Headers[i].Value
		}
	}
	return ""
}

// Has tells whether a header is there, even with an empty value.
func (m *Message) Has(name string) bool { return m.count(name) > 0 }

func (m *Message) count(name string) int {
	name = CanonicalName(name)
	n := 0
	for i := range m.Headers {
		if sameName(m.Headers[i].Name, name) {
			n++
		}
	}
	return n
}

// All returns the values of every line of a header, in order, as they stood.
func (m *Message) All(name string) []string {
	name = CanonicalName(name)
	var values []string
	for i := range m.Headers {
		if sameName(m.Headers[i].Name, name) {
			values = append(values, m.Headers[i].Value)
		}
	}
	return values
}

// List returns the single values of a header that may be a comma list (RFC 3261
// 7.3.1), over all its lines. Commas inside quotes or angle brackets do not split.
func (m *Message) List(name string) []string {
	var values []string
	for _, line := range m.All(name) {
		for _, v := range split(line, ',') {
			if v != "" {
				values = append(values, v)
			}
		}
	}
	return values
}

// Set replaces the first line of a header and removes its others, or appends it.
func (m *Message) Set(name, value string) {
	name = CanonicalName(name)
	kept, done := m.Headers[:0:0], false
	for _, h := range m.Headers {
		if sameName(h.Name, name) {
			if done {
				continue
			}
			h.Value, done = value, true
		}
		kept = append(kept, h)
	}
	if !done {
		kept = append(kept, Header{name, value})
	}
	m.Headers = kept
}

// Add appends a header line.
func (m *Message) Add(name, value string) {
	m.Headers = append(m.Headers, Header{CanonicalName(name), value})
}

// Del removes every line of a header.
func (m *Message) Del(name string) {
	name = CanonicalName(name)
	kept := m.Headers[:0:0]
	for _, h := range m.Headers {
		if !sameName(h.Name, name) {
			kept = append(kept, h)
		}
	}
	m.Headers = kept
}

// sameName compares names of which known ones are canonical already.
func sameName(a, b string) bool {
	if len(a) != len(b) || a == "" {
		return false
	}
	// The first and the last letter tell nearly all names apart, cheaply.
	last := len(a) - 1
	return lower(a[0]) == lower(b[0]) && lower(a[last]) == lower(b[last]) && (a == b || strings.EqualFold(a, b))
}
