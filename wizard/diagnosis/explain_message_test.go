package diagnosis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// one explains a single line and fails unless it comes back as one explained line.
func one(t *testing.T, line string) LineExplanation {
	t.Helper()
	got := ExplainMessage([]byte(line + "\r\n"))
	if len(got) != 1 || got[0].Line != line || got[0].Text == "" {
		t.Fatalf("%q is explained as %+v", line, got)
	}
	return got[0]
}

// holds fails unless the text has all the parts.
func holds(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is missing in: %s", what, p, text)
		}
	}
}

const seedSDP = `v=0
o=CiscoSystemsCCM-SIP 811669 1 IN IP4 10.105.40.14
s=SIP Call
c=IN IP4 10.133.92.102
t=0 0
m=audio 25268 RTP/AVP 18 101
a=rtpmap:18 G729/8000
a=ptime:20
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
`

func TestTheSeedsDescriptionOfSound(t *testing.T) {
	got := ExplainMessage([]byte(seedSDP))
	if len(got) != 10 {
		t.Fatalf("%d lines", len(got))
	}
	want := []struct {
		parts   []string
		telling bool
	}{
		{[]string{"version", "always 0"}, false},
		{[]string{"CiscoSystemsCCM-SIP", "10.105.40.14", "private address", "does no harm"}, false},
		{[]string{"title", "SIP Call"}, false},
		{[]string{"sound shall be sent", "10.133.92.102", "private address", "never arrives"}, true},
		{[]string{"0 0 means", "now"}, false},
		{[]string{"sound", "25268", "port", "unencrypted", "18 G.729", "101 telephone-event", "pressed keys"}, true},
		{[]string{"18", "G.729", "8000"}, true},
		{[]string{"20", "50 packets a second"}, false},
		{[]string{"101", "telephone-event", "Pressed keys"}, true},
		{[]string{"101", "ten digits"}, false},
	}
	for i, w := range want {
		holds(t, got[i].Line, got[i].Text, w.parts...)
		if got[i].Telling != w.telling {
			t.Errorf("%s: telling is %v", got[i].Line, got[i].Telling)
		}
		sentence(t, got[i].Line, strings.ToUpper(got[i].Text[:1])+got[i].Text[1:])
	}
	l := one(t, "m=audio 25268 RTP/AVP 18 0 8 101")
	holds(t, l.Line, l.Text, "18 G.729", "0 PCMU", "8 PCMA", "101 telephone-event", "North America", "preferred one first")
}

func TestTheSeedsVia(t *testing.T) {
	l := one(t, "Via: SIP/2.0/UDP 10.11.228.67:5060")
	holds(t, l.Line, l.Text, "SIP/2.0 is the language", "UDP", "10.11.228.67", "private address", "5060", "answer")
	if !l.Telling {
		t.Error("the topmost Via is not marked")
	}
}

func TestViaTellsWhatStandsInBetween(t *testing.T) {
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"Via: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bK1;rport", []string{"does no harm", "branch is a mark"}},
		{"Via: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bK1;received=84.1.2.3;rport=1024", []string{"84.1.2.3", "public address", "router", "rport=1024", "another than the phone"}},
		{"Via: SIP/2.0/UDP 84.1.2.3:5060;branch=z9hG4bK1;received=84.1.2.3;rport=5060", []string{"no router has changed it", "same as the sender's"}},
		{"v: SIP/2.0/TLS 100.64.3.4:5061;branch=z9hG4bK1", []string{"encrypted", "carrier-grade NAT", "5061"}},
		{"Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1", []string{"secure WebSocket", "made-up name"}},
		{"Via: SIP/2.0/TCP 127.0.0.1:5070;branch=1", []string{"this computer itself", "5070", "very old rules"}},
		{"Via: SIP/2.0/UDP 169.254.1.2;branch=z9hG4bK1", []string{"gave itself", "No port is given"}},
		{"Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK1", []string{"examples and manuals"}},
		{"Via: SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1", []string{"2001:db8::9", "examples and manuals"}},
		{"Via: SIP/2.0/UDP pbx.example.com:5060;branch=z9hG4bK1", []string{"pbx.example.com", "directory"}},
		{"Via: broken", []string{"cannot be read"}},
	} {
		l := one(t, c.line)
		holds(t, c.line, l.Text, c.parts...)
	}
	answer := ExplainMessage([]byte("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bK1\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2\nCSeq: 1 REGISTER\n"))
	holds(t, "answer without received", answer[1].Text, "added no received", "SIP ALG")
	if !answer[1].Telling || answer[2].Telling {
		t.Error("only the topmost Via is telling")
	}
	holds(t, "200 to REGISTER", answer[0].Text, "sign-in worked")
}

func TestAddressClasses(t *testing.T) {
	for host, want := range map[string]addressClass{
		"10.0.0.1": classPrivate, "172.16.0.1": classPrivate, "172.32.0.1": classPublic, "192.168.9.9": classPrivate,
		"100.63.0.1": classPublic, "100.64.0.1": classCarrier, "100.127.255.254": classCarrier, "100.128.0.1": classPublic,
		"127.1.2.3": classLoopback, "::1": classLoopback, "169.254.3.4": classLinkLocal, "fe80::1%eth0": classLinkLocal,
		"fd00::1": classPrivate, "2001:db8::1": classDocumentation, "2a00:1450::1": classPublic, "8.8.8.8": classPublic,
		"192.0.2.1": classDocumentation, "198.51.100.3": classDocumentation, "203.0.113.255": classDocumentation,
		"198.18.0.1": classTest, "0.0.0.0": classNone, "::": classNone, "224.0.0.1": classMulticast, "::ffff:10.0.0.1": classPrivate,
		"sip.example.com": className, "localhost": classLoopback, "x.invalid": classPlaceholder, "printer.local": classLocalName, "pbx": classLocalName,
		"[fd00::1]": classPrivate,
	} {
		if got := classOf(host); got != want {
			t.Errorf("%s: class %d, want %d", host, got, want)
		}
	}
	for c := classPublic; c <= classLocalName; c++ {
		if !strings.HasSuffix(c.as(), ".") {
			t.Errorf("class %d: %q", c, c.as())
		}
	}
}

func TestHeaderLinesWithTheirValues(t *testing.T) {
	for _, c := range []struct {
		line    string
		telling bool
		parts   []string
	}{
		{"Contact: <sip:anna@192.168.1.5:5060>;expires=60", true, []string{"192.168.1.5", "port 5060", "private address", "really came from", "60 seconds"}},
		{"Contact: *", true, []string{"all phones of this account"}},
		{`Warning: 305 pbx.example "Incompatible media format"`, true, []string{"305", "sound format", "Incompatible media format"}},
		{`Reason: Q.850;cause=17;text="User busy"`, true, []string{"17", "busy"}},
		{`Reason: SIP;cause=200;text="Call completed elsewhere"`, true, []string{"Another phone"}},
		{"Retry-After: 120", true, []string{"120 seconds", "2 minutes"}},
		{"Min-Expires: 3600", true, []string{"3600"}},
		{"Expires: 0", false, []string{"sign out"}},
		{"Max-Forwards: 0", true, []string{"483"}},
		{"Max-Forwards: 70", false, []string{"endless circles"}},
		{`WWW-Authenticate: Digest realm="voip.example", nonce="x", algorithm=SHA-256`, true, []string{"voip.example", "SHA-256"}},
		{`Proxy-Authenticate: Digest realm="voip.example", nonce="x", stale=true`, true, []string{"too old"}},
		{"Require: 100rel", true, []string{"confirmed"}},
		{"Unsupported: timer", true, []string{"confirmed regularly"}},
		{`From: "Anna" <sip:2138394020@voip.example>;tag=1`, false, []string{"2138394020@voip.example", "Anna"}},
		{"f: <sip:anonymous@anonymous.invalid>;tag=1", false, []string{"hides the number"}},
		{"CSeq: 2 INVITE", false, []string{"INVITE"}},
		{"X-Whatever: 1", false, []string{"does not know"}},
	} {
		l := one(t, c.line)
		holds(t, c.line, l.Text, c.parts...)
		if l.Telling != c.telling {
			t.Errorf("%s: telling is %v", c.line, l.Telling)
		}
	}
}

func TestStartLines(t *testing.T) {
	for _, c := range []struct{ message, part string }{
		{"INVITE sip:anna@voip.example SIP/2.0", "a call begins"},
		{"REGISTER sip:voip.example SIP/2.0", "signs in"},
		{"ACK sip:anna@voip.example SIP/2.0", "confirms"},
		{"FOO sip:anna@voip.example SIP/2.0", "not usual"},
		{"SIP/2.0 486 Busy Here\nCSeq: 1 INVITE", "busy"},
		{"SIP/2.0 423 Interval Too Brief\nCSeq: 1 REGISTER", "sign in again more often"},
		{"SIP/2.0 481 Gone\nCSeq: 3 BYE", "forgotten this call"},
		{"SIP/2.0 499 Odd\nCSeq: 1 INVITE", "in no list"},
		{"SIP/2.0 999 Odd", "damaged"},
		{"SIP/2.0", "no line"},
		{"SIP/2.0-486", "missing"},
	} {
		got := ExplainMessage([]byte(c.message))
		if len(got) == 0 {
			t.Errorf("%q is not explained", c.message)
			continue
		}
		if !strings.Contains(got[0].Text, c.part) {
			t.Errorf("%q: %q is missing in %q", c.message, c.part, got[0].Text)
		}
	}
}

func TestDescriptionsFromRealLife(t *testing.T) {
	for _, c := range []struct {
		line    string
		telling bool
		parts   []string
	}{
		{"c=IN IP4 0.0.0.0", true, []string{"hold"}},
		{"c=IN IP6 2a00:1450::1", true, []string{"new kind", "public"}},
		{"c=IN IP4", true, []string{"missing"}},
		{"o=- 1 1 IN IP4 84.1.2.3", false, []string{"without a name"}},
		{"s=-", false, []string{"left empty"}},
		{"b=AS:64", false, []string{"64 kilobits"}},
		{"m=audio 0 RTP/AVP 0", true, []string{"refused"}},
		{"m=audio 5004 RTP/SAVP 0 8", true, []string{"encrypted"}},
		{"m=video 5006 UDP/TLS/RTP/SAVPF 96", true, []string{"video call", "browsers"}},
		{"m=image 4000 udptl t38", true, []string{"fax"}},
		{"m=audio", true, []string{"missing"}},
		{"a=sendonly", true, []string{"hold"}},
		{"a=sendrecv", false, []string{"both ways"}},
		{"a=inactive", true, []string{"hold"}},
		{"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", true, []string{"AES_CM_128_HMAC_SHA1_80", "strangers"}},
		{"a=fingerprint:sha-256 00:11", true, []string{"certificate"}},
		{"a=candidate:1 1 UDP 2130706431 192.168.1.5 5004 typ host", false, []string{"192.168.1.5", "the device's own", "private"}},
		{"a=ice-ufrag:8hhY", false, []string{"ICE"}},
		{"a=rtcp:5005 IN IP4 10.0.0.1", false, []string{"5005", "private"}},
		{"a=rtcp-mux", false, []string{"same port"}},
		{"a=setup:actpass", false, []string{"actpass"}},
		{"a=ssrc:123 cname:x", false, []string{"packets"}},
		{"a=mid:0", false, []string{"name"}},
		{"a=group:BUNDLE 0 1", false, []string{"share one port"}},
		{"a=rtcp-fb:96 nack", false, []string{"feedback"}},
		{"a=silenceSupp:off - - - -", false, []string{"not left out"}},
		{"a=T38FaxVersion:0", false, []string{"T.38"}},
		{"a=maxptime:40", false, []string{"at most"}},
		{"a=fmtp:18 annexb=no", false, []string{"silence is not left out"}},
		{"a=X-nat:0", false, []string{"maker's own"}},
		{"a=foo:1", false, []string{"does not know"}},
		{"x=1", false, []string{"not in the rules"}},
	} {
		l := one(t, c.line)
		holds(t, c.line, l.Text, c.parts...)
		if l.Telling != c.telling {
			t.Errorf("%s: telling is %v", c.line, l.Telling)
		}
	}
	for _, k := range sdpKinds {
		one(t, string(k.letter)+"=0")
	}
	for _, a := range sdpAttributes {
		one(t, "a="+a.name)
	}
	// The number of a format means what its own m= block says.
	two := ExplainMessage([]byte("m=audio 1000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\nm=video 1002 RTP/AVP 96\na=rtpmap:96 H264/90000\n"))
	holds(t, "first", two[0].Text, "96 opus")
	holds(t, "second", two[2].Text, "96 H264")
	holds(t, "channels", two[1].Text, "2 channels")
}

func TestWholeMessage(t *testing.T) {
	message := "INVITE sip:bob@voip.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.11.228.67:5060\r\nSupported: timer,\r\n  100rel\r\nContent-Type: application/sdp\r\n\r\n" + seedSDP + "\r\nwhat is this\r\n"
	got := ExplainMessage([]byte(message))
	if len(got) != 15 {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	if got[2].Line != "Supported: timer, 100rel" {
		t.Errorf("a folded line is %q", got[2].Line)
	}
	holds(t, "odd line", got[14].Text, "no line")
	// An address's class is told at length only once.
	holds(t, "Via", got[1].Text, "nobody outside")
	holds(t, "origin", got[5].Text, "a private address, as above")
	if len(ExplainMessage(nil)) != 0 || len(ExplainMessage([]byte("\r\n \r\n"))) != 0 {
		t.Error("nothing is explained as something")
	}
}

// TestTortureMessages explains the public torture messages of RFC 4475: every line
// must come back with a text.
func TestTortureMessages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedPath(t, "captures", "torture"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.IsDir() {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sound(t, ExplainMessage(b))
	}
}

// sound fails on lines without a text, or that cannot be shown.
func sound(t *testing.T, lines []LineExplanation) {
	t.Helper()
	for _, l := range lines {
		if l.Line == "" || l.Text == "" {
			t.Errorf("%q has the text %q", l.Line, l.Text)
		}
		if !utf8.ValidString(l.Line) || !utf8.ValidString(l.Text) || strings.ContainsAny(l.Line+l.Text, "\r\n\x00\x1b") {
			t.Errorf("%q, %q cannot be shown", l.Line, l.Text)
		}
	}
}

func FuzzExplainMessage(f *testing.F) {
	f.Add([]byte(seedSDP))
	f.Add([]byte("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.11.228.67:5060;rport;received=1.2.3.4\r\nContact: *\r\n folded\r\nWarning: 305 x \"y\"\r\nReason: Q.850;cause=17\r\n\r\n" + seedSDP))
	f.Add([]byte("SIP/2.0 486 Busy Here\nCSeq: 1 INVITE\nRetry-After: 99999999999999999999\n"))
	f.Add([]byte("m=audio 1 RTP/AVP 101 999 -1\na=rtpmap:\na=fmtp:\na=candidate:\na=ptime:0\nc=IN IP4 /\no=\n=\n:\n"))
	f.Add([]byte("\x1b[31mVia: \xff\xfe\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) { sound(t, ExplainMessage(b)) })
}
