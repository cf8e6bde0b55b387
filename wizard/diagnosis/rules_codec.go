package diagnosis

import (
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// codecRules are disagreements about the form of the sound.
var codecRules = []Rule{
	{
		Cause: "codec-mismatch", Kind: Fault, Where: Account,
		Either:   evidence.HaveRinging | evidence.HaveCallIn,
		Title:    "The two sides have no common sound format.",
		Why:      "{{.seen}} The formats on offer were {{.codecs}}.",
		Overturn: "A call that works with these same formats.",
		Fix: []Remedy{
			{ForUser, "Enable PCMU and PCMA (G.711) in the phone's list of codecs (sound formats)."},
			{ForAdmin, "Allow at least one of {{.codecs}} for this account."},
		},
		ExplainedBy: []string{"encryption-mismatch", "address-family-mismatch"},
		Check:       mismatch("codec-mismatch"),
		RuledOut:    agreed("codec-mismatch"),
	},
	{
		Cause: "encryption-mismatch", Kind: Fault, Where: Account,
		Either:   evidence.HaveRinging | evidence.HaveCallIn,
		Title:    "One side wants the sound encrypted, the other does not.",
		Why:      "{{.seen}}",
		Overturn: "A call that works with the same settings on both sides.",
		Fix: []Remedy{
			{ForUser, "Set the encryption of sound (SRTP or media encryption) in the phone's account settings to what your provider uses: off, optional or on."},
			{ForAdmin, "Set the same media encryption on both sides, or make it optional."},
		},
		Check:    mismatch("encryption-mismatch"),
		RuledOut: agreed("encryption-mismatch"),
	},
	{
		Cause: "dtmf-not-negotiated", Kind: Fault, Where: Account, Needs: evidence.HaveMedia,
		Title:    "The two sides did not agree on how to send key presses.",
		Why:      "{{.seen}}{{.works}}",
		Overturn: "Key presses being understood in such a call.",
		Fix: []Remedy{
			{ForUser, "Set the sending of key presses (DTMF) in the phone's settings to RFC 4733, also called RFC 2833."},
			{ForAdmin, "Allow telephone-event on both sides, and only one way of sending keys."},
		},
		Check:    checkNoKeys,
		RuledOut: eachCall(keysUnderstood),
	},
}

// mismatch takes refusals (ours and theirs) and answers that do not fit the offer.
func mismatch(cause string) check {
	return func(e *evidence.Evidence, d Dictionary) []Hit {
		hits := callRefused(cause)(e, d)
		for i := range hits {
			a := hits[i].Args
			a["seen"] = say(whyRefused, a)
			if a["codecs"] == "" {
				a["codecs"] = "formats that were not seen"
			}
		}
		for _, c := range e.Calls {
			if c.Partial || !has(c.Invite) {
				continue
			}
			if c.Answer == nil {
				if code := status(c.Final); c.Direction == evidence.In && (code == 488 || code == 606) {
					if v := decide488(e, c); v.cause == cause {
						hits = append(hits, Hit{Certainty: v.certainty, CallID: c.ID,
							Args:  args{"seen": "This phone refused the call: " + inWords(c.Final) + ".", "codecs": codecNames(audioOf(c.Invite))},
							Cites: cites(cite(c.Final, "this phone refused: "+inWords(c.Final)), cite(c.Invite, "the formats that were offered"))})
					}
				}
				continue
			}
			if cause == "encryption-mismatch" {
				hits = append(hits, unfitKeys(c)...)
			}
			offer, answer := offerAndAnswer(c)
			if found, seen := misfit(offer, answer); found == cause {
				hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.Both,
					Args:  args{"seen": seen, "codecs": codecNames(offer)},
					Cites: cites(cite(c.Invite, "the formats that were offered"), cite(c.Answer, "the formats that were answered"))})
			}
		}
		return hits
	}
}

// misfit compares an answer with its offer: the cause that makes it useless, and what
// is seen of it; "" when they fit or one of them is missing.
func misfit(offer, answer *sipmsg.Media) (cause, seen string) {
	switch {
	case offer == nil || answer == nil || answer.Port == 0 && offer.Port == 0:
	case secure(answer) && len(offer.Crypto) > 0 && len(answer.Crypto) == 0 && !answer.Fingerprint:
		return "encryption-mismatch", "Encrypted sound was agreed, but the answer holds no key for it."
	case secure(offer) != secure(answer):
		return "encryption-mismatch", "The sound was offered " + guarded(offer) + " and answered " + guarded(answer) + "."
	case len(offer.Codecs) > 0 && len(answer.Codecs) > 0 && !share(offer, answer) && named(offer) && named(answer):
		return "codec-mismatch", "The answer names only " + codecNames(answer) + "."
	}
	return "", ""
}

// unfitKeys finds encrypted sound that its receiver cannot open: most packets do
// not fit the announced key, or come without the encryption that was agreed. Such a
// phone is silent although everything arrives.
func unfitKeys(c *evidence.Call) (hits []Hit) {
	for _, s := range []*evidence.Stream{c.In, c.Out} {
		if s == nil || !s.Encrypted || s.Unverified+s.Plain < fewPackets/2 || 5*s.Verified > s.Unverified+s.Plain {
			continue
		}
		seen, at, label := "Encrypted sound was agreed, but it is sent without encryption.", s.PlainN, "sound without encryption"
		if s.Unverified > s.Plain {
			seen, at, label = "The sound is encrypted with another key than the call's messages announce, so nobody can open it.", s.UnverifiedN, "sound that the key does not open"
		}
		names := s.Codec.Name
		if names == "" {
			names = "formats that were not seen"
		}
		hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: s.Direction,
			Args: args{"seen": seen, "codecs": names}, Cites: cites(Cite{at, label}, cite(c.Answer, "the key that was announced"))})
	}
	return hits
}

// offerAndAnswer reads both descriptions of an answered call that began with an
// offer in the INVITE, nil where one is missing.
func offerAndAnswer(c *evidence.Call) (offer, answer *sipmsg.Media) {
	offer = audioOf(c.Invite)
	if offer == nil {
		return nil, nil
	}
	answer = audioOf(c.Answer)
	if answer == nil {
		answer = audioOf(c.EarlyMedia)
	}
	return offer, answer
}

// named tells that every format of a description has a known name, so that two
// lists can be compared.
func named(m *sipmsg.Media) bool {
	for _, c := range m.Codecs {
		if c.Name == "" {
			return false
		}
	}
	return true
}

// checkNoKeys looks at what was agreed, and at what was then sent: keys that come in
// another way, that are refused, or that the other side did not understand.
func checkNoKeys(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if e.Situation != inDTMF && !e.Have.Has(evidence.HaveDTMF) {
		return notTold()
	}
	for _, c := range answeredCalls(e) {
		m := remoteMedia(c)
		if m == nil || m.Port == 0 || len(m.Codecs) == 0 {
			continue
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Both}
		info, sound := c.KeysBy(evidence.In, evidence.KeysByInfo), c.KeysBy(evidence.In, evidence.KeysInBand)
		sent, refused := c.KeysBy(evidence.Out, evidence.KeysByEvents), c.KeysBy(evidence.Out, evidence.KeysByInfo)
		heard, asked := e.Answers["digits"]
		switch {
		case refused != nil && refused.Refused > 0 && sent == nil:
			h.Certainty, h.Direction = Confirmed, evidence.Out
			h.Args, h.Cites = args{"seen": "The other side refused the key presses as messages."}, []Cite{{refused.RefusedN, "the other side refuses a key press"}}
		case !keysAgreed(e, c) && e.Situation == inDTMF:
			h.Args, h.Cites = args{"seen": "Among the formats that the other side names there is none for key presses."}, cites(cite(m.Message, "no format for key presses among these"))
		case keysAgreed(e, c) && c.KeysBy(evidence.In, evidence.KeysByEvents) == nil && info != nil:
			h.Direction = evidence.In
			h.Args, h.Cites = args{"seen": "Both sides agreed on events for key presses, and the other side sends messages instead."}, []Cite{{info.FirstN, "a key press as a message"}}
		case keysAgreed(e, c) && c.KeysBy(evidence.In, evidence.KeysByEvents) == nil && sound != nil:
			h.Direction = evidence.In
			h.Args, h.Cites = args{"seen": "Both sides agreed on events for key presses, and the other side sends them as sound instead."}, []Cite{{sound.FirstN, "a key press as sound"}}
		case sent != nil && asked && heard.Value != "unsure" && heard.Value != sent.Keys:
			h.Certainty, h.Direction = Possible, evidence.Out
			h.Args = args{"seen": "The keys " + sent.Keys + " were pressed in the agreed way; " + keysHeard(heard.Value, sent.Keys) + "."}
			h.Cites = cites(Cite{sent.FirstN, "the first key is pressed"}, answered(e, "digits", keysHeard(heard.Value, sent.Keys)))
		default:
			continue
		}
		works, at, ok := keysWork(e)
		h.Args["works"] = works
		if ok {
			h.Certainty = max(h.Certainty, Likely)
			h.Cites = append(h.Cites, at)
		}
		hits = append(hits, h)
	}
	return hits
}

// keysWork tells in which other way the keys arrived.
func keysWork(e *evidence.Evidence) (text string, at Cite, ok bool) {
	for _, w := range []struct{ suffix, how string }{{capture.AnswerByInfo, "as messages"}, {capture.AnswerInBand, "as tones in the sound"}} {
		if a, asked := e.Answers["digits"+w.suffix]; asked && a.Value != "none" && a.Value != "unsure" && len(a.Value) == 3 {
			return " Sent " + w.how + " they arrived: choose that in the phone, or let the provider change it.", Cite{a.N, "the keys arrive " + w.how}, true
		}
	}
	return "", at, false
}

// keysHeard says what came of the keys that were pressed.
func keysHeard(heard, pressed string) string {
	switch {
	case heard == "none":
		return "nothing of them arrived"
	case len(heard) > len(pressed):
		return "some arrived more than once"
	}
	return "they arrived wrong"
}
