package diagnosis

import (
	"strings"
	"time"

	"softphonedoctor/wizard/evidence"
)

// blockedBelow are the causes behind which missing inbound sound stands back.
var blockedBelow = []string{"sip-alg", "call-on-hold", "address-family-mismatch", "encryption-mismatch", "codec-mismatch",
	"ack-missing", "hairpin-not-supported", "nat-symmetric", "double-nat", "audio-stops-after-reinvite", "hung-up-by-media-gateway"}

var onewayInRules = []Rule{
	{
		Cause: "no-audio-in", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Title:    "No sound from the other side reaches this computer.",
		Why:      "The call was up for {{.up}} and not one sound packet came in. {{if .basis}}{{.basis}}{{else}}The other side did not say whether it sends, so its sound may have been held back or never sent.{{end}}",
		Overturn: "Sound packets of this call in a recording of this computer's network traffic.",
		Fix: []Remedy{
			{ForUser, "Call your provider's echo or test number, and try another network. If you hear something there, your router or firewall holds the sound back."},
			{ForAdmin, "Let UDP from the provider's sound addresses through, and turn SIP ALG off."},
		},
		ExplainedBy: append([]string{"ringback-early-media-blocked", "no-audio-out-private-target"}, blockedBelow...),
		Check:       silenceCheck("no-audio-in"),
		RuledOut:    silenceJudged("no-audio-in"),
	},
	{
		Cause: "no-audio-in-blocked", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Either:   evidence.HaveReports | evidence.HaveAgain | evidence.HaveProbes,
		Title:    "{{if .sending}}The other side's sound is sent, but lost on the way to this computer.{{else}}This network lets no call sound in.{{end}}",
		Why:      "In {{.up}} of the call no sound packet came in{{.sending}}. {{.basis}}",
		Overturn: "Sound packets of this call in a recording of this computer's network traffic.",
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG in the router's settings, or try another network: this one holds the sound back."},
			{ForAdmin, "Let UDP in from the provider's sound addresses."},
		},
		ExplainedBy: append([]string{"ringback-early-media-blocked"}, blockedBelow...),
		Check:       silenceCheck("no-audio-in-blocked"),
		RuledOut:    silenceJudged("no-audio-in-blocked"),
	},
	{
		Cause: "no-audio-in-wrong-address", Kind: Fault, Where: Account, Needs: evidence.HaveMedia,
		Title:    "This phone asks for its sound at an address that cannot be reached.",
		Why:      "In {{.up}} of the call no sound came; the phone had asked for it at {{.addr}}. {{.basis}}",
		Overturn: "Sound arriving in a call that names the same address.",
		Fix: []Remedy{
			{ForUser, "Disconnect a VPN, and switch STUN on in the phone's network settings if there is such a switch."},
			{ForAdmin, "Let the server send sound back to where it comes from (symmetric RTP), or set the public address in the phone."},
		},
		ExplainedBy: blockedBelow,
		Check:       silenceCheck("no-audio-in-wrong-address"),
		RuledOut:    silenceJudged("no-audio-in-wrong-address"),
	},
	{
		Cause: "no-audio-in-not-sent", Kind: Fault, Where: OtherSide, Needs: evidence.HaveMedia,
		Title:    "The other side sends no sound.",
		Why:      "In {{.up}} of the call no sound packet came in. {{.basis}}",
		Overturn: "Sound packets leaving the other side, in a recording made there.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to check mute and microphone, and to call you back."},
			{ForProvider, "See whether sound from the called side reaches your gateway; Call-ID {{.callid}}."},
		},
		ExplainedBy: blockedBelow,
		Check:       silenceCheck("no-audio-in-not-sent"),
		RuledOut:    silenceJudged("no-audio-in-not-sent"),
	},
	{
		Cause: "media-blocked-both-ways", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Either:   evidence.HaveTheyHear | evidence.HaveProbes,
		Title:    "This network lets no call sound through, neither in nor out.",
		Why:      "In {{.up}} of the call {{.sent}} sound packets left and none came in. {{.basis}}",
		Overturn: "Sound passing in one direction from this network.",
		Fix: []Remedy{
			{ForUser, "Try another network, or ask who runs this one. A VPN or your provider's relay can help."},
			{ForAdmin, "Allow UDP to and from the provider's sound ports."},
		},
		ExplainedBy: append([]string{"no-audio-out-private-target", "no-audio-out-port-closed", "no-audio-out-lost"}, blockedBelow...),
		Check:       silenceCheck("media-blocked-both-ways"),
		RuledOut:    silenceJudged("media-blocked-both-ways"),
	},
	{
		Cause: "call-on-hold", Kind: Outcome, Where: OtherSide, Either: evidence.HaveCallOut | evidence.HaveCallIn,
		Title:    "The call is on hold.",
		Why:      "{{.who}} put the call on hold{{.when}}; no voice passes while it is.",
		Overturn: "The call having been resumed by then.",
		Fix:      []Remedy{{ForUser, "Resume the call, or ask the other side to."}},
		Check:    checkOnHold,
		RuledOut: eachCall(holdSeen),
	},
	{
		Cause: "audio-in-silent", Kind: Fault, Where: OtherSide, Needs: evidence.HaveMedia,
		Title:    "The other side sends sound packets, but they hold silence.",
		Why:      "{{.packets}} packets came in, {{.level}}{{.constant}}; speech has about -30 dB.",
		Overturn: "Speech heard in this very call.",
		Fix: []Remedy{
			{ForUser, "Ask the other person to check mute and the microphone."},
			{ForProvider, "See where the sound of Call-ID {{.callid}} turns into silence."},
		},
		ExplainedBy: []string{"call-on-hold", "audio-in-undecodable", "encryption-mismatch"},
		Check:       checkInSilent,
		RuledOut:    eachCall(levelIn),
	},
	{
		Cause: "audio-in-undecodable", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "Sound comes in, but {{.how}}.",
		Why:      "{{.seen}}",
		Overturn: "The phone playing this sound properly.",
		Fix: []Remedy{
			{ForUser, "Leave only PCMU and PCMA (G.711) switched on in the phone's list of codecs (sound formats) and try again{{.also}}."},
			{ForProvider, "Send what the answer names; the sound of Call-ID {{.callid}} came {{.came}}."},
		},
		ExplainedBy: []string{"codec-mismatch", "encryption-mismatch"},
		Check:       checkUndecodable,
		RuledOut:    packetsIn(25),
	},
	{
		Cause: "audio-in-two-streams", Kind: Fault, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "Two sounds come in at once, and they get in each other's way.",
		Why:      "From {{.from}} two sounds came side by side for {{.both}}, of {{.a}} and {{.b}} packets.",
		Overturn: "One of the two sounds belonging to another call.",
		Fix: []Remedy{
			{ForUser, "Hang up all calls, wait a minute and call again."},
			{ForProvider, "Stop the second sender: an earlier call leg of Call-ID {{.callid}} still sends."},
		},
		Check:    checkTwoStreams,
		RuledOut: packetsIn(25),
	},
	{
		Cause: "audio-in-other-source", Kind: Hint, Where: Provider, Needs: evidence.HaveMedia,
		Title:    "The sound comes from another address than the one that was announced.",
		Why:      "Sound was announced from {{.named}} and came from {{.came}}.",
		Overturn: "The server having announced the new address later.",
		Fix: []Remedy{
			{ForUser, "If you hear nothing: set the phone or firewall to take sound from any address of your provider."},
			{ForProvider, "Announce the address that really sends; Call-ID {{.callid}}."},
		},
		Check:    checkOtherSource,
		RuledOut: eachCall(sourceSeen),
	},
	{
		Cause: "audio-in-not-played", Kind: Fault, Where: SoundDevice,
		Needs:    evidence.HaveLevels,
		Either:   evidence.HaveHeard | evidence.HaveHeardRinging,
		Title:    "The sound arrives on this computer, but you do not hear it.",
		Why:      "{{.packets}} packets with a good level ({{.level}}) came in, and you heard nothing.",
		Overturn: "The sound of this call being heard on this computer after all.",
		Fix: []Remedy{
			{ForUser, "Choose the right speaker or headset for the phone, and check its volume and cable."},
		},
		ExplainedBy: []string{"audio-in-undecodable", "audio-in-two-streams", "audio-in-other-source", "call-on-hold", "audio-stops-midcall", "audio-stops-after-reinvite", "sound-device-unavailable"},
		Check:       checkNotPlayed,
		RuledOut:    heardIt,
	},
}

// silenceCheck is the Check of a cause of missing inbound sound.
func silenceCheck(cause string) check {
	return func(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
		if !mediaVisible(e) {
			return notTold()
		}
		for _, c := range e.Calls {
			if !has(c.Invite) || isAgain(e, c) {
				continue // a change that did not help says nothing by itself
			}
			s := judgeSilence(e, c)
			if s.cause != cause {
				continue
			}
			h := Hit{Certainty: s.certainty, CallID: c.ID, Direction: evidence.In,
				Args:  args{"up": span(up(e, c)), "basis": s.basis, "callid": c.ID, "addr": "", "sent": "0", "sending": ""},
				Cites: append(cites(cite(c.Answer, "answered, and no sound came after it")), cites(s.cites...)...)}
			if cause == "media-blocked-both-ways" {
				h.Direction = evidence.Both
			}
			if !strings.HasPrefix(s.basis, mirrorTest) {
				h.Args["sending"] = ", although it is sent"
			}
			if m := localMedia(c); m != nil {
				h.Args["addr"] = m.Addr
			}
			if out := mainOut(c); out != nil {
				h.Args["sent"] = count(int(out.Packets))
				h.Cites = append(h.Cites, Cite{out.FirstN, "our sound leaves"})
			}
			hits = append(hits, h)
		}
		return hits
	}
}

func checkOnHold(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		if c.Answer == nil {
			continue
		}
		hold, by, word := holdOf(c)
		when := ""
		if hold == "" && c.ByReinvite == nil {
			if m := remoteMedia(c); m != nil && m.Port != 0 && onHold(m) == "other" && mainIn(c) == nil {
				hold, by, word = "other", m.Message, holdWord(m.Addr, m.Port, m.Direction)
			}
		} else if has(by) {
			when = " " + span(by.Time.Sub(c.Answer.Time)) + " after the answer"
		}
		if hold == "" {
			continue
		}
		who := "The other side"
		if hold == "here" {
			who = "This phone"
		}
		hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.Both, Args: args{"who": who, "when": when},
			Cites: cites(cite(by, "on hold: "+word))})
	}
	return hits
}

func checkInSilent(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		s := mainIn(c)
		if h, ok := onlyComfort(e, c); ok {
			hits = append(hits, h)
			continue
		}
		if c.Answer == nil || s == nil || !s.Level.Known || s.Packets-min(s.Early, s.Packets) < someSound || said(e, "heard", "yes") {
			continue
		}
		l := s.Level
		if !l.Constant && (l.DBFS >= silentBelow || s.Lasted() < 4*time.Second) {
			continue
		}
		if _, ok := echoOfNothing(e, c); ok {
			continue // it is our own sound that is missing
		}
		certainty, constant := Likely, ""
		if said(e, "heard", "no") {
			certainty = Confirmed
		}
		if l.Constant {
			constant = " and not the least change"
		}
		hits = append(hits, Hit{Certainty: certainty, CallID: c.ID, Direction: evidence.In,
			Args:  args{"packets": count(int(s.Packets)), "level": "with a level of " + trimZero(l.DBFS, 0) + " dB", "constant": constant, "callid": c.ID},
			Cites: cites(Cite{s.FirstN, "the first of the silent packets"}, answeredNo(e, "heard", "nothing is heard"))})
	}
	return hits
}

// onlyComfort finds a side that says all the time that there is nothing to say: comfort
// noise and no other packet (RFC 3389).
func onlyComfort(e *evidence.Evidence, c *evidence.Call) (h Hit, ok bool) {
	s := mainIn(c)
	if c.Answer == nil || s == nil || s.Comfort < 2 || s.Comfort < s.Packets || up(e, c) < lossShort || said(e, "heard", "yes") {
		return h, false
	}
	return Hit{Certainty: certainOr(said(e, "heard", "no"), Confirmed, Likely), CallID: c.ID, Direction: evidence.In,
		Args:  args{"packets": count(int(s.Packets)), "level": "all of them comfort noise, which stands for silence", "constant": "", "callid": c.ID},
		Cites: cites(Cite{s.FirstN, "the first packet of comfort noise"}, answeredNo(e, "heard", "nothing is heard"))}, true
}

// answeredNo cites an answer only when it was no.
func answeredNo(e *evidence.Evidence, key, label string) Cite {
	if !said(e, key, "no") {
		return Cite{}
	}
	return answered(e, key, label)
}

func certainOr(yes bool, a, b Certainty) Certainty {
	if yes {
		return a
	}
	return b
}

func addrPort(m *evidence.Media) string { return m.Addr + ":" + trimZero(float64(m.Port), 0) }
