package playout

import (
	"math"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/codec"
)

const (
	slots      = 256  // packets that wait: 5 s of 20 ms
	mostBytes  = 1500 // of a payload
	mostPiece  = 2 * mostBytes
	storeSize  = 4 * mostPiece
	clock      = codec.SampleRate // of the timestamps of all our codecs
	step       = clock / 100      // 10 ms in timestamp units
	restart    = 3 * clock        // a jump of the timestamps that no pause explains
	behindMost = 100              // how far back a sequence number is late; further back the source began anew
	// starvedMost is after how much silence the buffer fills up again before it plays.
	starvedMost = 200 * time.Millisecond
	// slack is how far the delay may be off the target before sound is stretched.
	slack = 5 * time.Millisecond
	// much is from which excess on sound is shortened as often as it can be.
	much = 40 * time.Millisecond
)

// Packet is an RTP packet of one call's sound.
type Packet struct {
	// Codec is the encoding name: PCMU, PCMA, G722 or CN (comfort noise, RFC 3389). Any
	// other name, telephone-event for one, has no sound but takes its place.
	Codec     string
	SSRC      uint32
	Seq       uint16
	Timestamp uint32
	Payload   []byte
}

// Stats counts what a Buffer did.
type Stats struct {
	Played    uint64        // packets
	Lost      uint64        // packets that never came, or came too late
	Late      uint64        // packets among them that came in the end
	Concealed time.Duration // sound that was made up
	Shortened uint64        // how often a period was left out to catch up
	Stretched uint64        // how often one was repeated to wait longer
	Starved   uint64        // how often no packet was there when one was due, though more came
	Delay     time.Duration // how long a packet waits now, from its arrival to its sound
	Target    time.Duration // how long the network makes it wait
}

// kind is what a packet holds.
type kind uint8

const (
	nothing kind = iota
	muLaw
	aLaw
	wideband
	comfort
)

// slot is a packet that waits.
type slot struct {
	used   bool
	kind   kind
	seq    int64
	ts     int64
	at     time.Time
	behind time.Duration
	n      int
	data   [mostBytes]byte
}

// Buffer plays the packets of one call. Put and Read may be called from two
// goroutines at once; neither takes memory, and neither waits for more than the
// other one's copying and decoding (some 50 µs).
//
// How long packets wait follows the network: 10 ms where they come evenly. What is
// missing is made up; the delay changes by periods of the voice that are left out
// or repeated, and by the length of pauses.
type Buffer struct {
	mu      sync.Mutex
	waiting [slots]slot
	begun   bool
	ssrc    uint32
	highest int64 // sequence number, without wrapping
	newest  int64 // timestamp of it
	fast    fastest
	spread  Spread

	primed  bool  // sound is being played
	seq     int64 // of the packet that is played next
	ts      int64 // of the next sample
	starved int64 // timestamp units that were made up without a packet to wait for
	delay   float64

	decoders [4]codec.Decoder
	scale    int // of the sound at hand: 1 for 8,000 samples per second, 2 for 16,000
	store    [storeSize]int16
	from, to int // what of it is to be played
	past     history
	conceal  concealer
	sounded  time.Time // when the last stretching was

	resample [3]*codec.Resampler // by scale
	piece    [2 * step]int16
	out      []int16 // at the device's rate
	outFrom  int
	rate     int
	stats    Stats
}

// New gives a buffer for a device of a rate in samples per second; see
// codec.NewResampler for those that are possible.
func New(rate int) (*Buffer, error) {
	b := &Buffer{rate: rate, scale: 1, spread: Spread{Least: ownLeast}}
	for scale := 1; scale <= 2; scale++ {
		r, err := codec.NewResampler(scale*codec.SampleRate, rate)
		if err != nil {
			return nil, err
		}
		b.resample[scale] = r
	}
	b.decoders[muLaw], _, _ = codec.NewDecoder("PCMU")
	b.decoders[aLaw], _, _ = codec.NewDecoder("PCMA")
	b.decoders[wideband], _, _ = codec.NewDecoder("G722")
	b.past.reset(1)
	b.out = make([]int16, 0, max(b.resample[1].Most(step), b.resample[2].Most(2*step)))
	return b, nil
}

func kindOf(name string) kind {
	switch {
	case name == "PCMU" || strings.EqualFold(name, "PCMU"):
		return muLaw
	case name == "PCMA" || strings.EqualFold(name, "PCMA"):
		return aLaw
	case name == "G722" || strings.EqualFold(name, "G722"):
		return wideband
	case strings.EqualFold(name, "CN"):
		return comfort
	}
	return nothing
}

// Put takes a packet that came at a moment. Its payload is copied. One that is too
// long to be sound is left out.
func (b *Buffer) Put(p Packet, at time.Time) {
	if len(p.Payload) > mostBytes {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.begun && p.SSRC != b.ssrc {
		b.reset()
	}
	seq, ts := int64(p.Seq), int64(p.Timestamp)
	if b.begun {
		seq = b.highest + int64(int16(p.Seq-uint16(b.highest)))
		ts = b.newest + int64(int32(p.Timestamp-uint32(b.newest)))
		if seq < b.highest-behindMost || seq > b.highest+slots/2 || ts > b.newest+20*restart || ts < b.newest-restart {
			// The source counts anew, or was away for long.
			b.reset()
		}
	}
	if !b.begun {
		b.begun, b.ssrc = true, p.SSRC
		seq, ts = int64(p.Seq)+1<<20, int64(p.Timestamp)+1<<40
		b.highest, b.newest, b.seq, b.ts = seq, ts, seq, ts
	}
	if !b.primed && seq < b.seq && seq > b.seq-behindMost/2 {
		b.seq, b.ts = seq, min(b.ts, ts) // overtaken right at the start
	}
	if seq < b.seq {
		b.stats.Late++
		return
	}
	s := &b.waiting[seq%slots]
	if s.used && s.seq == seq {
		return // twice
	}
	behind, slower := b.fast.add(at, p.Timestamp, clock)
	b.spread.Shift(slower)
	b.spread.Add(behind)
	s.used, s.seq, s.ts, s.at, s.behind, s.kind = true, seq, ts, at, behind, kindOf(p.Codec)
	s.n = copy(s.data[:], p.Payload)
	if seq > b.highest {
		b.highest, b.newest = seq, ts
	}
}

// reset forgets the packets that wait. What was decoded is still played.
func (b *Buffer) reset() {
	for i := range b.waiting {
		b.waiting[i].used = false
	}
	b.begun, b.primed, b.starved = false, false, 0
	b.fast, b.spread = fastest{}, Spread{Least: ownLeast}
}

// Read fills dst with the sound of this moment, at the device's rate. Before the
// first packet, and behind the last one, it is silence.
func (b *Buffer) Read(dst []int16, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(dst) > 0 {
		if b.outFrom == len(b.out) {
			b.next(now)
		}
		n := copy(dst, b.out[b.outFrom:])
		dst, b.outFrom = dst[n:], b.outFrom+n
	}
}

// Stats gives what was counted so far.
func (b *Buffer) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stats
	s.Target = b.spread.Target()
	s.Delay = time.Duration(math.Round(b.delay * float64(time.Second)))
	return s
}
