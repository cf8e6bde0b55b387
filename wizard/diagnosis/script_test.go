package diagnosis

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// A script is a conversation in a few readable lines. Each line begins with a
// time in seconds, except for the settings at the top:
//
//	phone ADDR | server ADDR | media ADDR | peer ADDR    who talks: signalling, then sound
//	seen HOST:PORT                                       our address as the server sees it
//	live [tcp|tls]                                       our own test phone made this tape, its account's transport
//	0    registered                                      REGISTER, 401, REGISTER, 200
//	1    dial 200                                        INVITE, 407, ACK, INVITE, 100
//	3    answered                                        200 with SDP, ACK
//	3    rings                                           an INVITE for us, our 100 and 180
//	4    taken                                           our 200 with SDP, their ACK
//	9    out BYE                                         one message; an answer is its code
//	     Reason: Q.850;cause=16                          a header of the message above ("+" adds, "-" removes),
//	                                                     or its Body, behind its Content-Type
//	5    rtp in for=5s level=-20                         sound, see media_test.go
//	5    rtcp in sr packets=200                          a report
//	5    icmp 10.0.0.1:5060 port                         an ICMP error
//	9    note answer heard no                            a note
//
// Words behind a message: call=ID to=USER from=USER sdp sdp=HOST:PORT dir=sendonly
// codecs=0,8,101 proto=RTP/SAVP crypto dtls auth stale realm=R alg=A at=0.5,1.5 (further
// copies) size=1400 tcp tls ruser=USER via=HOST:PORT seen=HOST:PORT as=METHOD dest=ADDR contact=HOST:PORT.
type script struct {
	phone, server, media, peer netip.AddrPort
	records                    []capture.Record
	dialogs                    map[string]*dialog
	current                    *dialog
	branch, nonce              int
	last                       *line
	err                        error
	live                       string // the account's transport when our own phone made the tape, else ""
	seen                       string // our address as the server sees it, "" for the phone's own
}

// dialog is what a Call-ID needs to go on.
type dialog struct {
	id       string
	incoming bool
	to, from string
	cseq     [2]int // of out, of in
	requests [2]*sipmsg.Message
	invite   [2]*sipmsg.Message
	toTag    string // of the dialog
	lastTag  string // of the last answer, for the ACK
	asked    *sipmsg.Challenge
}

// line is one message that is still open for headers.
type line struct {
	at    float64
	again []float64
	out   bool
	net   capture.Net
	dest  netip.AddrPort
	size  int
	msg   *sipmsg.Message
}

var scriptBegan = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func seconds(f float64) time.Time {
	return scriptBegan.Add(time.Duration(f * float64(time.Second)).Round(time.Microsecond))
}

// readScript turns a script into records in order of time.
func readScript(text string) ([]capture.Record, error) {
	s := &script{dialogs: map[string]*dialog{},
		phone: netip.MustParseAddrPort("10.0.0.7:5070"), server: netip.MustParseAddrPort("10.0.0.1:5060"),
		media: netip.MustParseAddrPort("10.0.0.7:4000"), peer: netip.MustParseAddrPort("10.0.0.1:8000")}
	for n, l := range strings.Split(text, "\n") {
		if i := strings.Index(l, "#"); i == 0 {
			continue
		}
		if strings.TrimSpace(l) == "" {
			continue
		}
		s.line(l)
		if s.err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", n+1, l, s.err)
		}
	}
	s.flush()
	s.note(-0.002, capture.KindSubject, "sip", s.phone.String())
	if s.live != "" {
		s.note(-0.001, capture.KindPhone, capture.PhoneAccount, "me example.net "+s.live)
	}
	slices.SortStableFunc(s.records, func(a, b capture.Record) int { return a.Time().Compare(b.Time()) })
	for i := range s.records {
		s.records[i].N = i + 1
	}
	return s.records, s.err
}

func (s *script) line(l string) {
	if l[0] == ' ' || l[0] == '\t' {
		s.header(strings.TrimSpace(l))
		return
	}
	words := strings.Fields(l)
	if addr := map[string]*netip.AddrPort{"phone": &s.phone, "server": &s.server, "media": &s.media, "peer": &s.peer}[words[0]]; addr != nil {
		s.flush() // a second phone in one script begins here
		*addr, s.err = netip.ParseAddrPort(words[1])
		return
	}
	if words[0] == "seen" {
		s.seen = words[1]
		return
	}
	if words[0] == "live" {
		s.live = "udp"
		if len(words) > 1 {
			s.live = words[1]
		}
		return
	}
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil || len(words) < 2 {
		s.err = fmt.Errorf("does not begin with a time")
		return
	}
	switch words[1] {
	case "registered":
		s.block(at, "out REGISTER", "in 401", "out REGISTER auth", "in 200")
	case "dial":
		s.block(at, "out INVITE sdp to="+words[2]+" "+strings.Join(words[3:], " "), "in 407", "out ACK",
			"out INVITE sdp auth "+strings.Join(words[3:], " "), "in 100")
	case "answered":
		s.block(at, "in 200 sdp "+strings.Join(words[2:], " "), "out ACK")
	case "rings":
		s.block(at, "in INVITE sdp "+strings.Join(words[2:], " "), "out 100", "out 180")
	case "taken":
		s.block(at, "out 200 sdp "+strings.Join(words[2:], " "), "in ACK")
	case "out", "in":
		s.flush()
		s.message(at, words[1] == "out", words[2], words[3:])
	case "rtp":
		s.rtp(at, words[2], words[3:])
	case "rtcp":
		s.rtcp(at, words[2], words[3:])
	case "raw":
		s.records = append(s.records, capture.Record{Packet: &capture.Packet{Time: seconds(at), Net: capture.UDP,
			Src: s.server, Dst: s.phone, Data: []byte(strings.Join(words[2:], " ") + "\r\n\r\n")}})
	case "icmp":
		s.icmp(at, words[2], words[3])
	case "note":
		s.note(at, capture.Kind(words[2]), words[3], strings.Join(words[4:], " "))
	default:
		s.err = fmt.Errorf("unknown word %q", words[1])
	}
}

// block sends several messages 5 ms apart.
func (s *script) block(at float64, lines ...string) {
	for i, l := range lines {
		if s.err == nil {
			s.line(fmt.Sprintf("%.3f %s", at+float64(i)*0.005, l))
		}
	}
}

func (s *script) note(at float64, kind capture.Kind, key, text string) {
	s.records = append(s.records, capture.Record{Note: &capture.Note{Time: seconds(at), Kind: kind, Key: key, Text: text}})
}

// header changes the message above.
func (s *script) header(l string) {
	name, value, ok := strings.Cut(l, ":")
	if s.last == nil || !ok && l[0] != '-' {
		s.err = fmt.Errorf("a header without a message")
		return
	}
	value = strings.TrimSpace(value)
	switch {
	case l[0] == '-':
		s.last.msg.Del(strings.TrimSpace(strings.TrimPrefix(name, "-")))
	case l[0] == '+':
		s.last.msg.Add(name[1:], value)
	case name == "Body":
		s.last.msg.SetBody(s.last.msg.Get("Content-Type"), []byte(value))
	case name == "Length":
		s.last.msg.KeepLength = true
		s.last.msg.Set("Content-Length", value)
	default:
		s.last.msg.Set(name, value)
	}
}

// flush puts the open message on the tape.
func (s *script) flush() {
	l := s.last
	if l == nil {
		return
	}
	s.last = nil
	p := capture.Packet{Net: l.net, Src: s.phone, Dst: l.dest}
	if !l.out {
		p.Src, p.Dst = l.dest, s.phone
	}
	if pad := l.size - len(l.msg.Bytes()) - len("X-Pad: \r\n"); pad > 0 {
		l.msg.Add("X-Pad", strings.Repeat("x", pad))
	}
	p.Data = l.msg.Bytes()
	for _, at := range append([]float64{l.at}, l.again...) {
		q := p
		q.Time = seconds(at)
		s.records = append(s.records, capture.Record{Packet: &q})
	}
}

// options are the words behind a message.
type options struct {
	has  map[string]bool
	with map[string]string
	rest []string
}

func readOptions(words []string) options {
	o := options{has: map[string]bool{}, with: map[string]string{}}
	for _, w := range words {
		if name, value, ok := strings.Cut(w, "="); ok {
			o.with[name] = value
			o.has[name] = true
			continue
		}
		switch w {
		case "sdp", "auth", "stale", "crypto", "dtls", "tcp", "tls", "bare", "same":
			o.has[w] = true
		default:
			o.rest = append(o.rest, w)
		}
	}
	return o
}

func (o options) or(name, other string) string {
	if v, ok := o.with[name]; ok {
		return v
	}
	return other
}

func (s *script) message(at float64, out bool, what string, words []string) {
	o := readOptions(words)
	l := &line{at: at, out: out, net: capture.UDP, dest: s.server}
	if o.has["tcp"] {
		l.net = capture.TCP
	}
	if o.has["tls"] {
		l.net = capture.TLS
	}
	if v, ok := o.with["dest"]; ok {
		l.dest, s.err = netip.ParseAddrPort(v)
	}
	l.size, _ = strconv.Atoi(o.or("size", "0"))
	if v, ok := o.with["at"]; ok {
		for _, f := range strings.Split(v, ",") {
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				s.err = err
			}
			l.again = append(l.again, at+n)
		}
	}
	code, err := strconv.Atoi(what)
	id := o.or("call", "")
	if id == "" {
		switch {
		case what == "REGISTER", what == "OPTIONS":
			id = strings.ToLower(what)
		case s.current != nil && (err == nil || s.current.id != "register" && s.current.id != "options"):
			id = s.current.id
		default:
			id = "call-1"
		}
	}
	d := s.dialogs[id]
	if d == nil {
		d = &dialog{id: id, incoming: !out, to: "200", from: "me"}
		if d.incoming {
			d.to, d.from = "me", "300"
		}
		s.dialogs[id] = d
	}
	s.current = d
	d.to, d.from = o.or("to", d.to), o.or("from", d.from)
	if err == nil {
		l.msg = s.response(d, out, code, o)
	} else {
		l.msg = s.request(d, out, what, o)
	}
	if s.err != nil || l.msg == nil {
		return
	}
	s.describe(l, o)
	s.last = l
}

// fold gives the evidence of records.
func fold(records []capture.Record) *evidence.Evidence {
	var b evidence.Builder
	for _, r := range records {
		b.Add(r)
	}
	return b.Evidence()
}
