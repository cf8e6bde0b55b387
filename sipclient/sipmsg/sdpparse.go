package sipmsg

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ErrNotSDP says that no line of the bytes begins a session description ("v=").
var ErrNotSDP = errors.New("this is not a session description")

// ParseSDP reads a session description (RFC 8866), also one inside a multipart
// body. It fails only when there is no "v=" line at all; everything else is read
// as far as possible, and what does not conform stands in Problems.
func ParseSDP(b []byte) (*SDP, error) {
	text, ok := findSDP(string(b))
	if !ok {
		return nil, ErrNotSDP
	}
	d := new(SDP)
	r := sdpReader{d: d}
	for text != "" {
		var line string
		line, text = cutLine(text)
		if strings.HasPrefix(line, "--") {
			break // the next part of a multipart body
		}
		r.line(line)
	}
	r.finish()
	return d, nil
}

// findSDP gives the text from the first line that begins with "v=".
func findSDP(s string) (string, bool) {
	if strings.HasPrefix(s, "v=") {
		return s, true
	}
	if i := strings.Index(s, "\nv="); i >= 0 {
		return s[i+1:], true
	}
	return "", false
}

// sdpReader collects lines; what is inherited or depends on later lines is
// settled in finish.
type sdpReader struct {
	d     *SDP
	seen  [256]bool
	media []mediaLines
}

// mediaLines is what finish needs beside the Media.
type mediaLines struct {
	rtpmap, fmtp map[string]string
	rtcp         string
}

func (r *sdpReader) problem(format string, args ...any) {
	r.d.Problems = append(r.d.Problems, Problem{Where: "sdp", Text: fmt.Sprintf(format, args...)})
}

func (r *sdpReader) line(line string) {
	line = trim(line)
	if line == "" {
		return
	}
	if len(line) < 2 || line[1] != '=' {
		r.problem("the line %q is not of the form x=...", short(line))
		return
	}
	kind, value := line[0], trim(line[2:])
	r.seen[kind] = true
	switch kind {
	case 'v':
		if value != "0" {
			r.problem("the version is %q, not 0", short(value))
		}
	case 'o':
		r.d.Origin = value
		if len(strings.Fields(value)) != 6 {
			r.problem("the o= line does not have six fields")
		}
	case 'c':
		addr := r.connection(value)
		if n := len(r.d.Media); n == 0 {
			r.d.Connection = addr
		} else if m := &r.d.Media[n-1]; m.Connection == "" {
			m.Connection = addr // further c= lines are for multicast layers
		}
	case 'm':
		r.mediaLine(value)
	case 'a':
		r.attribute(value)
	}
}

// connection reads "IN IP4 host[/ttl]". A name is allowed in place of an address.
func (r *sdpReader) connection(value string) string {
	f := strings.Fields(value)
	if len(f) != 3 || !strings.EqualFold(f[0], "IN") {
		r.problem("the line c=%s is not of the form \"IN IP4 address\"", short(value))
		if len(f) == 0 {
			return ""
		}
	}
	addr, _, _ := strings.Cut(f[len(f)-1], "/")
	addr = strings.Trim(addr, "[]")
	if ip, err := netip.ParseAddr(addr); err == nil && len(f) == 3 {
		if ip.Is4() != strings.EqualFold(f[1], "IP4") {
			r.problem("the c= line says %s, but %s is none", short(f[1]), addr)
		}
	}
	return addr
}

func (r *sdpReader) mediaLine(value string) {
	f := strings.Fields(value)
	var m Media
	if len(f) < 4 {
		r.problem("the line m=%s lacks a field", short(value))
	}
	for i, field := range f {
		switch i {
		case 0:
			m.Type = strings.ToLower(field)
		case 1:
			port, _, _ := strings.Cut(field, "/")
			n, ok := number(port)
			if !ok || n > 65535 {
				r.problem("%q in the m= line is no port", short(field))
				n = 0
			}
			m.Port = int(n)
		case 2:
			m.Proto = field
		default:
			m.Formats = append(m.Formats, field)
		}
	}
	r.d.Media = append(r.d.Media, m)
	r.media = append(r.media, mediaLines{})
}

func (r *sdpReader) attribute(value string) {
	name, arg, _ := strings.Cut(value, ":")
	arg = trim(arg)
	n := len(r.d.Media)
	if n == 0 {
		r.d.Attributes = append(r.d.Attributes, value)
		return
	}
	m, lines := &r.d.Media[n-1], &r.media[n-1]
	m.Attributes = append(m.Attributes, value)
	switch strings.ToLower(trim(name)) {
	case "rtpmap":
		lines.rtpmap = r.keep(lines.rtpmap, "rtpmap", arg)
	case "fmtp":
		lines.fmtp = r.keep(lines.fmtp, "fmtp", arg)
	case "sendrecv", "sendonly", "recvonly", "inactive":
		m.Direction = strings.ToLower(trim(name))
	case "ptime":
		ms, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(ms > 0 && ms <= 1000) {
			r.problem("ptime %q is no number of milliseconds up to 1000", short(arg))
		} else {
			m.PTime = time.Duration(ms * float64(time.Millisecond))
		}
	case "rtcp":
		lines.rtcp = arg
	case "rtcp-mux":
		m.RTCPMux = true
	case "crypto":
		m.Crypto = append(m.Crypto, arg)
	case "fingerprint":
		m.Fingerprint = true
	case "candidate", "ice-ufrag":
		m.ICE = true
	}
}

// keep stores "PT text" by its payload type.
func (r *sdpReader) keep(lines map[string]string, name, arg string) map[string]string {
	pt, text, ok := strings.Cut(arg, " ")
	if !ok {
		r.problem("the line a=%s:%s has no value", name, short(arg))
		return lines
	}
	if lines == nil {
		lines = make(map[string]string, 8)
	}
	if old, twice := lines[pt]; !twice {
		lines[pt] = trim(text)
	} else if old != trim(text) {
		r.problem("payload type %s has two a=%s lines", short(pt), name)
	}
	return lines
}

// finish settles what depends on the whole description.
func (r *sdpReader) finish() {
	d := r.d
	for _, kind := range "ost" {
		if !r.seen[kind] {
			r.problem("the %c= line is missing", kind)
		}
	}
	direction, fingerprint, ice := "sendrecv", false, false
	for _, a := range d.Attributes {
		name, _, _ := strings.Cut(a, ":")
		switch name = strings.ToLower(trim(name)); name {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			direction = name
		case "fingerprint":
			fingerprint = true
		case "ice-ufrag":
			ice = true
		}
	}
	for i := range d.Media {
		m := &d.Media[i]
		if m.Direction == "" {
			m.Direction = direction
		}
		m.Fingerprint = m.Fingerprint || fingerprint
		m.ICE = m.ICE || ice
		if m.Connection == "" {
			m.Connection = d.Connection
		}
		if m.Connection == "" && m.Port != 0 {
			r.problem("no c= line says where the %s is to be sent", m.Type)
		}
		r.rtcpPort(m, r.media[i].rtcp)
		if m.isRTP() {
			r.codecs(m, r.media[i])
		}
	}
}

func (r *sdpReader) rtcpPort(m *Media, arg string) {
	switch {
	case m.Port == 0:
		return
	case m.RTCPMux:
		m.RTCPPort = m.Port
	default:
		m.RTCPPort = min(m.Port+1, 65535)
	}
	if arg == "" {
		return
	}
	port, _, _ := strings.Cut(arg, " ")
	n, ok := number(port)
	if !ok || n == 0 || n > 65535 {
		r.problem("a=rtcp:%s names no port", short(arg))
		return
	}
	m.RTCPPort = int(n)
}

// codecs gives each format of the m= line its meaning.
func (r *sdpReader) codecs(m *Media, lines mediaLines) {
	var seen [128]bool // a payload type that stands twice says nothing new
	for _, f := range m.Formats {
		pt, ok := number(f)
		if !ok || pt > 127 {
			r.problem("%q in the m= line is no payload type", short(f))
			continue
		}
		if seen[pt] {
			continue
		}
		seen[pt] = true
		c, known := StaticCodec(uint8(pt))
		if text, ok := lines.rtpmap[f]; ok {
			c = r.rtpmap(uint8(pt), text, m.Type)
		} else if !known {
			r.problem("payload type %d has no rtpmap", pt)
		}
		c.Fmtp = lines.fmtp[f]
		m.Codecs = append(m.Codecs, c)
	}
}

// rtpmap reads "name/clock[/channels]".
func (r *sdpReader) rtpmap(pt uint8, text, kind string) Codec {
	c := Codec{PayloadType: pt}
	name, rest, _ := strings.Cut(text, "/")
	clock, channels, hasChannels := strings.Cut(rest, "/")
	c.Name = usualName(trim(name))
	n, ok := number(clock)
	if !ok || n == 0 || n > 10_000_000 {
		r.problem("the rtpmap %q has no clock rate", short(text))
	} else {
		c.ClockRate = int(n)
	}
	if kind == "audio" {
		c.Channels = 1
	}
	if n, ok := number(channels); hasChannels && ok && n > 0 && n < 256 {
		c.Channels = int(n)
	}
	return c
}

// usualNames are the spellings of codec names that the rest of the program
// compares with; SDP names have no case (RFC 8866 6.6).
var usualNames = map[string]string{
	"pcmu": "PCMU", "pcma": "PCMA", "g722": "G722", "g729": "G729", "g729a": "G729", "g723": "G723", "gsm": "GSM",
	"opus": "opus", "telephone-event": "telephone-event", "cn": "CN", "ilbc": "iLBC", "speex": "speex", "l16": "L16",
	"g726-32": "G726-32", "amr": "AMR", "amr-wb": "AMR-WB", "red": "red",
}

func usualName(name string) string {
	if usual, ok := usualNames[strings.ToLower(name)]; ok {
		return usual
	}
	return name
}

func (m *Media) isRTP() bool { return strings.Contains(strings.ToUpper(m.Proto), "RTP/") }

// Audio gives the first usable audio m-line: RTP with a port, nil if none.
func (d *SDP) Audio() *Media {
	for i := range d.Media {
		if m := &d.Media[i]; m.Type == "audio" && m.Port != 0 && m.isRTP() {
			return m
		}
	}
	return nil
}

// Held tells whether the writer of this description does not want to receive:
// by direction, or by the address 0.0.0.0 of RFC 2543.
func (m *Media) Held() bool {
	return m.Direction == "sendonly" || m.Direction == "inactive" || m.Connection == "0.0.0.0"
}

// Codec gives the format with a payload type, nil if the m= line does not list it.
func (m *Media) Codec(payloadType uint8) *Codec {
	for i := range m.Codecs {
		if m.Codecs[i].PayloadType == payloadType {
			return &m.Codecs[i]
		}
	}
	return nil
}
