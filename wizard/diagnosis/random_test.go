package diagnosis

import (
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/evidence"
)

// TestAnyEvidence: whatever the evidence, with holes anywhere, judging it gives
// every cause exactly one place and never panics; nor does any rule, whose panic
// would be caught and look like "not checked".
func TestAnyEvidence(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(1000) {
		e := randomEvidence(rand.New(rand.NewPCG(seed, 1)))
		checkWhole(t, e)
		for i := range table {
			r := &table[i]
			func() {
				defer func() {
					if p := recover(); p != nil && !seen[r.Cause] {
						seen[r.Cause] = true
						t.Errorf("seed %d: %s panics: %v\n%s", seed, r.Cause, p, debug.Stack())
					}
				}()
				for _, h := range r.Check(e, Dictionary{}) {
					if h.Certainty == 0 {
						continue
					}
					f := Finding{Rule: r, Hit: h}
					for _, text := range []string{r.Title, r.Why, r.Overturn} {
						if _, err := render(text, f.Args); err != nil {
							t.Errorf("seed %d: %s: %v", seed, r.Cause, err)
						}
					}
				}
			}()
		}
	}
}

// TestEveryMoment judges cases in the middle, as a live front end does.
func TestEveryMoment(t *testing.T) {
	for _, dir := range caseFolders(t) {
		records := caseRecords(t, dir)
		var b evidence.Builder
		step := max(700*time.Millisecond, records[len(records)-1].Time().Sub(scriptBegan)/12)
		next := scriptBegan
		for _, r := range records {
			if r.Time().After(next) {
				next = next.Add(step)
				e := b.Evidence()
				checkWhole(t, e)
				d := Of(e, Dictionary{})
				if root := d.Root(); strings.HasPrefix(filepath.Base(dir), "healthy") && root != nil && root.Kind() == Fault {
					t.Errorf("%s: after %s it looks like %s", dir, e.Until.Sub(scriptBegan), root.Rule.Cause)
				}
			}
			b.Add(r)
		}
	}
}

func checkWhole(t *testing.T, e *evidence.Evidence) {
	t.Helper()
	d := Of(e, Dictionary{Provider: "x", Meanings: []Meaning{{Text: "a", Cause: "call-refused"}}})
	count := map[string]int{}
	for _, list := range [][]string{d.Clear, d.Unchecked} {
		for _, c := range list {
			count[c]++
		}
	}
	found := map[string]bool{}
	symptoms := false
	for _, f := range d.Findings {
		found[f.Rule.Cause] = true
		symptoms = symptoms || f.Symptom
		if f.Title == "" || f.Why == "" {
			t.Errorf("%s has no text", f.Rule.Cause)
		}
	}
	if symptoms && d.Root() == nil {
		t.Error("symptoms without a root")
	}
	for i := range table {
		c := table[i].Cause
		if found[c] == (count[c] > 0) || count[c] > 1 {
			t.Errorf("%s: found %v, in %d lists", c, found[c], count[c])
		}
	}
}

// TestPureJudgement: the same evidence gives the same diagnosis and stays as it was.
func TestPureJudgement(t *testing.T) {
	for _, dir := range caseFolders(t) {
		e, again := readCase(t, dir), readCase(t, dir)
		first := Of(e, Dictionary{})
		if second := Of(e, Dictionary{}); describe(first) != describe(second) || !slices.Equal(first.Clear, second.Clear) {
			t.Errorf("%s: judged twice, two diagnoses", dir)
		}
		if !reflect.DeepEqual(e, again) {
			t.Errorf("%s: judging changed the evidence", dir)
		}
	}
}

func randomEvidence(r *rand.Rand) *evidence.Evidence {
	g := generator{r}
	e := &evidence.Evidence{Have: evidence.Kinds(r.Uint64()), Began: g.time(), Until: g.time(), Situation: g.pick("", "no-ringback", "one-way-audio", "no-incoming", "dtmf", "quality")}
	if g.yes() {
		e.Have = ^evidence.Kinds(0)
	}
	e.Answers = map[string]evidence.Answer{}
	for _, k := range []string{"heard", "they_hear", "heard_ringing", "caller_hears", "internal_rings", "symptom", "usual_fails"} {
		if g.yes() {
			e.Answers[k] = evidence.Answer{N: r.IntN(9), Value: g.pick("yes", "no", "unsure", "voicemail", "not-in-service", "muffled", "ringing", "words-cut", "echo-here", "echo-there", "choppy")}
		}
	}
	for range r.IntN(4) {
		reg := &evidence.Registration{AOR: g.pick("me@example.net", "x@y", ""), Out: g.yes()}
		for range 1 + r.IntN(4) {
			reg.Transactions = append(reg.Transactions, g.transaction("REGISTER"))
		}
		e.Registrations = append(e.Registrations, reg)
	}
	for range r.IntN(3) {
		e.Options = append(e.Options, g.transaction("OPTIONS"))
		e.OptionsIn = append(e.OptionsIn, g.transaction("OPTIONS"))
	}
	for range r.IntN(5) {
		c := g.call()
		e.Calls = append(e.Calls, c)
		e.Streams = append(e.Streams, c.Streams...)
	}
	for range r.IntN(4) {
		e.ICMP = append(e.ICMP, evidence.Unreachable{N: r.IntN(9), Time: g.time(), Last: g.time(), Count: r.IntN(5), Target: g.addr(),
			Reason: g.pick("port unreachable", "host unreachable", "connection refused", "operation not permitted", "packet too big")})
		e.Phone = append(e.Phone, evidence.Event{N: r.IntN(9), Time: g.time(), Key: g.pick(capture.PhoneLookup, capture.PhoneGaveUp, capture.PhoneDigest, capture.PhoneUnreachable),
			Text: g.pick("", "a", "x -> failed:", "x -> failed: no in 3ms", "x -> 1.2.3.4 in 9s", "REGISTER id1", "id1 algorithm=x", "->")})
	}
	for range r.IntN(4) {
		c := evidence.Connection{N: r.IntN(9), Time: g.time(), Net: capture.Net(g.IntN(5)), Addr: g.addr(), Failed: g.pick("", "", "timeout", "connection refused", "network is unreachable")}
		if g.yes() {
			c.TLS = &evidence.Handshake{Name: g.pick("", "x"), ClientCert: g.yes()}
			for range g.IntN(3) {
				c.TLS.Faults = append(c.TLS.Faults, g.pick("name-mismatch", "expired", "not-yet-valid", "chain-expired", "self-signed", "unknown-authority", "wrong-usage",
					"no-certificate", "protocol-version", "not-tls", "closed", "reset", "timeout", "client-certificate", "refused: handshake failure", "refused: x", "invalid: y", "failed: z", ""))
				c.TLS.Chain = append(c.TLS.Chain, evidence.Certificate{N: r.IntN(9), From: g.time(), Until: g.time()})
			}
		}
		if g.yes() {
			c.Closed = &evidence.Closing{N: r.IntN(9), Time: g.time(), Reason: g.pick("", "timeout", "connection reset", "closed by the other side"), After: time.Duration(g.Int64N(1e11))}
		}
		e.Connections = append(e.Connections, c)
		e.Fallbacks = append(e.Fallbacks, evidence.Fallback{N: r.IntN(9), Time: g.time(), Net: capture.Net(g.IntN(5)), From: g.addr(), Instead: capture.Net(g.IntN(5)), To: g.addr()})
	}
	for _, key := range []string{capture.ProbeNATMapping, capture.ProbeNATFiltering, capture.ProbeNATLifetime, capture.ProbeWANAddress, capture.ProbeHairpin, capture.ProbeCaptivePortal,
		capture.ProbeLoadDelay, capture.ProbeFragments, capture.SoundMicrophone, capture.SoundSpeaker, capture.SoundMicLevel, capture.SoundTone, capture.SoundEcho, capture.SoundLoop, capture.SoundClock, capture.SoundClicks} {
		if g.yes() {
			e.Probes = append(e.Probes, evidence.Probe{N: r.IntN(99), Name: key, Result: g.pick("yes", "no", "not-checked", ""),
				Detail: g.pick("", "lives=30s keepalive=-1s", "mapped=1.2.3.4:5 other=x wan=100.64.0.1", "idle=1ms loaded=2s", `reason="" device="`, "level=-20 delay=200ms skew=90ms constant=yes", "level=1e400 delay=9e9h count=7 size=1 way=out")})
		}
	}
	for _, key := range []string{capture.ProbeUDP, capture.ProbeUDPPort, capture.ProbeTCP, capture.ProbeTLS, capture.ProbeCertificate, capture.ProbeTLSVersions, capture.ProbeClock,
		capture.ProbeSizeUDP, capture.ProbeSizeTCP, capture.ProbeDNS, capture.ProbeServerPath, capture.ProbeInternet} {
		if g.yes() {
			detail := "server=" + g.addr().String()
			for range g.IntN(5) {
				detail += g.pick("", " wanted=yes", " wanted=usual", " reason=silent waited=4.5s", " reason=refused", " reason=garbage", " reason=denied", " reason=reset", " open=yes", " usual=x",
					` faults="expired, x"`, " faults=not-yet-valid tls-here=early tls-there=fits", ` takes="TLS 1.0"`, " off=-9000h server=2026-01-01T00:00:00Z", " largest=1e9 failed=-3 above=0x7 invite=NaN",
					" largest=1000 failed=1200", " srv-udp=0 srv-tls=2", " reached=1.2.3.4 hops=1e99", ` subject="`, " until=2020-01-01T00:00:00Z")
			}
			e.Probes = append(e.Probes, evidence.Probe{N: 1 + r.IntN(99), Time: g.time(), Name: key, Result: g.pick("yes", "no", "not-checked"), Detail: detail})
		}
	}
	for range r.IntN(3) {
		e.Holes = append(e.Holes, evidence.Hole{After: r.IntN(9), Before: r.IntN(9), From: g.time(), Until: g.time()})
	}
	e.Fragments = r.IntN(3)
	for range r.IntN(6) {
		e.Messages = append(e.Messages, g.message("INVITE", r.IntN(700)))
	}
	return e
}

// generator makes evidence with holes.
type generator struct{ *rand.Rand }

func (g generator) yes() bool { return g.IntN(2) == 0 }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) time() time.Time {
	if g.IntN(9) == 0 {
		return time.Time{}
	}
	return scriptBegan.Add(time.Duration(g.IntN(100_000)) * time.Millisecond)
}

func (g generator) addr() netip.AddrPort {
	return []netip.AddrPort{{}, netip.MustParseAddrPort("10.0.0.1:5060"), netip.MustParseAddrPort("198.51.100.4:8000"), netip.MustParseAddrPort("[2001:db8::1]:5060"), netip.MustParseAddrPort("127.0.0.1:0")}[g.IntN(5)]
}

func (g generator) message(method string, code int) *evidence.Message {
	if g.IntN(12) == 0 {
		return nil
	}
	m := &evidence.Message{N: g.IntN(99), Time: g.time(), Net: capture.Net(g.IntN(5)), From: g.addr(), To: g.addr(), Out: g.yes(), Size: g.IntN(2000)}
	if g.IntN(20) == 0 {
		return m // a message that nobody could read
	}
	m.Message = &sipmsg.Message{Method: method, URI: g.pick("", "sip:200@example.net", "tel:+49", "garbage<>")}
	if code >= 100 {
		m.Message = &sipmsg.Message{Status: code, Reason: g.pick("", "Busy", "insufficient balance", "not local", "codec", "Stale Date")}
	}
	for _, h := range []sipmsg.Header{
		{Name: "Via", Value: "SIP/2.0/UDP 10.0.0.7:5070;branch=z9;rport=7;received=198.51.100.4"}, {Name: "Via", Value: ";;"},
		{Name: "From", Value: "<sip:me@example.net>;tag=1"}, {Name: "To", Value: "<sip:>"}, {Name: "Call-ID", Value: "id1"}, {Name: "CSeq", Value: "1 " + method},
		{Name: "Contact", Value: "<sip:me@10.0.0.7:5070>;expires=0"}, {Name: "Contact", Value: "*"}, {Name: "Expires", Value: "300"}, {Name: "Retry-After", Value: "5"},
		{Name: "Reason", Value: "Q.850;cause=17"}, {Name: "Reason", Value: "SIP;cause=200"}, {Name: "Warning", Value: `305 x "y"`}, {Name: "Min-SE", Value: "-"},
		{Name: "WWW-Authenticate", Value: `Digest realm="a", nonce="b"`}, {Name: "Proxy-Authorization", Value: `Digest realm="a", nonce="c"`}, {Name: "Date", Value: "yesterday"},
		{Name: "Session-Expires", Value: "90"}, {Name: "Require", Value: "100rel"},
	} {
		if g.IntN(3) == 0 {
			m.Headers = append(m.Headers, h)
		}
	}
	if g.IntN(3) == 0 {
		m.Headers = append(m.Headers, sipmsg.Header{Name: "Content-Type", Value: "application/sdp"})
		m.Body = []byte(g.pick("v=0\r\nc=IN IP4 10.0.0.7\r\nm=audio 4000 RTP/AVP 0\r\n", "v=0\r\nm=audio 0 RTP/SAVP 97\r\n", "m=", "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 1 RTP/AVP 8\r\na=sendonly\r\n"))
	}
	for range g.IntN(5) {
		m.Copies = append(m.Copies, evidence.Copy{N: g.IntN(99), Time: g.time()})
	}
	return m
}

func (g generator) transaction(method string) *evidence.Transaction {
	t := &evidence.Transaction{Method: method, Out: g.yes(), Request: g.message(method, 0), Ack: g.message("ACK", 0)}
	if t.Request == nil || t.Request.Message == nil {
		t.Request = &evidence.Message{Message: &sipmsg.Message{Method: method}}
	}
	for range g.IntN(3) {
		code := []int{100, 180, 183, 200, 302, 401, 403, 404, 407, 408, 423, 480, 481, 486, 487, 488, 494, 500, 503, 603, 608, 699}[g.IntN(22)]
		if m := g.message(method, code); m != nil && m.Message != nil {
			t.Responses = append(t.Responses, m)
		}
	}
	return t
}

func (g generator) media() *evidence.Media {
	if g.IntN(3) == 0 {
		return nil
	}
	return &evidence.Media{Message: g.message("INVITE", 0), Local: g.yes(), Addr: g.pick("", "0.0.0.0", "10.0.0.7", "198.51.100.4", "2001:db8::1", "name"), Port: g.IntN(2) * 4000,
		Direction: g.pick("", "sendrecv", "sendonly", "recvonly", "inactive"), Codecs: []evidence.Codec{{Name: g.pick("", "PCMU")}}}
}

func (g generator) stream() *evidence.Stream {
	s := &evidence.Stream{From: g.addr(), To: g.addr(), SSRC: g.Uint32N(4), Direction: evidence.Direction(g.IntN(3)), First: g.time(), Last: g.time(),
		Packets: g.Uint64N(600), Expected: g.Uint64N(700), Lost: g.Uint64N(200), Late: g.Uint64N(50), Duplicate: g.Uint64N(50), Reordered: g.Uint64N(50), Unknown: g.Uint64N(400),
		Early: g.Uint64N(300), Spurts: g.Uint64N(40), Skew: time.Duration(g.Int64N(4e8) - 2e8), SkewOver: time.Duration(g.Int64N(2) * 3e10), Jitter: time.Duration(g.Int64N(1e8)), LongestGap: time.Duration(g.Int64N(1e9)), LongestGapN: g.IntN(9), LossBurst: g.Uint64N(30),
		SendSD: time.Duration(g.Int64N(3e7)), RTT: time.Duration(g.Int64N(2e9)), FirstN: 1 + g.IntN(90),
		Level:      evidence.Level{Known: g.yes(), DBFS: -g.Float64() * 100, Peak: -g.Float64() * 60, Constant: g.yes(), Clipped: g.Uint64N(5000), Samples: g.Uint64N(9000)},
		EarlyLevel: evidence.Level{Known: g.yes(), DBFS: -g.Float64() * 100, Constant: g.yes()}}
	for range g.IntN(4) {
		s.Reported = append(s.Reported, evidence.ReceiverReport{N: g.IntN(99), Time: g.time(), FractionLost: uint8(g.IntN(256)), Lost: int32(g.IntN(200) - 50), Highest: g.Uint32N(3)})
		s.Sender = append(s.Sender, evidence.SenderReport{N: g.IntN(99), Time: g.time(), Packets: g.Uint32N(3)})
	}
	if g.yes() && len(s.Reported) > 0 {
		s.PeerSays = &s.Reported[len(s.Reported)-1]
	}
	return s
}

func (g generator) call() *evidence.Call {
	c := &evidence.Call{ID: g.pick("id1", "id2", ""), Direction: evidence.Direction(g.IntN(4)), To: g.pick("", "200", "+4930123456"), From: g.pick("", "me"),
		Invite: g.message("INVITE", 0), First: g.message("INVITE", 0), Cancel: g.message("CANCEL", 0), Bye: g.message("BYE", 0), ByeOut: g.yes(),
		Trying: g.message("INVITE", 100), Ack: g.message("ACK", 0), Ended: g.time(), RTCPBye: g.yes(), Partial: g.IntN(8) == 0,
		Offer: g.media(), Agreed: g.media(), ByReinvite: g.media()}
	if g.yes() {
		c.Ringing = g.message("INVITE", 180)
		c.Progress = c.Ringing
	}
	if g.yes() {
		c.EarlyMedia = g.message("INVITE", 183)
		c.Progress = c.EarlyMedia
	}
	if g.yes() {
		c.Answer = g.message("INVITE", 200)
		c.Final = c.Answer
	} else if g.yes() {
		c.Final = g.message("INVITE", 300+g.IntN(400))
	}
	if g.yes() {
		c.Cancel = nil
	}
	for range g.IntN(4) {
		t := g.transaction(g.pick("INVITE", "INVITE", "PRACK", "BYE"))
		c.Transactions = append(c.Transactions, t)
		if g.yes() && t.Method == "INVITE" {
			c.Reinvites = append(c.Reinvites, t)
		}
	}
	for range g.IntN(4) {
		c.Streams = append(c.Streams, g.stream())
	}
	for range g.IntN(4) {
		c.Reports = append(c.Reports, &evidence.Report{N: 1 + g.IntN(99), Time: g.time(), Out: g.yes(), Sender: g.yes(), Bye: g.yes()})
		c.PeerSenders = append(c.PeerSenders, evidence.SenderReport{N: 1 + g.IntN(99), Time: g.time(), Packets: g.Uint32N(3)})
	}
	return c
}
