package providers

import (
	"slices"
	"strings"

	"softphonedoctor/wizard/diagnosis"
)

// moments are the words for a meaning's moment.
var moments = []string{"at-once", "after-ringing", "other-caller", "mid-call"}

// meaning checks a [[meaning]].
func (c *checker) meaning(i int, m fileMeaning) diagnosis.Meaning {
	const part = "meaning"
	switch {
	case m.Method != "" && m.Method != "REGISTER" && m.Method != "INVITE":
		c.wrong(part, i, "method", "method %q is not known; use \"REGISTER\" (signing in) or \"INVITE\" (a call), or leave it out for both", m.Method)
	case m.Code == 401 || m.Code == 407:
		c.wrong(part, i, "code", "%d asks for the password, which is judged by what was sent before; it cannot have another meaning", m.Code)
	case m.Code != 0 && (m.Code < 300 || m.Code > 699):
		c.wrong(part, i, "code", "%d is no code of a refusal; they run from 300 to 699", m.Code)
	case m.Code == 0 && strings.TrimSpace(m.Text) == "":
		c.wrong(part, i, "code", "code or text has to say which answer is meant")
	case m.Moment != "" && !slices.Contains(moments, m.Moment):
		c.wrong(part, i, "moment", "moment %q is not known; use one of %s, or leave it out for any", m.Moment, strings.Join(moments, ", "))
	case m.Moment != "" && m.Method != "INVITE":
		c.wrong(part, i, "moment", "a moment is one of a call: add method = \"INVITE\"")
	}
	may := diagnosis.MeaningCauses(m.Method)
	if m.Moment == string(diagnosis.MidCall) {
		may = diagnosis.MidCallCauses()
	}
	if !slices.Contains(may, m.Cause) {
		c.wrong(part, i, "cause", "the cause %q is none that such an answer can mean; allowed are %s", m.Cause, strings.Join(may, ", "))
	}
	return diagnosis.Meaning{
		Method: m.Method, Code: m.Code, Text: strings.TrimSpace(m.Text), When: diagnosis.When(m.Moment), Cause: m.Cause, First: m.Above,
		Says: strings.TrimSuffix(c.words(part, i, "says", m.Says), "."), Source: c.source(part, i, m.Source),
	}
}

// audiences are the words for whom a check or a setting is for.
var audiences = []string{string(diagnosis.ForUser), string(diagnosis.ForAdmin), string(diagnosis.ForProvider)}

// advice checks a [[setting]] or a [[check]].
func (c *checker) advice(part string, i int, who, text string, causes []string, source string) diagnosis.Advice {
	if who == "" {
		who = audiences[0]
	}
	if !slices.Contains(audiences, who) {
		c.wrong(part, i, "for", "for %q is not known; use one of %s", who, strings.Join(audiences, ", "))
	}
	if len(causes) == 0 {
		c.wrong(part, i, "causes", "causes is missing: it names the causes beside which this is shown (softphone-doctor explain causes lists them)")
	}
	for _, cause := range causes {
		if !diagnosis.Knows(cause) {
			c.wrong(part, i, "causes", "there is no cause %q (softphone-doctor explain causes lists them)", cause)
		}
	}
	return diagnosis.Advice{
		Remedy: diagnosis.Remedy{For: diagnosis.Audience(who), Text: text},
		Causes: causes, Source: c.source(part, i, source),
	}
}
