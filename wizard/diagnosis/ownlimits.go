package diagnosis

import (
	"slices"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// Limit is a call that came to nothing only because our own test phone cannot do
// something that another phone may well can. It is no finding: nobody else is at
// fault, and nothing is known of what would have followed.
type Limit struct {
	What   string // "Opus", "DTLS-SRTP", "the extension precondition": what it cannot do
	CallID string
	Cites  []Cite
}

// String says it as a sentence.
func (l Limit) String() string { return "This test phone cannot do " + l.What + "." }

// ownLimits gives the calls that failed for our phone's own lacks. A capture of
// another phone has none: there the lack is the finding. What the account forbids
// is none either: any phone with its settings would fail.
func ownLimits(e *evidence.Evidence) (list []Limit) {
	if !e.Have.Has(evidence.HaveLive) {
		return nil
	}
	defer func() {
		if recover() != nil {
			list = nil
		}
	}()
	for _, c := range e.Calls {
		if !c.Touches || c.Partial || !has(c.Invite) {
			continue
		}
		what, cited := lackOf(e, c)
		if what != "" {
			list = append(list, Limit{What: what, CallID: c.ID, Cites: cited})
		}
	}
	return list
}

// lackOf tells what our phone lacked for a call, "" when it lacked nothing.
func lackOf(e *evidence.Evidence, c *evidence.Call) (what string, cited []Cite) {
	if c.Answer != nil {
		if !c.ByeOut || up(e, c) > shortCall || unfit(c) {
			return "", nil
		}
		return notedLack(e, c)
	}
	if !has(c.Final) {
		return "", nil
	}
	label := "the refusal: " + inWords(c.Final)
	switch code := c.Final.Status; {
	case code == 420 && c.Final.Out:
		what = extension(c.Final.Get("Unsupported"))
	case code != 488 && code != 606 && code != 415:
		return "", nil
	case c.Final.Out:
		what = unspoken(audioOf(c.Invite))
	default:
		what = unspoken(audioOf(c.Final))
	}
	if what == "" {
		if !c.Final.Out {
			return "", nil
		}
		if what, cited = notedLack(e, c); what == "" {
			return "", nil
		}
	}
	return what, append(cites(cite(c.Final, label), cite(c.Invite, "the call")), cited...)
}

// unfit tells that the answer has a form that was never offered: no phone could have
// taken it up (RFC 3264 6.1).
func unfit(c *evidence.Call) bool {
	cause, _ := misfit(offerAndAnswer(c))
	return cause != ""
}

// extension names what our phone lacks of a list of option tags: 100rel and timer are done.
func extension(names string) string {
	var lacking []string
	for _, name := range strings.Split(names, ",") {
		if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "100rel") && !strings.EqualFold(name, "timer") {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	return "the extension " + strings.Join(lacking, ", ")
}

// unspoken names what a description demands that our phone cannot do: encryption
// with a key that is agreed in the sound's own path, or formats of which it has
// none. "" when it could take part.
func unspoken(m *sipmsg.Media) string {
	if m == nil {
		return ""
	}
	if m.Fingerprint && len(m.Crypto) == 0 && secure(m) {
		return "DTLS-SRTP"
	}
	var names []string
	for _, c := range m.Codecs {
		switch {
		case c.Name == "" || evidence.PhoneSpeaks(c.Name):
			return ""
		case voice(c.Name) && !slices.Contains(names, codecTitle(c.Name)):
			names = append(names, codecTitle(c.Name))
		}
	}
	return strings.Join(names, ", ")
}

// codecTitle writes a codec's name as people do.
func codecTitle(name string) string {
	switch title := strings.ToUpper(name); {
	case title == "OPUS":
		return "Opus"
	case len(title) == 4 && strings.HasPrefix(title, "G72"):
		return "G." + title[1:]
	}
	return name
}

// shortCall is within which an answered call that our phone cannot take up is
// ended by it.
const shortCall = 3 * time.Second

// cannotDo begins the notes of our phone that name a lack of its own.
const cannotDo = "this test phone cannot do "

// notedLack finds what our phone noted while the call was set up.
func notedLack(e *evidence.Evidence, c *evidence.Call) (string, []Cite) {
	for _, ev := range e.Phone {
		text, found := strings.CutPrefix(ev.Text, cannotDo)
		if ev.Key != capture.PhoneLimit || !found || ev.Time.Before(c.First.Time) || ev.Time.After(c.Ended.Add(time.Second)) {
			continue
		}
		what, _, _ := strings.Cut(text, ":")
		return strings.TrimSpace(what), []Cite{{ev.N, "the test phone's own note"}}
	}
	return "", nil
}

// excuse takes back what the rules made of calls that failed for our own lacks.
// Their causes are then not checked, unless another call showed them.
func (d *Diagnosis) excuse(hits []judged) []judged {
	if len(d.Limits) == 0 {
		return hits
	}
	var kept []judged
	var dropped []string
	for _, h := range hits {
		own := slices.ContainsFunc(d.Limits, func(l Limit) bool { return l.CallID == h.CallID })
		if own && h.kind() != Hint {
			dropped = append(dropped, h.rule.Cause)
			continue
		}
		kept = append(kept, h)
	}
	for _, cause := range dropped {
		still := slices.ContainsFunc(kept, func(h judged) bool { return h.rule.Cause == cause })
		if !still && !slices.Contains(d.Unchecked, cause) {
			d.Unchecked = append(d.Unchecked, cause)
		}
	}
	return kept
}
