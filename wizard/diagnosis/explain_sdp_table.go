package diagnosis

// sdpKind is one letter of a session description (RFC 8866 5).
type sdpKind struct {
	letter byte
	name   string
	plain  string
}

// sdpKinds are in the order in which the lines stand.
var sdpKinds = []sdpKind{
	{'v', "version", "The version of this description's rules. It is always 0."},
	{'o', "origin", "Who wrote this description: a name, a number for the call, a version number that goes up with each change, and the address of the writer."},
	{'s', "subject", "A title for the call. It is rarely shown and says nothing about faults."},
	{'i', "information", "A remark in free words."},
	{'u', "web address", "A web address with more about the call."},
	{'e', "e-mail", "An e-mail address of whoever is responsible."},
	{'p', "phone", "A phone number of whoever is responsible."},
	{'c', "connection", "The address to which the sound shall be sent."},
	{'b', "bandwidth", "How much of the line the call may use."},
	{'t', "time", "From when until when the call is planned. 0 0 means: now, and without an end."},
	{'r', "repeats", "How often a planned call repeats."},
	{'z', "time zones", "Changes of the clock for planned calls."},
	{'k', "key", "A key for encryption, in an outdated way that hardly any phone uses."},
	{'m', "media", "One kind of sound or picture of the call: what it is, at which port it shall arrive, by which rules, and in which formats, the preferred one first."},
	{'a', "attribute", "A detail of the line above it, such as what a format number means."},
}

// sdpAttribute is one kind of a= line.
type sdpAttribute struct {
	name    string
	plain   string
	telling bool
}

// sdpAttributes are those that occur in calls.
var sdpAttributes = []sdpAttribute{
	{"rtpmap", "Says what a format number stands for: the name of the format and its clock in ticks a second.", true},
	{"fmtp", "Details of a format.", false},
	{"ptime", "How much sound one packet holds, in thousandths of a second. 20 is usual.", false},
	{"maxptime", "How much sound one packet may hold at most, in thousandths of a second.", false},
	{"sendrecv", "Sound shall flow both ways.", false},
	{"sendonly", "The writer of this description only sends and does not want to hear: hold, mostly with music.", true},
	{"recvonly", "The writer of this description only listens and sends nothing.", true},
	{"inactive", "No sound at all in either direction: hold.", true},
	{"rtcp", "The port (and address) for the small reports about the sound, where it is not the next port.", false},
	{"rtcp-mux", "The small reports about the sound use the same port as the sound.", false},
	{"rtcp-rsize", "The small reports about the sound may be short.", false},
	{"rtcp-fb", "Which feedback the receiver can give, mostly for video.", false},
	{"rtcp-xr", "Extended reports about the quality are understood.", false},
	{"crypto", "The key with which the sound is encrypted (SDES). Both sides need such a line. Do not show it to strangers.", true},
	{"fingerprint", "The fingerprint of a certificate, with which the sound is encrypted as in browsers (DTLS).", true},
	{"setup", "Who begins with the encryption: active begins, passive waits, actpass leaves it to the other.", false},
	{"connection", "Whether an existing connection is used or a new one made.", false},
	{"candidate", "One address at which the phone might be reached; both sides try all of them (ICE). host is its own, srflx the one seen from outside, relay a helper's.", false},
	{"end-of-candidates", "No more addresses follow.", false},
	{"remote-candidates", "The addresses of the other side that were chosen.", false},
	{"ice-ufrag", "A name for trying out addresses (ICE).", false},
	{"ice-pwd", "A password for trying out addresses (ICE).", false},
	{"ice-options", "Special ways of trying out addresses (ICE).", false},
	{"ice-lite", "A server that only answers while addresses are tried out (ICE).", false},
	{"ssrc", "The number that marks this sender's packets.", false},
	{"ssrc-group", "Which senders' numbers belong together.", false},
	{"mid", "A name for this kind of sound or picture.", false},
	{"msid", "A name for this stream, as browsers use it.", false},
	{"group", "Which kinds of sound and picture belong together; BUNDLE means that they share one port.", false},
	{"extmap", "An addition to each packet, as browsers use it.", false},
	{"extmap-allow-mixed", "Additions to packets may be short or long.", false},
	{"silenceSupp", "Whether silence is left out to save bandwidth.", false},
	{"label", "A mark for this stream.", false},
	{"content", "What this stream shows, for example slides.", false},
	{"framerate", "Pictures a second.", false},
	{"framesize", "The size of the picture.", false},
	{"imageattr", "Which picture sizes are possible.", false},
	{"quality", "The wished quality of the picture.", false},
	{"lang", "The language that is spoken.", false},
	{"sdplang", "The language of this description.", false},
	{"tool", "The program that wrote this description.", false},
	{"type", "The kind of meeting.", false},
	{"charset", "The letters used in this description.", false},
	{"cat", "A category.", false},
	{"keywds", "Keywords.", false},
	{"orient", "How a shared page lies.", false},
	{"zrtp-hash", "A mark for end-to-end encryption of the sound (ZRTP).", false},
	{"direction", "Who opens the connection for the sound (an older way of setup).", false},
	{"nortpproxy", "A relay on the way has taken over the sound already.", false},
	{"pcfg", "Possible alternatives for this line (capability negotiation).", false},
	{"acap", "An alternative attribute (capability negotiation).", false},
	{"tcap", "An alternative set of rules for the sound (capability negotiation).", false},
	{"acfg", "The alternative that was chosen (capability negotiation).", false},
	{"curr", "Which quality is guaranteed now.", false},
	{"des", "Which quality shall be guaranteed before it rings.", true},
	{"conf", "When the other side wants to hear about the guaranteed quality.", false},
	{"sqn", "A list of capabilities begins (an older way).", false},
	{"cdsc", "One capability (an older way).", false},
	{"cpar", "A detail of a capability (an older way).", false},
	{"gpmd", "A detail of a format for events.", false},
	{"sctp-port", "The port for data beside sound and picture.", false},
	{"max-message-size", "How long a data message may be.", false},
	{"simulcast", "The picture is sent in several sizes.", false},
	{"rid", "One of several versions of the picture.", false},
	{"T38FaxVersion", "The version of fax over the internet (T.38).", false},
	{"T38MaxBitRate", "The highest speed of the fax.", false},
	{"T38FaxFillBitRemoval", "Whether fill bits of the fax are left out.", false},
	{"T38FaxTranscodingMMR", "Whether the fax picture may be packed anew.", false},
	{"T38FaxTranscodingJBIG", "Whether the fax picture may be packed anew in another way.", false},
	{"T38FaxRateManagement", "Who controls the speed of the fax.", false},
	{"T38FaxMaxBuffer", "How much of the fax can be stored.", false},
	{"T38FaxMaxDatagram", "How long a packet of the fax may be.", false},
	{"T38FaxMaxIFP", "How long a piece of the fax may be.", false},
	{"T38FaxUdpEC", "How lost packets of the fax are repaired.", false},
	{"T38VendorInfo", "Who made the fax software.", false},
}
