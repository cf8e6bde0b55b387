package evidence

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// mediaAfter is how long a call must be up before its sound can be judged.
const mediaAfter = 2 * time.Second

// call works out one call as our phone sees it, or as its caller does when our
// phone has no part in it.
func (s *snapshot) call(c *call) {
	view := s.view(c)
	out := &Call{ID: c.id, Order: c.order, Touches: view.touches(), over: s.over(c)}
	s.calls[c] = out
	s.ev.Calls = append(s.ev.Calls, out)

	var attempts, again []*Transaction
	for _, t := range c.txns {
		side := view.side(t.from, t.to)
		tx := s.transaction(t, side == Out)
		if side == None {
			out.OtherHops = append(out.OtherHops, tx)
			continue
		}
		s.turn(tx, side)
		out.Transactions = append(out.Transactions, tx)
		switch {
		case t.method == "INVITE" && !t.toTag:
			attempts = append(attempts, tx)
		case t.method == "INVITE" || t.method == "UPDATE":
			again = append(again, tx)
		case t.method == "BYE" && out.Bye == nil:
			out.Bye, out.ByeOut = tx.Request, tx.Out
		case t.method == "CANCEL" && out.Cancel == nil:
			out.Cancel = tx.Request
		}
	}
	if len(attempts) == 0 {
		out.Partial = true
		if i := slices.IndexFunc(again, func(t *Transaction) bool { return t.Method == "INVITE" }); i >= 0 {
			attempts = []*Transaction{again[i]}
			again = slices.Delete(slices.Clone(again), i, i+1)
		}
	}
	out.Reinvites = again
	s.setUp(c, view, out, attempts)
	s.directAck(c, view, out)
	s.agree(out, setUpBy(attempts))
	s.end(c, out)
}

// directAck finds an ACK that went straight to the Contact, past the proxies on
// whose hops the INVITE is known: it was filed under the hop of its sender.
func (s *snapshot) directAck(c *call, view *subject, out *Call) {
	if out.Answer == nil || out.Ack != nil {
		return
	}
	cseq, _, _ := out.Answer.CSeq()
	for _, t := range c.txns {
		if t.method == "INVITE" && t.cseq == cseq && t.ack != nil && view.side(t.ack.From, t.ack.To) != None {
			out.Ack = s.copy(t.ack)
			return
		}
	}
}

// view gives the subject, or the caller in its place. A call through a proxy is
// seen on several hops: those that touch the view count.
func (s *snapshot) view(c *call) *subject {
	v, ok := s.views[c]
	if !ok {
		v = s.viewOf(c)
		s.views[c] = v
	}
	return v
}

// touches tells that it is our phone's view, and not a caller's in its place.
func (s *subject) touches() bool { return s.how != "caller" }

func (s *snapshot) viewOf(c *call) *subject {
	for _, t := range c.txns {
		if t.method == "INVITE" && s.subject.side(t.from, t.to) != None {
			return &s.subject
		}
	}
	for _, o := range c.orphans {
		if s.subject.side(o.From, o.To) != None {
			return &s.subject
		}
	}
	caller := &subject{how: "caller"}
	for _, t := range c.txns {
		if t.method == "INVITE" {
			caller.addrs = []netip.AddrPort{t.from}
			caller.peers = []netip.AddrPort{t.to}
			return caller
		}
	}
	if len(c.orphans) > 0 {
		caller.addrs = []netip.AddrPort{c.orphans[0].To}
	}
	return caller
}

// turn makes Out of a transaction's messages agree with its side: also in calls
// that do not touch our phone, and for answers from another port.
func (s *snapshot) turn(t *Transaction, side Direction) {
	t.Request.Out = side == Out
	for _, r := range t.Responses {
		r.Out = side == In
	}
	if t.Ack != nil {
		t.Ack.Out = side == Out
	}
}

// setUpBy chooses the INVITE transaction that decides a call: the first one that
// was answered with a 2xx, else the last one sent.
func setUpBy(attempts []*Transaction) *Transaction {
	for _, t := range attempts {
		if f := t.Final(); f != nil && f.Status < 300 {
			return t
		}
	}
	if len(attempts) == 0 {
		return nil
	}
	return attempts[len(attempts)-1]
}

// setUp fills in how the call was set up.
func (s *snapshot) setUp(c *call, view *subject, out *Call, attempts []*Transaction) {
	var answers []*Message
	if last := setUpBy(attempts); last != nil {
		out.First, out.Invite = attempts[0].Request, last.Request
		out.Direction = In
		if last.Out {
			out.Direction = Out
		}
		answers = last.Responses
		if f := last.Final(); f != nil && f.Status < 300 {
			out.Ack = last.Ack
			if !out.Partial {
				last.Ack = nil
			}
		}
		out.From, out.To = party(out.Invite, "From"), party(out.Invite, "To")
	} else {
		out.Direction = Out
		for _, o := range c.orphans {
			m := s.copy(o)
			side := view.side(o.From, o.To)
			if side == None {
				continue
			}
			m.Out = side == Out
			if len(answers) == 0 {
				out.From, out.To = party(m, "From"), party(m, "To")
				if side == Out {
					out.Direction = In
				}
			}
			answers = append(answers, m)
		}
		slices.SortStableFunc(answers, func(a, b *Message) int { return a.Time.Compare(b.Time) })
	}
	for _, r := range answers {
		switch {
		case r.Status == 100 && out.Trying == nil:
			out.Trying = r
		case r.Status == 180 && out.Ringing == nil:
			out.Ringing = r
		}
		switch {
		case r.Status >= 180 && r.Status <= 183 && out.Progress == nil:
			out.Progress = r
		case r.Status >= 200 && r.Status < 300 && out.Answer == nil:
			out.Answer = r
		}
		if r.Status >= 200 && out.Final == nil {
			out.Final = r
		}
	}
	// A 2xx counts also behind another final answer (forks, a crossed CANCEL).
	if out.Answer != nil {
		out.Final = out.Answer
	}
}

// party gives the user part of From or To, the whole URI without one.
func party(m *Message, header string) string {
	a := m.FromAddr()
	if header == "To" {
		a = m.ToAddr()
	}
	if a.URI.User != "" {
		return a.URI.User
	}
	if a.URI.Raw != "" {
		return a.URI.Shown()
	}
	return m.Get(header)
}

// agree fills in offer and answer (RFC 3264, RFC 6337).
func (s *snapshot) agree(out *Call, last *Transaction) {
	out.Offer = MediaOf(out.Invite)
	late := out.Offer == nil
	var answers []*Message
	if last != nil {
		answers = last.Responses
	} else {
		for _, m := range []*Message{out.Progress, out.Answer} {
			if m != nil {
				answers = append(answers, m)
			}
		}
	}
	for _, r := range answers {
		if r.Status <= 100 || r.Status >= 300 {
			continue
		}
		media := MediaOf(r)
		if media == nil {
			continue
		}
		if r.Status < 200 && out.EarlyMedia == nil {
			out.EarlyMedia = r
		}
		switch {
		case late && out.Offer == nil:
			out.Offer = media
		case late:
		case out.Agreed == nil, out.Answer == nil:
			out.Agreed = media
		case r == out.Answer, r.ToTag() == out.Answer.ToTag() && out.Agreed.Message.Status < 200:
			out.Agreed = media
		}
	}
	if late && out.Offer != nil {
		out.Agreed = MediaOf(out.Ack)
		for _, t := range out.Transactions {
			if media := MediaOf(t.Request); t.Method == "PRACK" && media != nil && out.Agreed == nil {
				out.Agreed = media
			}
		}
	}
	for _, t := range out.Reinvites {
		f := t.Final()
		if f == nil || f.Status >= 300 {
			continue
		}
		media := MediaOf(f)
		if MediaOf(t.Request) == nil {
			media = MediaOf(t.Ack) // a late offer: the ACK answers
		}
		if media != nil {
			out.ByReinvite = media
		}
	}
	switch {
	case out.EarlyMedia != nil:
		out.MediaFrom = out.EarlyMedia.Time
	case out.Answer != nil:
		out.MediaFrom = out.Answer.Time
	}
}

// end sets when the call was over.
func (s *snapshot) end(c *call, out *Call) {
	switch {
	case out.Bye != nil:
		out.Ended = out.Bye.Time
	case out.Answer != nil:
		out.Ended = out.over
	case out.Cancel != nil:
		out.Ended = out.Cancel.Time
	case out.Final != nil:
		out.Ended = out.Final.Time
	default:
		out.Ended = out.over
	}
	if !c.ended.IsZero() && out.Bye == nil && out.Answer != nil {
		out.Ended = c.ended // a BYE that was seen on another hop only
	}
}

// isDTMF knows digits in INFO bodies (application/dtmf-relay, application/dtmf).
func isDTMF(m *Message) bool {
	return strings.HasPrefix(strings.ToLower(m.Get("Content-Type")), "application/dtmf")
}
