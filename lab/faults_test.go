package lab

import (
	"testing"
	"time"

	"softphonedoctor/app/session"
	"softphonedoctor/wizard/evidence"
)

// TestFaultsWitnessed runs calls that are not healthy against the built-in PBX and
// lets tshark read their tapes: what we measured live must hold just as well there.
// Whether the right cause is found is another test's question.
func TestFaultsWitnessed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		cause string
		shows func(*evidence.Call) bool // the fault is in the figures
	}{
		{"loss-in", func(c *evidence.Call) bool { return c.In.Lost > 5 }},
		{"jitter-high", func(c *evidence.Call) bool { return c.In.MaxJitter > 30*time.Millisecond }},
		{"audio-stops-midcall", func(c *evidence.Call) bool { return c.Out.Last.Sub(c.In.Last) > 2*time.Second }},
		{"audio-in-two-streams", func(c *evidence.Call) bool { return len(c.Streams) == 3 }},
		{"call-on-hold", func(c *evidence.Call) bool { return len(c.Reinvites) == 1 }},
		{"loss-out", func(c *evidence.Call) bool { return c.Out.PeerSays != nil && c.Out.PeerSays.Lost > 5 }},
		// Our first packets go out at the 183, the others seconds later at the answer.
		{"ringback-180-after-183-ignored", func(c *evidence.Call) bool {
			return c.EarlyMedia != nil && c.Out.LongestGap < time.Second && c.Out.MaxJitter < 30*time.Millisecond
		}},
	}
	for _, tt := range tests {
		t.Run(tt.cause, func(t *testing.T) {
			if tt.cause != "loss-in" {
				wholeLab(t)
			}
			t.Parallel()
			res := session.Practise(t.Context(), tt.cause, nil)
			if res.Err != nil {
				t.Fatal(res.Err)
			}
			e := res.Report.Evidence
			if len(e.Calls) != 1 || e.Calls[0].In == nil || e.Calls[0].Out == nil {
				t.Fatalf("not one call with sound both ways: %s", story(e))
			}
			if c := e.Calls[0]; !tt.shows(c) {
				t.Errorf("the figures do not show it: in %+v, out %+v", c.In, c.Out)
			}
			requireWitness(t, tt.cause, checked{Report: res.Report, check: res.Check})
		})
	}
}
