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
	// (endpoint-independent mapping, RFC 5780 4.3)? Details: mapped=ADDR:PORT, and
	// other=ADDR:PORT as a second target saw the same socket.
	ProbeNATMapping = "nat-mapping"
	// ProbeNATFiltering: does the router let in what comes from an address that was
	// never written to (endpoint-independent filtering, RFC 5780 4.4)?
	// Details: mapped=ADDR:PORT.
	ProbeNATFiltering = "nat-filtering"
	// ProbeNATLifetime: does a silent UDP mapping outlive the time between two signs
	// of life of the phone? Details: lives=DURATION (the longest silence after which
	// it still worked, or the shortest after which it did not, for "no") and
	// keepalive=DURATION (0s: the phone sends none).
	ProbeNATLifetime = "nat-lifetime"
	// ProbeWANAddress: is the router's outside address the one under which the
	// internet sees this computer? Details: wan=ADDR mapped=ADDR.
	ProbeWANAddress = "wan-address"
	// ProbeHairpin: does a packet to our own outside address come back?
	// Details: mapped=ADDR:PORT.
	ProbeHairpin = "hairpin"
	// ProbeCaptivePortal: does a login page answer in place of the internet?
	// Details: by=NAME (whose page or certificate answered), url=URL where known.
	ProbeCaptivePortal = "captive-portal"
	// ProbeLoadDelay: does the round trip grow by 100 ms or more while the line is
	// in full use? Details: idle=DURATION loaded=DURATION.
	ProbeLoadDelay = "load-delay"
	// ProbeFragments: does a message that has to be cut in pieces arrive?
	// Details: size=BYTES (of the message) and way=in|out|both.
	ProbeFragments = "fragments"
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
	// SoundEcho: did our own signal come back from the other side?
	// Details: delay=DURATION level=DB (against what was sent).
	SoundEcho = "sound-echo"
	// SoundLoop: does the microphone pick up this computer's own speaker?
	// Details: level=DB (against what was played).
	SoundLoop = "sound-loop"
	// SoundClock: does the device's clock keep time? Details: skew=DURATION (per
	// minute against this computer's clock) device=microphone|speaker.
	SoundClock = "sound-clock"
	// SoundClicks: did the device ever run dry or overflow, which is heard as
	// clicks? Details: count=N over=DURATION.
	SoundClicks = "sound-clicks"
)
