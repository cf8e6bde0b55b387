package between

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// place is where one side wants its sound, by its description.
type place struct{ rtp, rtcp netip.AddrPort }

// stands gives the address at which the other side is told to send instead; ok is false
// where it is to stay as it is.
type stands func(line int, p place) (instead place, ok bool)

// rewriteSDP puts the proxy's addresses into a session description (RFC 8866), line by
// line. Candidates for a direct way (ICE, RFC 8839) are left out: the sound would pass by
// unseen.
func rewriteSDP(body []byte, at stands) []byte {
	lines := strings.Split(string(body), "\n")
	session, first := "", len(lines)
	for i, line := range lines {
		if strings.HasPrefix(line, "m=") {
			first = i
			break
		}
		if addr, ok := connection(line); ok {
			session = addr
		}
	}
	out := make([]string, 0, len(lines))
	var used place // of the first line of media that has no address of its own
	head := append([]string{}, lines[:first]...)
	var blocks []string
	for line, i := 0, first; i < len(lines); line++ {
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "m=") {
			end++
		}
		block, instead := rewriteMedia(lines[i:end], session, line, at)
		if !used.rtp.IsValid() && !slices.ContainsFunc(lines[i+1:end], isConnection) {
			used = instead
		}
		blocks = append(blocks, block...)
		i = end
	}
	for _, line := range head {
		if _, ok := connection(line); ok && used.rtp.IsValid() {
			line = connectionLine(used.rtp.Addr(), line)
		}
		if !isICE(line) {
			out = append(out, line)
		}
	}
	return []byte(strings.Join(append(out, blocks...), "\n"))
}

// rewriteMedia is one line of media with what belongs to it.
func rewriteMedia(lines []string, session string, line int, at stands) (out []string, instead place) {
	addr := session
	rtcp := netip.AddrPort{}
	for _, l := range lines[1:] {
		if a, ok := connection(l); ok {
			addr = a
		}
	}
	port, rest, ok := mediaPort(lines[0])
	ip, err := netip.ParseAddr(addr)
	if !ok || err != nil || port == 0 || ip.IsUnspecified() || ip.IsMulticast() {
		return lines, instead // switched off, held in the old way, or a name
	}
	p := place{rtp: netip.AddrPortFrom(ip, port), rtcp: netip.AddrPortFrom(ip, port+1)}
	for _, l := range lines[1:] {
		if rtcp, ok = rtcpOf(l, ip); ok {
			p.rtcp = rtcp
		}
	}
	if instead, ok = at(line, p); !ok {
		return lines, instead
	}
	fields := strings.SplitN(lines[0], " ", 2)
	out = append(out, fields[0]+" "+strconv.Itoa(int(instead.rtp.Port()))+rest)
	for _, l := range lines[1:] {
		switch _, isC := connection(l); {
		case isICE(l):
			continue
		case isC:
			l = connectionLine(instead.rtp.Addr(), l)
		case strings.HasPrefix(l, "a=rtcp:"):
			l = "a=rtcp:" + strconv.Itoa(int(instead.rtcp.Port())) + ending(l)
		}
		out = append(out, l)
	}
	return out, instead
}

// mediaPort reads "m=audio 4000 RTP/AVP 0": the port, and what stands behind it.
func mediaPort(line string) (port uint16, rest string, ok bool) {
	_, after, ok := strings.Cut(line, " ")
	if !ok {
		return 0, "", false
	}
	end := strings.IndexAny(after, " /")
	if end < 0 {
		return 0, "", false
	}
	n, err := strconv.ParseUint(after[:end], 10, 16)
	return uint16(n), after[end:], err == nil
}

func isConnection(line string) bool { _, ok := connection(line); return ok }

// connection reads "c=IN IP4 192.0.2.7".
func connection(line string) (addr string, ok bool) {
	f := strings.Fields(line)
	if len(f) != 3 || f[0] != "c=IN" {
		return "", false
	}
	addr, _, _ = strings.Cut(f[2], "/")
	return addr, true
}

func connectionLine(a netip.Addr, was string) string {
	kind := "IP4"
	if a.Is6() {
		kind = "IP6"
	}
	return "c=IN " + kind + " " + a.String() + ending(was)
}

// rtcpOf reads "a=rtcp:4001" and "a=rtcp:4001 IN IP4 192.0.2.7" (RFC 3605).
func rtcpOf(line string, media netip.Addr) (netip.AddrPort, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(line), "a=rtcp:")
	f := strings.Fields(text)
	if !ok || len(f) == 0 {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	if len(f) == 4 {
		if a, err := netip.ParseAddr(f[3]); err == nil {
			media = a
		}
	}
	return netip.AddrPortFrom(media, uint16(n)), true
}

func isICE(line string) bool {
	for _, name := range []string{"a=candidate:", "a=remote-candidates:", "a=ice-", "a=end-of-candidates"} {
		if strings.HasPrefix(line, name) {
			return true
		}
	}
	return false
}

// ending keeps the line end that was there.
func ending(line string) string {
	if strings.HasSuffix(line, "\r") {
		return "\r"
	}
	return ""
}

// describe rewrites the description of a message, if it has one.
func describe(m *sipmsg.Message, at stands) {
	if m.IsSDP() && len(m.Body) > 0 {
		m.Body = rewriteSDP(m.Body, at)
	}
}
