package evidence

import (
	"cmp"
	"slices"
)

// callAlone gives the evidence of one call as Narrow gives it of all evidence, and all
// that is its own: what a call that is over leaves behind.
func (b *Builder) callAlone(c *call) (*Evidence, belongings) {
	s := b.snapshot(b.until, len(c.messages), 1, 4)
	s.copyMessages(c.messages)
	s.double()
	s.call(c)
	s.outsideCallsShared()
	own := s.belongings(c)
	s.claimByReports(own.reports)
	s.assignReports(own.reports)
	s.mainStreams()
	s.keys()
	s.unreachable()
	s.limits()
	call := s.calls[c]
	s.ev.Streams = call.Streams
	s.ev.trim(call.over)
	s.ev.Have = s.ev.have()
	// Of the streams that were looked at, those count that turned out to be of this call.
	own.streams = slices.DeleteFunc(own.streams, func(st *stream) bool { return s.streams[st].CallID != c.id })
	own.reports = slices.DeleteFunc(own.reports, func(r *report) bool { return !s.ownReport(r, c, own.streams) })
	return s.ev, own
}

// ownReport tells that RTCP is of a call, or of nobody and speaks of the call's streams
// or of none at all.
func (s *snapshot) ownReport(r *report, c *call, streams []*stream) bool {
	if owner, _ := s.reportCall(r); owner != nil {
		return owner == c
	}
	for _, ssrc := range r.names() {
		for _, st := range s.b.bySSRC[ssrc].streams {
			if !slices.Contains(streams, st) {
				return false
			}
		}
	}
	return true
}

// belongings are the streams and the RTCP of a call, each in order.
type belongings struct {
	streams []*stream
	reports []*report
}

// belongings finds what may be a call's own and works its streams out: all at addresses
// that it announced, and all that speaks of these or is spoken of by them.
func (s *snapshot) belongings(c *call) (own belongings) {
	streams, reports := map[*stream]bool{}, map[*report]bool{}
	addReports := func(list []*report) (more bool) {
		for _, r := range list {
			if !reports[r] {
				reports[r], more = true, true
				own.reports = append(own.reports, r)
			}
		}
		return more
	}
	addStreams := func(list []*stream) {
		for _, st := range list {
			if !streams[st] {
				streams[st] = true
				own.streams = append(own.streams, st)
			}
		}
	}
	for _, a := range c.spots {
		if p := s.b.spots[a]; p != nil {
			addStreams(p.streams)
			addReports(p.reports)
		}
	}
	addStreams(slices.DeleteFunc(slices.Clone(c.streams), func(st *stream) bool { return !st.listed }))
	// Reports can name streams elsewhere, and of those again reports.
	for i, j := 0, 0; i < len(own.streams) || j < len(own.reports); {
		for ; i < len(own.streams); i++ {
			if who := s.b.bySSRC[own.streams[i].key.ssrc]; who != nil {
				addReports(who.reports)
			}
		}
		for ; j < len(own.reports); j++ {
			for _, ssrc := range own.reports[j].names() {
				if who := s.b.bySSRC[ssrc]; who != nil {
					addStreams(who.streams)
				}
			}
		}
	}
	slices.SortFunc(own.streams, func(a, b *stream) int { return cmp.Compare(a.serial, b.serial) })
	slices.SortFunc(own.reports, func(a, b *report) int { return cmp.Compare(a.serial, b.serial) })
	for _, st := range own.streams {
		s.stream(st)
	}
	return own
}

// Narrow gives what evidence shows of one call alone: its messages and its streams, and
// beside it what belongs to no call. Sign-ins stay, since they decide what a refusal
// means; in a capture only what passed before the call was over, since nothing later
// can have caused what it was. It gives nil when there is no such call.
func (e *Evidence) Narrow(id string) *Evidence {
	i := slices.IndexFunc(e.Calls, func(c *Call) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	var messages []*Message
	for _, m := range e.Messages {
		if m.CallID() == id {
			messages = append(messages, m)
		}
	}
	return e.narrow(i, messages)
}

// NarrowAll is Narrow for each call, in order.
func (e *Evidence) NarrowAll() []*Evidence {
	messages := make(map[string][]*Message, len(e.Calls))
	for _, m := range e.Messages {
		id := m.CallID()
		messages[id] = append(messages[id], m)
	}
	list := make([]*Evidence, len(e.Calls))
	for i, c := range e.Calls {
		list[i] = e.narrow(i, messages[c.ID])
	}
	return list
}

func (e *Evidence) narrow(i int, messages []*Message) *Evidence {
	narrow := *e
	if narrow.beside == nil {
		narrow.beside = e.Streams
	}
	narrow.Calls, narrow.Streams, narrow.Messages, narrow.Odd = e.Calls[i:i+1:i+1], e.Calls[i].Streams, messages, nil
	narrow.noted |= e.Have & HaveConnections
	narrow.trim(e.Calls[i].over)
	narrow.Have = narrow.have()
	return &narrow
}

// WithoutCalls gives what belongs to no call.
func (e *Evidence) WithoutCalls() *Evidence {
	rest := *e
	rest.Calls, rest.Streams, rest.Messages = nil, nil, nil
	calls := make(map[string]bool, len(e.Calls))
	for _, c := range e.Calls {
		calls[c.ID] = true
	}
	for _, m := range e.Messages {
		if !calls[m.CallID()] {
			rest.Messages = append(rest.Messages, m)
		}
	}
	for _, s := range e.Streams {
		if s.CallID == "" {
			rest.Streams = append(rest.Streams, s)
		}
	}
	rest.Have = rest.have()
	return &rest
}
