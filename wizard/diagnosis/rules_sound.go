package diagnosis

import (
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// soundRules are about sound devices and what they do to a voice: echo, cut
// words, clocks that run apart.
var soundRules = []Rule{
	{
		Cause: "sound-device-unavailable", Kind: Fault, Where: SoundDevice, Needs: evidence.HaveSound,
		Title:    "The {{.device}} of this computer cannot be used.",
		Why:      "{{.seen}}",
		Overturn: "Another program using the same {{.device}} at the same time.",
		Fix: []Remedy{
			{ForUser, "{{.first}} Then close other programs that use the {{.device}}, or choose another one in the phone's sound settings."},
		},
		Check:    checkDevices,
		RuledOut: devicesOpen,
	},
	{
		Cause: "echo-heard-here", Kind: Fault, Where: OtherSide, Either: evidence.HaveSymptom | evidence.HaveSound,
		Title:    "You hear your own voice again: it comes back from the other side.",
		Why:      "{{.seen}} An echo is made at the side that does not hear it.",
		Overturn: "The echo staying when the other person mutes the microphone.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to use a headset or to turn the speaker down. If every call has it, tell your provider."},
			{ForProvider, "Look at the echo canceller of the gateway that this call left by."},
		},
		Check:    checkEchoHere,
		RuledOut: noEchoHere,
	},
	{
		Cause: "echo-heard-there", Kind: Fault, Where: SoundDevice, Either: evidence.HaveSymptom | evidence.HaveSound,
		Title:    "The others hear their own voice again: your microphone picks up your speaker.",
		Why:      "{{.seen}} An echo is made at the side that does not hear it.",
		Overturn: "The echo staying while your speaker is silent.",
		Fix: []Remedy{
			{ForUser, "Use a headset, or turn the speaker down and move the microphone away from it; switch echo cancelling on in the phone's sound settings."},
		},
		Check:    checkEchoThere,
		RuledOut: noEchoThere,
	},
	{
		Cause: "words-cut", Kind: Fault, Where: SoundDevice, Needs: evidence.HaveMedia | evidence.HaveSymptom,
		Title:    "{{.whose}} phone stops sending whenever it takes speech for silence.",
		Why:      "The sound stopped and began again {{.times}} in {{.lasted}} with nothing lost on the way: the sender paused by itself.",
		Overturn: "The words staying cut with this switched off in the sending phone.",
		Fix: []Remedy{
			{ForUser, "{{.who}} the suppression of silence (also called VAD) off in the settings of the sending phone, and the noise filter of the headset."},
		},
		ExplainedBy: []string{"loss-in", "loss-bursty", "jitter-high", "audio-in-two-streams", "call-on-hold", "audio-stops-midcall"},
		Check:       checkWordsCut,
		RuledOut:    eachCall(noPauses),
	},
	{
		Cause: "clock-drift", Kind: Fault, Where: SoundDevice, Either: evidence.HaveMedia | evidence.HaveSound,
		Title:    "{{.whose}} sound device runs too {{.how}}, so the sound slips or crackles.",
		Why:      "Its clock {{.does}} {{.skew}} every minute against this computer's; up to {{.limit}} nobody hears.",
		Overturn: "The same figure with another sound device.",
		Fix: []Remedy{
			{ForUser, "{{.who}} another sound device, or set it to 48000 Hz in the computer's sound settings."},
		},
		ExplainedBy: []string{"audio-in-two-streams", "sender-irregular"},
		Check:       checkDrift,
		RuledOut:    noDrift,
	},
}

// reasons say in plain words why a device could not be used, and what to do first.
var reasons = map[string][2]string{
	"denied":  {"This computer does not allow the program to use it.", "Allow the program to use the %s in the computer's privacy settings."},
	"missing": {"No such device is there.", "Plug the %s in."},
	"busy":    {"Another program holds it.", "Close the other program."},
	"lost":    {"It was there and vanished while it was in use.", "Check plug, cable and battery of the %s."},
	"hangs":   {"It was opened and then gave no sign of life.", "Plug the %s out and in again, or restart the computer."},
	"failed":  {"It could not be opened.", "Plug the %s out and in again."},
}

func checkDevices(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, d := range []struct {
		key, name string
		dir       evidence.Direction
	}{{capture.SoundMicrophone, "microphone", evidence.Out}, {capture.SoundSpeaker, "speaker", evidence.In}} {
		p, ok := e.Probe(d.key)
		if !ok || p.Yes() {
			continue
		}
		why, known := reasons[p.Text("reason")]
		if !known {
			why = reasons["failed"]
		}
		hits = append(hits, Hit{Certainty: Confirmed, Direction: d.dir,
			Args:  args{"device": d.name, "seen": why[0], "first": strings.ReplaceAll(why[1], "%s", d.name)},
			Cites: []Cite{{p.N, "the " + d.name + " did not open, or did not stay"}}})
	}
	return hits
}

func devicesOpen(e *evidence.Evidence, _ Dictionary) bool {
	mic, ok := e.Probe(capture.SoundMicrophone)
	speaker, both := e.Probe(capture.SoundSpeaker)
	return ok && both && mic.Yes() && speaker.Yes()
}

func checkEchoHere(e *evidence.Evidence, _ Dictionary) []Hit {
	h := Hit{Certainty: Likely, Direction: evidence.In, Args: args{"seen": "You said that you hear yourself."}}
	heard := said(e, "symptom", "echo-here")
	if heard {
		h.Cites = cites(answered(e, "symptom", "one's own voice comes back"))
	}
	if p, ok := e.Probe(capture.SoundEcho); ok {
		delay, timed := p.Duration("delay")
		level, weighed := p.Number("level")
		loud := p.Yes() && timed && weighed && delay >= echoSoon && delay <= echoFar && level > echoWeak
		if !loud {
			return nil // it was looked for: what the person hears is made here, or is no echo
		}
		h.Certainty = certainOr(heard, Confirmed, Likely)
		h.Args["seen"] = "What was sent came back " + millis(delay) + " later, " + trimZero(-level, 0) + " dB weaker."
		h.Cites = append(h.Cites, Cite{p.N, "measured: our own sound comes back"})
	} else if !heard {
		return nil
	}
	return []Hit{h}
}

func noEchoHere(e *evidence.Evidence, _ Dictionary) bool {
	p, ok := e.Probe(capture.SoundEcho)
	return ok && !p.Yes()
}

func checkEchoThere(e *evidence.Evidence, _ Dictionary) []Hit {
	h := Hit{Certainty: Likely, Direction: evidence.Out, Args: args{"seen": "The other person said that their own voice comes back."}}
	heard := said(e, "symptom", "echo-there")
	if heard {
		h.Cites = cites(answered(e, "symptom", "the others hear themselves"))
	}
	p, ok := e.Probe(capture.SoundLoop)
	level, weighed := p.Number("level")
	switch {
	case ok && p.Yes() && weighed && level > echoWeak:
		h.Certainty = certainOr(heard, Confirmed, Possible)
		h.Args["seen"] = "The microphone picks up what this speaker plays, " + trimZero(-level, 0) + " dB weaker."
		h.Cites = append(h.Cites, Cite{p.N, "measured: the microphone hears the speaker"})
	case ok, !heard:
		return nil
	}
	return []Hit{h}
}

func noEchoThere(e *evidence.Evidence, _ Dictionary) bool {
	p, ok := e.Probe(capture.SoundLoop)
	return ok && !p.Yes()
}

// pauses counts a stream's own pauses, and tells whether they are many.
func pauses(s *evidence.Stream) (n int, many bool) {
	if s == nil || s.Untimed || s.Packets < someSound {
		return 0, false
	}
	n = int(s.Spurts)
	return n, n >= 3 && float64(n) >= manyPauses*s.Lasted().Minutes()
}

func checkWordsCut(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if !said(e, "symptom", "words-cut") {
		return nil
	}
	for _, c := range answeredCalls(e) {
		for _, s := range []*evidence.Stream{mainIn(c), mainOut(c)} {
			n, many := pauses(s)
			if !many {
				continue
			}
			h := Hit{Certainty: Likely, CallID: c.ID, Direction: s.Direction, Args: args{"whose": "Your", "who": "Switch", "times": times(n), "lasted": span(s.Lasted())},
				Cites: cites(Cite{s.FirstN, "the sound begins"}, answered(e, "symptom", "words are cut"))}
			if s.Direction == evidence.In {
				h.Where, h.Args["whose"], h.Args["who"] = OtherSide, "The other person's", "Ask them to switch"
			}
			hits = append(hits, h)
			break // what the person hears comes first
		}
	}
	return hits
}

// noPauses rules words-cut out where the person does not complain of it, or the
// sound went on without a pause.
func noPauses(e *evidence.Evidence, c *evidence.Call) bool {
	in := mainIn(c)
	return e.Have.Has(evidence.HaveSymptom) && (!said(e, "symptom", "words-cut") || in != nil && in.Packets >= someSound && in.Spurts == 0)
}

// drifts tells a clock that is off from one that is not, and from what is no clock.
func drifts(skew time.Duration) bool { return skew.Abs() > driftBad && skew.Abs() <= driftMost }

func checkDrift(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if p, ok := e.Probe(capture.SoundClock); ok && !p.Yes() {
		if skew, known := p.Duration("skew"); known && drifts(skew) {
			hits = append(hits, driftHit(evidence.Out, skew, Hit{Certainty: Confirmed, Cites: []Cite{{p.N, "measured: the device's clock is off"}}}))
		}
	}
	for _, c := range answeredCalls(e) {
		for _, s := range []*evidence.Stream{mainIn(c), mainOut(c)} {
			if s == nil || s.Untimed || s.SkewOver == 0 || !drifts(s.Skew) || s.Spurts > 0 || onHoldNow(c) {
				continue // a sender that pauses may count its timestamps as it likes
			}
			hits = append(hits, driftHit(s.Direction, s.Skew, Hit{Certainty: Likely, CallID: c.ID, Cites: []Cite{{s.FirstN, "the sound begins"}}}))
		}
	}
	return hits
}

// driftHit says whose clock is off; a positive skew is one that runs too slowly.
func driftHit(dir evidence.Direction, skew time.Duration, h Hit) Hit {
	h.Direction = dir
	h.Args = args{"whose": "Your", "who": "Choose", "how": "slow", "does": "loses", "skew": millis(skew.Abs()), "limit": millis(driftBad)}
	if dir == evidence.In {
		h.Where, h.Args["whose"], h.Args["who"] = OtherSide, "The other person's", "Ask them to choose"
	}
	if skew < 0 {
		h.Args["how"], h.Args["does"] = "fast", "gains"
	}
	return h
}

func noDrift(e *evidence.Evidence, d Dictionary) bool {
	return eachCall(func(_ *evidence.Evidence, c *evidence.Call) bool {
		in := mainIn(c)
		return in != nil && in.SkewOver > 0 && in.Skew.Abs() <= driftBad
	})(e, d)
}
