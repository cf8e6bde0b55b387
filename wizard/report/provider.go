package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

// ForProvider is a text that can be sent to the provider's support as it is: what an
// operator needs to find the call or the sign-in in its own records (time in UTC,
// Call-ID, addresses and ports, answers, counts), and what it is asked to do. It is ""
// where nothing was sent to a server, or nothing received from one.
func (r *Report) ForProvider() string {
	var parts []string
	root := r.Root()
	for _, g := range r.registrationsToTell(root) {
		parts = append(parts, tellRegistration(g))
	}
	for _, c := range r.callsToTell(root) {
		parts = append(parts, tellCall(c))
	}
	if len(parts) == 0 {
		return ""
	}
	if root != nil {
		parts = append(parts, fmt.Sprintf("What we found (%s): %s", root.Certainty, strings.Join(strings.Fields(root.Title+" "+root.Why), " ")))
		var ask []string
		for _, x := range root.Fix {
			if x.For == diagnosis.ForProvider {
				ask = append(ask, x.Text)
			}
		}
		if len(ask) > 0 {
			parts = append(parts, "We ask you: "+strings.Join(ask, " "))
		}
	}
	return strings.Join(parts, "\n\n")
}

// callsToTell are the calls that the verdict is about, else the last one that reached
// a server; three at most.
func (r *Report) callsToTell(root *diagnosis.Finding) []*evidence.Call {
	if root != nil && root.CallID != "" {
		for _, c := range r.Evidence.Calls {
			if c.ID == root.CallID {
				return []*evidence.Call{c}
			}
		}
	}
	if root != nil {
		var cited []*evidence.Call
		for _, c := range r.Evidence.Calls {
			if slices.ContainsFunc(root.Cites, func(x diagnosis.Cite) bool { return within(c, x.N) }) {
				cited = append(cited, c)
			}
		}
		if len(cited) > 0 {
			return cited[:min(3, len(cited))]
		}
	}
	if n := len(r.Evidence.Calls); n > 0 {
		return r.Evidence.Calls[n-1:]
	}
	return nil
}

// within tells whether a record is a message of a call.
func within(c *evidence.Call, n int) bool {
	for _, t := range c.Transactions {
		if t.Request != nil && is(t.Request, n) || slices.ContainsFunc(t.Responses, func(m *evidence.Message) bool { return is(m, n) }) {
			return true
		}
	}
	return c.Ack != nil && is(c.Ack, n)
}

func is(m *evidence.Message, n int) bool {
	return m.N == n || slices.ContainsFunc(m.Copies, func(c evidence.Copy) bool { return c.N == n })
}

// registrationsToTell are those that the verdict is about; without a call, the last.
func (r *Report) registrationsToTell(root *diagnosis.Finding) []*evidence.Registration {
	var list []*evidence.Registration
	for _, g := range r.Evidence.Registrations {
		cited := false
		for _, t := range g.Transactions {
			cited = cited || root != nil && slices.ContainsFunc(root.Cites, func(x diagnosis.Cite) bool {
				return is(t.Request, x.N) || slices.ContainsFunc(t.Responses, func(m *evidence.Message) bool { return is(m, x.N) })
			})
		}
		if cited {
			list = append(list, g)
		}
	}
	if n := len(r.Evidence.Registrations); len(list) == 0 && n > 0 && len(r.Evidence.Calls) == 0 {
		list = r.Evidence.Registrations[n-1:]
	}
	return list[:min(3, len(list))]
}

// stamp is a moment as operators log it, to the millisecond.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05.000") + " UTC"
}

func tellRegistration(g *evidence.Registration) string {
	first := g.Transactions[0].Request
	var b strings.Builder
	fmt.Fprintf(&b, "Sign-in of %s at %s: REGISTER from %s to %s over %s, Call-ID %s.", g.AOR, stamp(first.Time), first.From, first.To, first.Net, g.CallID)
	for _, t := range g.Transactions {
		b.WriteString(" " + tellAnswers(t, first.Time))
	}
	return b.String()
}

// tellAnswers says what came back to a request and when, counted from a moment.
func tellAnswers(t *evidence.Transaction, since time.Time) string {
	sent := "once"
	if n := len(t.Request.Copies) + 1; n > 1 {
		sent = fmt.Sprintf("%d times", n)
	}
	n, _, _ := t.Request.CSeq()
	text := fmt.Sprintf("%s (CSeq %d), sent %s", t.Method, n, sent)
	if t.Authorized() {
		text += " with credentials"
	}
	if len(t.Responses) == 0 {
		return text + ": no answer."
	}
	var answers []string
	for _, m := range t.Responses {
		a := fmt.Sprintf("%d %s after %s", m.Status, m.Reason, short(m.Time.Sub(since)))
		if k := len(m.Copies); k > 0 {
			a += fmt.Sprintf(" (and %d more times)", k)
		}
		answers = append(answers, a)
	}
	return text + ": " + strings.Join(answers, ", ") + "."
}

func tellCall(c *evidence.Call) string {
	var b strings.Builder
	direction := "out"
	if c.Direction == evidence.In {
		direction = "in"
	}
	fmt.Fprintf(&b, "Call %s from %s to %s at %s, Call-ID %s", direction, c.From, c.To, stamp(Began(c)), c.ID)
	if c.First != nil {
		fmt.Fprintf(&b, ": INVITE from %s to %s over %s", c.First.From, c.First.To, c.First.Net)
	}
	b.WriteString(".")
	for _, t := range c.Transactions {
		if t.Method == "INVITE" {
			b.WriteString(" " + tellAnswers(t, Began(c)))
		}
	}
	switch {
	case c.Bye != nil:
		by := "the other side"
		if c.ByeOut {
			by = "us"
		}
		fmt.Fprintf(&b, " BYE from %s at %s, %s after the answer.", by, stamp(c.Bye.Time), short(c.Duration()))
	case c.Cancel != nil:
		fmt.Fprintf(&b, " CANCEL at %s.", stamp(c.Cancel.Time))
	}
	if c.Answer != nil && c.Ack == nil {
		b.WriteString(" No ACK was seen.")
	}
	for _, s := range c.Streams {
		b.WriteString(" " + tellStream(s))
	}
	if c.Answer != nil && len(c.Streams) == 0 {
		b.WriteString(" No RTP was seen in either direction.")
	}
	return b.String()
}

func tellStream(s *evidence.Stream) string {
	codec := s.Codec.Name
	if codec == "" {
		codec = fmt.Sprintf("payload type %d", s.Codec.PayloadType)
	}
	text := fmt.Sprintf("RTP %s from %s to %s (SSRC 0x%08x, %s): %d packets, %d of %d lost", s.Direction, s.From, s.To, s.SSRC, codec, s.Packets, s.Lost, s.Expected)
	if !s.Untimed && s.Packets > 1 {
		text += fmt.Sprintf(", jitter %.1f ms", s.Jitter.Seconds()*1000)
	}
	if p := s.PeerSays; p != nil {
		text += fmt.Sprintf("; the receiver reports %d lost", p.Lost)
	}
	return text + "."
}
