package media

import (
	"fmt"
	"strings"
	"time"

	diago "github.com/emiago/diago/media"
)

// draft is a description of ours before it is written.
type draft struct {
	codecs    []diago.Codec
	proto     string
	direction string
	ptime     time.Duration
	mux       bool
	cryptos   []crypto
	others    []string // the m= lines, "" where the sound stands; nil means that it stands alone
}

// write gives a draft as SDP (RFC 8866). The version of its o= line counts changes only
// (RFC 3264 8). diago's own descriptions are not used: their o= ids exceed what many
// read (trap 5), and they know one form of everything (trap 16). m.mu is held.
func (m *Line) write(d draft) []byte {
	local := m.Local()
	family := "IP4"
	if local.Addr().Is6() {
		family = "IP6"
	}
	text := func(version uint64) string {
		lines := []string{
			"v=0",
			fmt.Sprintf("o=- %d %d IN %s %s", m.id, version, family, local.Addr()),
			"s=" + m.cfg.Agent,
			fmt.Sprintf("c=IN %s %s", family, local.Addr()),
			"t=0 0",
		}
		if len(d.others) == 0 {
			lines = append(lines, d.sound(local.Port())...)
		}
		for _, other := range d.others {
			if other == "" {
				lines = append(lines, d.sound(local.Port())...)
			} else {
				lines = append(lines, other)
			}
		}
		return strings.Join(lines, "\r\n") + "\r\n"
	}
	if m.version == 0 || text(m.version) != m.last {
		m.version++
		m.last = text(m.version)
	}
	return []byte(m.last)
}

// sound gives the lines of the m= block.
func (d draft) sound(port uint16) []string {
	first := fmt.Sprintf("m=audio %d %s", port, d.proto)
	var lines []string
	for _, c := range d.codecs {
		first += fmt.Sprintf(" %d", c.PayloadType)
		lines = append(lines, fmt.Sprintf("a=rtpmap:%d %s/%d", c.PayloadType, c.Name, c.SampleRate))
		if isEvent(c) {
			lines = append(lines, fmt.Sprintf("a=fmtp:%d 0-15", c.PayloadType)) // the keys, no flash
		}
	}
	lines = append([]string{first}, lines...)
	lines = append(lines, fmt.Sprintf("a=ptime:%d", d.ptime.Milliseconds()))
	if d.mux {
		lines = append(lines, "a=rtcp-mux")
	}
	for _, c := range d.cryptos {
		lines = append(lines, "a=crypto:"+c.text())
	}
	return append(lines, "a="+d.direction)
}
