package sipclient

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// emergency lists numbers that a test must never call: the short numbers of
// police, fire brigade and ambulance that are hardly anything else. Those that
// are everyday extensions of small exchanges (100 to 103, 120, 190 ...) are left
// out on purpose: a person confirms the number before a test anyway. 116117
// (doctors on call in Germany) and the likes are services, not emergencies.
var emergency = map[string]string{
	"112":  "European Union, mobile phones everywhere",
	"911":  "North America",
	"999":  "United Kingdom, Ireland and others",
	"000":  "Australia",
	"110":  "Germany, China, Japan",
	"111":  "New Zealand",
	"113":  "Norway, Italy, Latvia",
	"115":  "Italy",
	"117":  "Switzerland",
	"118":  "Switzerland, Italy",
	"119":  "Japan, Korea",
	"122":  "Austria",
	"133":  "Austria",
	"144":  "Austria, Switzerland",
	"15":   "France",
	"17":   "France",
	"18":   "France",
	"08":   "Nordic countries",
	"1122": "Pakistan",
	"0112": "112 behind an outside line",
	"0110": "110 behind an outside line",
	"0911": "911 behind an outside line",
	"9911": "911 behind an outside line",
	"9112": "112 behind an outside line",
	"9999": "999 behind an outside line",
	"0999": "999 behind an outside line",
	"0000": "000 behind an outside line",
}

// IsEmergency tells whether a dialled text means an emergency number, as a bare
// number, a sip: or tel: URI, with or without separators, or the service URN.
func IsEmergency(to string) bool {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(to)), "urn:service:sos") {
		return true
	}
	return emergency[strings.TrimPrefix(dialledNumber(to), "+")] != ""
}

// target makes a URI of what a person typed: a SIP URI as it is, a tel URI, a
// number or a user name in the account's domain.
func (p *Phone) target(to string) (sip.Uri, bool) {
	to = strings.TrimSpace(to)
	lower := strings.ToLower(to)
	var uri sip.Uri
	switch {
	case strings.HasPrefix(lower, "sip:"), strings.HasPrefix(lower, "sips:"):
		if err := sip.ParseUri(to, &uri); err != nil || uri.Host == "" || strings.ContainsAny(to, " \r\n<>\"") {
			return uri, false
		}
		return uri, true
	case strings.HasPrefix(lower, "tel:"):
		to, _, _ = strings.Cut(to[len("tel:"):], ";")
	}
	if user, host, ok := strings.Cut(to, "@"); ok {
		if err := sip.ParseUri("sip:"+escape(user)+"@"+host, &uri); err != nil || user == "" || strings.ContainsAny(to, " \r\n<>\"") {
			return uri, false
		}
		return uri, true
	}
	user := plainNumber(to)
	if user == "" || strings.ContainsAny(user, " \r\n\t<>\"@") {
		return uri, false
	}
	uri = p.domainURI()
	uri.User = escape(user)
	return uri, true
}

// plainNumber takes the separators out of what looks like a telephone number; a
// name stays as it is.
func plainNumber(s string) string {
	s = strings.TrimSpace(s)
	out := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()\u00a0\u2011", r) {
			return -1
		}
		return r
	}, s)
	if strings.Trim(out, "+*#0123456789") != "" {
		return s
	}
	return out
}

// unescape undoes %HH, which could hide a number.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, ok := hexByte(s[i+1 : i+3]); ok {
				b.WriteByte(v)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hexByte(s string) (byte, bool) {
	var v byte
	for _, c := range []byte(strings.ToLower(s)) {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | (c - '0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | (c - 'a' + 10)
		default:
			return 0, false
		}
	}
	return v, true
}
