package evidence

const keys = "0123456789*#ABCD" // RFC 4733 3.2

// maxDigits bounds what one stream's digits can occupy.
const maxDigits = 256

// digits decodes telephone-event payloads (RFC 4733): each event once, however
// often its packets are repeated or in which order they come.
type digits struct {
	text   []byte
	recent [4]keyPress // the last events, to know repeats
	at     int
	firstN int // record number of the first event
}

type keyPress struct {
	ts       uint32
	code     byte
	duration uint16
	known    bool
}

func (d *digits) add(n int, ts uint32, payload []byte) {
	if len(payload) < 4 {
		return
	}
	code, duration := payload[0], uint16(payload[2])<<8|uint16(payload[3])
	for i := range d.recent {
		k := &d.recent[i]
		if !k.known || k.code != code {
			continue
		}
		// An event that outlasts 65535 units goes on in a new segment whose
		// timestamp continues the old one (RFC 4733 2.5.1.3).
		if k.ts == ts || (k.duration >= 0xff00 && ts-k.ts == uint32(k.duration)) {
			k.ts, k.duration = ts, max(duration, k.durationAt(ts))
			return
		}
	}
	d.recent[d.at%len(d.recent)] = keyPress{ts, code, duration, true}
	d.at++
	if d.firstN == 0 {
		d.firstN = n
	}
	if int(code) < len(keys) && len(d.text) < maxDigits {
		d.text = append(d.text, keys[code])
	}
}

func (k keyPress) durationAt(ts uint32) uint16 {
	if k.ts == ts {
		return k.duration
	}
	return 0
}

// looksLikeEvent recognises telephone-event without an SDP that names it: a
// dynamic payload type with one 4-byte event of a key.
func looksLikeEvent(pt uint8, payload []byte) bool {
	return pt >= 96 && len(payload) == 4 && payload[0] <= 16 && payload[1]&0x40 == 0
}
