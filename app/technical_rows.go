package app

import (
	"fmt"
	"slices"
	"time"

	"softphonedoctor/app/look"
	"softphonedoctor/wizard/evidence"
)

// techRow is one row of the ladder: a message, a further copy of one, a pause, or a
// stream of sound. Rows other than pauses and streams carry their message.
type techRow struct {
	kind look.RungKind
	at   time.Time
	m    *evidence.Message
	name string
	side string
	out  bool
	tone look.Tone
}

// The pause that is worth a row, and how many copies of one message get rows.
const (
	gapShown  = 2 * time.Second
	mostCopes = 12
)

// ladderRows sets everything that crossed in the order of time.
func ladderRows(e *evidence.Evidence, cited map[int]bool) []techRow {
	var rows []techRow
	for _, m := range e.Messages {
		rows = append(rows, techRow{kind: look.RungMessage, at: m.Time, m: m, name: firstWords(m), out: m.Out, tone: messageTone(m, cited), side: sideWords(m)})
		for i, c := range m.Copies {
			if i == mostCopes {
				rows[len(rows)-1].name += tr("tech.more-copies", ", and {{.N}} more times", map[string]any{"N": len(m.Copies) - i})
				break
			}
			rows = append(rows, techRow{kind: look.RungCopy, at: c.Time, m: m, out: m.Out, tone: look.ToneWarn,
				name: tr("tech.again", "{{.What}}, sent again", map[string]any{"What": firstWords(m)})})
		}
	}
	for _, s := range e.Streams {
		rows = append(rows, streamRow(s))
	}
	slices.SortStableFunc(rows, func(a, b techRow) int {
		if a.at.IsZero() != b.at.IsZero() { // what has no time stands last
			return map[bool]int{true: 1, false: -1}[a.at.IsZero()]
		}
		return a.at.Compare(b.at)
	})
	return withGaps(rows)
}

func messageTone(m *evidence.Message, cited map[int]bool) look.Tone {
	switch {
	case cited[m.N]:
		return look.ToneBad
	case m.Message != nil && m.Status >= 200 && m.Status < 300:
		return look.ToneOK
	case m.Message != nil && m.Status >= 300:
		return look.ToneWarn
	}
	return look.ToneAccent
}

// sideWords is a remark beside a message: a challenge, or that it is no usual message.
func sideWords(m *evidence.Message) string {
	switch {
	case m.Message == nil:
		return ""
	case m.Status == 401, m.Status == 407:
		return tr("tech.challenge", "asks for proof")
	case len(m.Problems) > 0:
		return tr("tech.odd", "malformed")
	case len(m.Body) > 0 && m.IsRequest() && m.Method == "INVITE":
		return tr("tech.offer", "offer")
	case len(m.Body) > 0 && m.Status > 100 && m.Status < 300:
		return tr("tech.answer", "answer")
	}
	return ""
}

func streamRow(s *evidence.Stream) techRow {
	r := techRow{kind: look.RungStream, at: s.First, out: s.Direction == evidence.Out, tone: look.ToneOK}
	way := tr("tech.stream-in", "in")
	lost := s.LossPercent()
	if r.out {
		way = tr("tech.stream-out", "out")
		if s.PeerSays != nil && s.Packets > 0 {
			lost = 100 * float64(max(s.PeerSays.Lost, 0)) / float64(s.Packets)
		}
	}
	r.name = fmt.Sprintf("RTP %s: %d %s, %s", s.Codec.Name, s.Packets, way, tr("tech.stream-lost", "{{.P}} lost", map[string]any{"P": percent(lost)}))
	switch {
	case lost > 3 || s.Packets == 0:
		r.tone = look.ToneBad
	case lost > 1:
		r.tone = look.ToneWarn
	}
	return r
}

// withGaps sets a row into each long pause.
func withGaps(rows []techRow) []techRow {
	var all []techRow
	for i, r := range rows {
		if i > 0 {
			if pause := r.at.Sub(rows[i-1].at); pause >= gapShown {
				all = append(all, techRow{kind: look.RungGap, at: r.at,
					name: tr("tech.gap", "{{.Time}} without a message", map[string]any{"Time": fmt.Sprintf("%.1f s", pause.Seconds())})})
			}
		}
		all = append(all, r)
	}
	return all
}
