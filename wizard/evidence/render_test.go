package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// describeEvidence renders what matters of evidence, for comparison.
func describeEvidence(ev *Evidence) string {
	var w strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	p("subject %s %s", ev.Subject.Addr, ev.Subject.How)
	p("have %s", kindNames(ev.Have))
	p("messages %d", len(ev.Messages))
	for _, r := range ev.Registrations {
		p("registration %s out=%v server=%s codes=%v", r.AOR, r.Out, r.Server, r.Codes())
		for _, t := range r.Transactions {
			p("  %s", txLine(t))
		}
	}
	for _, t := range ev.Options {
		p("options %s", txLine(t))
	}
	for _, t := range ev.OptionsIn {
		p("options-in %s", txLine(t))
	}
	for _, t := range ev.Others {
		p("other %s", txLine(t))
	}
	for _, c := range ev.Calls {
		p("call %s %s %s to %s touches=%v partial=%v", c.ID, c.Direction, c.From, c.To, c.Touches, c.Partial)
		for _, f := range []struct {
			name string
			m    *Message
		}{{"first", c.First}, {"invite", c.Invite}, {"trying", c.Trying}, {"ringing", c.Ringing}, {"progress", c.Progress}, {"answer", c.Answer},
			{"final", c.Final}, {"ack", c.Ack}, {"cancel", c.Cancel}, {"bye", c.Bye}, {"early", c.EarlyMedia}} {
			if f.m != nil {
				p("  %s %s", f.name, msgLine(f.m))
			}
		}
		p("  ended %s byeout=%v lasted %s", offset(c.Ended), c.ByeOut, c.Duration())
		for _, t := range c.Transactions {
			p("  tx %s", txLine(t))
		}
		for _, t := range c.OtherHops {
			p("  otherhop %s", txLine(t))
		}
		for _, t := range c.Reinvites {
			p("  reinvite #%d", t.Request.N)
		}
		for _, f := range []struct {
			name string
			m    *Media
		}{{"offer", c.Offer}, {"agreed", c.Agreed}, {"byreinvite", c.ByReinvite}} {
			if f.m != nil {
				p("  %s #%d local=%v %s:%d %s %s codecs=%s", f.name, f.m.Message.N, f.m.Local, f.m.Addr, f.m.Port, f.m.Proto, f.m.Direction, codecNames(f.m.Codecs))
			}
		}
		if c.In != nil {
			p("  in %d", c.In.SSRC)
		}
		if c.Out != nil {
			p("  out %d", c.Out.SSRC)
		}
		for _, r := range c.Reports {
			p("  report #%d out=%v ssrc=%d about=%v sender=%v bye=%v", r.N, r.Out, r.SSRC, r.About, r.Sender, r.Bye)
		}
		for _, r := range c.PeerSenders {
			p("  peersender ssrc=%d packets=%d", r.SSRC, r.Packets)
		}
	}
	for _, s := range ev.Streams {
		p("stream %s>%s ssrc=%d %s call=%q %s/%d", s.From, s.To, s.SSRC, s.Direction, s.CallID, s.Codec.Name, s.Codec.ClockRate)
		p("  packets=%d expected=%d lost=%d dup=%d reordered=%d late=%d early=%d events=%d digits=%q unknown=%d comfort=%d", s.Packets, s.Expected, s.Lost,
			s.Duplicate, s.Reordered, s.Late, s.Early, s.Events, s.Digits, s.Unknown, s.Comfort)
		if s.Level.Known || s.EarlyLevel.Known {
			p("  level known=%v constant=%v early known=%v constant=%v", s.Level.Known, s.Level.Constant, s.EarlyLevel.Known, s.EarlyLevel.Constant)
		}
	}
	for _, u := range ev.ICMP {
		p("icmp %s %s x%d", u.Target, u.Reason, u.Count)
	}
	for _, o := range ev.Odd {
		p("odd #%d x%d %s", o.N, o.Count, o.Text)
	}
	for _, x := range ev.Experiments {
		p("experiment %s %q calls=%d", x.Name, x.Change, len(x.Calls))
	}
	for _, x := range ev.Probes {
		p("probe %s %s %q %s", x.Name, x.Result, x.Detail, x.Took)
	}
	if ev.STUN+ev.KeepAlives > 0 {
		p("stun %d keepalive %d", ev.STUN, ev.KeepAlives)
	}
	return w.String()
}

func offset(t time.Time) string { return t.Sub(began).String() }

func msgLine(m *Message) string {
	what := m.Method
	if m.Status != 0 {
		what = strconv.Itoa(m.Status)
	}
	dir := "in"
	if m.Out {
		dir = "out"
	}
	line := fmt.Sprintf("#%d %s %s %s", m.N, what, dir, offset(m.Time))
	if n := len(m.Copies); n > 0 {
		line += fmt.Sprintf(" +%d to %s", n, offset(m.Last()))
	}
	if m.Twins > 0 {
		line += fmt.Sprintf(" twins=%d", m.Twins)
	}
	return line
}

func txLine(t *Transaction) string {
	line := msgLine(t.Request)
	for _, r := range t.Responses {
		line += fmt.Sprintf(" | %d", r.Status)
		if n := len(r.Copies); n > 0 {
			line += fmt.Sprintf(" +%d", n)
		}
	}
	if t.Ack != nil {
		line += " | ACK"
	}
	return line
}

func codecNames(list []Codec) string {
	var names []string
	for _, c := range list {
		names = append(names, fmt.Sprintf("%d:%s", c.PayloadType, c.Name))
	}
	return strings.Join(names, ",")
}

func kindNames(k Kinds) string {
	names := []string{"registration", "callout", "callin", "ringing", "media", "reports", "levels", "options", "lookup", "live",
		"heardringing", "heard", "theyhear", "sound", "probes", "digits", "callerhears", "symptom", "internalrings", "dtmf"}
	var out []string
	for i, n := range names {
		if k.Has(1 << i) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}
