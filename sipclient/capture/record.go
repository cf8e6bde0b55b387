// Package capture holds what crossed the wire: packets, notes and the tape that
// keeps both in one number sequence, and reads and writes them as capture files.
//
// It knows addresses and times, never what a packet means: that is the business
// of package evidence.
package capture

import (
	"net/netip"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// Net says how a packet travelled.
type Net uint8

// The transports a packet can have. TLS marks signalling that was encrypted on
// the wire and is held in the clear here. WS and WSS are whole messages out of a
// WebSocket (RFC 7118), the latter within TLS.
const (
	UDP Net = iota + 1
	TCP
	TLS
	ICMP
	WS
	WSS
)

// String gives the transport's usual name in capitals.
func (n Net) String() string {
	switch n {
	case UDP:
		return "UDP"
	case TCP:
		return "TCP"
	case TLS:
		return "TLS"
	case ICMP:
		return "ICMP"
	case WS:
		return "WS"
	case WSS:
		return "WSS"
	}
	return "unknown"
}

// overTCP tells whether packets of this kind were carried by TCP.
func (n Net) overTCP() bool { return n == TCP || n == TLS || n == WS || n == WSS }

// Packet is one datagram, or one piece of a byte stream, with its addresses and
// the moment it arrived at or left this machine's socket (or the capture point
// of a file). Data starts behind the UDP or TCP header; for ICMP it is the ICMP
// message from its type byte on, and the ports of Src and Dst are zero.
//
// A Packet on a tape is never changed: whoever adds it gives its Data away.
type Packet struct {
	Time time.Time
	Net  Net
	// Gap: bytes of the stream are missing before these, because the capture does not
	// hold them or they were lost.
	Gap bool
	// Hops is the TTL or hop limit with which the packet, or the last piece of it, passed
	// the capture point; 0: not known. Every router on the way takes one off.
	Hops     uint8
	Src, Dst netip.AddrPort
	Data     []byte
	// SIP is the message that Data is, where Batches has read it already; nil says nothing.
	SIP *sipmsg.Message
}

// Kind groups notes by what they are about.
type Kind string

// The kinds of notes. What Key and Text hold stands beside each.
const (
	// KindSubject names our phone's address: Key is "sip" or "media", Text an
	// address with port ("192.0.2.7:5070").
	KindSubject Kind = "subject"
	// KindAnswer is what a person said: Key is the question's id (see DESIGN,
	// answer keys), Text the answer.
	KindAnswer Kind = "answer"
	// KindProbe is a measurement that is no packet of a call: Key is its name,
	// Text "yes", "no" or "not-checked", then a blank and the detail (see Probe*
	// and Sound*).
	KindProbe Kind = "probe"
	// KindExperiment opens a named experiment: Key is its name, Text what was changed.
	KindExperiment Kind = "experiment"
	// KindStep marks the beginning of a scenario's step: Key is the step's
	// number, Text its title.
	KindStep Kind = "step"
	// KindPhone is what the test phone did or met and no packet shows: Key names
	// the event (see the Phone* keys), Text details it.
	KindPhone Kind = "phone"
	// KindSituation names the complaint under test in Key.
	KindSituation Kind = "situation"
	// KindLimit says what the tape itself lacks: Key is one of the Limit* keys,
	// Text says it in words.
	KindLimit Kind = "limit"
	// KindMeasured says what was measured of the sound before it was left out of the
	// capture: Key is "stream", Text the JSON of evidence.Measured.
	KindMeasured Kind = "measured"
)

// Keys of KindLimit notes.
const (
	// LimitCut: the file ends in mid-packet, or is damaged from there on.
	LimitCut = "cut"
	// LimitDropped: the tape's cap was reached and its oldest packets are gone.
	LimitDropped = "dropped"
	// LimitShort: the capture was made with a length limit, so packets lack their ends.
	LimitShort = "short"
	// LimitFragments: IP fragments are missing. Text begins with the number of
	// packets that could not be put together, then a blank.
	LimitFragments = "fragments"
	// LimitTLS: an encrypted connection cannot be read though the file has secrets.
	LimitTLS = "tls"
	// LimitWebSocket: messages in a WebSocket cannot be read.
	LimitWebSocket = "websocket"
	// LimitMuted: the sound and the keys of encrypted sound were left out on purpose.
	LimitMuted = "muted"
)

// Keys of KindPhone notes. Text formats are part of the contract between the
// test phone and package evidence.
const (
	// PhoneAccount: Text is "user domain transport", never a password.
	PhoneAccount = "account"
	// PhoneLookup: a name was resolved (or not) before the first packet. Text is
	// "NAME -> ADDR in 12ms" or "NAME -> failed: REASON in 12ms".
	PhoneLookup = "lookup"
	// PhoneNAPTR: a domain says by NAPTR which transports it wants. Text is
	// "NAME SERVICE SERVICE ...", for example "example.com SIPS+D2T SIP+D2U", best first.
	PhoneNAPTR = "naptr"
	// PhoneTargets: a server has more than one address. Text is "NAME udp ADDR ADDR ..."
	// (or tcp, tls) in the order in which they are tried.
	PhoneTargets = "targets"
	// PhoneUnreachable: the operating system reported an ICMP error or a failed
	// send. Text is "udp ADDR: REASON" (for example "udp 192.0.2.1:5060: connection refused"),
	// or the same with tcp or tls for a connection that could not be opened at all.
	PhoneUnreachable = "unreachable"
	// PhoneGaveUp: the phone stopped waiting. Text is "METHOD CALL-ID".
	PhoneGaveUp = "gave-up"
	// PhoneLimit: something this test phone cannot do. Text says what, in words.
	PhoneLimit = "limit"
	// PhoneStranger: a request from an address that is not the registrar's was
	// not answered. Text is "METHOD ADDR".
	PhoneStranger = "stranger"
	// PhoneSlept: the phone's own timers stood still, as they do while the computer
	// sleeps. Text is how long, "5m30s".
	PhoneSlept = "slept"
	// PhoneTLS: a TLS handshake ended. Text is "ADDR NAME: ok, VERSION, CIPHER" (and
	// ", asked for a client certificate") or "ADDR NAME: FAULTS", where NAME is whom the certificate must name and FAULTS
	// are joined by ", ": name-mismatch, expired, not-yet-valid, chain-expired,
	// unknown-authority, self-signed, wrong-usage, no-certificate, protocol-version,
	// not-tls, closed, reset, timeout, client-certificate, "refused: WHY",
	// "invalid: WHY" or "failed: WHY".
	PhoneTLS = "tls"
	// PhoneCertificate: one certificate of the chain that a server showed, its own
	// first. Text is `ADDR I/N subject="..." issuer="..." names="A B" from=TIME
	// until=TIME sha256=HEX`, in one line, times as of RFC 3339, strings quoted as in Go.
	PhoneCertificate = "certificate"
	// PhoneClosed: a connection ended and we did not want it. Text is
	// "tcp ADDR: REASON after 1m30s" (or "tls"), where REASON is "closed by the other
	// side", "connection reset", "no answer to the keep-alive", "timeout" or the system's words.
	PhoneClosed = "closed"
	// PhoneFallback: a way could not be taken and another was. Text is
	// "tcp ADDR: REASON, using udp ADDR".
	PhoneFallback = "fallback"
	// PhoneDigest: Text is "CALL-ID algorithm=X": a challenge that the phone cannot answer.
	PhoneDigest = "digest-unsupported"
	// PhoneWithheld: Text is "CALL-ID refused=N": a challenge was not answered, because
	// servers have refused this password N times already; or "CALL-ID none", because
	// the account has no password.
	PhoneWithheld = "password-withheld"
	// PhoneHeldBack: the phone did not sign in, so that it would not displace another
	// device. Text says how many are signed in, for example "devices=1".
	PhoneHeldBack = "sign-in-held-back"
	// PhoneProvider: what the account says its provider is, which no packet shows. Text
	// is the id of a dictionary, for example "2talk".
	PhoneProvider = "provider"
)

// Note is a fact beside the packets: an answer, a probe's result, the name of a
// step. Text never holds a password.
type Note struct {
	Time time.Time
	Kind Kind
	Key  string
	Text string
}

// Record is one entry of a tape: a packet or a note. N counts from 1 in one
// sequence for both; for a foreign capture file N is the frame's number there,
// and notes that we add ourselves have N 0.
type Record struct {
	N      int
	Packet *Packet
	Note   *Note
}

// Time gives the moment of the packet or note.
func (r Record) Time() time.Time {
	switch {
	case r.Packet != nil:
		return r.Packet.Time
	case r.Note != nil:
		return r.Note.Time
	}
	return time.Time{}
}

// What follows the id of a question about keys that were pressed once more, in another way.
const (
	AnswerByInfo = "-info"  // by INFO
	AnswerInBand = "-sound" // as tones in the sound
)
