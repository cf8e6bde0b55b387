package providers

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

var (
	phone = netip.MustParseAddrPort("192.168.1.23:5060")
	began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// scene is a sign-in and a call with one final answer, as a phone's tape shows it.
type scene struct {
	domain  string // of the account
	server  string // Server header of the answers
	address string // the server's address; "": 198.51.100.20
	from    string // the number shown; "": 2001, the account's
	signIn  string // how the sign-in ends; "": 200 OK
	rings   bool
	answer  string // how the call ends; "": there is none
	hangUp  string // a header of their BYE, after the call was up for a minute
	notes   map[string]string
}

func (s scene) tape() *capture.Tape {
	tape := &capture.Tape{}
	server := netip.MustParseAddrPort("198.51.100.20:5060")
	if s.address != "" {
		server = netip.AddrPortFrom(netip.MustParseAddr(s.address), 5060)
	}
	for key, text := range s.notes {
		tape.Note(capture.Note{Time: began, Kind: capture.KindPhone, Key: key, Text: text})
	}
	at, head := began, ""
	send := func(out bool, after time.Duration, first string, more ...string) {
		at = at.Add(after)
		if !out && s.server != "" {
			more = append(more, "Server: "+s.server)
		}
		p := capture.Packet{Time: at, Net: capture.UDP, Src: phone, Dst: server,
			Data: []byte(first + "\r\n" + head + strings.Join(append(more, "Content-Length: 0"), "\r\n") + "\r\n\r\n")}
		if !out {
			p.Src, p.Dst = server, phone
		}
		tape.Packet(p)
	}
	request := func(call, branch, method, user, to string, n int) {
		head = fmt.Sprintf("Via: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bK%s;rport\r\nFrom: <sip:%s@%s>;tag=a\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\nCSeq: %d %s\r\n",
			branch, user, s.domain, to, s.domain, call, n, method)
	}
	const contact, hops = "Contact: <sip:2001@192.168.1.23:5060>", "Max-Forwards: 70"
	digest := fmt.Sprintf(`Digest username="2001", realm="r", nonce="n", uri="sip:%s", response="0123456789abcdef0123456789abcdef"`, s.domain)
	for n, last := range []string{"401 Unauthorized", orOK(s.signIn)} {
		request("reg", fmt.Sprint("r", n), "REGISTER", "2001", "2001", n+1)
		more := []string{hops, contact}
		if n == 1 {
			more = append(more, "Authorization: "+digest)
		}
		send(true, time.Millisecond, "REGISTER sip:"+s.domain+" SIP/2.0", more...)
		send(false, 20*time.Millisecond, "SIP/2.0 "+last, `WWW-Authenticate: Digest realm="r", nonce="n"`, contact+";expires=300")
	}
	if s.answer == "" && s.hangUp == "" {
		return s.end(tape, at)
	}
	from := s.from
	if from == "" {
		from = "2001"
	}
	to := "INVITE sip:0905551000@" + s.domain + " SIP/2.0"
	request("call", "i0", "INVITE", from, "0905551000", 1)
	send(true, time.Second, to, hops, contact)
	send(false, 20*time.Millisecond, "SIP/2.0 407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="r", nonce="n"`)
	send(true, time.Millisecond, strings.Replace(to, "INVITE", "ACK", 1))
	request("call", "i1", "INVITE", from, "0905551000", 2)
	send(true, time.Millisecond, to, hops, contact, "Proxy-Authorization: "+digest)
	if s.rings {
		send(false, 300*time.Millisecond, "SIP/2.0 180 Ringing")
		at = at.Add(8 * time.Second)
	}
	if s.hangUp != "" {
		head = strings.Replace(head, ">\r\nCall-ID", ">;tag=b\r\nCall-ID", 1)
		send(false, 300*time.Millisecond, "SIP/2.0 200 OK", "Contact: <sip:gw@198.51.100.20:5060>")
		request("call", "a1", "ACK", from, "0905551000", 2)
		head = strings.Replace(head, ">\r\nCall-ID", ">;tag=b\r\nCall-ID", 1)
		send(true, time.Millisecond, strings.Replace(to, "INVITE", "ACK", 1))
		head = fmt.Sprintf("Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bKb\r\nFrom: <sip:0905551000@%s>;tag=b\r\nTo: <sip:%s@%s>;tag=a\r\nCall-ID: call\r\nCSeq: 7 BYE\r\n", s.domain, from, s.domain)
		send(false, time.Minute, "BYE sip:2001@192.168.1.23:5060 SIP/2.0", hops, s.hangUp)
		send(true, time.Millisecond, "SIP/2.0 200 OK")
		return s.end(tape, at)
	}
	lines := strings.Split(s.answer, "\n")
	send(false, 200*time.Millisecond, "SIP/2.0 "+lines[0], lines[1:]...)
	send(true, time.Millisecond, strings.Replace(to, "INVITE", "ACK", 1))
	return s.end(tape, at)
}

func orOK(s string) string {
	if s == "" {
		return "200 OK"
	}
	return s
}

// end lets some time pass, so that nothing is still under way.
func (s scene) end(tape *capture.Tape, at time.Time) *capture.Tape {
	tape.Note(capture.Note{Time: at.Add(4 * time.Second), Kind: capture.KindStep, Key: "end", Text: "end of the test"})
	return tape
}

func (s scene) evidence(t *testing.T) *evidence.Evidence {
	t.Helper()
	var b evidence.Builder
	b.SetSubject(phone)
	for _, r := range s.tape().From(0) {
		b.Add(r)
	}
	return b.Evidence()
}
