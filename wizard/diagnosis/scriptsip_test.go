package diagnosis

import (
	"fmt"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

func side(out bool) int {
	if out {
		return 0
	}
	return 1
}

func (s *script) request(d *dialog, out bool, method string, o options) *sipmsg.Message {
	me, other := s.phone, s.server
	uri := "sip:" + d.to + "@example.net"
	contact := "sip:me@" + o.or("contact", me.String())
	if !out {
		me, other = s.server, s.phone
		contact = "sip:300@" + o.or("contact", me.String())
	}
	switch {
	case method == "REGISTER":
		uri = "sip:example.net"
	case !out && d.incoming && method == "INVITE":
		uri = "sip:" + o.or("ruser", "me") + "@" + other.String()
	}
	n := side(out)
	branch := ""
	if invite := d.invite[n]; invite != nil && (method == "CANCEL" || method == "ACK") {
		uri = invite.URI
		if last := s.finalOf(d, out); method == "CANCEL" || last >= 300 {
			branch = invite.Branch()
		}
	} else {
		d.cseq[n]++
	}
	if method == "ACK" || method == "CANCEL" {
		if d.invite[n] != nil {
			c, _, _ := d.invite[n].CSeq()
			d.cseq[n] = int(c)
		}
	}
	if branch == "" {
		s.branch++
		branch = "z9hG4bK" + strconv.Itoa(s.branch)
	}
	m := sipmsg.NewRequest(method, uri)
	transport := "UDP"
	if o.has["tcp"] {
		transport = "TCP"
	}
	if o.has["tls"] {
		transport = "TLS"
	}
	m.Add("Via", "SIP/2.0/"+transport+" "+me.String()+";branch="+branch+";rport")
	m.Add("Max-Forwards", "70")
	from, to := "<sip:"+d.from+"@example.net>;tag=f-"+d.id, "<sip:"+d.to+"@example.net>"
	if method == "ACK" {
		to += ";tag=" + d.lastTag
	} else if d.toTag != "" && method != "CANCEL" {
		to += ";tag=" + d.toTag
	}
	if method == "REGISTER" {
		to = "<sip:" + d.from + "@example.net>"
	}
	if out == d.incoming { // against the direction in which the dialog was made
		from, to = to, from
	}
	m.Add("From", from)
	m.Add("To", to)
	m.Add("Call-ID", d.id)
	m.Add("CSeq", strconv.Itoa(d.cseq[n])+" "+method)
	m.Add("Contact", "<"+contact+">")
	if method == "REGISTER" {
		m.Add("Expires", "300")
	}
	if o.has["auth"] && d.asked != nil {
		name := "Authorization"
		if d.asked.Proxy {
			name = "Proxy-Authorization"
		}
		m.Add(name, `Digest username="me", realm="`+d.asked.Realm+`", nonce="`+d.asked.Nonce+`", uri="`+uri+`", response="x"`)
	}
	if method == "INVITE" {
		d.invite[n] = m
	}
	d.requests[n] = m
	return m
}

// finals remembers the last final answer to an INVITE of a direction.
func (s *script) finalOf(d *dialog, out bool) int {
	s.flush()
	for i := len(s.records) - 1; i >= 0; i-- {
		p := s.records[i].Packet
		if p == nil || (p.Src == s.phone) == out {
			continue
		}
		m, err := sipmsg.Parse(p.Data)
		if err == nil && m.CallID() == d.id && m.Status >= 200 {
			if _, method, _ := m.CSeq(); method == "INVITE" {
				return m.Status
			}
		}
	}
	return 0
}

func (s *script) response(d *dialog, out bool, code int, o options) *sipmsg.Message {
	n := side(!out)
	req := d.requests[n]
	switch as := o.or("as", ""); {
	case as == "INVITE":
		req = d.invite[n]
	case req != nil && (req.Method == "ACK" || req.Method == "CANCEL" && code != 200):
		req = d.invite[n]
	}
	if req == nil {
		s.err = fmt.Errorf("an answer to nothing")
		return nil
	}
	m := sipmsg.NewResponse(req, code, strings.Join(o.rest, " "))
	if code > 100 && req.Method == "INVITE" {
		d.lastTag = m.ToTag()
		if code < 300 {
			d.toTag = d.lastTag
		}
	}
	via := m.Vias()[0]
	seen := o.or("seen", s.seen)
	if seen == "" {
		seen = s.phone.String()
	}
	at, port, _ := cutPort(seen)
	sent := via.Host + ":" + strconv.Itoa(via.Port)
	extra := ";received=" + at + ";rport=" + port
	if out || o.has["bare"] {
		extra = ""
	}
	m.Set("Via", "SIP/2.0/"+via.Transport+" "+o.or("via", sent)+";branch="+via.Branch+extra)
	if code == 401 || code == 407 {
		if !o.has["same"] {
			s.nonce++
		}
		c := sipmsg.Challenge{Realm: o.or("realm", "example.net"), Nonce: "n" + strconv.Itoa(s.nonce), Proxy: code == 407}
		text := `Digest realm="` + c.Realm + `", nonce="` + c.Nonce + `", algorithm=` + o.or("alg", "MD5")
		if o.has["stale"] {
			text += ", stale=true"
		}
		if d.asked = &c; c.Proxy {
			m.Set("Proxy-Authenticate", text)
		} else {
			m.Set("WWW-Authenticate", text)
		}
	}
	if req.Method == "REGISTER" && code == 200 {
		m.Set("Contact", req.Get("Contact")+";expires="+o.or("expires", "300"))
	} else if req.Method == "INVITE" && code < 300 && code > 100 {
		contact := s.server.String()
		if out {
			contact = s.phone.String()
		}
		m.Set("Contact", "<sip:200@"+o.or("contact", contact)+">")
	}
	return m
}

func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// describe gives the message its SDP.
func (s *script) describe(l *line, o options) {
	if !o.has["sdp"] {
		return
	}
	at := s.media
	if !l.out {
		at = s.peer
	}
	host, port, _ := cutPort(o.or("sdp", at.String()))
	spec := sipmsg.AudioSpec{Addr: strings.Trim(host, "[]"), Proto: o.or("proto", ""), Direction: o.or("dir", ""), Session: 1, Version: 1}
	spec.Port, _ = strconv.Atoi(port)
	for _, f := range strings.Split(o.or("codecs", "0,8,101"), ",") {
		n, _ := strconv.Atoi(f)
		c, ok := sipmsg.StaticCodec(uint8(n))
		if !ok {
			c = sipmsg.Codec{PayloadType: uint8(n), Name: "telephone-event", ClockRate: 8000}
			if n != 101 {
				c.Name, c.ClockRate, c.Channels = "opus", 48000, 2
			}
		}
		spec.Codecs = append(spec.Codecs, c)
	}
	if o.has["crypto"] {
		spec.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"}
	}
	body := sipmsg.BuildAudio(spec)
	if o.has["dtls"] {
		body = append(body, "a=setup:actpass\r\na=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF\r\n"...)
	}
	l.msg.SetBody("application/sdp", body)
}
