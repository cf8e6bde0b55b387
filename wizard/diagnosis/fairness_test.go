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

// TestDeadServerBesideLiveOne holds that a server that is gone does not speak
// for the network while others answer, nor stand before a call that worked.
func TestDeadServerBesideLiveOne(t *testing.T) {
	for _, name := range []string{"P186_tommathee_busy-here.pcapng", "P188_tommathee_mobil_to_mobil.pcapng", "P195_xbaranm_Hovor-cely.pcapng",
		"P196_xbaranm_Konferencny-hovor.pcapng", "P198_xbaranm_Videohovor.pcapng"} {
		f := finding(Of(sharedCapture(t, name), Dictionary{}), "server-unreachable")
		if f == nil || f.Kind() != Hint || f.Place() != Account || f.Certainty > Likely {
			t.Errorf("%s: %+v", name, f)
			continue
		}
		for _, r := range f.Fix {
			if strings.Contains(r.Text, "internet works") {
				t.Errorf("%s: the internet is doubted: %s", name, r.Text)
			}
		}
	}
}

// TestOwnCancelBlamesNobody holds what is said when our test phone gave up.
func TestOwnCancelBlamesNobody(t *testing.T) {
	for variant, want := range map[string][2]string{
		"":                    {"The call was cancelled before anybody answered.", "The caller hung up 5 s after dialling."},
		"--by-the-test-phone": {"Nobody answered while the test phone let it ring.", "The test phone let it ring for 25 s and then ended the call."},
		"--before-ringing":    {"Nobody answered before the test phone ended the call.", "The test phone ended the call 3 s after dialling."},
	} {
		f := finding(Of(readCase(t, "testdata/caller-cancelled"+variant), Dictionary{}), "caller-cancelled")
		if f == nil || f.Kind() != Outcome || f.Title != want[0] || f.Why != want[1] {
			t.Errorf("%q: %+v", variant, f)
			continue
		}
		if ours := strings.HasPrefix(f.Fix[0].Text, "If it rang there, calling works."); ours != (variant != "") {
			t.Errorf("%q: %s", variant, f.Fix[0].Text)
		}
	}
}
