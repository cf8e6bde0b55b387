package diagnosis

import (
	"fmt"
	"strconv"
	"strings"
)

func lookupSDPKind(letter byte) (sdpKind, bool) {
	for _, k := range sdpKinds {
		if k.letter == letter {
			return k, true
		}
	}
	return sdpKind{}, false
}

func lookupAttribute(name string) (sdpAttribute, bool) {
	for _, a := range sdpAttributes {
		if strings.EqualFold(a.name, name) {
			return a, true
		}
	}
	return sdpAttribute{}, false
}

// explainSDPTerm explains "c=", "m=audio", "a=ptime", "ptime" and the like, without
// a value.
func explainSDPTerm(asked string) (Explanation, bool) {
	const lead = "A line of the description of a call's sound (SDP). "
	if len(asked) >= 2 && asked[1] == '=' {
		k, ok := lookupSDPKind(asked[0])
		if !ok {
			return Explanation{}, false
		}
		rest := strings.TrimSpace(asked[2:])
		switch {
		case rest == "":
			e := Explanation{Title: asked[:1] + "= (" + k.name + ")"}
			e.add("", lead+k.plain)
			return e, true
		case k.letter == 'm' && !strings.Contains(rest, " "):
			e := Explanation{Title: "m=" + rest}
			e.add("", lead+mediaInWords(rest)+" "+k.plain)
			if rest == "audio" {
				e.add("Example", "In m=audio 25268 RTP/AVP 18 0 8 101 the port is 25268, RTP/AVP means unencrypted, and the formats are 18 (G.729), 0 (PCMU), 8 (PCMA) and 101 (mostly key presses, telephone-event).")
			}
			return e, true
		case k.letter == 'a' && !strings.ContainsAny(rest, ": "):
			asked = rest
		default:
			return Explanation{}, false
		}
	}
	a, ok := lookupAttribute(asked)
	if !ok {
		return Explanation{}, false
	}
	e := Explanation{Title: "a=" + a.name}
	e.add("", lead+a.plain)
	return e, true
}

// explainSDPLine explains one line; rest begins with it and holds what follows.
func explainSDPLine(line string, rest []messageLine, ctx *lineContext) LineExplanation {
	letter, value := line[0], strings.TrimSpace(line[2:])
	l := LineExplanation{Line: line}
	k, ok := lookupSDPKind(letter)
	if !ok {
		l.Text = "A line of the description of the sound that is not in the rules; phones pass over it."
		return l
	}
	l.Text = k.plain
	switch letter {
	case 'o':
		l.Text = originInWords(value, k.plain, ctx)
	case 's':
		if value == "" || value == "-" || value == "_" {
			l.Text = "The title of the call, left empty. It says nothing about faults."
		} else {
			l.Text = fmt.Sprintf("A title for the call (%q). It is rarely shown and says nothing about faults.", value)
		}
	case 'c':
		l.Text, l.Telling = connectionInWords(value, k.plain, ctx), true
	case 'b':
		l.Text = bandwidthInWords(value, k.plain)
	case 't':
		if value != "0 0" && !strings.HasPrefix(value, "0 0 ") {
			l.Text = "From when until when the call is planned, as seconds since 1900. Ordinary calls have 0 0 here."
		}
	case 'm':
		ctx.formats = formatsAfter(rest)
		l.Text, l.Telling = mediaLineInWords(value, ctx), true
	case 'a':
		l.Text, l.Telling = attributeInWords(value, ctx)
	}
	return l
}

// formatsAfter collects what the a=rtpmap lines below an m= line say.
func formatsAfter(lines []messageLine) map[string]string {
	names := map[string]string{}
	for i, l := range lines {
		if l.kind != lineSDP || i > 0 && (l.text[0] == 'm' || l.text[0] == 'v') {
			if i > 0 {
				break
			}
			continue
		}
		if rest, ok := strings.CutPrefix(l.text, "a=rtpmap:"); ok {
			if f := strings.Fields(rest); len(f) > 1 && len(names) < 128 {
				names[f[0]] = f[1]
			}
		}
	}
	return names
}

func originInWords(value, plain string, ctx *lineContext) string {
	f := strings.Fields(value)
	if len(f) < 6 {
		return plain + " Here some of it is missing; phones mostly take it anyway."
	}
	text := fmt.Sprintf("Who wrote this description: %s, number of the call %s, version %s (it goes up with each change), at the address %s, %s", f[0], f[1], f[2], f[5], ctx.tell(f[5]))
	if f[0] == "-" {
		text = strings.Replace(text, "description: -,", "description (without a name):", 1)
	}
	return text + " The sound does not go by this line, so an odd address here does no harm."
}

func connectionInWords(value, plain string, ctx *lineContext) string {
	f := strings.Fields(value)
	if len(f) < 3 {
		return plain + " Here the address is missing, so the sound cannot be sent."
	}
	host, _, _ := strings.Cut(f[2], "/")
	class := classOf(host)
	family := "the usual kind of internet address"
	if strings.EqualFold(f[1], "IP6") {
		family = "the new kind of internet address"
	}
	text := fmt.Sprintf("The address to which the sound shall be sent: %s (%s, %s), %s", host, strings.ToUpper(f[1]), family, ctx.tell(host))
	switch {
	case class == classNone:
		text += " Nothing shall be sent: the call is on hold."
	case class == classLocalName || class == className || class == classPlaceholder:
		text += " Most phones want a number here, not a name."
	case class.unreachable():
		text += " If the other side is outside that network and takes this line literally, the sound never arrives here; many providers go by where the sound comes from instead."
	}
	return text
}

func bandwidthInWords(value, plain string) string {
	kind, amount, ok := strings.Cut(value, ":")
	if !ok {
		return plain
	}
	switch strings.ToUpper(strings.TrimSpace(kind)) {
	case "AS":
		return fmt.Sprintf("The sound or picture may use up to %s kilobits a second of the line.", amount)
	case "CT":
		return fmt.Sprintf("The whole call may use up to %s kilobits a second of the line.", amount)
	case "TIAS":
		return fmt.Sprintf("The sound or picture itself needs up to %s bits a second, without its wrapping.", amount)
	case "RS", "RR":
		return fmt.Sprintf("The small reports about the sound may use %s bits a second.", amount)
	}
	return plain
}

func mediaInWords(kind string) string {
	switch strings.ToLower(kind) {
	case "audio":
		return "audio means sound: an ordinary call."
	case "video":
		return "video means a picture: a video call."
	case "image":
		return "image means fax."
	case "text":
		return "text means typed words in real time."
	case "application":
		return "application means data beside sound and picture, such as a shared screen."
	case "message":
		return "message means written messages."
	}
	return "This kind is not usual."
}

// profiles say what the rules in an m= line mean.
var profiles = map[string]string{
	"RTP/AVP":              "unencrypted, the usual rules",
	"RTP/AVPF":             "unencrypted, with quick feedback",
	"RTP/SAVP":             "encrypted; the other side must be able to do that too",
	"RTP/SAVPF":            "encrypted, with quick feedback",
	"UDP/TLS/RTP/SAVP":     "encrypted in the way of browsers (DTLS)",
	"UDP/TLS/RTP/SAVPF":    "encrypted in the way of browsers (DTLS), with quick feedback",
	"TCP/TLS/RTP/SAVP":     "encrypted, over an open connection",
	"UDPTL":                "fax over the internet (T.38)",
	"UDP/DTLS/SCTP":        "encrypted data in the way of browsers",
	"DTLS/SCTP":            "encrypted data in the way of browsers",
	"TCP/BFCP":             "control of a shared screen",
	"TCP/MSRP":             "written messages",
	"TCP/RTP/AVP":          "unencrypted, over an open connection",
	"RTP/AVP/TCP":          "unencrypted, over an open connection",
	"UDP/TLS/RTP/AVP":      "unencrypted inside an encrypted tunnel",
	"TCP/DTLS/RTP/SAVPF":   "encrypted in the way of browsers, over an open connection",
	"UDP/BFCP":             "control of a shared screen",
	"TCP/TLS/BFCP":         "control of a shared screen, encrypted",
	"TCP/TLS/MSRP":         "written messages, encrypted",
	"TCP/TLS/RTP/SAVPF":    "encrypted, over an open connection, with quick feedback",
	"UDP/UDPTL":            "fax over the internet (T.38)",
	"UDP/TLS/UDPTL":        "encrypted fax over the internet (T.38)",
	"UDP/SPRT":             "modem over the internet",
	"TCP":                  "an open connection",
	"UDP":                  "single packets",
	"TCP/DTLS/RTP/SAVP":    "encrypted in the way of browsers, over an open connection",
	"DCCP/RTP/AVP":         "unencrypted, over DCCP",
	"TCP/RTP/SAVP":         "encrypted, over an open connection",
	"RTP/SAVP/TCP":         "encrypted, over an open connection",
	"DCCP/TLS/RTP/SAVP":    "encrypted, over DCCP",
	"TCP/TLS/RTP/AVP":      "unencrypted inside an encrypted connection",
	"UDP/MBMS-FEC/RTP/AVP": "unencrypted, with repair data",
}

func mediaLineInWords(value string, ctx *lineContext) string {
	f := strings.Fields(value)
	ctx.media = ""
	if len(f) > 0 {
		ctx.media = strings.ToLower(f[0])
	}
	if len(f) < 4 {
		return "One kind of sound or picture of the call; here some of the line is missing, so the other side will refuse it."
	}
	var b strings.Builder
	b.WriteString(mediaInWords(f[0]))
	port, _, _ := strings.Cut(f[1], "/")
	if n, err := strconv.Atoi(port); err == nil && n == 0 {
		b.WriteString(" Port 0 means: refused or switched off, nothing of this kind flows.")
	} else {
		fmt.Fprintf(&b, " %s is the port at which it shall arrive (RTP), a number chosen anew for each call.", port)
	}
	if p, ok := profiles[strings.ToUpper(f[2])]; ok {
		fmt.Fprintf(&b, " %s are the rules: %s.", f[2], p)
	} else {
		fmt.Fprintf(&b, " %s are the rules, of a kind that is not usual.", f[2])
	}
	if strings.Contains(strings.ToUpper(f[2]), "RTP") {
		fmt.Fprintf(&b, " The numbers behind are the formats, the preferred one first: %s.", strings.Join(formatList(f[3:], ctx.formats), ", "))
	}
	return b.String()
}

// formatList names the payload types of an m= line.
func formatList(numbers []string, named map[string]string) []string {
	if len(numbers) > 64 {
		numbers = numbers[:64]
	}
	var list []string
	for _, n := range numbers {
		list = append(list, n+" "+formatName(n, named))
	}
	return list
}

// formatName names a payload type: by its rtpmap, else by its fixed meaning.
func formatName(number string, named map[string]string) string {
	if name, ok := named[number]; ok {
		name, _, _ = strings.Cut(name, "/")
		return nickname(name)
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return "(not a number)"
	}
	p, ok := LookupPayloadNumber(n)
	switch {
	case !ok:
		return "(no such number)"
	case n == 101:
		return "telephone-event, the usual meaning of this number (pressed keys)"
	case p.Name == "dynamic":
		return "(a number of this call's own, which no other line explains)"
	}
	return nickname(p.Name)
}

// nickname adds a few plain words to a format's name.
func nickname(name string) string {
	switch strings.ToUpper(name) {
	case "PCMU":
		return "PCMU (the basic format in North America and Japan)"
	case "PCMA":
		return "PCMA (the basic format in most of the world)"
	case "G729":
		return "G.729 (saves bandwidth)"
	case "G722":
		return "G.722 (wide, clear sound)"
	case "OPUS":
		return "opus (modern, clear sound)"
	case "TELEPHONE-EVENT":
		return "telephone-event (pressed keys, RFC 2833)"
	case "CN":
		return "comfort noise (while nobody speaks)"
	}
	return name
}
