package report

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

var (
	began  = time.Date(2026, 11, 21, 10, 0, 0, 123456789, time.FixedZone("CET", 3600))
	server = netip.MustParseAddrPort("198.51.100.20:5060")
	phone  = netip.MustParseAddrPort("192.168.1.23:5060")
)

func message(t *testing.T, n int, out bool, at time.Duration, text string) *evidence.Message {
	t.Helper()
	m, err := sipmsg.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n"))
	require.NoError(t, err)
	from, to := phone, server
	if !out {
		from, to = to, from
	}
	return &evidence.Message{N: n, Time: began.Add(at), Net: capture.UDP, From: from, To: to, Out: out, Message: m}
}

func signedIn(t *testing.T) *evidence.Evidence {
	const rest = "Via: SIP/2.0/UDP 192.168.1.23;branch=z9hG4bKa\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: r\nCSeq: 1 REGISTER\nContact: <sip:x1@192.168.1.23:5060>"
	tr := &evidence.Transaction{Method: "REGISTER", Out: true,
		Request:   message(t, 1, true, 0, "REGISTER sip:b SIP/2.0\n"+rest),
		Responses: []*evidence.Message{message(t, 2, false, 40*time.Millisecond, "SIP/2.0 200 OK\n"+rest+";expires=120, <sip:other@10.0.0.1>;expires=60\nExpires: 3600")}}
	return &evidence.Evidence{
		Have: evidence.HaveRegistration, Began: began, Until: began.Add(2 * time.Second),
		Registrations: []*evidence.Registration{{CallID: "r", AOR: "a@b", Server: server, Net: capture.UDP, Out: true, Transactions: []*evidence.Transaction{tr}}},
		Streams:       []*evidence.Stream{{From: server, To: phone, SSRC: 4294967295, Direction: evidence.In, Packets: 1, Expected: 1}},
	}
}

func finding(cause string, kind diagnosis.Kind, symptom bool) diagnosis.Finding {
	return diagnosis.Finding{
		Rule:    &diagnosis.Rule{Cause: cause, Kind: kind, Where: diagnosis.Provider},
		Symptom: symptom,
		Hit:     diagnosis.Hit{Certainty: diagnosis.Likely, Direction: evidence.In, Cites: []diagnosis.Cite{{N: 2, Label: "the answer"}}},
		Title:   "The title of " + cause + ".", Why: "Because of this.", Overturn: "That would.",
		Fix: []diagnosis.Remedy{{For: diagnosis.ForUser, Text: "Do this."}, {For: diagnosis.ForProvider, Text: "Do that."}},
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name     string
		evidence *evidence.Evidence
		findings []diagnosis.Finding
		want     Verdict
		status   int
	}{
		{"a fault", signedIn(t), []diagnosis.Finding{finding("x", diagnosis.Fault, false)}, Problem, 1},
		{"an outcome", signedIn(t), []diagnosis.Finding{finding("x", diagnosis.Outcome, false)}, Outcome, 0},
		{"a hint alone", signedIn(t), []diagnosis.Finding{finding("x", diagnosis.Hint, false)}, Healthy, 0},
		{"nothing wrong", signedIn(t), nil, Healthy, 0},
		{"an answer without its question", &evidence.Evidence{Calls: []*evidence.Call{{Answer: &evidence.Message{}}}}, nil, Inconclusive, 3},
		{"nothing seen", &evidence.Evidence{}, nil, Inconclusive, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New("registration", c.evidence, diagnosis.Diagnosis{Findings: c.findings})
			require.Equal(t, c.want, r.Verdict)
			require.Equal(t, c.status, r.ExitStatus())
			require.NotEmpty(t, r.Headline())
			require.Equal(t, c.want == Problem || c.want == Outcome, r.Root() != nil)
		})
	}
}

// The JSON is a promise to other programs: unknown is null and never 0, lists
// are never null, times are UTC, an SSRC is a number.
func TestDocument(t *testing.T) {
	d := diagnosis.Diagnosis{Findings: []diagnosis.Finding{finding("no-audio-in", diagnosis.Fault, false)}}
	d.Path[0] = diagnosis.Segment{Out: diagnosis.Good, In: diagnosis.Broken}
	b, err := json.Marshal(New("one-way-audio", signedIn(t), d).Document())
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(b, &m))

	require.Equal(t, Schema, m["schema"])
	require.Equal(t, "problem", m["verdict"])
	require.Equal(t, "2026-11-21T09:00:00.123456789Z", m["started"])
	require.Equal(t, 2.0, m["seconds"])
	for _, list := range []string{"findings", "clear", "unchecked", "path", "registrations", "calls", "streams", "probes", "warnings", "own_limits"} {
		require.IsType(t, []any{}, m[list], list)
	}
	f := m["findings"].([]any)[0].(map[string]any)
	for _, key := range []string{"cause", "kind", "where", "direction", "certainty", "symptom", "title", "why", "overturn", "fix", "cites", "args"} {
		require.Contains(t, f, key)
	}
	require.Equal(t, "in", f["direction"])
	require.Equal(t, map[string]any{"n": 2.0, "label": "the answer"}, f["cites"].([]any)[0])

	g := m["registrations"].([]any)[0].(map[string]any)
	require.Equal(t, 120.0, g["granted_s"], "our own contact's expires counts before the Expires header")
	require.Equal(t, 2.0, g["bindings"])
	require.Equal(t, 40.0, g["ms"])

	s := m["streams"].([]any)[0].(map[string]any)
	require.Equal(t, 4294967295.0, s["ssrc"])
	for _, key := range []string{"jitter_ms", "level_dbfs", "rtt_ms", "r_factor", "mos", "quality", "unplayed", "playout_delay_ms", "codec"} {
		require.Contains(t, s, key)
		require.Nil(t, s[key], key)
	}
	require.Equal(t, map[string]any{"from": "microphone", "to": "computer", "out": "good", "in": "broken"}, m["path"].([]any)[0])
}

func TestText(t *testing.T) {
	d := diagnosis.Diagnosis{
		Findings:  []diagnosis.Finding{finding("no-audio-in", diagnosis.Fault, false), finding("jitter-high", diagnosis.Fault, true)},
		Clear:     []string{"codec-mismatch"},
		Unchecked: []string{"microphone-muted-or-denied"},
	}
	r := New("one-way-audio", signedIn(t), d)
	r.Warnings = []string{"The file ends in the middle of a packet."}
	var buf bytes.Buffer
	require.NoError(t, r.Text(&buf, 60))
	text := buf.String()
	last := -1
	for _, part := range []string{"The file ends in the middle", "PROBLEM FOUND, likely", "The title of no-audio-in.", "What to do", "1. Do this.",
		"For the provider", "Why we think so", "the answer (#2)", "Cause: no-audio-in", "Also seen", "a consequence", "Ruled out (1): codec-mismatch", "Not checked (1): microphone"} {
		at := strings.Index(text, part)
		require.Greater(t, at, last, "%q is missing or out of order in\n%s", part, text)
		last = at
	}
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len([]rune(line)), 90)
	}
}

func TestBriefLeavesTheListsOut(t *testing.T) {
	r := New("registration", signedIn(t), diagnosis.Diagnosis{Clear: []string{"codec-mismatch"}, Unchecked: []string{"jitter-high", "loss-in"}})
	var buf bytes.Buffer
	require.NoError(t, r.Brief(&buf, 0))
	require.Contains(t, buf.String(), "Not checked: 2 of the known causes")
	require.NotContains(t, buf.String(), "jitter-high")
}

func TestEveryPlaceAndSituationHasWords(t *testing.T) {
	for _, w := range []diagnosis.Where{diagnosis.SoundDevice, diagnosis.ThisComputer, diagnosis.LocalNetwork, diagnosis.Internet, diagnosis.Provider,
		diagnosis.OtherNetwork, diagnosis.OtherSide, diagnosis.Account, diagnosis.OtherSoftphone, diagnosis.Nowhere} {
		require.NotEqual(t, string(w), PlaceWords(w))
	}
	require.Equal(t, "something-new", SituationWords("something-new"))
	require.True(t, slices.Contains([]string{"a capture file"}, SituationWords("")))
}

// TestRatingIsShown: a rating stands beside its codec, rounded.
func TestRatingIsShown(t *testing.T) {
	s := &evidence.Stream{Direction: evidence.In, Codec: evidence.Codec{Name: "PCMA", ClockRate: 8000}, Packets: 500, Expected: 505, Lost: 5, Unplayed: 7, PlayoutDelay: 31 * time.Millisecond,
		Quality: evidence.Quality{Known: true, R: 83.456, MOS: 4.1478}}
	d := streamDoc(s)
	require.Equal(t, 83.5, *d.RFactor)
	require.Equal(t, 4.15, *d.MOS)
	require.Equal(t, "good", *d.Quality)
	require.EqualValues(t, 7, *d.Unplayed)
	require.Equal(t, 31.0, *d.PlayoutDelayMS)
	e := signedIn(t)
	e.Calls = []*evidence.Call{{ID: "a", Streams: []*evidence.Stream{s}}}
	var buf bytes.Buffer
	require.NoError(t, New("quality", e, diagnosis.Diagnosis{}).Text(&buf, 200))
	require.Contains(t, buf.String(), "good (R 83.5, MOS 4.15 for PCMA)")
	require.Equal(t, "good (MOS 4.15, PCMA)", Tongue{}.stream(d).Quality, "never without its codec")
	// Without a report nobody knows the delay, and no rating is made up.
	s.Quality = evidence.Quality{}
	buf.Reset()
	require.NoError(t, New("quality", e, diagnosis.Diagnosis{}).Text(&buf, 200))
	require.Contains(t, buf.String(), "quality unknown")
	require.NotContains(t, buf.String(), "MOS")
	require.Contains(t, Tongue{}.stream(streamDoc(s)).Quality, "unknown")
}

// TestAnotherPhonesSignIn: what another phone managed is no proof that ours works.
func TestAnotherPhonesSignIn(t *testing.T) {
	request, err := sipmsg.Parse([]byte("REGISTER sip:b SIP/2.0\r\nContact: <sip:a@c>\r\nCSeq: 1 REGISTER\r\n\r\n"))
	require.NoError(t, err)
	for own, want := range map[bool]Verdict{true: Healthy, false: Inconclusive} {
		tr := &evidence.Transaction{Method: "REGISTER", Out: own, Request: &evidence.Message{Message: request}, Responses: []*evidence.Message{{Message: &sipmsg.Message{Status: 200}}}}
		e := &evidence.Evidence{Registrations: []*evidence.Registration{{AOR: "2001@b", Out: own, Transactions: []*evidence.Transaction{tr}}}}
		require.Equal(t, want, New("registration", e, diagnosis.Diagnosis{}).Verdict, "own: %v", own)
	}
}
