package diagnosis

import (
	"slices"
	"strings"

	"softphonedoctor/wizard/evidence"
)

// Dictionary knows a provider's own meanings of codes, and what else its
// documentation says that matters for a verdict. The zero value knows none.
type Dictionary struct {
	Provider   string // "" : no provider known
	EchoNumber string // the number of an echo service, "" when not known
	Meanings   []Meaning
	Advice     []Advice

	memo *memo // of the judgement that is going on
}

// When says in which moment of a call a Meaning holds.
type When string

// The moments. OtherCaller: the call shows a number that is not the one that it
// proves with its password, which some providers refuse. MidCall is a hanging up by
// the other side (BYE); Always is any answer to a sign-in or to a new call.
const (
	Always       When = ""
	AtOnce       When = "at-once"       // before anything rang
	AfterRinging When = "after-ringing" // once it rang
	OtherCaller  When = "other-caller"
	MidCall      When = "mid-call"
)

// Source is where something about a provider was found.
type Source struct {
	At     string `json:"at"`        // an address, or the name of a document
	Looked string `json:"looked_up"` // the day it was looked up, "2026-11-21"
}

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
	First  bool
	Says   string // what the documentation says, in our own words: "... that this account has no credit"
	Source Source
}

// Advice is something to do that a provider's documentation asks for: a required
// setting, or a line of its checklist. It is shown beside a fault of these causes.
type Advice struct {
	Remedy
	Causes []string
	Source Source
}

// Said is a provider's own word on an answer, as a finding cites it.
type Said struct {
	Provider string
	Text     string
	Source   Source
}

// signInCauses and callCauses are what a final answer can decide: a test holds that
// the rules for them fire, and that no other rule does.
var (
	signInCauses = append([]string{"account-unknown", "account-domain-wrong", "registration-too-many-devices"}, eitherCauses...)
	callCauses   = append([]string{
		"caller-id-refused", "no-credit-or-barred", "number-unknown", "number-changed", "number-format-wrong", "callee-busy",
		"callee-not-registered", "callee-no-answer", "callee-declined", "call-blocked-as-spam", "anonymous-refused", "routing-loop",
		"downstream-timeout", "identity-rejected", "call-refused", "codec-mismatch", "encryption-mismatch", "address-family-mismatch",
	}, eitherCauses...)
	eitherCauses = []string{
		"account-credentials-wrong", "account-not-allowed", "account-suspended-or-unpaid", "provider-overloaded", "provider-fault",
		"provider-unavailable", "provider-address-not-allowed", "request-malformed", "extension-unsupported",
	}
)

// midCallCauses are those of callCauses that can end a call which is up.
var midCallCauses = []string{"no-credit-or-barred", "account-suspended-or-unpaid", "provider-overloaded", "provider-fault", "provider-unavailable"}

// MidCallCauses lists the causes that a Meaning for MidCall may name.
func MidCallCauses() []string { return slices.Clone(midCallCauses) }

// MeaningCauses lists the causes that a Meaning may name for a method ("REGISTER",
// "INVITE", or "" for those of either): the ones that an answer can decide.
func MeaningCauses(method string) []string {
	var list []string
	switch method {
	case "REGISTER":
		list = slices.Clone(signInCauses)
	case "INVITE":
		list = slices.Clone(callCauses)
	default:
		list = slices.Concat(signInCauses, callCauses)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// scene is what counts of a request beside its answer.
type scene struct {
	rang        bool
	hungUp      bool        // it is no answer, but the other side hanging up
	otherCaller func() bool // nil: no
}

func (w When) holds(s scene) bool {
	if s.hungUp || w == MidCall {
		return s.hungUp && w == MidCall
	}
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

// meaning looks an answer up, among the meanings that stand above its own words or
// among the others; nil when the provider says nothing special about it.
func (d Dictionary) meaning(method string, m *evidence.Message, s scene, first bool) *Meaning {
	if len(d.Meanings) == 0 {
		return nil
	}
	text, code := wordsOf(m), m.Status
	if s.hungUp {
		for _, r := range m.Reasons() {
			if strings.EqualFold(r.Protocol, "SIP") {
				code = r.Cause
			}
		}
	}
	for i := range d.Meanings {
		k := &d.Meanings[i]
		if k.First == first && (k.Method == "" || k.Method == method) && (k.Code == 0 || k.Code == code) &&
			strings.Contains(text, strings.ToLower(k.Text)) && k.When.holds(s) && slices.Contains(MeaningCauses(method), k.Cause) {
			return k
		}
	}
	return nil
}

// said is a meaning as a finding cites it, nil without words.
func (d Dictionary) said(k *Meaning) *Said {
	if k.Says == "" {
		return nil
	}
	return &Said{Provider: d.Provider, Text: k.Says, Source: k.Source}
}

// hungUpFor reads why the other side hung up an answered call of ours, where its
// provider says that in the message.
func (d Dictionary) hungUpFor(c *evidence.Call) (verdict, bool) {
	if len(d.Meanings) == 0 || c.Direction != evidence.Out || c.Answer == nil || c.ByeOut || !has(c.Bye) {
		return verdict{}, false
	}
	k := d.meaning("INVITE", c.Bye, scene{hungUp: true}, true)
	if k == nil {
		k = d.meaning("INVITE", c.Bye, scene{hungUp: true}, false)
	}
	if k == nil || k.Text == "" && k.Code == 0 {
		return verdict{}, false
	}
	v := verdict{cause: k.Cause, certainty: Likely, message: c.Bye, request: c.Invite, call: c, text: serverText(c.Bye), said: d.said(k)}
	v.story = "The server ended the running call to " + dialled(c) + " with the words " + v.text
	if v.said != nil {
		v.story += ", by which " + d.Provider + " means " + v.said.Text
	}
	return v, true
}

// advise puts what the provider's documentation asks for to the faults that it matters for.
func (d Dictionary) advise(findings []Finding) {
	for i := range findings {
		f := &findings[i]
		if f.Symptom || f.Kind() != Fault {
			continue
		}
		for _, a := range d.Advice {
			if !slices.Contains(a.Causes, f.Rule.Cause) {
				continue
			}
			f.Fix = append(f.Fix, a.Remedy)
			if !slices.Contains(f.Sources, a.Source) {
				f.Sources = append(f.Sources, a.Source)
			}
		}
	}
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
