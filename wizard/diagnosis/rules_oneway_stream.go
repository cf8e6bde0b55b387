package diagnosis

import (
	"math"
	"net/netip"
	"strconv"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard/evidence"
)

func checkUndecodable(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		var s *evidence.Stream
		for _, x := range streams(c, evidence.In) {
			if x.Unknown >= 25 && 2*x.Unknown > x.Packets && (s == nil || x.Unknown > s.Unknown) {
				s = x
			}
		}
		if c.Answer == nil {
			continue
		}
		if s == nil {
			hits = append(hits, misread(c)...)
			continue
		}
		var names []string
		for _, m := range []*evidence.Media{c.Offer, c.Agreed} {
			if m != nil {
				names = names[:0]
				for _, k := range m.Codecs {
					if voice(k.Name) {
						names = append(names, k.Name)
					}
				}
			}
		}
		agreed := "formats that were not seen"
		if len(names) > 0 {
			agreed = join(names)
		}
		seen := count(int(s.Unknown)) + " of " + count(int(max(s.Packets, s.Unknown))) + " sound packets have format number " + strconv.Itoa(int(s.UnknownPT)) +
			", which neither side named; agreed were " + agreed + "."
		hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.In,
			Args: args{"how": "in a format that was not agreed", "seen": seen, "also": "", "came": "with payload type " + strconv.Itoa(int(s.UnknownPT)),
				"pt": int(s.UnknownPT), "callid": c.ID},
			Cites: cites(Cite{s.FirstN, "the first packet of this sound"}, cite(c.Answer, "the formats that were agreed"))})
	}
	return hits
}

// misread finds sound whose bytes are not what its format says: encrypted, or written by
// the other law of G.711. Both are played as noise.
func misread(c *evidence.Call) (hits []Hit) {
	for _, s := range streams(c, evidence.In) {
		h := Hit{CallID: c.ID, Direction: evidence.In, Cites: cites(Cite{s.FirstN, "the sound that is no " + orElse(s.Codec.Name, "sound")}, cite(c.Answer, "the formats that were agreed"))}
		switch s.Fabric {
		case codec.FabricEven:
			h.Certainty = Confirmed
			h.Args = args{"how": "it is encrypted and played as noise", "also": ", and the other choice for the encryption of sound", "came": "encrypted although plain sound was agreed, or with another key",
				"seen": "Its packets say " + orElse(s.Codec.Name, "that they are sound") + ", but every byte is as frequent as any other, as only encrypted data is."}
		case codec.FabricOtherLaw:
			other := map[string]string{"PCMU": "PCMA", "PCMA": "PCMU"}[s.Codec.Name]
			h.Certainty = Likely
			h.Args = args{"how": "in another format than its packets say, so that it is harsh and loud", "also": ", with one of the two only", "came": "as " + other + " in packets that say " + s.Codec.Name,
				"seen": "Its packets say " + s.Codec.Name + ", but read as " + other + " the sound is smooth and much quieter, as a voice is."}
		default:
			continue
		}
		h.Args["callid"] = c.ID
		hits = append(hits, h)
	}
	return hits
}

func checkTwoStreams(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		if a, b, both := overlap(streams(c, evidence.In)); a != nil {
			hits = append(hits, Hit{Certainty: Confirmed, CallID: c.ID, Direction: evidence.In,
				Args:  args{"from": a.From.Addr().String(), "both": span(both), "a": count(int(a.Packets)), "b": count(int(b.Packets)), "callid": c.ID},
				Cites: []Cite{{a.FirstN, "the first sound begins"}, {b.FirstN, "the second sound begins"}}})
		}
	}
	return hits
}

// overlap finds two streams from one address that ran side by side for a second
// or more. One that follows another is a change of sender, no fault.
func overlap(list []*evidence.Stream) (a, b *evidence.Stream, both time.Duration) {
	for i, x := range list {
		for _, y := range list[i+1:] {
			if x.SSRC == y.SSRC || x.From.Addr() != y.From.Addr() || x.Packets < 25 || y.Packets < 25 {
				continue
			}
			from, to := x.First, x.Last
			if y.First.After(from) {
				from = y.First
			}
			if y.Last.Before(to) {
				to = y.Last
			}
			if d := to.Sub(from); d >= time.Second {
				return x, y, d
			}
		}
	}
	return nil, nil, 0
}

func checkOtherSource(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		s, m := mainIn(c), remoteMedia(c)
		if c.Answer == nil || s == nil || m == nil || m.Port == 0 || s.Packets < 25 {
			continue
		}
		named := host(m.Addr)
		if !named.IsValid() || named.IsUnspecified() || named == s.From.Addr().Unmap() && m.Port == int(s.From.Port()) {
			continue
		}
		if c.ByReinvite != nil && c.ByReinvite.Message != nil && s.First.Before(c.ByReinvite.Message.Time) || movedTo(c, s.From) {
			continue // it changed in mid-call, and the stream is the one from before or from after it
		}
		h := Hit{Certainty: certainOr(named != s.From.Addr().Unmap(), Likely, Possible), CallID: c.ID, Direction: evidence.In,
			Args:  args{"named": addrPort(m), "came": s.From.String(), "callid": c.ID},
			Cites: cites(cite(m.Message, "sound announced from "+addrPort(m)), Cite{s.FirstN, "sound from " + s.From.String()})}
		if said(e, "heard", "no") {
			h.Kind, h.Certainty = Fault, Likely
			h.Cites = append(h.Cites, answered(e, "heard", "nothing is heard"))
		}
		hits = append(hits, h)
	}
	return hits
}

// movedTo tells that the other side announced an address in mid-call.
func movedTo(c *evidence.Call, at netip.AddrPort) bool {
	for _, t := range c.Reinvites {
		m := t.Request
		if t.Out {
			m = t.Final()
		}
		if a := audioOf(m); a != nil && host(a.Connection) == at.Addr().Unmap() && a.Port == int(at.Port()) {
			return true
		}
	}
	return false
}

func checkNotPlayed(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range e.Calls {
		s := mainIn(c)
		if s == nil {
			continue
		}
		level, packets, key := math.Inf(-1), uint64(0), ""
		if said(e, "heard", "no") && s.Level.Known && !s.Level.Constant {
			level, packets, key = s.Level.DBFS, s.Packets-min(s.Early, s.Packets), "heard"
		}
		if key == "" && said(e, "heard_ringing", "no") && s.EarlyLevel.Known && !s.EarlyLevel.Constant {
			level, packets, key = s.EarlyLevel.DBFS, s.Early, "heard_ringing"
		}
		if packets < 50 || level < quietBelow-5 {
			continue
		}
		h := Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
			Args:  args{"packets": count(int(packets)), "level": trimZero(level, 0) + " dB"},
			Cites: cites(Cite{s.FirstN, "sound arrives"}, answered(e, key, "nothing is heard"))}
		if p, ok := e.Probe(capture.SoundTone); ok && !p.Yes() {
			h.Certainty = Confirmed
			h.Cites = append(h.Cites, Cite{p.N, "the test tone is not heard either"})
		}
		hits = append(hits, h)
	}
	return hits
}
