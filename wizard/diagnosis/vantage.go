package diagnosis

import (
	"slices"

	"softphonedoctor/wizard/evidence"
)

// What a capture that was not taken at the phone cannot tell. What it shows holds
// wherever it was taken: sound that is lost before the server never reaches the phone.
// But where nothing is wrong there, it may still be lost behind.

// atPhoneOnly are causes that only a capture at the phone rules out: they are about
// what arrives there.
var atPhoneOnly = []string{
	"loss-in", "loss-bursty", "jitter-high", "reordered-or-duplicated", "no-audio-in", "no-audio-in-blocked",
	"media-blocked-both-ways", "ringback-early-media-blocked", "ringback-early-media-missing", "audio-stops-midcall",
	"server-unreachable", "registration-unanswered-or-banned", "invite-unanswered", "provider-silent-after-trying",
	"inbound-fragmented", "reply-lost", "message-too-big",
}

// sentByPhone are causes that only a capture at the phone shows: they say that the phone
// did not send something, or how it did. Elsewhere it may have been lost on the way.
var sentByPhone = []string{"no-audio-out-not-sent", "sender-irregular", "options-not-answered", "firewall-on-this-computer", "media-blocked-both-ways"}

// fromHere takes out what the place of the capture does not bear out.
func (d *Diagnosis) fromHere(hits []judged, at evidence.Vantage) []judged {
	if !at.Place.Away() {
		return hits
	}
	d.Clear = slices.DeleteFunc(d.Clear, func(cause string) bool {
		if slices.Contains(atPhoneOnly, cause) || slices.Contains(sentByPhone, cause) {
			d.Unchecked = append(d.Unchecked, cause)
			return true
		}
		return false
	})
	return slices.DeleteFunc(hits, func(h judged) bool {
		if !slices.Contains(sentByPhone, h.rule.Cause) {
			return false
		}
		d.Unseen = append(d.Unseen, group{h}.finding())
		if !slices.Contains(d.Unchecked, h.rule.Cause) {
			d.Unchecked = append(d.Unchecked, h.rule.Cause)
		}
		return true
	})
}

// pathFromHere leaves out what was not seen between the capture and the phone.
func (d *Diagnosis) pathFromHere(at evidence.Vantage) {
	if !at.Place.Away() {
		return
	}
	for i := segMicrophone; i <= segProvider; i++ {
		if s := &d.Path[i]; s.In == Good {
			s.In = Unknown
		}
	}
}
