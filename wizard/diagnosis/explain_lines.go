package diagnosis

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// LineExplanation is one line of a message with what it means.
type LineExplanation struct {
	Line string // as it stood, unfolded, without control characters
	Text string // in plain words, one or more sentences

	// Telling marks the lines that usually matter when something is wrong.
	Telling bool
}

// ExplainMessage explains a whole SIP message, a session description alone, or
// header lines alone (Via, Contact, Warning ...), line by line. Several messages may
// follow each other. Empty lines are left out; what it cannot read it says so.
func ExplainMessage(b []byte) []LineExplanation {
	lines := splitMessage(b)
	var out []LineExplanation
	ctx := lineContext{}
	for i, l := range lines {
		switch l.kind {
		case lineStart:
			ctx = contextOf(lines[i:])
			out = append(out, explainStart(l.text, &ctx))
		case lineHeader:
			out = append(out, explainHeader(l.text, &ctx))
		case lineSDP:
			out = append(out, explainSDPLine(l.text, lines[i:], &ctx))
		default:
			out = append(out, LineExplanation{Line: l.text, Text: "This is no line that a call's messages have; phones ignore it or refuse the message."})
		}
	}
	return out
}

type lineKind uint8

const (
	lineOther lineKind = iota
	lineStart
	lineHeader
	lineSDP
)

type messageLine struct {
	kind lineKind
	text string
}

// lineContext is what lines before and after tell about the one that is explained.
type lineContext struct {
	method   string // of the request, or of the CSeq of a response
	response bool
	vias     int               // Via values seen in this message
	media    string            // kind of the last m= line
	formats  map[string]string // payload type to name, of the last m= line
	told     map[addressClass]bool
}

// tell ends a sentence that began with an address: at length the first time in a
// message, in short after that.
func (ctx *lineContext) tell(host string) string {
	class := classOf(host)
	text := class.as()
	if ctx.told[class] {
		if short, _, ok := strings.Cut(text, ": "); ok {
			return short + ", as above."
		}
		return text
	}
	if ctx.told == nil {
		ctx.told = map[addressClass]bool{}
	}
	ctx.told[class] = true
	return text
}

// splitMessage cuts bytes into lines, joins folded headers, and tells the kinds apart.
func splitMessage(b []byte) []messageLine {
	var out []messageLine
	for _, raw := range bytes.Split(b, []byte("\n")) {
		folded := len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t')
		text := cleanLine(string(raw))
		if text == "" {
			continue
		}
		kind := kindOf(text)
		if last := len(out) - 1; folded && kind == lineOther && last >= 0 && out[last].kind == lineHeader && len(out[last].text) < longestLine {
			out[last].text += " " + text
			continue
		}
		out = append(out, messageLine{kind, text})
	}
	return out
}

// longestLine bounds one line, in bytes: what is longer is cut.
const longestLine = 8192

func cleanLine(s string) string {
	if len(s) > longestLine {
		s = s[:longestLine]
	}
	s = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\uFEFF' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.TrimSpace(s)
}

func kindOf(line string) lineKind {
	switch {
	case len(line) >= 2 && line[1] == '=' && isLetter(line[0]):
		return lineSDP
	case headerLine(line):
		return lineHeader
	case startLine(line):
		return lineStart
	}
	return lineOther
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// headerLine tells whether a name and a colon begin the line.
func headerLine(line string) bool {
	name, _, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " ")
	if !ok || name == "" {
		return false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; !isLetter(c) && !strings.ContainsRune("-_.!%*+`'~0123456789", rune(c)) {
			return false
		}
	}
	return true
}

func startLine(line string) bool { return sipmsg.LooksLikeSIP([]byte(line)) }

// contextOf reads what kind of message begins with the first of these lines.
func contextOf(lines []messageLine) lineContext {
	var ctx lineContext
	for i, l := range lines {
		if i > 0 && l.kind == lineStart {
			break
		}
		if i == 0 {
			ctx.response = strings.HasPrefix(strings.ToUpper(l.text), "SIP/")
			if !ctx.response {
				ctx.method, _, _ = strings.Cut(l.text, " ")
				return ctx
			}
			continue
		}
		if l.kind != lineHeader {
			continue
		}
		if name, value := cutHeader(l.text); name == "CSeq" {
			if f := strings.Fields(value); len(f) > 1 {
				ctx.method = strings.ToUpper(f[1])
			}
			break
		}
	}
	return ctx
}

// cutHeader splits a header line; the name comes in its long usual spelling.
func cutHeader(line string) (name, value string) {
	name, value, _ = strings.Cut(line, ":")
	return sipmsg.CanonicalName(strings.TrimSpace(name)), strings.TrimSpace(value)
}

// explainStart explains a request line or a status line.
func explainStart(line string, ctx *lineContext) LineExplanation {
	l := LineExplanation{Line: line, Telling: true}
	if !ctx.response {
		name := strings.ToUpper(ctx.method)
		for _, m := range methods {
			if m.name == name {
				l.Text = "A request. " + m.name + ": " + m.plain
				break
			}
		}
		if l.Text == "" {
			l.Text = fmt.Sprintf("A request of a kind that is not usual (%s).", name)
		}
		if f := strings.Fields(line); len(f) > 1 && !strings.HasPrefix(strings.ToUpper(f[1]), "SIP/") {
			l.Text += " It is meant for " + f[1] + "."
		}
		return l
	}
	f := strings.Fields(line)
	if len(f) < 2 {
		l.Text = "An answer whose number is missing: the line is damaged."
		return l
	}
	n, err := strconv.Atoi(f[1])
	c, known := LookupCode(n)
	if err != nil || c.Name == "" {
		l.Text = "An answer with a number that does not exist: the line is damaged."
		return l
	}
	l.Text = "An answer: " + strconv.Itoa(n)
	if known {
		l.Text += " " + c.Name
	}
	l.Text += ". " + c.meaning(ctx.method) + " What you can do: " + c.User
	return l
}

// meaning picks the text for the method that was answered; "" is taken for a call.
func (c Code) meaning(method string) string {
	switch strings.ToUpper(method) {
	case "REGISTER":
		return c.Register
	case "INVITE", "":
		return c.Invite
	}
	return c.MidCall
}

// methods are the kinds of requests.
var methods = []struct{ name, plain, more string }{
	{"REGISTER", "the phone signs in: it tells the provider where it can be reached and for how long.", "Answered with 200 it worked; 401 or 407 once is the normal question for the password."},
	{"INVITE", "a call begins, or a running call is changed (hold, other address). It usually carries a description of the sound.", "The answers tell how far the call got: 100, 180, then 200 or a refusal."},
	{"ACK", "the caller confirms that it has seen the answer to its call. It is never answered.", "If it is missing, the called phone repeats its 200 and hangs up after 32 seconds."},
	{"BYE", "hang up.", ""},
	{"CANCEL", "the caller gives up before anybody answered.", "The call then ends with 487, which is normal."},
	{"OPTIONS", "a question: are you there, and what can you do? Often used as a sign of life.", ""},
	{"UPDATE", "something about the call is changed or confirmed without ringing again.", ""},
	{"PRACK", "a confirmation of an answer on the way, such as ringing.", "If calls fail because of it, switch 100rel off."},
	{"INFO", "a piece of extra information during a call, for example a pressed key.", ""},
	{"REFER", "please call somebody else: a transfer.", ""},
	{"SUBSCRIBE", "please keep me informed, for example about new voicemail or busy colleagues.", ""},
	{"NOTIFY", "the news that was subscribed to.", ""},
	{"PUBLISH", "the phone tells its own state: free, busy, away.", ""},
	{"MESSAGE", "a short text message.", ""},
}

func explainMethod(asked string) (Explanation, bool) {
	if asked == "re-invite" || asked == "reinvite" {
		asked = "invite"
	}
	for _, m := range methods {
		if strings.ToLower(m.name) == asked {
			e := Explanation{Title: m.name}
			e.add("", "A request between phones and servers: "+m.plain)
			e.add("When something is wrong", m.more)
			return e, true
		}
	}
	return Explanation{}, false
}
