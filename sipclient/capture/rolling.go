package capture

import (
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// SignallingFor is how long a rolling tape keeps messages: they are small, and a call
// that goes wrong now may have begun long ago.
const SignallingFor = time.Hour

// roll lets go what is older than a rolling tape keeps. It looks through the tape once
// in an eighth of that time, so that adding stays quick; until then a little more stands
// on it.
func (t *Tape) roll(now time.Time) {
	if t.rolled.IsZero() {
		t.rolled = now
	}
	if now.Sub(t.rolled) < max(t.Keep/8, 100*time.Millisecond) {
		return
	}
	t.rolled = now
	kept := make([]Record, 0, len(t.records))
	for _, r := range t.records {
		if now.Sub(r.Time()) <= t.lasts(r) {
			kept = append(kept, r)
			continue
		}
		switch n := r.Note; {
		case n == nil:
			t.size -= recordCost + len(r.Packet.Data)
		case n.Kind == KindLimit: // what was missing is out of sight by now: it may be said again
			t.said, t.mum = false, false
		default:
			t.notes -= recordCost + len(n.Text)
		}
	}
	t.records = kept
}

// lasts is how long a rolling tape keeps a record.
func (t *Tape) lasts(r Record) time.Duration {
	const always = 1<<63 - 1
	switch p, n := r.Packet, r.Note; {
	case n != nil && (n.Kind == KindSubject || n.Kind == KindPhone && (n.Key == PhoneAccount || n.Key == PhoneProvider)):
		return always // whose tape it is
	case p != nil && signalling(p):
		return max(t.Keep, SignallingFor)
	}
	return t.Keep
}

// signalling tells messages from sound.
func signalling(p *Packet) bool { return p.Net.overTCP() || sipmsg.LooksLikeSIP(p.Data) }
