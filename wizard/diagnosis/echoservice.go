package diagnosis

import (
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// What an echo service tells that sends sound back, but nothing of ours:
//
//   - silence, and nobody reports that our sound arrives: most likely it does not get
//     there, for an echo of nothing is silence (no-audio-out-lost, likely);
//   - silence, though its reports count our packets: our sound arrives, and what turns it
//     into silence is beyond them (audio-in-silent);
//   - music, a voice or anything else: it is no echo service at this moment, but an
//     announcement, a queue or another number. Nothing follows for the way out;
//   - nothing at all: the rules about sound that does not come in.

// echoAnswer is the note that nothing of ours came back in a call to an echo service, and
// the sound that came in its place.
func echoAnswer(e *evidence.Evidence, c *evidence.Call) (p evidence.Probe, in *evidence.Stream, ok bool) {
	p, ok = e.Probe(capture.SoundReturn)
	in = mainIn(c)
	return p, in, ok && !p.Yes() && within(e, c, p) && in != nil && in.Level.Known && in.Packets-min(in.Early, in.Packets) >= someSound
}

// within tells that a probe is about this call.
func within(e *evidence.Evidence, c *evidence.Call, p evidence.Probe) bool {
	return !p.Time.Before(c.Answer.Time) && !p.Time.After(end(e, c).Add(settled))
}

// echoOfNothing tells that an echo service sends back silence and nobody reports that our
// sound arrives there, and what proves it.
func echoOfNothing(e *evidence.Evidence, c *evidence.Call) (proof []Cite, ok bool) {
	p, in, ok := echoAnswer(e, c)
	out := mainOut(c)
	if !ok || !in.Level.Constant && in.Level.DBFS >= silentBelow || out == nil || out.Packets < someSound || peerReceives(out) || said(e, "heard", "yes") || said(e, "they_hear", "yes") {
		return nil, false
	}
	return []Cite{{p.N, "measured: nothing of our sound comes back from the echo service"}, {in.FirstN, "it sends silence in its place"}}, true
}
