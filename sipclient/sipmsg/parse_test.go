package sipmsg

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// offer and invite are what an ordinary softphone sends.
const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 8 9 96 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n" +
	"a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"

var invite = "INVITE sip:echo@127.0.0.1:5080;transport=udp SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.7:5070;rport;branch=z9hG4bKabc123\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"Ann, Smith\" <sip:ann@example.net>;tag=f1\r\n" +
	"To: <sip:echo@example.net>\r\n" +
	"Call-ID: 4711@192.0.2.7\r\n" +
	"CSeq: 2 INVITE\r\n" +
	"Contact: <sip:ann@192.0.2.7:5070>\r\n" +
	"Authorization: Digest username=\"ann\", realm=\"example.net\", nonce=\"n,1\", uri=\"sip:echo@example.net\", " +
	"response=\"0123456789abcdef\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n" +
	"Allow: INVITE, ACK, CANCEL, BYE\r\n" +
	"Supported: timer, 100rel\r\n" +
	"User-Agent: test\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: " + strconv.Itoa(len(offer)) + "\r\n\r\n" + offer

// base makes a request without Problems out of some more header lines.
func base(lines ...string) string {
	return "OPTIONS sip:a@example.net SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:b@example.net>;tag=1\r\n" +
		"To: <sip:a@example.net>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n" + strings.Join(lines, "\r\n") +
		strings.Repeat("\r\n", min(len(lines), 1)) + "\r\n"
}

func mustParse(t *testing.T, text string) *Message {
	t.Helper()
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %q", err, short(text))
	}
	return m
}

func TestParseOrdinaryInvite(t *testing.T) {
	m := mustParse(t, invite)
	if len(m.Problems) > 0 {
		t.Errorf("problems %v", m.Problems)
	}
	if m.Method != "INVITE" || m.URI != "sip:echo@127.0.0.1:5080;transport=udp" || m.Version != "SIP/2.0" || string(m.Body) != offer || !m.IsRequest() {
		t.Errorf("read %q %q %q and %d bytes of body", m.Method, m.URI, m.Version, len(m.Body))
	}
	if got := m.FromAddr(); got.Display != "Ann, Smith" || got.URI.User != "ann" || got.URI.Host != "example.net" || m.FromTag() != "f1" || m.ToTag() != "" {
		t.Errorf("From %+v", got)
	}
	if n, method, ok := m.CSeq(); n != 2 || method != "INVITE" || !ok {
		t.Errorf("CSeq %d %s %v", n, method, ok)
	}
	if got := m.Vias(); len(got) != 1 || got[0] != (Via{Transport: "UDP", Host: "192.0.2.7", Port: 5070, Branch: "z9hG4bKabc123", HasRPort: true}) {
		t.Errorf("Via %+v", got)
	}
	want := Credentials{Scheme: "Digest", Username: "ann", Realm: "example.net", Nonce: "n,1", URI: "sip:echo@example.net", Algorithm: "MD5", QOP: "auth", NonceCount: "00000001"}
	if got := m.Credentials(); len(got) != 1 || got[0] != want {
		t.Errorf("credentials %+v", got)
	}
	if got := m.Allow(); !reflect.DeepEqual(got, []string{"INVITE", "ACK", "CANCEL", "BYE"}) {
		t.Errorf("Allow %q", got)
	}
	if !m.IsSDP() || m.Branch() != "z9hG4bKabc123" || m.CallID() != "4711@192.0.2.7" {
		t.Error("SDP, branch or Call-ID not read")
	}
}

func TestParseTolerates(t *testing.T) {
	tests := map[string]struct {
		text    string
		name    string // header to look at
		want    string // its value
		problem string // part of a Problem's text, "" when none may stand
		minor   bool
	}{
		"bare line feeds":       {strings.ReplaceAll(base("Subject: hi"), "\r", ""), "Subject", "hi", "", false},
		"leading line ends":     {"\r\n\r\n" + base("Subject: hi"), "Subject", "hi", "", false},
		"compact names":         {base("s: hi", "k: timer", "o: dialog"), "Event", "dialog", "", false},
		"any case":              {base("uSER-aGENT: x"), "User-Agent", "x", "", false},
		"unknown name kept":     {base("x-FooBar: x"), "X-foobar", "x", "", false},
		"blank before colon":    {base("Subject \t: hi"), "Subject", "hi", "", false},
		"folded":                {base("Subject: one\r\n\ttwo\r\n   three"), "Subject", "one two three", "", false},
		"unknown method":        {strings.ReplaceAll(base(), "OPTIONS", "FROBNICATE"), "Call-ID", "1", "", false},
		"tel URI":               {strings.Replace(base(), "sip:a@example.net", "tel:+4930123", 1), "Call-ID", "1", "", false},
		"wrong version":         {strings.Replace(base(), "SIP/2.0", "SIP/3.0", 1), "Call-ID", "1", "SIP/3.0", false},
		"no version":            {strings.Replace(base(), " SIP/2.0", "", 1), "Call-ID", "1", "version is missing", false},
		"no colon":              {base("garbage here", "Subject: hi"), "Subject", "hi", "no colon", false},
		"no To":                 {strings.Replace(base(), "To:", "X-To:", 1), "Call-ID", "1", "missing", false},
		"two From":              {base("From: <sip:c@d>;tag=2"), "From", "<sip:b@example.net>;tag=1", "only once", false},
		"not UTF-8":             {base("Subject: \xff\xfe"), "Subject", "\xff\xfe", "UTF-8", false},
		"cut inside headers":    {strings.TrimSuffix(base("Subject: hi"), "\r\n"), "Subject", "hi", "empty line", true},
		"body too short":        {base("Content-Length: 10") + "abc", "Call-ID", "1", "only 3 came", false},
		"body too long":         {base("Content-Length: 3") + "abcdef", "Call-ID", "1", "3 more bytes", false},
		"padding after":         {base("Content-Length: 3") + "abc\r\n\x00", "Call-ID", "1", "3 more bytes", true},
		"bad length":            {base("l: x3") + "abc", "Content-Length", "x3", "no length", false},
		"no Max-Forwards":       {strings.Replace(base(), "Max-Forwards: 70\r\n", "", 1), "Call-ID", "1", "missing", true},
		"method mismatch":       {strings.Replace(base(), "1 OPTIONS", "1 INVITE", 1), "Call-ID", "1", "not the request's", false},
		"empty branch":          {strings.Replace(base(), "bK1", "bK", 1), "Call-ID", "1", "tells no transaction", false},
		"quote not closed":      {strings.Replace(base(), "<sip:b@", "\"Bob <sip:b@", 1), "Call-ID", "1", "quote", false},
		"IPv6 without brackets": {strings.Replace(base(), "sip:a@example.net", "sip:a@2001:db8::1", 1), "Call-ID", "1", "without brackets", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := mustParse(t, tt.text)
			if got := m.Get(tt.name); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.name, got, tt.want)
			}
			found := false
			for _, p := range m.Problems {
				if tt.problem == "" {
					t.Errorf("problem %v", p)
				} else if strings.Contains(p.Text, tt.problem) {
					found = p.Minor == tt.minor
				}
			}
			if tt.problem != "" && !found {
				t.Errorf("no problem %q (minor %v) in %v", tt.problem, tt.minor, m.Problems)
			}
		})
	}
}

func TestParseBody(t *testing.T) {
	for text, want := range map[string]string{
		base() + "all that came":              "all that came",
		base("Content-Length: 3") + "abcdef":  "abc",
		base("Content-Length: 10") + "abc":    "abc",
		base("Content-Length: -1") + "abc":    "abc",
		base("l : 3", "Subject: x") + "abc":   "abc",
		base("CONTENT-LENGTH:\r\n 3") + "abc": "abc",
	} {
		if m := mustParse(t, text); string(m.Body) != want {
			t.Errorf("body %q, want %q", m.Body, want)
		}
	}
}

func TestNoReferenceToInput(t *testing.T) {
	b := []byte(invite)
	m, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 'X'
	}
	if m.CallID() != "4711@192.0.2.7" || string(m.Body) != offer {
		t.Error("the message changed with its input")
	}
}

func TestStatusLines(t *testing.T) {
	for line, want := range map[string]struct {
		status  int
		reason  string
		problem bool
	}{
		"SIP/2.0 200 OK":                 {200, "OK", false},
		"SIP/2.0 183 Session Progress":   {183, "Session Progress", false},
		"SIP/2.0 100 ":                   {100, "", false},
		"sip/2.0 404 Nicht gefunden":     {404, "Nicht gefunden", false},
		"SIP/2.0  486  Busy":             {486, "Busy", false},
		"SIP/2.0 99 Low":                 {699, "Low", true},
		"SIP/2.0 4294967301 better":      {699, "better", true},
		"SIP/2.0 two hundred":            {699, "hundred", true},
		"SIP/2.0":                        {699, "", true},
		"SIP/2.0 200 \xd0\x9e\xd0\x9a":   {200, "ОК", false},
		"SIP/1.0 200 OK":                 {200, "OK", true},
		"SIP/2.0 0200 OK":                {200, "OK", true},
		"SIP/2.0 603 Decline;text=\"x\"": {603, "Decline;text=\"x\"", false},
	} {
		rest := strings.SplitN(base(), "\r\n", 2)[1]
		m := mustParse(t, line+"\r\n"+rest)
		if m.Status != want.status || m.Reason != want.reason || m.IsRequest() {
			t.Errorf("%q: %d %q", line, m.Status, m.Reason)
		}
		if serious := len(serious(m)) > 0; serious != want.problem {
			t.Errorf("%q: problems %v", line, m.Problems)
		}
	}
}

func serious(m *Message) (list []Problem) {
	for _, p := range m.Problems {
		if !p.Minor {
			list = append(list, p)
		}
	}
	return list
}

func TestNotSIP(t *testing.T) {
	for _, text := range []string{
		"", "\r\n\r\n", "\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa", "\x80\x00\x12\x34aaaaaaaaaaaaaaaaaaa",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "hello world, how are you\r\n", "SIP", "INVITE\r\n\r\n",
		"OPTIONS rtsp://x RTSP/1.0\r\n\r\n", "a=b SIP/2.0\r\n", strings.Repeat("A", 100000),
	} {
		if m, err := Parse([]byte(text)); !errors.Is(err, ErrNotSIP) || m != nil {
			t.Errorf("%q: %v, %v", short(text), m, err)
		}
		if LooksLikeSIP([]byte(text)) {
			t.Errorf("%q looks like SIP", short(text))
		}
	}
	for _, text := range []string{
		invite, "SIP/2.0 200 OK\r\n", "\r\n\r\n" + invite, "invite sip:a@b sip/2.0\n", "INVITE sip:cut@off",
		"OPTIONS tel:123 SIP/2.0", "!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0\r\n", "INVITE sip:a/b@c SIP/2.0\r\n",
	} {
		if !LooksLikeSIP([]byte(text)) {
			t.Errorf("%q does not look like SIP", short(text))
		}
	}
}

func BenchmarkParseInvite(b *testing.B) {
	data := []byte(invite)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseInviteAndSDP(b *testing.B) {
	data := []byte(invite)
	b.ReportAllocs()
	for b.Loop() {
		m, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseSDP(m.Body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLooksLikeSIP(b *testing.B) {
	rtp := append([]byte{0x80, 0x00}, make([]byte, 170)...)
	for b.Loop() {
		if LooksLikeSIP(rtp) {
			b.Fatal("RTP taken for SIP")
		}
	}
}
