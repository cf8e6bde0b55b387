package capture

// Keys of KindProbe notes: what is measured beside the calls. Each asks one
// question; Text answers it with "yes", "no" or "not-checked" (the question could
// not be put, or its answer says nothing), then a blank and details. Details are
// words NAME=VALUE with blanks between them; a value with blanks or quotes in it
// is quoted as in Go. Durations are Go's ("30s", "120ms"), levels are dBFS or dB
// as plain numbers ("-22.5"). For "not-checked" the details are the reason in
// words. A later note with the same key replaces an earlier one.
//
// Package evidence reads them (Evidence.Probe); no note holds a password.
const (
	// ProbeNATMapping: does the router use one outside address for all targets
	// (endpoint-independent mapping, RFC 5780 4.3)? Without a NAT it does. Details:
	// mapped=ADDR:PORT, other=ADDR:PORT as a second target saw the same socket, and
	// mapping=endpoint-independent|address-dependent|address-and-port-dependent|dependent
	// (the last: on the target, how far is not known).
	ProbeNATMapping = "nat-mapping"
	// ProbeNATFiltering: does the router let in what comes from an address that was
	// never written to (endpoint-independent filtering, RFC 5780 4.4)?
	// Details: mapped=ADDR:PORT
	// filtering=endpoint-independent|address-dependent|address-and-port-dependent.
	ProbeNATFiltering = "nat-filtering"
	// ProbeNATLifetime: does a silent UDP mapping outlive the time between two signs
	// of life of the phone (30 s where that is not known)? Details: lives=DURATION (the
	// longest silence after which it still worked), gone=DURATION (the shortest after
	// which it did not; without it, it outlived all that was tried), keepalive=DURATION
	// (of the phone, where known), every=DURATION (how often a phone should speak, where
	// gone is known) and by=SERVER.
	ProbeNATLifetime = "nat-lifetime"
	// ProbeWANAddress: is the router's outside address the one under which the
	// internet sees this computer? Details: wan=ADDR mapped=ADDR:PORT (where somebody
	// told) by=nat-pmp|upnp (the router itself) or by=own (this computer has a carrier's
	// address itself). Where the router does not tell, by=hop and in place of wan hop=ADDR,
	// the machine behind it, whose address is one of a carrier's or a home's network.
	ProbeWANAddress = "wan-address"
	// ProbeHairpin: does a packet to our own outside address come back?
	// Details: mapped=ADDR:PORT from=ADDR:PORT (as it came).
	ProbeHairpin = "hairpin"
	// ProbeCaptivePortal: does a login page answer in place of the internet?
	// Details: by=NAME (whose page or certificate answered), url=URL where known.
	ProbeCaptivePortal = "captive-portal"
	// ProbeLoadDelay: does the round trip grow by 100 ms or more while the line is
	// in full use? Details: idle=DURATION loaded=DURATION (medians) sent=N got=N (with the
	// line in use).
	ProbeLoadDelay = "load-delay"
	// ProbeFragments: does a message that has to be cut in pieces arrive?
	// Details: size=BYTES (of the message) and way=in|out|both, which is: for "yes"
	// where it does, for "no" where it does not, and then passes=in|out is the way on
	// which it does. What is not named could not be told.
	ProbeFragments = "fragments"
)

// Keys of KindProbe notes about this computer's place in its networks.
const (
	// ProbeInterfaces: does this computer have one connection to the outside only?
	// Details: used=NAME addr=ADDR kind=wired|wireless|vpn|other of what leads to the
	// server, and others=NAME/KIND,NAME/KIND for the rest that is up.
	ProbeInterfaces = "interfaces"
	// ProbeGateway: does the router answer? Details: gateway=ADDR sent=N got=N
	// rtt=DURATION (median) worst=DURATION.
	ProbeGateway = "gateway"
	// ProbeServerPath: do packets come as far as the server's machine? Details:
	// server=ADDR sent=N got=N rtt=DURATION worst=DURATION; for "no" reached=ADDR (the
	// last machine on the way that answered) hops=N, and icmp=REASON where one said why.
	ProbeServerPath = "server-path"
	// ProbeInternet: does anything behind the router answer? Details: by=ADDR hops=N.
	ProbeInternet = "internet"
)

// Keys of KindProbe notes about the name service.
const (
	// ProbeDNS: does the server's name lead to an address, in a usual time and by the
	// first of this computer's name servers? Details: name=NAME by=ADDR (the name server
	// that answered) naptr=SERVICE,... srv-udp=N srv-tcp=N srv-tls=N a=N aaaa=N (of records,
	// or "failed"), for each naptr-took=DURATION and so on, slowest=DURATION dead=ADDR,...
	// (name servers before it that gave no answer), and where the name leads nowhere
	// reason=TEXT ("no such host", "no answer from the name server" ...).
	ProbeDNS = "dns"
	// ProbeDNSAgree: do all name servers of this computer lead to the same place, as far
	// as they answer? Details: servers=ADDR,ADDR and for "no" differ=TEXT.
	ProbeDNSAgree = "dns-agree"
	// ProbeDNSTargets: do all servers to which the name leads answer? Details: dead=ADDR,...
	// alive=ADDR,... first=dead|alive.
	ProbeDNSTargets = "dns-targets"
)

// Keys of KindProbe notes about the ways to the server. Each asks: is a small OPTIONS
// answered over it? Details: server=ADDR:PORT (that answered, else the first that was
// asked) from=ADDR:PORT (here), wanted=yes where it is the account's transport (usual
// where nobody said which that is, and it is what phones take then), code=N
// (of the answer) in DURATION, and for "no" waited=DURATION reason=WORD, with said=TEXT
// where the system or the server has a word of its own:
//
//	silent            nothing came back
//	refused           the port is closed
//	unreachable       the network knows no way there
//	denied            this computer does not let it out
//	closed, reset     the other side ended the connection in place of an answer
//	garbage           what came is no SIP
//	too-long          this computer cannot send it
//	not-tls, protocol-version, handshake, certificate    TLS only, see ProbeCertificate
//
// open=yes tells that the connection was made all the same (TCP, TLS); usual=ADDR:PORT
// that the account's port gave no answer, and the transport's usual one did.
const (
	// ProbeUDP is asked from port 5060 here where that is free, as phones do, and
	// ProbeUDPPort from another one.
	ProbeUDP     = "transport-udp"
	ProbeUDPPort = "transport-udp-port"
	ProbeTCP     = "transport-tcp"
	// ProbeTLS has, also where the certificate was not accepted, name=NAME (whom it must
	// name) version=TEXT cipher=TEXT faults=FAULT, FAULT (as of PhoneTLS).
	ProbeTLS = "transport-tls"
	// ProbeCertificate: is the certificate accepted that the server shows? Details:
	// server=ADDR:PORT name=NAME faults=FAULT, FAULT (as of PhoneTLS) certificates=N, and
	// of each of the first four, the server's own first: subject=TEXT issuer=TEXT
	// names=NAME NAME from=TIME until=TIME; of the second subject-2=TEXT and so on.
	ProbeCertificate = "tls-certificate"
	// ProbeTLSVersions: does the server agree on encryption of today (TLS 1.2 or 1.3 with a
	// cipher that is held to be safe)? Details: server=ADDR:PORT takes=VERSION,VERSION
	// refuses=VERSION,... unknown=VERSION,... cipher=TEXT (with the newest that it takes).
	ProbeTLSVersions = "tls-versions"
	// ProbeClock: does this computer's clock agree with the server's (Date) within 30 s?
	// Details: off=DURATION (positive: this clock is ahead) server=TIME, and by the
	// certificates of the server tls-here=fits|early|late (by this clock) and tls-there= (by
	// the server's).
	ProbeClock = "clock"
	// ProbeSizeUDP and ProbeSizeTCP: do large requests arrive as well as small ones?
	// An answer of refusal shows that they do. Details: largest=BYTES (that arrived; for
	// "no" the largest below the one that did not) failed=BYTES (the smallest that did not)
	// above=BYTES (a still larger one that did: only what just fits into one packet is
	// lost) server=ADDR:PORT mtu=BYTES (of the way, as this computer knows it at the end)
	// answer=BYTES (the longest that came back)
	// refused=CODE (of the answer to the largest, where that is 400, 413 or 513) and
	// invite=BYTES (of this phone's own INVITE, where known).
	ProbeSizeUDP = "size-udp"
	ProbeSizeTCP = "size-tcp"
)

// Keys of KindProbe notes about NAT beside those above.
const (
	// ProbeNAT: is there no NAT at all on the way? Details: local=ADDR:PORT
	// mapped=ADDR:PORT by=SERVER type=none|full-cone|address-restricted|port-restricted|symmetric|unknown.
	// The type is the classic name (RFC 3489 5) of what mapping and filtering give.
	ProbeNAT = "nat"
	// ProbeNATMedia: is the port of a call's sound seen from outside at the address at
	// which other ports are? Details: local=ADDR:PORT mapped=ADDR:PORT by=SERVER, and for
	// "no" reason=differs, or reason=silent where the server answered another port and
	// not this one.
	ProbeNATMedia = "nat-media"
	// ProbeNATStable: did the outside address of a socket stay the same while it was
	// watched, without any silence? Details: first=ADDR:PORT then=ADDR:PORT
	// after=DURATION by=SERVER.
	ProbeNATStable = "nat-stable"
)

// Keys of KindProbe notes about helpers that rewrite messages (SIP ALG).
const (
	// ProbeALGEcho: did what the server echoes come back as it was sent, in every way
	// that was tried? A yes proves nothing: such helpers translate back on the way in.
	// Details of yes: over=WAY,... that answered (5060, other, tcp) and baited=WAY,... over
	// which an outside address could be tried. Of no, about the first of signs=SIGN,...:
	// what=via|call-id|from|to|received sent=TEXT back=TEXT over=udp/PORT|tcp/PORT (of the
	// server) local=ADDR:PORT server=ADDR:PORT. The signs, those that say most first:
	//
	//	bait       our outside address was sent, the inside one came back, which stood nowhere
	//	changed    a line that the server has to echo came back changed
	//	two-faces  the server saw this socket inside this network in one answer, outside in another
	//	stun       a STUN server sees this computer outside, the server here
	//	unseen     the server does not say where it sees this private address
	ProbeALGEcho = "alg-echo"
	// ProbeALGPorts: is UDP from port 5060 here treated like UDP from another port, TCP
	// and TLS? Details: 5060=, other=, tcp=, tls= with yes|no|busy|unclear (answered, not, the
	// port is taken here, the answer says nothing), seen-5060=ADDR:PORT and so on (where the
	// server saw this end), and for no differs=DIFFERENCE,...:
	//
	//	seen    inside=WAY outside=WAY: over these it saw this computer here, and elsewhere
	//	silent  from 5060 no answer came, from another port one did
	//	forced  from whichever port here, it saw 5060
	ProbeALGPorts = "alg-ports"
	// ProbeALGMirror: did a mirror at the other end receive what was sent, byte for byte?
	// Details: outside=ADDR:PORT (as the mirror saw this end) clean=WAY,... (udp/5060,
	// tcp/5060: on which all arrived as it was sent) silent=WAY,... (that gave no answer)
	// lost=METHOD/WAY,... (requests without an answer) mirror=ADDR:PORT, and for no what=
	// via,contact,sdp,call-id,content-length,body,request-line, the name of another header,
	// form (spelling only) or report (changed on the way back); sent=LINE received=LINE of
	// the first of them, to=ADDR (that was written in place of ours), method=METHOD,...
	// over=WAY,... (where it happened), length=wrong (Content-Length no longer fits) and
	// back=hidden (what came back looked as if nothing had happened).
	ProbeALGMirror = "alg-mirror"
	// ProbeMirrorOut and ProbeMirrorIn: do sound packets come as far as the mirror, and
	// back, at least a tenth of them? Details: sent=N got=N lost=N longest=N (missing in a
	// row) seen=ADDR:PORT (where the mirror saw the sound come from) mirror=ADDR:PORT; of
	// the way out also from=ADDR:PORT to=ADDR:PORT, asked=ADDR:PORT (where our description
	// wants its sound, as it arrived there) and answer=ADDR:PORT (where the mirror's does, if
	// that was changed on the way in); of the way in early-sent=N early-got=N (before any
	// sound had left here).
	ProbeMirrorOut = "mirror-out"
	ProbeMirrorIn  = "mirror-in"
)

// Keys of KindProbe notes about sound devices; they begin with "sound-".
const (
	// SoundMicrophone and SoundSpeaker: could the device be opened, and did it stay?
	// Details: device=NAME, and for "no" reason=denied|missing|busy|lost|hangs|failed.
	SoundMicrophone = "sound-microphone"
	SoundSpeaker    = "sound-speaker"
	// SoundMicLevel: did the microphone give speech while the person was asked to
	// speak? Details: level=DBFS (RMS, 0 is a full-scale square wave), peak=DBFS,
	// constant=yes|no (not the least change in 2 s), clipped=N samples=N.
	SoundMicLevel = "sound-mic-level"
	// SoundTone: did the person hear the test tone over the chosen speaker?
	SoundTone = "sound-tone"
	// SoundReturn: does our own signal come back from an echo service that was called
	// for it, which proves the sound of both directions? Details: delay=DURATION (there
	// and back, with what the service itself takes), level=DB (against what was sent),
	// lost=PERCENT of it on the way there and back (left out where it came too faintly).
	SoundReturn = "sound-return"
	// SoundEcho: does our own signal come back from the other side unasked?
	// Details: delay=DURATION level=DB (against what was sent).
	SoundEcho = "sound-echo"
	// SoundSpoken: did the other side hear the three digits that the test phone said?
	// Details: said=DIGITS heard=DIGITS|none by=keys (they were typed there) or by=person.
	SoundSpoken = "sound-spoken"
	// SoundSaid: did the person here hear the digits that the other side said and typed?
	// Details: said=DIGITS heard=DIGITS|none.
	SoundSaid = "sound-said"
	// SoundLoop: does the microphone pick up this computer's own speaker?
	// Details: level=DB (against what was played) delay=DURATION.
	SoundLoop = "sound-loop"
	// SoundClock: does the device's clock keep time? Details: skew=DURATION (per
	// minute against this computer's clock) device=microphone|speaker.
	SoundClock = "sound-clock"
	// SoundClicks: did the device ever run dry or overflow, which is heard as
	// clicks? Details: count=N over=DURATION.
	SoundClicks = "sound-clicks"
)
