package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard/diagnosis"
)

// fault is a row of the table of faults that real peers make: what is wrong, how it
// is made, and the cause that must be found as the root.
type fault struct {
	Fault, Made, Want string

	situation string // what the person complains of
	steps     []Step // of the peer
	person    session.Answers
}

// TestCausesByScript runs the whole program against scripted peers behind a real
// registrar, and wants the root cause of each fault.
func TestCausesByScript(t *testing.T) {
	t.Parallel()
	k := Kamailio(t, KamailioOptions{})
	for i, f := range scriptedFaults(t) {
		t.Run(f.Fault, func(t *testing.T) {
			if i > 0 {
				wholeLab(t)
			}
			t.Parallel()
			peer := SIPp(t, Script{Name: f.Fault, Steps: f.steps, Proxied: true}, SIPpOptions{Again: true, Limit: 2 * time.Minute})
			once := func() checked {
				return check(t, session.Request{Account: account(k, fmt.Sprintf("tells-%d", i)), Situation: f.situation, Target: portUser(peer), Person: f.person})
			}
			got := once()
			root := got.Diagnosis.Root()
			for again := 0; again < 3 && got.overloaded() && root != nil && root.Rule.Cause != f.Want; again++ {
				t.Logf("this machine is %v late and the program says so; once more", got.late)
				got = once()
				root = got.Diagnosis.Root()
			}
			if root == nil {
				t.Fatalf("nothing was found, want %s; verdict %s, %s", f.Want, got.Verdict, story(got.Evidence))
			}
			if root.Rule.Cause != f.Want {
				t.Errorf("found %s, want %s: %s; %s", root.Rule.Cause, f.Want, root.Why, story(got.Evidence))
			}
			t.Logf("%s %s after %v, the run took %v", root.Certainty, root.Rule.Cause, got.verdict.Round(10*time.Millisecond), got.took.Round(10*time.Millisecond))
		})
	}
}

// TestFaultTable counts the faults that this lab makes with real peers, and prints
// them.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	var table []fault
	for _, r := range refusals {
		table = append(table, fault{Fault: r.name, Made: r.made(), Want: r.cause})
	}
	table = append(table, scriptedFaults(t)...)
	for _, r := range slices.Concat(calleeRows(""), callerRows("")) {
		if r.cause != "" {
			table = append(table, fault{Fault: "script: " + r.name, Made: "SIPp", Want: r.cause})
		}
	}
	seen := map[string]bool{}
	causes := map[string]bool{}
	for _, f := range table {
		if seen[f.Fault] {
			t.Errorf("two rows are called %q", f.Fault)
		}
		seen[f.Fault] = true
		causes[f.Want] = true
		if f.Made == "" || !slices.ContainsFunc(diagnosis.Rules(), func(r diagnosis.Rule) bool { return r.Cause == f.Want }) {
			t.Errorf("%s: %q made by %q is no cause", f.Fault, f.Want, f.Made)
		}
		t.Logf("%-45s %-60s %s", f.Fault, f.Made, f.Want)
	}
	if len(table) < 45 {
		t.Errorf("only %d faults", len(table))
	}
	t.Logf("%d faults, %d causes", len(table), len(causes))
}

// says is a peer that answers an INVITE with a code and nothing before it.
func says(code int, reason string, headers ...string) []Step {
	return steps(Invited(), Answer(code, reason, "", headers...), Expect("ACK"))
}

// ringsThen is a peer that rings, and then refuses.
func ringsThen(code int, reason string, headers ...string) []Step {
	return steps(rings(), Wait(800*ms), Answer(code, reason, "", headers...), Expect("ACK"))
}

func scriptedFaults(t *testing.T) []fault {
	var (
		tone    = ToneFile(t)
		silence = SoundFile(t, codec.Silence(), codec.EncodeALaw)
		faint   = SoundFile(t, codec.Tone(440, -50), codec.EncodeALaw)
		heard   = session.Answers{"heard_ringing": "no", "heard": "no", "they_hear": "yes"}
		answers = func(sound ...Step) []Step { return steps(rings(), takes(Audio(1)), sound, untilBye()) }
		plays   = func(list []TimedPacket) []Step {
			return steps(rings(), takes(fromEchoPort(Audio(1))), PlayPackets(PacketFile(t, list)), untilBye())
		}
	)
	rows := []fault{
		// The call is refused, in words of providers.
		{Fault: "busy after ringing", Made: "SIPp: 180, 486", Want: "callee-busy", steps: ringsThen(486, "Busy Here")},
		{Fault: "busy everywhere", Made: "SIPp: 600", Want: "callee-busy", steps: says(600, "Busy Everywhere")},
		{Fault: "nobody answers, the server gives up", Made: "SIPp: 180, 408", Want: "callee-no-answer", steps: ringsThen(408, "Request Timeout")},
		{Fault: "declined after ringing", Made: "SIPp: 180, 603", Want: "callee-declined", steps: ringsThen(603, "Decline")},
		// A proxy makes 500 of a 503 that is not its own (RFC 3261 16.7).
		{Fault: "overloaded behind the proxy", Made: "SIPp: 180, 503; Kamailio: 500", Want: "provider-fault", steps: ringsThen(503, "Service Unavailable", "Retry-After: 20")},
		{Fault: "no such number, by Q.850", Made: "SIPp: 404 with Reason Q.850 1", Want: "number-unknown", steps: says(404, "Not Found", "Reason: Q.850;cause=1")},
		{Fault: "number incomplete", Made: "SIPp: 484", Want: "number-format-wrong", steps: says(484, "Address Incomplete")},
		{Fault: "number gone", Made: "SIPp: 410", Want: "number-changed", steps: says(410, "Gone")},
		{Fault: "moved for good", Made: "SIPp: 301", Want: "number-changed", steps: says(301, "Moved Permanently", "Contact: <sip:new@127.0.0.1>")},
		{Fault: "no credit", Made: "SIPp: 402", Want: "no-credit-or-barred", steps: says(402, "Payment Required")},
		{Fault: "anonymous callers refused", Made: "SIPp: 433", Want: "anonymous-refused", steps: says(433, "Anonymity Disallowed")},
		{Fault: "blocked as unwanted", Made: "SIPp: 607", Want: "call-blocked-as-spam", steps: says(607, "Unwanted")},
		{Fault: "identity not accepted", Made: "SIPp: 438", Want: "identity-rejected", steps: says(438, "Invalid Identity Header")},
		{Fault: "caller id refused", Made: "SIPp: 403 Caller ID not allowed", Want: "caller-id-refused", steps: says(403, "Caller ID not allowed")},
		{Fault: "reliable ringing is not acknowledged well", Made: "SIPp: 183 with 100rel, 420 to the PRACK, 500", Want: "prack-fails",
			steps: steps(Invited(), Answer(183, "Session Progress", "", "Require: 100rel", "RSeq: 7"), Expect("PRACK"), Reply(420, "Bad Extension", ""), Wait(time.Second), Answer(500, "Server Internal Error", ""), Expect("ACK"))},
		{Fault: "a loop", Made: "SIPp: 482", Want: "routing-loop", steps: says(482, "Loop Detected")},
		{Fault: "the server fails", Made: "SIPp: 500", Want: "provider-fault", steps: says(500, "Server Internal Error")},
		{Fault: "the request is not understood", Made: "SIPp: 400", Want: "request-malformed", steps: says(400, "Bad Request")},
		{Fault: "an extension is required", Made: "SIPp: 421 with Require: gruu", Want: "extension-unsupported", steps: says(421, "Extension Required", "Require: gruu")},
		{Fault: "an extension is refused", Made: "SIPp: 420 with Unsupported: timer", Want: "extension-unsupported", steps: says(420, "Bad Extension", "Unsupported: timer")},
		{Fault: "a refusal that nobody knows", Made: "SIPp: 493", Want: "call-refused", steps: says(493, "Undecipherable")},
		{Fault: "no codec in common, with Warning", Made: "SIPp: 488 with Warning 305", Want: "codec-mismatch", steps: says(488, "Not Acceptable Here", `Warning: 305 peer "Incompatible media format"`)},
		{Fault: "the next network is silent", Made: "SIPp: 100, 504 after 6 s", Want: "downstream-timeout", steps: steps(Invited(), Answer(100, "Trying", ""), Wait(6*time.Second), Answer(504, "Server Time-out", ""), Expect("ACK"))},
		{Fault: "nothing after trying", Made: "SIPp: 100 and no more", Want: "provider-silent-after-trying", steps: steps(Invited(), Answer(100, "Trying", ""), Expect("CANCEL"), Reply(200, "OK", ""), Answer(487, "Request Terminated", ""), Expect("ACK"))},

		// It is silent while it should ring.
		{Fault: "183 without sound", Made: "SIPp: 183 with a description, sound after the answer", Want: "ringback-early-media-missing",
			steps: steps(Invited(), Answer(183, "Session Progress", Audio(1)), Wait(4*time.Second), takes(Audio(1)), Play(tone, 8), untilBye())},
		{Fault: "183 with silence", Made: "SIPp: 183, silence in packets, sound after the answer", Want: "ringback-early-media-silent",
			steps: steps(Invited(), Answer(183, "Session Progress", fromEchoPort(Audio(1))), PlayPackets(PacketFile(t, silentPackets(200))), Wait(4*time.Second), takes(fromEchoPort(Audio(1))), PlayPackets(PacketFile(t, continued(sinePackets(400), 200))), untilBye())},
		{Fault: "183 without sound, and none after the answer", Made: "SIPp: 183, 200, no sound", Want: "ringback-early-media-blocked",
			steps: steps(Invited(), Answer(183, "Session Progress", Audio(1)), Wait(4*time.Second), takes(Audio(1)), untilBye())},
		{Fault: "180 after 183", Made: "SIPp: 183 with a description, 180 without, no sound before the answer", Want: "ringback-180-after-183-ignored",
			steps: steps(Invited(), Answer(183, "Session Progress", Audio(1)), Wait(500*ms), Answer(180, "Ringing", ""), Wait(4*time.Second), takes(Audio(1)), Play(tone, 8), untilBye())},
		{Fault: "an announcement, then the code that says the same", Made: "SIPp: 183 with speech, 404", Want: "number-unknown", person: session.Answers{"heard_ringing": "yes", "heard": "yes"},
			steps: steps(Invited(), Answer(183, "Session Progress", Audio(1)), Play(tone, 8), Wait(4*time.Second), Answer(404, "Not Found", ""), Expect("ACK"))},

		// One side hears nothing.
		{Fault: "no sound comes", Made: "SIPp: an answer, and no RTP", Want: "no-audio-in", situation: "one-way-audio", person: heard, steps: answers()},
		{Fault: "silence comes", Made: "SIPp: RTP with silence", Want: "audio-in-silent", situation: "one-way-audio", person: heard, steps: answers(Play(silence, 8))},
		{Fault: "another format comes", Made: "SIPp: RTP with payload type 18", Want: "audio-in-undecodable", situation: "one-way-audio", person: heard, steps: answers(Play(tone, 18))},
		{Fault: "the peer's port is closed", Made: "SIPp: a port in the answer where nobody listens", Want: "no-audio-out-port-closed", situation: "one-way-audio", person: heard,
			steps: steps(rings(), takes(strings.Replace(Audio(1), rtpPort, fmt.Sprint(FreePort(t)), 1)), untilBye())},
		{Fault: "held and never resumed", Made: "SIPp: re-INVITE with sendonly", Want: "call-on-hold", situation: "one-way-audio", person: heard,
			steps: answers(append([]Step{Play(tone, 8), Wait(time.Second), StopPlaying()}, Callee.Reinvite(2, Audio(2, "a=sendonly"))...)...)},
		{Fault: "the sound stops", Made: "SIPp: RTP for 2 s, then none", Want: "audio-stops-midcall", situation: "one-way-audio", person: heard,
			steps: answers(Play(tone, 8), Wait(2*time.Second), StopPlaying())},
		{Fault: "two streams at once", Made: "SIPp: RTP with two SSRCs", Want: "audio-in-two-streams", situation: "one-way-audio", person: heard,
			steps: plays(interleaved(sinePackets(500), sinePackets(500)))},
		{Fault: "an answer in another codec", Made: "SIPp: 200 with G.729 only", Want: "codec-mismatch", situation: "one-way-audio",
			steps: steps(rings(), takes(SDP(1, "m=audio "+rtpPort+" RTP/AVP 18", "a=rtpmap:18 G729/8000")), HungUp())},

		// The sound is bad.
		{Fault: "packets are missing", Made: "SIPp: RTP, every tenth packet left out", Want: "loss-in", situation: "quality", steps: plays(thinned(sinePackets(1300), 10))},
		{Fault: "packets come twice", Made: "SIPp: RTP, every tenth packet twice", Want: "reordered-or-duplicated", situation: "quality", steps: plays(doubled(sinePackets(1300), 10))},
		{Fault: "packets come at any time", Made: "SIPp: RTP, up to 120 ms late", Want: "jitter-high", situation: "quality", steps: plays(jittered(sinePackets(1300)))},
		{Fault: "the sound is faint", Made: "SIPp: RTP at -50 dB", Want: "sound-too-quiet", situation: "quality", steps: answers(Play(faint, 8))},

		// Calls break off, keys do nothing.
		{Fault: "hung up by the gateway", Made: "SIPp: BYE with Reason Q.850 88 a second after the answer", Want: "hung-up-by-media-gateway", situation: "call-drops",
			steps: steps(rings(), takes(Audio(1)), Play(tone, 8), Wait(time.Second), Callee.Request("BYE", 2, "", "Reason: Q.850;cause=88"), Expected(200))},
		{Fault: "the session is not refreshed", Made: "SIPp: 481 to the UPDATE of the session timer", Want: "session-refresh-failed", situation: "call-drops",
			steps: steps(rings(), takes(Audio(1), "Session-Expires: 60;refresher=uac", "Require: timer"), Play(tone, 8), receive(`request="UPDATE" timeout="40000"`, nil), Reply(481, "Call/Transaction Does Not Exist", ""), HungUp())},
		{Fault: "keys were not agreed", Made: "SIPp: an answer without telephone-event", Want: "dtmf-not-negotiated", situation: "dtmf", person: session.Answers{"digits": "no"},
			steps: steps(rings(), takes(SDP(1, "m=audio "+rtpPort+" RTP/AVP 8", "a=rtpmap:8 PCMA/8000")), Play(tone, 8), untilBye())},
	}
	for i := range rows {
		if rows[i].situation == "" {
			rows[i].situation = "no-ringback"
		}
		if rows[i].person == nil {
			rows[i].person = session.Answers{"heard_ringing": "no", "heard": "yes", "they_hear": "yes"}
		}
	}
	return rows
}

// untilBye is the end of a call that our side ends, whenever that is.
func untilBye() []Step {
	return steps(receive(`request="BYE" timeout="60000"`, nil), Reply(200, "OK", ""))
}

// fromEchoPort is a description of where PlayPackets sends from.
func fromEchoPort(sdp string) string { return strings.Replace(sdp, rtpPort, echoPort, 1) }

// silentPackets are like sinePackets, with nothing in them.
func silentPackets(n int) []TimedPacket {
	list := sinePackets(n)
	for i := range list {
		for j := range list[i].Payload {
			list[i].Payload[j] = 0xd5
		}
	}
	return list
}

// continued numbers packets as if n others had gone before.
func continued(list []TimedPacket, n int) []TimedPacket {
	for i := range list {
		list[i].SequenceNumber += uint16(n)
		list[i].Timestamp += uint32(n) * 160
	}
	return list
}

func interleaved(a, b []TimedPacket) (list []TimedPacket) {
	for i := range b {
		b[i].SSRC ^= 0xffff
		b[i].At += 10 * ms
		list = append(list, a[i], b[i])
	}
	return list
}

// thinned leaves out each nth packet.
func thinned(list []TimedPacket, n int) []TimedPacket {
	return slices.DeleteFunc(list, func(p TimedPacket) bool { return int(p.SequenceNumber)%n == 0 })
}

// doubled sends each nth packet twice.
func doubled(list []TimedPacket, n int) (all []TimedPacket) {
	for _, p := range list {
		all = append(all, p)
		if int(p.SequenceNumber)%n == 0 {
			p.At += ms
			all = append(all, p)
		}
	}
	return all
}

// jittered lets packets wait as in a queue that empties all at once.
func jittered(list []TimedPacket) []TimedPacket {
	for i := range list {
		list[i].At = list[i].At / (120 * ms) * (120 * ms)
		list[i].At += time.Duration(i%6) * ms / 4
	}
	return list
}
