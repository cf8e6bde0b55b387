package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient"
	"softphonedoctor/wizard/evidence"
)

const ms = time.Millisecond

// TestScriptedCallee lets the test phone call peers that do what real servers and
// gateways do, and what they should not.
func TestScriptedCallee(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	rows := calleeRows(ToneFile(t))
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			callScripted(t, k, row)
		})
	}
}

// The usual parts of a callee's script.
func rings() []Step { return steps(Invited(), Answer(180, "Ringing", ""), Wait(200*ms)) }

func takes(sdp string, headers ...string) []Step {
	return steps(Answer(200, "OK", sdp, headers...), Expect("ACK"))
}

func hangUpAfter(d time.Duration) []Step { return steps(Wait(d), Callee.HangUp(90)) }

// hangUpWhen is what our side does when it ends the call after the state was reached.
func hangUpWhen(s sipclient.State, later time.Duration) func(*testing.T, *sipclient.Call) {
	return func(t *testing.T, c *sipclient.Call) {
		require.GreaterOrEqual(t, c.Wait(briefly(t), s), s)
		time.Sleep(later) // so that the script's next step is under way
		require.NoError(t, c.Hangup(briefly(t)))
		untilEnd(t, c)
	}
}

func calleeRows(tone string) []scripted {
	talk := func(d time.Duration) []Step { return steps(Play(tone, 8), hangUpAfter(d)) }
	const while = 2200 * ms
	sendsOn := steps(Expect("INVITE"), Reply(302, "Moved Temporarily", "", "Contact: <sip:elsewhere@[local_ip]:[local_port]>"), Expect("ACK"))
	rows := []scripted{
		{name: "rings, answers, hangs up", steps: steps(rings(), takes(Audio(1)), talk(while)), shows: soundBothWays},
		{name: "the same without a registrar", direct: true, steps: steps(rings(), takes(Audio(1)), talk(while)), shows: soundBothWays},
		{name: "183 with early media", steps: steps(Invited(), Answer(183, "Session Progress", Audio(1)), Play(tone, 8), Wait(time.Second), takes(Audio(1)), hangUpAfter(while)),
			shows: func(t *testing.T, c *evidence.Call) {
				soundBothWays(t, c)
				require.True(t, c.EarlyMedia != nil && c.In.Early > 20, "%d packets before the answer", c.In.Early)
			}},
		{name: "180 with a description", steps: steps(Invited(), Answer(180, "Ringing", Audio(1)), Play(tone, 8), Wait(time.Second), takes(Audio(1)), hangUpAfter(while)), shows: soundBothWays},
		{name: "180 after 180 without end", steps: steps(rings(), repeated(14, Answer(180, "Ringing", ""), Wait(100*ms)), takes(Audio(1)), talk(while)), shows: soundBothWays},
		{name: "an answer without a description", steps: steps(rings(), Answer(200, "OK", ""), Expect("ACK"), HungUp())},
		{name: "BYE right behind the ACK", steps: steps(rings(), takes(Audio(1)), Callee.HangUp(90))},
		{name: "488 with a Warning", steps: steps(Invited(), Answer(488, "Not Acceptable Here", "", `Warning: 304 peer "Media type not available"`), Expect("ACK")), cause: "codec-mismatch"},

		{name: "183 that wants PRACK", steps: steps(Invited(), Answer(183, "Session Progress", Audio(1), "Require: 100rel", "RSeq: 7"), Expect("PRACK", Has("RAck", "^ *7 +[0-9]+ +INVITE")), Reply(200, "OK", ""),
			Play(tone, 8), Wait(700*ms), Answer(180, "Ringing", "", "Require: 100rel", "RSeq: 8"), Expect("PRACK", Has("RAck", "^ *8 +[0-9]+ +INVITE")), Reply(200, "OK", ""), takes(""), hangUpAfter(while)), shows: soundBothWays},
		{name: "UPDATE while it rings", steps: steps(Invited(), Answer(183, "Session Progress", Audio(1), "Require: 100rel", "RSeq: 1"), Expect("PRACK"), Reply(200, "OK", ""), Play(tone, 8),
			Callee.Request("UPDATE", 2, Audio(2)), Expected(200, Says("m=audio [1-9]")), Wait(300*ms), takes(""), hangUpAfter(while)), shows: soundBothWays},
		{name: "sent on, and the person agrees", direct: true, consent: true, steps: steps(sendsOn, Invited(), Answer(180, "Ringing", ""), takes(Audio(1)), talk(while)), shows: soundBothWays},
		{name: "sent on, and the person does not", direct: true, steps: steps(sendsOn), cause: "redirected"},
		{name: "two phones ring, one answers", direct: true, steps: steps(Invited(), AnswerFork("a", 180, "Ringing", ""), Answer(180, "Ringing", ""), Wait(200*ms), takes(Audio(1)), talk(while)), shows: soundBothWays},
		{name: "two phones answer", direct: true, steps: steps(rings(), Answer(200, "OK", Audio(1)), Expect("ACK", Lacks("fork-b")),
			AnswerFork("b", 200, "OK", Audio(1)), Expect("ACK", Has("To", "fork-b")), Expect("BYE", Has("To", "fork-b")), Reply(200, "OK", ""), talk(while)), shows: soundBothWays},

		{name: "CANCEL right after 100", direct: true, steps: steps(Invited(), Answer(100, "Trying", ""), cancelled()), ours: hangUpWhen(sipclient.Trying, 0), cause: "caller-cancelled"},
		{name: "CANCEL while it rings", steps: steps(rings(), cancelled()), ours: hangUpWhen(sipclient.Ringing, 500*ms), cause: "caller-cancelled"},
		{name: "CANCEL crosses the answer", direct: true, steps: steps(rings(), Expect("CANCEL"), Reply(200, "OK", ""), Answer(200, "OK", Audio(1)), Expect("ACK"), HungUp()),
			ours: hangUpWhen(sipclient.Ringing, 500*ms)},

		{name: "REFER in the call", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(500*ms), Callee.Request("REFER", 2, "", "Refer-To: <sip:elsewhere@127.0.0.1>"), refusedPolitely(), talk(while)), shows: soundBothWays},
		{name: "OPTIONS in the call", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Callee.Request("OPTIONS", 2, ""), Expected(200, Has("Allow", "INVITE")), talk(while)), shows: soundBothWays},
		{name: "INFO in the call", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Callee.Request("INFO", 2, ""), Expected(200), talk(while)), shows: soundBothWays},
		{name: "keys by INFO from us", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), pressed("1"), pressed("#"), hangUpAfter(while)),
			ours: func(t *testing.T, c *sipclient.Call) {
				require.Equal(t, sipclient.Answered, c.Wait(briefly(t), sipclient.Answered))
				time.Sleep(300 * ms) // as for a re-INVITE
				require.NoError(t, c.SendInfoDTMF(briefly(t), "1#"))
				untilEnd(t, c)
			}, shows: soundBothWays},
		{name: "UPDATE in the call", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Callee.Request("UPDATE", 2, ""), Expected(200), talk(while)), shows: soundBothWays},
		{name: "UPDATE with a description", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Callee.Request("UPDATE", 2, Audio(2)), Expected(200, Says("m=audio [1-9]")), talk(while)), shows: soundBothWays},

		// SIPp cannot play and read the port 0 in one script; without sound the call is short.
		{name: "hold by port 0 and back", steps: steps(rings(), takes(quiet(1, 9)), Wait(300*ms), Callee.Reinvite(2, quiet(2, 0), Says("m=audio 0")), Wait(300*ms),
			Callee.Reinvite(3, quiet(3, 9), Says("m=audio [1-9]")), hangUpAfter(300*ms))},
		{name: "late offer in a re-INVITE", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(500*ms), Callee.Request("INVITE", 2, ""), Expected(200, Says("m=audio [1-9]")), Callee.Request("ACK", 2, Audio(2)), talk(while)), shows: soundBothWays},
		{name: "an offer that nobody can take", steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(500*ms),
			Callee.Request("INVITE", 2, SDP(2, "m=audio "+rtpPort+" RTP/AVP 18", "a=rtpmap:18 G729/8000")), Expected(488), Callee.Refused(2), talk(while)), shows: soundBothWays},
		{name: "both change the call at once, the peer first", steps: steps(rings(), takes(Audio(1)), Play(tone, 8),
			Invited(), Callee.Request("INVITE", 2, Audio(2)), Expected(491), Callee.Refused(2), answerChange(Audio(3, "a=recvonly")), Expect("ACK"), talk(while)),
			ours: holdWhenAnswered, cause: "call-on-hold"},
		{name: "both change the call at once, the peer refuses", steps: steps(rings(), takes(Audio(1)), Play(tone, 8),
			Expect("INVITE"), Reply(491, "Request Pending", ""), Expect("ACK"), Expect("INVITE", Says("a=sendonly")), Reply(200, "OK", Audio(2, "a=recvonly")), Expect("ACK"), talk(while)),
			ours: holdWhenAnswered, cause: "call-on-hold"},
		{name: "422 and a longer session", direct: true, steps: steps(Expect("INVITE"), Reply(422, "Session Interval Too Small", "", "Min-SE: 2000"), Expect("ACK"),
			Invited(Has("Session-Expires", "2000"), Has("Min-SE", "2000")), takes(Audio(1), "Session-Expires: 2000;refresher=uac", "Require: timer"), talk(while)), shows: soundBothWays},
		{name: "we refresh the session", steps: steps(rings(), takes(Audio(1), "Session-Expires: 4;refresher=uac", "Require: timer"), Play(tone, 8),
			Expect("UPDATE", Has("Session-Expires", "4")), Reply(200, "OK", "", "Session-Expires: 4;refresher=uac"), Expect("UPDATE"), Reply(200, "OK", "", "Session-Expires: 4;refresher=uac"), hangUpAfter(100*ms)), shows: soundBothWays},
		{name: "we refresh the session of a peer without UPDATE", steps: steps(rings(), takes(Audio(1), "Session-Expires: 4;refresher=uac", "Require: timer"), Play(tone, 8),
			Expect("UPDATE"), Reply(501, "Not Implemented", ""), Expect("INVITE", Has("Session-Expires", "4")), Reply(200, "OK", Audio(2), "Session-Expires: 4;refresher=uac"), Expect("ACK"), hangUpAfter(100*ms)), shows: soundBothWays},
		{name: "the peer refreshes the session", steps: steps(rings(), takes(Audio(1), "Session-Expires: 90;refresher=uas", "Require: timer"), Play(tone, 8), Wait(time.Second),
			Callee.Request("UPDATE", 2, "", "Session-Expires: 90;refresher=uac", "Supported: timer"), Expected(200, Has("Session-Expires", "90")), talk(while)), shows: soundBothWays},
	}
	for form, hold := range map[string]struct{ offer, answer string }{
		"sendonly": {Audio(2, "a=sendonly"), "a=recvonly"},
		"inactive": {Audio(2, "a=inactive"), "a=inactive"},
		"0.0.0.0":  {zeroAddress(Audio(2)), "m=audio [1-9]"},
	} {
		rows = append(rows, scripted{
			name: "hold by " + form + " and back",
			steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(700*ms), StopPlaying(), Callee.Reinvite(2, hold.offer, Says(hold.answer)), Wait(700*ms),
				Callee.Reinvite(3, Audio(3), Says("m=audio [1-9]"), Lacks("a=(sendonly|recvonly|inactive)")), PlayOn(), hangUpAfter(while)),
			shows: func(t *testing.T, c *evidence.Call) {
				soundBothWays(t, c)
				require.Len(t, c.Reinvites, 2)
			},
		})
	}
	for name, row := range map[string]struct {
		request Step
		code    int
	}{
		"MESSAGE":                          {Callee.Request("MESSAGE", 2, ""), 200},
		"NOTIFY as a sign of life":         {Callee.Request("NOTIFY", 2, "", "Event: keep-alive", "Subscription-State: active"), 200},
		"NOTIFY that nobody subscribed to": {Callee.Request("NOTIFY", 2, "", "Event: refer", "Subscription-State: active"), 489},
	} {
		rows = append(rows, scripted{
			name:  name,
			steps: steps(rings(), takes(Audio(1)), Play(tone, 8), row.request, Expected(row.code), talk(while)), shows: soundBothWays,
		})
	}
	for _, digits := range []int{96, 97, 101, 127} {
		answer := SDP(1, fmt.Sprintf("m=audio %s RTP/AVP 8 %d", rtpPort, digits), "a=rtpmap:8 PCMA/8000", fmt.Sprintf("a=rtpmap:%d telephone-event/8000", digits), fmt.Sprintf("a=fmtp:%d 0-15", digits))
		rows = append(rows, scripted{name: fmt.Sprintf("digits as payload type %d", digits), steps: steps(rings(), takes(answer), talk(while)), shows: soundBothWays})
	}
	return rows
}

// pressed waits for one key by INFO and takes it.
func pressed(key string) []Step {
	return steps(Expect("INFO", Has("Content-Type", "application/dtmf-relay"), Says("Signal="+key)), Reply(200, "OK", ""))
}

// holdWhenAnswered puts the other side on hold as soon as the call is up.
func holdWhenAnswered(t *testing.T, c *sipclient.Call) {
	require.Equal(t, sipclient.Answered, c.Wait(briefly(t), sipclient.Answered))
	time.Sleep(300 * ms) // the proxy's workers may let a re-INVITE overtake the ACK
	require.NoError(t, c.Hold(briefly(t)))
	untilEnd(t, c)
}

func repeated(n int, list ...Step) (all []Step) {
	for range n {
		all = append(all, list...)
	}
	return all
}

// cancelled expects a CANCEL and gives the call up.
func cancelled() []Step {
	return steps(Expect("CANCEL"), Reply(200, "OK", ""), Answer(487, "Request Terminated", ""), Expect("ACK"))
}

// quiet is a description of sound at a port where there will be none.
func quiet(version, port int) string {
	return SDP(version, fmt.Sprintf("m=audio %d RTP/AVP 8", port), "a=rtpmap:8 PCMA/8000")
}

// answerChange answers the re-INVITE that Invited kept: its To has a tag already.
func answerChange(sdp string) Step {
	return Step(strings.Replace(string(Answer(200, "OK", sdp)), ";tag=[pid]U[call_number]", "", 1))
}

// zeroAddress is a description that asks for no sound in the old way (RFC 2543 B.5).
func zeroAddress(sdp string) string {
	return strings.Replace(sdp, "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1)
}

// refusedPolitely expects an answer that says no to what was asked, and not that
// there is no such call.
func refusedPolitely() Step {
	return `<recv response="603" optional="true" next="said"/><recv response="403" optional="true" next="said"/><recv response="501" optional="true" next="said"/><recv response="405"/><label id="said"/>`
}
