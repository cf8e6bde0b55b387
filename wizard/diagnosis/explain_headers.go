package diagnosis

import (
	"fmt"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

func lookupHeader(name string) (headerText, bool) {
	name = sipmsg.CanonicalName(name)
	for _, h := range headers {
		if strings.EqualFold(h.name, name) {
			return h, true
		}
	}
	return headerText{}, false
}

func knownHeader(line string) bool {
	name, _ := cutHeader(line)
	_, ok := lookupHeader(name)
	return ok || strings.HasPrefix(strings.ToUpper(name), "X-") || strings.HasPrefix(strings.ToUpper(name), "P-")
}

func explainHeaderTerm(asked string) (Explanation, bool) {
	if len(asked) == 1 { // a compact form: more likely a kind of SDP line is meant
		return Explanation{}, false
	}
	h, ok := lookupHeader(asked)
	if !ok {
		return Explanation{}, false
	}
	e := Explanation{Title: h.name}
	e.add("", "A header line of a message. "+h.plain)
	switch h.name {
	case "Via":
		e.add("", "SIP/2.0 is the version of the language; behind it stand the kind of connection (UDP, TCP, TLS), the address that the sender gave for itself, its port (mostly 5060), and marks such as branch and rport.")
		e.add("To have yours explained", "softphone-doctor explain via < FILE, or give the whole line as the term.")
	case "Contact":
		e.add("When something is wrong", "If a private address stands here and the provider takes it literally, calls cannot come in and answers get lost.")
	}
	return e, true
}

// explainHeader explains one header line with its value.
func explainHeader(line string, ctx *lineContext) LineExplanation {
	name, value := cutHeader(line)
	h, ok := lookupHeader(name)
	l := LineExplanation{Line: line, Text: h.plain, Telling: h.telling}
	if !ok {
		l.Text = "An extra line that this program does not know. Phones pass over what they do not know."
		return l
	}
	m := &sipmsg.Message{Headers: []sipmsg.Header{{Name: name, Value: value}}}
	switch name {
	case "Via":
		l.Text, l.Telling = explainVias(m, ctx)
	case "Contact":
		l.Text, l.Telling = explainContact(m, h.plain, ctx)
	case "From", "To", "Route", "Record-Route", "Path", "Service-Route", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "Refer-To", "Referred-By":
		l.Text = explainAddresses(m, name, h.plain)
	case "Warning":
		l.Text = explainWarningHeader(m, h.plain)
	case "Reason":
		l.Text = explainReasonHeader(m, h.plain)
	case "WWW-Authenticate", "Proxy-Authenticate":
		l.Text = explainChallenge(m, h.plain)
	case "Expires", "Min-Expires", "Retry-After", "Session-Expires", "Min-SE":
		l.Text = h.plain + secondsInWords(value)
	case "Max-Forwards":
		if n, err := strconv.Atoi(value); err == nil && n == 0 {
			l.Text += " Here none is left, so the next server will refuse it with 483."
			l.Telling = true
		}
	case "Require", "Proxy-Require", "Supported", "Unsupported":
		l.Text = h.plain + optionsInWords(m, name)
	case "Content-Type":
		if strings.Contains(strings.ToLower(value), "multipart") {
			l.Text += " multipart means that it has several parts."
		}
	case "CSeq":
		if _, method, ok := m.CSeq(); ok {
			l.Text = fmt.Sprintf("The number of the request and its kind (%s), so that answers find their question.", method)
		}
	}
	return l
}

func explainContact(m *sipmsg.Message, plain string, ctx *lineContext) (string, bool) {
	var said []string
	for _, a := range m.Contacts() {
		if a.IsAny() {
			said = append(said, "The star means all phones of this account at once: together with Expires: 0 they are all signed out.")
			continue
		}
		if a.URI.Host == "" {
			continue
		}
		text := fmt.Sprintf("Here that is %s%s, %s", a.URI.Host, portInWords(a.URI.Port), ctx.tell(a.URI.Host))
		if classOf(a.URI.Host).unreachable() {
			text += " A provider on the internet can reach the phone there only if it goes by where the message really came from, and not by this line."
		}
		if s, ok := a.Params.Lookup("expires"); ok {
			text += " It holds for " + s + " seconds."
		}
		said = append(said, text)
	}
	if len(said) == 0 {
		return plain, true
	}
	return plain + " " + strings.Join(said, " "), true
}

func explainAddresses(m *sipmsg.Message, name, plain string) string {
	var said []string
	for _, a := range m.Addresses(name) {
		if a.URI.Host == "" && a.URI.User == "" {
			continue
		}
		who := a.URI.User
		if a.URI.Host != "" {
			who = strings.TrimPrefix(who+"@"+a.URI.Host, "@")
		}
		if a.Display != "" {
			who = fmt.Sprintf("%s, shown as %q", who, a.Display)
		}
		said = append(said, who)
	}
	if len(said) == 0 {
		return plain
	}
	text := plain + " Here: " + strings.Join(said, "; ") + "."
	if name == "From" {
		if a := m.FromAddr(); strings.EqualFold(a.URI.User, "anonymous") {
			text += " The caller hides the number; some people and networks refuse such calls (433)."
		}
	}
	return text
}

func explainWarningHeader(m *sipmsg.Message, plain string) string {
	text := plain
	for _, w := range m.Warnings() {
		row, _ := LookupWarning(w.Code)
		if row.Name == "" {
			text += fmt.Sprintf(" %d is no known number.", w.Code)
		} else {
			text += fmt.Sprintf(" %d: %s %s", w.Code, row.Meaning, row.User)
		}
		if w.Text != "" {
			text += fmt.Sprintf(" In its own words: %q.", w.Text)
		}
	}
	return text
}

func explainReasonHeader(m *sipmsg.Message, plain string) string {
	text := plain
	for _, r := range m.Reasons() {
		switch {
		case strings.EqualFold(r.Protocol, "Q.850"):
			if q, _ := LookupQ850(r.Cause); q.Name != "" {
				text += fmt.Sprintf(" The telephone network says %d: %s %s", r.Cause, q.Meaning, q.User)
			}
		case strings.EqualFold(r.Protocol, "SIP") && r.Cause == 200:
			text += " Another phone has taken the call; this is normal."
		case strings.EqualFold(r.Protocol, "SIP"):
			if c, _ := LookupCode(r.Cause); c.Name != "" {
				text += fmt.Sprintf(" It goes back to the answer %d: %s", r.Cause, c.Invite)
			}
		}
		if r.Text != "" {
			text += fmt.Sprintf(" In its own words: %q.", r.Text)
		}
	}
	return text
}

func explainChallenge(m *sipmsg.Message, plain string) string {
	text := plain
	for _, c := range m.Challenges() {
		if c.Realm != "" {
			text += fmt.Sprintf(" The area here is %q.", c.Realm)
		}
		switch {
		case c.Stale:
			text += " stale=true means that only the last question was too old; the password may be right."
		case c.Algorithm != "" && !strings.EqualFold(c.Algorithm, "MD5"):
			text += " The fingerprint is to be made with " + c.Algorithm + ", which older phones do not know."
		}
	}
	return text
}

func secondsInWords(value string) string {
	digits := value
	if i := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = value[:i]
	}
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil:
		return ""
	case n == 0:
		return " Here 0: at once, or signing out."
	case n%3600 == 0:
		return fmt.Sprintf(" Here %d seconds (hours: %d).", n, n/3600)
	case n >= 120:
		return fmt.Sprintf(" Here %d seconds (about %d minutes).", n, (n+30)/60)
	}
	return fmt.Sprintf(" Here %d seconds.", n)
}

// featureTags are the extra features that come in Require and Supported.
var featureTags = map[string]string{
	"100rel": "answers on the way are confirmed", "timer": "running calls are confirmed regularly", "replaces": "one call may take the place of another",
	"path": "the provider remembers the way to the phone", "outbound": "the connection is kept open in a special way", "gruu": "each phone has a name of its own",
	"norefersub": "transfers without progress news", "histinfo": "forwarding is noted", "ice": "all addresses are tried", "sec-agree": "protections are agreed on first",
	"precondition": "quality is guaranteed first", "eventlist": "news in lists", "tdialog": "requests may name a call", "from-change": "the caller's number may change",
}

func optionsInWords(m *sipmsg.Message, name string) string {
	var said []string
	for _, o := range m.List(name) {
		if w, ok := featureTags[strings.ToLower(o)]; ok {
			said = append(said, o+": "+w)
		} else if o != "" {
			said = append(said, o)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return " Here: " + strings.Join(said, "; ") + "."
}

func portInWords(port int) string {
	if port == 0 {
		return ""
	}
	return ", port " + strconv.Itoa(port)
}
