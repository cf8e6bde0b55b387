package evidence

import (
	"encoding/json"
	"net/netip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
)

// Measured is what only the sound of a stream tells. It travels as a note with a capture
// from which the sound was left out, so that the capture is judged as before.
type Measured struct {
	From, To     netip.AddrPort
	SSRC         uint32
	Level, Early Level
	Fabric       codec.Fabric `json:",omitempty"`
	Digits       string       `json:",omitempty"`
	Verified     uint64       `json:",omitempty"`
	Unverified   uint64       `json:",omitempty"`
	UnverifiedN  int          `json:",omitempty"`
	Plain        uint64       `json:",omitempty"`
	PlainN       int          `json:",omitempty"`
}

type measuredKey struct {
	from, to netip.AddrPort
	ssrc     uint32
}

// MeasuredOf takes from each stream what only its sound tells. at gives an address as it
// stands in the capture that is saved. Pressed keys are told only where own says that
// they are the test phone's.
func MeasuredOf(e *Evidence, at func(netip.AddrPort) netip.AddrPort, own bool) []capture.Note {
	var notes []capture.Note
	for _, s := range e.Streams {
		m := Measured{From: at(s.From), To: at(s.To), SSRC: s.SSRC, Level: s.Level, Early: s.EarlyLevel, Fabric: s.Fabric,
			Verified: s.Verified, Unverified: s.Unverified, UnverifiedN: s.UnverifiedN, Plain: s.Plain, PlainN: s.PlainN}
		if own {
			m.Digits = s.Digits
		} else {
			m.Digits = hiddenDigits(s.Digits)
		}
		b, err := json.Marshal(m)
		if err != nil {
			continue // a figure that JSON cannot hold: not measured
		}
		notes = append(notes, capture.Note{Time: e.Began, Kind: capture.KindMeasured, Key: "stream", Text: string(b)})
	}
	return notes
}

// hiddenDigits keeps how many keys were pressed.
func hiddenDigits(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = '0'
	}
	return string(b)
}

// measuredNote takes such a note. One that cannot be read was written by a later
// version, and says nothing.
func (b *Builder) measuredNote(n *capture.Note) {
	var m Measured
	if n.Key != "stream" || len(n.Text) > 1<<12 || json.Unmarshal([]byte(n.Text), &m) != nil {
		return
	}
	if b.notes.measured == nil {
		b.notes.measured = map[measuredKey]Measured{}
	}
	if len(b.notes.measured) < maxMeasured {
		b.notes.measured[measuredKey{m.From, m.To, m.SSRC}] = m
	}
}

// maxMeasured bounds the streams of which such notes are kept.
const maxMeasured = 1 << 12

// tell puts the figures where they were.
func (m Measured) tell(s *Stream) {
	s.Level, s.EarlyLevel, s.Fabric, s.Digits = m.Level, m.Early, m.Fabric, m.Digits
	s.Verified, s.Unverified, s.UnverifiedN, s.Plain, s.PlainN = m.Verified, m.Unverified, m.UnverifiedN, m.Plain, m.PlainN
}
