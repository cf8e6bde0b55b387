package evidence

import (
	"strings"
	"time"

	"softphonedoctor/sipclient/playout"
)

// Quality is how good a stream sounds to its listener in a conversation, by the
// E-model of ITU-T G.107. It holds for the codec, loss, bursts and delay that were
// seen; what devices and rooms add is not in it.
type Quality struct {
	// Known is false where the rating would be made up: no round trip by RTCP, fewer
	// packets than a second has, no times, a codec whose impairment is not known or
	// whose scale is another one (wide band).
	Known bool
	R     float64 // 0 to 93.2
	MOS   float64 // 1 to 4.41
	// Model is what R was computed from.
	Model EModel
}

// Word is the class of the rating (ITU-T G.109) in a word for people: "excellent",
// "good", "fair", "poor", "bad" or "unusable"; "" where it is not known.
func (q Quality) Word() string {
	if !q.Known {
		return ""
	}
	for _, class := range []struct {
		from float64
		word string
	}{{90, "excellent"}, {80, "good"}, {70, "fair"}, {60, "poor"}, {50, "bad"}} {
		if q.R >= class.from {
			return class.word
		}
	}
	return "unusable"
}

// impairment is what G.113 appendix I says of a codec: Ie, and Bpl with a packet
// loss concealment that suits it; Bpl is 0 where it is not known.
type impairment struct{ ie, bpl float64 }

// impairments lists narrow-band codecs by their names in SDP. G.722 and Opus are not
// there: their ratings stand on the scale of G.107.1 and G.107.2, on which a good
// telephone call would look bad, and the other way round.
var impairments = map[string]impairment{
	"PCMU":    {0, 25.1},
	"PCMA":    {0, 25.1},
	"G729":    {11, 19}, // G.729A with silence suppression, which phones have
	"G723":    {15, 16.1},
	"GSM-EFR": {5, 10},
	"G726-32": {7, 0},
}

const (
	// ratedLeast is how many packets have to be seen: a second of them.
	ratedLeast = 50
	// usualPacket is the length of a packet where none can be read off the stream.
	usualPacket = 20 * time.Millisecond
)

// rateStreams gives each call's streams their ratings.
func (s *snapshot) rateStreams() {
	for _, c := range s.ev.Calls {
		trip := roundTrip(c)
		for _, st := range c.Streams {
			st.Quality = rate(st, trip, s.sources[st].packetTime())
		}
	}
}

// roundTrip is the one that RTCP gave for a call, 0 where it gave none.
func roundTrip(c *Call) time.Duration {
	if c.Out != nil && c.Out.RTT > 0 {
		return c.Out.RTT
	}
	for _, st := range c.Streams {
		if st.RTT > 0 {
			return st.RTT
		}
	}
	return 0
}

// packetTime is how much sound a packet holds.
func (s *stream) packetTime() time.Duration {
	if s.clock <= 0 || s.seq.step <= 0 {
		return usualPacket
	}
	d := seconds(float64(s.seq.step) / float64(s.clock))
	if d < 5*time.Millisecond || d > 200*time.Millisecond {
		return usualPacket // a pause or a restart lay between them
	}
	return d
}

// rate computes the rating of a stream. The way of the sound is taken to be half the
// round trip; a packet is filled before it leaves, and waits before it is played.
func rate(st *Stream, trip, packet time.Duration) (q Quality) {
	with, ok := impairments[strings.ToUpper(st.Codec.Name)]
	if !ok || trip <= 0 || st.Untimed || st.Packets < ratedLeast || 2*st.Unverified > st.Packets {
		return q
	}
	m := EModel{Ie: with.ie, Bpl: with.bpl}
	var wait time.Duration
	switch st.Direction {
	case In:
		wait = st.PlayoutDelay
		m.Loss, m.BurstRatio = st.unplayed()
	case Out:
		r := st.PeerSays
		if r == nil {
			return q
		}
		// How the other side plays it is not seen: a buffer of twice the jitter is usual.
		wait = max(playout.LeastDelay, min(2*r.Jitter, playout.MostDelay))
		m.Loss = st.lostThere()
	default:
		return q
	}
	if m.Loss > 0 && m.Bpl == 0 {
		return q
	}
	m.Delay = (trip/2 + packet + wait).Seconds() * 1000
	q.Known, q.Model = true, m
	q.R = m.R()
	q.MOS = MOS(q.R)
	return q
}

// unplayed is the share of packets in percent that a playout buffer could not play,
// and how much longer the gaps are than by chance.
func (s *Stream) unplayed() (percent, burstRatio float64) {
	if s.Expected == 0 || s.Unplayed == 0 {
		return 0, 1
	}
	share := min(1, float64(s.Unplayed)/float64(s.Expected))
	// By chance a gap has 1/(1-p) packets on average (G.107 7.5).
	burst := float64(s.Unplayed) / float64(max(1, s.Gaps)) * (1 - share)
	return 100 * share, max(1, min(maxBurstRatio, burst))
}

// lostThere is the share of our packets in percent that the receiver's latest report
// misses, of those that had been sent by then.
func (s *Stream) lostThere() float64 {
	sent := float64(s.Expected)
	if whole := s.Lasted(); whole > 0 && s.PeerSays.Time.Before(s.Last) {
		sent *= max(0.05, float64(s.PeerSays.Time.Sub(s.First))/float64(whole))
	}
	return 100 * max(0, min(1, float64(s.PeerSays.Lost)/max(1, sent)))
}
