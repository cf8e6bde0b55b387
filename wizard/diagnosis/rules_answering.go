package diagnosis

import (
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// answeringRules are calls that cannot be answered, or break as they are.
var answeringRules = []Rule{
	{
		Cause: "ack-missing", Kind: Fault, Where: LocalNetwork,
		Either:      evidence.HaveCallIn | evidence.HaveCallOut,
		Title:       "The call is answered, but one side never learns it.",
		Why:         "{{.seen}} Such a call ends after 32 s.",
		Overturn:    "The missing confirmation turning up in a recording of this computer's network traffic.",
		ExplainedBy: []string{"sip-alg", "contact-unroutable", "reply-lost"},
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG (SIP helper) in the router's settings, or set the transport in the phone's account settings to TCP or TLS."},
			{ForAdmin, "Look at the Contact and Record-Route of the answer: each must be an address that the other side can reach."},
		},
		Check:    checkAckMissing,
		RuledOut: confirmedCalls,
	},
	{
		Cause: "reply-lost", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveCallIn,
		Title:       "The replies of this phone do not reach the server.",
		Why:         "The same call request came {{.copies}} times more, the last {{.after}} after this phone had replied.",
		Overturn:    "The server's own records showing our replies.",
		ExplainedBy: []string{"sip-alg"},
		Fix: []Remedy{
			{ForUser, "Turn off SIP ALG in the router's settings, or set the transport in the phone's account settings to TCP or TLS."},
			{ForAdmin, "Let the server send and take replies on the address and port that the request came from (rport)."},
		},
		Check:    checkReplyLost,
		RuledOut: repliesArrive,
	},
	{
		Cause: "offer-missing", Kind: Hint, Where: Nowhere, Needs: evidence.HaveCallIn,
		Title:    "The call came without saying which sound formats the caller has.",
		Why:      "The call request carries no description of the sound; the answer has to make the first offer.{{.failed}}",
		Overturn: "The phone taking such calls without trouble.",
		Fix: []Remedy{
			{ForAdmin, "Switch late (delayed) offer off on the server if phones fail with it."},
		},
		Check:    checkOfferMissing,
		RuledOut: came,
	},
	{
		Cause: "answered-elsewhere", Kind: Outcome, Where: Nowhere, Needs: evidence.HaveCallIn,
		Title:    "Somebody took the call on another phone.",
		Why:      "The call was withdrawn with the remark that it was completed elsewhere.",
		Overturn: "No other phone or person of this account having taken it.",
		Fix:      []Remedy{{ForUser, "Nothing to mend."}},
		Check:    checkElsewhere,
		RuledOut: incomingOver,
	},
	{
		Cause: "ring-timeout", Kind: Outcome, Where: Provider, Needs: evidence.HaveCallIn,
		Title:    "The call stopped ringing after a fixed time.",
		Why:      "It was withdrawn after {{.after}} of ringing{{.often}}.",
		Overturn: "The caller saying that they hung up themselves.",
		Fix:      []Remedy{{ForUser, "Set a longer ringing time in your provider's portal if that is too short."}},
		Check:    checkRingTimeout,
		RuledOut: incomingOver,
	},
	{
		Cause: "phone-rejects", Kind: Fault, Where: ThisComputer, Needs: evidence.HaveCallIn,
		Title:       "{{if .rang}}The call was turned away on this phone after it had rung.{{else}}The phone itself turns calls away.{{end}}",
		Why:         "The phone turned the call from {{.caller}} away{{if .rang}} after {{.rang}}, time enough for somebody to press the reject button{{end}}: {{.answer}}.",
		Overturn:    "{{if .rang}}Nobody having been at the phone.{{else}}The person having pressed the reject button.{{end}}",
		ExplainedBy: []string{"inbound-wrong-user", "codec-mismatch", "encryption-mismatch", "offer-missing"},
		Fix: []Remedy{
			{ForUser, "{{if .rang}}Nothing to mend if somebody pressed the button. {{end}}Look for do-not-disturb, call waiting and blocked callers in the phone's settings."},
		},
		Check:    checkPhoneRejects,
		RuledOut: incomingOver,
	},
	{
		Cause: "inbound-wrong-user", Kind: Fault, Where: Provider, Needs: evidence.HaveCallIn | evidence.HaveRegistration,
		Title:    "The call is addressed to somebody else.",
		Why:      "The call is for {{.asked}}, while this phone signed in as {{.ours}} and refused it: {{.answer}}.",
		Overturn: "The phone accepting calls for that name.",
		Fix:      []Remedy{{ForProvider, "Send calls to the contact that the phone registered, or to the number format that it knows."}},
		Check:    checkWrongUser,
		RuledOut: incomingOver,
	},
	{
		Cause: "options-not-answered", Kind: Fault, Where: Account, Needs: evidence.HaveRegistration,
		Title:       "The phone does not answer when the server asks whether it is there.",
		Why:         "{{.seen}}",
		Overturn:    "Calls reaching the phone all the same.",
		ExplainedBy: []string{"reply-lost"},
		Fix:         []Remedy{{ForAdmin, "Let the phone answer OPTIONS with 200, or switch this check off for it."}},
		Check:       checkOptionsIn,
		RuledOut:    optionsAnswered,
	},
	{
		Cause: "hung-up-by-media-gateway", Kind: Fault, Where: Provider,
		Either:   evidence.HaveCallIn | evidence.HaveCallOut,
		Title:    "The provider's sound equipment hung up as soon as the call was answered.",
		Why:      "{{.after}} after the answer the other side hung up and gave the reason {{.reason}}.",
		Overturn: "The same call staying up with the same sound formats.",
		Fix: []Remedy{
			{ForUser, "Enable PCMU and PCMA (G.711) in the phone's list of codecs (sound formats), and try without encryption of the sound."},
			{ForProvider, "See why the gateway refused the sound of Call-ID {{.callid}}."},
		},
		Check:    checkGatewayHungUp,
		RuledOut: stayedUp,
	},
}

func checkAckMissing(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		a := c.Answer
		if !has(a) || c.Ack != nil || len(a.Copies) == 0 {
			continue
		}
		waited := end(e, c).Sub(a.Time)
		if waited < 2*time.Second {
			continue
		}
		hits = append(hits, Hit{Certainty: sure(waited), CallID: c.ID, Direction: evidence.Both,
			Args:  args{"seen": "This phone answered and repeated it " + times(len(a.Copies)) + " in " + span(waited) + ", but no confirmation came."},
			Cites: append(cites(cite(a, "answered")), copiesOf(a, "answered once more, still no confirmation")...)})
	}
	for _, c := range outCalls(e) {
		a := c.Answer
		if !has(a) || c.Ack == nil || len(a.Copies) < 3 || a.Last().Sub(c.Ack.Time) < 2*time.Second {
			continue
		}
		waited := a.Last().Sub(a.Time)
		hits = append(hits, Hit{Certainty: sure(waited), CallID: c.ID, Direction: evidence.Out,
			Args:  args{"seen": "The other side answered and repeated it " + times(len(a.Copies)) + " in " + span(waited) + ", although this phone had confirmed."},
			Cites: append(cites(cite(a, "answered"), cite(c.Ack, "confirmed")), copiesOf(a, "answered once more")...)})
	}
	return hits
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return trimZero(float64(n), 0) + " times"
}

func checkReplyLost(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		t := lastInvite(c)
		if t == nil || len(t.Responses) == 0 || c.Ack != nil || t.Ack != nil {
			continue
		}
		replied := t.Responses[0].Time
		late := 0
		for _, again := range t.Request.Copies {
			if again.Time.Sub(replied) > 300*time.Millisecond {
				late++
			}
		}
		if late < 2 {
			continue
		}
		hits = append(hits, Hit{Certainty: certain(late >= 4), CallID: c.ID, Direction: evidence.Out,
			Args:  args{"copies": late, "after": span(t.Request.Last().Sub(replied))},
			Cites: append(cites(cite(t.Responses[0], "this phone's reply: "+inWords(t.Responses[0]))), copiesOf(t.Request, "the same call request again")...)})
	}
	return hits
}

func checkOfferMissing(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		if len(c.Invite.Body) > 0 {
			continue
		}
		h := Hit{Certainty: Confirmed, CallID: c.ID, Args: args{"failed": ""}, Cites: cites(cite(c.Invite, "a call without a description of the sound"))}
		switch code := status(c.Final); code {
		case 400, 415, 488, 500, 606:
			h.Kind, h.Certainty = Fault, Likely
			h.Args["failed"] = " This phone refused it: " + inWords(c.Final) + "."
			h.Cites = append(h.Cites, cite(c.Final, "refused: "+inWords(c.Final)))
		}
		// The offer came in the answer to the call, so what confirms it must say what
		// of it is taken (RFC 3261 13.2.2.4).
		if a := c.Answer; has(a) && len(a.Body) > 0 && has(c.Ack) && contentless(c.Ack) {
			h.Kind, h.Where, h.Certainty, h.Direction = Fault, OtherSide, Confirmed, evidence.Both
			h.Args["failed"] = " The caller never chose a sound format: its confirmation of the answer describes no sound either."
			h.Cites = append(h.Cites, cite(a, "answered with a choice of sound formats"), cite(c.Ack, "confirmed without a choice"))
		}
		hits = append(hits, h)
	}
	return hits
}

// contentless tells that a message carries nothing, and not only that a recording lacks it.
func contentless(m *evidence.Message) bool {
	length := strings.TrimSpace(m.Get("Content-Length"))
	return len(m.Body) == 0 && (length == "" || strings.Trim(length, "0") == "")
}

// elsewhere tells a CANCEL that says that another phone took the call (RFC 3326).
func elsewhere(m *evidence.Message) bool {
	if !has(m) {
		return false
	}
	for _, r := range m.Reasons() {
		if strings.EqualFold(r.Protocol, "SIP") && r.Cause == 200 || strings.Contains(strings.ToLower(r.Text), "elsewhere") ||
			strings.EqualFold(r.Protocol, "Q.850") && r.Cause == 26 {
			return true
		}
	}
	return false
}

func checkElsewhere(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		if c.Answer == nil && elsewhere(c.Cancel) {
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Cites: cites(cite(c.Cancel, "withdrawn: completed elsewhere"))})
		}
	}
	return hits
}

// ringTimeout tells how long a call rang before it was withdrawn, when that looks
// like a timer: a round number of seconds, or the same time in several calls. 0: it does not.
func ringTimeout(e *evidence.Evidence, c *evidence.Call) time.Duration {
	rang := ringing(c)
	if rang < 10*time.Second || rang > 3*time.Minute {
		return 0
	}
	for _, x := range inCalls(e) {
		if d := ringing(x) - rang; x != c && ringing(x) > 0 && d.Abs() < 700*time.Millisecond {
			return rang
		}
	}
	if off := rang - rang.Round(5*time.Second); rang >= 14*time.Second && off.Abs() < 300*time.Millisecond {
		return rang
	}
	return 0
}

func ringing(c *evidence.Call) time.Duration {
	if c.Cancel == nil || c.Cancel.Out || c.Answer != nil || elsewhere(c.Cancel) {
		return 0
	}
	return c.Cancel.Time.Sub(first(c).Time)
}

func checkRingTimeout(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		if rang := ringTimeout(e, c); rang > 0 {
			often := ""
			for _, x := range inCalls(e) {
				if d := ringing(x) - rang; x != c && d.Abs() < 700*time.Millisecond {
					often = ", as another call was"
				}
			}
			hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Args: args{"after": span(rang), "often": often},
				Cites: cites(cite(first(c), "the call came"), cite(c.Cancel, "withdrawn"))})
		}
	}
	return hits
}

// checkPhoneRejects is for captures of somebody else's phone: our own test phone
// refuses only when its person says so.
func checkPhoneRejects(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if e.Have.Has(evidence.HaveLive) {
		return notTold()
	}
	for _, c := range inCalls(e) {
		code := status(c.Final)
		if code < 400 || challenge(c.Final) || c.Cancel != nil || code == 487 || code == 486 && otherCallUp(e, c) {
			continue
		}
		certainty, kind, rang := Likely, Fault, ""
		if (code == 486 || code == 603 || code == 480) && c.Final.Time.Sub(first(c).Time) > 1500*time.Millisecond {
			kind, rang = Outcome, span(c.Final.Time.Sub(first(c).Time)) // a person will have pressed the button
		}
		hits = append(hits, Hit{Certainty: certainty, Kind: kind, CallID: c.ID, Args: args{"caller": quote(c.From), "answer": inWords(c.Final), "rang": rang},
			Cites: cites(cite(c.Final, "this phone said: "+inWords(c.Final)))})
	}
	return hits
}

// otherCallUp tells that the phone was in another call when one came.
func otherCallUp(e *evidence.Evidence, c *evidence.Call) bool {
	for _, x := range e.Calls {
		if x != c && x.Answer != nil && x.Answer.Time.Before(c.Final.Time) && !end(e, x).Before(c.Final.Time) {
			return true
		}
	}
	return false
}

func checkWrongUser(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range inCalls(e) {
		code := status(c.Final)
		asked := c.Invite.URI
		user, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(asked, "sips:"), "sip:"), "@")
		if code != 404 && code != 604 && code != 410 || user == "" {
			continue
		}
		ours := ""
		known := false
		for _, s := range signIns(e) {
			ours = s.user()
			known = known || strings.EqualFold(user, ours)
			for _, contact := range s.last.Request.Contacts() {
				known = known || strings.EqualFold(user, contact.URI.User)
			}
		}
		if ours == "" || known {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Args: args{"asked": quote(user), "ours": quote(ours), "answer": inWords(c.Final)},
			Cites: cites(cite(c.Invite, "a call for "+quote(user)), cite(c.Final, "this phone said: "+inWords(c.Final)))})
	}
	return hits
}

func checkOptionsIn(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	if len(e.OptionsIn) == 0 {
		return notTold()
	}
	for _, t := range e.OptionsIn {
		if t == nil || !has(t.Request) {
			continue
		}
		if m := t.Final(); status(m) >= 400 && !challenge(m) {
			return []Hit{{Certainty: Possible, Args: args{"seen": "The server's question was refused: " + inWords(m) + "."}, Cites: cites(cite(m, "this phone said: "+inWords(m)))}}
		}
		if waited := pending(e, t); waited >= silence {
			return []Hit{{Certainty: sure(waited), Args: args{"seen": "The server's question came " + times(len(t.Request.Copies)+1) + " and got no answer for " + span(waited) + "."},
				Cites: unheardCites(t)}}
		}
	}
	return nil
}

// hungUpFor is the reason of a BYE: its own text, else the meaning of its number.
func hungUpFor(r sipmsg.ReasonValue) string {
	switch {
	case r.Text != "":
		return quote(r.Text) + " (cause " + strconv.Itoa(r.Cause) + ")"
	case strings.EqualFold(r.Protocol, "Q.850"):
		return phoneNetworkSays(r.Cause, "") + " (cause " + strconv.Itoa(r.Cause) + ")"
	}
	return replies[r.Cause].call + " (answer " + strconv.Itoa(r.Cause) + ")"
}

func checkGatewayHungUp(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		if c.Answer == nil || !has(c.Bye) || c.ByeOut {
			continue
		}
		after := c.Bye.Time.Sub(c.Answer.Time)
		if after > 2500*time.Millisecond {
			continue
		}
		for _, r := range c.Bye.Reasons() {
			q850 := strings.EqualFold(r.Protocol, "Q.850") && (r.Cause == 47 || r.Cause == 65 || r.Cause == 79 || r.Cause == 88 || r.Cause == 127)
			sip := strings.EqualFold(r.Protocol, "SIP") && (r.Cause == 488 || r.Cause == 606 || r.Cause == 415)
			if !q850 && !sip {
				continue
			}
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.Both,
				Args:  args{"after": span(after), "reason": hungUpFor(r), "callid": c.ID},
				Cites: cites(cite(c.Answer, "answered"), cite(c.Bye, "hung up: "+hungUpFor(r)))})
			break
		}
	}
	return hits
}
