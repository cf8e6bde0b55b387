package diagnosis

import (
	"fmt"
	"strconv"
	"strings"
)

// attributeInWords explains the value of an a= line.
func attributeInWords(value string, ctx *lineContext) (text string, telling bool) {
	name, rest, _ := strings.Cut(value, ":")
	name, rest = strings.TrimSpace(name), strings.TrimSpace(rest)
	a, ok := lookupAttribute(name)
	if !ok {
		if strings.HasPrefix(strings.ToLower(name), "x-") {
			return "A detail of the maker's own; other phones pass over it.", false
		}
		return "A detail that this program does not know; phones pass over what they do not know.", false
	}
	text = a.plain
	switch strings.ToLower(name) {
	case "rtpmap":
		text = rtpmapInWords(rest, a.plain)
	case "fmtp":
		text = fmtpInWords(rest, a.plain, ctx)
	case "ptime", "maxptime":
		if n, err := strconv.ParseFloat(rest, 64); err == nil && n > 0 && n <= 1000 {
			text += fmt.Sprintf(" Here %s, so %.0f packets a second.", rest, 1000/n)
		}
	case "rtcp":
		text = rtcpInWords(rest, a.plain, ctx)
	case "crypto":
		if f := strings.Fields(rest); len(f) > 1 {
			text += " The method is " + f[1] + "."
		}
	case "candidate":
		text = candidateInWords(rest, a.plain, ctx)
	case "silencesupp":
		if strings.HasPrefix(strings.ToLower(rest), "off") {
			text += " Here it is not left out."
		} else if strings.HasPrefix(strings.ToLower(rest), "on") {
			text += " Here it is left out, so pauses between packets are no loss."
		}
	case "setup":
		if rest == "holdconn" {
			text += " holdconn means: not now."
		}
	}
	return text, a.telling
}

func rtpmapInWords(rest, plain string) string {
	f := strings.Fields(rest)
	if len(f) < 2 {
		return plain + " Here something is missing."
	}
	parts := strings.Split(f[1], "/")
	text := fmt.Sprintf("The number %s stands for %s", f[0], nickname(parts[0]))
	if len(parts) > 1 {
		text += fmt.Sprintf(", with a clock of %s ticks a second", parts[1])
	}
	if len(parts) > 2 && parts[2] != "1" {
		text += fmt.Sprintf(" and %s channels", parts[2])
	}
	text += "."
	if p, ok := LookupPayloadName(parts[0]); ok {
		text += " " + p.Meaning
	}
	return text
}

func fmtpInWords(rest, plain string, ctx *lineContext) string {
	number, details, _ := strings.Cut(rest, " ")
	details = strings.TrimSpace(details)
	low := strings.ToLower(details)
	name := ""
	if n, ok := ctx.formats[number]; ok {
		name, _, _ = strings.Cut(strings.ToLower(n), "/")
	}
	switch {
	case name == "telephone-event" || name == "" && number == "101" && strings.HasPrefix(details, "0-1"):
		text := fmt.Sprintf("Which key presses are understood under the number %s: %s.", number, details)
		if strings.HasPrefix(details, "0-15") {
			text = fmt.Sprintf("Which key presses are understood under the number %s: 0-15 are the ten digits, star, hash and the letters A to D.", number)
		} else if strings.HasPrefix(details, "0-16") {
			text = fmt.Sprintf("Which key presses are understood under the number %s: 0-16 are the ten digits, star, hash, the letters A to D, and a hook flash.", number)
		}
		return text
	case strings.Contains(low, "annexb=no"):
		return fmt.Sprintf("A detail of the format %s: silence is not left out (annexb=no).", number)
	case strings.Contains(low, "annexb=yes"):
		return fmt.Sprintf("A detail of the format %s: silence is left out (annexb=yes).", number)
	case strings.Contains(low, "octet-align"):
		return fmt.Sprintf("A detail of the format %s: how its bits are packed. If the two sides differ here, there is only noise.", number)
	case strings.HasPrefix(low, "mode="):
		return fmt.Sprintf("A detail of the format %s: the length of its pieces (%s). Both sides must use the same.", number, details)
	case number != "" && details != "":
		return fmt.Sprintf("Details of the format %s: %s.", number, details)
	}
	return plain
}

func rtcpInWords(rest, plain string, ctx *lineContext) string {
	f := strings.Fields(rest)
	if len(f) == 0 {
		return plain
	}
	text := plain + " Here port " + f[0] + "."
	if len(f) > 3 && classOf(f[3]).unreachable() {
		text += fmt.Sprintf(" %s is %s", f[3], ctx.tell(f[3]))
	}
	return text
}

func candidateInWords(rest, plain string, ctx *lineContext) string {
	f := strings.Fields(rest)
	if len(f) < 8 {
		return plain
	}
	kind := map[string]string{
		"host": "the device's own", "srflx": "the one seen from outside", "prflx": "one found while trying", "relay": "that of a helper that passes sound on",
	}[strings.ToLower(f[7])]
	if kind == "" {
		kind = "of an unusual kind"
	}
	return fmt.Sprintf("One address at which the phone might be reached; both sides try all of them (ICE). Here %s, port %s: %s, %s", f[4], f[5], kind, ctx.tell(f[4]))
}
