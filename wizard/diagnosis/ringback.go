package diagnosis

import (
	"time"

	"softphonedoctor/wizard/evidence"
)

// Times of the ringing phase. A ringing tone has pauses of up to 4 s, so silence
// is judged later than nothing at all.
const (
	ringTold   = time.Second             // of ringing before a missing tone counts
	ringLive   = 2 * time.Second         // the same while the call still rings
	ringSilent = 4500 * time.Millisecond // of silent tone while the call still rings
)

// ringback is what the ringing phase of one of our calls shows.
type ringback struct {
	cause     string
	certainty Certainty
	call      *evidence.Call
	waited    time.Duration // from the announcement of ringing or sound to the answer or the end
	after     time.Duration // how long the call was up then
	stream    *evidence.Stream
}

// ringbackCheck is the Check of a cause that the ringing phase decides: one
// decision for all of them, so that one speaks.
func ringbackCheck(cause string) check {
	return func(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
		if said(e, "heard_ringing", "yes") {
			return nil
		}
		for _, c := range outCalls(e) {
			if c.EarlyMedia != nil && !mediaVisible(e) {
				hits = append(hits, notTold()...)
				continue
			}
			r, ok := judgeRingback(e, c)
			if !ok || r.cause != cause {
				continue
			}
			hits = append(hits, r.hit(e))
		}
		return hits
	}
}

func (r ringback) hit(e *evidence.Evidence) Hit {
	c := r.call
	h := Hit{Certainty: r.certainty, CallID: c.ID, Direction: evidence.In, Args: args{
		"waited": span(r.waited), "after": span(r.after), "callid": c.ID, "packets": 0, "level": "", "then": ""}}
	h.Cites = cites(cite(c.EarlyMedia, "sound announced before the answer"))
	if c.EarlyMedia == nil || r.cause == "ringback-180-after-183-ignored" {
		h.Cites = append(h.Cites, cites(cite(c.Ringing, "it rings"))...)
	}
	if r.stream != nil {
		h.Args["packets"] = int(r.stream.Early)
		h.Args["level"] = trimZero(r.stream.EarlyLevel.DBFS, 0) + " dB"
		h.Cites = append(h.Cites, Cite{r.stream.FirstN, "sound packets before the answer"})
	}
	if c.Answer != nil {
		h.Cites = append(h.Cites, cite(c.Answer, "answered"))
		if s := mainIn(c); s != nil && s.Early <= earlyFew {
			h.Args["then"] = ", while sound came after the answer"
			h.Cites = append(h.Cites, Cite{s.FirstN, "the first sound packet"})
		}
	}
	if h2 := answered(e, "heard_ringing", "no ringing was heard"); h2.Label != "" && said(e, "heard_ringing", "no") {
		h.Cites = append(h.Cites, h2)
	}
	return h
}

// judgeRingback says what is wrong with the ringing phase of a call, if anything.
func judgeRingback(e *evidence.Evidence, c *evidence.Call) (r ringback, ok bool) {
	if c.Progress == nil || status(c.Final) >= 300 && c.Cancel == nil {
		return r, false
	}
	r.call = c
	until, done := end(e, c), !c.Ended.IsZero() && c.Ended.Before(e.Until)
	if c.Answer != nil {
		until, done = c.Answer.Time, true
		r.after = up(e, c)
	} else if c.Cancel != nil {
		until, done = c.Cancel.Time, true
	}
	early := earlyStream(c)
	unheard := said(e, "heard_ringing", "no")
	if c.EarlyMedia == nil {
		r.waited = until.Sub(c.Progress.Time)
		if !unheard || early != nil || c.Ringing == nil || r.waited < ringTold {
			return r, false
		}
		r.cause, r.certainty = "ringback-not-played-locally", Likely
		return r, true
	}
	r.waited = until.Sub(c.EarlyMedia.Time)
	if early != nil {
		return r, r.silent(early, done, unheard)
	}
	if r.waited < ringTold || !done && r.waited < ringLive {
		return r, false
	}
	return r, r.nothing(e, unheard)
}

// earlyFew packets may overtake the answer on their way, which is no early sound.
const earlyFew = 5

// earlyStream is the sound that came before the answer, nil when none did.
func earlyStream(c *evidence.Call) *evidence.Stream {
	var best *evidence.Stream
	for _, s := range streams(c, evidence.In) {
		if s.Early > earlyFew && (best == nil || s.Early > best.Early) {
			best = s
		}
	}
	return best
}

// silent judges early sound that did come.
func (r *ringback) silent(s *evidence.Stream, done, unheard bool) bool {
	l := s.EarlyLevel
	if s.Early < 75 || !l.Known || !l.Constant && l.DBFS >= silentBelow || !done && r.waited < ringSilent {
		return false
	}
	r.cause, r.stream, r.certainty = "ringback-early-media-silent", s, Likely
	if unheard {
		r.certainty = Confirmed
	}
	return true
}

// nothing judges announced sound of which nothing came before the answer.
func (r *ringback) nothing(e *evidence.Evidence, unheard bool) bool {
	c := r.call
	soundLater := mainIn(c) != nil
	plainRinging := c.Ringing != nil && c.Ringing.Time.After(c.EarlyMedia.Time) && audioOf(c.Ringing) == nil
	switch {
	case c.Answer != nil && !soundLater:
		if r.after < soundAfter || e.Situation == "one-way-audio" {
			return false // too early to say, or the silence after the answer is the complaint
		}
		switch cause, _ := silenceIn(e, c); cause {
		case "no-audio-in", "no-audio-in-blocked", "media-blocked-both-ways":
		default:
			return false
		}
		r.cause, r.certainty = "ringback-early-media-blocked", Likely
	case plainRinging:
		r.cause, r.certainty = "ringback-180-after-183-ignored", Possible
		if unheard {
			r.certainty = Likely
		}
	default:
		r.cause, r.certainty = "ringback-early-media-missing", Possible
		if soundLater {
			r.certainty = Likely
		}
		if soundLater && unheard {
			r.certainty = Confirmed
		}
	}
	return true
}
