package evidence

import (
	"net/netip"
	"time"
)

// assignReports hands RTCP to the streams it is about and to the calls it
// belongs to.
func (s *snapshot) assignReports(reports []*report) {
	for _, r := range reports {
		c, dir := s.reportCall(r)
		sent := s.streamFor(r.ssrc, r.flow, r.at)
		if r.sender && !r.sealed {
			sr := SenderReport{N: r.n, Time: r.at, SSRC: r.ssrc, Packets: r.packets, Octets: r.octets}
			if sent != nil {
				sent.Sender = append(sent.Sender, sr)
			} else if call := s.calls[c]; call != nil && dir != Out {
				call.PeerSenders = append(call.PeerSenders, sr)
			}
		}
		for _, k := range r.blocks {
			// The block comes from where its stream goes to.
			if st := s.streamFor(k.about, flow{r.flow.to, r.flow.from}, r.at); st != nil {
				s.received(st, r, k)
			}
		}
		call := s.calls[c]
		if call == nil {
			continue
		}
		rep := &Report{N: r.n, Time: r.at, Out: dir == Out, SSRC: r.ssrc, Sender: r.sender, Bye: r.bye}
		for _, k := range r.blocks {
			rep.About = append(rep.About, k.about)
		}
		call.Reports = append(call.Reports, rep)
		if r.bye && dir == In && call.Answer != nil && !r.at.After(call.Ended) {
			call.RTCPBye = true
		}
	}
}

// claimByReports hands streams that no description names to the call whose RTCP
// speaks of them.
func (s *snapshot) claimByReports(reports []*report) {
	for _, r := range reports {
		c, dir := s.reportCall(r)
		if c == nil || dir == None {
			continue
		}
		take := func(st *Stream, dir Direction) {
			if st == nil || st.CallID != "" {
				return
			}
			st.Direction = dir
			s.join(c, s.sources[st], st)
		}
		take(s.streamFor(r.ssrc, r.flow, r.at), dir)
		for _, k := range r.blocks {
			take(s.streamFor(k.about, flow{r.flow.to, r.flow.from}, r.at), dir.opposite())
		}
	}
}

// opposite turns In into Out and Out into In.
func (d Direction) opposite() Direction {
	switch d {
	case In:
		return Out
	case Out:
		return In
	}
	return d
}

// received adds a report block to the stream that it is about.
func (s *snapshot) received(st *Stream, r *report, k block) {
	rr := ReceiverReport{N: r.n, Time: r.at, FractionLost: k.fraction, Lost: k.lost, Highest: k.highest}
	if clock := st.Codec.ClockRate; clock > 0 {
		rr.Jitter = time.Duration(float64(k.jitter) / float64(clock) * float64(time.Second))
	}
	if st.Direction != In {
		// What answers the other side's reports is ourselves: no round trip is seen here.
		rr.RTT = k.rtt
	}
	st.Reported = append(st.Reported, rr)
	st.PeerSays = &st.Reported[len(st.Reported)-1]
	if rr.RTT > 0 {
		st.RTT = rr.RTT
	}
}

// streamFor finds the stream with an SSRC that goes the way of f. RTCP uses the
// next port or the same one, and may come through another NAT binding.
func (s *snapshot) streamFor(ssrc uint32, f flow, at time.Time) *Stream {
	var best *Stream
	top := 0
	same := s.b.bySSRC[ssrc]
	if same == nil {
		return nil
	}
	for _, src := range same.streams {
		st := s.stream(src)
		score := closeness(st.From, f.from) + closeness(st.To, f.to)
		if score == 0 {
			continue
		}
		score *= 2
		if near(st, at) {
			score++
		}
		if score >= top {
			best, top = st, score
		}
	}
	return best
}

// closeness rates how well an RTP address and an RTCP address fit.
func closeness(rtp, rtcp netip.AddrPort) int {
	switch {
	case rtp.Addr() != rtcp.Addr():
		return 0
	case rtp.Port() == rtcp.Port() || rtp.Port()+1 == rtcp.Port():
		return 3
	}
	return 1
}

// reportCall finds the call that an RTCP packet belongs to: by the described
// addresses, else by the streams that it speaks of.
func (s *snapshot) reportCall(r *report) (*call, Direction) {
	for _, at := range [...]func(flow) (to, from []claim){s.b.reportingAt, s.b.describedAt} {
		to, from := at(r.flow)
		if found := s.b.owners(to, from, r.at, r.at); len(found) > 0 {
			best := found[0]
			for _, m := range found {
				if s.touches(m.call) && !s.touches(best.call) {
					best = m
				}
			}
			return best.call, s.way(best, r.flow)
		}
	}
	if st := s.streamFor(r.ssrc, r.flow, r.at); st != nil && st.CallID != "" {
		return s.b.calls[st.CallID], st.Direction
	}
	for _, k := range r.blocks {
		st := s.streamFor(k.about, flow{r.flow.to, r.flow.from}, r.at)
		if st == nil || st.CallID == "" {
			continue
		}
		return s.b.calls[st.CallID], st.Direction.opposite()
	}
	return nil, None
}
