package diagnosis

import "strings"

// entry is one word of the trade.
type entry struct {
	term  string   // as it is usually written
	also  []string // other spellings, in lower case
	plain string   // for a person who never heard of it
	more  string   // what helps when something is wrong; "" for none
}

// glossary is all words; the headers and the lines of session descriptions come from
// the tables that explain messages.
var glossary = [][]entry{wordsCalls, wordsAccounts, wordsSound, wordsNetwork}

// lookupTerm finds a word in any spelling that people use.
func lookupTerm(asked string) (entry, bool) {
	for _, words := range glossary {
		for _, w := range words {
			if strings.ToLower(w.term) == asked {
				return w, true
			}
			for _, a := range w.also {
				if a == asked {
					return w, true
				}
			}
		}
	}
	return entry{}, false
}

func explainEntry(w entry) Explanation {
	e := Explanation{Title: w.term}
	e.add("", w.plain)
	e.add("When something is wrong", w.more)
	return e
}

// explainTerm explains a word of the trade, a method, a header or a kind of SDP line.
func explainTerm(asked string) (Explanation, bool) {
	try := []string{asked}
	for _, end := range []string{" header", " headers", " line", " message", " request", " attribute", " protocol", " codec"} {
		if short, ok := strings.CutSuffix(asked, end); ok {
			try = append(try, short)
		}
	}
	if short, ok := strings.CutSuffix(asked, "s"); ok && len(short) > 2 {
		try = append(try, short)
	}
	for _, t := range try {
		if w, ok := lookupTerm(t); ok {
			return explainEntry(w), true
		}
		if e, ok := explainMethod(t); ok {
			return e, true
		}
		if e, ok := explainHeaderTerm(t); ok {
			return e, true
		}
		if e, ok := explainSDPTerm(t); ok {
			return e, true
		}
	}
	return Explanation{}, false
}

// termNames lists the words as they are usually written.
func termNames() []string {
	var names []string
	for _, words := range glossary {
		for _, w := range words {
			names = append(names, w.term)
		}
	}
	for _, m := range methods {
		names = append(names, m.name)
	}
	for _, h := range headers {
		names = append(names, h.name)
	}
	for _, k := range sdpKinds {
		names = append(names, string(k.letter)+"=")
	}
	for _, a := range sdpAttributes {
		names = append(names, "a="+a.name)
	}
	return names
}
