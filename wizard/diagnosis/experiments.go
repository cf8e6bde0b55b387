package diagnosis

import (
	"slices"
	"strings"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// tried gives the calls of the experiments with a name, in order.
func tried(e *evidence.Evidence, name string) (calls []*evidence.Call) {
	for _, x := range e.Experiments {
		if x.Name == name {
			calls = append(calls, x.Calls...)
		}
	}
	return calls
}

// again is the same call after one change that made a difference.
type again struct {
	call   *evidence.Call
	change string // "encryption srtp"
}

// helped finds the first change after which a call like c came to what it lacked.
func helped(e *evidence.Evidence, c *evidence.Call, came func(*evidence.Call) bool) (again, bool) {
	for _, x := range e.Experiments {
		if x.Name != capture.ExperimentAgain {
			continue
		}
		for _, k := range x.Calls {
			if k != c && k.Direction == c.Direction && k.To == c.To && came(k) {
				return again{k, x.Change}, true
			}
		}
	}
	return again{}, false
}

// isAgain tells that a call is itself a test after one change: what it meets is
// judged beside the call that it repeats.
func isAgain(e *evidence.Evidence, c *evidence.Call) bool {
	return slices.Contains(tried(e, capture.ExperimentAgain), c)
}

// awaited tells that somebody had been asked to call: their hanging up is part of the
// test.
func awaited(e *evidence.Evidence, c *evidence.Call) bool {
	return slices.Contains(tried(e, capture.ExperimentOutside), c) || slices.Contains(tried(e, capture.ExperimentInside), c)
}

// accepted tells that a call rang or was answered.
func accepted(c *evidence.Call) bool { return c.Progress != nil || c.Answer != nil }

// heardThere tells that sound came in.
func heardThere(c *evidence.Call) bool {
	in := mainIn(c)
	return has(c.Answer) && in != nil && in.Packets >= 25
}

// sizes gives the largest OPTIONS that was answered and the smallest one that was
// not, of those that were padded on purpose; nil where there is none.
func sizes(e *evidence.Evidence) (passed, lost *evidence.Transaction) {
	for _, x := range e.Experiments {
		if x.Name != capture.ExperimentSize {
			continue
		}
		for _, t := range x.Options {
			switch {
			case !overUDP(t.Request):
			case len(t.Responses) > 0 && (passed == nil || t.Request.Size > passed.Request.Size):
				passed = t
			case len(t.Responses) == 0 && pending(e, t) > 0 && (lost == nil || t.Request.Size < lost.Request.Size):
				lost = t
			}
		}
	}
	return passed, lost
}

// changeWords says a change in plain words, as it follows "the same call".
func changeWords(change string) string {
	what, how, _ := strings.Cut(change, " ")
	switch what {
	case "transport":
		return "by another way of connecting"
	case "encryption":
		return "with encrypted sound"
	case "codecs":
		return "with the sound formats " + strings.ReplaceAll(how, " ", ", ")
	}
	return "after one change (" + change + ")"
}
