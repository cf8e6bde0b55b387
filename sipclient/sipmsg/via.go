package sipmsg

import (
	"errors"
	"net/netip"
	"strings"
)

// ParseVia reads one Via value. What could be read is returned beside the error.
func ParseVia(s string) (Via, error) {
	var v Via
	var err error
	pieces := split(s, ';')
	head := pieces[0]
	// "SIP / 2.0 / UDP host": blanks may stand around the slashes (RFC 4475 3.1.1.1).
	name, rest, ok := strings.Cut(head, "/")
	version, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		return v, errors.New("the protocol of the Via is not readable")
	}
	if !strings.EqualFold(trim(name), "SIP") || trim(version) != "2.0" {
		err = errors.New("the protocol of the Via is not SIP/2.0")
	}
	rest = trim(rest)
	sp := strings.IndexAny(rest, " \t")
	if sp < 0 {
		return v, errors.New("the Via has no host")
	}
	v.Transport = strings.ToUpper(rest[:sp])
	var hostErr error
	v.Host, v.Port, hostErr = splitHostPort(rest[sp:])
	err = errors.Join(err, hostErr)
	for _, p := range pieces[1:] {
		key, value, hasValue := strings.Cut(p, "=")
		value = unquote(value)
		switch strings.ToLower(trim(key)) {
		case "branch":
			v.Branch = value
		case "received":
			// RFC 5118 4.5: with and without brackets.
			v.Received = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
			if _, e := netip.ParseAddr(v.Received); e != nil {
				err = errors.Join(err, errors.New("received= is no IP address"))
			}
		case "rport":
			v.HasRPort = true
			if hasValue && value != "" {
				if n, ok := number(value); ok && n <= 65535 {
					v.RPort = int(n)
				} else {
					err = errors.Join(err, errors.New("rport= is no port"))
				}
			}
		case "":
			err = errors.Join(err, errors.New("the Via has an empty parameter"))
		}
	}
	return v, err
}

// Vias reads all Via values, topmost first.
func (m *Message) Vias() []Via {
	var vias []Via
	for i := range m.Headers {
		if h := &m.Headers[i]; sameName(h.Name, "Via") {
			vias = join(vias, m.known.vias.of(h.Value, ParseVia))
		}
	}
	return vias
}

// Branch gives the branch of the topmost Via: with the CSeq method it names the
// transaction (RFC 3261 17.1.3). "" without one.
func (m *Message) Branch() string {
	line := m.Get("Via")
	if trim(line) == "" || trim(line)[0] == ',' {
		return ""
	}
	return m.known.vias.of(line, ParseVia)[0].Branch
}
