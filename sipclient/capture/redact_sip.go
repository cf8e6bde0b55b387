package capture

import (
	"bytes"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// messages gives SIP messages without what belongs to persons, each byte in its place:
// one message in a datagram, or several one behind the other in a stream.
func (r *Redactor) messages(data []byte, stream bool) []byte {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		head, body := len(data), 0
		if i := bytes.Index(data, []byte("\r\n\r\n")); i >= 0 {
			head = i + 4
		} else if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
			head = i + 2
		}
		h := headOf(data[:head])
		if body = len(data) - head; stream {
			body = min(body, h.length)
		}
		out = append(out, r.head(string(data[:head]))...)
		out = append(out, r.body(string(data[head:head+body]), h)...)
		data = data[head+body:]
	}
	return out
}

// messageHead is what the headers say of the body.
type messageHead struct {
	length int
	kind   string
}

func headOf(head []byte) messageHead {
	var h messageHead
	for line := range strings.Lines(string(head)) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-length", "l":
			h.length, _ = strconv.Atoi(strings.TrimSpace(value))
			h.length = max(0, h.length)
		case "content-type", "c":
			h.kind = strings.ToLower(strings.TrimSpace(value))
		}
	}
	return h
}

// head rewrites the start line and the headers.
func (r *Redactor) head(s string) string {
	var b strings.Builder
	header := ""
	for line := range strings.Lines(s) {
		text := strings.TrimRight(line, "\r\n")
		end := line[len(text):]
		name, value, ok := strings.Cut(text, ":")
		switch {
		case text == "":
		case header != "" && (text[0] == ' ' || text[0] == '\t'): // a folded line
			text = r.header(header, text)
		case strings.HasPrefix(text, "SIP/2.0 "):
			code, reason, _ := strings.Cut(text[8:], " ")
			if len(text) > 8+len(code) {
				text = text[:8] + r.number(code) + " " + r.free(reason, freeText)
			}
			header = "-"
		case header == "" && startLine.MatchString(text):
			method, rest, _ := strings.Cut(text, " ")
			uri, version, _ := strings.Cut(rest, " ")
			text = method + " " + r.uri(uri) + " " + version
			header = "-"
		case ok && headerName.MatchString(name):
			header = strings.ToLower(strings.TrimSpace(name))
			if long := compact[header]; long != "" {
				header = long
			}
			text = name + ":" + r.header(header, value)
		default:
			text = r.free(text, freeText)
		}
		b.WriteString(text)
		b.WriteString(end)
	}
	return b.String()
}

var (
	startLine  = regexp.MustCompile(`^[A-Z]{2,20} \S+ SIP/2\.0$`)
	headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,40}[ \t]*$`)
	compact    = map[string]string{"f": "from", "t": "to", "m": "contact", "i": "call-id", "v": "via", "r": "refer-to", "b": "referred-by", "s": "subject", "k": "supported", "l": "content-length", "c": "content-type", "e": "content-encoding", "o": "event", "u": "allow-events", "x": "session-expires", "a": "accept-contact"}
)

// number keeps a code of three digits.
func (r *Redactor) number(s string) string {
	if _, err := strconv.Atoi(s); err == nil && len(s) == 3 {
		return s
	}
	return r.free(s, freeText)
}

// plainHeaders hold words of the protocol only.
var plainHeaders = map[string]bool{"cseq": true, "max-forwards": true, "content-length": true, "content-type": true, "content-encoding": true, "content-disposition": true, "expires": true, "allow": true, "supported": true, "require": true, "proxy-require": true,
	"unsupported": true, "session-expires": true, "min-se": true, "min-expires": true, "rseq": true, "rack": true, "event": true, "accept": true, "accept-encoding": true, "accept-language": true, "allow-events": true, "timestamp": true, "date": true,
	"mime-version": true, "privacy": true, "subscription-state": true, "sip-etag": true, "sip-if-match": true, "refer-sub": true, "supports": true, "path-supported": true}

// addressHeaders hold addresses of persons and machines.
var addressHeaders = map[string]bool{"from": true, "to": true, "contact": true, "route": true, "record-route": true, "path": true, "service-route": true, "p-asserted-identity": true, "p-preferred-identity": true, "remote-party-id": true, "refer-to": true,
	"referred-by": true, "diversion": true, "history-info": true, "p-called-party-id": true, "p-associated-uri": true, "reply-to": true, "p-charging-vector": false}

// header rewrites a header's value.
func (r *Redactor) header(name, v string) string {
	switch {
	case addressHeaders[name]:
		return r.addresses(v)
	case name == "via":
		return r.via(v)
	case name == "call-id", name == "in-reply-to", name == "replaces", name == "target-dialog", name == "join":
		return r.callID(v)
	case strings.HasSuffix(name, "authorization"), strings.HasSuffix(name, "authenticate"), strings.HasSuffix(name, "authentication-info"):
		return r.digest(name, v)
	case name == "user-agent", name == "server":
		return r.free(v, product)
	case name == "reason", name == "warning":
		return r.reason(v)
	case name == "retry-after":
		seconds, comment, ok := strings.Cut(v, "(")
		if ok {
			return r.free(seconds, freeNumbers) + "(" + r.free(comment, freeText)
		}
		return r.free(v, freeNumbers)
	case plainHeaders[name]:
		return r.free(v, known)
	}
	return r.free(v, freeText)
}

// kinds of free text: what may stay of it beside what is known to belong to somebody.
type freedom int

const (
	known       freedom = iota // everything else stays
	freeText                   // allowed words, short numbers
	product                    // likewise, and what looks like a version
	freeNumbers                // numbers and allowed words
)

var (
	findURI = regexp.MustCompile(`(?i)\b(sips?|tel|mailto|https?|im|pres|xmpp|urn):[^\s<>",()]+`)
	find4   = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	find6   = regexp.MustCompile(`(?i)[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}`)
	findFQN = regexp.MustCompile(`(?i)\b[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*\.[a-z]{2,6}\b`)
	findWrd = regexp.MustCompile(`[\pL]+|[0-9]+|[\x80-\xff]+`)
)

// stretch is a part of a text; a done one is not looked at again.
type stretch struct {
	text string
	done bool
}

// split replaces what a pattern finds in the parts that are not done.
func split(parts []stretch, find func(string) []int, replace func(string) (string, bool)) []stretch {
	var out []stretch
	for _, p := range parts {
		rest := p.text
		for !p.done {
			at := find(rest)
			if at == nil || at[0] == at[1] {
				break
			}
			token, ok := replace(rest[at[0]:at[1]])
			if !ok {
				token = rest[at[0]:at[1]]
			}
			out = append(out, stretch{rest[:at[0]], false}, stretch{token, ok})
			rest = rest[at[1]:]
		}
		out = append(out, stretch{rest, p.done})
	}
	return out
}

func pattern(x *regexp.Regexp) func(string) []int {
	return func(s string) []int { return x.FindStringIndex(s) }
}

// free rewrites text without a form: addresses and names that are known get their
// tokens, and of the rest stays what its freedom allows.
func (r *Redactor) free(s string, how freedom) string {
	parts := []stretch{{s, false}}
	parts = split(parts, pattern(findURI), func(u string) (string, bool) { return r.uri(u), true })
	parts = r.places(parts, how)
	for _, k := range r.tokens.known {
		parts = split(parts, finder(k), func(x string) (string, bool) {
			if r.tokens.hosts[k] {
				return r.tokens.host(x), true
			}
			return r.tokens.name(x), true
		})
	}
	var b strings.Builder
	for _, p := range parts {
		if p.done || how == known {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(findWrd.ReplaceAllStringFunc(p.text, func(w string) string { return r.word(w, how) }))
	}
	return b.String()
}

// finder looks for a known name, in any case, as a word of its own where it is short.
func finder(k string) func(string) []int {
	return func(s string) []int {
		low := small(s)
		for from := 0; ; {
			i := strings.Index(low[from:], k)
			if i < 0 {
				return nil
			}
			i += from
			end := i + len(k)
			if len(k) >= 5 || (i == 0 || !wordByte(low[i-1])) && (end == len(low) || !wordByte(low[end])) {
				return []int{i, end}
			}
			from = end
		}
	}
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80
}

// word masks a run of letters or digits that may not stay.
func (r *Redactor) word(w string, how freedom) string {
	if c := w[0]; c >= '0' && c <= '9' {
		if how == freeNumbers || len(w) < 3 || w == "164" || w == "850" || how == product && len(w) < 5 {
			return w
		}
		return strings.Repeat("0", len(w))
	}
	if low := strings.ToLower(w); little[low] || r.o.KeepWord != nil && r.o.KeepWord(low) {
		return w
	}
	return strings.Repeat("x", len(w))
}

// little are words that carry a sentence and nothing of anybody.
var little = map[string]bool{"a": true, "an": true, "the": true, "is": true, "are": true, "not": true, "no": true, "of": true, "to": true, "for": true, "in": true, "on": true, "by": true, "with": true, "from": true, "and": true, "or": true, "at": true, "this": true, "that": true,
	"sip": true, "udp": true, "tcp": true, "tls": true, "q": true, "cause": true, "text": true, "code": true, "s": true, "x": true, "e": true}

// places gives IP addresses and machines' names their tokens.
func (r *Redactor) places(parts []stretch, how freedom) []stretch {
	parts = split(parts, pattern(find4), func(s string) (string, bool) {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return s, false
		}
		return r.tokens.addr(a).String(), true
	})
	parts = split(parts, pattern(find6), r.six)
	if how == known { // what looks like a machine's name may be a Call-ID: only those that are known
		return parts
	}
	return split(parts, pattern(findFQN), func(s string) (string, bool) {
		if isVersion(s) {
			return s, false
		}
		return r.tokens.host(s), true
	})
}

// isVersion tells 1.2.rc from a machine's name.
func isVersion(s string) bool { return s[0] >= '0' && s[0] <= '9' && strings.Count(s, ".") < 3 }

// six gives an IPv6 address its token in the form in which it is written.
func (r *Redactor) six(s string) (string, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || !strings.ContainsAny(s, "0123456789abcdefABCDEF") {
		return s, false
	}
	token := r.tokens.addr(a).As16()
	groups := strings.Split(s, ":")
	// Where parts are left out, those behind count from the end.
	gap := -1
	for i, g := range groups {
		if g == "" {
			gap = i
			break
		}
	}
	for i, g := range groups {
		if g == "" {
			continue
		}
		at := i
		if gap >= 0 && i > gap {
			at = 8 - (len(groups) - i)
		}
		if at < 0 || at > 7 {
			return s, false
		}
		x := strconv.FormatUint(uint64(token[2*at])<<8|uint64(token[2*at+1]), 16)
		for len(x) < len(g) {
			x = "0" + x
		}
		if len(x) != len(g) {
			return s, false
		}
		if g == strings.ToUpper(g) {
			x = strings.ToUpper(x)
		}
		groups[i] = x
	}
	return strings.Join(groups, ":"), true
}

// machine gives a host with an optional port its token.
func (r *Redactor) machine(s string) string {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			host, port = s[1:end], s[end+1:]
			token, ok := r.six(host)
			if !ok {
				return r.free(s, freeText)
			}
			return "[" + token + "]" + port
		}
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Count(s, ":") == 1 {
		host, port = s[:i], s[i:]
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Is4() {
			return r.tokens.addr(a).String() + port
		}
		if token, ok := r.six(host); ok {
			return token + port
		}
	}
	return r.tokens.host(host) + port
}
