package probe

import (
	"errors"

	"softphonedoctor/sipclient/capture"
)

// sayPorts answers whether the ways are treated alike. Differences:
//
//	seen    over UDP (or TCP) the server says that it sees this computer inside this
//	        network, over TCP or TLS outside of it
//	silent  from port 5060 here no answer came, from another port one did
//	forced  whatever port was used here, the server saw 5060
func (b *Bench) sayPorts(ways []*echo) {
	usual, other := ways[0], ways[1]
	var details []any
	known := 0
	for _, w := range ways {
		word := "no"
		switch {
		case w.busy:
			word = "busy"
		case w.plain != nil:
			word = "yes"
			known++
		case w.err == nil:
			word = "unclear"
		}
		details = append(details, w.name, word)
		if at := w.plain.seen(); at.IsValid() {
			details = append(details, "seen-"+w.name, at)
		}
	}
	if known == 0 || known == 1 && (usual.plain != nil || other.plain == nil) {
		b.NotChecked(capture.ProbeALGPorts, "there are no two ways to compare: only %d answered", known)
		return
	}
	var differs []string
	if inside, outside := facesOf(ways); inside != nil && outside != nil {
		differs = append(differs, "seen")
		details = append(details, "inside", inside.name, "outside", outside.name)
	}
	if usual.plain == nil && !usual.busy && errors.Is(usual.err, errSilent) && other.plain != nil && !b.Answer(capture.ProbeUDP).Yes() {
		differs = append(differs, "silent")
	}
	at := other.blind.seen() // a helper may have put the other port back into the usual answer
	if !at.IsValid() {
		at = other.plain.seen()
	}
	if at.Port() == sipPort && other.local.Port() != sipPort {
		differs = append(differs, "forced")
	}
	b.Say(capture.ProbeALGPorts, len(differs) == 0, append([]any{"differs", differs}, details...)...)
}

// facesOf finds two ways to the same server address over which it says that it sees
// this computer here, and elsewhere.
func facesOf(ways []*echo) (inside, outside *echo) {
	for _, a := range ways {
		if a.plain == nil || a.plain.seen().Addr() != a.local.Addr() || a.over == capture.TLS {
			continue
		}
		for _, o := range ways {
			if o.plain == nil || o == a || o.server.Addr() != a.server.Addr() || o.local.Addr() != a.local.Addr() {
				continue
			}
			if at := o.plain.seen(); at.IsValid() && at.Addr() != o.local.Addr() {
				return a, o
			}
		}
	}
	return nil, nil
}
