package providers

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"softphonedoctor/wizard/diagnosis"
)

// code finds a response code in a term.
var code = regexp.MustCompile(`\b([3-6]\d\d)\b`)

// when says the moments in words.
var when = map[diagnosis.When]string{
	diagnosis.Always:       "",
	diagnosis.AtOnce:       ", before anything rang",
	diagnosis.AfterRinging: ", after it rang",
	diagnosis.OtherCaller:  ", which shows another number than the login's",
	diagnosis.MidCall:      ", while it is up",
}

// Explain says what the provider's documentation says about a term: a response code,
// words that stand beside one ("D35"), or a cause; nil when it says nothing special.
func (p Provider) Explain(term string) []diagnosis.Paragraph {
	var list []diagnosis.Paragraph
	add := func(text string, s diagnosis.Source) {
		list = append(list, diagnosis.Paragraph{Heading: "At " + p.Name, Text: text + "\n(" + s.At + ", looked up " + s.Looked + ")"})
	}
	asked, lower := 0, strings.ToLower(strings.TrimSpace(term))
	if m := code.FindString(lower); m != "" {
		asked, _ = strconv.Atoi(m)
	}
	for _, m := range p.Dictionary.Meanings {
		if !(m.Code != 0 && m.Code == asked) && !(m.Text != "" && strings.Contains(lower, strings.ToLower(m.Text))) && m.Cause != lower {
			continue
		}
		what := map[string]string{"REGISTER": "When signing in", "INVITE": "For a call", "": "When signing in and for a call"}[m.Method] + when[m.When]
		if m.Code != 0 && m.Code != asked {
			what += ", " + strconv.Itoa(m.Code)
		}
		if m.Text != "" {
			what += ", with the words \"" + m.Text + "\""
		}
		add(what+": "+m.Says+". The check says then: "+m.Cause+".", m.Source)
	}
	for _, a := range p.Dictionary.Advice {
		if slices.Contains(a.Causes, lower) {
			add(a.Text, a.Source)
		}
	}
	return list
}
