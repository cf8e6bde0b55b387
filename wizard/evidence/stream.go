package evidence

import (
	"net/netip"
	"time"

	"softphonedoctor/sipclient/codec"
)

// Stream is one RTP stream: one SSRC between two addresses (RFC 3550).
type Stream struct {
	From, To    netip.AddrPort
	SSRC        uint32
	Direction   Direction // In: towards our phone; None when no call claims it
	CallID      string    // "" when no call claims it
	Media       string    // "audio", "video" ... as the SDP says, "" when none describes it
	Codec       Codec     // the format of most packets
	FirstN      int       // record number of the first packet
	First, Last time.Time

	Packets   uint64 // distinct packets, comfort noise included, telephone-event not
	Expected  uint64 // highest - lowest extended sequence number + 1 (telephone-event takes numbers too)
	Lost      uint64 // Expected - Packets - Events, never negative
	Comfort   uint64 // comfort noise packets among Packets (RFC 3389)
	Duplicate uint64
	Reordered uint64 // arrived after a higher sequence number
	Late      uint64 // would have missed a 60 ms playout buffer
	Events    uint64 // distinct telephone-event packets (RFC 4733), not in Packets nor in jitter
	Digits    string // the DTMF digits that telephone-event carried
	Unknown   uint64 // packets among Packets with a payload type that was not negotiated
	UnknownPT uint8  // the most recent of them

	Untimed bool // the capture has no times: nothing is known of jitter, gaps and lateness

	Encrypted bool // SRTP by the SDP
	// Of an encrypted stream: packets that verified with the key of the signalling
	// (RFC 4568), so that their sound was measured; protected ones that did not verify
	// with it, so that the receiver hears nothing of them; and packets without
	// protection though both sides agreed on it, with the record numbers of the first
	// of them. All are 0 where no key was seen, where it was blanked, or where it was
	// agreed in the sound's own path (DTLS): not checked.
	Verified, Unverified, Plain uint64
	UnverifiedN, PlainN         int

	Jitter, MaxJitter time.Duration // RFC 3550 6.4.1, at the end and its maximum
	LongestGap        time.Duration // longest time between two packets' arrivals without a marker or comfort noise to explain it
	LongestGapN       int           // record number of the packet after it
	LossBurst         uint64        // longest run of lost packets in a row

	// What an adaptive jitter buffer would make of the stream: packets that it could
	// not play, because they were lost or came too late, in how many gaps, and how long
	// the others waited on average (0: nothing is known).
	Unplayed, Gaps uint64
	PlayoutDelay   time.Duration
	Quality        Quality

	// Spurts counts how often the sender began again after a pause that it made
	// itself, with nothing lost (silence suppression, RFC 3551 4.1).
	Spurts uint64
	// Skew is how much later per minute the packets come than their timestamps say;
	// negative: earlier. It holds over SkewOver; 0 there: it could not be measured.
	Skew, SkewOver time.Duration

	Early      uint64 // packets before the call was answered
	EarlyLevel Level
	Level      Level         // after the answer (or throughout, without a call)
	Fabric     codec.Fabric  // what its bytes are made of, whatever its format says
	SendSD     time.Duration // standard deviation of the spacing of packets against their timestamps, the worst second left out

	PeerSays *ReceiverReport  // the last report block of the receiver about this SSRC
	Reported []ReceiverReport // all of them, in order
	Sender   []SenderReport   // the sender's own reports about this SSRC, in order
	RTT      time.Duration    // round trip by LSR/DLSR as seen here, 0: unknown
}

// Lasted is the time between the first and the last packet.
func (s *Stream) Lasted() time.Duration { return s.Last.Sub(s.First) }

// LossPercent is the share of lost packets in percent, 0 to 100.
func (s *Stream) LossPercent() float64 {
	if s.Expected == 0 {
		return 0
	}
	return 100 * float64(s.Lost) / float64(s.Expected)
}

// Level is the sound energy of decoded audio.
type Level struct {
	Known    bool
	DBFS     float64 // RMS of all samples relative to a full-scale square wave; -100 for digital silence
	Peak     float64 // dBFS of the loudest 20 ms
	Constant bool    // every payload byte the same: digital silence or a stuck source
	Clipped  uint64  // samples at full scale in runs of more than 6
	Samples  uint64
}

// SenderReport is an RTCP SR (RFC 3550 6.4.1).
type SenderReport struct {
	N       int
	Time    time.Time
	SSRC    uint32
	Packets uint32
	Octets  uint32
}

// ReceiverReport is a report block about one of our or their streams.
type ReceiverReport struct {
	N            int
	Time         time.Time
	FractionLost uint8 // of 256, since the report before
	Lost         int32 // cumulative, signed (24 bits on the wire)
	Highest      uint32
	Jitter       time.Duration
	RTT          time.Duration // 0: unknown
}

// Report is one RTCP packet of a call, as the technical view lists it.
type Report struct {
	N      int
	Time   time.Time
	Out    bool
	SSRC   uint32   // the sender
	About  []uint32 // SSRCs with a report block
	Sender bool     // an SR (else RR)
	Bye    bool
}
