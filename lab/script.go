package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/codec"
)

// Script is what a scripted peer does and expects, step by step.
type Script struct {
	Name  string
	Steps []Step
	// Proxied: a proxy stands between, which recorded its route.
	Proxied bool
}

// Step is one step of a script, in the language of SIPp. A blank one is nothing.
type Step string

// xml gives the script as a scenario file.
func (s Script) xml() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"" + escape(s.Name) + "\">\n")
	for _, step := range s.Steps {
		text := string(step)
		if !s.Proxied {
			text = strings.NewReplacer("Record-Route:[$rr]\n", "", "Via:[$via2]\n", "").Replace(text)
		}
		b.WriteString(text + "\n")
	}
	// What a check keeps and no other step uses would be an error otherwise.
	for _, name := range []string{"via", "via2", "from", "to", "cseq", "rr", "rseq", "seen"} {
		if strings.Contains(b.String(), `assign_to="`+name+`"`) {
			b.WriteString(`<Reference variables="` + name + "\"/>\n")
		}
	}
	b.WriteString("</scenario>\n")
	return b.String()
}

// steps joins steps and lists of steps.
func steps(parts ...any) (list []Step) {
	for _, p := range parts {
		switch p := p.(type) {
		case Step:
			list = append(list, p)
		case []Step:
			list = append(list, p...)
		default:
			panic(fmt.Sprintf("%T is no step of a script", p))
		}
	}
	return list
}

// --- descriptions

// SDP is an audio description at the peer's own address; the lines follow its
// session part. In a line, rtpPort stands for where the peer's sound comes from.
func SDP(version int, lines ...string) string {
	return fmt.Sprintf("v=0\no=peer 1 %d IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n", version) + strings.Join(lines, "\n") + "\n"
}

// rtpPort is where the peer's Play comes from, echoPort where it sends sound back from.
const (
	rtpPort  = "[rtpstream_audio_port]"
	echoPort = "[media_port]"
)

// Audio is a description of A-law and digits, with further attributes.
func Audio(version int, attributes ...string) string {
	return SDP(version, append([]string{"m=audio " + rtpPort + " RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"}, attributes...)...)
}

// --- what the peer does

// Play sends a file of raw sound over and over, in packets of a payload type, to
// where the latest description of the other side says.
func Play(file string, payloadType int) Step {
	return Step(fmt.Sprintf(`<nop><action><exec rtp_stream="%s,-1,%d"/></action></nop>`, file, payloadType))
}

// StopPlaying sends no more sound.
func StopPlaying() Step { return `<nop><action><exec rtp_stream="pause"/></action></nop>` }

// PlayOn goes on after StopPlaying.
func PlayOn() Step { return `<nop><action><exec rtp_stream="resume"/></action></nop>` }

// Wait does nothing for a time.
func Wait(d time.Duration) Step {
	return Step(fmt.Sprintf(`<pause milliseconds="%d"/>`, d.Milliseconds()))
}

// send makes a step of a message; attributes begin with a blank.
func send(attributes, sdp string, head, headers []string) Step {
	lines := append(append([]string(nil), head...), headers...)
	if sdp == "" {
		lines = append(lines, "Content-Length: 0", "", "")
	} else {
		lines = append(lines, "Content-Type: application/sdp", "Content-Length: [len]", "", sdp)
	}
	return Step("<send" + attributes + "><![CDATA[\n" + strings.Join(lines, "\n") + "\n]]></send>")
}

const (
	ownVia     = "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport"
	ownContact = "Contact: <sip:peer@[local_ip]:[local_port]>"
)

// Reply answers the latest request once.
func Reply(code int, reason, sdp string, headers ...string) Step {
	return send("", sdp, []string{fmt.Sprintf("SIP/2.0 %d %s", code, reason), "[last_Via:]", "[last_From:]", "[last_To:]",
		"[last_Call-ID:]", "[last_CSeq:]", ownContact}, headers)
}

// --- what the peer expects

// Check is something that an expected message must have, or that is kept of it.
type Check string

// Has wants a header to match a POSIX expression.
func Has(header, expression string) Check {
	return Check(fmt.Sprintf(`<ereg regexp="%s" search_in="hdr" header="%s:" check_it="true" assign_to="seen"/>`, escape(expression), header))
}

// Says wants the whole message to match a POSIX expression.
func Says(expression string) Check {
	return Check(fmt.Sprintf(`<ereg regexp="%s" search_in="msg" check_it="true" assign_to="seen"/>`, escape(expression)))
}

// Lacks wants the whole message not to match.
func Lacks(expression string) Check {
	return Check(fmt.Sprintf(`<ereg regexp="%s" search_in="msg" check_it_inverse="true" assign_to="seen"/>`, escape(expression)))
}

var escape = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace

func keep(header, variable string) Check {
	return Check(fmt.Sprintf(`<ereg regexp=".*" search_in="hdr" header="%s:" assign_to="%s"/>`, header, variable))
}

func keepSecond(header, variable string) Check {
	return Check(strings.Replace(string(keep(header, variable)), " assign_to", ` occurrence="2" assign_to`, 1))
}

func receive(what string, checks []Check) Step {
	if len(checks) == 0 {
		return Step("<recv " + what + "/>")
	}
	text := "<recv " + what + "><action>"
	for _, c := range checks {
		text += string(c)
	}
	return Step(text + "</action></recv>")
}

// Expect expects a request.
func Expect(method string, checks ...Check) Step {
	return receive(fmt.Sprintf("request=%q", method), checks)
}

// Expected expects an answer; one of the kind "trying" before it is passed over.
func Expected(code int, checks ...Check) Step {
	return "<recv response=\"100\" optional=\"true\"/>\n" + receive(fmt.Sprintf(`response="%d"`, code), checks)
}

// HungUp expects a BYE and answers it.
func HungUp() []Step { return []Step{Expect("BYE"), Reply(200, "OK", "")} }

// --- the two ends of a call

// End is the peer's end of a call: what its own requests look like.
type End struct{ from, to string }

// The peer was called, or calls.
var (
	Callee = End{"From:[$to];tag=[pid]U[call_number]", "To:[$from]"}
	Caller = End{"From: <sip:[me]@[remote_ip]>;tag=[pid]C[call_number]", "To: <sip:[user]@[remote_ip]:[remote_port]>[peer_tag_param]"}
)

// Request sends a request inside the call, again and again until it is answered
// (an ACK once). Numbers begin with 1; a caller's INVITE has 1 and 2.
func (e End) Request(method string, number int, sdp string, headers ...string) Step {
	repeat := ` retrans="500"`
	if method == "ACK" {
		repeat = ""
	}
	return send(repeat, sdp, []string{method + " [next_url] SIP/2.0", ownVia, "Max-Forwards: 70", "[routes]", e.from, e.to,
		"Call-ID: [call_id]", fmt.Sprintf("CSeq: %d %s", number, method), ownContact}, headers)
}

// Refused sends the ACK of an answer that refuses an INVITE of the peer's, right
// behind Request and Expected: it belongs to that transaction, three steps back.
func (e End) Refused(number int) Step {
	return send("", "", []string{"ACK [next_url] SIP/2.0", strings.Replace(ownVia, "[branch]", "[branch-3]", 1), "Max-Forwards: 70", "[routes]",
		e.from, e.to, "Call-ID: [call_id]", fmt.Sprintf("CSeq: %d ACK", number)}, nil)
}

// HangUp says BYE and expects the answer.
func (e End) HangUp(number int) []Step {
	return []Step{e.Request("BYE", number, ""), Expected(200)}
}

// Reinvite changes the call: it expects the change to be taken with an answer that
// matches, and acknowledges it.
func (e End) Reinvite(number int, sdp string, checks ...Check) []Step {
	return []Step{e.Request("INVITE", number, sdp), Expected(200, checks...), e.Request("ACK", number, "")}
}

// Invited expects the INVITE of a call or of a change to it and keeps what answers
// to it need when other messages have come meanwhile.
func Invited(checks ...Check) Step {
	return receive(`request="INVITE" rrs="true"`, append(checks, keep("Via", "via"), keepSecond("Via", "via2"), keep("From", "from"), keep("To", "to"),
		keep("CSeq", "cseq"), keep("Record-Route", "rr")))
}

// Answer answers the INVITE of a call: a provisional answer once, a final one until
// its ACK has come.
func Answer(code int, reason, sdp string, headers ...string) Step {
	return answerOf("[pid]U[call_number]", code, reason, sdp, headers)
}

// AnswerFork is Answer by another phone that rings for the same number.
func AnswerFork(fork string, code int, reason, sdp string, headers ...string) Step {
	return answerOf("fork-"+fork, code, reason, sdp, headers)
}

func answerOf(tag string, code int, reason, sdp string, headers []string) Step {
	repeat := ""
	if code >= 200 {
		repeat = ` retrans="500"`
	}
	return send(repeat, sdp, []string{fmt.Sprintf("SIP/2.0 %d %s", code, reason), "Via:[$via]", "Via:[$via2]", "From:[$from]", "To:[$to];tag=" + tag,
		"Call-ID: [call_id]", "CSeq:[$cseq]", "Record-Route:[$rr]", ownContact}, headers)
}

// invite is a caller's INVITE.
func invite(number int, sdp string, headers ...string) Step {
	return send(` retrans="500"`, sdp, []string{"INVITE sip:[user]@[remote_ip]:[remote_port] SIP/2.0", ownVia, "Max-Forwards: 70", Caller.from,
		"To: <sip:[user]@[remote_ip]:[remote_port]>", "Call-ID: [call_id]", fmt.Sprintf("CSeq: %d INVITE", number), ownContact}, headers)
}

// Call places a call through a proxy that asks for the password.
func Call(sdp string, headers ...string) []Step {
	ack := send("", "", []string{"ACK sip:[user]@[remote_ip]:[remote_port] SIP/2.0", strings.Replace(ownVia, "[branch]", "[branch-2]", 1), "Max-Forwards: 70",
		Caller.from, "[last_To:]", "Call-ID: [call_id]", "CSeq: 1 ACK"}, nil)
	return []Step{invite(1, sdp, headers...), `<recv response="407" auth="true"/>`, ack,
		invite(2, sdp, append([]string{"[authentication]"}, headers...)...)}
}

// Ringing expects the call to ring.
func Ringing() Step { return Expected(180) }

// Taken expects the call to be answered.
func Taken(checks ...Check) Step {
	return "<recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n" + receive(`response="200" rrs="true"`, checks)
}

// --- sound

// ToneFile writes a sine as raw A-law for Play.
func ToneFile(t testing.TB) string { return SoundFile(t, codec.Tone(440, -15), codec.EncodeALaw) }

// SoundFile writes a second of a sound, encoded, for Play.
func SoundFile(t testing.TB, s codec.Source, encode func(dst []byte, src []int16) []byte) string {
	t.Helper()
	var b []byte
	frame := make([]int16, 160)
	for range 50 {
		s.Frame(frame)
		b = encode(b, frame)
	}
	file := filepath.Join(t.TempDir(), "sound.raw")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
