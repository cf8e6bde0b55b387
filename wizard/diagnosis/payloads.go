package diagnosis

import "strings"

// PayloadType is what the program knows about one RTP payload type: a number with a
// fixed meaning (RFC 3551), or a format that gets its number anew in every call.
type PayloadType struct {
	From, To int    // the numbers; -1 for a format that has no number of its own
	Name     string // as in a=rtpmap
	Kind     string // "audio", "video", "tones", "noise", "none"
	Clock    int    // RTP clock in Hz, 0 where none is fixed
	Meaning  string // in plain words
	Decodes  bool   // this program can turn it into sound and measure its level
}

// payloadTable: numbers first, then formats by name.
var payloadTable = []PayloadType{
	{0, 0, "PCMU", "audio", 8000, "The basic sound format of telephony in North America and Japan (G.711 mu-law, 64 kbit/s). Nearly every phone has it.", true},
	{1, 2, "reserved", "none", 0, "Once used by old formats (1016, G.721) and no longer given out. Some old devices still send G.726 as 2, which can come out as noise.", false},
	{3, 3, "GSM", "audio", 8000, "The first mobile phone format (13 kbit/s), a little muffled.", false},
	{4, 4, "G723", "audio", 8000, "A very narrow old format (G.723.1, 5.3 or 6.3 kbit/s) in packets of 30 ms.", false},
	{5, 5, "DVI4", "audio", 8000, "An old simple compression (32 kbit/s).", false},
	{6, 6, "DVI4", "audio", 16000, "An old simple compression with wider sound (64 kbit/s).", false},
	{7, 7, "LPC", "audio", 8000, "A very old, robot-like format (5.6 kbit/s). Rare.", false},
	{8, 8, "PCMA", "audio", 8000, "The basic sound format of telephony in most of the world (G.711 A-law, 64 kbit/s). Nearly every phone has it.", true},
	{9, 9, "G722", "audio", 8000, "Wide, clear sound (64 kbit/s). Its clock is stated as 8000 for historical reasons, though it carries 16000 samples a second.", false},
	{10, 10, "L16", "audio", 44100, "Uncompressed stereo sound as on a CD.", false},
	{11, 11, "L16", "audio", 44100, "Uncompressed mono sound as on a CD.", false},
	{12, 12, "QCELP", "audio", 8000, "An old mobile phone format (13 kbit/s).", false},
	{13, 13, "CN", "noise", 8000, "Comfort noise: while nobody speaks, only the loudness of the background is sent, and pauses between packets are no loss.", false},
	{14, 14, "MPA", "audio", 90000, "MPEG sound.", false},
	{15, 15, "G728", "audio", 8000, "An old format with little delay (16 kbit/s).", false},
	{16, 16, "DVI4", "audio", 11025, "An old simple compression.", false},
	{17, 17, "DVI4", "audio", 22050, "An old simple compression.", false},
	{18, 18, "G729", "audio", 8000, "A narrow format that saves bandwidth (G.729, 8 kbit/s). Phones that offer only this one and phones that lack it cannot talk to each other.", false},
	{19, 19, "reserved", "none", 0, "Reserved; some old devices still send comfort noise under it.", false},
	{20, 24, "unassigned", "none", 0, "Not given out.", false},
	{25, 25, "CelB", "video", 90000, "An old video format.", false},
	{26, 26, "JPEG", "video", 90000, "Video made of single pictures.", false},
	{27, 27, "unassigned", "none", 0, "Not given out.", false},
	{28, 28, "nv", "video", 90000, "An old video format.", false},
	{29, 30, "unassigned", "none", 0, "Not given out.", false},
	{31, 31, "H261", "video", 90000, "An old video format.", false},
	{32, 32, "MPV", "video", 90000, "MPEG video.", false},
	{33, 33, "MP2T", "video", 90000, "MPEG sound and video in one stream.", false},
	{34, 34, "H263", "video", 90000, "An old video format of video phones.", false},
	{35, 71, "unassigned", "none", 0, "Not given out; may serve as extra dynamic numbers.", false},
	{72, 76, "reserved", "none", 0, "Kept free, because the reports about the sound (RTCP) would be mistaken for them.", false},
	{77, 95, "unassigned", "none", 0, "Not given out; may serve as extra dynamic numbers.", false},
	{96, 127, "dynamic", "none", 0, "A number without a meaning of its own: the a=rtpmap line of the call says what it stands for. 101 is usually telephone-event, the tones of pressed keys.", false},

	{-1, -1, "opus", "audio", 48000, "A modern format from narrow speech to full music (6 to 510 kbit/s), always announced as opus/48000/2.", false},
	{-1, -1, "telephone-event", "tones", 8000, "Pressed keys, sent as events instead of sound (RFC 4733, before that RFC 2833, also called rtp-nte). Usually number 101; 0-15 means the digits, star, hash and A to D.", false},
	{-1, -1, "iLBC", "audio", 8000, "A narrow format made for bad lines, in packets of 20 or 30 ms; both sides must use the same.", false},
	{-1, -1, "speex", "audio", 0, "An older free format, with a clock of 8000, 16000 or 32000.", false},
	{-1, -1, "G726-16", "audio", 8000, "Simple compression, 16 kbit/s.", false},
	{-1, -1, "G726-24", "audio", 8000, "Simple compression, 24 kbit/s.", false},
	{-1, -1, "G726-32", "audio", 8000, "Simple compression, 32 kbit/s. There are two orders of its bits (AAL2-G726-32 is the other): if the sides differ, there is only noise.", false},
	{-1, -1, "G726-40", "audio", 8000, "Simple compression, 40 kbit/s.", false},
	{-1, -1, "AAL2-G726-32", "audio", 8000, "Simple compression, 32 kbit/s, with the other order of bits than G726-32.", false},
	{-1, -1, "GSM-EFR", "audio", 8000, "A better mobile phone format (12.2 kbit/s).", false},
	{-1, -1, "G729D", "audio", 8000, "G.729 with less bandwidth (6.4 kbit/s).", false},
	{-1, -1, "G729E", "audio", 8000, "G.729 with more bandwidth (11.8 kbit/s).", false},
	{-1, -1, "AMR", "audio", 8000, "The mobile phone format (up to 12.2 kbit/s). It can be packed in two ways; if the sides differ, there is only noise.", false},
	{-1, -1, "AMR-WB", "audio", 16000, "The wide mobile phone format (HD voice).", false},
	{-1, -1, "G7221", "audio", 16000, "Wide sound at 24 or 32 kbit/s, mostly in conference systems.", false},
	{-1, -1, "RED", "audio", 8000, "A wrapper that sends sound twice against loss.", false},
	{-1, -1, "EVS", "audio", 16000, "The newest mobile phone format, up to full band.", false},
	{-1, -1, "SILK", "audio", 0, "A format of an internet telephony company, a parent of opus.", false},
	{-1, -1, "H264", "video", 90000, "The usual video format.", false},
	{-1, -1, "VP8", "video", 90000, "The usual video format of browsers.", false},
}

// payloadOther are other spellings of format names.
var payloadOther = map[string]string{
	"G711U": "PCMU", "G711A": "PCMA", "ULAW": "PCMU", "ALAW": "PCMA", "MULAW": "PCMU", "U-LAW": "PCMU",
	"A-LAW": "PCMA", "MU-LAW": "PCMU", "G.711U": "PCMU", "G.711A": "PCMA", "G.722": "G722", "G.729": "G729",
	"G.729A": "G729", "G729A": "G729", "G.723": "G723", "G.723.1": "G723", "G7231": "G723", "G.728": "G728",
	"G.726": "G726-32", "G726": "G726-32", "RTP-NTE": "telephone-event", "COMFORT NOISE": "CN",
	"G.722.1": "G7221", "H.264": "H264", "H.263": "H263", "H.261": "H261", "AMRWB": "AMR-WB",
}

// LookupPayloadNumber gives the row that a number from 0 to 127 falls into; ok is
// false outside.
func LookupPayloadNumber(n int) (p PayloadType, ok bool) {
	for _, p := range payloadTable {
		if p.From >= 0 && n >= p.From && n <= p.To {
			return p, true
		}
	}
	return PayloadType{}, false
}

// LookupPayloadName gives the row of a format by its name in any case, as it stands
// in a=rtpmap or in everyday use ("G.729", "ulaw").
func LookupPayloadName(name string) (p PayloadType, ok bool) {
	name, _, _ = strings.Cut(strings.TrimSpace(name), "/")
	if other, ok := payloadOther[strings.ToUpper(name)]; ok {
		name = other
	}
	for _, p := range payloadTable {
		if p.Kind != "none" && strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return PayloadType{}, false
}

// PayloadTypes gives all rows: the numbers in rising order, then the formats that
// have no number of their own.
func PayloadTypes() []PayloadType { return append([]PayloadType(nil), payloadTable...) }
