package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard"
	"softphonedoctor/wizard/diagnosis"
	"softphonedoctor/wizard/evidence"
	"softphonedoctor/wizard/report"
)

// documents gives a report and its records for every case of the diagnosis, and for
// the collected captures where they are on this machine.
func documents(t *testing.T, use func(name string, rep *report.Report, records []capture.Record)) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../sipclient/capture/testdata/*.pcap*", "../../../shared/captures/P*"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	n := 0
	for _, path := range files {
		if st, err := os.Stat(path); err != nil || st.Size() > 300_000 {
			continue
		}
		f, err := os.Open(path)
		require.NoError(t, err)
		rep, err := wizard.Examine(f, wizard.Subject{})
		if err == nil {
			_, err = f.Seek(0, 0)
			require.NoError(t, err)
			var records []capture.Record
			for r, err := range capture.Read(f) {
				if err != nil {
					break
				}
				records = append(records, r)
			}
			use(filepath.Base(path), rep, records)
			n++
		}
		f.Close()
	}
	if _, err := os.Stat("../../../shared"); err == nil && n < 50 && os.Getenv("CI") == "true" {
		t.Fatalf("only %d captures could be read", n)
	}
	if n == 0 {
		t.Skip("../shared is not there: no report of a real capture is looked at")
	}
}

// Every report fits the schema that stands in docs.
func TestSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("../../docs/report.schema.json")
	require.NoError(t, err)
	check := func(name string, doc any) {
		b, err := json.Marshal(doc)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(b, &v))
		require.NoError(t, schema.Validate(v), name)
	}
	documents(t, func(name string, rep *report.Report, _ []capture.Record) { check(name, rep.Document()) })

	rep := report.New("capture", &evidence.Evidence{}, diagnosis.Diagnosis{})
	check("an empty one", rep.Document())
	for i, breaks := range []func(*report.Document){
		func(d *report.Document) { d.Schema = "softphone-doctor/report/2" },
		func(d *report.Document) { d.Verdict = "fine" },
		func(d *report.Document) { d.Clear = nil },
		func(d *report.Document) { d.Path = d.Path[:3] },
		func(d *report.Document) { d.SupportCode = "U" },
	} {
		d := rep.Document()
		breaks(&d)
		b, err := json.Marshal(d)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(b, &v))
		require.Error(t, schema.Validate(v), i)
	}
}
