package capture

import (
	"bytes"
	"regexp"
	"strings"
)

// Bare gives one SIP message without what proves a password or is one, and without the
// keys of encrypted sound: each byte of them is a '0'.
func Bare(message []byte) []byte {
	m := masker{keys: true}
	return m.mask(make([]byte, 0, len(message)), message)
}

// bareOfKeys is Bare without the keys that somebody pressed, too: a PIN may be among them.
func bareOfKeys(message []byte) []byte {
	message = Bare(message)
	head := bytes.Index(message, []byte("\r\n\r\n"))
	if head < 0 {
		return message
	}
	head += 4
	if kind := headOf(message[:head]).kind; carriesKeys(kind) {
		copy(message[head:], hideKeys(string(message[head:])))
	}
	return message
}

// carriesKeys tells the kinds of bodies in which pressed keys come: application/dtmf-relay,
// application/dtmf, application/vnd.nortelnetworks.digits, application/kpml-response+xml
// (RFC 4730).
func carriesKeys(kind string) bool {
	return strings.Contains(kind, "dtmf") || strings.Contains(kind, "telephone-event") || strings.Contains(kind, "digits") || strings.Contains(kind, "kpml")
}

var (
	keyLine  = regexp.MustCompile(`(?im)^([ \t]*(?:signal|digits?|d)[ \t]*=)([^\r\n]*)`)
	keyAlone = regexp.MustCompile(`(?im)^[ \t]*[0-9A-D*#]+[ \t]*\r?$`)
	keyXML   = regexp.MustCompile(`(?i)(\sdigits\s*=\s*)("[^"]*"|'[^']*')`)
	// usualLine is a line of the usual form, in which nothing but a key can stand.
	usualLine = regexp.MustCompile(`^(?i)(?:signal=[ \t]*[0-9A-D*#]{1,2}|duration=[ \t]*[0-9]{1,5}|[0-9A-D*#]{1,2})$`)
)

// hideKeys overwrites the keys in a body; its length stays.
func hideKeys(body string) string {
	body = keyLine.ReplaceAllStringFunc(body, func(line string) string {
		i := strings.IndexByte(line, '=') + 1
		value := []byte(strings.Repeat(" ", len(line)-i)) // one key stays one: 11 is the hash
		if at := strings.IndexFunc(line[i:], func(r rune) bool { return r != ' ' && r != '\t' }); at >= 0 {
			value[at] = '0'
		}
		return line[:i] + string(value)
	})
	body = keyXML.ReplaceAllStringFunc(body, func(s string) string {
		i := strings.IndexAny(s, `"'`) + 1
		return s[:i] + blanked(s[i:len(s)-1]) + s[len(s)-1:]
	})
	return keyAlone.ReplaceAllStringFunc(body, blanked)
}

// blanked overwrites all but blanks and the end of the line.
func blanked(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = hide(c)
	}
	return string(b)
}

// pressed rewrites a body with keys: how they are sent stays, and which only where they
// are those of our own test phone.
func (r *Redactor) pressed(body string) string {
	if !r.o.Own {
		body = hideKeys(body)
	}
	var b strings.Builder
	for line := range strings.Lines(body) {
		text := strings.TrimRight(line, "\r\n")
		end := line[len(text):]
		if !usualLine.MatchString(strings.TrimSpace(text)) {
			text = r.free(hideKeys(text), freeText)
		}
		b.WriteString(text + end)
	}
	return b.String()
}
