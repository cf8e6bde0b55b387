package app

import (
	"fmt"
	"time"

	"softphonedoctor/app/words"
	"softphonedoctor/wizard/evidence"
)

// way is what was measured of the sound in one direction; ok tells whether a value is
// known at all.
type way struct {
	packets          uint64
	lost             uint64 // of expected
	expected         uint64
	jitter           float32 // milliseconds
	mos              float32
	ok, told, judged bool // packets; lost and jitter; mos
	word             string
}

// figures are the few numbers of the live page, as words and as bars from 0 to 1.
// A figure that is not known is a dash, never a zero.
type figures struct {
	delay         string
	in, out       way
	speak, hear   level
	server, phone string // addresses for the notes under the path
	other         string
}

type level struct {
	value float32
	words string
}

const unknownFigure = "–"

func noFigures() figures {
	return figures{delay: unknownFigure,
		speak: level{0, unknownFigure}, hear: level{0, unknownFigure}}
}

// figuresOf reads the figures of the latest call.
func figuresOf(e *evidence.Evidence) figures {
	f := noFigures()
	if e == nil {
		return f
	}
	if e.Subject.Addr.IsValid() {
		f.phone = e.Subject.Addr.Addr().String()
	}
	if n := len(e.Registrations); n > 0 && e.Registrations[n-1].Server.IsValid() {
		f.server = e.Registrations[n-1].Server.Addr().String()
	}
	if len(e.Calls) == 0 {
		return f
	}
	c := e.Calls[len(e.Calls)-1]
	f.other = c.To
	if c.Direction == evidence.In {
		f.other = c.From
	}
	if s := c.In; s != nil {
		f.in = way{packets: s.Packets, lost: s.Lost, expected: s.Expected, jitter: inMillis(s.Jitter), ok: true, told: s.Expected > 0 && !s.Untimed}
		f.in.judge(s.Quality)
		f.hear = levelOf(s.Level)
		if s.RTT > 0 {
			f.delay = millis(s.RTT)
		}
	}
	if s := c.Out; s != nil {
		f.out = way{packets: s.Packets, ok: true}
		f.out.judge(s.Quality)
		f.speak = levelOf(s.Level)
		if says := s.PeerSays; says != nil {
			f.out.lost, f.out.expected, f.out.jitter, f.out.told = uint64(max(says.Lost, 0)), s.Packets, inMillis(says.Jitter), s.Packets > 0
			if says.RTT > 0 {
				f.delay = millis(says.RTT)
			}
		}
		if s.RTT > 0 {
			f.delay = millis(s.RTT)
		}
	}
	return f
}

func (w *way) judge(q evidence.Quality) {
	if q.Known {
		w.mos, w.judged, w.word = float32(q.MOS), true, qualityWord(q)
	}
}

// lostPercent is the share of lost packets, from 0 to 100.
func (w way) lostPercent() float32 {
	if w.expected == 0 {
		return 0
	}
	return min(100, 100*float32(w.lost)/float32(w.expected))
}

// qualityWord is the class of a rating in the person's language.
func qualityWord(q evidence.Quality) string {
	switch q.Word() {
	case "excellent":
		return tr("quality.excellent", "excellent")
	case "good":
		return tr("quality.good", "good")
	case "fair":
		return tr("quality.fair", "fair")
	case "poor":
		return tr("quality.poor", "poor")
	case "bad":
		return tr("quality.bad", "bad")
	}
	return tr("quality.unusable", "unusable")
}

func inMillis(d time.Duration) float32 { return float32(d) / float32(time.Millisecond) }

func percent(p float64) string { return words.Decimal(fmt.Sprintf("%.1f %%", min(p, 100))) }

func millis(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// levelOf maps -60..0 dB onto the bar.
func levelOf(l evidence.Level) level {
	if !l.Known {
		return level{0, unknownFigure}
	}
	if l.DBFS <= -90 {
		return level{0, tr("live.silence", "silence")}
	}
	return level{float32(max(0, min(1, 1+l.DBFS/60))), fmt.Sprintf("−%.0f dB", max(0, -l.DBFS))}
}
