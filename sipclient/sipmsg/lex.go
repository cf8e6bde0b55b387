package sipmsg

import (
	"strconv"
	"strings"
)

// split cuts a header value at a separator, but not inside a quoted string or
// angle brackets, and trims the pieces. An unclosed quote takes the rest.
func split(s string, sep byte) []string {
	if strings.IndexByte(s, sep) < 0 {
		return []string{trim(s)}
	}
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = closingQuote(s, i)
		case '<':
			// A lone "<" is no bracket: without its partner it must not
			// swallow the rest of the list.
			if end := strings.IndexByte(s[i:], '>'); end > 0 {
				i += end
			}
		case sep:
			parts = append(parts, trim(s[start:i]))
			start = i + 1
		}
	}
	if start <= len(s) {
		parts = append(parts, trim(s[start:]))
	}
	return parts
}

// closingQuote gives the index of the quote that closes the one at i, or the
// length of s when none does.
func closingQuote(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}

// unquote takes the quotes off a quoted string and resolves its escapes (RFC
// 3261 25.1); anything else comes back trimmed.
func unquote(s string) string {
	s = trim(s)
	if len(s) == 0 || s[0] != '"' {
		return s
	}
	end := closingQuote(s, 0)
	s = s[1:min(end, len(s))]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// balanced tells whether every quote in s is closed.
func balanced(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			if i = closingQuote(s, i); i >= len(s) {
				return false
			}
		}
	}
	return true
}

const (
	// usualParams is for how many there is room at once.
	usualParams = 8
	// maxParams bounds how many are read: more stand in no header, and each is compared
	// with those before it.
	maxParams = 128
)

// params reads ";name=value" pieces; names become lower case, the first of a
// name counts.
func params(pieces []string) Params {
	var p Params
	for _, piece := range pieces {
		name, value, _ := strings.Cut(piece, "=")
		name = strings.ToLower(trim(name))
		if name == "" {
			continue
		}
		if p == nil {
			p = make(Params, 0, min(len(pieces), usualParams))
		}
		if len(p) >= maxParams {
			break
		}
		if _, twice := p.Lookup(name); !twice {
			p = append(p, Param{name, unquote(value)})
		}
	}
	return p
}

// trim is strings.Trim for blanks and line ends, which is most of what reading does.
func trim(s string) string {
	for len(s) > 0 && (isSpace(s[0]) || s[0] == '\r' || s[0] == '\n') {
		s = s[1:]
	}
	for n := len(s) - 1; n >= 0 && (isSpace(s[n]) || s[n] == '\r' || s[n] == '\n'); n-- {
		s = s[:n]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// tokenByte marks the characters of a token (RFC 3261 25.1).
var tokenByte = func() (t [256]bool) {
	for _, c := range "-.!%*_+`'~" {
		t[c] = true
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	return t
}()

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// number reads a non-negative decimal number that fits into 32 bits.
func number(s string) (uint32, bool) {
	if s = trim(s); s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false // an error is dear, and many ask for a number that is not there
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}
