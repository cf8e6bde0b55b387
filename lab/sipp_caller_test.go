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

// TestScriptedCaller lets peers call the test phone through the registrar, with the
// offers that real servers make.
func TestScriptedCaller(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	for i, row := range callerRows(ToneFile(t)) {
		t.Run(row.name, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			takeScripted(t, k, fmt.Sprintf("called-%d", i), row)
		})
	}
}

func callerRows(tone string) []scripted {
	const while = 2200 * ms
	// A call with an offer, whose answer must match, and sound after it.
	offers := func(offer string, checks ...Check) []Step {
		return steps(Call(offer), Ringing(), Taken(checks...), Caller.Request("ACK", 2, ""), Play(tone, 8), Wait(while), Caller.HangUp(90))
	}
	line := func(more ...string) string {
		return SDP(1, append([]string{"m=audio " + rtpPort + " RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000"}, more...)...)
	}
	rows := []scripted{
		{name: "calls, talks, hangs up", steps: offers(Audio(1), Says("m=audio [1-9]")), shows: soundBothWays},
		{name: "late offer", steps: steps(Call(""), Ringing(), Taken(Says("m=audio [1-9]")), Caller.Request("ACK", 2, Audio(1)), Play(tone, 8), Wait(while), Caller.HangUp(90)), shows: soundBothWays},
		{name: "late offer without an answer in the ACK", steps: steps(Call(""), Ringing(), Taken(Says("m=audio [1-9]")), Caller.Request("ACK", 2, ""), Expect("BYE"), Reply(200, "OK", "")),
			cause: "offer-missing"},
		{name: "no ACK", steps: steps(Call(Audio(1)), Ringing(), Taken(), Wait(6*time.Second), Expect("BYE"), Reply(200, "OK", "")), ours: func(t *testing.T, c *sipclient.Call) {
			require.NoError(t, c.Answer(briefly(t)))
			time.Sleep(6500 * ms) // the peer's script goes on then
			require.NoError(t, c.Hangup(briefly(t)))
		}, cause: "ack-missing"},
		{name: "wants PRACK", steps: steps(Call(Audio(1), "Require: 100rel"),
			Step(`<recv response="100" optional="true"/>`), receive(`response="180" rrs="true"`, []Check{Has("Require", "100rel"), keep("RSeq", "rseq")}), Caller.Request("PRACK", 3, "", "RAck:[$rseq] 2 INVITE"), Expected(200),
			Taken(), Caller.Request("ACK", 2, ""), Play(tone, 8), Wait(while), Caller.HangUp(90)), shows: soundBothWays},
		{name: "gives up while it rings", steps: steps(Call(Audio(1)), Ringing(), Wait(500*ms), cancels(), Expected(487)), ours: untilEnd, cause: "caller-cancelled"},
		{name: "answered elsewhere", steps: steps(Call(Audio(1)), Ringing(), Wait(500*ms), cancels(`Reason: SIP;cause=200;text="Call completed elsewhere"`), Expected(487)), ours: untilEnd, cause: "answered-elsewhere"},
		{name: "BYE right behind the ACK", steps: steps(Call(Audio(1)), Ringing(), Taken(), Caller.Request("ACK", 2, ""), Caller.HangUp(90))},
		{name: "refused here", steps: steps(Call(Audio(1)), Ringing(), Expected(486)), ours: func(t *testing.T, c *sipclient.Call) {
			require.NoError(t, c.Hangup(briefly(t)))
		}},
		{name: "several lines of media", steps: offers(line("m=video 9 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=application 9 UDP/BFCP *"),
			Says("m=audio [1-9]"), Says("m=video 0"), Says("m=application 0")), shows: soundBothWays},
		{name: "video before audio", steps: offers(SDP(1, "m=video 9 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=audio "+rtpPort+" RTP/AVP 8", "a=rtpmap:8 PCMA/8000"),
			Says("m=video 0.*m=audio [1-9]")), shows: soundBothWays},
		{name: "RTP/AVPF", steps: offers(strings.Replace(Audio(1), "RTP/AVP ", "RTP/AVPF ", 1), Says("m=audio [1-9][0-9]* RTP/AVPF")), shows: soundBothWays},
		{name: "an address for the line of media only", steps: offers(strings.Replace(strings.Replace(Audio(1), "c=IN IP4 127.0.0.1\n", "", 1), "a=rtpmap:8", "c=IN IP4 127.0.0.1\na=rtpmap:8", 1)), shows: soundBothWays},
		{name: "two addresses, the one of the line counts", steps: offers(line("c=IN IP4 127.0.0.1")), shows: soundBothWays},
		{name: "a name in place of an address", steps: offers(strings.Replace(Audio(1), "c=IN IP4 127.0.0.1", "c=IN IP4 localhost", 1)), shows: soundBothWays},
		{name: "a=rtcp", steps: offers(Audio(1, "a=rtcp:23456 IN IP4 127.0.0.1")), shows: soundBothWays},
		{name: "rtcp-mux", steps: offers(Audio(1, "a=rtcp-mux")), shows: soundBothWays},
		{name: "the session timer is ours", steps: steps(Call(Audio(1), "Session-Expires: 90;refresher=uas", "Supported: timer"), Ringing(), Taken(Has("Session-Expires", "90;refresher=uas")),
			Caller.Request("ACK", 2, ""), Play(tone, 8), Wait(while), Caller.HangUp(90)), shows: soundBothWays},
		{name: "the session timer is the peer's", steps: steps(Call(Audio(1), "Session-Expires: 90;refresher=uac", "Supported: timer"), Ringing(), Taken(Has("Session-Expires", "90;refresher=uac"), Has("Require", "timer")),
			Caller.Request("ACK", 2, ""), Play(tone, 8), Wait(500*ms), Caller.Request("UPDATE", 3, "", "Session-Expires: 90;refresher=uac", "Supported: timer"), Expected(200, Has("Session-Expires", "90")), Wait(while), Caller.HangUp(90)), shows: soundBothWays},
		{name: "a session timer that is too short", steps: steps(Call(Audio(1), "Session-Expires: 60", "Supported: timer"), Expected(422, Has("Min-SE", "90"))), noCall: true},
		{name: "holds and resumes", steps: steps(Call(Audio(1)), Ringing(), Taken(), Caller.Request("ACK", 2, ""), Play(tone, 8), Wait(700*ms), StopPlaying(),
			Caller.Reinvite(3, Audio(2, "a=sendonly"), Says("a=recvonly")), Wait(500*ms), Caller.Reinvite(4, Audio(3), Lacks("a=recvonly")), PlayOn(), Wait(while), Caller.HangUp(90)), shows: soundBothWays},
	}
	for _, digits := range []int{96, 97, 101, 127} {
		rows = append(rows, scripted{name: fmt.Sprintf("digits as payload type %d", digits), steps: offers(
			SDP(1, fmt.Sprintf("m=audio %s RTP/AVP 8 %d", rtpPort, digits), "a=rtpmap:8 PCMA/8000", fmt.Sprintf("a=rtpmap:%d telephone-event/8000", digits)),
			Says(fmt.Sprintf("a=rtpmap:%d telephone-event/8000", digits))), shows: soundBothWays})
	}
	for _, length := range []int{10, 30, 40, 60} {
		rows = append(rows, scripted{name: fmt.Sprintf("packets of %d ms", length), steps: offers(Audio(1, fmt.Sprintf("a=ptime:%d", length)), Says(fmt.Sprintf("a=ptime:%d", length))),
			shows: func(t *testing.T, c *evidence.Call) {
				require.True(t, c.In != nil && c.Out != nil)
				require.InDelta(t, length, c.Out.Lasted().Milliseconds()/int64(c.Out.Packets-1), 2, "what we sent is as long as was asked")
			}})
	}
	return rows
}

// cancels gives the call up, three steps behind its INVITE and the 180.
func cancels(headers ...string) []Step {
	cancel := send(` retrans="500"`, "", []string{"CANCEL sip:[user]@[remote_ip]:[remote_port] SIP/2.0", strings.Replace(ownVia, "[branch]", "[branch-4]", 1), "Max-Forwards: 70",
		Caller.from, "To: <sip:[user]@[remote_ip]:[remote_port]>", "Call-ID: [call_id]", "CSeq: 2 CANCEL"}, headers)
	return []Step{cancel, `<recv response="200" optional="true"/>`} // its answer and the 487 may overtake each other
}
