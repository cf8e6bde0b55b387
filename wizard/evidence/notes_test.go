package evidence

import (
	"slices"
	"testing"

	"softphonedoctor/sipclient/capture"
)

// TestLimitsAreKeptApart holds that what the test phone cannot do does not look
// like a hole in the tape, and that a length limit is known as one.
func TestLimitsAreKeptApart(t *testing.T) {
	var b Builder
	note := func(kind capture.Kind, key, text string) {
		b.Add(capture.Record{N: 1, Note: &capture.Note{Kind: kind, Key: key, Text: text}})
	}
	note(capture.KindPhone, capture.PhoneLimit, "this test phone speaks G.711 only, the other side offers G729")
	note(capture.KindPhone, capture.PhoneLimit, "this test phone speaks G.711 only, the other side offers G729")
	note(capture.KindPhone, capture.PhoneLimit, "A sentence.")
	note(capture.KindPhone, capture.PhoneLimit, " ")
	note(capture.KindPhone, capture.PhoneLimit, "über")
	e := b.Evidence()
	want := []string{"This test phone speaks G.711 only, the other side offers G729.", "A sentence.", "Über."}
	if !slices.Equal(e.PhoneLimits, want) {
		t.Errorf("the phone's limits are %q", e.PhoneLimits)
	}
	if len(e.Limits) != 0 || e.Short {
		t.Errorf("the tape looks cut: %q, short %v", e.Limits, e.Short)
	}
	note(capture.KindLimit, capture.LimitCut, "cut")
	if b.Evidence().Short {
		t.Error("a file that ends early counts as one with a length limit")
	}
	note(capture.KindLimit, capture.LimitShort, "short")
	if e := b.Evidence(); !e.Short || len(e.Limits) != 2 {
		t.Errorf("the length limit is lost: %q, short %v", e.Limits, e.Short)
	}
}
