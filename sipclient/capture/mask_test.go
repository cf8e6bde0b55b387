package capture

import (
	"bytes"
	"strings"
	"testing"
)

const secret = "6629fae49393a05397450978507c4ef1"

func TestMask(t *testing.T) {
	zero := strings.Repeat("0", len(secret))
	for _, c := range []struct{ in, want string }{
		{"Authorization: Digest username=\"bob\", response=\"" + secret + "\", nonce=\"x\"\r\n", "Authorization: Digest username=\"bob\", response=\"" + zero + "\", nonce=\"x\"\r\n"},
		{"PROXY-authorization:Digest response=\"" + secret + "\"\r\n", "PROXY-authorization:Digest response=\"" + zero + "\"\r\n"},
		{"Authorization : Digest\r\n realm=\"a\",\r\n\tResponse = \"" + secret + "\"\r\n", "Authorization : Digest\r\n realm=\"a\",\r\n\tResponse = \"" + zero + "\"\r\n"},
		{"Authorization: Digest response=" + secret + ",uri=\"sip:a\"\n", "Authorization: Digest response=" + zero + ",uri=\"sip:a\"\n"},
		{"Authorization: Digest uri=\"sip:a;b,response=c\",response=\"" + secret + "\"\n", "Authorization: Digest uri=\"sip:a;b,response=c\",response=\"" + zero + "\"\n"},
		{"Authorization: Basic Ym9iOnNlY3JldA==\r\nVia: x\r\n", "Authorization: Basic 0000000000000000\r\nVia: x\r\n"},
		{"Authorization: Digest response=\"abc\r\nTo: response=\"def\"\r\n", "Authorization: Digest response=\"000\r\nTo: response=\"def\"\r\n"},
		{"Authorization: NTLM gssapi-data=\"TlRM\"\r\nVia: x\r\n", "Authorization: NTLM 000000000000000000\r\nVia: x\r\n"},
		{"Authentication-Info: qop=auth, rspauth=\"" + secret + "\"\r\n", "Authentication-Info: qop=auth, rspauth=\"" + zero + "\"\r\n"},
		{"INVITE sip:bob:s3cret-word@example.com:5060;lr SIP/2.0\r\n", "INVITE sip:bob:00000000000@example.com:5060;lr SIP/2.0\r\n"},
		{"To: \"b:c@d\" <SIPS:+4930:1234@[2001:db8::1]:5061>\r\n", "To: \"b:c@d\" <SIPS:+4930:0000@[2001:db8::1]:5061>\r\n"},
		{"Call-Info: <https://bob:s3cret@example.com/a:b@c>\r\n", "Call-Info: <https://bob:000000@example.com/a:b@c>\r\n"},
		// What is no credential stays.
		{"From: sip:pbx:5060;tag=a@b, <sip:pbx.example.com:5060;x=a:b>;y=c@d\r\n", "From: sip:pbx:5060;tag=a@b, <sip:pbx.example.com:5060;x=a:b>;y=c@d\r\n"},
		{"Route: <sip:[2001:db8::1]:5060;lr>, <sip:a@[2001:db8::1]>, <sip:bob@pbx:5060>\r\n", "Route: <sip:[2001:db8::1]:5060;lr>, <sip:a@[2001:db8::1]>, <sip:bob@pbx:5060>\r\n"},
		{"Subject: response=\"" + secret + "\"\r\n", "Subject: response=\"" + secret + "\"\r\n"},
		{"Authentication-Info: nextnonce=\"x\"\r\n", "Authentication-Info: nextnonce=\"x\"\r\n"},
		{"Authorization: Digest cnonce=\"abc\", myresponse=\"x\"\r\n", "Authorization: Digest cnonce=\"abc\", myresponse=\"x\"\r\n"},
		{"a: b\r\n Authorization: Digest response=\"x\"\r\n", "a: b\r\n Authorization: Digest response=\"x\"\r\n"},
	} {
		if got := string(new(masker).mask(nil, []byte(c.in))); got != c.want {
			t.Errorf("mask(%q)\n= %q, want\n  %q", c.in, got, c.want)
		}
		// In two pieces, wherever they are cut.
		for i := range c.in {
			var m masker
			got := string(m.mask(m.mask(nil, []byte(c.in[:i])), []byte(c.in[i:])))
			if got != c.want {
				t.Fatalf("cut at %d: %q", i, got)
			}
		}
	}
}

// No file holds a response, whichever way the message went; memory keeps it.
func TestSecretsAreNotWritten(t *testing.T) {
	message := "REGISTER sip:example.com SIP/2.0\r\nCall-ID: 1\r\nAuthorization: Digest username=\"bob\", response=\"" + secret + "\"\r\nContent-Length: 0\r\n\r\n"
	half := strings.Index(message, secret) + 11
	var records []Record
	add := func(net Net, data string) {
		records = append(records, Record{N: len(records) + 1, Packet: &Packet{Time: start, Net: net, Src: alice, Dst: proxy, Data: []byte(data)}})
	}
	add(UDP, message)
	add(TCP, message[:half])
	add(UDP, "between")
	add(TCP, message[half:])
	add(TLS, message)
	add(ICMP, "\x03\x03\x00\x00\x00\x00\x00\x00"+strings.Repeat("\x45", 28)+message)
	var b bytes.Buffer
	if _, err := Write(&b, values(records)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i+6 <= len(secret); i++ {
		if bytes.Contains(b.Bytes(), []byte(secret[i:i+6])) {
			t.Fatalf("%q of the response is in the file", secret[i:i+6])
		}
	}
	got := collect(t, bytes.NewReader(b.Bytes()))
	if len(got) != len(records) {
		t.Fatal(len(got), "records")
	}
	for i, r := range got {
		was := records[i].Packet.Data
		if len(r.Packet.Data) != len(was) {
			t.Errorf("packet %d is %d bytes long, was %d", i+1, len(r.Packet.Data), len(was))
		}
	}
	if string(records[0].Packet.Data) != message || string(records[1].Packet.Data)+string(records[3].Packet.Data) != message {
		t.Error("the records in memory were changed")
	}
}
