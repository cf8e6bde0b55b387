package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"softphonedoctor/sipclient/capture"
)

// snapshot is one walk over what the Builder holds: over all of it, or over what one
// call needs. It copies what later Adds would change; the text of messages never
// changes and is shared.
type snapshot struct {
	b       *Builder
	subject subject
	until   time.Time // the end of what is looked at
	ev      *Evidence
	copies  map[*Message]*Message
	calls   map[*call]*Call // those that are worked out
	views   map[*call]*subject
	doubled bool // the capture holds every packet twice
	streams map[*stream]*Stream
	sources map[*Stream]*stream
}

// Evidence gives what is known so far. It may be called at any time and again;
// the result is a snapshot that later Adds do not change.
func (b *Builder) Evidence() *Evidence {
	b.purge()
	s := b.snapshot(b.until, len(b.messages), len(b.calls), len(b.inOrder))
	s.copyMessages(b.messages)
	s.double()
	for _, c := range b.ordered {
		s.call(c)
	}
	s.outsideCalls()
	for _, st := range b.inOrder {
		s.ev.Streams = append(s.ev.Streams, s.stream(st))
	}
	slices.SortStableFunc(s.ev.Streams, func(a, b *Stream) int { return cmp.Compare(a.FirstN, b.FirstN) })
	s.claimByReports(b.reports)
	s.assignReports(b.reports)
	s.mainStreams()
	s.rateStreams()
	s.keys()
	s.experiments()
	s.oddities()
	s.unreachable()
	s.limits()
	s.ev.Have = s.ev.have()
	return s.ev
}

// snapshot begins one, with room for so many messages, calls and streams, and fills in
// what does not depend on any of them.
func (b *Builder) snapshot(until time.Time, messages, calls, streams int) *snapshot {
	s := &snapshot{
		b: b, subject: b.subject(), until: until,
		copies:  make(map[*Message]*Message, messages),
		calls:   make(map[*call]*Call, calls),
		views:   make(map[*call]*subject, calls),
		streams: make(map[*stream]*Stream, streams),
		sources: make(map[*Stream]*stream, streams),
	}
	s.ev = &Evidence{
		Began: b.began, Until: until,
		Subject:     Subject{Addr: s.subject.addrPort(), How: s.subject.how},
		Situation:   b.notes.situation,
		Answers:     maps.Clone(b.notes.answers),
		Probes:      slices.Clone(b.notes.probes),
		Phone:       slices.Clone(b.notes.phone),
		Limits:      slices.Clone(b.notes.limits),
		PhoneLimits: slices.Clone(b.notes.phoneLimits),
		Holes:       slices.Clone(b.holes),
		Fragments:   b.notes.fragments,
		Short:       b.notes.short,
		Muted:       b.notes.muted,
		STUN:        b.stun,
		KeepAlives:  b.alive,
		Connections: slices.Clone(b.ways.list),
		Targets:     slices.Clone(b.ways.targets),
		Fallbacks:   slices.Clone(b.ways.fallbacks),
		noted:       b.notes.have,
		limitsAt:    slices.Clone(b.notes.limitsAt),
	}
	if b.ways.cut {
		s.ev.noted |= HaveConnections
	}
	s.ev.Vantage = s.vantage()
	return s
}

// copyMessages makes these the messages of the evidence.
func (s *snapshot) copyMessages(messages []*Message) {
	list := make([]Message, len(messages))
	s.ev.Messages = make([]*Message, len(list))
	for i, m := range messages {
		s.ev.Messages[i] = s.copyTo(&list[i], m)
	}
}

// copy gives the snapshot's copy of a message.
func (s *snapshot) copy(m *Message) *Message {
	if c := s.copies[m]; c != nil {
		return c
	}
	return s.copyTo(new(Message), m)
}

func (s *snapshot) copyTo(c, m *Message) *Message {
	*c = *m
	c.Copies = m.Copies[:len(m.Copies):len(m.Copies)]
	c.Out = s.subject.side(m.From, m.To) == Out
	s.copies[m] = c
	return c
}

// double finds out whether the capture holds every packet twice, as mirror ports
// and captures on all interfaces make them: nobody sent them twice, so no
// network duplicated them either.
func (s *snapshot) double() {
	if n := s.b.distinct; n < 3 || s.b.twinned*5 < n*4 || s.b.notes.have.Has(HaveLive) {
		return
	}
	s.doubled = true
	s.ev.Limits = append(s.ev.Limits, "The capture holds each packet twice, as captures on all interfaces or mirror ports do. The second copies are left out.")
}

func (s *snapshot) transaction(t *txn, out bool) *Transaction {
	tx := &Transaction{Method: t.method, Out: out, Request: s.copy(t.req)}
	for _, r := range t.resp {
		tx.Responses = append(tx.Responses, s.copy(r))
	}
	if t.ack != nil {
		tx.Ack = s.copy(t.ack)
	}
	return tx
}

// aor gives user@domain of the To header.
func aor(m *Message) string {
	uri := m.ToAddr().URI
	switch {
	case uri.Host == "":
		return uri.Shown()
	case uri.User == "":
		return uri.Host
	}
	return uri.User + "@" + uri.Host
}

// experiments hands what was tried to the experiment during which it began. The
// records' order decides, not their times: two may have the same.
func (s *snapshot) experiments() {
	s.ev.Experiments = slices.Clone(s.b.notes.experiments)
	during := func(n int) *Experiment {
		i, _ := slices.BinarySearchFunc(s.ev.Experiments, n, func(x Experiment, n int) int { return cmp.Compare(x.N, n) })
		if i == 0 {
			return nil
		}
		return &s.ev.Experiments[i-1]
	}
	for _, c := range s.ev.Calls {
		if c.First == nil {
			continue
		}
		if x := during(c.First.N); x != nil {
			x.Calls = append(x.Calls, c)
		}
	}
	for _, t := range s.ev.Options {
		if x := during(t.Request.N); x != nil {
			x.Options = append(x.Options, t)
		}
	}
	for _, r := range s.ev.Registrations {
		for _, t := range r.Transactions {
			if x := during(t.Request.N); x != nil && t.Out {
				x.Registrations = append(x.Registrations, t)
			}
		}
	}
}

// oddities copies the list of what was not understood.
func (s *snapshot) oddities() {
	for _, o := range s.b.odd.list {
		s.ev.Odd = append(s.ev.Odd, *o)
	}
	for _, st := range s.b.streams {
		if !st.listed && len(s.ev.Odd) < maxOdd {
			s.ev.Odd = append(s.ev.Odd, Odd{N: st.firstN, Time: st.first, From: st.key.from, To: st.key.to, Text: lonely, Count: 1})
		}
	}
	slices.SortStableFunc(s.ev.Odd, func(a, b Odd) int { return cmp.Compare(a.N, b.N) })
}

func (s *snapshot) unreachable() {
	for _, u := range s.b.icmp.list {
		s.ev.ICMP = append(s.ev.ICMP, *u)
		s.ev.ICMP[len(s.ev.ICMP)-1].at = slices.Clip(u.at)
	}
}

// limits says what was left out for want of room.
func (s *snapshot) limits() {
	if n := s.b.crowd; n > 0 {
		s.ev.Limits = append(s.ev.Limits, fmt.Sprintf("%d packets of sound are left out: they come from more sources than can be followed, %d at one address of a call and %d in all.", n, maxSources, maxStreams))
	}
	if n := s.b.odd.over; n > 0 {
		s.ev.Limits = append(s.ev.Limits, fmt.Sprintf("%d more packets that are no telephony are not listed.", n))
	}
}

// have tells what could be looked at.
func (e *Evidence) have() Kinds {
	have := e.noted
	set := func(bit Kinds, when bool) {
		if when {
			have |= bit
		}
	}
	for _, r := range e.Registrations {
		set(HaveRegistration, r.Out && !r.answeredQuery())
	}
	set(HaveOptions, len(e.Options) > 0)
	for _, x := range e.Experiments {
		set(HaveAgain, x.Name == capture.ExperimentAgain && len(x.Calls) > 0)
	}
	set(HaveConnections, len(e.Connections) > 0 || have.Has(HaveLive) && slices.ContainsFunc(e.Messages, overConnection))
	for _, c := range e.Calls {
		out := c.Direction == Out && c.First != nil
		set(HaveCallOut, out)
		set(HaveCallIn, c.Direction == In && c.First != nil)
		set(HaveRinging, out && (c.Progress != nil || c.Final != nil))
		set(HaveMedia, c.Duration() >= mediaAfter)
		for _, r := range c.Reports {
			set(HaveReports, !r.Out)
		}
		for _, st := range c.Streams {
			set(HaveLevels, st.Direction == In && (st.Level.Known || st.EarlyLevel.Known))
			set(HaveDTMF, st.Events > 0)
		}
		set(HaveDTMF, len(c.Keys) > 0)
		for _, t := range c.Transactions {
			set(HaveDTMF, t.Method == "INFO" && isDTMF(t.Request))
		}
	}
	return have
}
