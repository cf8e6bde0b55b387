package practice

import (
	"maps"
	"time"
)

// Healthy is the Cause of the row without a fault.
const Healthy = "healthy"

// The situations a fault is practised in: ids of the program's scenarios.
const (
	Registration = "registration"
	NoRingback   = "no-ringback"
	NoIncoming   = "no-incoming"
	OneWayAudio  = "one-way-audio"
	CannotAnswer = "cannot-answer"
	Quality      = "quality"
	CallDrops    = "call-drops"
	DTMF         = "dtmf"
	Everything   = "everything"
)

// Fault is one way in which the PBX misbehaves, and what a person who meets it
// would say.
type Fault struct {
	Cause     string            // id of the list of causes, or Healthy
	Variant   string            // tells rows of the same cause apart; "" for the usual one
	Situation string            // Registration, NoRingback ...
	Title     string            // in plain words
	Answers   map[string]string // answer key to value, as given on the command line

	switches
}

// ID names the row: its cause, and where there are several of the same cause, its
// variant behind two dashes.
func (f Fault) ID() string {
	if f.Variant == "" {
		return f.Cause
	}
	return f.Cause + "--" + f.Variant
}

// WithDigest gives the same fault with another digest algorithm (RFC 7616):
// "MD5", "SHA-256" or "SHA-512-256".
func (f Fault) WithDigest(algorithm string) Fault {
	f.register.algorithm = algorithm
	return f
}

// WithDevices gives the same fault with so many phones signed in already.
func (f Fault) WithDevices(n int) Fault {
	f.register.devices = n
	return f
}

// AsTrunk gives the same fault at a server that knows the phone by its address and
// asks for no password before a call.
func (f Fault) AsTrunk() Fault {
	f.call.trusted = true
	return f
}

// Faults lists every fault, the healthy PBX first. The list is the caller's.
func Faults() []Fault {
	var all []Fault
	for _, table := range [][]Fault{healthy, registrationFaults, ringbackFaults, incomingFaults, soundFaults, qualityFaults, callFaults, transportFaults} {
		for _, f := range table {
			f.Answers = maps.Clone(f.Answers)
			all = append(all, f)
		}
	}
	return all
}

// FaultFor finds a fault by its ID; ok is false when the PBX has no switch for it.
func FaultFor(id string) (f Fault, ok bool) {
	for _, f := range Faults() {
		if f.ID() == id {
			return f, true
		}
	}
	return Fault{}, false
}

var healthy = []Fault{{
	Cause: Healthy, Situation: OneWayAudio, Title: "Everything works",
	Answers: map[string]string{"heard_ringing": "yes", "heard": "yes", "they_hear": "yes"},
}}

// switches say how the PBX misbehaves. The zero value is healthy.
type switches struct {
	place    place
	line     connecting
	clock    time.Duration // added to the true time in the Date header
	alg      bool          // a router's SIP helper stands in between and rewrites addresses
	natMoves bool          // a router gives each REGISTER another port
	register registering
	call     calling
	ring     incoming
	sound    sounding
}

// place is what stands behind the domain.
type place uint8

const (
	serving    place = iota
	nowhere          // the name does not exist
	deaf             // a socket that never answers
	closedPort       // nobody listens: the system refuses
)

// registering is how REGISTER is met.
type registering struct {
	silent        bool   // never answered, while OPTIONS is
	atOnce        *reply // refused without a challenge
	after         *reply // refused although the credentials were right
	wrongPassword bool   // the server knows another password
	realm         string // "": the usual one
	algorithm     string // digest algorithm, "": MD5
	redirect      bool   // 301 to a second address, where all is well
	minExpires    int    // seconds; less is answered with 423
	forget        bool   // 200 without storing the contact
	lost          *reply // refuses from the second sign-in on
	devices       int    // phones that are signed in already
	single        bool   // one phone only: a new one takes the place of the others
}

// calling is how INVITE is met.
type calling struct {
	silent   bool          // never answered, while OPTIONS and REGISTER are
	atOnce   *reply        // refused without a challenge
	trusted  bool          // no password is asked for
	course   []step        // what happens after the credentials; nil: the healthy course
	minSE    int           // seconds; without a Session-Expires of at least that: 422
	byeAfter time.Duration // the PBX hangs up this long after the answer; 0: never
	byeText  string        // Reason of that BYE (RFC 3326)
}

// incoming is how the PBX calls the phone.
type incoming struct {
	after        time.Duration // after its sign-in; 0: never
	deaf         bool          // the phone's answers do not reach the PBX
	noAck        bool          // its answer is never acknowledged
	noOffer      bool          // the INVITE has no session description (a late offer)
	cancelAfter  time.Duration // after the first ringing; 0: never
	cancelReason string        // Reason of that CANCEL (RFC 3326)
	byeAfter     time.Duration // the PBX hangs up this long after the answer; 0: as usual
	byeText      string
}

// step is one answer to the INVITE, at a time counted from the accepted INVITE.
type step struct {
	at time.Duration
	reply
}

// reply is one answer: its code, phrase, further header lines, and whether it
// carries a session description.
type reply struct {
	code    int
	phrase  string
	headers []string
	sdp     bool
}

// sounding is how RTP and RTCP behave once a session description was sent.
type sounding struct {
	earlySilence bool          // digital silence before the answer (else nothing)
	noRTP        bool          // no RTP at all
	noRTCP       bool          // no RTCP at all
	zeroCount    bool          // sender reports say that nothing was sent
	phantomCount bool          // sender reports count packets that never arrive
	noBlocks     bool          // reports lack what we hear of the phone
	reportLoss   int           // percent of the phone's packets that reports call lost
	silence      bool          // RTP of digital silence
	strangeType  bool          // a payload type that was never agreed
	secondSource bool          // a second SSRC at the same time
	otherSource  bool          // RTP comes from another address than the SDP names
	shutPort     bool          // the SDP names a closed port
	dropEvery    int           // each n-th packet is left out
	bunches      int           // packets leave in bunches of so many
	bursts       int           // after each so many packets a quarter of a second is lost
	twice        int           // each n-th packet is sent twice
	level        float64       // dB added to the voice; 0: as it is
	skew         float64       // the clock of the timestamps runs fast by this part of a whole
	delay        time.Duration // how long reports are on their way
	spurts       bool          // pauses within words, as silence suppression makes them
	sealed       bool          // the payload is encrypted, with a key that nobody has
	otherLaw     bool          // G.711 by the law that the packets do not name
	echo         time.Duration // so late the phone's own sound is mixed into the voice
	echoLevel    float64       // dB of it
	deafToCodes  bool          // nobody there listens to spoken digits
	noEvents     bool          // the description leaves telephone-event out
	stopAfter    time.Duration // RTP and RTCP end, the call stays
	holdAfter    time.Duration // re-INVITE with a=sendonly, RTP stops
	moveAfter    time.Duration // re-INVITE with another address, RTP stops
}
