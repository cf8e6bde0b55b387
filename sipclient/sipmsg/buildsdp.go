package sipmsg

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// AudioSpec is what BuildAudio writes: one audio m-line.
type AudioSpec struct {
	Addr      string  // for o= and c=; a name is allowed
	Port      int     // 0 refuses the medium
	Proto     string  // "": RTP/AVP
	Codecs    []Codec // in order of preference
	Direction string  // "": sendrecv, and no line for it
	PTime     time.Duration
	RTCPPort  int      // 0: no a=rtcp line
	Crypto    []string // a=crypto values
	Session   uint64   // session id of the o= line
	Version   uint64   // session version of the o= line: one more for each change
	Extra     []string // further a= values
}

// BuildAudio writes a session description with one audio m-line (RFC 8866, 3264).
func BuildAudio(s AudioSpec) []byte {
	kind := "IP4"
	if ip, err := netip.ParseAddr(s.Addr); err == nil && ip.Is6() {
		kind = "IP6"
	}
	proto := s.Proto
	if proto == "" {
		proto = "RTP/AVP"
	}
	var b strings.Builder
	line := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(lineEnds.Replace(p))
		}
		b.WriteString("\r\n")
	}
	line("v=0")
	line("o=- ", strconv.FormatUint(s.Session, 10), " ", strconv.FormatUint(s.Version, 10), " IN ", kind, " ", s.Addr)
	line("s=-")
	line("c=IN ", kind, " ", s.Addr)
	line("t=0 0")
	formats := ""
	for _, c := range s.Codecs {
		formats += " " + strconv.Itoa(int(c.PayloadType))
	}
	line("m=audio ", strconv.Itoa(s.Port), " ", proto, formats)
	for _, c := range s.Codecs {
		pt := strconv.Itoa(int(c.PayloadType))
		if c.Name != "" {
			channels := ""
			if c.Channels > 1 {
				channels = "/" + strconv.Itoa(c.Channels)
			}
			line("a=rtpmap:", pt, " ", c.Name, "/", strconv.Itoa(c.ClockRate), channels)
		}
		if c.Fmtp != "" {
			line("a=fmtp:", pt, " ", c.Fmtp)
		}
	}
	if s.PTime > 0 {
		line("a=ptime:", strconv.FormatInt(s.PTime.Milliseconds(), 10))
	}
	if s.RTCPPort != 0 {
		line("a=rtcp:", strconv.Itoa(s.RTCPPort))
	}
	for _, c := range s.Crypto {
		line("a=crypto:", c)
	}
	for _, a := range s.Extra {
		line("a=", a)
	}
	if s.Direction != "" {
		line("a=", s.Direction)
	}
	return []byte(b.String())
}
