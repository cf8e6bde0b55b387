package sipmsg

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotSIP says that the bytes are no SIP message at all: neither a request
// line nor a status line stands at their beginning.
var ErrNotSIP = errors.New("this is not a SIP message")

// Parse reads one SIP message (RFC 3261 7), a whole datagram or a piece that
// Framer gave. It fails with ErrNotSIP only when the bytes are no SIP at all;
// everything else is read as far as possible, and what does not conform stands
// in Problems. The message keeps no reference to b.
func Parse(b []byte) (*Message, error) {
	b = bytes.TrimLeft(b, "\r\n")
	if !LooksLikeSIP(b) {
		return nil, ErrNotSIP
	}
	headLen, bodyAt := headEnd(b, 0)
	m := new(Message)
	if headLen < 0 {
		headLen, bodyAt = len(b), len(b)
		defer m.minor("body", "the message ends without the empty line after its headers")
	}
	head := string(b[:headLen])
	line, rest := cutLine(head)
	m.readStartLine(line)
	m.readHeaders(rest)
	m.readBody(b[bodyAt:])
	m.check()
	return m, nil
}

// LooksLikeSIP tells cheaply whether b starts like a SIP message, on any port:
// its first line begins or ends with "SIP/", or is a request line cut short.
func LooksLikeSIP(b []byte) bool {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	if len(b) < 8 || b[0] < 'A' && b[0] != '!' && b[0] != '%' && b[0] != '*' && b[0] != '+' && b[0] != '-' && b[0] != '.' && b[0] != '\'' && (b[0] < '0' || b[0] > '9') {
		return false
	}
	if hasFold(b, "SIP/") {
		return true
	}
	// A method is a token, so the first byte that is none must be a blank.
	i := 0
	for i < len(b) && tokenByte[b[i]] {
		i++
	}
	if i == 0 || i == len(b) || !isSpace(b[i]) {
		return false
	}
	line := b[i:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	for at := bytes.IndexByte(line, '/'); at >= 0; {
		if at >= 4 && isSpace(line[at-4]) && hasFold(line[at-3:], "SIP/") {
			return true
		}
		next := bytes.IndexByte(line[at+1:], '/')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	// The version is missing: the line was cut, or its writer forgot it.
	target := bytes.TrimLeft(line, " \t<")
	return knownMethods[string(b[:i])] && (hasFold(target, "sip:") || hasFold(target, "sips:") || hasFold(target, "tel:"))
}

// knownMethods are the methods of RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903 and 6086.
var knownMethods = map[string]bool{
	"INVITE": true, "ACK": true, "BYE": true, "CANCEL": true, "REGISTER": true, "OPTIONS": true, "PRACK": true,
	"SUBSCRIBE": true, "NOTIFY": true, "PUBLISH": true, "INFO": true, "REFER": true, "MESSAGE": true, "UPDATE": true,
}

func hasFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(b[i]) != lower(prefix[i]) {
			return false
		}
	}
	return true
}

// headEnd finds the empty line that ends the headers, looking from byte from
// on: n is the headers' length, body where the body begins. n is -1 while there
// is none.
func headEnd(b []byte, from int) (n, body int) {
	for i := from; i < len(b); i++ {
		lf := bytes.IndexByte(b[i:], '\n')
		if lf < 0 {
			break
		}
		i += lf
		switch {
		case i+1 < len(b) && b[i+1] == '\n':
			return i + 1, i + 2
		case i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n':
			return i + 1, i + 3
		}
	}
	return -1, -1
}

// cutLine takes the first line off s, without its line end.
func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

func (m *Message) problem(where, format string, args ...any) {
	m.Problems = append(m.Problems, Problem{Where: where, Text: fmt.Sprintf(format, args...)})
}

func (m *Message) minor(where, format string, args ...any) {
	m.Problems = append(m.Problems, Problem{Where: where, Text: fmt.Sprintf(format, args...), Minor: true})
}

func (m *Message) readStartLine(line string) {
	const where = "start line"
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		m.readStatusLine(line)
		return
	}
	if trimmed := trim(line); trimmed != line {
		m.problem(where, "blanks stand around the start line")
		line = trimmed
	}
	sp := strings.IndexAny(line, " \t")
	if sp < 0 {
		sp = len(line)
	}
	m.Method = line[:sp]
	m.URI = trim(line[sp:])
	if last := strings.LastIndexAny(m.URI, " \t"); last >= 0 && len(m.URI) > last+4 && strings.EqualFold(m.URI[last+1:last+5], "SIP/") {
		m.URI, m.Version = m.URI[:last], m.URI[last+1:]
	}
	if m.Version == "" {
		m.problem(where, "the protocol version is missing")
	}
	if uri := trim(m.URI); uri != m.URI || sp+1 < len(line) && isSpace(line[sp+1]) {
		m.problem(where, "more than one blank separates the parts of the start line")
		m.URI = uri
	}
	if strings.ContainsAny(m.URI, " \t") {
		m.problem(where, "the request URI contains blanks")
	}
	m.checkVersion()
}

func (m *Message) readStatusLine(line string) {
	const where = "start line"
	version, rest, _ := strings.Cut(line, " ")
	m.Version = version
	code, reason, found := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	m.Reason = trim(reason)
	n, err := strconv.Atoi(trim(code))
	switch {
	case err != nil || n < 100 || n > 699:
		// Status 0 would make a request of it: the nearest number that says
		// "final, and not understood" stands in.
		m.problem(where, "the status code %q is not a number from 100 to 699", short(code))
		n = 699
	case len(code) != 3:
		m.problem(where, "the status code %q does not have three digits", short(code))
	case !found:
		m.minor(where, "the blank after the status code is missing")
	}
	m.Status = n
	m.checkVersion()
}

func (m *Message) checkVersion() {
	if m.Version != "" && !strings.EqualFold(m.Version, "SIP/2.0") {
		m.problem("start line", "the protocol version is %q, not SIP/2.0", short(m.Version))
	}
}

// readHeaders reads the header lines, unfolding those that go on in the next.
func (m *Message) readHeaders(s string) {
	m.Headers = make([]Header, 0, strings.Count(s, "\n"))
	for s != "" {
		var line string
		line, s = cutLine(s)
		if s != "" && isSpace(s[0]) {
			line, s = unfold(line, s)
		}
		colon := strings.IndexByte(line, ':')
		if colon < 0 {
			if trim(line) != "" {
				m.problem("headers", "the line %q has no colon", short(line))
			}
			continue
		}
		name := trim(line[:colon])
		if !isToken(name) {
			m.problem("headers", "%q is no header name", short(name))
			if name == "" {
				continue
			}
		}
		m.Headers = append(m.Headers, Header{CanonicalName(name), trim(line[colon+1:])})
	}
}

// unfold joins a line with those after it that begin with a blank (RFC 3261 7.3.1).
func unfold(line, s string) (folded, rest string) {
	var b strings.Builder
	b.WriteString(strings.TrimRight(line, " \t"))
	for s != "" && isSpace(s[0]) {
		var next string
		next, s = cutLine(s)
		b.WriteByte(' ')
		b.WriteString(trim(next))
	}
	return b.String(), s
}

// readBody takes as much body as Content-Length says. A datagram may hold less
// or more; less is taken as it is, more is cut as every receiver does (RFC 3261 18.3).
func (m *Message) readBody(b []byte) {
	const where = "Content-Length"
	if !m.Has(where) {
		m.Body = bytes.Clone(b)
		return
	}
	n, ok := number(m.Get(where))
	switch {
	case !ok:
		m.problem(where, "%q is no length", short(m.Get(where)))
	case int64(n) > int64(len(b)):
		m.problem("body", "Content-Length says %d bytes, but only %d came", n, len(b))
	case int(n) < len(b):
		extra := bytes.Trim(b[n:], "\r\n\x00 ")
		if len(extra) == 0 || n == 0 && LooksLikeSIP(extra) {
			m.minor("body", "%d more bytes came than the %d that Content-Length says; receivers ignore them", len(b)-int(n), n)
		} else {
			m.problem("body", "%d more bytes came than the %d that Content-Length says, and receivers cut them off", len(b)-int(n), n)
		}
		b = b[:n]
	}
	m.Body = bytes.Clone(b)
}

// short shows the beginning of a text that is too long to show.
func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
