package capture

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// learn notes who and what a record names, so that it is found again in free text.
func (r *Redactor) learn(rec Record) {
	if n := rec.Note; n != nil {
		r.learnNote(n)
		return
	}
	p := rec.Packet
	if p == nil || len(p.Data) == 0 || p.Net == UDP && p.Data[0]&0xc0 == 0x80 {
		return
	}
	text := string(p.Data)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		key := strings.ToLower(strings.TrimSpace(name))
		if long := compact[key]; long != "" {
			key = long
		}
		switch {
		case startLine.MatchString(line):
			r.learnURIs(line)
		case !ok:
			if strings.HasPrefix(line, "o=") {
				user, _, _ := strings.Cut(line[2:], " ")
				r.tokens.learnName(user)
			}
		case addressHeaders[key]:
			r.learnURIs(value)
			for _, one := range cutOutside(value, ',') {
				if open := indexOutside(one, '<'); open > 0 {
					r.tokens.learnName(strings.Trim(one[:open], " \t\""))
				}
			}
		case key == "via":
			r.learnVia(value)
		case strings.HasSuffix(key, "authorization"), strings.HasSuffix(key, "authenticate"):
			for _, m := range quoted.FindAllStringSubmatch(value, -1) {
				switch strings.ToLower(m[1]) {
				case "username":
					user, host, ok := strings.Cut(m[2], "@")
					r.tokens.learnName(user)
					if ok {
						r.tokens.learnHost(host)
					}
				case "realm":
					if machineName(m[2]) {
						r.tokens.learnHost(m[2])
					}
				}
			}
		case key == "a=rtpmap":
			number, codec, _ := strings.Cut(value, " ")
			if n, err := strconv.Atoi(strings.TrimSpace(number)); err == nil && n >= 0 && n < 128 && strings.HasPrefix(strings.ToLower(strings.TrimSpace(codec)), "telephone-event") {
				r.events[n] = true
			}
		}
	}
}

var quoted = regexp.MustCompile(`(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"`)

func (r *Redactor) learnURIs(s string) {
	for _, u := range findURI.FindAllString(s, -1) {
		_, rest, _ := strings.Cut(u, ":")
		rest, _, _ = strings.Cut(rest, "?")
		at := strings.LastIndexByte(rest, '@')
		if at >= 0 {
			user, _, _ := strings.Cut(rest[:at], ";")
			user, _, _ = strings.Cut(user, ":")
			if !find4.MatchString(user) && !findFQN.MatchString(user) {
				r.tokens.learnName(user)
			}
		} else if strings.HasPrefix(strings.ToLower(u), "tel:") {
			number, _, _ := strings.Cut(rest, ";")
			r.tokens.learnName(number)
			continue
		}
		host, _, _ := strings.Cut(rest[at+1:], ";")
		r.learnMachine(host)
	}
}

func (r *Redactor) learnVia(s string) {
	for _, one := range cutOutside(s, ',') {
		if _, rest, ok := strings.Cut(strings.TrimSpace(one), " "); ok {
			by, _, _ := strings.Cut(rest, ";")
			r.learnMachine(strings.TrimSpace(by))
		}
	}
}

func (r *Redactor) learnMachine(s string) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Count(s, ":") == 1 {
		s = s[:i]
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return
	}
	r.tokens.learnHost(s)
}

func (r *Redactor) learnNote(n *Note) {
	f := strings.Fields(n.Text)
	switch {
	case n.Kind == KindPhone && n.Key == PhoneAccount && len(f) >= 2:
		r.tokens.learnName(f[0])
		r.learnMachine(f[1])
	case n.Kind == KindPhone && (n.Key == PhoneLookup || n.Key == PhoneNAPTR || n.Key == PhoneTargets) && len(f) >= 1:
		r.learnMachine(f[0])
	case n.Kind == KindPhone && n.Key == PhoneTLS && len(f) >= 2:
		r.learnMachine(strings.TrimSuffix(f[1], ":"))
	}
	if n.Kind == KindPhone || n.Kind == KindProbe {
		for _, host := range findFQN.FindAllString(n.Text, -1) {
			if !isVersion(host) {
				r.learnMachine(host)
			}
		}
	}
}

// chosen is an answer that was picked from a list, or a few keys.
var chosen = regexp.MustCompile(`^(?:[a-z]+(?:-[a-z]+)*|[0-9*#]{0,8})$`)

// note gives a note's text without what belongs to persons. Its words are the program's
// own; names in it are known from the messages.
func (r *Redactor) note(n *Note) string {
	switch n.Kind {
	case KindSituation, KindLimit:
		return n.Text
	case KindAnswer:
		if chosen.MatchString(n.Text) {
			return n.Text
		}
		return r.free(n.Text, freeText) // typed in by a person
	case KindPhone:
		if n.Key == PhoneCertificate {
			return quoted.ReplaceAllStringFunc(r.free(n.Text, known), func(s string) string {
				key, value, _ := strings.Cut(s, "=")
				if key == "names" {
					return s
				}
				return key + `="` + hidden(strings.Trim(value, `"`)) + `"`
			})
		}
		if f := strings.Fields(n.Text); n.Key == PhoneAccount && len(f) >= 2 {
			f[0], f[1] = r.tokens.name(f[0]), r.machine(f[1])
			return strings.Join(f, " ")
		}
		if n.Key == PhoneProvider {
			return n.Text
		}
	}
	return r.free(n.Text, known)
}
