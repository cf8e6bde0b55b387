package media

import (
	"slices"
	"strings"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/sipmsg"
)

// clockRate is the RTP clock of every codec here in Hz, of G.722 too (RFC 3551 4.5.2).
const clockRate = 8000

// Payload formats beside those that diago names. Its list knows no G.722.
var (
	codecG722 = diago.Codec{Name: "G722", PayloadType: 9, SampleRate: clockRate, NumChannels: 1}
	codecCN   = diago.Codec{Name: "CN", PayloadType: 13, SampleRate: clockRate, NumChannels: 1}
)

// known lists what this phone can send or take.
var known = []diago.Codec{diago.CodecAudioAlaw, diago.CodecAudioUlaw, codecG722, codecCN}

// isSpeech tells codecs from formats that only go along with one.
func isSpeech(c diago.Codec) bool { return c.Name != codecCN.Name && !isEvent(c) }

func isEvent(c diago.Codec) bool { return c.Name == diago.CodecTelephoneEvent8000.Name }

// codecs gives the formats that an account allows: its codecs in its order, PCMA
// and PCMU when it names none, and telephone-event.
func codecs(names []string) []diago.Codec {
	var list []diago.Codec
	for _, name := range names {
		for _, c := range known {
			if strings.EqualFold(c.Name, name) && !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	if !slices.ContainsFunc(list, isSpeech) {
		list = append([]diago.Codec{diago.CodecAudioAlaw, diago.CodecAudioUlaw}, list...)
	}
	return append(list, diago.CodecTelephoneEvent8000)
}

// Unknown lists the names in an account's codecs that this phone does not have.
func Unknown(names []string) (list []string) {
	for _, name := range names {
		if !slices.ContainsFunc(known, func(c diago.Codec) bool { return strings.EqualFold(c.Name, name) }) {
			list = append(list, name)
		}
	}
	return list
}

// Known names the codecs that this phone speaks, for a sentence.
func Known() string {
	var names []string
	for _, c := range known {
		if isSpeech(c) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// match finds one of our formats for one of theirs, and gives it their number: the
// number is theirs to choose, also in an answer (RFC 3264 5.1; trap 16).
func match(list []diago.Codec, theirs sipmsg.Codec) (diago.Codec, bool) {
	for _, c := range list {
		if strings.EqualFold(c.Name, theirs.Name) && theirs.ClockRate == int(c.SampleRate) && theirs.Channels <= 1 {
			c.PayloadType = theirs.PayloadType
			return c, true
		}
	}
	return diago.Codec{}, false
}

// common lists what both sides have, in the other side's order, each once.
func common(list []diago.Codec, theirs []sipmsg.Codec) (both []diago.Codec) {
	for _, t := range theirs {
		c, ok := match(list, t)
		if ok && !slices.ContainsFunc(both, func(b diago.Codec) bool { return b.Name == c.Name || b.PayloadType == c.PayloadType }) {
			both = append(both, c)
		}
	}
	return both
}

// find gives the first codec that is of a kind.
func find(list []diago.Codec, kind func(diago.Codec) bool) (diago.Codec, bool) {
	if i := slices.IndexFunc(list, kind); i >= 0 {
		return list[i], true
	}
	return diago.Codec{}, false
}

// foreign names the speech formats of a description that this phone does not have,
// as people write them.
func foreign(theirs []sipmsg.Codec) (names []string) {
	for _, t := range theirs {
		if _, ok := match(known, t); ok || t.Name == "telephone-event" || t.Name == "CN" || t.Name == "red" {
			continue
		}
		name := t.Name
		switch name {
		case "":
			name = "an unnamed codec"
		case "opus":
			name = "Opus"
		case "G729", "G723", "G726-32":
			name = "G." + name[1:]
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
