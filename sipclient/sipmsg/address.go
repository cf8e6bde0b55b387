package sipmsg

import (
	"errors"
	"strings"
)

// ParseAddress reads a name-addr or addr-spec with its header parameters (RFC
// 3261 20.10): one value of From, To, Contact, Route and the like. What could be
// read is returned beside the error. "*" gives an Address for which IsAny holds.
func ParseAddress(s string) (Address, error) {
	var a Address
	s = trim(s)
	if s == "*" {
		a.URI.Raw = s
		return a, nil
	}
	var err error
	rest := s
	if strings.HasPrefix(s, `"`) {
		end := closingQuote(s, 0)
		a.Display = unquote(s)
		if end >= len(s) {
			err = errors.New("the quote of the display name is not closed")
			// The display name has swallowed the address: look for it inside.
			rest = s[1:]
			if open := strings.LastIndexByte(rest, '<'); open >= 0 {
				a.Display = trim(rest[:open])
				rest = rest[open:]
			}
		} else {
			rest = trim(s[end+1:])
		}
	}
	open := strings.IndexByte(rest, '<')
	if open < 0 {
		return a.bare(rest, err)
	}
	if name := trim(rest[:open]); name != "" {
		if !isDisplayName(name) && err == nil {
			err = errors.New("the display name should stand in quotes")
		}
		if a.Display == "" {
			a.Display = name
		}
	}
	uri := rest[open+1:]
	after := ""
	if end := strings.IndexByte(uri, '>'); end >= 0 {
		uri, after = uri[:end], trim(uri[end+1:])
	} else {
		err = errors.Join(err, errors.New(`the ">" after the URI is missing`))
	}
	if trim(uri) != uri {
		err = errors.Join(err, errors.New("blanks stand between the angle brackets and the URI"))
	}
	var uriErr error
	a.URI, uriErr = ParseURI(trim(uri))
	if after != "" {
		if after[0] != ';' {
			err = errors.Join(err, errors.New("something other than a parameter stands after the URI"))
		}
		a.Params = params(split(after, ';'))
	}
	return a, errors.Join(err, uriErr)
}

// bare reads an address without angle brackets: parameters belong to the
// header, and a URI with a "?" or a comma may not stand so (RFC 3261 20.10).
func (a *Address) bare(s string, err error) (Address, error) {
	pieces := split(s, ';')
	uri := pieces[0]
	a.Params = params(pieces[1:])
	var uriErr error
	a.URI, uriErr = ParseURI(uri)
	if strings.ContainsAny(uri, "?,") {
		err = errors.Join(err, errors.New(`a URI with "?" or a comma must stand in angle brackets`))
	}
	return *a, errors.Join(err, uriErr)
}

// IsAny tells whether a Contact is "*", all bindings at once (RFC 3261 10.2.2).
func (a Address) IsAny() bool { return a.URI.Raw == "*" }

// Tag gives the tag parameter, "" without one.
func (a Address) Tag() string { return a.Params.Get("tag") }

func isDisplayName(s string) bool {
	for _, word := range strings.Fields(s) {
		if !isToken(word) {
			return false
		}
	}
	return true
}

// String writes the address as a name-addr without its header parameters:
// what a person reads.
func (a Address) String() string {
	if a.Display == "" {
		return "<" + a.URI.Shown() + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Display) + `" <` + a.URI.Shown() + ">"
}

// FromAddr reads the From header; the zero Address when it is missing.
func (m *Message) FromAddr() Address { return m.address("From") }

// ToAddr reads the To header; the zero Address when it is missing.
func (m *Message) ToAddr() Address { return m.address("To") }

// FromTag gives the tag of From, "" without one.
func (m *Message) FromTag() string { return m.FromAddr().Tag() }

// ToTag gives the tag of To, "" without one.
func (m *Message) ToTag() string { return m.ToAddr().Tag() }

func (m *Message) address(name string) Address {
	v := m.Get(name)
	if v == "" {
		return Address{}
	}
	for _, k := range [...]*lineOf[Address]{&m.known.from, &m.known.to} {
		if k.line == v && len(k.list) == 1 {
			return k.list[0]
		}
	}
	a, _ := ParseAddress(v)
	return a
}

// Contacts reads all Contact values. "*" is one for which IsAny holds.
func (m *Message) Contacts() []Address { return m.Addresses("Contact") }

// Routes reads all Route values, topmost first.
func (m *Message) Routes() []Address { return m.Addresses("Route") }

// RecordRoutes reads all Record-Route values, topmost first.
func (m *Message) RecordRoutes() []Address { return m.Addresses("Record-Route") }

// Addresses reads every value of a header that holds addresses (Path,
// P-Asserted-Identity, Diversion ...).
func (m *Message) Addresses(name string) []Address {
	var list []Address
	name = CanonicalName(name)
	for i := range m.Headers {
		if h := &m.Headers[i]; sameName(h.Name, name) {
			list = join(list, m.known.lists.of(h.Value, ParseAddress))
		}
	}
	return list
}
