package generate

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"softphonedoctor/sipclient/codec"
)

// spacing is the time between two packets of sound, samples what each holds.
const (
	spacing = 20 * time.Millisecond
	samples = 160
)

// sounds is half a minute of something like speech, in both codecs.
type sounds struct{ law [2][]byte }

func newSounds() *sounds {
	const length = 30 * codec.SampleRate
	rng := rand.New(rand.NewPCG(1, 2))
	voice := make([]int16, length)
	codec.Tone(310, -20).Frame(voice)
	for i := range voice {
		// Words of 300 ms, and pauses with a little noise between them.
		if i/2400%3 == 2 {
			voice[i] = 0
		}
		voice[i] += int16(rng.IntN(200) - 100)
	}
	return &sounds{[2][]byte{codec.EncodeMuLaw(nil, voice), codec.EncodeALaw(nil, voice)}}
}

// speaker is the sender of one direction.
type speaker struct {
	Stream
	pt       byte // 0 or 8
	firstSeq uint16
	firstTS  uint32
	phase    int
}

// append adds the RTP packet with a number (counted from 0) to b.
func (s *speaker) append(b []byte, n int, from *sounds) []byte {
	marker := byte(0)
	if n == 0 {
		marker = 0x80
	}
	b = append(b, 0x80, marker|s.pt)
	b = binary.BigEndian.AppendUint16(b, s.firstSeq+uint16(n))
	b = binary.BigEndian.AppendUint32(b, s.firstTS+uint32(n)*samples)
	b = binary.BigEndian.AppendUint32(b, s.SSRC)
	law := from.law[s.pt/8]
	at := (s.phase + n) * samples % len(law)
	return append(b, law[at:at+samples]...)
}

// faults says how a direction's packets suffer before they are captured.
type faults struct{ loss, late, twice float64 }

// safe is how many packets at either end of a stream arrive as they were sent, so
// that nothing is missing at an end, where nobody could see it.
const safe = 3

// speak makes the packets of one direction: n that suffer, and then tail that do not.
// Its figures are counted from what is left, in the order of arrival.
func (s *speaker) speak(rng *rand.Rand, f faults, from time.Duration, n, tail int) []event {
	var events []event
	for k := range n + tail {
		sent := from + time.Duration(k)*spacing
		at := sent + time.Duration(rng.IntN(4000))*time.Microsecond
		luck := rng.Float64()
		e := event{at: at, src: s.From, dst: s.To, stream: s, seq: k}
		switch {
		case k < safe || k >= n-safe:
			events = append(events, e)
		case luck < f.loss:
			s.Lost++
		case luck < f.loss+f.late:
			e.at += 30 * time.Millisecond // behind the next one
			events = append(events, e)
		case luck < f.loss+f.late+f.twice:
			again := e
			again.at += 5 * time.Millisecond
			events = append(events, e, again)
			s.Duplicate++
		default:
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	highest, seen := -1, map[int]bool{}
	for _, e := range events {
		if !seen[e.seq] && e.seq < highest {
			s.Reordered++
		}
		seen[e.seq] = true
		highest = max(highest, e.seq)
	}
	s.Packets = uint64(len(seen))
	return events
}

// report is the RTCP of one side (RFC 3550 6.4.1): what it sent until now, and what
// it got of the other.
func (s *speaker) report(other *speaker, elapsed time.Duration, bye bool) []byte {
	sent := uint32(elapsed / spacing)
	b := []byte{0x81, 200, 0, 12}
	b = binary.BigEndian.AppendUint32(b, s.SSRC)
	at := began.Add(elapsed)
	b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()+2208988800))
	b = binary.BigEndian.AppendUint32(b, uint32(at.Nanosecond())<<2)
	b = binary.BigEndian.AppendUint32(b, s.firstTS+sent*samples)
	b = binary.BigEndian.AppendUint32(b, sent)
	b = binary.BigEndian.AppendUint32(b, sent*samples)
	b = binary.BigEndian.AppendUint32(b, other.SSRC)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(other.firstSeq)+sent)
	b = binary.BigEndian.AppendUint32(b, 24) // jitter: 3 ms
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, 0)
	name := s.From.Addr().String()
	chunk := binary.BigEndian.AppendUint32(nil, s.SSRC)
	chunk = append(chunk, 1, byte(len(name)))
	chunk = append(append(chunk, name...), 0)
	for len(chunk)%4 > 0 {
		chunk = append(chunk, 0)
	}
	b = append(b, 0x81, 202, 0, byte(len(chunk)/4))
	b = append(b, chunk...)
	if bye {
		b = append(b, 0x81, 203, 0, 1)
		b = binary.BigEndian.AppendUint32(b, s.SSRC)
	}
	return b
}

// above is the port of the reports beside one of sound.
func above(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }
