package codec

import (
	"strings"
	"time"
)

// The frequencies of DTMF in hertz (ITU-T Q.23), by row and column of the keypad.
var (
	dtmfRows    = [4]float64{697, 770, 852, 941}
	dtmfColumns = [4]float64{1209, 1336, 1477, 1633}
)

const dtmfKeys = "123A456B789C*0#D"

// digits is a list of DTMF keys that are played once.
type digits struct {
	tones   []Source
	on, off int // in samples
	at      int
}

// DTMF plays keys ("0" to "9", "*", "#", "A" to "D"; others are left out) one
// after the other, each for on and then silence for off, and silence in the end.
// dbfs is the level of the two tones together; ITU-T Q.24 needs 40 ms at least.
func DTMF(keys string, dbfs float64, on, off time.Duration) Source {
	d := &digits{on: samplesIn(on), off: samplesIn(off)}
	for _, k := range strings.ToUpper(keys) {
		i := strings.IndexRune(dtmfKeys, k)
		if i < 0 {
			continue
		}
		d.tones = append(d.tones, &tone{
			parts: []oscillator{newOscillator(dtmfRows[i/4]), newOscillator(dtmfColumns[i%4])},
			// Two tones of equal strength: each is 3.01 dB below their sum.
			amplitude: min(Amplitude(dbfs-3.0103), 32767/2),
		})
	}
	return d
}

func (d *digits) Frame(dst []int16) {
	for len(dst) > 0 {
		if len(d.tones) == 0 || d.on+d.off == 0 {
			clear(dst)
			return
		}
		if d.at < d.on {
			n := min(len(dst), d.on-d.at)
			d.tones[0].Frame(dst[:n])
			dst, d.at = dst[n:], d.at+n
		} else {
			n := min(len(dst), d.on+d.off-d.at)
			clear(dst[:n])
			dst, d.at = dst[n:], d.at+n
		}
		if d.at >= d.on+d.off {
			d.tones, d.at = d.tones[1:], 0
		}
	}
}
