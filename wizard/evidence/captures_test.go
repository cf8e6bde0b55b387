package evidence

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
)

// truth is an independent reading of a capture (see the README beside it).
type truth struct {
	Encapsulations []string
	Calls          []struct {
		CallID   string `json:"call_id"`
		Outcome  string
		Requests map[string]int
		Finals   map[string][]any
		Messages int
	}
	Streams []truthStream `json:"rtp_rfc3550"`
}

type truthStream struct {
	Src, Dst                        string
	SPort, DPort                    uint16
	SSRC                            string
	Packets, Expected, Unique, Lost int64
	Duplicates, Reordered           int64
	JitterLast                      *float64 `json:"jitter_last_ms"`
	JitterMax                       *float64 `json:"jitter_max_ms"`
	Markers                         int
	MaxGap                          float64        `json:"max_gap_ms"`
	PayloadTypes                    map[string]int `json:"payload_types"`
}

// sharedCaptures is the folder of real captures beside the project.
func sharedCaptures(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(dir); err != nil {
		if _, err := os.Stat(filepath.Dir(dir)); err == nil && os.Getenv("CI") == "true" {
			t.Fatal("../shared is there but holds no captures to compare")
		}
		t.Skip("../shared/captures is not there: real captures are not compared")
	}
	return dir
}

func readCapture(t *testing.T, path string) *Evidence {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b Builder
	for r, err := range capture.Read(f) {
		if err != nil {
			t.Logf("%s: %v", filepath.Base(path), err)
			break
		}
		b.Add(r)
	}
	return b.Evidence()
}

// Reasons that stand for several files.
const (
	quoted = "is wrong: counts a packet that an ICMP error quotes as a duplicate; nobody sent it twice"
	behind = "sees it otherwise: the 200 is in the file only on the hop behind the proxy, so the caller, whose view is taken here, has no answer yet"
)

// explained lists where the independent reading differs for a reason that does not
// lie here, by file, and who is right. Everything else must agree, and a reason
// without a difference is out of date.
var explained = map[string]struct{ calls, streams string }{
	"P001": {calls: "is wrong: counts the requests that ICMP errors quote as sent again"},
	"P070": {calls: behind},
	"P074": {calls: behind},
	"P077": {calls: behind},
	"P100": {streams: "is wrong: single packets of Skype that happen to look like RTP"},
	"P101": {streams: quoted},
	"P015": {streams: quoted},
	"P113": {streams: quoted},
	"P114": {streams: quoted},
	"P115": {streams: quoted},
	"P118": {streams: quoted},
	"P193": {streams: quoted},
	"P136": {calls: "sees it otherwise: a fuzzed file, whose broken headers are read more tolerantly here", streams: "sees it otherwise: up to three packets each with fuzzed addresses, SSRCs and payload types, which nothing here takes for a source"},
	"P142": {streams: "sees it otherwise: bursts that measure the way's bandwidth, up to 104 packets of padding at one and the same timestamp, which carry neither sound nor pictures"},
	"P149": {calls: "is wrong: does not look for SIP on port 15060"},
	"P182": {calls: "is wrong: does not read the CSeq of an answer with a broken header"},
}

// TestRealCaptures compares calls and streams with an independent reading of 202
// captures that nobody of this project made. All must agree but for the
// explained ones.
func TestRealCaptures(t *testing.T) {
	dir := sharedCaptures(t)
	paths, _ := filepath.Glob(filepath.Join(dir, "truth", "*.json"))
	if len(paths) < 200 {
		t.Fatalf("only %d readings found", len(paths))
	}
	var calls, streams tally
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want truth
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := readCapture(t, filepath.Join(dir, name))
		why := explained[name[:4]]
		calls.why, streams.why = why.calls, why.streams
		compareCalls(&calls, name, want, got)
		compareStreams(&streams, name, want, got)
	}
	for file, why := range explained {
		if why.calls != "" && !strings.Contains(strings.Join(calls.accepted, "\n"), file) || why.streams != "" && !strings.Contains(strings.Join(streams.accepted, "\n"), file) {
			t.Errorf("%s differs no more: take it out of the table", file)
		}
	}
	calls.report(t, "Call-IDs")
	streams.report(t, "streams")
}

// tally counts comparisons and keeps the differences.
type tally struct {
	all, same int
	why       string // set while a file is compared whose differences are explained
	diffs     []string
	accepted  []string
}

func (c *tally) add(name string, diff []string) {
	c.all++
	line := name + ": " + strings.Join(diff, "; ")
	switch {
	case len(diff) == 0:
		c.same++
	case c.why != "":
		c.accepted = append(c.accepted, line+" ("+c.why+")")
	default:
		c.diffs = append(c.diffs, line)
	}
}

func (c *tally) report(t *testing.T, what string) {
	t.Helper()
	t.Logf("%d of %d %s agree; explained differences:\n%s", c.same, c.all, what, strings.Join(c.accepted, "\n"))
	if len(c.diffs) > 0 {
		t.Errorf("%d %s differ:\n%s", len(c.diffs), what, strings.Join(c.diffs, "\n"))
	}
}

func compareCalls(c *tally, name string, want truth, ev *Evidence) {
	byID := make(map[string]*Call)
	for _, call := range ev.Calls {
		byID[call.ID] = call
	}
	messages := make(map[string]int)
	requests := make(map[string]map[string]int)
	for _, m := range ev.Messages {
		id := m.CallID()
		n := 1 + len(m.Copies) + m.Twins
		messages[id] += n
		if m.IsRequest() {
			if requests[id] == nil {
				requests[id] = make(map[string]int)
			}
			requests[id][m.Method] += n
		}
	}
	for _, w := range want.Calls {
		var diff []string
		if got := messages[w.CallID]; got != w.Messages {
			diff = append(diff, fmt.Sprintf("%d messages, want %d", got, w.Messages))
		}
		for method, n := range w.Requests {
			if got := requests[w.CallID][method]; got != n {
				diff = append(diff, fmt.Sprintf("%d %s, want %d", got, method, n))
			}
		}
		if w.Requests["INVITE"] > 0 || len(w.Finals["INVITE"]) > 0 {
			if got := outcome(byID[w.CallID], len(w.Requests)); got != w.Outcome {
				diff = append(diff, fmt.Sprintf("outcome %q, want %q", got, w.Outcome))
			}
		}
		c.add(name+" "+w.CallID, diff)
	}
}

// outcome puts a call's end in the words of the independent reading.
func outcome(c *Call, requests int) string {
	switch {
	case c == nil:
		return "no call"
	case c.Answer != nil:
		return "answered"
	case c.Final == nil:
		return "no final response"
	case c.First == nil && requests == 0:
		return "responses-only final " + strconv.Itoa(c.Final.Status)
	case c.Final.Status == 487:
		return "cancelled 487"
	}
	return "failed " + strconv.Itoa(c.Final.Status)
}

func compareStreams(c *tally, name string, want truth, ev *Evidence) {
	for _, w := range want.Streams {
		c.add(fmt.Sprintf("%s %s:%d>%s:%d %s %v", name, w.Src, w.SPort, w.Dst, w.DPort, w.SSRC, w.PayloadTypes), compareStream(w, ev))
	}
}

func compareStream(w truthStream, ev *Evidence) (diff []string) {
	ssrc, _ := strconv.ParseUint(strings.TrimPrefix(w.SSRC, "0x"), 16, 32)
	from := netip.AddrPortFrom(netip.MustParseAddr(w.Src), w.SPort)
	to := netip.AddrPortFrom(netip.MustParseAddr(w.Dst), w.DPort)
	i := slices.IndexFunc(ev.Streams, func(s *Stream) bool { return s.From == from && s.To == to && s.SSRC == uint32(ssrc) })
	if i < 0 {
		return []string{fmt.Sprintf("not found (%d packets)", w.Packets)}
	}
	s := ev.Streams[i]
	check := func(what string, got uint64, want int64) {
		if int64(got) != want {
			diff = append(diff, fmt.Sprintf("%s %d, want %d", what, got, want))
		}
	}
	check("unique", s.Packets+s.Events, w.Unique)
	check("expected", s.Expected, w.Expected)
	check("lost", s.Lost, w.Lost)
	check("duplicates", s.Duplicate, w.Duplicates)
	check("reordered", s.Reordered, w.Reordered)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	if w.JitterLast != nil && math.Abs(ms(s.Jitter)-*w.JitterLast) > 1 {
		diff = append(diff, fmt.Sprintf("jitter %.3f ms, want %.3f", ms(s.Jitter), *w.JitterLast))
	}
	if w.JitterMax != nil && math.Abs(ms(s.MaxJitter)-*w.JitterMax) > 1 {
		diff = append(diff, fmt.Sprintf("max jitter %.3f ms, want %.3f", ms(s.MaxJitter), *w.JitterMax))
	}
	// A pause that a marker explains is none here; the reading counts it.
	if w.Markers == 0 && s.Comfort == 0 && math.Abs(ms(s.LongestGap)-w.MaxGap) > 2 {
		diff = append(diff, fmt.Sprintf("longest gap %.1f ms, want %.1f (%d markers)", ms(s.LongestGap), w.MaxGap, w.Markers))
	}
	return diff
}

// TestEncapsulations reads one call in 39 wrappings: calls and streams must not
// depend on them.
func TestEncapsulations(t *testing.T) {
	dir := filepath.Join(sharedCaptures(t), "variants")
	paths, _ := filepath.Glob(filepath.Join(dir, "*.pcap*"))
	base := figures(readCapture(t, filepath.Join(dir, "00-base-eth-us-le.pcap")))
	if !strings.Contains(base, "answered") {
		t.Fatalf("the base holds no answered call:\n%s", base)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		switch got := figures(readCapture(t, path)); {
		case other[name[:2]] != "":
			t.Logf("%s (%s):\n%s", name, other[name[:2]], got)
		case got != base:
			t.Errorf("%s:\n%s\nwant\n%s", name, got, base)
		}
	}
}

// other lists the wrappings that change what can be known.
var other = map[string]string{
	"23": "headers only", "26": "records out of order", "27": "the clock jumps back", "38": "no times", "40": "IPv6 headers around an IPv4 call",
}

// figures renders what must not depend on a wrapping.
func figures(ev *Evidence) string {
	var w strings.Builder
	for _, c := range ev.Calls {
		fmt.Fprintf(&w, "call %s %s in=%v out=%v\n", c.ID, outcome(c, 1), c.In != nil, c.Out != nil)
		for _, t := range c.Transactions {
			fmt.Fprintf(&w, "  %s %d copies\n", t.Method, len(t.Request.Copies))
		}
	}
	for _, s := range ev.Streams {
		fmt.Fprintf(&w, "stream %s>%s %x %s packets %d expected %d lost %d dup %d reordered %d jitter %.1f ms level %.1f\n", s.From, s.To, s.SSRC, s.Direction,
			s.Packets, s.Expected, s.Lost, s.Duplicate, s.Reordered, s.Jitter.Seconds()*1000, s.Level.DBFS)
	}
	return w.String()
}
