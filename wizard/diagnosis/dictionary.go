package diagnosis

import (
	"strings"

	"softphonedoctor/wizard/evidence"
)

// Dictionary knows a provider's own meanings of codes. The zero value knows none.
type Dictionary struct {
	Provider   string // "" : no provider known
	EchoNumber string // the number of an echo service, "" when not known
	Meanings   []Meaning
}

// Meaning says what a provider means by an answer. Empty fields match anything.
type Meaning struct {
	Method string // "REGISTER", "INVITE"
	Code   int
	Text   string // part of the reason phrase, Reason or Warning text, any case
	Cause  string // the rule that it stands for
}

// cause looks an answer up; "" when the provider says nothing special about it.
func (d Dictionary) cause(method string, m *evidence.Message) string {
	if len(d.Meanings) == 0 {
		return ""
	}
	text := wordsOf(m)
	for _, k := range d.Meanings {
		if (k.Method == "" || k.Method == method) && (k.Code == 0 || k.Code == m.Status) &&
			strings.Contains(text, strings.ToLower(k.Text)) {
			return k.Cause
		}
	}
	return ""
}
