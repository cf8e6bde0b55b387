package diagnosis

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// Limits that several rules share; those of sound stand in thresholds.go.
const (
	settled    = time.Second      // after it a missing next message counts as missing
	silence    = 3 * time.Second  // of unanswered copies: likely lost
	timerB     = 31 * time.Second // 64*T1 less tolerance (RFC 3261 17.1.1.2): given up for good
	soundAfter = 2 * time.Second  // an answered call without sound for that long is silent
)

type args = map[string]any

// notTold is the one hit that says: there was no way to tell.
func notTold() []Hit { return []Hit{{}} }

// cite names a message as proof; nil is left out by cites.
func cite(m *evidence.Message, label string) Cite {
	if m == nil {
		return Cite{}
	}
	return Cite{N: m.N, Label: label}
}

// cites drops what names nothing.
func cites(list ...Cite) []Cite {
	var out []Cite
	for _, c := range list {
		if c.Label != "" {
			out = append(out, c)
		}
	}
	return out
}

// copiesOf cites up to two repetitions of a message.
func copiesOf(m *evidence.Message, label string) []Cite {
	var out []Cite
	if m == nil {
		return nil
	}
	for i, c := range m.Copies {
		if i == 0 || i == len(m.Copies)-1 {
			out = append(out, Cite{N: c.N, Label: label})
		}
	}
	return out
}

// said tells what a person answered; the cite for it comes from answered.
func said(e *evidence.Evidence, key, value string) bool {
	a, ok := e.Answers[key]
	return ok && a.Value == value
}

func answered(e *evidence.Evidence, key, label string) Cite {
	a, ok := e.Answers[key]
	if !ok {
		return Cite{}
	}
	return Cite{N: a.N, Label: label}
}

// has is Message.Message being there at all: hand-made evidence may lack it.
func has(m *evidence.Message) bool { return m != nil && m.Message != nil }

// status of an answer, 0 without one.
func status(m *evidence.Message) int {
	if !has(m) {
		return 0
	}
	return m.Status
}

// outCalls are the calls that our phone made, with a readable INVITE.
func outCalls(e *evidence.Evidence) []*evidence.Call { return calls(e, evidence.Out) }

// inCalls are the calls that came to our phone.
func inCalls(e *evidence.Evidence) []*evidence.Call { return calls(e, evidence.In) }

func calls(e *evidence.Evidence, dir evidence.Direction) []*evidence.Call {
	var out []*evidence.Call
	for _, c := range e.Calls {
		if c.Direction == dir && has(c.Invite) && !c.Partial {
			out = append(out, c)
		}
	}
	return out
}

// first is the moment a call began.
func first(c *evidence.Call) *evidence.Message {
	if has(c.First) {
		return c.First
	}
	return c.Invite
}

// end is when the call stopped, or the end of what was seen.
func end(e *evidence.Evidence, c *evidence.Call) time.Time {
	if c.Ended.IsZero() || c.Ended.After(e.Until) && !e.Until.IsZero() {
		return e.Until
	}
	return c.Ended
}

// up is how long the call was answered so far, 0 when never.
func up(e *evidence.Evidence, c *evidence.Call) time.Duration {
	if c.Answer == nil {
		return 0
	}
	return max(0, end(e, c).Sub(c.Answer.Time))
}

func callStreams(c *evidence.Call) []*evidence.Stream {
	list := c.Streams
	if len(list) == 0 {
		list = []*evidence.Stream{c.In, c.Out}
	}
	var out []*evidence.Stream
	for _, s := range list {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

// streams gives the call's streams of one direction that carried packets.
func streams(c *evidence.Call, dir evidence.Direction) []*evidence.Stream {
	var out []*evidence.Stream
	for _, s := range callStreams(c) {
		if s.Direction == dir && s.Packets+s.Unknown+s.Events > 0 {
			out = append(out, s)
		}
	}
	return out
}

// lastPacket is when the last sound of a direction passed, zero when none did.
func lastPacket(c *evidence.Call, dir evidence.Direction) time.Time {
	var last time.Time
	for _, s := range streams(c, dir) {
		if s.Last.After(last) {
			last = s.Last
		}
	}
	return last
}

// main streams, nil when they carried nothing.
func mainIn(c *evidence.Call) *evidence.Stream { return busiest(c, evidence.In) }

func mainOut(c *evidence.Call) *evidence.Stream { return busiest(c, evidence.Out) }

func busiest(c *evidence.Call, dir evidence.Direction) *evidence.Stream {
	var best *evidence.Stream
	for _, s := range streams(c, dir) {
		if best == nil || s.Packets > best.Packets {
			best = s
		}
	}
	return best
}

// mediaVisible tells whether this evidence can show sound at all: our own phone
// sees all its packets, a capture only when there is some RTP or RTCP in it.
func mediaVisible(e *evidence.Evidence) bool {
	if e.Have.Has(evidence.HaveLive) || len(e.Streams) > 0 {
		return true
	}
	for _, c := range e.Calls {
		if len(c.Reports) > 0 || len(callStreams(c)) > 0 {
			return true
		}
	}
	return false
}

// visibleIn is mediaVisible for one call: in a capture some sound or report of
// this very call has to be seen before its silence means anything.
func visibleIn(e *evidence.Evidence, c *evidence.Call) bool {
	return e.Have.Has(evidence.HaveLive) || len(callStreams(c)) > 0 || len(c.Reports) > 0 || len(c.PeerSenders) > 0
}

// proxied tells that what looks like our phone only passes a call on: the sound
// runs past it, between others.
func proxied(c *evidence.Call) bool {
	m := c.Invite
	if c.Direction == evidence.In {
		m = c.Answer
	} else if len(m.Vias()) > 1 {
		return true
	}
	ours := localMedia(c)
	if !has(m) || ours == nil {
		return false
	}
	// A phone that knows its public address writes that one; its sound still leaves here.
	if slices.ContainsFunc(streams(c, evidence.Out), func(s *evidence.Stream) bool { return s.From.Addr().Unmap() == ourAddress(c) }) {
		return false
	}
	for _, contact := range m.Contacts() {
		at := host(contact.URI.Host)
		if at.IsValid() && at != ourAddress(c) && at == host(ours.Addr) {
			return true
		}
	}
	return false
}

// peerReceives tells that the receiver's reports show our packets arriving.
func peerReceives(s *evidence.Stream) bool {
	if n := len(s.Reported); n >= 2 {
		a, b := s.Reported[n-2], s.Reported[n-1]
		return b.Highest != a.Highest && b.FractionLost < 230
	}
	return s.PeerSays != nil && s.PeerSays.Highest != 0 && s.PeerSays.FractionLost < 230 &&
		int64(s.PeerSays.Lost)*10 < int64(s.Expected)*9
}

// onHold tells who keeps an agreed description from being two-way: "other" when
// the other side only sends or nothing flows, "here" when our own phone does, ""
// when sound may flow both ways.
func onHold(m *evidence.Media) string {
	switch {
	case m == nil:
		return ""
	case m.Local && m.Direction == "sendonly", !m.Local && m.Direction == "recvonly":
		return "here"
	case m.Local && m.Direction == "recvonly", !m.Local && m.Direction == "sendonly", m.Direction == "inactive":
		return "other"
	case !m.Local && (m.Addr == "0.0.0.0" || m.Port == 0):
		return "other"
	}
	return ""
}

// holdOf tells who put a call on hold last, with the message that did it; "" when
// sound may flow both ways. A hold of the old kind (0.0.0.0) stands in the offer
// only, so both sides of the last change are read.
func holdOf(c *evidence.Call) (who string, by *evidence.Message, word string) {
	for i := len(c.Reinvites) - 1; i >= 0; i-- {
		t := c.Reinvites[i]
		m := t.Final()
		if code := status(m); code < 200 || code > 299 {
			continue
		}
		for j, x := range []*evidence.Message{t.Request, m} {
			a := audioOf(x)
			if a == nil {
				continue
			}
			local := t.Out == (j == 0)
			if who := onHold(&evidence.Media{Local: local, Addr: a.Connection, Port: a.Port, Direction: a.Direction}); who != "" {
				return who, x, holdWord(a.Connection, a.Port, a.Direction)
			}
		}
		break
	}
	if m := c.ByReinvite; m != nil {
		return onHold(m), m.Message, holdWord(m.Addr, m.Port, m.Direction)
	}
	return "", nil, ""
}

func holdWord(addr string, port int, direction string) string {
	switch {
	case addr == "0.0.0.0":
		return "no address to send to"
	case port == 0:
		return "the sound is switched off"
	}
	return map[string]string{"sendonly": "one side only sends", "recvonly": "one side only listens", "inactive": "nothing goes either way"}[direction]
}

// onHoldNow tells that a change in mid-call put the call on hold.
func onHoldNow(c *evidence.Call) bool {
	who, _, _ := holdOf(c)
	return who != ""
}

// remoteMedia is the other side's latest audio description, nil when unknown.
func remoteMedia(c *evidence.Call) *evidence.Media { return sideMedia(c, false) }

// localMedia is our phone's latest audio description.
func localMedia(c *evidence.Call) *evidence.Media { return sideMedia(c, true) }

func sideMedia(c *evidence.Call, local bool) *evidence.Media {
	for _, m := range []*evidence.Media{c.ByReinvite, c.Agreed, c.Offer} {
		if m != nil && m.Local == local {
			return m
		}
	}
	return nil
}

// audioOf reads the first audio block of a message's SDP, whatever its port.
func audioOf(m *evidence.Message) *sipmsg.Media {
	if !has(m) || len(m.Body) == 0 || !bytes.Contains(m.Body, []byte("m=")) {
		return nil
	}
	sdp := m.SDP()
	if sdp == nil {
		return nil
	}
	for i := range sdp.Media {
		if sdp.Media[i].Type == "audio" {
			return &sdp.Media[i]
		}
	}
	return nil
}

// pending tells how long a request has gone without any answer, 0 when it was
// answered. Over UDP at least one copy, or the phone's own word that it gave up,
// has to stand beside it: else the phone itself stopped trying.
func pending(e *evidence.Evidence, t *evidence.Transaction) time.Duration {
	if t == nil || !has(t.Request) || len(t.Responses) > 0 {
		return 0
	}
	if overUDP(t.Request) && len(t.Request.Copies) == 0 && !gaveUp(e, t) {
		return 0
	}
	return max(0, e.Until.Sub(t.Request.Time))
}

// gaveUp tells that the test phone noted that it stopped waiting for an answer.
func gaveUp(e *evidence.Evidence, t *evidence.Transaction) bool {
	want := t.Method + " " + t.Request.CallID()
	for _, ev := range e.Phone {
		if ev.Key == phoneGaveUp && ev.Text == want && !ev.Time.Before(t.Request.Time) {
			return true
		}
	}
	return false
}

// sure grades silence: likely from its first repetitions, confirmed when the
// transaction ran out.
func sure(waited time.Duration) Certainty {
	if waited >= timerB {
		return Confirmed
	}
	return Likely
}

// dialled is whom a call was for, as it was dialled.
func dialled(c *evidence.Call) string {
	if c.To != "" {
		return c.To
	}
	if has(c.Invite) {
		return c.Invite.URI
	}
	return "the other side"
}

// heardAt tells that our phone really uses an address for sound.
func heardAt(c *evidence.Call, a netip.Addr) bool {
	for _, s := range callStreams(c) {
		if s.Direction == evidence.Out && s.From.Addr().Unmap() == a || s.Direction == evidence.In && s.To.Addr().Unmap() == a {
			return true
		}
	}
	return false
}

// count writes a number with thin groups of three: "12 345".
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
