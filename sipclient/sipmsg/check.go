package sipmsg

import (
	"strings"
	"unicode/utf8"
)

// single are the headers that may stand only once, with one value (RFC 3261 7.3.1).
var single = []string{"Call-ID", "CSeq", "From", "To", "Max-Forwards", "Content-Length", "Content-Type", "Expires", "Min-Expires", "Date"}

// check lists what does not conform, beyond what reading already met.
func (m *Message) check() {
	for _, name := range single {
		if n := m.count(name); n > 1 {
			m.problem(name, "the header stands %d times, but may stand only once", n)
		}
	}
	m.checkPresent()
	m.checkCSeq()
	m.checkNumbers()
	m.checkAddresses()
	m.checkVia()
	for _, h := range m.Headers {
		if !utf8.ValidString(h.Value) {
			m.problem(h.Name, "the value is not valid UTF-8")
		}
	}
	if !utf8.ValidString(m.Reason) || !utf8.ValidString(m.URI) {
		m.problem("start line", "the line is not valid UTF-8")
	}
	if d := m.Get("Date"); d != "" && !strings.HasSuffix(d, "GMT") {
		m.problem("Date", "the time zone is not GMT")
	}
}

func (m *Message) checkPresent() {
	for _, name := range [...]string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if m.Get(name) == "" {
			m.problem(name, "the header is missing")
		}
	}
	_, method, _ := m.CSeq()
	if m.IsRequest() {
		method = m.Method
		if !m.Has("Max-Forwards") {
			m.minor("Max-Forwards", "the header is missing")
		}
	}
	// Without a Contact the other side has no address for ACK and BYE (RFC 3261 8.1.1.8, 12.1.1).
	if method == "INVITE" && (m.IsRequest() || m.Status/100 == 2) && !m.Has("Contact") {
		m.problem("Contact", "the header is missing: the other side does not know where to send what follows")
	}
}

func (m *Message) checkCSeq() {
	if !m.Has("CSeq") {
		return
	}
	n, method, ok := m.CSeq()
	switch {
	case !ok:
		m.problem("CSeq", "%q is not a number up to 2147483647 and a method", short(m.Get("CSeq")))
	case n > 1<<31-1:
		m.problem("CSeq", "the number %d is above 2147483647", n)
	}
	if ok && m.IsRequest() && method != m.Method {
		m.problem("CSeq", "the method %q is not the request's, %q", short(method), short(m.Method))
	}
}

func (m *Message) checkNumbers() {
	for _, name := range [...]string{"Max-Forwards", "Expires", "Min-Expires", "Retry-After"} {
		for _, v := range m.All(name) {
			digits := v
			if i := strings.IndexAny(v, " \t;("); i >= 0 && name == "Retry-After" {
				digits = v[:i]
			}
			n, ok := number(digits)
			if !ok {
				m.problem(name, "%q is no number up to 4294967295", short(v))
			} else if name == "Max-Forwards" && n > 255 {
				m.problem(name, "%d is above 255", n)
			}
		}
	}
}

func (m *Message) checkAddresses() {
	if m.IsRequest() {
		u, err := ParseURI(m.URI)
		if err != nil {
			m.problem("start line", "request URI: %s", oneLine(err))
		}
		if u.Headers != "" {
			m.problem("start line", "the request URI carries headers (\"?\"), which is not allowed there")
		}
	}
	for _, name := range [...]string{"From", "To", "Contact", "Route", "Record-Route"} {
		for _, line := range m.All(name) {
			if !balanced(line) {
				m.problem(name, "a quote is not closed")
			}
			values := []string{line}
			if name != "From" && name != "To" {
				values = split(line, ',')
			}
			for _, v := range values {
				a, err := ParseAddress(v)
				if err != nil {
					m.problem(name, "%s", oneLine(err))
				}
				if e, ok := a.Params["expires"]; ok && name == "Contact" {
					if _, ok := number(e); !ok {
						m.problem(name, "expires=%s is no number up to 4294967295", short(e))
					}
				}
			}
		}
	}
	if v := m.Get("From"); v != "" && m.FromTag() == "" {
		m.minor("From", "the tag is missing")
	}
}

// magic begins every branch since RFC 3261.
const magic = "z9hG4bK"

func (m *Message) checkVia() {
	for i, v := range m.List("Via") {
		via, err := ParseVia(v)
		switch {
		case err != nil:
			m.problem("Via", "%s", oneLine(err))
		case i > 0:
		case via.Branch == "":
			m.minor("Via", "the branch is missing, as before RFC 3261")
		case via.Branch == magic:
			m.problem("Via", "the branch is only %q and tells no transaction from another", magic)
		case !strings.HasPrefix(via.Branch, magic):
			m.minor("Via", "the branch does not begin with %s, as before RFC 3261", magic)
		}
	}
	for _, line := range m.All("Via") {
		for _, v := range split(line, ',') {
			if v == "" {
				m.problem("Via", "an empty value stands in the list")
			}
		}
	}
}

// oneLine joins the lines of errors.Join.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
