package evidence

import (
	"slices"
	"time"
)

// stream works out one stream: its figures, the call it belongs to and its way.
func (s *snapshot) stream(st *stream) *Stream {
	if out := s.streams[st]; out != nil {
		return out
	}
	c, dir := s.claim(st)
	out := &Stream{
		From: st.key.from, To: st.key.to, SSRC: st.key.ssrc, Direction: dir, Media: st.kind,
		FirstN: st.firstN, First: st.first, Last: st.last, Untimed: st.untimed,
		Packets: st.packets, Expected: st.seq.expected(), Duplicate: st.seq.repeated, Reordered: st.seq.overtaken,
		Late: st.timing.late, Events: st.events, Comfort: st.comfort, Digits: string(st.digits.text),
		Jitter: seconds(st.timing.jitter), MaxJitter: seconds(st.timing.maxJitter),
		LongestGap: st.longestGap, LongestGapN: st.gapN,
		SendSD: st.timing.spread(), Level: levelOf(&st.level), Spurts: st.spurts, Fabric: st.fabric,
	}
	out.LossBurst, out.Unplayed, out.Gaps = st.seq.judged()
	out.PlayoutDelay = st.timing.wait()
	out.Skew, out.SkewOver = st.timing.drift.skew()
	if got := st.packets + st.events; got < out.Expected {
		out.Lost = out.Expected - got
	}
	if s.doubled {
		out.Duplicate -= min(out.Duplicate, st.twins)
	}
	out.Codec = st.audioType(c)
	out.Encrypted, _ = c.secrecy(st.key.flow)
	if g := st.guard; g != nil {
		out.Verified, out.Unverified, out.UnverifiedN, out.Plain, out.PlainN = g.verified, g.failed, g.failedN, g.plain, g.plainN
	}
	s.streams[st], s.sources[out] = out, st
	if c != nil {
		s.join(c, st, out)
	}
	if m, ok := s.b.notes.measured[measuredKey{out.From, out.To, out.SSRC}]; ok && s.b.opener.muted {
		m.tell(out)
	}
	return out
}

// join adds a stream to its call, if that is looked at.
func (s *snapshot) join(c *call, st *stream, out *Stream) {
	out.CallID = c.id
	call := s.calls[c]
	if call == nil {
		return
	}
	for _, t := range st.types {
		if codec, _ := c.codecIn(st.key.flow, t.pt); codec.Name != "telephone-event" && !c.negotiated(st.key.flow, t.pt) {
			out.Unknown += t.n
			out.UnknownPT = t.pt
		}
	}
	switch {
	case st.wasEarly:
		out.Early, out.EarlyLevel = st.early, levelOf(&st.earlySeen)
	case call.Answer == nil && call.First != nil:
		out.Early, out.EarlyLevel, out.Level = out.Packets, out.Level, Level{}
	}
	if out.Direction != None && (out.Media == "" || out.Media == "audio") {
		call.Streams = append(call.Streams, out)
	}
}

// claim finds the call of a stream and the way it goes there.
func (s *snapshot) claim(st *stream) (*call, Direction) {
	to, from := s.b.describedAt(st.key.flow)
	found := s.b.owners(to, from, st.first, st.last)
	if len(found) == 0 {
		return st.owner, None
	}
	// Where a B2BUA hands the same description on, two calls fit: ours is meant.
	// Else the one that the fold saw first keeps the stream.
	best := found[0]
	for _, m := range found {
		if m.call == st.owner && !(s.touches(best.call) && !s.touches(m.call)) {
			best = m
		}
	}
	for _, m := range found {
		if s.touches(m.call) && !s.touches(best.call) {
			best = m
		}
	}
	st.kind = best.kind()
	return best.call, s.way(best, st.key.flow)
}

// touches tells whether a call has our phone at one end.
func (s *snapshot) touches(c *call) bool { return s.view(c).touches() }

// way tells which way a stream goes: by the packets' own addresses where exactly
// one of them is our phone's, for a proxy may hand our own description back to us;
// else by our own description first, then by the peer's.
func (s *snapshot) way(m match, f flow) Direction {
	view := s.view(m.call)
	switch ours, theirs := view.hasIP(f.from.Addr()), view.hasIP(f.to.Addr()); {
	case ours && !theirs:
		return Out
	case theirs && !ours:
		return In
	}
	at, from := None, None // who wrote the descriptions: Out is us
	if m.at != nil {
		at = view.side(m.at.from.From, m.at.from.To)
	}
	if m.from != nil {
		from = view.side(m.from.from.From, m.from.from.To)
	}
	switch {
	case at == Out && from != Out:
		return In
	case from == Out && at != Out:
		return Out
	case at == In:
		return Out
	case from == In:
		return In
	}
	return None
}

// mainStreams chooses each call's main stream of either direction.
func (s *snapshot) mainStreams() {
	for _, c := range s.ev.Calls {
		slices.SortStableFunc(c.Streams, func(a, b *Stream) int { return a.First.Compare(b.First) })
		for _, st := range c.Streams {
			switch {
			case st.Direction == In && (c.In == nil || st.Packets > c.In.Packets):
				c.In = st
			case st.Direction == Out && (c.Out == nil || st.Packets > c.Out.Packets):
				c.Out = st
			}
		}
	}
}

// near tells whether two moments can belong to one stream's life.
func near(st *Stream, at time.Time) bool {
	const slack = 30 * time.Second // reports go on while a stream is muted
	return !at.Before(st.First.Add(-slack)) && !at.After(st.Last.Add(slack))
}
