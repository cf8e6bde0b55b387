package diagnosis

import (
	"softphonedoctor/wizard/evidence"
)

// levelRules are about how loud and how clear a voice is.
var levelRules = []Rule{
	{
		Cause: "clipping", Kind: Fault, Where: SoundDevice, Needs: evidence.HaveMedia,
		Title:    "{{.whose}} voice is too loud and sounds distorted.",
		Why:      "Of {{.samples}} measured values of the sound {{.clipped}} are stuck at the loudest one.",
		Overturn: "A recording at the microphone that is distorted nowhere.",
		Fix: []Remedy{
			{ForUser, "Lower the microphone's level {{.place}}."},
		},
		Check:    checkClipping,
		RuledOut: eachCall(levelsKnown),
	},
	{
		Cause: "sound-muffled", Kind: Hint, Where: Account, Needs: evidence.HaveMedia | evidence.HaveSymptom,
		Title:    "The call uses telephone sound, which is muffled by nature.",
		Why:      "The format was {{.codec}}, which carries nothing above 3.4 kHz.",
		Overturn: "Other calls in the same format sounding clear; then it is the headset.",
		Fix: []Remedy{
			{ForUser, "Switch on G.722 or Opus in the phone's list of codecs (sound formats); use a wired headset in place of Bluetooth."},
		},
		Check:    checkMuffled,
		RuledOut: eachCall(notMuffled),
	},
	{
		Cause: "sound-too-quiet", Kind: Fault, Where: OtherSide, Needs: evidence.HaveMedia, Either: evidence.HaveLevels | evidence.HaveSound,
		Title:    "{{.what}}",
		Why:      "{{.seen}}",
		Overturn: "Nobody having spoken there.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to speak closer to the microphone and to raise its level."},
		},
		ExplainedBy: []string{"call-on-hold", "audio-in-undecodable"},
		Check:       checkQuiet,
		RuledOut:    eachCall(loudIn),
	},
}

func checkClipping(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		for _, s := range []*evidence.Stream{mainIn(c), mainOut(c)} {
			if s == nil || !s.Level.Known || s.Level.Constant || s.Level.Clipped < clippedLeast || 100*float64(s.Level.Clipped) < clippedShare*float64(s.Level.Samples) {
				continue
			}
			h := Hit{Certainty: Likely, CallID: c.ID, Direction: s.Direction, Cites: []Cite{{s.FirstN, "the distorted sound begins"}},
				Args: args{"whose": "Your", "place": "on this computer", "clipped": count(int(s.Level.Clipped)), "samples": count(int(s.Level.Samples))}}
			if s.Direction == evidence.In {
				h.Where, h.Args["whose"], h.Args["place"] = OtherSide, "The other person's", "on the other side"
			}
			hits = append(hits, h)
		}
	}
	return hits
}

func checkMuffled(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if !said(e, "symptom", "muffled") {
		return nil
	}
	for _, c := range answeredCalls(e) {
		if s := mainIn(c); s != nil && s.Codec.ClockRate == 8000 && s.Codec.Name != "G722" && s.Codec.Name != "" {
			hits = append(hits, Hit{Certainty: Possible, Kind: Fault, CallID: c.ID, Direction: evidence.In, Args: args{"codec": s.Codec.Name},
				Cites: []Cite{{s.FirstN, "sound as " + s.Codec.Name}, answered(e, "symptom", "it sounds muffled")}})
		}
	}
	return hits
}

func checkQuiet(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainIn(c)
		if p, ok := returned(e, c); ok && said(e, "symptom", "quiet") {
			if level, known := p.Number("level"); known && level < returnFaint {
				hits = append(hits, Hit{Certainty: Possible, Where: Provider, CallID: c.ID, Direction: evidence.Both,
					Args:  args{"what": "Sound gets much quieter on its way.", "seen": "Our own sound came back from the echo service " + trimZero(-level, 0) + " dB weaker than it was sent; usual are 0 to 6 dB."},
					Cites: []Cite{{p.N, "measured: our own sound comes back " + trimZero(-level, 0) + " dB weaker"}, answered(e, "symptom", "it is too quiet")}})
				continue
			}
		}
		if s == nil || 2*s.Packets < 3*someSound || !s.Level.Known || s.Level.Constant || s.Level.DBFS < silentBelow || s.Level.DBFS >= quietBelow || s.Level.Peak >= quietPeak {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
			Args: args{"what": "The other side is very quiet.", "seen": "Their sound came with " + trimZero(s.Level.DBFS, 0) + " dB, " + trimZero(s.Level.Peak, 0) +
				" dB at its loudest; speech has about -30 dB."},
			Cites: []Cite{{s.FirstN, "the quiet sound begins"}}})
	}
	return hits
}
