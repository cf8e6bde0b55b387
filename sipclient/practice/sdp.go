package practice

import (
	"bytes"
	"fmt"
	"strings"

	"softphonedoctor/sipclient/sipmsg"
)

// audioOf gives the audio description of a message, nil without a usable one.
func audioOf(m *sipmsg.Message) *sipmsg.Media {
	if d := sdpOf(m); d != nil {
		return d.Audio()
	}
	return nil
}

func sdpOf(m *sipmsg.Message) *sipmsg.SDP {
	if len(m.Body) == 0 || !m.IsSDP() {
		return nil
	}
	d, err := sipmsg.ParseSDP(m.Body)
	if err != nil {
		return nil
	}
	return d
}

// refusals are the m-lines around our audio: an answer has as many as the offer,
// and refuses with port 0 what it does not want (RFC 3264 6).
type refusals struct{ before, after string }

// refusalsFor refuses everything in an offer but the audio that audioOf gives.
func refusalsFor(offer *sipmsg.Message) (r refusals) {
	d := sdpOf(offer)
	if d == nil {
		return r
	}
	audio := d.Audio()
	seen := false
	for i := range d.Media {
		other := &d.Media[i]
		if other == audio {
			seen = true
			continue
		}
		line := fmt.Sprintf("m=%s 0 %s %s\r\n", other.Type, other.Proto, strings.Join(other.Formats, " "))
		if seen {
			r.after += line
		} else {
			r.before += line
		}
	}
	return r
}

// around puts the refused m-lines where they stood in the offer.
func (r refusals) around(description []byte) []byte {
	const audio = "m=audio "
	head, rest, _ := bytes.Cut(description, []byte(audio))
	return []byte(string(head) + r.before + audio + string(rest) + r.after)
}

// answering is the direction that fits an offered one (RFC 3264 6.1).
func answering(direction string) string {
	switch direction {
	case "sendonly":
		return "recvonly"
	case "recvonly":
		return "sendonly"
	case "inactive":
		return "inactive"
	}
	return ""
}
