// Package evidence folds a tape into typed facts: registrations, calls,
// transactions with their retransmissions, offers and answers, audio streams
// with RFC 3550 figures. It says what happened, never what it means.
//
// The same Builder serves a live call and a capture file; it can be asked at
// any time.
package evidence

import (
	"net/netip"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Kinds is a set of what was looked at. A rule whose Needs are not all there
// was "not checked", which is different from "fine".
type Kinds uint64

// What evidence can hold. A bit is set once there was a chance to see the thing,
// whether or not it came: HaveMedia after an answered call with packets visible
// in at least one direction or two seconds of waiting for them.
const (
	HaveRegistration  Kinds = 1 << iota // a REGISTER was sent by our phone
	HaveCallOut                         // an INVITE was sent by our phone
	HaveCallIn                          // an INVITE reached our phone
	HaveRinging                         // a call of ours got past 100 or to a final answer: its ringing phase can be judged
	HaveMedia                           // a call was up long enough (2 s) to judge its sound
	HaveReports                         // RTCP from the other side was seen during a call
	HaveLevels                          // sound of the other side could be decoded
	HaveOptions                         // an OPTIONS was sent by our phone
	HaveLookup                          // the live phone resolved names itself
	HaveLive                            // our own test phone made this tape (its notes are there)
	HaveHeardRinging                    // answered: heard_ringing
	HaveHeard                           // answered: heard
	HaveTheyHear                        // answered: they_hear
	HaveSound                           // sound devices were looked at
	HaveProbes                          // network probes ran
	HaveDigits                          // answered: digits
	HaveCallerHears                     // answered: caller_hears
	HaveSymptom                         // answered: symptom
	HaveInternalRings                   // answered: internal_rings
	HaveDTMF                            // digits were sent or received
	HaveAgain                           // the same call was tried again after one change
	HaveUsual                           // answered: usual_fails
	HaveConnections                     // our test phone spoke, or tried to speak, over TCP or TLS, or found no way to a server at all
)

// Has tells whether all kinds of k are there.
func (have Kinds) Has(k Kinds) bool { return have&k == k }

// Evidence is what happened, as far as the records show it. Slices are in order of time.
type Evidence struct {
	Have          Kinds
	Began, Until  time.Time // of the first and the last record
	Subject       Subject
	Vantage       Vantage // where the capture was taken
	Situation     string  // the complaint under test, "" for a foreign capture
	Registrations []*Registration
	Calls         []*Call
	Options       []*Transaction // OPTIONS sent by our phone
	OptionsIn     []*Transaction // OPTIONS that came to our phone
	Others        []*Transaction // all other transactions outside calls: SUBSCRIBE, MESSAGE, a BYE whose call was not seen ...
	Streams       []*Stream      // all RTP streams, those of calls among them
	Messages      []*Message     // every SIP message in order, without retransmissions
	Experiments   []Experiment
	Probes        []Probe
	Answers       map[string]Answer
	Phone         []Event // what the test phone noted (capture.KindPhone)
	ICMP          []Unreachable
	Connections   []Connection // TCP and TLS connections of the test phone that its notes speak of
	Targets       []Targets    // servers with more than one address
	Fallbacks     []Fallback   // ways that the test phone gave up for others
	Odd           []Odd        // packets that nothing else claimed, or that did not parse
	Limits        []string     // what the tape itself lacks, in words
	// PhoneLimits is what our own test phone could not do, a sentence each, without
	// repeats. It says nothing about the tape, which may be whole.
	PhoneLimits []string
	// Holes are the times in which nothing at all was recorded, of 30 s and more.
	Holes []Hole
	// Fragments counts packets that came in pieces and lack some of them.
	Fragments int
	// Short: the capture was made with a length limit, so messages lack their ends
	// and what cannot be read may well have been sound. Limits says it in words.
	Short bool
	// Muted says in words what was left out of the capture on purpose, "" where nothing was.
	Muted      string
	STUN       uint64 // STUN packets, which are left aside
	KeepAlives uint64 // packets that only hold a NAT binding

	beside      []*Stream    // all streams that this is narrowed from
	noted       Kinds        // what Have says for the sake of notes
	outsideLast time.Time    // when the latest message of no call passed
	limitsAt    []timedLimit // when those of Limits were noted that have a time
}

// timedLimit is a limit with the moment at which it was noted.
type timedLimit struct {
	at   time.Time
	text string
}

// Subject is the phone under test: its signalling address and how we know it.
type Subject struct {
	Addr netip.AddrPort // invalid when unknown
	How  string         // "told", "registered", "called", "was called", "unknown"
}

// Answer is what a person said.
type Answer struct {
	N     int
	Value string
}

// Experiment is what was tried under a name, or after one change: what began between
// its note and the next one.
type Experiment struct {
	N             int
	Name, Change  string
	Calls         []*Call
	Options       []*Transaction // sent by our phone
	Registrations []*Transaction // sent by our phone
}

// Event is a note of the test phone: Key is one of capture's Phone keys.
type Event struct {
	N         int
	Time      time.Time
	Key, Text string
}

// Unreachable is an ICMP error (or the operating system's word for one) about a
// packet of ours: "connection refused" is a closed port. Errors about the same
// addresses with the same reason are one entry.
type Unreachable struct {
	N      int
	Time   time.Time
	Last   time.Time      // of the latest one like it
	Count  int            // how many there were
	Net    capture.Net    // of the packet that could not be delivered
	Source netip.AddrPort // who sent the packet; invalid when the operating system told us
	Target netip.AddrPort // where our packet was going
	Reason string         // "port unreachable", "host unreachable", "admin prohibited" ...

	at []time.Time // of the first of them
}

// Odd is a packet that could not be understood, with the reason in words. Packets
// between the same addresses with the same reason are one entry, the first.
type Odd struct {
	N        int
	Time     time.Time
	From, To netip.AddrPort
	Text     string
	Count    int
}

// Message is one SIP message, with every further copy of it that crossed.
type Message struct {
	N        int
	Time     time.Time
	Net      capture.Net
	From, To netip.AddrPort
	Out      bool  // sent by our phone
	Size     int   // bytes on the wire
	Hops     uint8 // capture.Packet.Hops, 0: not known
	Copies   []Copy
	Twins    int // further copies within 5 ms: the capture holds the message twice, nobody sent it twice
	*sipmsg.Message

	gone bool // it was of a call that was released

	// What is asked for again and again, read once where the builder made the message.
	read      bool
	toTag, id string
	sdp       *sipmsg.SDP
}

// SDP gives the session description in the body, nil where there is none. It is nobody's
// to change.
func (m *Message) SDP() *sipmsg.SDP {
	if m.sdp != nil || m.Message == nil || len(m.Body) == 0 {
		return m.sdp
	}
	sdp, err := sipmsg.ParseSDP(m.Body)
	if err != nil {
		return nil
	}
	return sdp
}

// ToTag gives the tag of To, "" without one.
func (m *Message) ToTag() string {
	if m.read {
		return m.toTag
	}
	return m.Message.ToTag()
}

// CallID gives the Call-ID, "" without one.
func (m *Message) CallID() string {
	if m.read {
		return m.id
	}
	return m.Message.CallID()
}

// Copy is a retransmission: the same bytes' meaning again (same branch, CSeq and code).
type Copy struct {
	N    int
	Time time.Time
}

// Last gives the time of the latest copy.
func (m *Message) Last() time.Time {
	if n := len(m.Copies); n > 0 {
		return m.Copies[n-1].Time
	}
	return m.Time
}

// Transaction is a request and its answers (RFC 3261 17). For an INVITE the ACK
// of a non-2xx answer belongs to it; the ACK of a call's 2xx stands in the Call.
// That of a re-INVITE stands here whatever the answer was. Request is never nil.
type Transaction struct {
	Method    string
	Out       bool // our phone sent the request
	Request   *Message
	Responses []*Message // distinct ones, in order; repeats are Copies
	Ack       *Message
}

// Final gives the first final answer (200-699), nil while there is none.
func (t *Transaction) Final() *Message {
	for _, r := range t.Responses {
		if r.Status >= 200 {
			return r
		}
	}
	return nil
}

// Took is the time from the request's first copy to the final answer, 0 without one.
func (t *Transaction) Took() time.Duration {
	if f := t.Final(); f != nil {
		return f.Time.Sub(t.Request.Time)
	}
	return 0
}

// Authorized tells whether the request carried credentials.
func (t *Transaction) Authorized() bool {
	return t.Request.Get("Authorization") != "" || t.Request.Get("Proxy-Authorization") != ""
}

// Query tells a REGISTER that only asks which phones are signed in: it has no
// Contact, and changes nothing (RFC 3261 10.2.3).
func (t *Transaction) Query() bool {
	return t.Method == "REGISTER" && !t.Request.Has("Contact")
}

// Settles tells whether the answer to a question which phones are signed in decides
// the sign-in, too: what refuses the account, the password or everybody now. Any other
// refusal is one of the question: servers that know no REGISTER without Contact call
// it malformed or stumble over it (400, 405, 420, 423, 500, 501 ...) and may well take the sign-in itself.
func Settles(code int) bool {
	switch code {
	case 401, 402, 403, 404, 407, 408, 410, 429, 503, 600, 603, 604, 607:
		return true
	}
	return code >= 300 && code < 400
}

// Registration is all REGISTER transactions of one Call-ID on one hop. There is
// at least one transaction.
type Registration struct {
	CallID       string
	AOR          string // user@domain from To
	Server       netip.AddrPort
	Net          capture.Net
	Out          bool // our phone registers (else we are the registrar)
	Transactions []*Transaction

	forgotten []int // final codes of transactions behind the first that are not kept
}

// Last gives the latest transaction.
func (r *Registration) Last() *Transaction { return r.Transactions[len(r.Transactions)-1] }

// SignIn gives the latest transaction that signs in or out, nil when the server was
// only asked which phones it has.
func (r *Registration) SignIn() *Transaction {
	for i := len(r.Transactions) - 1; i >= 0; i-- {
		if !r.Transactions[i].Query() {
			return r.Transactions[i]
		}
	}
	return nil
}

// Asked gives the latest transaction that only asked which phones are signed in,
// nil without one.
func (r *Registration) Asked() *Transaction {
	for i := len(r.Transactions) - 1; i >= 0; i-- {
		if r.Transactions[i].Query() {
			return r.Transactions[i]
		}
	}
	return nil
}

// answeredQuery tells that no more was tried than a question that got its answer.
func (r *Registration) answeredQuery() bool {
	f := r.Last().Final()
	return r.SignIn() == nil && f != nil && f.Status < 300
}

// Codes lists the final codes in order.
func (r *Registration) Codes() []int {
	var codes []int
	for i, t := range r.Transactions {
		if f := t.Final(); f != nil {
			codes = append(codes, f.Status)
		}
		if i == 0 {
			codes = append(codes, r.forgotten...)
		}
	}
	return codes
}
