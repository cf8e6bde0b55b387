package evidence

import "time"

// Direction says which way a call or a stream goes, seen from our phone.
type Direction uint8

// The directions. Both and None are for findings.
const (
	None Direction = iota
	In
	Out
	Both
)

// String gives "in", "out", "both" or "none", as in the JSON.
func (d Direction) String() string { return [...]string{"none", "in", "out", "both"}[d] }

// Call is one INVITE dialog (RFC 3261 12) with its early dialogs, from the first
// INVITE to the BYE. Messages that did not come are nil.
type Call struct {
	ID        string // Call-ID
	Order     int    // its place among all calls by their first messages, from 1
	Direction Direction
	From, To  string // user part (or whole URI without one) of caller and callee

	Invite   *Message // the INVITE that was last sent out to set up the call (with credentials, if asked)
	First    *Message // the first INVITE; equal to Invite when there was no challenge
	Trying   *Message // first 100 of the last INVITE transaction
	Ringing  *Message // first 180
	Progress *Message // first 18x of any kind (180, 181, 182, 183)
	Answer   *Message // 2xx
	Final    *Message // the last INVITE transaction's final answer of any class, Answer included
	Ack      *Message // the ACK for the 2xx
	Cancel   *Message
	Bye      *Message
	ByeOut   bool // our side hung up

	Transactions []*Transaction // all, in order: INVITEs with challenges, re-INVITEs, PRACK, UPDATE, BYE, CANCEL, INFO ...
	Reinvites    []*Transaction // INVITE and UPDATE inside the dialog

	Offer      *Media   // the caller's SDP (or the answerer's, for a late offer)
	Agreed     *Media   // the answer, in an early or the final answer; the latest one that counts
	EarlyMedia *Message // the 18x that carried SDP
	ByReinvite *Media   // the media agreed by the last re-INVITE or UPDATE, nil if none

	// OtherHops are the transactions of this call between other machines, in a
	// capture that sees more than our phone's hop.
	OtherHops []*Transaction
	// Partial: the records begin in mid-call, or hold answers only. Invite and
	// First are then the first INVITE seen (a re-INVITE) or nil.
	Partial bool
	// Touches: one end of the call is our phone. A call that does not touch it is
	// described as its caller sees it; its sound may pass where the records cannot
	// see it, so that no sound proves nothing there.
	Touches bool

	In, Out *Stream   // the main audio stream of each direction (most packets), nil if none
	Streams []*Stream // all audio streams of this call, to or from our end of it
	// PeerSenders are the other side's sender reports about SSRCs that never came
	// here as RTP: what it says it sends.
	PeerSenders []SenderReport
	Reports     []*Report // RTCP of both sides, in order
	RTCPBye     bool      // the other side said RTCP BYE while the call was up
	// Keys are the keys that either side pressed, by the way in which they were sent;
	// keys in the sound are looked for only where they are the complaint or one side
	// announced no telephone-event, and only in G.711.
	Keys []KeyPresses

	// MediaFrom is the moment sound could flow: the answer, or the first early SDP.
	MediaFrom time.Time
	// Ended is the time of BYE, CANCEL, refusal, or the tape's end.
	Ended time.Time

	over time.Time // nothing behind this has to do with it; at the latest the tape's end
}

// Media is one side's audio description with the message that carried it.
type Media struct {
	Message   *Message
	Local     bool   // our phone's description
	Addr      string // c= host, "" if none
	Port      int
	Proto     string
	Direction string
	Codecs    []Codec
	PTime     time.Duration
	RTCPPort  int
	Encrypted bool // SAVP, or a=crypto or a=fingerprint present
}

// Codec is an audio format by its RTP name and clock.
type Codec struct {
	PayloadType uint8
	Name        string // "" when the SDP does not say and the number is dynamic
	ClockRate   int
}

// Duration is how long the call was up: answer to end, 0 when never answered.
func (c *Call) Duration() time.Duration {
	if c.Answer == nil {
		return 0
	}
	return c.Ended.Sub(c.Answer.Time)
}

// PostDialDelay is the time from the first INVITE to the first ringing or final
// answer that is no challenge; ok is false while there is neither.
func (c *Call) PostDialDelay() (d time.Duration, ok bool) {
	switch {
	case c.First == nil:
		return 0, false
	case c.Progress != nil:
		return c.Progress.Time.Sub(c.First.Time), true
	case c.Final != nil:
		return c.Final.Time.Sub(c.First.Time), true
	}
	return 0, false
}

// RingingTime is how long the ringing lasted, 0 without ringing.
func (c *Call) RingingTime() time.Duration {
	if c.Progress == nil {
		return 0
	}
	if c.Final != nil {
		return c.Final.Time.Sub(c.Progress.Time)
	}
	return c.Ended.Sub(c.Progress.Time)
}
