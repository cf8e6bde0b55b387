package diagnosis

import (
	"os"
	"slices"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/evidence"
)

// sharedCapture folds a capture of the shared material.
func sharedCapture(t *testing.T, parts ...string) *evidence.Evidence {
	t.Helper()
	f, err := os.Open(sharedPath(t, append([]string{"captures"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b evidence.Builder
	for r, err := range capture.Read(f) {
		if err != nil {
			t.Fatal(err)
		}
		b.Add(r)
	}
	return b.Evidence()
}

// finding gives the finding of a cause, nil without one.
func finding(d Diagnosis, cause string) *Finding {
	for i := range d.Findings {
		if d.Findings[i].Rule.Cause == cause {
			return &d.Findings[i]
		}
	}
	return nil
}

// TestCutPacketsAreNoStrangers holds that a capture with a length limit does not
// make a telephone server into something else.
func TestCutPacketsAreNoStrangers(t *testing.T) {
	d := Of(sharedCapture(t, "variants", "23-snaplen-96.pcap"), Dictionary{})
	if finding(d, "server-not-sip") != nil || !slices.Contains(d.Unchecked, "server-not-sip") {
		t.Errorf("what was cut off was held against the server:\n%s", describe(d))
	}
}

// TestUnchangedOnceIsUnchanged holds that one answer with our own address in it
// clears the way back.
func TestUnchangedOnceIsUnchanged(t *testing.T) {
	d := Of(sharedCapture(t, "P061_dangdanding_sip-rtp.pcap"), Dictionary{})
	if f := finding(d, "sip-alg"); f != nil {
		t.Errorf("%s", f.Why)
	}
}

// TestOneAnswerIsOne holds that a single answer is spoken of as one.
func TestOneAnswerIsOne(t *testing.T) {
	for dir, want := range map[string]string{"testdata/server-not-sip--once": "One answer came back", "testdata/server-not-sip": "2 answers came back"} {
		f := finding(Of(readCase(t, dir), Dictionary{}), "server-not-sip")
		if f == nil || !strings.HasPrefix(f.Why, want) {
			t.Errorf("%s: %+v", dir, f)
		}
	}
}
