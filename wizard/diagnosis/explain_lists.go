package diagnosis

import (
	"fmt"
	"strings"
)

// explainList gives the lists that can be asked for by name.
func explainList(asked string) (Explanation, bool) {
	switch asked {
	case "codes", "sip codes", "response codes", "sip response codes", "common sip response codes", "sip error codes", "sip error response codes", "error codes":
		e := Explanation{Title: "Response codes"}
		e.add("", "A server or phone answers every request with a number. Its first digit says how it went; the words behind it may differ from server to server, only the number counts.")
		for class := 1; class <= 6; class++ {
			e.add(classTitles[class].title, codeList(class))
		}
		return e, true
	case "q850", "q.850", "q850 causes", "q.850 causes":
		e := Explanation{Title: "Causes of the telephone network (Q.850)"}
		e.add("", "The telephone network behind the provider says with these numbers why a call ended. They stand in a Reason line.")
		var b strings.Builder
		for _, q := range q850Table {
			fmt.Fprintf(&b, "%d %s: %s\n", q.Number, q.Name, q.Meaning)
		}
		e.add("", strings.TrimSuffix(b.String(), "\n"))
		e.add("", "Any other value from 1 to 127 means the same as its class.")
		return e, true
	case "warning", "warnings", "warning codes":
		e := Explanation{Title: "Warning codes"}
		e.add("", "With these numbers in a Warning line a phone or server says what it did not like in the offer of a call.")
		var b strings.Builder
		for _, w := range warningTable {
			fmt.Fprintf(&b, "%d %s: %s\n", w.Number, w.Name, w.Meaning)
		}
		e.add("", strings.TrimSuffix(b.String(), "\n"))
		return e, true
	case "pt", "payload types", "payload type", "payload", "codecs":
		return explainPayloadList(), true
	case "causes":
		return explainCauseList(), true
	case "thresholds", "limits":
		e := Explanation{Title: "The limits of good sound"}
		e.add("", "By these figures the check tells good sound from bad. Levels are against full scale; times are of sound.")
		var b strings.Builder
		for _, l := range Thresholds() {
			fmt.Fprintf(&b, "%s %s %s (%s)\n", trimZero(l.Value, 1), l.Unit, l.Means, l.Source)
		}
		e.add("", strings.TrimSuffix(b.String(), "\n"))
		return e, true
	case "situations", "sip error situations", "error situations":
		e := Explanation{Title: "Situations"}
		e.add("", "What people complain about, and the check that finds the reason.")
		var b strings.Builder
		for _, s := range situations {
			fmt.Fprintf(&b, "%s: %s\n", s.id, s.title)
		}
		e.add("", strings.TrimSuffix(b.String(), "\n"))
		return e, true
	case "terms", "glossary", "words":
		e := Explanation{Title: "Words of the trade"}
		e.add("", strings.Join(termNames(), ", "))
		return e, true
	}
	return Explanation{}, false
}

func explainPayloadList() Explanation {
	e := Explanation{Title: "Payload types: the numbers of sound and video formats"}
	e.add("", "Each packet of sound carries a number that says in which format it is written. Numbers up to 95 have fixed meanings; 96 to 127 get theirs anew in each call.")
	var numbers, names strings.Builder
	for _, p := range payloadTable {
		if p.From < 0 {
			fmt.Fprintf(&names, "%s: %s\n", p.Name, p.Meaning)
			continue
		}
		span := fmt.Sprint(p.From)
		if p.To > p.From {
			span = fmt.Sprintf("%d to %d", p.From, p.To)
		}
		fmt.Fprintf(&numbers, "%s %s: %s\n", span, p.Name, p.Meaning)
	}
	e.add("By number", strings.TrimSuffix(numbers.String(), "\n"))
	e.add("By name, with a number of each call's own", strings.TrimSuffix(names.String(), "\n"))
	e.add("In this program", "PCMU and PCMA can be played and their loudness measured; of all others the packets are counted.")
	return e
}

func explainCauseList() Explanation {
	e := Explanation{Title: "Everything a check can find"}
	for _, k := range []struct {
		kind    Kind
		heading string
	}{
		{Fault, "Faults: something to mend"},
		{Outcome, "Outcomes: how a call properly ends"},
		{Hint, "Hints: facts that become a fault only when something fails because of them"},
		{0, "Verdict"},
	} {
		var b strings.Builder
		for _, c := range Causes() {
			if c.Kind == k.kind {
				fmt.Fprintf(&b, "%s: %s\n", c.ID, c.Title)
			}
		}
		e.add(k.heading, strings.TrimSuffix(b.String(), "\n"))
	}
	return e
}
