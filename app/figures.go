package app

import (
	"fmt"
	"time"

	"softphonedoctor/wizard/evidence"
)

// figures are the few numbers of the live page, as words and as bars from 0 to 1.
// A figure that is not known is a dash, never a zero.
type figures struct {
	lost, jitter, delay string
	speak, hear         level
	server, phone       string // addresses for the notes under the path
	other               string
}

type level struct {
	value float32
	words string
}

const unknownFigure = "–"

func noFigures() figures {
	return figures{lost: unknownFigure, jitter: unknownFigure, delay: unknownFigure,
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
	lostIn, lostOut, jitterIn, jitterOut := unknownFigure, unknownFigure, unknownFigure, unknownFigure
	if s := c.In; s != nil {
		lostIn, jitterIn = percent(s.LossPercent()), millis(s.Jitter)
		f.hear = levelOf(s.Level)
		if s.RTT > 0 {
			f.delay = millis(s.RTT)
		}
	}
	if s := c.Out; s != nil {
		f.speak = levelOf(s.Level)
		if says := s.PeerSays; says != nil {
			jitterOut = millis(says.Jitter)
			if s.Packets > 0 {
				lostOut = percent(100 * float64(max(says.Lost, 0)) / float64(s.Packets))
			}
			if says.RTT > 0 {
				f.delay = millis(says.RTT)
			}
		}
		if s.RTT > 0 {
			f.delay = millis(s.RTT)
		}
	}
	f.lost, f.jitter = pair(lostIn, lostOut), pair(jitterIn, jitterOut)
	return f
}

func pair(in, out string) string {
	if in == unknownFigure && out == unknownFigure {
		return unknownFigure
	}
	return in + " · " + out
}

func percent(p float64) string { return fmt.Sprintf("%.1f %%", min(p, 100)) }

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
