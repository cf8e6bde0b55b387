package diagnosis

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
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

func checkUndecodable(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		var s *evidence.Stream
		for _, x := range streams(c, evidence.In) {
			if x.Unknown >= 25 && 2*x.Unknown > x.Packets && (s == nil || x.Unknown > s.Unknown) {
				s = x
			}
		}
		if c.Answer == nil {
			continue
		}
		if s == nil {
			hits = append(hits, misread(c)...)
			continue
		}
		var names []string
		for _, m := range []*evidence.Media{c.Offer, c.Agreed} {
			if m != nil {
				names = names[:0]
				for _, k := range m.Codecs {
					if voice(k.Name) {
						names = append(names, k.Name)
					}
				}
			}
		}
		agreed := "formats that were not seen"
		if len(names) > 0 {
			agreed = join(names)
		}
		seen := count(int(s.Unknown)) + " of " + count(int(max(s.Packets, s.Unknown))) + " sound packets have format number " + strconv.Itoa(int(s.UnknownPT)) +
			", which neither side named; agreed were " + agreed + "."
		hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.In,
			Args: args{"how": "in a format that was not agreed", "seen": seen, "also": "", "came": "with payload type " + strconv.Itoa(int(s.UnknownPT)),
				"pt": int(s.UnknownPT), "callid": c.ID},
			Cites: cites(Cite{s.FirstN, "the first packet of this sound"}, cite(c.Answer, "the formats that were agreed"))})
	}
	return hits
}

// misread finds sound whose bytes are not what its format says: encrypted, or written by
// the other law of G.711. Both are played as noise.
func misread(c *evidence.Call) (hits []Hit) {
	for _, s := range streams(c, evidence.In) {
		h := Hit{CallID: c.ID, Direction: evidence.In, Cites: cites(Cite{s.FirstN, "the sound that is no " + orElse(s.Codec.Name, "sound")}, cite(c.Answer, "the formats that were agreed"))}
		switch s.Fabric {
		case codec.FabricEven:
			h.Certainty = Confirmed
			h.Args = args{"how": "it is encrypted and played as noise", "also": ", and the other choice for the encryption of sound", "came": "encrypted although plain sound was agreed, or with another key",
				"seen": "Its packets say " + orElse(s.Codec.Name, "that they are sound") + ", but every byte is as frequent as any other, as only encrypted data is."}
		case codec.FabricOtherLaw:
			other := map[string]string{"PCMU": "PCMA", "PCMA": "PCMU"}[s.Codec.Name]
			h.Certainty = Likely
			h.Args = args{"how": "in another format than its packets say, so that it is harsh and loud", "also": ", with one of the two only", "came": "as " + other + " in packets that say " + s.Codec.Name,
				"seen": "Its packets say " + s.Codec.Name + ", but read as " + other + " the sound is smooth and much quieter, as a voice is."}
		default:
			continue
		}
		h.Args["callid"] = c.ID
		hits = append(hits, h)
	}
	return hits
}

func checkTwoStreams(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		if a, b, both := overlap(streams(c, evidence.In)); a != nil {
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.In,
				Args:  args{"from": a.From.Addr().String(), "both": span(both), "a": count(int(a.Packets)), "b": count(int(b.Packets)), "callid": c.ID},
				Cites: []Cite{{a.FirstN, "the first sound begins"}, {b.FirstN, "the second sound begins"}}})
		}
	}
	return hits
}

// overlap finds two streams from one address that ran side by side for a second
// or more. One that follows another is a change of sender, no fault.
func overlap(list []*evidence.Stream) (a, b *evidence.Stream, both time.Duration) {
	for i, x := range list {
		for _, y := range list[i+1:] {
			if x.SSRC == y.SSRC || x.From.Addr() != y.From.Addr() || x.Packets < 25 || y.Packets < 25 {
				continue
			}
			from, to := x.First, x.Last
			if y.First.After(from) {
				from = y.First
			}
			if y.Last.Before(to) {
				to = y.Last
			}
			if d := to.Sub(from); d >= time.Second {
				return x, y, d
			}
		}
	}
	return nil, nil, 0
}

func checkOtherSource(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		s, m := mainIn(c), remoteMedia(c)
		if c.Answer == nil || s == nil || m == nil || m.Port == 0 || s.Packets < 25 {
			continue
		}
		named := host(m.Addr)
		if !named.IsValid() || named.IsUnspecified() || named == s.From.Addr().Unmap() && m.Port == int(s.From.Port()) {
			continue
		}
		if c.ByReinvite != nil && c.ByReinvite.Message != nil && s.First.Before(c.ByReinvite.Message.Time) || movedTo(c, s.From) {
			continue // it changed in mid-call, and the stream is the one from before or from after it
		}
		h := Hit{Certainty: certainOr(named != s.From.Addr().Unmap(), Likely, Possible), CallID: c.ID, Direction: evidence.In,
			Args:  args{"named": addrPort(m), "came": s.From.String(), "callid": c.ID},
			Cites: cites(cite(m.Message, "sound announced from "+addrPort(m)), Cite{s.FirstN, "sound from " + s.From.String()})}
		if said(e, "heard", "no") {
			h.Kind, h.Certainty = Fault, Likely
			h.Cites = append(h.Cites, answered(e, "heard", "nothing is heard"))
		}
		hits = append(hits, h)
	}
	return hits
}

// movedTo tells that the other side announced an address in mid-call.
func movedTo(c *evidence.Call, at netip.AddrPort) bool {
	for _, t := range c.Reinvites {
		m := t.Request
		if t.Out {
			m = t.Final()
		}
		if a := audioOf(m); a != nil && host(a.Connection) == at.Addr().Unmap() && a.Port == int(at.Port()) {
			return true
		}
	}
	return false
}

func certainOr(yes bool, a, b Certainty) Certainty {
	if yes {
		return a
	}
	return b
}

func addrPort(m *evidence.Media) string { return m.Addr + ":" + trimZero(float64(m.Port), 0) }

func checkNotPlayed(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		s := mainIn(c)
		if s == nil {
			continue
		}
		level, packets, key := math.Inf(-1), uint64(0), ""
		if said(e, "heard", "no") && s.Level.Known && !s.Level.Constant {
			level, packets, key = s.Level.DBFS, s.Packets-min(s.Early, s.Packets), "heard"
		}
		if key == "" && said(e, "heard_ringing", "no") && s.EarlyLevel.Known && !s.EarlyLevel.Constant {
			level, packets, key = s.EarlyLevel.DBFS, s.Early, "heard_ringing"
		}
		if packets < 50 || level < quietBelow-5 {
			continue
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
			Args:  args{"packets": count(int(packets)), "level": trimZero(level, 0) + " dB"},
			Cites: cites(Cite{s.FirstN, "sound arrives"}, answered(e, key, "nothing is heard"))}
		if p, ok := e.Probe(capture.SoundTone); ok && !p.Yes() {
			h.Certainty = Confirmed
			h.Cites = append(h.Cites, Cite{p.N, "the test tone is not heard either"})
		}
		hits = append(hits, h)
	}
	return hits
}
