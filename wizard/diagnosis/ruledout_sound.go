package diagnosis

import (
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// eachCall rules a trouble of the sound out when every call that was up long
// enough to be judged shows that it is not there. One of them has to be our phone's,
// when it had a call: what others hear says nothing about its sound.
func eachCall(fine func(*evidence.Evidence, *evidence.Call) bool) ruling {
	return func(e *evidence.Evidence, _ Dictionary) bool {
		judged := answeredCalls(e)
		return slices.ContainsFunc(judged, ours(e)) && all(judged, func(c *evidence.Call) bool { return fine(e, c) })
	}
}

// soundIn tells that sound came in after the answer.
func soundIn(_ *evidence.Evidence, c *evidence.Call) bool {
	return lastPacket(c, evidence.In).After(c.Answer.Time.Add(500 * time.Millisecond))
}

// silenceJudged rules out one cause of missing sound: sound came in, or another
// cause is proven.
func silenceJudged(cause string) ruling {
	return eachCall(func(e *evidence.Evidence, c *evidence.Call) bool {
		other, certainty := silenceIn(e, c)
		if cause == "media-blocked-both-ways" && other == "no-audio-in" && !said(e, "they_hear", "yes") {
			return false // whether the other way is open is not known yet
		}
		return soundIn(e, c) || other != "" && other != cause && certainty == Confirmed
	})
}

// levelIn tells that enough of the other side's sound was measured to be no silence.
func levelIn(e *evidence.Evidence, c *evidence.Call) bool {
	s := mainIn(c)
	return said(e, "heard", "yes") || s != nil && s.Packets-min(s.Early, s.Packets) >= someSound &&
		s.Level.Known && !s.Level.Constant && s.Level.DBFS >= silentBelow
}

// packetsIn tells that at least n sound packets came in.
func packetsIn(n uint64) ruling {
	return eachCall(func(_ *evidence.Evidence, c *evidence.Call) bool {
		s := mainIn(c)
		return s != nil && s.Packets >= n
	})
}

// timedIn is packetsIn for figures that need the moments of arrival.
func timedIn(_ *evidence.Evidence, c *evidence.Call) bool {
	s := mainIn(c)
	return s != nil && s.Packets >= someSound && !s.Untimed && !onHoldNow(c)
}

func timedOut(e *evidence.Evidence, c *evidence.Call) bool {
	s := mainOut(c)
	return s != nil && s.Packets >= someSound && !s.Untimed && (s.SendSD < unevenBad || e.Have.Has(evidence.HaveLive))
}

func holdSeen(_ *evidence.Evidence, c *evidence.Call) bool { return remoteMedia(c) != nil }

func sourceSeen(_ *evidence.Evidence, c *evidence.Call) bool {
	s, m := mainIn(c), remoteMedia(c)
	return s != nil && s.Packets >= 25 && m != nil && host(m.Addr).IsValid()
}

// heardIt tells that the person heard what there was to hear.
func heardIt(e *evidence.Evidence, _ Dictionary) bool {
	return said(e, "heard", "yes") || !said(e, "heard", "no") && said(e, "heard_ringing", "yes")
}

func theyHear(e *evidence.Evidence, _ Dictionary) bool { return said(e, "they_hear", "yes") }

func sentOut(_ *evidence.Evidence, c *evidence.Call) bool {
	n := uint64(0)
	for _, s := range streams(c, evidence.Out) {
		n += s.Packets
	}
	return n >= 10
}

// arrivesThere tells that our sound reaches the other side: the person there, or
// its reports, say so.
func arrivesThere(e *evidence.Evidence, c *evidence.Call) bool {
	return said(e, "they_hear", "yes") || reportsArrive(c)
}

// targetFine rules out that we send to an address that leads nowhere.
func targetFine(e *evidence.Evidence, c *evidence.Call) bool {
	m := remoteMedia(c)
	if m == nil || m.Port == 0 {
		return false
	}
	target := host(m.Addr)
	return arrivesThere(e, c) || public(target) || target.IsValid() && !target.IsUnspecified() && (target == peerAddress(c) || sameNet(target, ourAddress(c)))
}

// loudEnough tells that our own sound was measured and can be heard, or was heard.
func loudEnough(e *evidence.Evidence, c *evidence.Call) bool {
	s := mainOut(c)
	return said(e, "they_hear", "yes") || s != nil && s.Level.Known && !s.Level.Constant && s.Level.DBFS >= silentBelow && s.Packets >= someSound
}

// microphoneFine tells that the microphone gave speech, or that our sound was
// loud enough in each call.
func microphoneFine(e *evidence.Evidence, d Dictionary) bool {
	if p, ok := e.Probe(capture.SoundMicLevel); ok {
		return p.Yes()
	}
	return eachCall(loudEnough)(e, d)
}

// keepsOn tells that sound came in to the end, in a call that went on for long
// enough to see it stop.
func keepsOn(e *evidence.Evidence, c *evidence.Call) bool {
	last := lastPacket(c, evidence.In)
	return soundIn(e, c) && up(e, c) >= stopTail+time.Second && end(e, c).Sub(last) < stopTail
}

// notMoved tells that a call with sound was never moved, or went on with sound after it.
func notMoved(e *evidence.Evidence, c *evidence.Call) bool {
	if !soundIn(e, c) {
		return false
	}
	for _, t := range c.Reinvites {
		if m := t.Final(); m == nil || lastPacket(c, evidence.In).Sub(m.Time) <= time.Second {
			return false
		}
	}
	return true
}

// notDropped tells that the other side did not hang up at a time at which
// equipment that hears nothing does, or that it did hear us.
func notDropped(e *evidence.Evidence, c *evidence.Call) bool {
	if arrivesThere(e, c) || up(e, c) > 65*time.Second {
		return true
	}
	return has(c.Bye) && !c.ByeOut && c.Bye.Time.Sub(c.Answer.Time) < 9*time.Second
}

// lossRuled tells that so much was seen with so little lost that nothing is left
// to find: a few seconds without loss, or the full time.
func lossRuled(s *evidence.Stream, share float64) bool {
	if s == nil || s.Expected < fewPackets {
		return false
	}
	lasted := s.Lasted() + packetEvery*5
	return lasted >= lossLong || lasted >= lossShort && share < lossSome
}

func lossInRuled(_ *evidence.Evidence, c *evidence.Call) bool {
	s := mainIn(c)
	return s != nil && lossRuled(s, s.LossPercent())
}

func lossOutRuled(_ *evidence.Evidence, c *evidence.Call) bool {
	s := mainOut(c)
	return s != nil && s.PeerSays != nil && peerReceives(s) &&
		lossRuled(s, 100*max(0, float64(s.PeerSays.Lost))/max(1, float64(s.Expected)))
}

func delayKnown(e *evidence.Evidence, c *evidence.Call) bool {
	_, ok := returned(e, c)
	return ok || tripKnown(c)
}

// tripKnown tells that reports say how long packets need there and back.
func tripKnown(c *evidence.Call) bool {
	for _, s := range callStreams(c) {
		if s.RTT > 0 && s.PeerSays != nil {
			return true
		}
	}
	return false
}

// levelsKnown tells that the sound of every direction that had any was measured.
func levelsKnown(_ *evidence.Evidence, c *evidence.Call) bool {
	n := 0
	for _, s := range []*evidence.Stream{mainIn(c), mainOut(c)} {
		if s != nil {
			if n++; !s.Level.Known || s.Packets < someSound {
				return false
			}
		}
	}
	return n > 0
}

// notMuffled tells that something else is the complaint, or that the format
// carries more than a telephone does.
func notMuffled(e *evidence.Evidence, c *evidence.Call) bool {
	s := mainIn(c)
	return !said(e, "symptom", "muffled") || s != nil && s.Codec.Name != "" && (s.Codec.ClockRate > 8000 || s.Codec.Name == "G722")
}

// loudIn tells that what came in was loud, and where somebody complains that it is not,
// that an echo service was asked as well.
func loudIn(e *evidence.Evidence, c *evidence.Call) bool {
	s := mainIn(c)
	if _, ok := returned(e, c); !ok && said(e, "symptom", "quiet") {
		return false
	}
	return s != nil && 2*s.Packets >= 3*someSound && s.Level.Known && !s.Level.Constant && s.Level.DBFS >= silentBelow
}

// keysUnderstood tells that a way to send keys was agreed, and, where keys are what is
// wrong, that those pressed were heard as they are.
func keysUnderstood(e *evidence.Evidence, c *evidence.Call) bool {
	if e.Situation != inDTMF {
		return keysAgreed(e, c)
	}
	sent := c.KeysBy(evidence.Out, evidence.KeysByEvents)
	return keysAgreed(e, c) && sent != nil && said(e, "digits", sent.Keys)
}

// keysAgreed tells that the other side named a format for key presses.
func keysAgreed(_ *evidence.Evidence, c *evidence.Call) bool {
	m := remoteMedia(c)
	if m == nil {
		return false
	}
	for _, k := range m.Codecs {
		if k.Name == "telephone-event" {
			return true
		}
	}
	return false
}
