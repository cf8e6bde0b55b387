package diagnosis

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Explanation is the answer to "what does this mean?" about one term.
type Explanation struct {
	Term, Title string
	Paragraphs  []Paragraph
}

// Paragraph is one part of an explanation. Heading is "" where none is needed. Text
// may hold line breaks: one entry of a list on each line.
type Paragraph struct{ Heading, Text string }

// add appends a paragraph unless its text is empty.
func (e *Explanation) add(heading, text string) {
	if text != "" {
		e.Paragraphs = append(e.Paragraphs, Paragraph{heading, text})
	}
}

// longestTerm bounds what is looked up and quoted back, in bytes.
const longestTerm = 512

var (
	askCode    = regexp.MustCompile(`^(?:sip(?:/2\.0)?[\s:]*)?(?:(?:response|error|status)[\s:]*)?(?:code[\s:]*)?(\d{3,4})(?:[^\da-z].*)?$`)
	askClass   = regexp.MustCompile(`^(?:sip[\s:]*)?([0-9])xx\b`)
	askQ850    = regexp.MustCompile(`^q\.?850\s*(?:[:;,=]|\s)\s*(?:cause\s*[=:]?\s*)?(\d{1,4})\b`)
	askWarning = regexp.MustCompile(`^warn(?:ing)?s?\s*(?:[:;,=]|\s)\s*(?:code\s*)?(\d{1,4})\b`)
	askPT      = regexp.MustCompile(`^(?:pt|payload(?:[\s-]*type)?)\s*(?:[:;,=]|\s)\s*(\S+)$`)
	askCause   = regexp.MustCompile(`^cause\s*[:#]\s*(\S+)$`)
	askRFC     = regexp.MustCompile(`^rfc\s*-?(\d{3,5})$`)
	askFormat  = regexp.MustCompile(`^(\d{1,3})\s*[=:]\s*([a-z][^\s,]*)`)
	bareNumber = regexp.MustCompile(`^\d{1,2}$`)
	lineOfSDP  = regexp.MustCompile(`^[a-zA-Z]=\S`)
	lineOfHead = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*\s*:\s*\S`)
)

// Explain says in plain words what a term means: a response code ("488", "SIP 488",
// "486 Busy Here", "4xx"), a telephone network's cause ("q850:17"), a warning
// ("warning:304"), a payload type ("pt:18"), the id of a cause ("ack-missing"), a
// situation by its id or wording, a word of the trade ("jitter"), one line of a
// message ("m=audio 25268 RTP/AVP 18 0 8 101"), or a list ("codes", "q850",
// "warning", "pt", "causes", "thresholds", "situations", "terms"). An unknown term gives an error
// that names the nearest ones and says what can be asked.
func Explain(term string) (Explanation, error) {
	shown := clean(term)
	asked := normal(shown)
	if asked == "" {
		return Explanation{}, errors.New("nothing was asked; " + canAsk)
	}
	e, err := explain(shown, asked)
	e.Term = shown
	return e, err
}

func explain(shown, asked string) (Explanation, error) {
	if list, ok := explainList(asked); ok {
		return list, nil
	}
	if m := askQ850.FindStringSubmatch(asked); m != nil {
		return explainQ850(number(m[1]))
	}
	if m := askWarning.FindStringSubmatch(asked); m != nil {
		return explainWarning(number(m[1]))
	}
	if m := askPT.FindStringSubmatch(asked); m != nil {
		return explainPayload(m[1])
	}
	if m := askCause.FindStringSubmatch(asked); m != nil {
		return explainCauseOrNumber(m[1])
	}
	if m := askFormat.FindStringSubmatch(asked); m != nil { // "18=G729", "101: telephone-event"
		if _, ok := LookupPayloadName(strings.TrimRight(m[2], ".;")); ok {
			return explainPayload(m[1])
		}
	}
	w, isWord := lookupTerm(asked)
	if s, ok := lookupSituation(asked); ok {
		e := explainSituation(s)
		if isWord { // "registration" and "dtmf" are both
			e.Paragraphs = append([]Paragraph{{w.term, w.plain}}, e.Paragraphs...)
		}
		return e, nil
	}
	if c, ok := LookupCause(asked); ok {
		return explainCause(c), nil
	}
	if isWord { // before the codes: "5060", "100rel"
		return explainEntry(w), nil
	}
	if m := askCode.FindStringSubmatch(asked); m != nil {
		return explainCode(number(m[1]))
	}
	if m := askClass.FindStringSubmatch(asked); m != nil {
		return explainClass(number(m[1]))
	}
	if e, ok := explainTerm(asked); ok {
		return e, nil
	}
	if m := askRFC.FindStringSubmatch(asked); m != nil {
		return explainRFC(m[1]), nil
	}
	if e, ok := explainPhrase(asked); ok {
		return e, nil
	}
	if e, err := explainPayload(asked); err == nil && !bareNumber.MatchString(asked) {
		return e, nil
	}
	if e, ok := explainOneLine(shown); ok {
		return e, nil
	}
	return Explanation{}, unknownTerm(shown, asked)
}

// explainOneLine explains a single line of a message that was given as the term.
func explainOneLine(line string) (Explanation, bool) {
	if !lineOfSDP.MatchString(line) && !lineOfHead.MatchString(line) && !startLine(line) {
		return Explanation{}, false
	}
	// A word with a colon, such as a mistyped "q851:17", is no header line.
	if lineOfHead.MatchString(line) && !lineOfSDP.MatchString(line) && !knownHeader(line) {
		return Explanation{}, false
	}
	e := Explanation{Title: line}
	for _, l := range ExplainMessage([]byte(line)) {
		e.add("", l.Text)
	}
	return e, len(e.Paragraphs) > 0
}

// clean makes a term fit to be shown again: no control characters, bounded.
func clean(s string) string {
	if len(s) > longestTerm {
		s = s[:longestTerm]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// normal is a term as it is compared: lower case, no quotes and no closing marks.
func normal(s string) string {
	s = strings.ToLower(s)
	s = strings.NewReplacer("—", "-", "–", "-", "’", "'", "“", "", "”", "", `"`, "", "`", "", "•", "").Replace(s)
	s = strings.TrimRight(strings.Join(strings.Fields(s), " "), " .,;:?!")
	return strings.TrimLeft(s, " .,;:?!-")
}

// number reads digits that a pattern has found; what is too long becomes -1.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

// explainRFC says what an RFC is and which codes this one defines.
func explainRFC(number string) Explanation {
	e := Explanation{Title: "RFC " + number}
	e.add("", "RFCs are the numbered public documents that hold the rules of the internet. RFC 3261 is the one on SIP, RFC 8866 (before that 4566) on SDP, RFC 3550 on RTP.")
	var list []string
	for _, c := range Codes() {
		if slices.Contains(strings.FieldsFunc(c.RFC, func(r rune) bool { return r < '0' || r > '9' }), number) {
			list = append(list, fmt.Sprintf("%d %s", c.Number, c.Name))
		}
	}
	e.add("Response codes that it defines", strings.Join(list, "\n"))
	return e
}

func explainPhrase(asked string) (Explanation, bool) {
	var found []Code
	for _, c := range Codes() {
		if normal(c.Name) == asked {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return Explanation{}, false
	}
	e, err := explainCode(found[0].Number)
	if err != nil {
		return Explanation{}, false
	}
	for _, c := range found[1:] {
		e.add("Also", fmt.Sprintf("%d carries the same words: %s", c.Number, c.Invite))
	}
	return e, true
}
