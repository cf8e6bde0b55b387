package capture

import (
	"io"
	"iter"
	"slices"
	"testing"
)

func values(records []Record) iter.Seq[Record] { return slices.Values(records) }

// collect reads to the end and fails on an error.
func collect(t testing.TB, r io.Reader) []Record {
	t.Helper()
	var records []Record
	for rec, err := range Read(r) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	return records
}
