package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// settledCalls tells that each call of ours got its final answer, a demand for a
// password aside.
func settledCalls(e *evidence.Evidence, d Dictionary) bool {
	return all(outCalls(e), func(c *evidence.Call) bool { return callStage(e, c, d) != stageNone })
}

// heardOf tells that each call of ours got further than the first word of the
// server: it rang, was answered, or was decided.
func heardOf(e *evidence.Evidence, d Dictionary) bool {
	return all(outCalls(e), func(c *evidence.Call) bool { return c.Progress != nil || callStage(e, c, d) != stageNone })
}

// over tells that an incoming call is decided: answered, refused or withdrawn.
func over(c *evidence.Call) bool { return has(c.Answer) || has(c.Cancel) || status(c.Final) >= 200 }

func incomingOver(e *evidence.Evidence, _ Dictionary) bool { return all(inCalls(e), over) }

// decidedCalls is for what ends calls of both directions.
func decidedCalls(e *evidence.Evidence, d Dictionary) bool {
	in, out := inCalls(e), outCalls(e)
	return len(in)+len(out) > 0 && (len(in) == 0 || incomingOver(e, d)) &&
		(len(out) == 0 || all(out, func(c *evidence.Call) bool { return has(c.Answer) || callStage(e, c, d) != stageNone }))
}

// agreed rules out that two descriptions of sound do not fit: each call was
// answered with both of them readable, or stopped behind that point.
func agreed(cause string) ruling {
	return func(e *evidence.Evidence, d Dictionary) bool {
		in, out := inCalls(e), outCalls(e)
		if len(out) > 0 && !callPassed(cause)(e, d) || len(in)+len(out) == 0 {
			return false
		}
		for _, c := range append(in, out...) {
			if !has(c.Answer) {
				return false
			}
			offer, answer := offerAndAnswer(c)
			if offer == nil || answer == nil || cause == "codec-mismatch" && !(named(offer) && named(answer)) {
				return false
			}
			if cause == "encryption-mismatch" && (secure(offer) || secure(answer)) && !opened(c) {
				return false
			}
		}
		return true
	}
}

// opened tells that the key of an encrypted call was seen to fit: both ways, as far
// as sound went.
func opened(c *evidence.Call) bool {
	if c.In == nil {
		return false
	}
	for _, s := range []*evidence.Stream{c.In, c.Out} {
		if s != nil && (s.Verified < fewPackets/2 || s.Verified < 5*(s.Unverified+s.Plain)) {
			return false
		}
	}
	return true
}

// sameFamily rules out a mix of address families: both sides of each call named
// an address of the same kind.
func sameFamily(e *evidence.Evidence, d Dictionary) bool {
	if len(outCalls(e)) > 0 && !callPassed("address-family-mismatch")(e, d) {
		return false
	}
	return all(answeredCalls(e), func(c *evidence.Call) bool {
		ours, theirs := localMedia(c), remoteMedia(c)
		if ours == nil || theirs == nil {
			return false
		}
		a, b := host(ours.Addr), host(theirs.Addr)
		return a.IsValid() && b.IsValid() && (a.Is4() == b.Is4() || mainIn(c) != nil)
	})
}

// ownAddressSeen tells that our phone named an address for its sound.
func ownAddressSeen(e *evidence.Evidence, _ Dictionary) bool {
	for _, c := range e.Calls {
		if m := localMedia(c); m != nil && m.Port != 0 && host(m.Addr).IsValid() && !c.Partial {
			return true
		}
	}
	return false
}

// farAddressSeen is the same for the other side, once we know our public address.
func farAddressSeen(e *evidence.Evidence, _ Dictionary) bool {
	return all(answeredCalls(e), func(c *evidence.Call) bool { return remoteMedia(c) != nil })
}

// confirmed tells that each answered call was confirmed and stayed up for a
// moment without the answer being repeated.
func confirmedCalls(e *evidence.Evidence, _ Dictionary) bool {
	seen := 0
	for _, c := range e.Calls {
		if c.Partial || !has(c.Invite) || !has(c.Answer) {
			continue
		}
		if seen++; !has(c.Ack) || up(e, c) < soundAfter || c.Answer.Last().Sub(c.Ack.Time) > time.Second {
			return false
		}
	}
	return seen > 0
}

// repliesArrive tells that the caller's side reacted to what this phone replied,
// or did not repeat itself for a while.
func repliesArrive(e *evidence.Evidence, _ Dictionary) bool {
	return all(inCalls(e), func(c *evidence.Call) bool {
		t := lastInvite(c)
		return t != nil && len(t.Responses) > 0 && (has(c.Ack) || has(t.Ack) || end(e, c).Sub(t.Responses[0].Time) > 2*time.Second)
	})
}

func came(e *evidence.Evidence, _ Dictionary) bool { return len(inCalls(e)) > 0 }

// cameFromOutside is came, where the call was not just one from the same provider.
func cameFromOutside(e *evidence.Evidence, _ Dictionary) bool {
	return len(inCalls(e)) > 0 && !said(e, "internal_rings", "yes")
}

// optionsAnswered tells that every question of the server got an answer.
func optionsAnswered(e *evidence.Evidence, _ Dictionary) bool {
	return all(e.OptionsIn, func(t *evidence.Transaction) bool { return t != nil && t.Final() != nil })
}

// stayedUp tells that each answered call outlived the moment in which equipment
// that cannot cope hangs up.
func stayedUp(e *evidence.Evidence, _ Dictionary) bool {
	seen := 0
	for _, c := range e.Calls {
		if !has(c.Answer) || c.Partial {
			continue
		}
		if seen++; !has(c.Bye) && up(e, c) < 2500*time.Millisecond {
			return false
		}
	}
	return seen > 0
}

// notComplaint: what was not asked about was not looked for.
func notComplaint(*evidence.Evidence, Dictionary) bool { return false }

// ringingJudged rules out a trouble of the ringing phase: it went as it should, or
// something else is proven about it.
func ringingJudged(cause string) ruling {
	return func(e *evidence.Evidence, _ Dictionary) bool {
		if said(e, "heard_ringing", "yes") {
			return true
		}
		return all(outCalls(e), func(c *evidence.Call) bool { return ringingFine(e, c, cause) })
	}
}

func ringingFine(e *evidence.Evidence, c *evidence.Call, cause string) bool {
	if c.EarlyMedia == nil {
		// Nothing was announced. That can still happen until the call is answered.
		return cause != "ringback-not-played-locally" && has(c.Answer)
	}
	early := earlyStream(c)
	if early == nil {
		r, ok := judgeRingback(e, c)
		return cause == "ringback-not-played-locally" || ok && (r.certainty == Confirmed || cause == "ringback-early-media-silent")
	}
	if l := early.EarlyLevel; cause == "ringback-early-media-silent" {
		return early.Early >= 75 && l.Known && !l.Constant && l.DBFS >= silentBelow
	}
	return true // sound did come: it is neither missing nor held back, and nobody else has to play one
}

// ringingTold rules out that the server keeps ringing to itself.
func ringingTold(e *evidence.Evidence, _ Dictionary) bool {
	return all(outCalls(e), func(c *evidence.Call) bool { return c.Progress != nil || has(c.Answer) })
}

// noAnnouncement rules out a spoken message before a refusal.
func noAnnouncement(e *evidence.Evidence, d Dictionary) bool {
	return all(outCalls(e), func(c *evidence.Call) bool {
		if has(c.Answer) {
			return true
		}
		s := mainIn(c)
		return callStage(e, c, d) != stageNone && (s == nil && visibleIn(e, c) || s != nil && s.EarlyLevel.Known)
	})
}

// refreshed rules out that a call ends for want of its renewal: none is due, one
// worked, or the call outlived the time.
func refreshed(e *evidence.Evidence, _ Dictionary) bool {
	return all(answeredCalls(e), func(c *evidence.Call) bool {
		session, _, ok := c.Answer.SessionExpires()
		if !ok || up(e, c) > session+2*time.Second {
			return true
		}
		for _, t := range c.Reinvites {
			if code := status(t.Final()); code >= 200 && code < 300 {
				return true
			}
		}
		return false
	})
}
