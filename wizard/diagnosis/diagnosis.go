// Package diagnosis turns evidence into findings: rules, the meaning of SIP
// codes, and the order of judgement. It is pure: no clock, no network, no files.
package diagnosis

import (
	"softphonedoctor/wizard/evidence"
)

// Kind tells a problem from a proper ending and from a mere fact.
type Kind uint8

// Only faults are problems. An outcome is how a call properly ended (busy,
// declined); a hint is a fact that becomes a fault only when something fails
// because of it.
const (
	Fault Kind = iota + 1
	Outcome
	Hint
)

// String gives "fault", "outcome" or "hint", as in the JSON.
func (k Kind) String() string { return [...]string{"", "fault", "outcome", "hint"}[k] }

// Certainty says how sure a finding is. There are no percentages.
type Certainty uint8

// Confirmed needs a direct proof or a second test.
const (
	Possible Certainty = iota + 1
	Likely
	Confirmed
)

// String gives "possible", "likely" or "confirmed", as in the JSON.
func (c Certainty) String() string { return [...]string{"", "possible", "likely", "confirmed"}[c] }

// Where is the place of a fault, as causes.csv spells it.
type Where string

// The places.
const (
	SoundDevice    Where = "sound-device"
	ThisComputer   Where = "this-computer"
	LocalNetwork   Where = "local-network"
	Internet       Where = "internet"
	Provider       Where = "provider"
	OtherNetwork   Where = "other-network"
	OtherSide      Where = "other-side"
	Account        Where = "account"
	OtherSoftphone Where = "other-softphone"
	Nowhere        Where = "none"
)

// Audience is who can do something about it.
type Audience string

// The audiences of a remedy, as in the JSON.
const (
	ForUser     Audience = "user"
	ForAdmin    Audience = "administrator"
	ForProvider Audience = "provider"
)

// Remedy is one thing to do, for one audience. Text is a text/template over Hit.Args.
type Remedy struct {
	For  Audience
	Text string
}

// Cite points at a proof: a record's number and a short label for it ("401 again, with credentials sent").
type Cite struct {
	N     int
	Label string
}

// Hit is what a rule's Check found. Zero fields take the rule's defaults. A hit
// without a Certainty says: there was no way to tell, so the cause stays unchecked.
type Hit struct {
	Certainty Certainty
	Where     Where // "": the rule's
	Kind      Kind  // 0: the rule's; a hint is raised to a fault here
	Direction evidence.Direction
	Cites     []Cite
	Args      map[string]any // for the templates; keys are lower-case words, values strings and numbers
	CallID    string         // the call it is about, "" for none
	Said      *Said          // the provider's own word on it, nil without one
}

// Rule is one cause: how it is recognised and what to say about it. Rules are
// literals in rules_<topic>.go; only Check is code.
type Rule struct {
	Cause       string // the stable id of the list of causes, e.g. "ack-missing"
	Kind        Kind
	Needs       evidence.Kinds // all of them; absent: "not checked", never "fine"
	Either      evidence.Kinds // at least one of them, when not 0; the same otherwise
	ExplainedBy []string       // when one of these is found, this is a symptom
	Where       Where
	Title       string // one plain sentence, no jargon: what is wrong
	Why         string // one or two sentences: what was seen that proves it
	Overturn    string // which observation would prove this wrong: it stands behind those words
	Fix         []Remedy
	Check       func(*evidence.Evidence, Dictionary) []Hit

	// RuledOut tells, when Check finds nothing, whether the evidence went far enough
	// to say that the cause is not there. A cause that is neither found nor ruled
	// out counts as not checked.
	RuledOut func(*evidence.Evidence, Dictionary) bool
}

// Finding is a rule that fired, with its texts filled in.
type Finding struct {
	Rule    *Rule
	Symptom bool
	Hit
	Title, Why, Overturn string
	Fix                  []Remedy
	// Sources are where the provider's part of it was found: its word (Said) and what
	// it asks for.
	Sources []Source
}

// State of one direction of one path segment.
type State uint8

// Unknown is not good: it was not seen.
const (
	Unknown State = iota
	Good
	Broken
)

// String gives "unknown", "good" or "broken", as in the JSON.
func (s State) String() string { return [...]string{"unknown", "good", "broken"}[s] }

// Segment is one stretch of the path microphone - computer - router - provider -
// other side, with the state of the sound each way.
type Segment struct{ Out, In State }

// Diagnosis is the judgement over some evidence.
type Diagnosis struct {
	// Findings: roots before symptoms, faults before outcomes before hints,
	// confirmed before likely, what fits the complaint before what does not, then
	// table order.
	Findings  []Finding
	Clear     []string // causes that were looked for and are ruled out
	Unchecked []string // causes that could not be looked for
	Path      [4]Segment
	// Limits are calls that came to nothing for lacks of our own test phone; no
	// finding speaks of them.
	Limits []Limit
	// Unseen are findings that the place of the capture does not bear out: they speak of
	// what the phone sent, and what it sent was not seen there. They count as unchecked.
	Unseen []Finding
	// Provider is the one whose dictionary it was judged by, "" for none.
	Provider string
}

// Root gives the first finding that is no symptom, nil when there is none. Hints
// stand last, so a hint is the root only where nothing is wrong.
func (d *Diagnosis) Root() *Finding {
	for i := range d.Findings {
		if f := &d.Findings[i]; !f.Symptom {
			return f
		}
	}
	return nil
}

// Kind of the finding: the hit's, else the rule's.
func (f *Finding) Kind() Kind {
	if f.Hit.Kind != 0 {
		return f.Hit.Kind
	}
	return f.Rule.Kind
}

// Place of the finding: the hit's, else the rule's.
func (f *Finding) Place() Where {
	if f.Hit.Where != "" {
		return f.Hit.Where
	}
	return f.Rule.Where
}
