package capture

import (
	"fmt"
	"time"

	"softphonedoctor/sipclient/codec"
)

// ReturnNote is the SoundReturn note of what a Listener heard while an echo service
// was called.
func ReturnNote(h codec.Heard) Note {
	n := Note{Kind: KindProbe, Key: SoundReturn}
	switch {
	case h.Found:
		n.Text = "yes " + returned(h.Return)
		if h.Pieces > 0 {
			n.Text += fmt.Sprintf(" lost=%.1f", h.LostPercent())
		}
	case h.Enough:
		n.Text = "no"
	default:
		n.Text = tooShort
	}
	return n
}

// EchoNotes are the SoundEcho and SoundLoop notes of a judgement.
func EchoNotes(e codec.Echoes) []Note {
	note := func(key string, found, known bool, r codec.Return) Note {
		switch {
		case found:
			return Note{Kind: KindProbe, Key: key, Text: "yes " + returned(r)}
		case known:
			return Note{Kind: KindProbe, Key: key, Text: "no"}
		}
		return Note{Kind: KindProbe, Key: key, Text: tooShort}
	}
	return []Note{
		note(SoundEcho, e.FarFound, e.FarKnown, e.Far),
		note(SoundLoop, e.NearFound, e.NearKnown, e.Near),
	}
}

// tooShort says why nothing is known.
const tooShort = "not-checked The sound was not listened to for long enough."

func returned(r codec.Return) string {
	return fmt.Sprintf("delay=%v level=%.1f", r.Delay.Round(100*time.Microsecond), r.Gain)
}
