package capture

import (
	"strings"
)

// uri gives the user and the machine of an address their tokens; what says how to reach
// it stays, and what stands behind it is masked.
func (r *Redactor) uri(s string) string {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return r.machine(s)
	}
	switch strings.ToLower(scheme) {
	case "sip", "sips", "im", "pres", "xmpp", "mailto":
	case "tel":
		number, params, more := strings.Cut(rest, ";")
		out := scheme + ":" + r.user(number)
		if more {
			out += ";" + r.params(params, true)
		}
		return out
	case "urn":
		return scheme + ":" + hidden(rest)
	default: // of the web: the machine, and nothing of what lies there
		slashes, place := "", rest
		if strings.HasPrefix(rest, "//") {
			slashes, place = "//", rest[2:]
		}
		end := strings.IndexAny(place, "/?#")
		if end < 0 {
			end = len(place)
		}
		user, host := "", place[:end]
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			user, host = r.credentials(host[:at])+"@", host[at+1:]
		}
		return scheme + ":" + slashes + user + r.machine(host) + hidden(place[end:])
	}
	user, at := "", strings.LastIndexByte(rest, '@')
	if at >= 0 {
		user, rest = rest[:at], rest[at+1:]
		name, params, more := strings.Cut(user, ";")
		user = r.credentials(name)
		if more {
			user += ";" + r.params(params, false)
		}
		user += "@"
	}
	rest, headers, more := strings.Cut(rest, "?")
	host, params, with := strings.Cut(rest, ";")
	out := scheme + ":" + user + r.machine(host)
	if with {
		out += ";" + r.params(params, true)
	}
	if more {
		out += "?" + hidden(headers)
	}
	return out
}

// credentials gives a user its token, and blanks a password behind it.
func (r *Redactor) credentials(s string) string {
	name, password, secret := strings.Cut(s, ":")
	if !secret {
		return r.user(name)
	}
	return r.user(name) + ":" + strings.Repeat("0", len(password))
}

// user gives the part before the @ its token; one that is an address of its own is told
// by its parts.
func (r *Redactor) user(s string) string {
	if find4.MatchString(s) || findFQN.MatchString(s) {
		return r.free(s, freeText)
	}
	return r.tokens.name(s)
}

// hidden masks letters and digits of something of which nothing has to be known.
func hidden(s string) string {
	b := []byte(s)
	hideLetters(b)
	return string(b)
}

// plainParams are parameters whose values are words of the protocol.
var plainParams = map[string]bool{"tag": true, "branch": true, "rport": true, "ttl": true, "lr": true, "transport": true, "expires": true, "q": true, "user": true, "method": true, "ob": true, "reg-id": true, "keep": true, "comp": true, "refresher": true, "cause": true,
	"reason": true, "privacy": true, "screen": true, "party": true, "counter": true, "index": true, "methods": true, "audio": true, "video": true, "events": true, "schemes": true, "mobility": true, "early-only": true, "ftag": true, "nat": true, "pub-gruu": false}

// params rewrites ;name=value pairs. In addresses of our making a value without a known
// name may be anything, and is masked.
func (r *Redactor) params(s string, plain bool) string {
	parts := cutOutside(s, ';')
	for i, p := range parts {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			if !plain {
				parts[i] = r.free(p, freeText)
			}
			continue
		}
		key := strings.ToLower(strings.TrimSpace(name))
		switch {
		case key == "received" || key == "maddr" || key == "received-host":
			value = r.machine(value)
		case key == "alias": // Kamailio's: address~port~transport
			at, rest, _ := strings.Cut(value, "~")
			if value = r.machine(at); rest != "" {
				value += "~" + rest
			}
		case key == "phone-context" && strings.HasPrefix(value, "+"):
			value = r.tokens.name(value)
		case plainParams[key]:
			value = r.free(value, known)
		default:
			value = r.free(value, freeText)
			if strings.Contains(key, "instance") || strings.Contains(key, "gruu") || strings.Contains(key, "icid") {
				value = hidden(value)
			}
		}
		parts[i] = name + "=" + value
	}
	return strings.Join(parts, ";")
}

// cutOutside cuts at a sign that stands in no quotes and no angle brackets.
func cutOutside(s string, sign byte) []string {
	var parts []string
	quoted, angle, from := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == sign && !angle:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// addresses rewrites a header with name-addr values (RFC 3261 20.10).
func (r *Redactor) addresses(v string) string {
	values := cutOutside(v, ',')
	for i, one := range values {
		values[i] = r.address(one)
	}
	return strings.Join(values, ",")
}

func (r *Redactor) address(s string) string {
	open := indexOutside(s, '<')
	if open < 0 {
		lead := s[:len(s)-len(strings.TrimLeft(s, " \t"))]
		uri, params, more := strings.Cut(s[len(lead):], ";")
		if strings.TrimSpace(uri) == "*" {
			return s
		}
		out := lead + r.uri(uri)
		if more {
			out += ";" + r.params(params, true)
		}
		return out
	}
	end := strings.IndexByte(s[open:], '>')
	if end < 0 {
		return r.free(s[:open], freeText) + "<" + r.uri(s[open+1:])
	}
	end += open
	out := r.display(s[:open]) + "<" + r.uri(s[open+1:end]) + ">"
	if rest := s[end+1:]; rest != "" {
		lead := rest[:len(rest)-len(strings.TrimLeft(rest, " \t"))]
		if rest = rest[len(lead):]; strings.HasPrefix(rest, ";") {
			return out + lead + ";" + r.params(rest[1:], true)
		}
		return out + lead + r.free(rest, freeText)
	}
	return out
}

func indexOutside(s string, sign byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == sign && !quoted:
			return i
		}
	}
	return -1
}

// display masks the name before an address; blanks and quotes stay.
func (r *Redactor) display(s string) string {
	trimmed := strings.Trim(s, " \t\"")
	if trimmed == "" {
		return s
	}
	i := strings.Index(s, trimmed)
	return s[:i] + r.tokens.name(trimmed) + s[i+len(trimmed):]
}

// via rewrites Via values (RFC 3261 20.42).
func (r *Redactor) via(v string) string {
	values := cutOutside(v, ',')
	for i, one := range values {
		lead := one[:len(one)-len(strings.TrimLeft(one, " \t"))]
		rest := one[len(lead):]
		protocol, rest, ok := strings.Cut(rest, " ")
		if !ok {
			values[i] = lead + r.free(protocol, freeText)
			continue
		}
		by, params, more := strings.Cut(rest, ";")
		machine := strings.TrimSpace(by)
		at := strings.Index(by, machine)
		values[i] = lead + protocol + " " + by[:at] + r.machine(machine) + by[at+len(machine):]
		if more {
			values[i] += ";" + r.params(params, true)
		}
	}
	return strings.Join(values, ",")
}

// callID gives the machine behind the @ its token, and what is known to belong to
// somebody in the rest; the rest is what tells calls apart.
func (r *Redactor) callID(v string) string {
	id, params, more := strings.Cut(v, ";")
	local, host, ok := strings.Cut(id, "@")
	out := r.free(local, known)
	if ok {
		trimmed := strings.TrimRight(host, " \t")
		out += "@" + r.machine(trimmed) + host[len(trimmed):]
	}
	if more {
		out += ";" + r.params(params, true)
	}
	return out
}

// digest rewrites challenges and credentials: what proves a password is blanked, the
// names get their tokens, and what the server makes anew each time stays.
func (r *Redactor) digest(name, v string) string {
	lead := v[:len(v)-len(strings.TrimLeft(v, " \t"))]
	scheme, rest, ok := strings.Cut(v[len(lead):], " ")
	switch {
	case strings.Contains(scheme, "="): // a folded line, or Authentication-Info
		scheme, rest, ok = "", v[len(lead):], true
	case !strings.EqualFold(scheme, "digest"):
		if strings.HasSuffix(name, "authenticate") {
			return lead + scheme + v[len(lead)+len(scheme):len(v)-len(rest)] + r.free(rest, freeText)
		}
		return v[:len(v)-len(rest)] + strings.Repeat("0", len(rest))
	}
	if !ok {
		return v
	}
	head := v[:len(v)-len(rest)]
	parts := cutOutside(rest, ',')
	for i, p := range parts {
		key, value, ok := strings.Cut(p, "=")
		if !ok {
			continue
		}
		open, inner, end := "", value, ""
		if t := strings.TrimSpace(value); len(t) >= 2 && t[0] == '"' {
			at := strings.IndexByte(value, '"')
			close := strings.LastIndexByte(value, '"')
			open, inner = value[:at+1], value[at+1:]
			if close > at { // else the quotes are not closed
				inner, end = value[at+1:close], value[close:]
			}
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "response", "rspauth":
			inner = zeros(inner)
		case "username":
			if user, host, ok := strings.Cut(inner, "@"); ok {
				inner = r.tokens.name(user) + "@" + r.machine(host)
			} else {
				inner = r.tokens.name(inner)
			}
		case "realm":
			if machineName(inner) {
				inner = r.machine(inner)
			} else {
				inner = r.free(inner, freeText)
			}
		case "uri":
			inner = r.uri(inner)
		case "nonce", "cnonce", "nc", "qop", "opaque", "algorithm", "stale", "nextnonce", "auts":
			inner = r.free(inner, known)
		default:
			inner = hidden(inner)
		}
		parts[i] = key + "=" + open + inner + end
	}
	return head + strings.Join(parts, ",")
}

// zeros overwrites a text byte by byte, so that its length stays; blanks stay.
func zeros(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c != ' ' {
			b[i] = '0'
		}
	}
	return string(b)
}

// machineName tells a realm that is a machine's name from one in words.
func machineName(s string) bool {
	return s != "" && !strings.ContainsAny(s, " \t,;\"") && (strings.Contains(s, ".") || strings.Contains(s, ":"))
}

// reason keeps the protocol and the number of a Reason or Warning header; its text is
// free text.
func (r *Redactor) reason(v string) string {
	i := strings.IndexByte(v, '"')
	if i < 0 {
		return r.free(v, freeNumbers)
	}
	j := strings.LastIndexByte(v, '"')
	if j == i {
		j = len(v)
	}
	return r.free(v[:i], freeNumbers) + `"` + r.free(v[i+1:j], freeText) + v[j:min(len(v), j+1)] + r.free(v[min(len(v), j+1):], freeNumbers)
}
