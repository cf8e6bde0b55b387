package report

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
)

func TestWhole(t *testing.T) {
	by := netip.MustParseAddr("198.51.100.20")
	call := CallDoc{ID: "x"}
	fails := CallRow{Call: call, Verdict: Problem, Headline: "The provider has no capacity free.", Code: 503, By: by}
	refused := CallRow{Call: call, Verdict: Problem, Headline: "Refused.", Code: 403, By: by}
	silent := CallRow{Call: call, Verdict: Problem, Headline: "The other side sends no sound."}
	lossy := CallRow{Call: call, Verdict: Problem, Headline: "Sound gets lost."}
	well, busy, dim := CallRow{Call: call, Verdict: Healthy}, CallRow{Call: call, Verdict: Outcome}, CallRow{Call: call, Verdict: Inconclusive}
	leg := well
	leg.On = "x"
	times := func(n int, r CallRow) []CallRow {
		var rows []CallRow
		for range n {
			rows = append(rows, r)
		}
		return rows
	}
	join := func(lists ...[]CallRow) (rows []CallRow) {
		for _, l := range lists {
			rows = append(rows, l...)
		}
		return rows
	}
	for want, rows := range map[string][]CallRow{
		"":                                    {fails},
		"All 3 calls went well.":              times(3, well),
		"All 2 calls show too little to say.": times(2, dim),
		"Of 4 calls 1 went well, 2 ended as they should, 1 shows too little to say.":                                                                                                           {well, busy, dim, busy},
		"7 of 9 calls fail with 503 from 198.51.100.20. Of the others 1 went well, 1 ended as it should.":                                                                                      join(times(3, fails), []CallRow{well, busy}, times(4, fails)),
		"All 5 calls fail with 503 from 198.51.100.20.":                                                                                                                                        times(5, fails),
		"1 of 2 calls has this fault: The other side sends no sound. Of the others 1 went well.":                                                                                               {well, silent},
		"2 of 6 calls fail with 503 from 198.51.100.20; 1 has this fault: The other side sends no sound; 1 fails with 403 from 198.51.100.20; 1 has another fault. Of the others 1 went well.": {silent, fails, refused, lossy, fails, well},
		"All 2 calls have this fault: Sound gets lost.":                                                                                                                                        {lossy, leg, lossy, leg},
	} {
		require.Equal(t, want, Whole(rows))
	}
}

// A row as JSON has everything that a table needs, and no keys that do not apply.
func TestRowDocument(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first := &evidence.Message{Time: at, From: phone, To: server}
	row := Row(&evidence.Call{ID: "a", Direction: evidence.Out, From: "100", To: "200", First: first, Ended: at.Add(time.Minute)}, &Report{Evidence: &evidence.Evidence{}})
	row.Verdict, row.Headline, row.Code, row.By, row.On = Problem, "It failed.", 503, server.Addr(), "b"
	row.Findings = []diagnosis.Finding{finding("provider-unavailable", diagnosis.Fault, false)}
	b, err := json.Marshal(row.Document())
	require.NoError(t, err)
	for _, want := range []string{`"from":"100"`, `"to":"200"`, `"started":"2026-01-02T03:04:05Z"`, `"seconds":null`, `"failed_with":503`, `"failed_by":"198.51.100.20"`, `"leg_of":"b"`, `"cause":"provider-unavailable"`} {
		require.Contains(t, string(b), want)
	}
	require.Equal(t, "03:04:05  problem       out  100 → 200  It failed.  (a further leg of b)", row.Line())
	well := CallRow{Call: CallDoc{ID: "c"}, Verdict: Healthy, Headline: "Fine."}
	b, err = json.Marshal(well.Document())
	require.NoError(t, err)
	require.NotContains(t, string(b), "failed")
	require.NotContains(t, string(b), "leg_of")
	require.Contains(t, string(b), `"findings":[]`)
	require.True(t, strings.HasPrefix(well.Line(), "          healthy"))
}

// What the place of a capture does not show makes nothing healthy, and is said.
func TestUnseenIsNotHealthy(t *testing.T) {
	e := signedIn(t)
	e.Vantage = evidence.Vantage{Place: evidence.AtServer, Why: "of the TTLs"}
	e.Subject = evidence.Subject{Addr: phone, How: "registered"}
	r := New("capture", e, diagnosis.Diagnosis{})
	require.Equal(t, Healthy, r.Verdict)
	require.Len(t, r.Warnings, 1)
	require.Contains(t, r.Warnings[0], "Not checked: what reaches the phone")
	require.Equal(t, "Judged as the phone 192.168.1.23 saw it (it signs in). The capture was taken at the server, or in its network: of the TTLs.", ViewWords(e))
	r = New("capture", e, diagnosis.Diagnosis{Unseen: []diagnosis.Finding{finding("no-audio-out-not-sent", diagnosis.Fault, false)}})
	require.Equal(t, Inconclusive, r.Verdict)
	require.Contains(t, r.Warnings[0], "The title of no-audio-out-not-sent.")
	require.Equal(t, "server", r.Document().Vantage.Place)
	e.Vantage.Place = evidence.AtPhone
	require.Empty(t, New("capture", e, diagnosis.Diagnosis{}).Warnings)
}
