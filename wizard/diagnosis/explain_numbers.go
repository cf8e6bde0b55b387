package diagnosis

import (
	"fmt"
	"strconv"
	"strings"
)

// classTitles name the classes of response codes, by their first digit.
var classTitles = [7]struct{ title, text string }{
	1: {"1xx: on the way", "Answers that begin with 1 are news while something is still being worked on. Nothing is decided yet; a final answer follows."},
	2: {"2xx: success", "Answers that begin with 2 mean yes: the server or the other phone did what was asked."},
	3: {"3xx: somewhere else", "Answers that begin with 3 mean: try another address. The phone, or you, have to ask there."},
	4: {"4xx: not like this", "Answers that begin with 4 refuse this one request: something in it, in the account or at the person called does not fit. After a change it may work; unchanged it will mostly fail again."},
	5: {"5xx: trouble at a server", "Answers that begin with 5 mean that a server has a problem of its own. The request may be fine; wait a little, or another server may take it."},
	6: {"6xx: no, everywhere", "Answers that begin with 6 are a final no for every place at which the person could be reached. Trying other ways to the same person is useless now."},
}

// proper are codes whose title alone would frighten: what they are in truth.
var proper = map[int]string{
	401: "A question for name and password: normal once, a failure only when it comes again after they were sent.",
	407: "A question for name and password: normal once, a failure only when it comes again after they were sent.",
	422: "A correction that a good phone carries out by itself.",
	423: "A correction that a good phone carries out by itself.",
	433: "A wish of the person called, not a fault.",
	480: "Mostly a proper ending of a call: the person cannot be reached now.",
	486: "A proper ending of a call, not a fault.",
	487: "A proper ending of a call, not a fault.",
	491: "A short collision that the phone solves by itself.",
	600: "A proper ending of a call, not a fault.",
	604: "A proper ending of a call: the number does not exist.",
}

func explainCode(n int) (Explanation, error) {
	c, known := LookupCode(n)
	if c.Name == "" {
		return Explanation{}, fmt.Errorf("%d is no response code: they run from 100 to 699; \"codes\" lists them", n)
	}
	e := Explanation{Title: fmt.Sprintf("%d %s", c.Number, c.Name)}
	if p, ok := proper[n]; ok {
		e.add("", p)
	} else {
		e.add("", classTitles[n/100].text)
	}
	e.add("When the phone signs in", c.Register)
	e.add("When a call is set up", c.Invite)
	e.add("During a call", c.MidCall)
	e.add("What you can do", c.User)
	e.add("For administrators", c.Admin)
	e.add("For the provider", c.Provider)
	e.add("Defined in", c.RFC)
	if p, ok := LookupPayloadNumber(n); ok && !known {
		e.add("Also", fmt.Sprintf("As the number of a sound format %d means: %s (ask for \"pt:%d\")", n, p.Meaning, n))
	}
	if w, known := LookupWarning(n); known {
		e.add("Also", fmt.Sprintf("In a Warning header the same number means: %s (ask for \"warning:%d\")", w.Name, n))
	}
	return e, nil
}

func explainClass(n int) (Explanation, error) {
	if n < 1 || n > 6 {
		return Explanation{}, fmt.Errorf("there is no class %dxx: response codes run from 1xx to 6xx; \"codes\" lists them", n)
	}
	e := Explanation{Title: classTitles[n].title}
	e.add("", classTitles[n].text)
	e.add("What you can do", classCodes[n].User)
	e.add("Codes of this class", codeList(n))
	e.add("", "The number counts; servers may write other words behind it. A code that is in no list means the same as its class.")
	return e, nil
}

func explainQ850(n int) (Explanation, error) {
	q, known := LookupQ850(n)
	if q.Name == "" {
		return Explanation{}, fmt.Errorf("%d is no cause of the telephone network: they run from 1 to 127; \"q850\" lists them", n)
	}
	e := Explanation{Title: fmt.Sprintf("Q.850 cause %d: %s", n, q.Name)}
	if !known {
		e.add("", "This value is in no list; what follows is the meaning of its class.")
	}
	e.add("", q.Meaning)
	e.add("Where", placeName(q.Where))
	e.add("What you can do", q.User)
	e.add("For administrators", q.Admin)
	e.add("Where it stands", "In a Reason line of a message, as Q.850;cause="+strconv.Itoa(n)+". The telephone network behind the provider says so, and it is more precise than the response code.")
	return e, nil
}

func explainWarning(n int) (Explanation, error) {
	w, known := LookupWarning(n)
	if w.Name == "" {
		return Explanation{}, fmt.Errorf("%d is no warning code: they run from 300 to 399; \"warning\" lists them", n)
	}
	e := Explanation{Title: fmt.Sprintf("Warning %d: %s", n, w.Name)}
	if !known {
		e.add("", "This code is in no list; what follows is the meaning of its range.")
	}
	e.add("", w.Meaning)
	e.add("What you can do", w.User)
	e.add("For administrators", w.Admin)
	return e, nil
}

func explainPayload(what string) (Explanation, error) {
	n, err := strconv.Atoi(what)
	if err != nil {
		p, ok := LookupPayloadName(what)
		if !ok {
			return Explanation{}, fmt.Errorf("no sound or video format is named %q; \"pt\" lists them", what)
		}
		e := Explanation{Title: p.Name}
		payloadParagraphs(&e, p)
		return e, nil
	}
	p, ok := LookupPayloadNumber(n)
	if !ok {
		return Explanation{}, fmt.Errorf("%d is no payload type: they run from 0 to 127; \"pt\" lists them", n)
	}
	e := Explanation{Title: fmt.Sprintf("Payload type %d: %s", n, p.Name)}
	payloadParagraphs(&e, p)
	if n == 101 {
		e.add("", "101 itself is nearly always telephone-event (keys pressed during a call, RFC 4733, earlier RFC 2833, also called rtp-nte).")
	}
	return e, nil
}

func payloadParagraphs(e *Explanation, p PayloadType) {
	e.add("", p.Meaning)
	if p.From < 0 {
		e.add("Number", "It has no fixed number: each call gives it one from 96 to 127 in an a=rtpmap line.")
	}
	if p.Clock > 0 {
		e.add("Clock", fmt.Sprintf("%d ticks a second.", p.Clock))
	}
	switch {
	case p.Decodes:
		e.add("In this program", "It can be played, and its loudness measured.")
	case p.Kind == "tones":
		e.add("In this program", "It is counted apart from the speech and never played.")
	case p.Kind == "audio" || p.Kind == "noise":
		e.add("In this program", "Its packets are counted and their loss and jitter measured; it is not turned into sound.")
	case p.Kind == "video":
		e.add("In this program", "Its packets are counted; no picture is shown.")
	}
}

func explainCauseOrNumber(what string) (Explanation, error) {
	if n, err := strconv.Atoi(what); err == nil {
		c, ok := LookupCauseNumber(n)
		if !ok {
			return Explanation{}, fmt.Errorf("no cause has the number %d; \"causes\" lists them", n)
		}
		return explainCause(c), nil
	}
	if c, ok := LookupCause(what); ok {
		return explainCause(c), nil
	}
	return Explanation{}, unknownTerm(what, what)
}

func explainCause(c Cause) Explanation {
	e := Explanation{Title: c.Title}
	switch c.Kind {
	case Outcome:
		e.add("", "This is how a call can properly end: nothing is broken.")
	case Hint:
		e.add("", "This is a fact worth knowing. It becomes a fault only when something fails because of it.")
	case Fault:
		e.add("", "This is a fault: something has to be mended.")
	}
	e.add("Where", placeName(c.Where))
	e.add("What you can do", c.Tell)
	e.add("How it is recognised", c.Proof)
	e.add("Shows itself in", situationTitles(c.Situations))
	e.add("Id", fmt.Sprintf("%s (number %d in support codes)", c.ID, c.Number))
	return e
}

// placeName says a place in words.
func placeName(w Where) string {
	switch w {
	case SoundDevice:
		return "In the sound device: microphone, speaker or headset."
	case ThisComputer:
		return "In this computer."
	case LocalNetwork:
		return "In the local network: router, Wi-Fi or firewall."
	case Internet:
		return "On the internet, between router and provider."
	case Provider:
		return "At the provider."
	case OtherNetwork:
		return "In a network behind the provider."
	case OtherSide:
		return "At the other side."
	case Account:
		return "In the settings of the account or the phone."
	case OtherSoftphone:
		return "In the phone program that is usually used."
	}
	return "Nowhere: nothing is broken."
}

func codeList(class int) string {
	var b strings.Builder
	for _, c := range Codes() {
		if c.Number/100 == class {
			fmt.Fprintf(&b, "%d %s: %s\n", c.Number, c.Name, codeInShort(c))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// codeInShort picks the one context that a code mostly comes in.
func codeInShort(c Code) string {
	for _, s := range []string{c.Invite, c.Register, c.MidCall} {
		if !strings.HasPrefix(s, "Not ") {
			return s
		}
	}
	return c.MidCall
}
