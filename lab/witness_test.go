package lab

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// What may lie between our figures and tshark's own table.
const (
	jitterApart = time.Millisecond
	gapApart    = 2 * time.Millisecond
	// exact is for the same formula over the same packets, worked out twice.
	exact = 10 * time.Microsecond
)

// requireWitness writes the tape and lets others read it: tshark must measure
// what we measured live, and our own reading of the file must say the same.
func requireWitness(t *testing.T, what string, got checked) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tape.pcapng")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, got.check.WriteCapture(f))

	var ports []int
	for _, r := range got.Evidence.Registrations {
		ports = append(ports, int(r.Server.Port()))
	}
	requireSameStreams(t, what, got.Evidence.Streams, Tshark(t, file, ports...))

	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	again, err := wizard.Examine(f, wizard.Subject{})
	require.NoError(t, err)
	if live, read := gist(got.Report), gist(again); live != read {
		t.Errorf("%s: live and from the file differ:\n%s\n%s", what, live, read)
	}
}

// requireSameStreams holds each of our streams against tshark twice: its own
// table, and the formulas of RFC 3550 over every packet as it dissects it.
//
// The second is there because the table's greatest jitter and delta leave out
// packets with the marker, though the jitter itself goes on through them. The
// first packet after a pause is then the one with the greatest jitter, and the
// table gives that of the next packet, up to a sixteenth less. It also takes
// duplicates into the jitter and leaves overtaken packets out. So the table is
// compared where no packet but the first has the marker, none was repeated or
// overtaken, and no keys were pressed.
func requireSameStreams(t *testing.T, what string, ours []*evidence.Stream, theirs []StreamReading) {
	t.Helper()
	readings := map[flowKey]StreamReading{}
	for _, r := range theirs {
		readings[flowKey{r.From, r.To, r.SSRC}] = r
	}
	if len(ours) != len(theirs) {
		t.Errorf("%s: %d streams, tshark sees %d: %+v", what, len(ours), len(theirs), readings)
	}
	for _, s := range ours {
		r, ok := readings[flowKey{s.From, s.To, s.SSRC}]
		if !ok {
			t.Errorf("%s: tshark does not see the stream %08x from %v", what, s.SSRC, s.From)
			continue
		}
		name := fmt.Sprintf("%s, %s, %d packets", what, s.Direction, s.Packets)
		if uint64(r.Packets) != s.Packets+s.Duplicate+s.Events || r.Packets != len(r.Arrivals) {
			t.Errorf("%s, %d duplicates, %d with keys: tshark's table has %d, its list %d", name, s.Duplicate, s.Events, r.Packets, len(r.Arrivals))
		}
		if s.Duplicate == 0 && r.Lost != int(s.Lost) {
			t.Errorf("%s: %d lost, tshark reads %d", name, s.Lost, r.Lost)
		}
		rfc := byFormula(r.Arrivals, silentIn(s))
		if rfc.backwards > 0 {
			t.Errorf("%s: %d packets stand on the tape in another order than their times", name, rfc.backwards)
		}
		if apart(rfc.maxJitter, s.MaxJitter) > exact || apart(rfc.jitter, s.Jitter) > exact {
			t.Errorf("%s: jitter %v, up to %v; RFC 3550 over tshark's packets gives %v, up to %v", name, s.Jitter, s.MaxJitter, rfc.jitter, rfc.maxJitter)
		}
		if rfc.overtaken > 0 || s.Duplicate > 0 || s.Events > 0 {
			continue
		}
		if apart(r.MaxJitter, rfc.unmarked) > exact {
			t.Errorf("%s: tshark's table says jitter up to %v; without the %d marked packets it should be %v", name, r.MaxJitter, rfc.marked, rfc.unmarked)
		}
		if rfc.marked > 0 {
			continue
		}
		if apart(r.MaxJitter, s.MaxJitter) > jitterApart {
			t.Errorf("%s: jitter up to %v; tshark's table says %v", name, s.MaxJitter, r.MaxJitter)
		}
		if apart(r.MaxDelta, s.LongestGap) > gapApart {
			t.Errorf("%s: longest gap %v; tshark's table says %v", name, s.LongestGap, r.MaxDelta)
		}
	}
}

// silentIn tells which packets of a stream carry no sound: pressed keys, and comfort
// noise. All packets of one key have the same timestamp (RFC 4733 2.1), so that they
// say nothing of jitter; and the two packets of sound around them do not follow each
// other, so that the formula, which takes each packet and the one right before it (RFC
// 3550 6.4.1), knows no difference between them either.
func silentIn(s *evidence.Stream) func(Arrival) bool {
	const comfort = 13
	return func(a Arrival) bool {
		return a.PT == comfort || s.Events > 0 && a.PT >= 96 && a.PT != s.Codec.PayloadType
	}
}

// measured is what the formulas of RFC 3550 make of a list of packets.
type measured struct {
	jitter, maxJitter time.Duration // 6.4.1, over all packets
	unmarked          time.Duration // the greatest at a packet without the marker
	marked            int           // packets with the marker, but for the first
	overtaken         int           // packets behind a later timestamp
	backwards         int           // packets behind a later time of arrival
}

func byFormula(list []Arrival, silent func(Arrival) bool) (m measured) {
	const clock = 8000 // G.711
	seen := map[uint16]bool{}
	var jitter, most, unmarked float64 // seconds
	var last Arrival
	var follows bool // last is the packet of sound right before this one
	for _, a := range list {
		if seen[a.Seq] {
			continue // a duplicate says nothing new
		}
		seen[a.Seq] = true
		delete(seen, a.Seq+1<<15) // numbers come around again
		if silent(a) {
			follows = false
			continue
		}
		if follows {
			waited, sounded := a.At.Sub(last.At), int32(a.Timestamp-last.Timestamp)
			jitter += (math.Abs(waited.Seconds()-float64(sounded)/clock) - jitter) / 16
			most = max(most, jitter)
			if a.Marker {
				m.marked++
			} else {
				unmarked = max(unmarked, jitter)
			}
			if sounded < 0 {
				m.overtaken++
			}
			if waited < 0 {
				m.backwards++
			}
		}
		last, follows = a, true
	}
	length := func(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
	m.jitter, m.maxJitter, m.unmarked = length(jitter), length(most), length(unmarked)
	return m
}

func apart(a, b time.Duration) time.Duration { return (a - b).Abs() }

// gist is what live and file must have in common.
func gist(r *report.Report) string {
	text := string(r.Verdict)
	for i := range r.Diagnosis.Findings {
		f := &r.Diagnosis.Findings[i]
		text += fmt.Sprintf("\n%s %s %s %v", f.Rule.Cause, f.Certainty, f.Place(), f.Cites)
	}
	for _, s := range r.Evidence.Streams {
		text += fmt.Sprintf("\n%08x %s: %d packets, %d lost, %d duplicate, %d reordered, jitter %v up to %v, gap %v",
			s.SSRC, s.Direction, s.Packets, s.Lost, s.Duplicate, s.Reordered, s.Jitter, s.MaxJitter, s.LongestGap)
	}
	return text
}
