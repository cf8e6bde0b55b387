package generate

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// The server, its relay for sound, and the domain.
var (
	server = netip.MustParseAddrPort("198.51.100.20:5060")
	relay  = netip.MustParseAddr("198.51.100.30")
)

const domain = "sip.example.net"

// phone is one of the phones, from 0.
func phone(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 20, byte(i / 250), byte(1 + i%250)}), 5060)
}

func user(i int) string { return strconv.Itoa(2000 + i) }

// dialogue writes the messages between two ends, each once and where it is wanted
// a second time.
type dialogue struct {
	events []event
	id     string
	at     time.Duration
}

// say adds a message, and what comes after it passes after the given time.
func (d *dialogue) say(from, to netip.AddrPort, m *sipmsg.Message, pause time.Duration) {
	d.events = append(d.events, event{at: d.at, src: from, dst: to, data: m.Bytes(), sip: true})
	d.at += pause
}

// again repeats the last message after a while, as a sender does that got no answer
// in time; what follows passes after the pause that was still to come.
func (d *dialogue) again(after time.Duration) {
	last := d.events[len(d.events)-1]
	pause := d.at - last.at
	last.at += after
	d.events = append(d.events, last)
	d.at = last.at + pause
}

// request begins a request inside or outside of a dialog.
func request(method, uri string, via netip.AddrPort, from, to, id string, cseq int) *sipmsg.Message {
	m := sipmsg.NewRequest(method, uri)
	branch := fmt.Sprintf("z9hG4bK-%s-%d", id[:8], cseq)
	if method == "ACK" || method == "BYE" {
		branch += "-" + method
	}
	m.Add("Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=%s;rport", via, branch))
	m.Add("Max-Forwards", "70")
	m.Add("From", from)
	m.Add("To", to)
	m.Add("Call-ID", id)
	m.Add("CSeq", fmt.Sprintf("%d %s", cseq, method))
	m.Add("User-Agent", "Example Phone 3.11.2 (build 2026-01-02)")
	m.Add("Allow", "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE")
	m.Add("Supported", "replaces, timer, path")
	return m
}

// response answers a request.
func response(req *sipmsg.Message, code int, contact string) *sipmsg.Message {
	m := sipmsg.NewResponse(req, code, "")
	m.Add("Server", "Example Exchange 16.30.0")
	m.Add("Allow", "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE")
	if contact != "" {
		m.Add("Contact", contact)
	}
	return m
}

// describe puts a description of sound into a message (RFC 4566).
func describe(m *sipmsg.Message, media netip.AddrPort, law byte) {
	first, second := "0 8", "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	if law == 8 {
		first, second = "8 0", "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
	}
	m.SetBody("application/sdp", fmt.Appendf(nil, "v=0\r\no=- 1767600000 1 IN IP4 %s\r\ns=call\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP %s 101\r\n%sa=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
		media.Addr(), media.Addr(), media.Port(), first, second))
}

// credentials for a challenge; nobody checks them.
func credentials(user, method, uri string, n int) string {
	return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%016x", uri="%s", response="%032x", algorithm=MD5`, user, domain, n*7919, uri, n*104729)
}

func challenge(n int) string {
	return fmt.Sprintf(`Digest realm="%s", nonce="%016x", algorithm=MD5`, domain, n*7919)
}

// refresh is how often a phone signs in anew.
const refresh = 300 * time.Second

// registration is a phone's sign-ins: challenged at first, and then renewed while
// calls are made.
func (m *maker) registration(i int) *script {
	d := &dialogue{id: fmt.Sprintf("%08x-registration@%s", i+1, phone(i).Addr()), at: time.Duration(i) * 60 * time.Millisecond}
	aor, uri := fmt.Sprintf("<sip:%s@%s>", user(i), domain), "sip:"+domain
	from := aor + ";tag=r" + user(i)
	contact := fmt.Sprintf("<sip:%s@%s>", user(i), phone(i))
	cseq := 0
	send := func(authorized bool) {
		cseq++
		r := request("REGISTER", uri, phone(i), from, aor, d.id, cseq)
		r.Add("Contact", contact)
		r.Add("Expires", "600")
		if authorized {
			r.Add("Authorization", credentials(user(i), "REGISTER", uri, i))
		}
		d.say(phone(i), server, r, 12*time.Millisecond)
		if !authorized {
			a := response(r, 401, "")
			a.Add("WWW-Authenticate", challenge(i))
			d.say(server, phone(i), a, 9*time.Millisecond)
			return
		}
		a := response(r, 200, contact+";expires=600")
		d.say(server, phone(i), a, 0)
	}
	send(false)
	send(true)
	for last := m.begins(m.plan.Calls); d.at+refresh < last; {
		d.at += refresh
		send(true)
	}
	return sorted(d.events)
}
