package probe

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// change is one thing in a message that did not arrive as it was sent.
type change struct {
	what           string // via, contact, call-id, sdp, content-length, body, another header's name in small letters, request-line, form
	sent, received string // the lines; "" where there was none
}

// The parts of a message that helpers in routers touch, the telling ones first.
var changeOrder = []string{"via", "contact", "sdp", "call-id", "content-length", "body"}

// compare lists what differs between a message as it was sent and as it came, the
// telling changes first. Without any, both are the same byte for byte.
func compare(sent, received []byte) (list []change) {
	if bytes.Equal(sent, received) {
		return nil
	}
	a, errA := sipmsg.Parse(sent)
	b, errB := sipmsg.Parse(received)
	if errA != nil || errB != nil {
		return []change{{"form", firstLine(sent), firstLine(received)}}
	}
	if x, y := firstLine(sent), firstLine(received); x != y {
		list = append(list, change{"request-line", x, y})
	}
	var names []string
	for _, h := range slices.Concat(a.Headers, b.Headers) {
		if name := sipmsg.CanonicalName(h.Name); !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if c, ok := firstDifference(a.All(name), b.All(name)); ok {
			c.what = strings.ToLower(name)
			c.sent, c.received = named(name, c.sent), named(name, c.received)
			list = append(list, c)
		}
	}
	if x, y := bodyOf(sent), bodyOf(received); !bytes.Equal(x, y) {
		c, _ := firstDifference(lines(x), lines(y))
		if c.what = "body"; a.IsSDP() {
			c.what = "sdp"
		}
		list = append(list, c)
	}
	if len(list) == 0 { // blanks, the order of lines, short names
		list = append(list, formChange(sent, received))
	}
	slices.SortStableFunc(list, func(a, b change) int { return rank(a.what) - rank(b.what) })
	return list
}

func rank(what string) int {
	if i := slices.Index(changeOrder, what); i >= 0 {
		return i
	}
	return len(changeOrder)
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ": " + value
}

// firstDifference finds where two lists part.
func firstDifference(a, b []string) (change, bool) {
	for i := range max(len(a), len(b)) {
		var c change
		if i < len(a) {
			c.sent = a[i]
		}
		if i < len(b) {
			c.received = b[i]
		}
		if c.sent != c.received || i >= len(a) || i >= len(b) {
			return c, true
		}
	}
	return change{}, false
}

func formChange(a, b []byte) change {
	c, _ := firstDifference(lines(a), lines(b))
	c.what = "form"
	return c
}

func lines(b []byte) []string {
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n"), "\n")
}

func firstLine(b []byte) string { return lines(b)[0] }

// bodyOf is what stands behind the empty line, whatever Content-Length says.
func bodyOf(b []byte) []byte {
	_, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return body
}

// lengthFits tells whether Content-Length still says how long the body is.
func lengthFits(received []byte) bool {
	m, err := sipmsg.Parse(received)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(m.Problems, func(p sipmsg.Problem) bool { return p.Where == "body" && !p.Minor })
}

// changedTo gives the address that stands in a changed line and was not in it before.
func (c change) changedTo() netip.Addr {
	before := addresses(c.sent)
	for _, a := range addresses(c.received) {
		if !slices.Contains(before, a) {
			return a
		}
	}
	return netip.Addr{}
}

// addresses finds the IP addresses in a line, with or without ports.
func addresses(line string) (list []netip.Addr) {
	for _, w := range strings.FieldsFunc(line, func(r rune) bool {
		return !(r == '.' || r == ':' || r == '[' || r == ']' || r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F')
	}) {
		w = strings.Trim(w, ".")
		if ap, err := netip.ParseAddrPort(strings.TrimRight(w, ":")); err == nil {
			list = append(list, ap.Addr().Unmap())
		} else if a, err := netip.ParseAddr(strings.Trim(strings.TrimRight(w, ":"), "[]")); err == nil {
			list = append(list, a.Unmap())
		} else if i := strings.LastIndexByte(w, ':'); i > 0 { // "sip:192.0.2.1": letters of a scheme
			if a, err := netip.ParseAddr(w[i+1:]); err == nil {
				list = append(list, a.Unmap())
			}
		}
	}
	return list
}
