package media

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/sipmsg"
)

// LimitError is something that another phone could do and this one cannot. It is
// noted, so that nobody blames the network for it.
type LimitError struct{ text string }

// Error gives the sentence that goes onto the tape.
func (e LimitError) Error() string { return e.text }

// description is the other side's audio, as far as this phone can use it.
type description struct {
	addr      netip.AddrPort // of RTP; unspecified for an old-style hold
	rtcp      netip.AddrPort
	proto     string
	direction string
	codecs    []diago.Codec // G.711 and telephone-event, in the other side's order
	refused   []refusedLine // other media, by place in the description
}

// refusedLine is an m= line that our answer turns down with port 0 (RFC 3264 6).
type refusedLine struct {
	place int
	text  string
}

// describe reads a description tolerantly and keeps the one audio line. What only
// a better phone could take gives a LimitError.
func (m *Line) describe(body []byte) (*description, error) {
	s, err := sipmsg.ParseSDP(body)
	if err != nil {
		return nil, err
	}
	place := -1
	for i, m := range s.Media {
		if m.Type == "audio" && m.Port != 0 && plainRTP(m.Proto) {
			place = i
			break
		}
	}
	if place < 0 {
		for _, m := range s.Media {
			if m.Type == "audio" && m.Port != 0 {
				return nil, LimitError{"the other side wants encrypted or unusual sound (" + m.Proto + "), this test phone has plain RTP only"}
			}
		}
		return nil, errors.New("no audio in the description")
	}
	a := s.Media[place]
	d := &description{proto: a.Proto, direction: a.Direction}
	for i, m := range s.Media {
		if i != place {
			d.refused = append(d.refused, refusedLine{i, fmt.Sprintf("m=%s 0 %s %s", m.Type, m.Proto, strings.Join(m.Formats, " "))})
		}
	}
	var names []string
	voice := false
	for _, c := range a.Codecs {
		names = append(names, c.Name)
		switch known := speech(c); {
		case known != nil:
			d.codecs = append(d.codecs, *known)
			voice = true
		case strings.EqualFold(c.Name, "telephone-event") && c.ClockRate == 8000:
			event := diago.CodecTelephoneEvent8000
			event.PayloadType = c.PayloadType
			d.codecs = append(d.codecs, event)
		}
	}
	if !voice {
		return nil, LimitError{"this test phone speaks G.711 only, the other side offers " + strings.Join(names, ", ")}
	}
	if d.addr, err = m.mediaAddr(a.Connection, a.Port); err != nil {
		return nil, err
	}
	port := a.Port + 1
	if a.RTCPPort > 0 && !a.RTCPMux {
		port = a.RTCPPort
	}
	d.rtcp = netip.AddrPortFrom(d.addr.Addr(), uint16(min(port, 65535)))
	if d.addr.Addr().IsUnspecified() && d.direction == "sendrecv" {
		d.direction = "sendonly" // hold as of RFC 2543
	}
	return d, nil
}

func plainRTP(proto string) bool {
	return strings.EqualFold(proto, "RTP/AVP") || strings.EqualFold(proto, "RTP/AVPF")
}

// speech gives diago's codec for a G.711 payload type, nil for any other.
func speech(c sipmsg.Codec) *diago.Codec {
	for _, known := range []diago.Codec{diago.CodecAudioUlaw, diago.CodecAudioAlaw} {
		if c.PayloadType == known.PayloadType && strings.EqualFold(c.Name, known.Name) {
			return &known
		}
	}
	return nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// mediaAddr resolves the c= line, which may hold a name.
func (m *Line) mediaAddr(host string, port int) (netip.AddrPort, error) {
	if host == "" || port < 1 || port > 65535 {
		return netip.AddrPort{}, errors.New("the description has no address for sound")
	}
	list := m.cfg.Lookup(host, port)
	if len(list) == 0 {
		return netip.AddrPort{}, errors.New("the address for sound in the description does not resolve")
	}
	for _, a := range list {
		if a.Addr().IsMulticast() || a.Addr() == broadcast {
			return netip.AddrPort{}, LimitError{"the other side wants sound at " + a.Addr().String() + ", which is not one computer's address"}
		}
		if a.Addr().Is4() == m.cfg.Local.Is4() {
			return a, nil
		}
	}
	return netip.AddrPort{}, LimitError{"the other side wants sound at " + list[0].String() + ", this test phone uses the other IP version"}
}

// plain writes a description in the one form that diago reads without tripping: one
// m= line, session-level c=, numbers that fit, every codec named (traps 2, 12, 16).
func (d *description) plain() string {
	family := "IP4"
	if d.addr.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP", family, d.addr.Addr(), family, d.addr.Addr(), d.addr.Port())
	for _, c := range d.codecs {
		b.WriteString(" " + strconv.Itoa(int(c.PayloadType)))
	}
	b.WriteString("\r\n")
	for _, c := range d.codecs {
		fmt.Fprintf(&b, "a=rtpmap:%d %s/%d\r\n", c.PayloadType, c.Name, c.SampleRate)
	}
	fmt.Fprintf(&b, "a=%s\r\n", d.direction)
	return b.String()
}

// rtpmaps names codecs as SDP does.
func rtpmaps(codecs []diago.Codec) []string {
	var lines []string
	for _, c := range codecs {
		lines = append(lines, fmt.Sprintf("a=rtpmap:%d %s/%d", c.PayloadType, c.Name, c.SampleRate))
		if c.Name == diago.CodecTelephoneEvent8000.Name {
			lines = append(lines, fmt.Sprintf("a=fmtp:%d 0-16", c.PayloadType))
		}
	}
	return lines
}

// polish turns diago's description into ours: our o= ids (diago's exceed what
// many read, trap 5, and copy the other side's), the offered profile, the true
// names of the codecs (diago calls 96 opus, whatever it is; trap 16), and an
// answer for every m= line of the offer.
func polish(body []byte, codecs []diago.Codec, agent string, id, version uint64, offer *description) []byte {
	var head, audio []string
	for _, line := range strings.Split(strings.TrimSpace(string(body)), "\r\n") {
		switch {
		case strings.HasPrefix(line, "o="):
			if f := strings.Fields(line); len(f) == 6 {
				f[1], f[2] = strconv.FormatUint(id, 10), strconv.FormatUint(version, 10)
				line = strings.Join(f, " ")
			}
		case strings.HasPrefix(line, "s="):
			line = "s=" + agent
		case strings.HasPrefix(line, "m=audio ") && offer != nil:
			line = strings.Replace(line, " RTP/AVP ", " "+offer.proto+" ", 1)
		case strings.HasPrefix(line, "a=maxptime:"), strings.HasPrefix(line, "a=rtpmap:"), strings.HasPrefix(line, "a=fmtp:"):
			continue
		case strings.HasPrefix(line, "a=ptime:"):
			audio = append(audio, rtpmaps(codecs)...)
		}
		if strings.HasPrefix(line, "m=") || len(audio) > 0 {
			audio = append(audio, line)
		} else {
			head = append(head, line)
		}
	}
	var lines []string
	done := false
	put := func(place int) {
		if !done && place >= 0 {
			lines, done = append(lines, audio...), true
		}
	}
	if offer != nil {
		next := 0
		for _, r := range offer.refused {
			if r.place != next {
				put(next)
				next++
			}
			lines = append(lines, r.text)
			next++
		}
	}
	put(0)
	return []byte(strings.Join(append(head, lines...), "\r\n") + "\r\n")
}
