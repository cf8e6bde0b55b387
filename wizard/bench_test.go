package wizard

import (
	"bytes"
	"testing"

	"softphonedoctor/sipclient/capture/generate"
)

// BenchmarkExamine judges the standard capture by which this program is compared with
// others, and each of its calls.
func BenchmarkExamine(b *testing.B) {
	var file bytes.Buffer
	truth, err := generate.Capture(&file, generate.Standard())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(truth.Bytes)
	for b.Loop() {
		rep, err := Examine(bytes.NewReader(file.Bytes()), Subject{})
		if err != nil {
			b.Fatal(err)
		}
		if len(rep.Rows) != len(truth.Calls) {
			b.Fatalf("%d calls, want %d", len(rep.Rows), len(truth.Calls))
		}
	}
}
