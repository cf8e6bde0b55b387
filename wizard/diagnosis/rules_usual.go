package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// usualRules are about the phone that the person uses every day, as against this
// test phone.
var usualRules = []Rule{
	{
		Cause: "usual-softphone-settings", Kind: Fault, Where: OtherSoftphone, Needs: evidence.HaveLive | evidence.HaveUsual,
		Title:    "Account and network are fine: it lies in the settings of your usual phone.",
		Why:      "Here {{.worked}}, while your usual phone fails in the same situation.",
		Overturn: "Your usual phone failing with the very settings that worked here, or this test failing a minute later.",
		Fix: []Remedy{
			{ForUser, "Compare the settings of your usual phone with those that worked here: {{.settings}}."},
		},
		ExplainedBy: append([]string{"call-reached-this-phone"}, noService...),
		Check:       checkUsual,
		RuledOut:    usualWorks,
	},
}

// checkUsual needs the person's word that the usual phone fails, and the very
// thing that they complain about working here.
func checkUsual(e *evidence.Evidence, _ Dictionary) []Hit {
	if !said(e, "usual_fails", "yes") {
		return nil
	}
	worked, proof, settings := worksHere(e)
	if worked == "" {
		return nil
	}
	return []Hit{{Certainty: Likely, Direction: evidence.Both, Args: args{"worked": worked, "settings": settings},
		Cites: append(proof, answered(e, "usual_fails", "the usual phone fails"))}}
}

func usualWorks(e *evidence.Evidence, _ Dictionary) bool { return said(e, "usual_fails", "no") }

// goodCall is how long a call has to be up, with sound in and nobody complaining,
// to count as one that works.
const goodCall = 3 * time.Second

// worksHere says what worked in the situation under test, with the proof and the
// settings that it worked with; "" where it did not, or was not tried.
func worksHere(e *evidence.Evidence) (worked string, proof []Cite, settings string) {
	if e.Situation == inRegistration {
		for _, s := range signIns(e) {
			if s.accepted == s.last && s.accepted != nil {
				return "the sign-in was accepted", cites(cite(s.accepted.Final(), "signed in")), wayOf(s.accepted.Request)
			}
		}
		return "", nil, ""
	}
	if said(e, "heard", "no") || said(e, "they_hear", "no") || said(e, "heard_ringing", "no") {
		return "", nil, ""
	}
	for _, c := range answeredCalls(e) {
		wrongWay := c.Direction != evidence.Out && e.Situation != inAnswer && e.Situation != inNoIncoming
		in, out := mainIn(c), mainOut(c)
		if wrongWay || up(e, c) < goodCall || in == nil || out == nil || !has(c.Ack) || !soundIn(e, c) || in.Level.Known && (in.Level.Constant || in.Level.DBFS < silentBelow) {
			continue
		}
		if e.Situation == inOneWay && !said(e, "they_hear", "yes") && !reportsArrive(c) {
			continue // nobody said that they hear us
		}
		settings := wayOf(c.Invite)
		if in.Codec.Name != "" {
			settings += ", the sound format " + in.Codec.Name
		}
		return "the call worked, with sound in both directions", cites(cite(c.Answer, "answered"), Cite{in.FirstN, "sound comes in"}), settings
	}
	return "", nil, ""
}

// wayOf names the server, port and transport of a request.
func wayOf(m *evidence.Message) string {
	return "server " + quote(m.To.String()) + " over " + quote(m.Net.String())
}
