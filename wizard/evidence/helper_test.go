package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"

	"golang.org/x/tools/txtar"
)

// began is the moment at which test conversations begin.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// script turns a txtar conversation into records. The comment names addresses
// ("phone = 192.0.2.10:5060"); each file is one record, its name
//
//	SECONDS [tcp] FROM>TO              a SIP message, line ends made CRLF
//	SECONDS rtp FROM>TO                "pt=0 ssrc=1 seq=1 ts=0 count=50 every=20ms step=160 byte=0x80"
//	SECONDS hex FROM>TO                any payload
//	SECONDS note KIND KEY              a note, the content is its text
type script struct {
	t       *testing.T
	names   map[string]netip.AddrPort
	records []capture.Record
	want    string
}

func readScript(t *testing.T, path string) *script {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(raw)
	s := &script{t: t, names: make(map[string]netip.AddrPort)}
	for line := range strings.Lines(string(ar.Comment)) {
		name, addr, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok {
			s.names[name] = netip.MustParseAddrPort(addr)
		}
	}
	for _, f := range ar.Files {
		if f.Name == "want" {
			s.want = string(f.Data)
			continue
		}
		s.record(f)
	}
	return s
}

func (s *script) record(f txtar.File) {
	s.t.Helper()
	words := strings.Fields(f.Name)
	sec, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		s.t.Fatalf("%q does not begin with a time", f.Name)
	}
	at := began.Add(time.Duration(sec * float64(time.Second)).Round(time.Microsecond))
	kind := "sip"
	if len(words) > 2 {
		kind = words[1]
	}
	if kind == "note" {
		s.records = append(s.records, capture.Record{N: len(s.records) + 1, Note: &capture.Note{Time: at,
			Kind: capture.Kind(words[2]), Key: words[3], Text: strings.TrimSpace(string(f.Data))}})
		return
	}
	fromName, toName, _ := strings.Cut(words[len(words)-1], ">")
	from, ok := s.names[fromName]
	to, ok2 := s.names[toName]
	if !ok || !ok2 {
		s.t.Fatalf("%q: an unknown address", f.Name)
	}
	p := capture.Packet{Time: at, Net: capture.UDP, Src: from, Dst: to}
	switch kind {
	case "tcp":
		p.Net = capture.TCP
		p.Data = crlf(f.Data)
	case "rtp":
		s.rtp(p, string(f.Data))
		return
	case "hex":
		for _, w := range strings.Fields(string(f.Data)) {
			n, err := strconv.ParseUint(w, 16, 8)
			if err != nil {
				s.t.Fatal(err)
			}
			p.Data = append(p.Data, byte(n))
		}
	default:
		p.Data = crlf(f.Data)
	}
	s.add(p)
}

func (s *script) add(p capture.Packet) {
	s.records = append(s.records, capture.Record{N: len(s.records) + 1, Packet: &p})
}

// rtp writes a run of packets.
func (s *script) rtp(p capture.Packet, text string) {
	s.t.Helper()
	v := map[string]int{"pt": 0, "ssrc": 1, "seq": 1, "ts": 0, "count": 1, "every": 20, "step": 160, "byte": 0x55, "marker": 0}
	for _, w := range strings.Fields(text) {
		name, value, _ := strings.Cut(w, "=")
		n, err := strconv.ParseInt(strings.TrimSuffix(value, "ms"), 0, 64)
		if _, known := v[name]; err != nil || !known {
			s.t.Fatalf("%q is no RTP setting", w)
		}
		v[name] = int(n)
	}
	for i := range v["count"] {
		q := p
		q.Time = p.Time.Add(time.Duration(i*v["every"]) * time.Millisecond)
		payload := bytes.Repeat([]byte{byte(v["byte"])}, 160)
		q.Data = rtpPacket(uint8(v["pt"]), uint16(v["seq"]+i), uint32(v["ts"]+i*v["step"]), uint32(v["ssrc"]), v["marker"] == 1 && i == 0, payload)
		s.add(q)
	}
}

// crlf gives text SIP's line ends, and the body its true length where a message
// says "Content-Length: ?".
func crlf(text []byte) []byte {
	out := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	head, body, _ := bytes.Cut(out, []byte("\r\n\r\n"))
	head = bytes.Replace(head, []byte("Content-Length: ?"), []byte("Content-Length: "+strconv.Itoa(len(body))), 1)
	return bytes.Join([][]byte{bytes.TrimRight(head, "\r\n"), body}, []byte("\r\n\r\n"))
}

func rtpPacket(pt uint8, seq uint16, ts, ssrc uint32, marker bool, payload []byte) []byte {
	d := make([]byte, 12, 12+len(payload))
	d[0], d[1] = 0x80, pt
	if marker {
		d[1] |= 0x80
	}
	binary.BigEndian.PutUint16(d[2:], seq)
	binary.BigEndian.PutUint32(d[4:], ts)
	binary.BigEndian.PutUint32(d[8:], ssrc)
	return append(d, payload...)
}

func build(records []capture.Record) *Evidence {
	var b Builder
	for _, r := range records {
		b.Add(r)
	}
	return b.Evidence()
}

// describeEvidence renders what matters of evidence, for comparison.
func describeEvidence(ev *Evidence) string {
	var w strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	p("subject %s %s", ev.Subject.Addr, ev.Subject.How)
	p("have %s", kindNames(ev.Have))
	p("messages %d", len(ev.Messages))
	for _, r := range ev.Registrations {
		p("registration %s out=%v server=%s codes=%v", r.AOR, r.Out, r.Server, r.Codes())
		for _, t := range r.Transactions {
			p("  %s", txLine(t))
		}
	}
	for _, t := range ev.Options {
		p("options %s", txLine(t))
	}
	for _, t := range ev.OptionsIn {
		p("options-in %s", txLine(t))
	}
	for _, t := range ev.Others {
		p("other %s", txLine(t))
	}
	for _, c := range ev.Calls {
		p("call %s %s %s to %s touches=%v partial=%v", c.ID, c.Direction, c.From, c.To, c.Touches, c.Partial)
		for _, f := range []struct {
			name string
			m    *Message
		}{{"first", c.First}, {"invite", c.Invite}, {"trying", c.Trying}, {"ringing", c.Ringing}, {"progress", c.Progress}, {"answer", c.Answer},
			{"final", c.Final}, {"ack", c.Ack}, {"cancel", c.Cancel}, {"bye", c.Bye}, {"early", c.EarlyMedia}} {
			if f.m != nil {
				p("  %s %s", f.name, msgLine(f.m))
			}
		}
		p("  ended %s byeout=%v lasted %s", offset(c.Ended), c.ByeOut, c.Duration())
		for _, t := range c.Transactions {
			p("  tx %s", txLine(t))
		}
		for _, t := range c.OtherHops {
			p("  otherhop %s", txLine(t))
		}
		for _, t := range c.Reinvites {
			p("  reinvite #%d", t.Request.N)
		}
		for _, f := range []struct {
			name string
			m    *Media
		}{{"offer", c.Offer}, {"agreed", c.Agreed}, {"byreinvite", c.ByReinvite}} {
			if f.m != nil {
				p("  %s #%d local=%v %s:%d %s %s codecs=%s", f.name, f.m.Message.N, f.m.Local, f.m.Addr, f.m.Port, f.m.Proto, f.m.Direction, codecNames(f.m.Codecs))
			}
		}
		if c.In != nil {
			p("  in %d", c.In.SSRC)
		}
		if c.Out != nil {
			p("  out %d", c.Out.SSRC)
		}
		for _, r := range c.Reports {
			p("  report #%d out=%v ssrc=%d about=%v sender=%v bye=%v", r.N, r.Out, r.SSRC, r.About, r.Sender, r.Bye)
		}
		for _, r := range c.PeerSenders {
			p("  peersender ssrc=%d packets=%d", r.SSRC, r.Packets)
		}
	}
	for _, s := range ev.Streams {
		p("stream %s>%s ssrc=%d %s call=%q %s/%d", s.From, s.To, s.SSRC, s.Direction, s.CallID, s.Codec.Name, s.Codec.ClockRate)
		p("  packets=%d expected=%d lost=%d dup=%d reordered=%d late=%d early=%d events=%d digits=%q unknown=%d comfort=%d", s.Packets, s.Expected, s.Lost,
			s.Duplicate, s.Reordered, s.Late, s.Early, s.Events, s.Digits, s.Unknown, s.Comfort)
		if s.Level.Known || s.EarlyLevel.Known {
			p("  level known=%v constant=%v early known=%v constant=%v", s.Level.Known, s.Level.Constant, s.EarlyLevel.Known, s.EarlyLevel.Constant)
		}
	}
	for _, u := range ev.ICMP {
		p("icmp %s %s x%d", u.Target, u.Reason, u.Count)
	}
	for _, o := range ev.Odd {
		p("odd #%d x%d %s", o.N, o.Count, o.Text)
	}
	for _, x := range ev.Experiments {
		p("experiment %s %q calls=%d", x.Name, x.Change, len(x.Calls))
	}
	for _, x := range ev.Probes {
		p("probe %s %s %q %s", x.Name, x.Result, x.Detail, x.Took)
	}
	if ev.STUN+ev.KeepAlives > 0 {
		p("stun %d keepalive %d", ev.STUN, ev.KeepAlives)
	}
	return w.String()
}

func offset(t time.Time) string { return t.Sub(began).String() }

func msgLine(m *Message) string {
	what := m.Method
	if m.Status != 0 {
		what = strconv.Itoa(m.Status)
	}
	dir := "in"
	if m.Out {
		dir = "out"
	}
	line := fmt.Sprintf("#%d %s %s %s", m.N, what, dir, offset(m.Time))
	if n := len(m.Copies); n > 0 {
		line += fmt.Sprintf(" +%d to %s", n, offset(m.Last()))
	}
	if m.Twins > 0 {
		line += fmt.Sprintf(" twins=%d", m.Twins)
	}
	return line
}

func txLine(t *Transaction) string {
	line := msgLine(t.Request)
	for _, r := range t.Responses {
		line += fmt.Sprintf(" | %d", r.Status)
		if n := len(r.Copies); n > 0 {
			line += fmt.Sprintf(" +%d", n)
		}
	}
	if t.Ack != nil {
		line += " | ACK"
	}
	return line
}

func codecNames(list []Codec) string {
	var names []string
	for _, c := range list {
		names = append(names, fmt.Sprintf("%d:%s", c.PayloadType, c.Name))
	}
	return strings.Join(names, ",")
}

func kindNames(k Kinds) string {
	names := []string{"registration", "callout", "callin", "ringing", "media", "reports", "levels", "options", "lookup", "live",
		"heardringing", "heard", "theyhear", "sound", "probes", "digits", "callerhears", "symptom", "internalrings", "dtmf"}
	var out []string
	for i, n := range names {
		if k.Has(1 << i) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}
