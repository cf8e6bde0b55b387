package diagnosis

// WarningCode is what the program knows about one code of the Warning header, with
// which a phone or server says what it did not like in an offer (RFC 3261 20.43).
type WarningCode struct {
	Number  int
	Name    string // the recommended text
	Meaning string // in plain words
	User    string
	Admin   string

	// Fallback is set by LookupWarning on a row that stands for a range.
	Fallback bool
}

// warningTable is in rising order. 380 and 381 come from RFC 5630.
var warningTable = []WarningCode{
	{300, "Incompatible network protocol", "The two sides do not use the same kind of network.", "Ask your administrator; the phone and the provider have to use the same kind of internet address.", "The network type in c= is not available there: compare address families.", false},
	{301, "Incompatible network address formats", "One side uses the new kind of internet address, the other the old one.", "Ask your administrator to let the phone use the other kind of internet address.", "IPv6 against IPv4 in c=: offer the other family or use a dual-stack relay.", false},
	{302, "Incompatible transport protocol", "The two sides do not protect the sound in the same way: one encrypts it, the other does not.", "Set encryption of sound in the phone to the other choice.", "RTP/AVP against RTP/SAVP or UDP/TLS/RTP/SAVPF: align SRTP.", false},
	{303, "Incompatible bandwidth units", "The speed asked for is written in a way that the other side does not know.", "Update the phone's software.", "A b= line is not understood: drop it.", false},
	{304, "Media type not available", "The other side does not take this kind of call, for example video or fax.", "Call without video.", "Remove the m= section that is refused (video, image).", false},
	{305, "Incompatible media format", "The two phones have no sound format in common.", "In the phone's sound settings switch on the two basic formats, PCMU and PCMA.", "No common codec: enable G.711 on both sides.", false},
	{306, "Attribute not understood", "The description of the call holds a detail that the other side does not know.", "Update the phone's software.", "An a= attribute is not supported: remove it (ICE, crypto, rtcp-fb).", false},
	{307, "Session description parameter not understood", "The description of the call holds something that the other side does not know.", "Update the phone's software.", "Simplify the SDP until it is accepted.", false},
	{330, "Multicast not available", "Sound to many receivers at once is not possible there.", "Nothing to do; tell your administrator.", "Use unicast addresses in c=.", false},
	{331, "Unicast not available", "Sound cannot be sent straight to this phone, usually because of a firewall.", "Try another network.", "No unicast: check the firewall, use a media relay.", false},
	{370, "Insufficient bandwidth", "The call needs more speed than is available.", "Call without video; end other calls.", "Offer a codec with a lower rate, or raise the limit.", false},
	{380, "SIPS Not Allowed", "The other side takes no calls that must be encrypted all the way.", "Dial the plain address, without a leading sips.", "Use sip: instead of sips: in the request URI (RFC 5630).", false},
	{381, "SIPS Required", "The other side takes only calls that are encrypted all the way.", "Choose an encrypted connection in the phone's settings.", "Use sips: and TLS (RFC 5630).", false},
	{399, "Miscellaneous warning", "A remark in free words; read the text that stands beside it.", "Read the text; show it to your provider if it is unclear.", "Free text for people: no program may act on it.", false},
}

// warningRanges stand in for unlisted codes (RFC 3261 20.43).
var warningRanges = []struct {
	from, to int
	row      WarningCode
}{
	{300, 329, WarningCode{Name: "Trouble with a word of the session description", Meaning: "The other side does not like a part of the description of the call.", User: "Show this to your administrator.", Admin: "300 to 329: problems with keywords in the SDP."}},
	{330, 339, WarningCode{Name: "Trouble with a basic network service", Meaning: "The network lacks something that the call asks for.", User: "Try another network.", Admin: "330 to 339: basic network services that the SDP asks for."}},
	{370, 379, WarningCode{Name: "Trouble with the amount of quality", Meaning: "The speed or quality asked for is not available.", User: "Call without video; end other calls.", Admin: "370 to 379: quantitative QoS parameters in the SDP."}},
	{390, 399, WarningCode{Name: "Miscellaneous", Meaning: "A remark that fits nowhere else; read the text beside it.", User: "Read the text; show it to your provider if it is unclear.", Admin: "390 to 399: miscellaneous. 390 with its own text comes from the pjsip library."}},
	{300, 399, WarningCode{Name: "Unlisted warning", Meaning: "A remark about the call; read the text beside it.", User: "Read the text; show it to your provider if it is unclear.", Admin: "A code between the known ranges: only its text helps."}},
}

// LookupWarning gives the row of a warning code. An unlisted code from 300 to 399
// takes its range: the row then says so, and known is false. Outside 300-399, where
// SIP has no warning codes, the row is empty but for its number.
func LookupWarning(n int) (w WarningCode, known bool) {
	for _, w := range warningTable {
		if w.Number == n {
			return w, true
		}
	}
	for _, r := range warningRanges {
		if n >= r.from && n <= r.to {
			w = r.row
			w.Number, w.Fallback = n, true
			return w, false
		}
	}
	return WarningCode{Number: n}, false
}

// WarningCodes gives every listed warning code in rising order.
func WarningCodes() []WarningCode { return append([]WarningCode(nil), warningTable...) }
