package report

import (
	"fmt"
	"maps"

	"softphonedoctor/wizard/diagnosis"
)

// Tongue is the language in which a report is written as text and as a page; the zero
// value is English. The catalogues belong to the program, so it lends them. What the
// diagnosis says of one case in particular (why, further remedies, notes) is English in
// all languages, and is marked as that.
type Tongue struct {
	Code string // "de"
	// Say gives the text of a key of the catalogues, the English where there is none.
	Say func(key, english string) string
	// Of gives a sentence of a step in this language, or as it is.
	Of func(sentence string) string
}

// Words are what reports say, by the keys of the catalogues.
func Words() map[string]string { return maps.Clone(said) }

var said = map[string]string{
	"english.only":          "In English",
	"headline.healthy":      "No fault found: everything that was checked works.",
	"headline.inconclusive": "Too little was seen to say what is wrong.",
	"page.a-second":         "a second",
	"page.admin":            "For the administrator",
	"page.again":            "If it happens again, run the check while it happens: only then can the fault be seen.",
	"page.also":             "Also seen",
	"page.answer":           "answer",
	"page.answers":          "Answers",
	"page.bad":              "bad",
	"page.calls":            "Calls",
	"page.cause":            "Cause",
	"page.clear":            "Ruled out",
	"page.codec":            "Codec",
	"page.computer":         "This computer",
	"page.consequence":      "a consequence",
	"page.direction":        "Way",
	"page.done":             "What was done",
	"page.each-second":      "second by second",
	"page.excellent":        "excellent",
	"page.experiment":       "Experiment",
	"page.fair":             "fair",
	"page.fault":            "fault",
	"page.figures":          "Figures",
	"page.first-sign":       "First sign after",
	"page.for-provider":     "For the provider",
	"page.from":             "From",
	"page.from-to":          "From and to",
	"page.gap":              "Longest gap",
	"page.good":             "good",
	"page.hint":             "Run the check while the fault happens, with an account and a number to call, or examine a capture taken at that time: only then can it be seen.",
	"page.hint-kind":        "hint",
	"page.in":               "in",
	"page.jitter":           "Jitter",
	"page.ladder":           "Messages between the machines, in order of time",
	"page.lasted":           "Lasted",
	"page.left":             "further messages stand in the capture only.",
	"page.legend":           "Solid: seen to work. Dotted: not seen. Dashed with a cross: broken.",
	"page.legend.text":      "── seen to work, ·· not seen, X broken",
	"page.level":            "Level",
	"page.looked":           "How far this looked",
	"page.looked-up":        "looked up",
	"page.lost":             "Lost",
	"page.masked":           "Numbers, names and addresses are masked, passwords and sound are left out.",
	"page.measured":         "Measured",
	"page.messages":         "Messages",
	"page.microphone":       "Microphone",
	"page.missing":          "Missing",
	"page.no-delay":         "unknown: no report told the delay",
	"page.note":             "Note",
	"page.nothing":          "There is nothing to mend here.",
	"page.other-side":       "Other side",
	"page.out":              "out",
	"page.outcome":          "outcome",
	"page.overturn":         "This would prove it wrong",
	"page.packets":          "Packets",
	"page.phone":            "phone",
	"page.phones":           "Signed-in phones",
	"page.poor":             "poor",
	"page.provider-node":    "Provider",
	"page.quality":          "Quality",
	"page.ready":            "Ready for the provider",
	"page.round-trip":       "There and back",
	"page.router":           "Router",
	"page.server":           "Server",
	"page.sign-ins":         "Sign-ins",
	"page.sound":            "Sound",
	"page.source":           "Source",
	"page.test-phone":       "test phone",
	"page.to":               "To",
	"page.transport":        "Transport",
	"page.unchecked":        "Not checked",
	"page.unusable":         "unusable",
	"page.wait":             "Longest wait",
	"page.way":              "The way of the sound",
	"result.healthy":        "All well",
	"result.inconclusive":   "Not enough was seen",
	"result.outcome":        "No fault: that is how the call ended",
	"result.problem":        "Problem found",
	"result.todo":           "What to do",
	"result.why":            "Why we think so",
	"situation.network":     "the way to the server",
	"support.code":          "Support code",
	"sure.confirmed":        "certain",
	"sure.likely":           "likely",
	"sure.possible":         "possible",
}

// foreign tells that it is another language than English.
func (t Tongue) foreign() bool { return t.Say != nil && t.Code != "" && t.Code != "en" }

func (t Tongue) code() string {
	if t.foreign() {
		return t.Code
	}
	return "en"
}

// say gives one of the words.
func (t Tongue) say(key string) string {
	english, known := said[key]
	if !known {
		panic("no word " + key) // a fault of the build, which every test of a page finds
	}
	if !t.foreign() {
		return english
	}
	return t.Say(key, english)
}

// marked is say for the title of what is English in all languages.
func (t Tongue) marked(key string) string {
	if !t.foreign() {
		return t.say(key)
	}
	return t.say(key) + " (EN)"
}

// mark stands before what is English in another language.
func (t Tongue) mark() string {
	if !t.foreign() {
		return ""
	}
	return "EN: "
}

// either gives English words, or in another language those of a key.
func (t Tongue) either(key, english string) string {
	if !t.foreign() {
		return english
	}
	return t.Say(key, english)
}

// step gives the sentence of a step, and whether it is still English.
func (t Tongue) step(sentence string) (text string, english bool) {
	if !t.foreign() || t.Of == nil || sentence == "" {
		return sentence, t.foreign()
	}
	text = t.Of(sentence)
	return text, text == sentence
}

// title is what a finding is called: in other languages what its cause is called.
func (t Tongue) title(f *diagnosis.Finding) string { return t.cause(f.Rule.Cause, f.Title) }

func (t Tongue) cause(id, title string) string { return t.either("cause."+id, title) }

// remedy is the nth thing that somebody can do, and whether it is still English: the
// catalogues have the first for the person.
func (t Tongue) remedy(f *diagnosis.Finding, who diagnosis.Audience, n int, text string) (string, bool) {
	if n == 0 && who == diagnosis.ForUser {
		return t.either("cause."+f.Rule.Cause+".do", text), false
	}
	return text, t.foreign()
}

func (t Tongue) sure(c diagnosis.Certainty) string {
	if !t.foreign() {
		return c.String()
	}
	return t.say("sure." + c.String())
}

func (t Tongue) place(w diagnosis.Where) string {
	return t.either("place."+string(w), PlaceWords(w))
}

func (t Tongue) situation(id string) string {
	if id == "" {
		id = "capture"
	}
	return t.either("situation."+id, SituationWords(id))
}

// verdict is the verdict in words.
func (t Tongue) verdict(v Verdict) string {
	if !t.foreign() {
		return verdictWords[v]
	}
	return t.say("result." + string(v))
}

// role says what a finding beside the first one is.
func (t Tongue) role(f *diagnosis.Finding) string {
	if f.Symptom {
		return t.say("page.consequence")
	}
	return t.say(map[diagnosis.Kind]string{diagnosis.Fault: "page.fault", diagnosis.Outcome: "page.outcome", diagnosis.Hint: "page.hint-kind"}[f.Kind()])
}

// way says a direction of sound or of a call.
func (t Tongue) way(direction string) string {
	if direction == "in" || direction == "out" {
		return t.say("page." + direction)
	}
	return direction
}

// count says how many causes were ruled out or not checked.
func (t Tongue) count(title string, n int) string {
	if !t.foreign() {
		return fmt.Sprintf("%s: %d of the known causes (--details lists them)", title, n)
	}
	return fmt.Sprintf("%s: %d (--details)", title, n)
}

// Heading is the verdict's sentence in the report's language, and that of Headline where it
// tells what was found in particular, of which the catalogue speaks in general.
func (r *Report) Heading() (text, particular string) {
	english := r.Headline()
	if !r.In.foreign() {
		return english, ""
	}
	f := r.Root()
	switch {
	case f != nil:
		if c, ok := diagnosis.LookupCause(f.Rule.Cause); ok && c.Title == english {
			english = "" // it is said already
		}
		return r.In.title(f), english
	case r.Verdict == Healthy:
		return r.In.say("headline.healthy"), ""
	case len(r.OwnLimits()) > 0:
		return r.In.say("headline.inconclusive"), english
	}
	return r.In.say("headline.inconclusive"), ""
}
