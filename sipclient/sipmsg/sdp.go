package sipmsg

import "time"

// SDP is a session description as far as calls need it (RFC 8866, RFC 3264).
type SDP struct {
	Origin     string // the o= line's value
	Connection string // session-level c= address, "" if none
	Media      []Media
	Attributes []string // session-level a= values
	Problems   []Problem
}

// Media is one m= block.
type Media struct {
	Type        string // "audio", "video", "image" ...
	Port        int
	Proto       string // "RTP/AVP", "RTP/SAVP", "RTP/AVPF", "UDP/TLS/RTP/SAVPF" ...
	Formats     []string
	Connection  string        // media-level c=, else the session's
	Codecs      []Codec       // in the order of the m= line, each payload type once; telephone-event and CN among them
	Direction   string        // "sendrecv", "sendonly", "recvonly", "inactive" (media, else session, else sendrecv)
	PTime       time.Duration // 0: not given
	RTCPPort    int           // a=rtcp, else Port+1, or Port with rtcp-mux; 0 when Port is 0
	RTCPMux     bool
	Crypto      []string // a=crypto values
	Fingerprint bool     // a=fingerprint on the media or the session
	ICE         bool     // a=candidate or a=ice-ufrag
	Attributes  []string // media-level a= values
}

// Codec is one payload type of an m= line with its rtpmap, or the static
// meaning of RFC 3551 where there is none.
type Codec struct {
	PayloadType uint8
	Name        string // as usual: "PCMU", "PCMA", "G722", "opus", "telephone-event", "CN"; "" if unknown
	ClockRate   int    // RTP clock in Hz (8000 for G.722)
	Channels    int
	Fmtp        string
}
