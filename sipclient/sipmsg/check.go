package sipmsg

import (
	"strings"
	"unicode/utf8"
)

// single are the headers that may stand only once, with one value (RFC 3261 7.3.1).
var single = [...]string{"Call-ID", "CSeq", "From", "To", "Max-Forwards", "Content-Length", "Content-Type", "Expires", "Min-Expires", "Date"}

// check lists what does not conform, beyond what reading already met.
func (m *Message) check() {
	m.checkSingle()
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

// checkSingle counts in one pass: it runs for every message.
func (m *Message) checkSingle() {
	var counts [len(single)]int
	for i := range m.Headers {
		for k, name := range single {
			if m.Headers[i].Name == name {
				counts[k]++
				break
			}
		}
	}
	for k, n := range counts {
		if n > 1 {
			m.problem(single[k], "the header stands %d times, but may stand only once", n)
		}
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
	for _, h := range m.Headers {
		digits := h.Value
		switch h.Name {
		case "Max-Forwards", "Expires", "Min-Expires":
		case "Retry-After":
			if i := strings.IndexAny(digits, " \t;("); i >= 0 {
				digits = digits[:i]
			}
		default:
			continue
		}
		n, ok := number(digits)
		if !ok {
			m.problem(h.Name, "%q is no number up to 4294967295", short(h.Value))
		} else if h.Name == "Max-Forwards" && n > 255 {
			m.problem(h.Name, "%d is above 255", n)
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
	for _, h := range m.Headers {
		switch h.Name {
		case "From", "To":
			a := m.checkAddress(h.Name, h.Value)
			k := &m.known.from
			if h.Name == "To" {
				k = &m.known.to
			}
			if k.list == nil {
				*k = lineOf[Address]{h.Value, []Address{a}}
			}
			if h.Name == "From" && a.Tag() == "" && h.Value != "" {
				m.minor("From", "the tag is missing")
			}
		case "Contact", "Route", "Record-Route":
			values := split(h.Value, ',')
			list := make([]Address, 0, min(len(values), maxKnown))
			for _, v := range values {
				a := m.checkAddress(h.Name, v)
				if v != "" {
					list = append(list, a)
				}
				if e, ok := a.Params.Lookup("expires"); ok && h.Name == "Contact" {
					if _, ok := number(e); !ok {
						m.problem(h.Name, "expires=%s is no number up to 4294967295", short(e))
					}
				}
			}
			m.known.lists.add(h.Value, list)
		}
	}
}

func (m *Message) checkAddress(name, value string) Address {
	if !balanced(value) {
		m.problem(name, "a quote is not closed")
	}
	a, err := ParseAddress(value)
	if err != nil {
		m.problem(name, "%s", oneLine(err))
	}
	return a
}

// magic begins every branch since RFC 3261.
const magic = "z9hG4bK"

func (m *Message) checkVia() {
	first := true
	for _, h := range m.Headers {
		if h.Name != "Via" {
			continue
		}
		values := split(h.Value, ',')
		list := make([]Via, 0, min(len(values), maxKnown))
		for _, v := range values {
			if v == "" {
				m.problem("Via", "an empty value stands in the list")
				continue
			}
			via, err := ParseVia(v)
			list = append(list, via)
			switch {
			case err != nil:
				m.problem("Via", "%s", oneLine(err))
			case !first:
			case via.Branch == "":
				m.minor("Via", "the branch is missing, as before RFC 3261")
			case via.Branch == magic:
				m.problem("Via", "the branch is only %q and tells no transaction from another", magic)
			case !strings.HasPrefix(via.Branch, magic):
				m.minor("Via", "the branch does not begin with %s, as before RFC 3261", magic)
			}
			first = false
		}
		m.known.vias.add(h.Value, list)
	}
}

// oneLine joins the lines of errors.Join.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
