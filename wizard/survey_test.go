package wizard

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/capture/generate"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

func generated(t testing.TB, p generate.Plan) ([]byte, *generate.Truth) {
	t.Helper()
	var file bytes.Buffer
	truth, err := generate.Capture(&file, p)
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), truth
}

// sameRows compares calls that were judged while the capture was read with the same
// calls judged when all of it was known.
func sameRows(t *testing.T, name string, got, want *report.Report) {
	t.Helper()
	if len(got.Rows) != len(want.Rows) {
		t.Errorf("%s: %d calls, want %d", name, len(got.Rows), len(want.Rows))
		return
	}
	for i := range want.Rows {
		g, w := got.Rows[i], want.Rows[i]
		require.Equal(t, w.Document(), g.Document(), "%s: call %d", name, i+1)
		require.Equal(t, w.Streams, g.Streams, "%s: call %d", name, i+1)
	}
	require.Equal(t, want.Document().Summary, got.Document().Summary, name)
}

// A call has the verdict that it would have if all of the file were known: however early
// it is judged and forgotten, and whatever follows.
func TestJudgedEarlyOrAtTheEnd(t *testing.T) {
	for name, plan := range map[string]generate.Plan{
		"follow each other": {Calls: 600, Packets: 30_000, Phones: 9, Rate: 3, Seed: 5},
		"beside each other": {Calls: 400, Packets: 60_000, Phones: 80, Rate: 5, Seed: 6},
	} {
		file, truth := generated(t, plan)
		want, err := examine(bytes.NewReader(file), Subject{}, -1)
		require.NoError(t, err)
		require.Len(t, want.Rows, len(truth.Calls))
		for _, most := range []int{0, 1, maxHeld} {
			got, err := examine(bytes.NewReader(file), Subject{}, most)
			require.NoError(t, err)
			require.Greater(t, got.Released, 10, name)
			sameRows(t, name, got, want)
			require.Equal(t, want.Verdict, got.Verdict)
			require.Equal(t, causes(want), causes(got), name)
			require.Equal(t, want.Diagnosis.Path, got.Diagnosis.Path, name)
			require.Equal(t, len(want.Evidence.Streams), len(got.Document().Streams), name)
		}
	}
}

// causes are those of the roots of a report.
func causes(r *report.Report) map[string]bool {
	list := map[string]bool{}
	for _, f := range r.Diagnosis.Findings {
		if !f.Symptom {
			list[f.Rule.Cause] = true
		}
	}
	return list
}

// The same for captures of real phones.
func TestRealCallsJudgedEarlyOrAtTheEnd(t *testing.T) {
	released := 0
	for _, path := range sharedCaptures(t) {
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		want, err := examine(bytes.NewReader(file), Subject{}, -1)
		got, err2 := examine(bytes.NewReader(file), Subject{}, 0)
		require.Equal(t, err, err2, path)
		if err != nil {
			continue
		}
		released += got.Released
		if len(got.Rows) == 1 { // all that there was
			want.Add(Rows(want.Evidence, Subject{}), 0)
		}
		sameRows(t, path, got, want)
		require.Equal(t, causes(want), causes(got), path)
	}
	require.Greater(t, released, 20)
}

// One call of many is the same call, by its number and by its name.
func TestOneCallOfMany(t *testing.T) {
	file, truth := generated(t, generate.Plan{Calls: 200, Packets: 8_000, Phones: 9, Rate: 2, Seed: 5})
	whole, err := examine(bytes.NewReader(file), Subject{}, -1)
	require.NoError(t, err)
	for _, said := range []string{"1", "3", "117", truth.Calls[2].ID, "200"} {
		want, err := examine(bytes.NewReader(file), Subject{CallID: said}, -1)
		require.NoError(t, err)
		got, err := examine(bytes.NewReader(file), Subject{CallID: said}, 2)
		require.NoError(t, err)
		require.Equal(t, want.Document(), got.Document(), said)
		require.Len(t, got.Evidence.Calls, 1)
		id := got.Evidence.Calls[0].ID
		for _, row := range whole.Rows {
			if row.Call.ID == id {
				require.Equal(t, row.Headline, got.Headline(), said)
			}
		}
	}
	_, err = examine(bytes.NewReader(file), Subject{CallID: "201"}, 2)
	require.ErrorContains(t, err, `no call with the id or number "201"`)
}

// What is left of a call that is over, beside its verdict, is little.
func TestMemoryOfAFinishedCall(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	// left is what a survey of so many calls keeps without verdicts, and with them.
	left := func(calls int) (bare, all int64) {
		file, truth := generated(t, generate.Plan{Calls: calls, Packets: 40 * calls, Phones: 100, Rate: 8, Seed: 2})
		before := heap()
		s := newSurvey(Subject{}, 0)
		require.NoError(t, s.read(func(yield func([]capture.Record, error) bool) {
			var last time.Time
			for batch, err := range capture.Batches(bytes.NewReader(file)) {
				if !yield(batch, err) {
					return
				}
				for _, r := range batch {
					last = r.Time()
				}
			}
			// An hour later all are over.
			yield([]capture.Record{{Note: &capture.Note{Time: last.Add(time.Hour), Kind: capture.KindStep}}}, nil)
		}))
		all = heap() - before
		require.Equal(t, len(truth.Calls), s.released)
		s.tally = diagnosis.Tally{}
		for i, row := range s.rows {
			row.Findings, row.Headline = nil, ""
			s.rows[i] = row
		}
		bare = heap() - before
		runtime.KeepAlive(s)
		runtime.KeepAlive(file)
		return bare, all
	}
	const few, many = 300, 1500
	bareFew, allFew := left(few)
	bareMany, allMany := left(many)
	each, withVerdict := (bareMany-bareFew)/(many-few), (allMany-allFew)/(many-few)
	t.Logf("%d bytes for each call, %d with its verdict", each, withVerdict)
	require.Greater(t, each, int64(0))
	require.Less(t, each, int64(2000))
}

// A person is asked once whose capture it is, before the first call is judged for good;
// the answer counts for all calls.
func TestWhoIsAskedBeforeCallsAreForgotten(t *testing.T) {
	file, _ := generated(t, generate.Plan{Calls: 200, Packets: 1, Phones: 9, Rate: 2, Seed: 5})
	other := netip.MustParseAddr("10.20.0.3")
	for _, most := range []int{-1, 3} {
		asked := 0
		rep, err := examine(bytes.NewReader(file), Subject{Choose: func(phones []evidence.PhoneSeen) netip.Addr {
			asked++
			require.Equal(t, "10.20.0.1", phones[0].Addr.String(), "the one that signed in first is the likeliest")
			return other
		}}, most)
		require.NoError(t, err)
		require.Equal(t, 1, asked)
		require.Equal(t, other, rep.Evidence.Subject.Addr.Addr())
		told, err := examine(bytes.NewReader(file), Subject{Phone: other}, most)
		require.NoError(t, err)
		sameRows(t, "chosen", rep, told)
	}
	_, err := examine(bytes.NewReader(file), Subject{Phone: netip.MustParseAddr("10.99.0.1")}, 3)
	require.ErrorContains(t, err, "no packet of this capture comes from or goes to 10.99.0.1")
	rep, err := examine(bytes.NewReader(file), Subject{Phone: other}, 3)
	require.NoError(t, err)
	require.Positive(t, rep.Released)
}

// Phones that sign in alike share a line of the text.
func TestSignInsAlikeShareALine(t *testing.T) {
	file, truth := generated(t, generate.Plan{Calls: 12, Packets: 1_000, Phones: 9, Rate: 2, Seed: 5})
	rep, err := examine(bytes.NewReader(file), Subject{CallID: "1"}, -1)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, rep.Text(&text, 100))
	require.Equal(t, 1, bytes.Count(text.Bytes(), []byte("sign-in at")))
	require.Contains(t, text.String(), fmt.Sprintf("answers 401 200 (%d times)", len(rep.Evidence.Registrations)))
	require.Equal(t, truth.Registrations, len(rep.Evidence.Registrations))
}
