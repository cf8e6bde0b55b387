package report

import (
	"encoding/binary"
	"fmt"
	"html/template"
	"iter"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Charts show this many streams, and this many seconds of each.
const (
	maxCharts  = 6
	maxSeconds = 3600
)

// series is one stream, second by second.
type series struct {
	packets []int
	missing []int           // sequence numbers that were skipped
	longest []time.Duration // the longest wait for a packet that ended in this second
	last    time.Time
	next    uint16
	any     bool
}

type streamKey struct {
	from, to netip.AddrPort
	ssrc     uint32
}

// charts draws what came, what was missing and how long the longest wait was, for the
// calls' sound streams.
func (t Tongue) charts(e *evidence.Evidence, records iter.Seq[capture.Record]) []template.HTML {
	type chart struct {
		s *evidence.Stream
		*series
	}
	var list []chart
	of := map[streamKey]*series{}
	for _, s := range e.Streams {
		if s.Packets > 10 && s.Media != "video" && !s.Untimed && len(list) < maxCharts {
			x := &series{}
			of[streamKey{s.From, s.To, s.SSRC}] = x
			list = append(list, chart{s, x})
		}
	}
	if len(list) == 0 {
		return nil
	}
	starts := map[*series]time.Time{}
	for _, c := range list {
		starts[c.series] = c.s.First
	}
	for r := range records {
		p := r.Packet
		if p == nil || len(p.Data) < 12 || p.Data[0]&0xc0 != 0x80 || p.Data[1] >= 192 && p.Data[1] <= 223 {
			continue
		}
		if x := of[streamKey{p.Src, p.Dst, binary.BigEndian.Uint32(p.Data[8:])}]; x != nil {
			x.add(p.Time, starts[x], binary.BigEndian.Uint16(p.Data[2:]))
		}
	}
	var drawn []template.HTML
	for _, c := range list {
		if c.any {
			drawn = append(drawn, c.draw(t, fmt.Sprintf("%s %s, %s → %s, %s", t.say("page.sound"), t.way(c.s.Direction.String()), c.s.From, c.s.To, c.s.Codec.Name)))
		}
	}
	return drawn
}

func (x *series) add(at, start time.Time, sequence uint16) {
	second := int(at.Sub(start) / time.Second)
	if second < 0 || second >= maxSeconds {
		return
	}
	for len(x.packets) <= second {
		x.packets, x.missing, x.longest = append(x.packets, 0), append(x.missing, 0), append(x.longest, 0)
	}
	x.packets[second]++
	ahead := sequence - x.next
	switch {
	case !x.any || ahead > 1000 && ahead < 0x8000: // the first, or a new count
		x.any, x.next, x.last = true, sequence+1, at
		return
	case ahead < 0x8000:
		x.missing[second] += int(ahead)
		x.next = sequence + 1
	case x.missing[second] > 0: // one that was missing comes late
		x.missing[second]--
	}
	x.longest[second] = max(x.longest[second], at.Sub(x.last))
	x.last = at
}

// draw makes three rows over one axis of time: packets a second, missing ones, and the
// longest wait.
func (x *series) draw(t Tongue, title string) template.HTML {
	const left, width, rowHeight, gap = 140, 820, 54, 22
	var b strings.Builder
	rows := []struct {
		name, unit, class string
		of                func(int) float64
	}{
		{t.say("page.packets"), t.say("page.a-second"), "came", func(i int) float64 { return float64(x.packets[i]) }},
		{t.say("page.missing"), t.either("page.packets", "packets"), "missing", func(i int) float64 { return float64(x.missing[i]) }},
		{t.say("page.wait"), "ms", "wait", func(i int) float64 { return x.longest[i].Seconds() * 1000 }},
	}
	height := len(rows)*(rowHeight+gap) + 26
	fmt.Fprintf(&b, `<figure><figcaption>%s</figcaption><svg class="chart" viewBox="0 0 1000 %d" role="img" aria-label="%[1]s, %[3]s">`, template.HTMLEscapeString(title), height, template.HTMLEscapeString(t.say("page.each-second")))
	n := len(x.packets)
	column := float64(width) / float64(n)
	for k, row := range rows {
		top := k*(rowHeight+gap) + 10
		most := 0.0
		for i := range n {
			most = max(most, row.of(i))
		}
		fmt.Fprintf(&b, `<text class="label" x="0" y="%d">%s</text><text class="unit" x="0" y="%d">%s</text><text class="scale" x="%d" y="%d">%.0f</text><path class="axis" d="M%d %d H%d"/>`,
			top+14, template.HTMLEscapeString(row.name), top+30, template.HTMLEscapeString(row.unit), left-8, top+10, most, left, top+rowHeight, left+width)
		for i := range n {
			v := row.of(i)
			if v == 0 || most == 0 {
				continue
			}
			h := v / most * rowHeight
			fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%d s: %.0f</title></rect>`, row.class, left+float64(i)*column, float64(top+rowHeight)-h, max(0.6, min(column-min(2, column/4), 48)), h, i, v)
		}
	}
	for i := 0; i <= n; i += max(1, n/10) {
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%d">%d s</text>`, left+float64(i)*column, height-4, i)
	}
	b.WriteString("</svg></figure>")
	return template.HTML(b.String()) //nolint:gosec // what comes from outside is escaped
}
