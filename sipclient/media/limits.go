package media

import "strings"

// LimitError is something that another phone could do and this one cannot. It is
// noted, so that nobody blames the network for it.
type LimitError struct {
	what string // one of Limits, or a codec's name
	why  string // how the call met it
}

// Error gives the sentence that goes onto the tape.
func (e LimitError) Error() string {
	if e.what == "" {
		return "this test phone " + e.why
	}
	return "this test phone cannot do " + e.what + ": " + e.why
}

// What this phone cannot do in a call. ARCHITECTURE.md has a table of the same rows,
// and a test holds the two together.
const (
	limitDTLS      = "DTLS-SRTP"
	limitMIKEY     = "MIKEY"
	limitZRTP      = "ZRTP"
	limitSuite     = "this kind of SRTP"
	limitICE       = "ICE"
	limitVideo     = "video"
	limitFax       = "fax"
	limitText      = "text in calls"
	limitTransport = "sound over this transport"
	limitMulticast = "multicast"
	limitFamilies  = "IPv4 and IPv6 in one call"
)

// Limits lists what this phone cannot do in a call, in the words of its notes. Codecs
// are named by their own names, the two usual ones stand here.
var Limits = []string{
	"Opus", "G.729", limitDTLS, limitMIKEY, limitZRTP, limitSuite, limitICE, limitVideo, limitFax, limitText,
	limitTransport, limitMulticast, limitFamilies,
}

// told is a refusal that the account asks for; another phone with the same settings
// would refuse, too.
func told(to, otherwise string) error {
	return LimitError{why: "was told to " + to + ", " + otherwise}
}

// otherKinds names what a description without sound wants instead, "" when that is nothing.
func otherKinds(kinds []string) string {
	for _, kind := range kinds {
		switch strings.ToLower(kind) {
		case "image":
			return limitFax
		case "video":
			return limitVideo
		case "text", "message":
			return limitText
		}
	}
	return ""
}
