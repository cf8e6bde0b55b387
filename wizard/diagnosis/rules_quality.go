package diagnosis

import (
	"math"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// packetEvery is the time between two packets of nearly every phone.
const packetEvery = 20 * time.Millisecond

var qualityRules = []Rule{
	{
		Cause: "loss-in", Kind: Fault, Where: Internet, Needs: evidence.HaveMedia,
		Title:    "A part of the other side's sound gets lost on the way to you.",
		Why:      "Of {{.expected}} sound packets {{.lost}} did not arrive ({{.percent}}) in {{.lasted}}.",
		Overturn: "The sender's own count of sent packets being just as low.",
		Fix: []Remedy{
			{ForUser, "Use a cable in place of Wi-Fi and stop downloads. If it stays, tell your internet provider."},
			{ForAdmin, "Compare with the loss to your own router: if that loses too, the fault is in the local network."},
		},
		ExplainedBy: []string{"loss-bursty", "audio-in-two-streams"},
		Check:       located(checkLossIn),
		RuledOut:    eachCall(lossInRuled),
	},
	{
		Cause: "loss-out", Kind: Fault, Where: Internet, Needs: evidence.HaveMedia, Either: evidence.HaveReports | evidence.HaveSound,
		Title:    "A part of your voice gets lost on the way to the other side.",
		Why:      "{{.seen}}",
		Overturn: "A recording at the provider that holds all packets.",
		Fix: []Remedy{
			{ForUser, "Stop uploads and video, use a cable in place of Wi-Fi, and switch on priority for calls in the router."},
			{ForAdmin, "Look for a full upload and for traffic shaping of UDP."},
		},
		ExplainedBy: []string{"loss-in", "loss-bursty", "no-audio-out-lost"},
		Check:       located(checkLossOut),
		RuledOut:    eachCall(lossOutRuled),
	},
	{
		Cause: "jitter-high", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Title:    "The sound packets arrive very unevenly, so words sound choppy.",
		Why:      "The packets' arrival varies by up to {{.jitter}}; above {{.limit}} words begin to break. {{.late}}",
		Overturn: "The packets leaving the sender just as unevenly; then it is the sender.",
		Fix: []Remedy{
			{ForUser, "Use a cable in place of Wi-Fi, and stop what else fills the line."},
			{ForAdmin, "Give calls priority in the router, or set a larger jitter buffer in the phone."},
		},
		ExplainedBy: []string{"loss-bursty", "sender-irregular", "bufferbloat"},
		Check:       locatedInTime(checkJitter),
		RuledOut:    eachCall(timedIn),
	},
	{
		Cause: "loss-bursty", Kind: Fault, Where: LocalNetwork, Needs: evidence.HaveMedia,
		Title:    "The sound drops out for whole moments.",
		Why:      "{{.seen}}",
		Overturn: "The other phone sending nothing while its person is silent.",
		Fix: []Remedy{
			{ForUser, "Use a cable in place of Wi-Fi, or go nearer to the Wi-Fi router; drop-outs like this come with changing between stations."},
			{ForAdmin, "Look for Wi-Fi roaming, interference and power saving."},
		},
		Check:    located(checkBursts),
		RuledOut: eachCall(timedIn),
	},
	{
		Cause: "delay-high", Kind: Fault, Where: Internet, Needs: evidence.HaveMedia, Either: evidence.HaveReports | evidence.HaveSound,
		Title:    "The sound takes so long that people talk over each other.",
		Why:      "{{.seen}}, so about {{.oneway}} one way; above {{.limit}} talking gets hard{{.awful}}.",
		Overturn: "A short way to the same server by another measure.",
		Fix: []Remedy{
			{ForUser, "Switch a VPN off, avoid Bluetooth and satellite lines, or ask for a nearer server."},
		},
		ExplainedBy: []string{"bufferbloat"},
		Check:       checkDelay,
		RuledOut:    eachCall(delayKnown),
	},
	{
		Cause: "sender-irregular", Kind: Fault, Where: ThisComputer, Either: evidence.HaveMedia | evidence.HaveSound,
		Title:    "This computer sends the sound unevenly.",
		Why:      "{{.seen}} This computer cannot keep up.",
		Overturn: "Sending staying uneven with all other programs closed.",
		Fix: []Remedy{
			{ForUser, "Close other programs, switch power saving off, and use another sound device."},
		},
		Check:    checkUneven,
		RuledOut: eachCall(timedOut),
	},
	{
		Cause: "reordered-or-duplicated", Kind: Fault, Where: Internet, Needs: evidence.HaveMedia,
		Title:    "Sound packets arrive doubled or in the wrong order.",
		Why:      "Of {{.packets}} packets {{.reordered}} came in the wrong order and {{.duplicate}} came twice.",
		Overturn: "The sender having sent them that way.",
		Fix: []Remedy{
			{ForUser, "If you have two internet lines bonded together, use one of them for calls."},
			{ForAdmin, "Look for multi-path routing or line bonding between you and the provider."},
		},
		ExplainedBy: []string{"jitter-high"},
		Check:       checkOrder,
		RuledOut:    packetsIn(fewPackets),
	},
}

// longest is how long sound has to be seen before loss counts.
func longEnough(s *evidence.Stream, percent float64) (Certainty, bool) {
	switch lasted := s.Lasted(); {
	case s.Expected < fewPackets:
		return 0, false
	case percent >= lossBad && lasted >= lossLong-packetEvery*5:
		return Confirmed, true
	case percent >= lossClear && lasted >= lossShort-packetEvery*5:
		return Likely, true
	case percent >= lossSome && lasted >= lossLong-packetEvery*5:
		return Possible, true
	}
	return 0, false
}

// lossKind blames nobody for a loss that is not heard.
func lossKind(percent float64) Kind {
	if percent < lossHeard {
		return Hint
	}
	return 0
}

func checkLossIn(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainIn(c)
		if s == nil {
			continue
		}
		certainty, ok := longEnough(s, s.LossPercent())
		if !ok || s.Lost < 5 {
			continue
		}
		hits = append(hits, Hit{Certainty: certainty, Kind: lossKind(s.LossPercent()), CallID: c.ID, Direction: evidence.In,
			Args:  args{"expected": count(int(s.Expected)), "lost": count(int(s.Lost)), "percent": percent(s.LossPercent()), "lasted": span(s.Lasted())},
			Cites: []Cite{{s.FirstN, "the sound with the losses begins"}}})
	}
	return hits
}

func checkLossOut(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainOut(c)
		if s != nil && s.PeerSays == nil {
			hits = append(hits, lostByEcho(e, c)...)
		}
		if s == nil || s.PeerSays == nil || s.Expected == 0 {
			continue
		}
		// What was sent after the report cannot be in it.
		sent := float64(s.Expected)
		if whole := s.Lasted(); whole > 0 && s.PeerSays.Time.Before(s.Last) {
			sent *= math.Max(0.05, float64(s.PeerSays.Time.Sub(s.First))/float64(whole))
		}
		lost := math.Max(0, float64(s.PeerSays.Lost))
		share := 100 * lost / math.Max(sent, 1)
		certainty, ok := longEnough(s, share)
		if !ok || lost < 5 || share >= 90 {
			continue
		}
		hits = append(hits, Hit{Certainty: certainty, Kind: lossKind(share), CallID: c.ID, Direction: evidence.Out,
			Args: args{"percent": percent(share), "lost": count(int(lost)), "sent": count(int(sent)),
				"seen": "The other side reports " + percent(share) + " of your sound packets as lost (" + count(int(lost)) + " of " + count(int(sent)) + ")."},
			Cites: []Cite{{s.PeerSays.N, "their report: " + count(int(lost)) + " lost"}, {s.FirstN, "our sound begins"}}})
	}
	return hits
}

// lostByEcho takes what an echo service sent back, where nobody reports what arrived: what
// is missing of our own sound, and was not lost on its way back, was lost on its way there.
func lostByEcho(e *evidence.Evidence, c *evidence.Call) []Hit {
	p, ok := returned(e, c)
	missing, known := p.Number("lost")
	in := mainIn(c)
	if !ok || !known || in == nil || missing-in.LossPercent() < lossClear {
		return nil
	}
	lost := missing - in.LossPercent()
	return []Hit{{Certainty: Likely, CallID: c.ID, Direction: evidence.Out,
		Args: args{"percent": percent(lost), "seen": "Of our own sound " + percent(missing) + " did not come back from the echo service, and only " + percent(in.LossPercent()) +
			" of its packets were lost on their way here."},
		Cites: []Cite{{p.N, "measured: our own sound comes back with gaps"}, {in.FirstN, "its packets arrive"}}}}
}

// returned is what became of our own sound in a call to an echo service, where it came back.
func returned(e *evidence.Evidence, c *evidence.Call) (p evidence.Probe, ok bool) {
	p, ok = e.Probe(capture.SoundReturn)
	return p, ok && p.Yes() && within(e, c, p)
}

func checkJitter(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		if s := mainIn(c); s != nil && !s.Untimed && s.Packets >= someSound {
			late := ""
			if s.Late >= 10 && 100*float64(s.Late) >= lateShare*float64(s.Packets) && s.Late > s.Lost && s.MaxJitter > jitterBad {
				late = count(int(s.Late)) + " of " + count(int(s.Packets)) + " came too late to be played."
			}
			if s.Jitter > jitterBad || late != "" {
				hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
					Args: args{"jitter": millis(max(s.Jitter, s.MaxJitter)), "late": late, "limit": millis(jitterBad)}, Cites: []Cite{{s.FirstN, "the uneven sound begins"}}})
				continue
			}
		}
		if s := mainOut(c); s != nil && s.Packets >= someSound {
			if worst := worstReport(s); worst != nil && worst.Jitter > jitterBad {
				hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Out,
					Args: args{"jitter": millis(worst.Jitter), "late": "So the other side reports it.", "limit": millis(jitterBad)}, Cites: []Cite{{worst.N, "their report: arrival varies by " + millis(worst.Jitter)}}})
			}
		}
	}
	return hits
}

// worstReport is the report of the receiver with the highest jitter: each one tells
// that of its own moment only (RFC 3550, 6.4.1), and the last need not be the worst.
func worstReport(s *evidence.Stream) (worst *evidence.ReceiverReport) {
	for i := range s.Reported {
		if worst == nil || s.Reported[i].Jitter > worst.Jitter {
			worst = &s.Reported[i]
		}
	}
	return worst
}

// checkBursts tells bursts from loss that merely happens to fall together: the
// longest run has to be far beyond what loss by chance would give.
func checkBursts(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainIn(c)
		if s == nil || s.Packets < someSound || onHoldNow(c) {
			continue
		}
		h := Hit{CallID: c.ID, Direction: evidence.In, Cites: []Cite{{s.FirstN, "the sound begins"}}}
		if s.LongestGapN > 0 {
			h.Cites = append(h.Cites, Cite{s.LongestGapN, "the packet after a gap of " + millis(s.LongestGap)})
		}
		byChance := float64(s.Expected) * math.Pow(s.LossPercent()/100, float64(s.LossBurst))
		burst := time.Duration(s.LossBurst) * packetEvery
		switch {
		case s.LossBurst > burstRun && byChance < 0.01 && !untypical(s, burst):
			h.Certainty = certainOr(burst > gapBad, Confirmed, Likely)
			h.Args = args{"seen": "Up to " + count(int(s.LossBurst)) + " packets in a row were lost, " + millis(burst) + " of sound at once."}
		case !s.Untimed && s.LongestGap > gapBad && len(c.Reinvites) == 0 && s.LossBurst <= burstRun && !stalledHere(c, s):
			h.Certainty = Possible
			h.Args = args{"seen": "For " + millis(s.LongestGap) + " no packet came, though none was lost."}
		default:
			continue
		}
		hits = append(hits, h)
	}
	return hits
}

// untypical: one jump in the numbers without a gap in time is a sender that
// began anew, not a loss.
func untypical(s *evidence.Stream, burst time.Duration) bool {
	return !s.Untimed && s.LongestGap < burst/2
}

// stalledHere tells that our own sending paused as well: then this computer
// stood still, not the network.
func stalledHere(c *evidence.Call, in *evidence.Stream) bool {
	out := mainOut(c)
	return out != nil && out.LongestGap > in.LongestGap/2
}

func checkDelay(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		for _, s := range callStreams(c) {
			if s.RTT <= 2*delayBad || s.RTT > 10*time.Second || s.PeerSays == nil {
				continue
			}
			awful := ""
			if s.RTT > 2*delayAwful {
				awful = ", above " + millis(delayAwful) + " it is bad for everybody"
			}
			hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.Both,
				Args: args{"seen": "A packet needs " + millis(s.RTT) + " there and back", "oneway": millis(s.RTT / 2), "awful": awful, "limit": millis(delayBad)}, Cites: []Cite{{s.PeerSays.N, "their report: there and back in " + millis(s.RTT)}}})
			break
		}
		if h, ok := lateByEcho(e, c); ok {
			hits = append(hits, h)
		}
	}
	return hits
}

// lateByEcho takes how late our own sound came back from an echo service, where no report
// tells how long the packets need.
func lateByEcho(e *evidence.Evidence, c *evidence.Call) (h Hit, ok bool) {
	p, came := returned(e, c)
	late, known := p.Duration("delay")
	late -= returnTakes
	if !came || !known || late <= 2*delayBad || tripKnown(c) {
		return h, false
	}
	awful := ""
	if late > 2*delayAwful {
		awful = ", above " + millis(delayAwful) + " it is bad for everybody"
	}
	return Hit{Certainty: certainOr(late > 2*delayAwful || said(e, "symptom", "delay"), Likely, Possible), CallID: c.ID, Direction: evidence.Both,
		Args: args{"seen": "Our own sound came back from the echo service " + millis(late+returnTakes) + " later, of which it takes up to " + millis(returnTakes) + " itself",
			"oneway": millis(late / 2), "awful": awful, "limit": millis(delayBad)},
		Cites: []Cite{{p.N, "measured: our own sound comes back " + millis(late+returnTakes) + " later"}}}, true
}

func checkUneven(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainOut(c)
		if s == nil || s.Untimed || s.Packets < someSound || s.SendSD < unevenSome || s.SendSD < unevenBad && e.Situation != "quality" ||
			s.SendSD < unevenFar && !e.Have.Has(evidence.HaveLive) {
			continue
		}
		hits = append(hits, Hit{Certainty: certainOr(s.SendSD >= unevenBad, Likely, Possible), CallID: c.ID, Direction: evidence.Out,
			Args: args{"seen": "The packets leave about " + millis(s.SendSD) + " too early or too late, where " + millis(unevenSome) + " is usual."}, Cites: []Cite{{s.FirstN, "our sound begins"}}})
	}
	if len(hits) > 0 {
		return hits
	}
	if clock, ok := e.Probe(capture.SoundClock); ok && !clock.Yes() {
		return nil // a clock that is off makes the device run dry: that is told by itself
	}
	p, ok := e.Probe(capture.SoundClicks)
	over, timed := p.Duration("over")
	if n, known := p.Number("count"); ok && p.Yes() && known && n >= fewClicks && (!timed || n >= clicksOften*over.Minutes()) {
		hits = append(hits, Hit{Certainty: Likely, Direction: evidence.Out, Args: args{"seen": "The sound device ran dry " + count(int(n)) + " times, which is heard as clicks."},
			Cites: []Cite{{p.N, "measured: the device ran dry"}}})
	}
	return hits
}

func checkOrder(e *evidence.Evidence, _ Dictionary) (hits []Hit) {
	for _, c := range answeredCalls(e) {
		s := mainIn(c)
		if s == nil || s.Packets < fewPackets {
			continue
		}
		if n := s.Reordered + s.Duplicate; n < 5 || 100*float64(n) < orderShare*float64(s.Packets) {
			continue
		}
		hits = append(hits, Hit{Certainty: Likely, CallID: c.ID, Direction: evidence.In,
			Args:  args{"packets": count(int(s.Packets)), "reordered": count(int(s.Reordered)), "duplicate": count(int(s.Duplicate))},
			Cites: []Cite{{s.FirstN, "the sound begins"}}})
	}
	return hits
}
