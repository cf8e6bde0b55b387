package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// progressRules are about the time between dialling and the answer.
var progressRules = []Rule{
	{
		Cause: "message-too-big", Kind: Fault, Where: LocalNetwork, Either: evidence.HaveCallOut | evidence.HaveProbes,
		Title:    "{{if .waited}}The call request is too big for this network and gets lost.{{else}}Long messages get lost on the way, short ones pass.{{end}}",
		Why:      "{{if .waited}}The call request of {{.size}} bytes got no answer for {{.waited}}, while shorter messages were answered.{{end}} {{.seen}}",
		Overturn: "A request of the same size being answered from here.",
		Fix: []Remedy{
			{ForUser, "{{if .passes}}Set the transport in the phone's account settings to TCP or TLS, or switch off sound formats and video that you do not need.{{else}}Switch off sound formats and video that you do not need.{{end}}"},
			{ForAdmin, "{{if .pieces}}Let fragmented UDP packets through, or offer TCP.{{else}}Packets that just fit into this network get lost without a word: let ICMP \"fragmentation needed\" through, " +
				"or lower the MTU of this computer{{if .passes}}{{else}} and the MSS of connections{{end}} to what the narrowest link carries.{{end}}"},
		},
		Check:    checkTooBig,
		RuledOut: or(heardOf, longArrives),
	},
	{
		Cause: "invite-unanswered", Kind: Fault, Where: Provider, Needs: evidence.HaveCallOut,
		Title:       "The server answers, but not when this phone calls somebody.",
		Why:         "The call to {{.number}} was sent {{.copies}} and got no answer for {{.waited}}, while the server answered {{.other}}.",
		Overturn:    "Any answer to this call in the server's own records; then it was lost on the way back.",
		ExplainedBy: append([]string{"message-too-big", "sip-alg"}, noService...),
		Fix: []Remedy{
			{ForUser, "Set the transport in the phone's account settings to TCP or TLS. If it stays, give your provider this mark of the call: \"{{.callid}}\"."},
			{ForProvider, "See what happened to Call-ID {{.callid}}: no answer reached the phone."},
		},
		Check:    checkInviteUnanswered,
		RuledOut: heardOf,
	},
	{
		Cause: "provider-silent-after-trying", Kind: Fault, Where: Provider, Needs: evidence.HaveCallOut,
		Title:       "The provider took the call and then said nothing more.",
		Why:         "The server said that it was trying to reach {{.number}}; nothing more came for {{.waited}}.",
		Overturn:    "Ringing that starts after all.",
		ExplainedBy: noService,
		Fix: []Remedy{
			{ForUser, "Try another number. If that rings, the trouble is with this number's network; tell your provider this mark of the call: \"{{.callid}}\"."},
			{ForProvider, "Trace Call-ID {{.callid}}: it got 100 and then nothing."},
		},
		Check:    checkSilentAfterTrying,
		RuledOut: heardOf,
	},
	{
		Cause: "ringback-early-media-missing", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The provider announces a ringing tone, but sends none.",
		Why:      "The server announced sound before the answer, but for {{.waited}} no sound came{{.then}}.",
		Overturn: "Sound packets from the provider in front of this network's router before the answer.",
		Fix: []Remedy{
			{ForUser, "Let your phone play its own ringing tone, if it has such a setting."},
			{ForProvider, "Send 180 without a description of sound, or send the tone that 183 announces; Call-ID {{.callid}}."},
		},
		ExplainedBy: []string{"sip-alg", "no-audio-in-not-sent", "no-audio-in-wrong-address", "address-family-mismatch"},
		Check:       ringbackCheck("ringback-early-media-missing"),
		RuledOut:    ringingJudged("ringback-early-media-missing"),
	},
	{
		Cause: "ringback-early-media-silent", Kind: Fault, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The provider sends silence in place of a ringing tone.",
		Why:      "{{.packets}} sound packets came before the answer, but they hold silence ({{.level}}).",
		Overturn: "A person hearing the ringing tone in such a call.",
		Fix: []Remedy{
			{ForUser, "Let your phone play its own ringing tone, if it has such a setting."},
			{ForProvider, "Send 180 without a description of sound, or a tone that can be heard; Call-ID {{.callid}}."},
		},
		Check:    ringbackCheck("ringback-early-media-silent"),
		RuledOut: ringingJudged("ringback-early-media-silent"),
	},
	{
		Cause: "ringback-early-media-blocked", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveRinging,
		Title:    "The ringing tone does not get through to this computer, and no other sound either.",
		Why:      "The server announced sound before the answer, but no sound came in the {{.waited}} before it nor in the {{.after}} after it.",
		Overturn: "Sound of this call arriving on this computer.",
		Fix: []Remedy{
			{ForUser, "Try another network. If you hear the tone there, this network's router or firewall holds the sound back."},
			{ForAdmin, "Let UDP from the provider's sound addresses through, and turn SIP ALG off."},
		},
		ExplainedBy: []string{"sip-alg", "no-audio-in-not-sent", "no-audio-in-wrong-address", "address-family-mismatch", "encryption-mismatch", "codec-mismatch"},
		Check:       ringbackCheck("ringback-early-media-blocked"),
		RuledOut:    ringingJudged("ringback-early-media-blocked"),
	},
	{
		Cause: "ringback-180-after-183-ignored", Kind: Fault, Where: ThisComputer, Needs: evidence.HaveRinging,
		Title:    "The phone waits for a ringing tone from the network and does not play its own.",
		Why:      "The server first announced sound and then plain ringing, and for {{.waited}} no sound came: now the phone has to play its own tone (answers 183 and 180).",
		Overturn: "The phone's own ringing tone being heard in such a call.",
		Fix: []Remedy{
			{ForUser, "Set your phone to play its own ringing tone unless sound really arrives."},
			{ForProvider, "Do not announce sound that is not sent; Call-ID {{.callid}}."},
		},
		Check:    ringbackCheck("ringback-180-after-183-ignored"),
		RuledOut: ringingJudged("ringback-180-after-183-ignored"),
	},
	{
		Cause: "ringback-not-played-locally", Kind: Fault, Where: ThisComputer, Needs: evidence.HaveRinging | evidence.HaveHeardRinging,
		Title:    "The other phone rings, but this computer does not play the ringing tone.",
		Why:      "The server said that it rings for {{.waited}} and sends no sound of its own, so the phone plays the tone; you did not hear it.",
		Overturn: "Hearing another sound of this phone over the same speaker.",
		Fix: []Remedy{
			{ForUser, "Check the speaker or headset that the phone uses, its volume, and the phone's setting for the ringing tone."},
		},
		ExplainedBy: []string{"sound-device-unavailable"},
		Check:       ringbackCheck("ringback-not-played-locally"),
		RuledOut:    ringingJudged("ringback-not-played-locally"),
	},
	{
		Cause: "no-progress-signalled", Kind: Hint, Where: Provider, Needs: evidence.HaveRinging,
		Title:    "The provider does not say when the other phone rings.",
		Why:      "The call was answered after {{.waited}}, and in all that time the server did not say that it rings.",
		Overturn: "A message about ringing arriving before the answer.",
		Fix: []Remedy{
			{ForUser, "Harmless: the silence before the answer is no fault of yours."},
			{ForProvider, "Send 180 while the other phone rings; Call-ID {{.callid}}."},
		},
		Check:    checkNoProgress,
		RuledOut: ringingTold,
	},
	{
		Cause: "prack-fails", Kind: Fault, Where: Account, Needs: evidence.HaveRinging,
		Title:       "The phone and the server do not agree on how to confirm that it rings.",
		Why:         "{{.seen}}",
		Overturn:    "The same call working with such confirmations switched on.",
		ExplainedBy: []string{"extension-unsupported", "sip-alg"},
		Fix: []Remedy{
			{ForUser, "Switch 100rel (also called PRACK) off in the phone's settings."},
			{ForAdmin, "Make 100rel optional on the server."},
		},
		Check:    checkPrack,
		RuledOut: settledCalls,
	},
	{
		Cause: "announcement-played", Kind: Outcome, Where: OtherNetwork, Needs: evidence.HaveRinging,
		Title:    "The network played a message and then ended the call.",
		Why:      "Sound came for {{.lasted}} without any ringing, then the server ended the call: {{.answer}}.",
		Overturn: "Nothing to be heard in that sound.",
		Fix:      []Remedy{{ForUser, "Listen to the message: it says why the call did not go through."}},
		ExplainedBy: []string{"number-unknown", "number-changed", "number-format-wrong", "callee-busy", "callee-not-registered", "callee-no-answer",
			"callee-declined", "no-credit-or-barred", "account-suspended-or-unpaid", "call-refused", "provider-fault", "provider-overloaded",
			"provider-unavailable", "downstream-timeout", "caller-cancelled", "call-blocked-as-spam", "caller-id-refused", "account-not-allowed"},
		Check:    checkAnnouncement,
		RuledOut: noAnnouncement,
	},
}

// unansweredCall tells how long a call of ours went without any answer, with a
// proof that the server does answer other things.
func unansweredCall(e *evidence.Evidence, c *evidence.Call) (waited time.Duration, other *evidence.Message, t *evidence.Transaction) {
	t = lastInvite(c)
	waited = pending(e, t)
	if waited == 0 || c.Final != nil || c.Progress != nil || c.Trying != nil {
		return 0, nil, t
	}
	if c.Cancel != nil {
		waited = min(waited, c.Cancel.Time.Sub(t.Request.Time))
	}
	for _, x := range asking(e) {
		if x != t && x.Request.To.Addr() == t.Request.To.Addr() && len(x.Responses) > 0 {
			other = x.Responses[len(x.Responses)-1]
		}
	}
	return waited, other, t
}

func checkInviteUnanswered(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range outCalls(e) {
		waited, other, t := unansweredCall(e, c)
		if waited < silence || other == nil {
			continue
		}
		_, method, _ := other.CSeq()
		hits = append(hits, Hit{Certainty: sure(waited), CallID: c.ID, Direction: evidence.Both,
			Args:  args{"number": dialled(c), "copies": times(len(t.Request.Copies) + 1), "waited": span(waited), "other": thing(method), "callid": c.ID},
			Cites: append(unheardCites(t), cite(other, thing(method)+" was answered"))})
	}
	return hits
}

func checkSilentAfterTrying(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range outCalls(e) {
		if !has(c.Trying) || c.Progress != nil {
			continue
		}
		until := end(e, c)
		switch {
		case c.Cancel != nil && (c.Final == nil || c.Final.Time.After(c.Cancel.Time)):
			until = c.Cancel.Time
		case c.Final != nil:
			continue
		}
		waited := until.Sub(c.Trying.Time)
		if waited < 5*time.Second {
			continue
		}
		hits = append(hits, Hit{Certainty: certain(waited > 30*time.Second), CallID: c.ID, Direction: evidence.Both,
			Args:  args{"number": dialled(c), "waited": span(waited), "callid": c.ID},
			Cites: cites(cite(c.Trying, "being worked on, then nothing"), cite(c.Cancel, "given up here"))})
	}
	return hits
}

func checkNoProgress(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range outCalls(e) {
		if !has(c.Trying) || c.Progress != nil || !has(c.Answer) {
			continue
		}
		waited := c.Answer.Time.Sub(c.Trying.Time)
		if waited <= 3*time.Second {
			continue
		}
		h := Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"waited": span(waited), "callid": c.ID},
			Cites: cites(cite(c.Trying, "being worked on"), cite(c.Answer, "answered without any word of ringing"))}
		if said(e, "heard_ringing", "no") {
			h.Kind = Fault
			h.Cites = append(h.Cites, answered(e, "heard_ringing", "no ringing was heard"))
		}
		hits = append(hits, h)
	}
	return hits
}

// checkPrack: RFC 3262: a reliable 18x is repeated until PRACK is answered.
func checkPrack(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		var prack *evidence.Transaction
		for _, t := range c.Transactions {
			if t.Method != "PRACK" {
				continue
			}
			prack = t
			if m := t.Final(); status(m) >= 300 && !challenge(m) {
				hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"seen": "The confirmation of the ringing was refused: " + inWords(m) + "."},
					Cites: cites(cite(m, "the confirmation was refused"), cite(t.Request, "the confirmation"))})
				break
			}
		}
		if len(hits) > 0 && hits[len(hits)-1].CallID == c.ID {
			continue
		}
		for _, t := range dialling(c) {
			for _, m := range t.Responses {
				if m.Status <= 100 || m.Status >= 200 || !hasWord(m.Require(), "100rel") || len(m.Copies) < 3 {
					continue
				}
				seen := "The server repeated the ringing " + times(len(m.Copies)) + ", because it was never confirmed."
				if prack != nil {
					seen = "The server repeated the ringing " + times(len(m.Copies)) + ", although it had been confirmed."
				}
				hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Args: args{"seen": seen},
					Cites: append(cites(cite(m, "ringing that asks to be confirmed")), copiesOf(m, "the same again")...)})
				break
			}
		}
	}
	return hits
}

func checkAnnouncement(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range outCalls(e) {
		s := mainIn(c)
		if s == nil || c.Ringing != nil || c.Answer != nil || status(c.Final) < 400 || s.Early < 50 ||
			!s.EarlyLevel.Known || s.EarlyLevel.Constant || s.EarlyLevel.DBFS < quietBelow {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
			Args:  args{"lasted": span(s.Lasted()), "answer": inWords(c.Final)},
			Cites: cites(Cite{s.FirstN, "sound begins"}, cite(c.Final, "the server said: "+inWords(c.Final)))})
	}
	return hits
}
