// Package sipmsg is the one tolerant reader (and the plain builder) of SIP
// messages (RFC 3261) and session descriptions (RFC 4566/8866) in this program.
// It reads what real devices send, keeps what it cannot read, and lists what
// does not conform instead of refusing it.
package sipmsg

// Header is one header field line, unfolded. A field that came several times,
// or as a comma list, keeps its lines as they stood on the wire.
type Header struct {
	Name  string // canonical long form ("Via", "Call-ID"); unknown names keep their spelling
	Value string // trimmed, unfolded
}

// Problem is one thing in a message that does not conform, in words for support staff.
type Problem struct {
	Where string // header name, "start line", "body" or "sdp"
	Text  string
	// Minor marks what receivers cope with: allowed by an older RFC, or harmless.
	Minor bool
}

// Message is a parsed SIP request or response. Header values stay raw text; the
// methods below read them further when asked.
type Message struct {
	// Method and URI are set for requests, Status and Reason for responses.
	Method, URI string
	Status      int
	Reason      string
	Version     string
	Headers     []Header
	Body        []byte // as long as Content-Length says, or all that came
	Problems    []Problem
	// KeepLength makes Bytes write the Content-Length header as it stands in
	// Headers (or none), wrong or not: for faults on purpose.
	KeepLength bool

	known known
}

// IsRequest tells a request from a response.
func (m *Message) IsRequest() bool { return m.Status == 0 }

// Via is one hop of the Via header (RFC 3261 20.42, RFC 3581).
type Via struct {
	Transport string // "UDP", "TCP", "TLS", "WS", "WSS"
	Host      string // sent-by host, IPv6 without brackets
	Port      int    // 0: none given
	Branch    string
	Received  string // "" : none
	RPort     int    // 0: none or empty
	HasRPort  bool   // the parameter is there, with or without a value
}

// Address is a name-addr or addr-spec with its header parameters (From, To, Contact, Route ...).
type Address struct {
	Display string
	URI     URI
	Params  Params // header parameters, names in lower case (tag, expires, q ...)
}

// Param is one parameter of an address or a URI, its name in lower case.
type Param struct{ Name, Value string }

// Params are parameters in the order in which they stood; of those that have one name
// only the first is there.
type Params []Param

// Lookup gives the value of a parameter, and whether it is there.
func (p Params) Lookup(name string) (value string, found bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// Get gives the value of a parameter, "" where there is none.
func (p Params) Get(name string) string {
	value, _ := p.Lookup(name)
	return value
}

// URI is a sip, sips or tel URI, read as far as possible.
type URI struct {
	Scheme, User, Host string // Host without brackets
	Port               int    // 0: none given
	Params             Params
	Raw                string
	Headers            string // what stands behind "?", undecoded (RFC 3261 19.1.1)
}

// Challenge is one WWW-Authenticate or Proxy-Authenticate header (RFC 3261 22, RFC 8760).
type Challenge struct {
	Scheme                          string // "Digest"
	Realm, Nonce, Algorithm, Opaque string // Algorithm "" means MD5
	QOP                             []string
	Stale                           bool
	Proxy                           bool // came in a 407's Proxy-Authenticate
}

// ReasonValue is one value of a Reason header (RFC 3326).
type ReasonValue struct {
	Protocol string // "Q.850", "SIP"
	Cause    int
	Text     string
}

// Warning is one value of a Warning header (RFC 3261 20.43).
type Warning struct {
	Code  int
	Agent string
	Text  string
}
