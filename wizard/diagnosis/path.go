package diagnosis

import (
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// The segments of the path, by their place in Diagnosis.Path.
const (
	segMicrophone = iota // microphone and speaker - computer
	segRouter            // computer - router
	segProvider          // router - provider, the internet in between
	segOther             // provider - other side
)

// pathOf says for each segment and direction what was seen of the sound. Packets
// that arrived prove the way in as far as the provider; the way out is proven
// only by what the other side reports, or by the person there.
func pathOf(e *evidence.Evidence, findings []Finding) [4]Segment {
	var p [4]Segment
	mine := ours(e)
	for _, c := range e.Calls {
		if mine(c) {
			pathOfCall(&p, c)
		}
	}
	if said(e, "heard", "yes") || said(e, "heard_ringing", "yes") && heardFromFar(e) {
		for i := range p {
			p[i].In = Good
		}
	}
	if said(e, "they_hear", "yes") {
		for i := range p {
			p[i].Out = Good
		}
		if _, looked := e.Probe(capture.SoundMicrophone); !looked {
			p[segMicrophone].Out = Unknown // they may hear a test tone that no microphone made
		}
	}
	pathMeasured(&p, e)
	if r, ok := e.Probe(capture.SoundReturn); ok && r.Yes() {
		for i := segRouter; i < len(p); i++ {
			p[i] = Segment{Out: Good, In: Good} // the sound itself went there and came back
		}
	}
	for i := range findings {
		markBreak(&p, &findings[i])
	}
	return p
}

func pathOfCall(p *[4]Segment, c *evidence.Call) {
	for _, s := range callStreams(c) {
		switch {
		case s.Direction == evidence.In && s.Packets > 0:
			p[segRouter].In, p[segProvider].In = Good, Good
			if s.Level.Known && !s.Level.Constant && s.Level.DBFS > silentBelow {
				p[segOther].In = Good
			}
		case s.Direction == evidence.Out && peerReceives(s):
			p[segRouter].Out, p[segProvider].Out = Good, Good
			if direct(c, s) {
				p[segOther].Out = Good
			}
		}
	}
}

// direct tells that the sound goes straight to the other side and not to a relay:
// the media address is the answerer's own contact and not the server's address.
func direct(c *evidence.Call, s *evidence.Stream) bool {
	if !has(c.Answer) || !has(c.Invite) || c.Direction != evidence.Out {
		return false
	}
	server, media := c.Invite.To.Addr(), s.To.Addr()
	if media == server {
		return false
	}
	for _, contact := range c.Answer.Contacts() {
		if contact.URI.Host == media.Unmap().String() {
			return true
		}
	}
	return false
}

// heardFromFar tells that a ringing tone came over the network, not from our phone.
func heardFromFar(e *evidence.Evidence) bool {
	for _, c := range e.Calls {
		for _, s := range callStreams(c) {
			if s.Direction == evidence.In && s.Early > 0 {
				return true
			}
		}
	}
	return false
}

// markBreak draws a root fault into the path. A mere guess does not overrule
// what was seen to work.
func markBreak(p *[4]Segment, f *Finding) {
	if f.Symptom || f.Kind() != Fault {
		return
	}
	var seg int
	switch f.Place() {
	case SoundDevice, ThisComputer:
		seg = segMicrophone
	case LocalNetwork:
		seg = segRouter
	case Internet, Provider:
		seg = segProvider
	case OtherSide, OtherNetwork:
		seg = segOther
	default:
		return
	}
	mark := func(s *State) {
		if *s != Good || f.Certainty > Possible {
			*s = Broken
		}
	}
	if f.Direction != evidence.Out {
		mark(&p[seg].In)
	}
	if f.Direction != evidence.In {
		mark(&p[seg].Out)
	}
}
