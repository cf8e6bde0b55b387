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

	memo *memo // of the judgement that is going on
}

// When says in which moment of a call a Meaning holds.
type When string

// The moments. OtherCaller: the call shows a number that is not the one that it
// proves with its password, which some providers refuse.
const (
	Always       When = ""
	AtOnce       When = "at-once"       // before anything rang
	AfterRinging When = "after-ringing" // once it rang
	OtherCaller  When = "other-caller"
)

// Meaning says what a provider means by an answer. Empty fields match anything.
// The first one in a Dictionary that matches counts.
type Meaning struct {
	Method string // "REGISTER", "INVITE"
	Code   int
	Text   string // part of the reason phrase, Reason or Warning text, any case
	When   When
	Cause  string // the rule that it stands for
	// First: it stands above what the answer itself says (its Reason, Warning and
	// words). Without it, it stands above the bare code only.
	First bool
}

// scene is what counts of a request beside its answer.
type scene struct {
	rang        bool
	otherCaller func() bool // nil: no
}

func (w When) holds(s scene) bool {
	switch w {
	case AtOnce:
		return !s.rang
	case AfterRinging:
		return s.rang
	case OtherCaller:
		return s.otherCaller != nil && s.otherCaller()
	}
	return w == Always
}

// cause looks an answer up, among the meanings that stand above its own words or
// among the others; "" when the provider says nothing special about it.
func (d Dictionary) cause(method string, m *evidence.Message, s scene, first bool) string {
	if len(d.Meanings) == 0 {
		return ""
	}
	text := wordsOf(m)
	for _, k := range d.Meanings {
		if k.First == first && (k.Method == "" || k.Method == method) && (k.Code == 0 || k.Code == m.Status) &&
			strings.Contains(text, strings.ToLower(k.Text)) && k.When.holds(s) {
			if _, known := LookupCause(k.Cause); known {
				return k.Cause
			}
		}
	}
	return ""
}

// showsOther tells that a call shows another number than the one whose password it
// proves, or that signed in where it proves none.
func showsOther(e *evidence.Evidence, c *evidence.Call) bool {
	from := c.Invite.FromAddr().URI.User
	if from == "" {
		return false
	}
	for _, p := range c.Invite.Credentials() {
		if user, _, _ := strings.Cut(p.Username, "@"); user != "" {
			return !strings.EqualFold(from, user)
		}
	}
	for _, s := range signIns(e) {
		if s.accepted != nil {
			return !strings.EqualFold(from, s.user())
		}
	}
	return false
}
