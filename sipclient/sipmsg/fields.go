package sipmsg

import (
	"strconv"
	"strings"
	"time"
)

// CallID gives the Call-ID, "" without one.
func (m *Message) CallID() string { return m.Get("Call-ID") }

// CSeq reads the CSeq header: the number and the method in its own spelling. ok
// is false when one of the two cannot be read.
func (m *Message) CSeq() (n uint32, method string, ok bool) {
	number32, method, _ := strings.Cut(m.Get("CSeq"), " ")
	if tab := strings.IndexByte(number32, '\t'); tab >= 0 {
		number32, method = number32[:tab], number32[tab+1:]
	}
	method = trim(method)
	n, ok = number(number32)
	return n, method, ok && method != ""
}

// seconds reads a header of delta seconds at the value's beginning.
func (m *Message) seconds(name string) (time.Duration, bool) {
	v := m.Get(name)
	i := 0
	for i < len(v) && '0' <= v[i] && v[i] <= '9' {
		i++
	}
	n, ok := number(v[:i])
	return time.Duration(n) * time.Second, ok
}

// RetryAfter reads how long not to try again (RFC 3261 20.33); a comment and
// parameters may follow the number.
func (m *Message) RetryAfter() (time.Duration, bool) { return m.seconds("Retry-After") }

// Expires reads the Expires header. The expires parameter of a Contact is in
// that Contact's Params.
func (m *Message) Expires() (time.Duration, bool) { return m.seconds("Expires") }

// MinExpires reads the shortest registration a registrar accepts (RFC 3261 20.23).
func (m *Message) MinExpires() (time.Duration, bool) { return m.seconds("Min-Expires") }

// MinSE reads the shortest session interval (RFC 4028 5).
func (m *Message) MinSE() (time.Duration, bool) { return m.seconds("Min-SE") }

// SessionExpires reads the session interval (RFC 4028 4) and who refreshes it:
// "uac", "uas" or "".
func (m *Message) SessionExpires() (interval time.Duration, refresher string, ok bool) {
	interval, ok = m.seconds("Session-Expires")
	pieces := split(m.Get("Session-Expires"), ';')
	return interval, strings.ToLower(params(pieces[1:]).Get("refresher")), ok
}

// Allow lists the methods of Allow.
func (m *Message) Allow() []string { return m.List("Allow") }

// Supported lists the option tags of Supported.
func (m *Message) Supported() []string { return m.List("Supported") }

// Require lists the option tags of Require.
func (m *Message) Require() []string { return m.List("Require") }

// Unsupported lists the option tags of Unsupported.
func (m *Message) Unsupported() []string { return m.List("Unsupported") }

// Reasons reads all Reason values (RFC 3326).
func (m *Message) Reasons() []ReasonValue {
	var reasons []ReasonValue
	for _, v := range m.List("Reason") {
		pieces := split(v, ';')
		p := params(pieces[1:])
		r := ReasonValue{Protocol: pieces[0], Text: p.Get("text")}
		r.Cause, _ = strconv.Atoi(p.Get("cause"))
		reasons = append(reasons, r)
	}
	return reasons
}

// Warnings reads all Warning values (RFC 3261 20.43).
func (m *Message) Warnings() []Warning {
	var warnings []Warning
	for _, v := range m.List("Warning") {
		code, rest, _ := strings.Cut(v, " ")
		agent, text, _ := strings.Cut(trim(rest), " ")
		w := Warning{Agent: agent, Text: unquote(text)}
		w.Code, _ = strconv.Atoi(code)
		warnings = append(warnings, w)
	}
	return warnings
}

// contentType gives the media type in lower case, without parameters.
func (m *Message) contentType() string {
	t, _, _ := strings.Cut(m.Get("Content-Type"), ";")
	return strings.ToLower(trim(t))
}

// IsSDP tells whether the body is a session description, or a multipart body
// with one in it. ParseSDP reads both.
func (m *Message) IsSDP() bool {
	if len(m.Body) == 0 {
		return false
	}
	switch t := m.contentType(); {
	case t == "application/sdp":
		return true
	case t == "" || strings.HasPrefix(t, "multipart/"):
		_, ok := findSDP(string(m.Body))
		return ok
	}
	return false
}
