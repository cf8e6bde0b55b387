package capture

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is sown into the tape below, in every place that a tape has; none of it may be
// found in what comes out, in any case.
var sown = []string{
	"s3cret-word",                      // the password, as an impolite server echoes it
	"6629fae49393a05397450978507c4ef1", // a digest response
	"YW5uYTpzM2NyZXQ=",                 // Basic credentials
	"+4930123456", "30123456",          // numbers
	"4915112345678",
	"anna", "berg", "müller", // names
	"auth-77123",
	"192.168.77.23", "203.0.113.77", "198.51.100.20", // addresses
	"2001:db8:77:1::23",
	"secretcorp", "annas-laptop", // machines
	"WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", // an SRTP key
	"hunter2ice",         // an ICE password
	"geheimnis",          // what a MESSAGE says
	"f81d4fae-7dec-11d0", // of a device
}

var redactPhone, redactServer = netip.MustParseAddrPort("192.168.77.23:5060"), netip.MustParseAddrPort("198.51.100.20:5060")

func sownTape() []Record {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var records []Record
	add := func(net Net, out bool, data string) {
		at = at.Add(10 * time.Millisecond)
		p := &Packet{Time: at, Net: net, Src: redactPhone, Dst: redactServer, Data: []byte(data)}
		if !out {
			p.Src, p.Dst = p.Dst, p.Src
		}
		records = append(records, Record{N: len(records) + 1, Packet: p})
	}
	note := func(kind Kind, key, text string) {
		records = append(records, Record{N: len(records) + 1, Note: &Note{Time: at, Kind: kind, Key: key, Text: text}})
	}
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	note(KindPhone, PhoneAccount, "+4930123456 pbx.secretcorp.example udp")
	note(KindPhone, PhoneLookup, "pbx.secretcorp.example -> 198.51.100.20 in 12ms")
	note(KindPhone, PhoneCertificate, `198.51.100.20:5061 1/1 subject="CN=Anna Berg,O=Secretcorp" issuer="CN=Berg CA" names="pbx.secretcorp.example" from=2026-01-01T00:00:00Z until=2027-01-01T00:00:00Z sha256=00ff`)
	note(KindProbe, ProbeNAT, "no outside=203.0.113.77:4711 inside=192.168.77.23:5060 server=stun.secretcorp.example")
	note(KindSubject, "sip", "192.168.77.23:5060")
	head := "Via: SIP/2.0/UDP 192.168.77.23:5060;branch=z9hG4bK-192.168.77.23-1;rport;received=203.0.113.77\nFrom: \"Anna Berg\" <sip:+4930123456@pbx.secretcorp.example>;tag=a1\nTo: Müller <sip:4915112345678@pbx.secretcorp.example;user=phone>\n" +
		"Call-ID: anna-1@annas-laptop.secretcorp.example\n"
	auth := "Authorization: Digest username=\"auth-77123\", realm=\"secretcorp.example\", nonce=\"abc\", uri=\"sip:pbx.secretcorp.example\", response=\"6629fae49393a05397450978507c4ef1\", qop=auth\n"
	contact := "Contact: \"Anna\" <sip:+4930123456@192.168.77.23:5060;transport=udp>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\";expires=300\n"
	add(UDP, true, crlf("REGISTER sip:pbx.secretcorp.example SIP/2.0\n"+head+"CSeq: 1 REGISTER\n"+contact+auth+"User-Agent: Phone 5.2 of Anna Berg 4915112345678\nContent-Length: 0\n\n"))
	add(UDP, false, crlf("SIP/2.0 403 Forbidden, Anna Berg owes for 030/30123456, password s3cret-word\n"+head+"CSeq: 1 REGISTER\nWarning: 399 198.51.100.20 \"account of Berg at secretcorp\"\nReason: Q.850;cause=21;text=\"Anna (192.168.77.23) barred\"\nServer: Kamailio 5.7.1 secretcorp\nX-Customer: Müller 4915112345678\nError-Info: <https://secretcorp.example/anna?t=s3cret-word>\nRetry-After: 30 (Anna Berg)\nContent-Length: 0\n\n"))
	sdp := crlf("v=0\no=anna 1 2 IN IP4 192.168.77.23\ns=Berg calls\ni=Anna\nc=IN IP4 203.0.113.77\nt=0 0\nm=audio 4000 RTP/SAVP 8 101\na=rtpmap:101 telephone-event/8000\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\na=ice-pwd:hunter2ice\na=candidate:1 1 UDP 1 2001:db8:77:1::23 4000 typ host\na=ssrc:7 cname:anna@annas-laptop\na=acap:1 crypto:2 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\na=x-owner:Geheimnis\n")
	invite := crlf("INVITE tel:+4930123456;phone-context=secretcorp.example SIP/2.0\nv: SIP/2.0/TCP [2001:db8:77:1::23]:5060;branch=z9hG4bKx\nf: <sip:anna:s3cret-word@secretcorp.example>;tag=a\nt: sip:30123456@198.51.100.20\ni: 77\nCSeq: 2 INVITE\nProxy-Authorization: Basic YW5uYTpzM2NyZXQ=\nP-Asserted-Identity: \"Anna\" <tel:+4930123456>\nHistory-Info: <sip:anna@secretcorp.example?Reason=sip%3Bcause%3D302>;index=1\nSubject: Geheimnis\nCall-Info: <https://anna:s3cret-word@secretcorp.example/anna>\nc: application/sdp\nContent-Length: ") + itoa(len(sdp)) + "\r\n\r\n" + sdp
	add(TCP, true, invite[:100]) // the line of a name comes in two pieces
	add(TCP, true, invite[100:]+invite[:50])
	add(TCP, true, invite[50:])
	add(UDP, true, crlf("MESSAGE sip:anna@secretcorp.example SIP/2.0\n"+head+"CSeq: 3 MESSAGE\nContent-Type: text/plain\n\nGeheimnis: call Müller at 030 30123456, password s3cret-word, at 192.168.77.23.\nContact: <sip:anna@berg.example>\n"))
	add(UDP, false, "hello Anna Berg, this is secretcorp 4915112345678")
	rtp := append([]byte{0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0xbe, 0xde, 0, 1}, "annaGeheimnis!!"...)
	add(UDP, true, string(rtp))
	sdes := append([]byte{0x81, 202, 0, 6, 0, 0, 0, 7, 1, 17}, "anna@annas-laptop\x00"...)
	add(UDP, true, string(sdes))
	stun := []byte{1, 1, 0, 24, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 0, 8, 0, 1, 0x10, 0x11, 203, 0, 113, 77, 0, 6, 0, 4}
	add(UDP, false, string(append(stun, "anna"...)))
	inner := append([]byte{3, 3, 0, 0, 0, 0, 0, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 77, 23, 198, 51, 100, 20, 0x13, 0xc4, 0x13, 0xc4, 0, 40, 0, 0}, "INVITE sip:anna@secretcorp.example SIP/2.0\r\n"...)
	add(ICMP, false, string(inner))
	return records
}

func itoa(n int) string {
	s := ""
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}

func tellingWord(w string) bool {
	return slices.Contains([]string{"forbidden", "account", "barred", "kamailio", "password", "owes"}, w)
}

// Nothing that was sown is left, in the records or in the file that is made of them, and
// every length stays.
func TestRedact(t *testing.T) {
	tape := sownTape()
	before := make([]string, len(tape))
	for i, r := range tape {
		if r.Packet != nil {
			before[i] = string(r.Packet.Data)
		}
	}
	got, _ := Redact(tape, Redaction{KeepWord: tellingWord})
	if len(got) != len(tape)+1 || got[0].Note == nil || got[0].Note.Key != LimitMuted {
		t.Fatal("the note at the beginning is missing")
	}
	var all strings.Builder
	for i, r := range got[1:] {
		switch {
		case r.Note != nil:
			all.WriteString(r.Note.Text + "\n")
		case len(r.Packet.Data) != len(tape[i].Packet.Data):
			t.Errorf("record %d is %d bytes long, was %d:\n%s", r.N, len(r.Packet.Data), len(tape[i].Packet.Data), r.Packet.Data)
		default:
			all.WriteString(r.Packet.Src.String() + r.Packet.Dst.String() + "\n")
			all.Write(r.Packet.Data)
			all.WriteString("\n")
			if string(tape[i].Packet.Data) != before[i] {
				t.Errorf("record %d of the original was changed", r.N)
			}
		}
	}
	var file bytes.Buffer
	if _, err := Write(&file, slices.Values(got)); err != nil {
		t.Fatal(err)
	}
	for _, s := range sown {
		for name, text := range map[string]string{"records": all.String(), "file": file.String()} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
				t.Errorf("%q is in the %s", s, name)
			}
		}
	}
	for _, a := range [][]byte{{192, 168, 77, 23}, {203, 0, 113, 77}, {198, 51, 100, 20}, netip.MustParseAddr("2001:db8:77:1::23").AsSlice()} {
		if bytes.Contains(file.Bytes(), a) {
			t.Errorf("%v is in the file", a)
		}
	}
	// What tells of a fault stays.
	for _, want := range []string{"SIP/2.0 403 Forbidden, ", "password", "barred", "cause=21", "Kamailio 5.7.1", "branch=z9hG4bK-", "CSeq: 1 REGISTER", "nonce=\"abc\"", "expires=300", "m=audio 4000 RTP/SAVP 8 101", "AES_CM_128_HMAC_SHA1_80", "|2^20|1:4", "Warning: 399 "} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("%q is gone:\n%s", want, all.String())
		}
	}
	if t.Failed() {
		t.Log(all.String())
	}
}

// One name has one token throughout, whatever stands around it.
func TestRedactIsConsistent(t *testing.T) {
	got, r := Redact(sownTape(), Redaction{})
	user := strings.Fields(got[1].Note.Text)[0]
	if !strings.HasPrefix(user, "+") || len(user) != len("+4930123456") {
		t.Errorf("token %q of a number", user)
	}
	n := 0
	for _, rec := range got {
		if rec.Packet != nil {
			n += strings.Count(string(rec.Packet.Data), user)
		}
	}
	if n < 4 {
		t.Errorf("%q stands there %d times", user, n)
	}
	if a := r.Addr(redactPhone); got[6].Packet.Src != a || a.Port() != 5060 {
		t.Errorf("%v and %v", got[6].Packet.Src, a)
	}
}

// Addresses keep their class and their network, and no two become one.
func TestRedactAddresses(t *testing.T) {
	tk := newTokens(nil)
	seen := map[netip.Addr]netip.Addr{}
	class := func(a netip.Addr) [6]bool {
		cgn := netip.MustParsePrefix("100.64.0.0/10")
		return [6]bool{a.IsPrivate(), a.IsLoopback(), a.IsLinkLocalUnicast(), cgn.Contains(a), a.IsMulticast(), a.Is4()}
	}
	for _, base := range []string{"10.1.2.3", "192.168.1.1", "172.16.0.1", "172.31.255.254", "100.64.1.1", "169.254.7.7", "8.8.8.8", "198.51.100.20", "203.0.113.5", "100.1.1.1", "127.0.0.1", "224.0.1.75", "0.0.0.0", "255.255.255.255",
		"fe80::1", "fd12:3456::1", "2001:db8::1", "2a00:1450:4001:80b::200e", "::1"} {
		a := netip.MustParseAddr(base)
		for range 60 {
			x := tk.addr(a)
			if class(x) != class(a) || len(x.String()) != len(a.String()) {
				t.Fatalf("%v became %v", a, x)
			}
			if was, ok := seen[x]; ok && was != a {
				t.Fatalf("%v and %v became %v", was, a, x)
			}
			seen[x] = a
			if x != tk.addr(a) {
				t.Fatal("another token the second time")
			}
			a = a.Next()
			if !a.IsValid() {
				break
			}
		}
	}
	one, two, other := tk.addr(netip.MustParseAddr("192.168.1.1")), tk.addr(netip.MustParseAddr("192.168.1.2")), tk.addr(netip.MustParseAddr("192.168.2.1"))
	p := netip.PrefixFrom(one, 24)
	if !p.Contains(two) || p.Masked().Contains(other) {
		t.Errorf("the network of %v, %v and %v", one, two, other)
	}
}

func FuzzRedact(f *testing.F) {
	for _, r := range sownTape() {
		if r.Packet != nil {
			f.Add(r.Packet.Data, uint8(r.Packet.Net))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, net uint8) {
		n := Net(net)
		if n < UDP || n > WSS {
			n = UDP
		}
		var records []Record
		half := len(data) / 2
		for _, d := range [][]byte{data[:half], data[half:], data} {
			records = append(records, Record{N: len(records) + 1, Packet: &Packet{Net: n, Src: redactPhone, Dst: redactServer, Data: d}})
		}
		records = append(records, Record{N: 9, Note: &Note{Kind: KindPhone, Key: PhoneTLS, Text: string(data)}})
		got, _ := Redact(records, Redaction{})
		for i, r := range got[1:] {
			if r.Packet != nil && len(r.Packet.Data) != len(records[i].Packet.Data) {
				t.Fatalf("%d bytes became %d:\n%q\n%q", len(records[i].Packet.Data), len(r.Packet.Data), records[i].Packet.Data, r.Packet.Data)
			}
		}
	})
}

// A format's name and clock stay, whatever else in the tape looks like them: all packets
// are timed by them.
func TestRedactKeepsFormats(t *testing.T) {
	sdp := "v=0\r\no=- 1 1 IN IP4 192.168.1.9\r\ns=-\r\nc=IN IP4 192.168.1.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 99 101\r\na=rtpmap:99 iLBC/8000\r\na=rtpmap:101 telephone-event/8000\r\na=rtpmap:102 anna.berg at home\r\n"
	invite := "INVITE sip:8000@example.net SIP/2.0\r\nFrom: <sip:ilbc@example.net>;tag=1\r\nTo: <sip:8000@example.net>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: " + itoa(len(sdp)) + "\r\n\r\n" + sdp
	got, _ := Redact([]Record{{N: 1, Packet: &Packet{Net: UDP, Src: redactPhone, Dst: redactServer, Data: []byte(invite)}}}, Redaction{})
	text := string(got[1].Packet.Data)
	for _, want := range []string{"a=rtpmap:99 iLBC/8000\r\n", "a=rtpmap:101 telephone-event/8000\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is gone:\n%s", want, text)
		}
	}
	for _, secret := range []string{"sip:8000@", "sip:ilbc@", "anna"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q stayed:\n%s", secret, text)
		}
	}
}
