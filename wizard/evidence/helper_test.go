package evidence

import (
	"bytes"
	"encoding/binary"
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
