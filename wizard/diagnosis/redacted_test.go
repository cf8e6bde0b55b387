package diagnosis

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// Every case, masked as it is for others' eyes, written and read again, is judged as it
// was: the same findings in the same order, with the same way of the sound.
func TestRedactedCases(t *testing.T) {
	differ := 0
	for _, dir := range caseFolders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			records := caseRecords(t, dir)
			e := fold(records)
			own := e.Have.Has(evidence.HaveLive)
			masked, r := capture.Redact(records, capture.Redaction{KeepWord: TellingWord, Own: own})
			all := []capture.Record{masked[0]}
			for _, n := range evidence.MeasuredOf(e, r.Addr, own) {
				all = append(all, capture.Record{Note: &n})
			}
			all = append(all, masked[1:]...)
			var file bytes.Buffer
			if _, err := capture.Write(&file, slices.Values(all)); err != nil {
				t.Fatal(err)
			}
			var again []capture.Record
			for rec, err := range capture.Read(&file) {
				if err != nil {
					t.Fatal(err)
				}
				again = append(again, rec)
			}
			want, got := describe(Of(e, Dictionary{})), describe(Of(fold(again), Dictionary{}))
			if got != want {
				differ++
				t.Errorf("masked it gives\n%s\nand was\n%s", got, want)
			}
		})
	}
}
