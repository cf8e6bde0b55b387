package capture

import (
	"bytes"
	"strings"
)

// passwords overwrites the passwords of addresses (sip:user:password@host, RFC 3261
// 19.1.1, and the same of the web) with '0'. It keeps the beginning of an address that a
// piece of a stream cuts.
type passwords struct {
	tail []byte // the end of the piece before
}

// longestURI is how many bytes of an address are remembered.
const longestURI = 1024

// hide overwrites the passwords in a piece, in its place.
func (p *passwords) hide(piece []byte) {
	old := len(p.tail)
	all := piece
	if old > 0 {
		all = append(p.tail, piece...)
	}
	var was []byte
	open := len(all) // where an address begins that is not at its end yet
	for at := 0; ; {
		i := bytes.IndexByte(all[at:], ':')
		if i < 0 {
			break
		}
		at += i + 1
		from, ends := at, " \t\r\n<>\""
		switch {
		case scheme(all[:at-1]):
		case bytes.HasPrefix(all[at:], []byte("//")):
			from, ends = at+2, ends+"/"
		default:
			continue
		}
		user := all[from:]
		end := bytes.IndexAny(user, ends)
		if end >= 0 {
			user = user[:end]
		} else if len(all)-from < longestURI {
			open = min(open, from)
		}
		if first, last := passwordIn(user, end < 0); last > first {
			if was == nil {
				was = bytes.Clone(all) // what was overwritten still tells what follows it
			}
			for k := max(from+first, old); k < from+last; k++ {
				all[k] = '0'
			}
		}
	}
	if old > 0 {
		copy(piece, all[old:])
	}
	if was != nil {
		all = was
	}
	keep := min(open-min(open, len("https://")), max(0, len(all)-len("https://")))
	p.tail = append(p.tail[:0], all[keep:]...)
}

// scheme tells what stands before the colon of a sip or sips address.
func scheme(before []byte) bool {
	for _, s := range [...]string{"sip", "sips"} {
		if n := len(before) - len(s); n >= 0 && strings.EqualFold(string(before[n:]), s) {
			return true
		}
	}
	return false
}

// passwordIn finds the password in what stands behind the scheme; first and last are 0
// where there is none. What is cut may be at the beginning of one.
func passwordIn(s []byte, cut bool) (first, last int) {
	at := bytes.IndexByte(s, '@')
	colon := bytes.IndexByte(s, ':')
	switch {
	case colon < 0 || at >= 0 && at < colon || s[0] == '[':
		return 0, 0
	case at < 0 && !cut:
		return 0, 0
	}
	// A port, and parameters in which a colon or an "@" may stand, are none.
	if bytes.ContainsAny(s[:colon], ";?") {
		return 0, 0
	}
	word := s[colon+1:]
	if at >= 0 {
		word = s[colon+1 : at]
	}
	value := word
	if i := bytes.IndexAny(word, ";?"); i >= 0 {
		value = word[:i]
	}
	digits := len(bytes.Trim(value, "0123456789")) == 0
	switch {
	case at >= 0 && len(value) < len(word) && digits:
		return 0, 0
	case at < 0 && digits && len(bytes.Trim(s[:colon], "+0123456789")) > 0:
		return 0, 0 // a machine and its port, as far as can be seen
	}
	return colon + 1, colon + 1 + len(word)
}
