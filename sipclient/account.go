package sipclient

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/names"
)

// Account is what the phone needs to know of a telephone account.
type Account struct {
	User     string // user name or extension
	Domain   string // host or host:port
	Login    string // authentication name where it differs from User
	Password string // answers digest challenges; never written anywhere
	CallerID string // From user of calls, instead of User
	Proxy    string // outbound proxy, host or host:port; "" sends to Domain
	// Transport is "udp", "tcp" or "tls"; "" is "udp".
	Transport string
	// Codecs lists what to offer, in order of preference: "PCMU", "PCMA", "G722", and "CN"
	// (comfort noise) beside them. Empty offers PCMA and PCMU.
	Codecs []string
	// Encryption of sound: "" offers plain sound and takes encrypted sound (SRTP, keys by
	// SDES) where it is offered, "none" never encrypts, "optional" offers keys beside plain
	// sound and takes either, "srtp" (or "sdes") takes encrypted sound only.
	Encryption string
	Register   bool          // false for a trunk that knows us by address
	Expires    time.Duration // how long a registration is asked to live; 0 means 300 s
}

// String and GoString leave the password out, whatever format prints an account.
func (a Account) String() string {
	return fmt.Sprintf("%s@%s over %s", a.User, a.Domain, a.Transport)
}

// GoString is String, for %#v.
func (a Account) GoString() string { return a.String() }

// Config is what New needs. Only Account and Tape are required.
type Config struct {
	Account
	Tape *capture.Tape
	// Bind is the local address; when invalid, the one that the routing table
	// would use towards the server.
	Bind netip.Addr
	// Source gives the sound to send, a fresh one for each call; nil sends a codec.Probe of its own.
	Source func() codec.Source
	// Resolver looks names up; nil uses the system's.
	Resolver names.Resolver
	// PreferIPv6 tries IPv6 before IPv4 where a name has both.
	PreferIPv6 bool
	// KeepAlive is the longest pause between two signs of life towards the server,
	// which hold a router's mapping open; 0 means 20 to 25 s on UDP and 60 to 90 s on
	// TCP and TLS, below 0 none are sent.
	KeepAlive time.Duration
	// KeepAliveOptions makes each sign of life an OPTIONS, for servers and routers that
	// heed nothing less. What is sent otherwise is a line end, which costs the server
	// nothing; over UDP nobody answers it, so that it cannot show a server that is gone.
	KeepAliveOptions bool
	// MaxCalls is how many calls there can be at the same time, out and in together;
	// 0 means 64. One more is refused: by Dial with an error, of a caller with 486.
	MaxCalls int
	// Roots are the authorities that a TLS server's certificate may come from; nil
	// means the system's.
	Roots *x509.CertPool
	// ChallengeStrangers asks callers from unknown addresses for the account's password
	// (401), and takes the call of one that knows it. Otherwise, and without a
	// password, such calls get no answer at all.
	ChallengeStrangers bool
	// Redirect is asked when the server sends a call on (300, 301, 302) to the given
	// addresses, best first; it gives the one to call, or false. It is called on the
	// call's goroutine and must return when the context ends. nil: no call is sent on,
	// and the answer stands. Emergency and premium numbers, loops and the sixth
	// redirection of one call are never asked about.
	Redirect func(ctx context.Context, to []string) (string, bool)
	// Journal remembers our contacts beyond a crash; nil keeps none.
	Journal Journal
	// Tries is shared by all phones that send the same password, so that together
	// they send it no more often than one may; nil is a count of this phone's own.
	Tries *Tries
}
