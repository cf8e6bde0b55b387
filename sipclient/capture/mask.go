package capture

import "strings"

// masker overwrites with '0' what proves a password or is one: in Authorization,
// Proxy-Authorization and Authentication-Info lines, and in addresses. On demand it
// overwrites the keys of encrypted sound as well. It looks at one byte at a time and
// keeps its place, so that a line may come in several pieces of a TCP stream.
type masker struct {
	state maskState
	word  [32]byte // the header's name, the scheme or the parameter's name, in lower case
	n     int      // how much of word is filled; beyond its end it only counts
	keys  bool     // also keys in a session description (RFC 4568, RFC 4567, RFC 8866 5.12)
	uris  passwords
}

type maskState uint8

const (
	lineStart  maskState = iota // also: inside a header's name
	lineSkip                    // a line of no interest
	authScheme                  // behind the colon, up to "Digest "
	authName                    // a parameter's name
	authEquals                  // behind "response="
	authQuoted                  // inside "..."; this is what is masked
	authPlain                   // a value without quotes, masked too
	authValue                   // another parameter's value
	authString                  // another parameter's quoted value
	authAll                     // any other scheme (Basic, Bearer), or a line of keys: all of the rest
	sdesWord                    // in an a=crypto line
	sdesKey                     // behind "inline:" there, up to its lifetime; masked
)

// mask appends data to dst with the secrets overwritten.
func (m *masker) mask(dst, data []byte) []byte {
	from := len(dst)
	for _, c := range data {
		dst = append(dst, m.step(c))
	}
	m.uris.hide(dst[from:])
	return dst
}

// add collects a letter of a word.
func (m *masker) add(c byte) {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	if m.n < len(m.word) {
		m.word[m.n] = c
	}
	m.n++
}

func (m *masker) is(word string) bool {
	return m.n == len(word) && string(m.word[:m.n]) == word
}

// scheme leaves authScheme when the scheme's name is complete.
func (m *masker) scheme() {
	if m.n == 0 {
		return
	}
	m.state = authAll
	if m.is("digest") {
		m.state = authName
	}
	m.n = 0
}

// keyLine tells a line of a session description that is nothing but a secret.
func (m *masker) keyLine() bool {
	for _, name := range [...]string{"k=clear", "k=base64", "k=uri", "a=key-mgmt", "a=ice-pwd"} {
		if m.is(name) {
			return true
		}
	}
	return false
}

// step takes the next byte and gives the one to write.
func (m *masker) step(c byte) byte {
	if c == '\n' {
		// A folded line (RFC 3261 7.3.1) would go on with a blank; which blank
		// that is shows at the next byte, so the value's state waits in word.
		if m.state == authScheme {
			m.scheme()
		}
		if m.state >= authScheme && m.state <= authAll {
			m.word[len(m.word)-1] = byte(m.state)
			m.state, m.n = lineStart, -1
			return c
		}
		m.state, m.n = lineStart, 0
		return c
	}
	switch m.state {
	case lineStart:
		if m.n < 0 { // behind a line with credentials
			m.n = 0
			if c == ' ' || c == '\t' {
				m.state = maskState(m.word[len(m.word)-1])
				if m.state == authPlain {
					m.state = authValue
				}
				return c
			}
		}
		switch {
		case c == ':':
			switch {
			case m.is("authorization") || m.is("proxy-authorization"):
				m.state = authScheme
			case m.is("authentication-info") || m.is("proxy-authentication-info"):
				m.state = authName
			case m.keys && (m.is("a=crypto") || m.is("a=acap")):
				m.state = sdesWord
			case m.keys && m.keyLine():
				m.state = authAll
			default:
				m.state = lineSkip
			}
			m.n = 0
		case c == ' ' || c == '\t':
			if m.n == 0 {
				m.state = lineSkip
			}
		default:
			m.add(c)
		}
	case authScheme:
		switch {
		case c != ' ' && c != '\t' && c != '\r':
			m.add(c)
		default:
			m.scheme()
		}
	case authName:
		switch c {
		case '=':
			m.state = authValue
			if m.is("response") || m.is("rspauth") {
				m.state = authEquals
			}
			m.n = 0
		case ',', ';':
			m.n = 0
		case ' ', '\t', '\r':
		default:
			m.add(c)
		}
	case authEquals:
		switch c {
		case ' ', '\t', '\r':
		case '"':
			m.state = authQuoted
		case ',':
			m.state = authName
		default:
			m.state = authPlain
			return '0'
		}
	case authQuoted:
		if c == '"' {
			m.state = authValue
			return c
		}
		return hide(c)
	case authPlain:
		if strings.IndexByte(" \t\r,;", c) >= 0 {
			m.state = authValue
			if c == ',' {
				m.state = authName
			}
			return c
		}
		return '0'
	case authValue:
		switch c {
		case ',':
			m.state = authName
		case '"':
			m.state = authString
		}
	case authString:
		if c == '"' {
			m.state = authValue
		}
	case authAll:
		return hide(c)
	case sdesWord:
		switch c {
		case ' ', '\t', '\r', ';':
			m.n = 0
		case ':':
			if m.is("inline") {
				m.state = sdesKey
			}
			m.n = 0
		default:
			m.add(c)
		}
	case sdesKey:
		if strings.IndexByte(" \t\r|;", c) >= 0 {
			m.state, m.n = sdesWord, 0
			return c
		}
		return '0'
	}
	return c
}

// hide gives the byte that stands for a secret one; the line's end stays.
func hide(c byte) byte {
	if c == '\r' || c == ' ' || c == '\t' {
		return c
	}
	return '0'
}
