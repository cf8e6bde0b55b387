package evidence

import (
	"cmp"
	"slices"
	"strings"

	"softphonedoctor/sipclient/codec"
)

// KeyMethod is a way to send the keys pressed in a call.
type KeyMethod string

// The three ways.
const (
	KeysByEvents KeyMethod = "telephone-event" // RTP packets of their own (RFC 4733)
	KeysByInfo   KeyMethod = "info"            // INFO with application/dtmf-relay or application/dtmf
	KeysInBand   KeyMethod = "in-band"         // tones in the sound (ITU-T Q.23)
)

// KeyPresses are the keys that one side of a call sent in one way.
type KeyPresses struct {
	Direction Direction // In or Out
	Method    KeyMethod
	Keys      string // "0" to "9", "*", "#", "A" to "D", in order
	FirstN    int    // record number of the first
	Refused   int    // INFO only: how many were answered with a refusal
	RefusedN  int    // record number of the first refusal, 0 without one
}

// KeysBy gives the keys that one side sent in one way, nil when there were none.
func (c *Call) KeysBy(d Direction, m KeyMethod) *KeyPresses {
	for i := range c.Keys {
		if k := &c.Keys[i]; k.Direction == d && k.Method == m {
			return k
		}
	}
	return nil
}

// keys fills in what was pressed in each call.
func (s *snapshot) keys() {
	for _, c := range s.ev.Calls {
		for _, st := range c.Streams {
			src := s.sources[st]
			if src == nil {
				continue
			}
			c.press(st.Direction, KeysByEvents, st.Digits, src.digits.firstN)
			if src.tones != nil {
				c.press(st.Direction, KeysInBand, src.tones.Keys(), src.tonesN)
			}
		}
		for _, t := range c.Transactions {
			if t.Method != "INFO" || !isDTMF(t.Request) {
				continue
			}
			d := In
			if t.Out {
				d = Out
			}
			k := c.press(d, KeysByInfo, infoKeys(t.Request), t.Request.N)
			if f := t.Final(); k != nil && f != nil && f.Status >= 300 {
				if k.Refused++; k.RefusedN == 0 {
					k.RefusedN = f.N
				}
			}
		}
		slices.SortStableFunc(c.Keys, func(a, b KeyPresses) int { return cmp.Compare(a.FirstN, b.FirstN) })
	}
}

// press adds keys to those of a side and a way, nil when there are none.
func (c *Call) press(d Direction, m KeyMethod, keys string, n int) *KeyPresses {
	if keys == "" {
		return nil
	}
	k := c.KeysBy(d, m)
	if k == nil {
		c.Keys = append(c.Keys, KeyPresses{Direction: d, Method: m, FirstN: n})
		k = &c.Keys[len(c.Keys)-1]
	}
	k.Keys += keys
	return k
}

// infoKeys reads the keys of an INFO: "Signal=5" lines in application/dtmf-relay,
// the bare key in application/dtmf. 10 and 11 stand for the star and the hash.
func infoKeys(m *Message) string {
	var found []byte
	for line := range strings.Lines(string(m.Body)) {
		name, value, named := strings.Cut(line, "=")
		switch {
		case !named:
			value = name
		case !strings.EqualFold(strings.TrimSpace(name), "signal"):
			continue
		}
		value = strings.ToUpper(strings.TrimSpace(value))
		switch {
		case value == "10":
			value = "*"
		case value == "11":
			value = "#"
		}
		if len(value) == 1 && strings.Contains(keys, value) && len(found) < maxDigits {
			found = append(found, value[0])
		}
	}
	return string(found)
}

// listens tells whether keys are to be heard in a stream's sound: where they are
// the complaint, and where the call knows no better way to send them. It costs
// ten times as much as all else.
func (b *Builder) listens(c *call, kind string) bool {
	if c == nil || kind != "audio" {
		return false
	}
	if b.notes.situation == "dtmf" {
		return true
	}
	recent := c.media[max(0, len(c.media)-maxSecrecy):]
	for _, author := range []author{theOne, theOther} {
		described, events := false, false
		for _, d := range recent {
			if d.author == author && d.kind == "audio" && len(d.media.Codecs) > 0 {
				described = true
				for _, f := range d.media.Codecs {
					events = events || f.Name == "telephone-event"
				}
			}
		}
		if described && !events {
			return true
		}
	}
	return false
}

// ear listens for keys in the sound of one stream.
type ear struct {
	codec.DTMFDetector
	format  string
	decoder codec.Decoder
	narrow  *codec.Resampler // of what is wide-band: the tones lie below 1,700 Hz
	low     []int16
}

// newEar is nil for a format that cannot be listened to.
func newEar(format string) *ear {
	decoder, rate, ok := codec.NewDecoder(format)
	if !ok {
		return nil
	}
	e := &ear{format: format, decoder: decoder}
	if rate != codec.SampleRate {
		e.narrow, _ = codec.NewResampler(rate, codec.SampleRate) // a rate that it has
	}
	return e
}

// hear looks for keys in the sound of a packet.
func (s *stream) hear(p *packet, payload []byte, o *opener) {
	if s.tones == nil || s.tones.format != s.format {
		e := newEar(s.format)
		if e == nil {
			return
		}
		if s.tones != nil {
			e.DTMFDetector = s.tones.DTMFDetector
		}
		s.tones = e
	}
	e := s.tones
	o.samples = e.decoder.Decode(o.samples[:0], payload)
	sound := o.samples
	if e.narrow != nil {
		e.low = e.narrow.Resample(e.low[:0], sound)
		sound = e.low
	}
	if e.Add(sound) && s.tonesN == 0 {
		s.tonesN = p.n
	}
}
