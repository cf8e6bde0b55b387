package sipmsg

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ParseURI reads a sip, sips or tel URI (RFC 3261 19.1, RFC 3966); of any other
// scheme only Scheme and Raw. What could be read is returned beside the error.
// User keeps its percent escapes; a password in it is dropped.
func ParseURI(s string) (URI, error) {
	u := URI{Raw: s}
	s = trim(s)
	var err error
	if s != "" && s[0] == '<' {
		s = strings.TrimSuffix(s[1:], ">")
		err = errors.New("angle brackets stand around the URI")
	}
	if strings.IndexByte(s, ' ') >= 0 || strings.IndexByte(s, '\t') >= 0 {
		err = errors.New("the URI contains blanks")
	}
	colon := strings.IndexByte(s, ':')
	if colon < 0 || !isScheme(s[:colon]) {
		u.Host = s
		return u, fmt.Errorf("%q has no URI scheme", short(s))
	}
	u.Scheme = strings.ToLower(s[:colon])
	rest := s[colon+1:]
	switch u.Scheme {
	case "sip", "sips":
		return u, errors.Join(err, u.readSIP(rest))
	case "tel":
		parts := strings.Split(rest, ";")
		u.User, u.Params = parts[0], params(parts[1:])
		if u.User == "" {
			err = errors.New("the tel URI has no number")
		}
	}
	return u, err
}

func (u *URI) readSIP(s string) error {
	if info, rest, ok := userInfo(s); ok {
		u.User, _, _ = strings.Cut(info, ":")
		s = rest
	}
	if q := strings.IndexByte(s, '?'); q >= 0 {
		s, u.Headers = s[:q], s[q+1:]
	}
	hostPort, rest, _ := strings.Cut(s, ";")
	if rest != "" {
		u.Params = params(strings.Split(rest, ";"))
	}
	var err error
	u.Host, u.Port, err = splitHostPort(hostPort)
	if err == nil && u.Host == "" {
		err = errors.New("the URI has no host")
	}
	return err
}

// userInfo cuts what stands before the host. The user part may contain ";" and "?", the
// host part may not: so the "@" decides first. A second "@" before any parameter belongs
// to the user, as when someone types a whole address as the user name.
func userInfo(s string) (info, rest string, ok bool) {
	at := strings.IndexByte(s, '@')
	if at < 0 {
		return "", s, false
	}
	if end := strings.IndexAny(s[at:], ";?"); end < 0 {
		at = strings.LastIndexByte(s, '@')
	} else {
		at += strings.LastIndexByte(s[at:at+end], '@')
	}
	return s[:at], s[at+1:], true
}

// Shown is the URI as somebody may see it: as it stands, without a password in it.
func (u URI) Shown() string {
	if u.Scheme != "sip" && u.Scheme != "sips" {
		return u.Raw
	}
	scheme, s, _ := strings.Cut(u.Raw, ":")
	info, rest, _ := userInfo(s)
	if user, _, secret := strings.Cut(info, ":"); secret {
		return scheme + ":" + user + "@" + rest
	}
	return u.Raw
}

// splitHostPort reads "host", "host:port", "[v6]" and "[v6]:port" (RFC 3261
// 25.1), and says what is wrong with other forms, reading them nevertheless.
func splitHostPort(s string) (host string, port int, err error) {
	s = trim(s)
	portText := ""
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return s[1:], 0, errors.New("the bracket after the IPv6 address is missing")
		}
		host = s[1:end]
		if a, e := netip.ParseAddr(host); e != nil || !a.Is6() {
			err = fmt.Errorf("[%s] is no IPv6 address", short(host))
		}
		after := trim(s[end+1:])
		if after == "" {
			return host, 0, err
		}
		if after[0] != ':' {
			return host, 0, fmt.Errorf("%q stands after the IPv6 address", short(after))
		}
		portText = trim(after[1:])
	case strings.Count(s, ":") > 1:
		return s, 0, fmt.Errorf("the IPv6 address %s stands without brackets", short(s))
	default:
		var found bool
		host, portText, found = strings.Cut(s, ":")
		host = trim(host)
		if strings.IndexFunc(host, notHost) >= 0 {
			err = fmt.Errorf("%q is no host name", short(host))
		}
		if !found {
			return host, 0, err
		}
	}
	n, ok := number(portText)
	if !ok || n > 65535 {
		return host, 0, fmt.Errorf("%q is no port", short(trim(portText)))
	}
	return host, int(n), err
}

func notHost(r rune) bool {
	return !(r == '-' || r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := lower(s[i])
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}
